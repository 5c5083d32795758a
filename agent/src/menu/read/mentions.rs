//! Where a menu names a key to press or a word to say.

use dtmf::Digit;

use super::words::{self, Break, Token};

/// Longest run of keys read from one place.
const KEYS_MAX: usize = 6;
/// Longest thing to say, in words.
const WORDS_MAX: usize = 4;
/// Numbers that no menu offers.
const EMERGENCY: &[&str] = &["911", "112", "999", "000"];
/// What may stand between "press" and the key.
const FILLERS: &[&str] =
    &["the", "number", "key", "button", "digit", "option", "el", "la", "tecla", "or", "say", "on"];
/// What begins the topic of a key.
pub(super) const OPENERS: &[&str] = &["for", "to", "if", "if you", "when", "para", "four"];

/// A key or a word that can be given, and the tokens that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mention {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) keys: Vec<Digit>,
    pub(super) words: Option<String>,
}

/// Every mention, in order.
pub(super) fn mentions(tokens: &[Token]) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let mention = pressed(tokens, at)
            .or_else(|| said(tokens, at, found.last().is_some_and(|last| last.keys.is_empty())))
            .or_else(|| found.last().and_then(|_| listed(tokens, at)));
        at = mention.as_ref().map_or(at + 1, |mention| mention.to);
        found.extend(mention);
    }
    found
}

fn word(tokens: &[Token], at: usize) -> &str {
    tokens.get(at).map_or("", |token| token.word.as_str())
}

/// Nothing, or a new sentence, follows.
fn ends(tokens: &[Token], at: usize) -> bool {
    tokens.get(at).is_none_or(|token| token.before > Break::None)
}

/// "press 1", "say or press one", "press one or say billing".
fn pressed(tokens: &[Token], at: usize) -> Option<Mention> {
    // "then press pound" ends what was chosen; it chooses nothing.
    let ends_input = at > 0 && matches!(word(tokens, at - 1), "then" | "finished" | "done" | "and");
    if !words::is_press(word(tokens, at)) || ends_input && is_terminator(tokens, at) {
        return None;
    }
    let mut to = at + 1;
    while FILLERS.contains(&word(tokens, to)) && to < at + 5 && !is_key_here(tokens, to) {
        to += 1;
    }
    let mut keys = keys_at(tokens, &mut to)?;
    keys.truncate(KEYS_MAX);
    if matches!(word(tokens, to), "key" | "sign" | "now") && !ends(tokens, to) {
        to += 1;
    }
    if (0..3).all(|i| word(tokens, to + i) == ["at", "any", "time"][i]) {
        to += 3;
    }
    // "In an emergency, hang up and dial 911" is no offer of this menu.
    if EMERGENCY.contains(&keys.iter().map(|key| key.as_char()).collect::<String>().as_str()) {
        return None;
    }
    let mut words = None;
    // "press one or say billing"
    if word(tokens, to) == "or" && word(tokens, to + 1) == "say" {
        let text = phrase(tokens, to + 2);
        to += 2 + text.len();
        words = Some(text.join(" ")).filter(|text| !text.is_empty());
    }
    // "say or press", "or press", "just press": the words before belong to the mention too.
    let mut from = at;
    while from > 0
        && tokens[from].before == Break::None
        && matches!(
            word(tokens, from - 1),
            "or" | "say" | "please" | "now" | "just" | "can" | "you" | "then"
        )
    {
        from -= 1;
    }
    // "say billing or press one"
    if words.is_none() && from < at && word(tokens, from) == "or" {
        let said =
            (from.saturating_sub(WORDS_MAX + 1)..from).rev().find(|&i| word(tokens, i) == "say");
        if let Some(say) = said {
            words = Some(
                tokens[say + 1..from].iter().map(|t| t.word.as_str()).collect::<Vec<_>>().join(" "),
            )
            .filter(|text| !text.is_empty());
            from = say;
        }
    }
    if words.is_none() && tokens[from..at].iter().any(|token| token.word == "say") {
        words = keys.first().map(|&key| words::spoken(key).to_owned());
    }
    if words.is_none() && tokens[at..to].iter().any(|token| token.word == "say") {
        words = keys.first().map(|&key| words::spoken(key).to_owned());
    }
    Some(Mention { from, to, keys, words })
}

/// "press (the) pound (key)".
fn is_terminator(tokens: &[Token], at: usize) -> bool {
    let key = word(tokens, at + 1 + usize::from(word(tokens, at + 1) == "the"));
    words::key(key).is_some_and(|key| key.as_char() == '#')
}

/// "to" and "for" are keys only where no topic follows.
fn is_key_here(tokens: &[Token], at: usize) -> bool {
    words::key(word(tokens, at)).is_some()
}

fn keys_at(tokens: &[Token], to: &mut usize) -> Option<Vec<Digit>> {
    let first = word(tokens, *to);
    if first.len() > 1 && first.len() <= KEYS_MAX && first.bytes().all(|b| b.is_ascii_digit()) {
        *to += 1;
        return Some(first.chars().filter_map(|c| Digit::try_from(c).ok()).collect());
    }
    if let Some(key) = words::key(first) {
        let mut keys = vec![key];
        *to += 1;
        while keys.len() < KEYS_MAX && !ends(tokens, *to) {
            let Some(key) = words::key(word(tokens, *to)) else { break };
            // "press 1 4 sales": a topic follows.
            if word(tokens, *to) == "four" && !ends(tokens, *to + 1) {
                break;
            }
            keys.push(key);
            *to += 1;
        }
        return Some(keys);
    }
    let key = words::misheard_key(first)?;
    let next = word(tokens, *to + 1);
    let follows = ends(tokens, *to + 1) || OPENERS.contains(&next) || words::is_press(next);
    follows.then(|| {
        *to += 1;
        vec![key]
    })
}

/// "say billing", "you can say sales, billing or support": one mention each.
fn said(tokens: &[Token], at: usize, follows_words: bool) -> Option<Mention> {
    const NO_WORDS: &[&str] =
        &["or", "your", "the", "a", "in", "it", "something", "things", "that", "again", "this"];
    let from = match word(tokens, at) {
        "say" if word(tokens, at + 1) == "either" => at + 2,
        "say" => at + 1,
        "like" if is_said(tokens, at) => at + 1,
        "or" if follows_words && is_said(tokens, at) => at + 1,
        _ if follows_words && tokens[at].before == Break::Comma && is_said(tokens, at) => at,
        _ => return None,
    };
    let text = phrase(tokens, from);
    // "say billing or press one" is the key's mention.
    let or = from + text.len();
    let has_key = word(tokens, or) == "or" && words::is_press(word(tokens, or + 1));
    if text.is_empty() || has_key || NO_WORDS.contains(&text[0]) {
        return None;
    }
    Some(Mention { from: at, to: or, keys: Vec::new(), words: Some(text.join(" ")) })
}

/// The sentence names what can be said, and no key.
fn is_said(tokens: &[Token], at: usize) -> bool {
    let start = (0..=at).rev().find(|&i| tokens[i].before == Break::Stop).unwrap_or(0);
    let end = (at + 1..tokens.len()).find(|&i| tokens[i].before == Break::Stop);
    let sentence = &tokens[start..end.unwrap_or(tokens.len())];
    sentence.iter().any(|token| token.word == "say")
        && !sentence.iter().any(|token| words::is_press(&token.word))
}

/// The words of one thing to say: up to a break, "or", "and", "to" or "for".
fn phrase(tokens: &[Token], at: usize) -> Vec<&str> {
    let mut text = Vec::new();
    for (index, token) in tokens.iter().enumerate().skip(at) {
        let over = index > at && token.before > Break::None;
        if over
            || text.len() == WORDS_MAX
            || matches!(token.word.as_str(), "or" | "and" | "to" | "for" | "if")
        {
            break;
        }
        text.push(token.word.as_str());
    }
    text
}

/// Without "press", after a first mention: ", two for billing", ", or star to go back",
/// "for support, two.".
fn listed(tokens: &[Token], at: usize) -> Option<Mention> {
    let key = words::key(word(tokens, at))?;
    let previous = at.checked_sub(1).map_or("", |at| word(tokens, at));
    let begins = tokens[at].before > Break::None || matches!(previous, "or" | "and");
    let opens = matches!(word(tokens, at + 1), "for" | "to") && !ends(tokens, at + 1);
    let closes = ends(tokens, at + 1) && has_topic_before(tokens, at);
    (begins && opens || closes).then(|| Mention {
        from: at,
        to: at + 1,
        keys: vec![key],
        words: None,
    })
}

/// The sentence up to here is "for …" with nothing pressed in it yet.
fn has_topic_before(tokens: &[Token], at: usize) -> bool {
    let start = (0..=at).rev().find(|&i| tokens[i].before > Break::None && i < at).unwrap_or(0);
    let start = if matches!(word(tokens, start), "and" | "or") { start + 1 } else { start };
    start + 1 < at
        && matches!(word(tokens, start), "for" | "to")
        && !tokens[start..at]
            .iter()
            .any(|token| words::is_press(&token.word) || words::key(&token.word).is_some())
}

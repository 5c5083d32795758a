//! Reading a brief: one fact each, by rules.

use super::{
    facts::Goal,
    words::{DAYS, MONTHS, capital, number, spoken, times, words},
};

/// Sentences of the task; a full stop inside a number, a time or an address does not end one.
pub(super) fn sentences(task: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let chars: Vec<char> = task.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let short = out.last().is_some_and(|s| {
            ["dr", "mr", "mrs", "ms", "a.m", "p.m", "st"]
                .iter()
                .any(|t| s.to_lowercase().split_whitespace().next_back() == Some(*t))
        });
        let ends = matches!(c, '\n' | ';')
            || (matches!(c, '.' | '!' | '?') && next.is_whitespace() && !short);
        if ends {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(*c);
        }
    }
    out.iter()
        .map(|s| s.trim().trim_end_matches('.').to_owned())
        .filter(|s| !s.is_empty())
        .collect()
}

/// What kind of errand it is.
pub(super) fn goal(sentences: &[String]) -> Goal {
    let text = words(&sentences.join(" . "));
    let has = |list: &[&str]| super::words::says(&text, list);
    if text.is_empty() {
        Goal::Message
    } else if has(&["cancel"]) && !has(&["book", "reserve"]) {
        Goal::Cancel
    } else if has(&[
        "book",
        "reserve",
        "make a reservation",
        "make an appointment",
        "schedule",
        "arrange",
        "appointment for",
        "get an appointment",
    ]) {
        Goal::Book
    } else if has(&[
        "ask", "find out", "check", "what", "when", "whether", "status", "how much", "where",
    ]) {
        Goal::Ask
    } else {
        Goal::Book
    }
}

/// The first sentence that asks something of us, as "to book …".
pub(super) fn errand(sentences: &[String]) -> String {
    let verbs = [
        "book",
        "reserve",
        "make",
        "schedule",
        "arrange",
        "cancel",
        "ask",
        "find",
        "check",
        "get",
        "order",
        "move",
        "reschedule",
        "change",
        "confirm",
        "tell",
        "request",
    ];
    for sentence in sentences {
        let tokens: Vec<&str> = sentence.split_whitespace().collect();
        let plain = |token: &str| token.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        let Some(at) = tokens.iter().position(|token| verbs.contains(&plain(token).as_str()))
        else {
            continue;
        };
        let own: Vec<String> = tokens[at..]
            .iter()
            .map(|token| {
                let swapped = match plain(token).as_str() {
                    "my" | "our" => "the",
                    "they" | "them" => "you",
                    "their" => "your",
                    "they're" => "you're",
                    "me" | "us" => "my client",
                    _ => return (*token).to_owned(),
                };
                swapped.to_owned()
            })
            .collect();
        let mut text = own.join(" ").replace("ask you ", "ask ");
        if let Some(first) = text.get(..1) {
            let low = first.to_lowercase();
            text.replace_range(..1, &low);
        }
        return format!("to {}", spell_times(&text));
    }
    sentences.first().map_or_else(String::new, |first| format!("about the following: {first}"))
}

/// "at 7:30 pm" becomes "at seven thirty in the evening", "for 2" becomes "for two".
pub(super) fn spell_times(text: &str) -> String {
    let tokens: Vec<&str> = text.split_whitespace().collect();
    let lower: Vec<String> = tokens
        .iter()
        .map(|t| t.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .collect();
    let found = times(&lower);
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some((_, end, time)) = found.iter().find(|(from, ..)| *from == at) {
            let tail = if tokens[end - 1].ends_with(',') { "," } else { "" };
            out.push(format!("{}{tail}", time.said()));
            at = *end;
            continue;
        }
        let after_for = at > 0 && matches!(lower[at - 1].as_str(), "for" | "of");
        match number(&lower[at]).filter(|n| after_for && *n <= 20 && tokens[at].len() <= 3) {
            Some(n) => out.push(tokens[at].replace(&n.to_string(), &spoken(n))),
            None => out.push(tokens[at].to_owned()),
        }
        at += 1;
    }
    out.join(" ")
}

/// Whose errand it is.
pub(super) fn name(task: &str) -> Option<String> {
    let lower = task.to_lowercase();
    let keys = [
        "under the name of ",
        "under the name ",
        "in the name of ",
        "my name is ",
        "the name is ",
        "name is ",
        "name: ",
        "on behalf of ",
        "patient is ",
        "patient: ",
        "the patient ",
        "i am ",
        "i'm ",
        "reservation for ",
        "for mr. ",
        "for mrs. ",
        "for ms. ",
        "for dr. ",
        "for mr ",
        "for mrs ",
        "for ms ",
        "for dr ",
        "under ",
    ];
    keys.iter().find_map(|key| {
        let at = lower.find(key)? + key.len();
        let rest = task.get(at..)?;
        let mut taken = Vec::new();
        for word in rest.split_whitespace().take(3) {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'' && c != '-');
            let is_day = DAYS.contains(&bare.to_lowercase().as_str())
                || MONTHS.contains(&bare.to_lowercase().as_str());
            if !bare.starts_with(char::is_uppercase) || is_day {
                break;
            }
            taken.push(bare.to_owned());
            if word.ends_with([',', '.', ';', ':', '!', '?'])
                && !matches!(bare, "Mr" | "Mrs" | "Ms" | "Dr")
            {
                break;
            }
        }
        (!taken.is_empty()).then(|| taken.join(" "))
    })
}

/// How many people.
pub(super) fn party(text: &[String]) -> Option<u32> {
    let people = ["people", "persons", "guests", "adults", "of"];
    text.windows(2).find_map(|pair| {
        let counted = number(&pair[0]).filter(|_| people[..4].contains(&pair[1].as_str()));
        let party_of = number(&pair[1]).filter(|_| pair[0] == "for" || pair[0] == "of");
        counted.or(party_of).filter(|n| (1..=60).contains(n))
    })
}

/// The day, as it is said.
pub(super) fn day(text: &[String]) -> Option<String> {
    let at = text
        .iter()
        .position(|word| DAYS.contains(&word.as_str()) || MONTHS.contains(&word.as_str()))?;
    let word = text[at].as_str();
    let before = at.checked_sub(1).map(|i| text[i].as_str()).unwrap_or_default();
    let after = text.get(at + 1).map(String::as_str).unwrap_or_default();
    let ordinal =
        |w: &str| w.starts_with(|c: char| c.is_ascii_digit()) && w.len() <= 4 && !w.contains(':');
    if MONTHS.contains(&word) {
        if ordinal(after) {
            return Some(format!("{} {after}", capital(word)));
        }
        return (word != "may" && word != "march").then(|| capital(word));
    }
    Some(if before == "next" {
        format!("next {}", capital(word))
    } else if DAYS[7..].contains(&word) {
        word.to_owned()
    } else {
        capital(word)
    })
}

/// The first telephone number, digits only but for a `+`.
pub(super) fn phone(task: &str) -> Option<String> {
    let mut run = String::new();
    for c in task.chars().chain(['.']) {
        let inside = c.is_ascii_digit() || (c == '+' && run.is_empty());
        let between = matches!(c, ' ' | '-' | '(' | ')') && !run.is_empty();
        if inside {
            run.push(c);
        } else if !between {
            if run.trim_start_matches('+').len() >= 7 && (run.starts_with('+') || run.len() >= 10) {
                return Some(run);
            }
            run.clear();
        }
    }
    None
}

/// The first e-mail address.
pub(super) fn email(task: &str) -> Option<String> {
    task.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .find(|word| {
            word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
        })
        .map(str::to_owned)
}

/// The number of an order, account or reservation.
pub(super) fn reference(task: &str) -> Option<String> {
    let kinds = [
        "order",
        "reference",
        "confirmation",
        "booking",
        "account",
        "reservation",
        "tracking",
        "case",
        "policy",
        "member",
        "customer",
        "invoice",
    ];
    let tokens: Vec<&str> = task.split_whitespace().collect();
    let bare = |token: &str| token.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    tokens.iter().enumerate().find_map(|(at, token)| {
        if !kinds.contains(&bare(token).to_lowercase().as_str()) {
            return None;
        }
        tokens[at + 1..].iter().take(4).map(|t| bare(t)).find(|word| {
            word.chars().filter(char::is_ascii_digit).count() >= 3
                && word.chars().all(|c| c.is_alphanumeric() || c == '-')
        })
    })
}

/// What follows one of these labels.
pub(super) fn labelled(task: &str, labels: &[&str], ends: &[char]) -> Option<String> {
    let lower = task.to_lowercase();
    labels.iter().find_map(|label| {
        let at = lower.find(label)? + label.len();
        let rest = task.get(at..)?;
        let value = rest.split(|c| ends.contains(&c)).next().unwrap_or_default().trim();
        (!value.is_empty()).then(|| value.to_owned())
    })
}

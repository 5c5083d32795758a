//! What of a file is code: not its comments, not what is in its strings, not its tests.

/// The code without comments, without the contents of strings and characters, and without
/// `#[cfg(test)]` items. Lines stay lines.
pub(crate) fn code_only(text: &str) -> String {
    without_tests(&without_words(text))
}

pub(crate) fn without_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if raw_string_hashes(rest, &out).is_some() {
            let hashes = raw_string_hashes(rest, &out).unwrap_or_default();
            let close = format!("\"{}", "#".repeat(hashes));
            rest[hashes + 2..].find(&close).map_or(rest.len(), |end| end + 2 + 2 * hashes + 1)
        } else if c == '"' {
            string_length(rest)
        } else if c == '\'' && char_length(rest).is_some() {
            char_length(rest).unwrap_or(1)
        } else {
            0
        };
        if skipped == 0 {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            out.extend(rest[..skipped].chars().filter(|c| *c == '\n'));
            rest = &rest[skipped..];
        }
    }
    out
}

/// `r"` or `r#"` at the start of `rest`: how many hashes.
fn raw_string_hashes(rest: &str, before: &str) -> Option<usize> {
    let in_name = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() && c != 'b');
    let after = rest.strip_prefix('r').filter(|_| !in_name)?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Length of a character literal; `None` for a lifetime.
fn char_length(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first == '\\' {
        chars.next()?;
        return chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1);
    }
    let (at, second) = chars.next()?;
    (second == '\'').then_some(at + 1)
}

/// Drops items under `#[cfg(test)]`: up to the closing brace in the same column (rustfmt puts it
/// there) or the line's end when the item has no body.
fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            out.push_str(line);
            out.push('\n');
            continue;
        }
        let column = line.len() - line.trim_start().len();
        let close = format!("{}}}", " ".repeat(column));
        for line in lines.by_ref() {
            let ends =
                line.trim_end().ends_with(';') && !line[column.min(line.len())..].starts_with(' ');
            if ends || line.trim_end() == close {
                break;
            }
        }
    }
    out
}

/// Whether `word` stands in `code` on its own, not inside a longer name.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    code.match_indices(word).any(|(at, _)| {
        edge(code[..at].chars().next_back()) && edge(code[at + word.len()..].chars().next())
    })
}

//! Finds paths in the text of a Rust file, `use` trees written out; no more of the language than that needs.

/// The code without comments, and with every string literal empty.
pub(super) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let skipped = match next {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => quoted(rest),
            'r' if !ends_in_word(&code) => raw_string(rest),
            '\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(next);
            rest = &rest[next.len_utf8()..];
        } else {
            // Keeps what stood on either side apart.
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    code.ends_with(is_word)
}

/// The length of the string literal at the beginning of `text`.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (position, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw string at the beginning of `text`; none when it is only a name that begins with `r`.
fn raw_string(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    if text.as_bytes().get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let begin = 2 + hashes;
    let end = format!("\"{}", "#".repeat(hashes));
    text[begin..].find(&end).map_or(text.len(), |position| begin + position + end.len())
}

/// The length of the character literal at the beginning of `text`; none when it is a lifetime.
fn character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match (characters.next(), characters.next(), characters.next()) {
        (Some((_, '\\')), _, Some((third, _))) => text[third..].find('\'').map_or(0, |end| third + end + 1),
        (Some(_), Some((second, '\'')), _) => second + 1,
        _ => 0,
    }
}

/// The words of the code: names, keywords, numbers.
pub(super) fn words(code: &str) -> impl Iterator<Item = &str> {
    code.split(|character| !is_word(character)).filter(|word| !word.is_empty())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Every path that begins with the word `root`, without it; groups are written out, a glob is `*`.
pub(super) fn paths_from(code: &str, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (position, _) in code.match_indices(root) {
        let before = code[..position].trim_end();
        let continues = before.ends_with("::") && before.trim_end_matches("::").ends_with(is_word);
        if code[..position].ends_with(is_word) || continues {
            continue;
        }
        if let Some(tree) = after_colons(&code[position + root.len()..]) {
            expand(tree, "", &mut found);
        }
    }
    found
}

fn after_colons(text: &str) -> Option<&str> {
    Some(text.trim_start().strip_prefix("::")?.trim_start())
}

/// Writes out the use tree at the beginning of `text` and gives what follows it.
fn expand<'a>(text: &'a str, prefix: &str, found: &mut Vec<String>) -> &'a str {
    let join = |name: &str| if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    if let Some(mut rest) = text.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            if rest.is_empty() || rest.starts_with('}') {
                return rest.strip_prefix('}').unwrap_or(rest);
            }
            rest = expand(rest, prefix, found);
            // Up to the comma: what is left over is a new name, as in `use a as b`.
            let end = rest.find([',', '}']).unwrap_or(rest.len());
            rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
        }
    }
    if let Some(rest) = text.strip_prefix('*') {
        found.push(join("*"));
        return rest;
    }
    let end = text.find(|character| !is_word(character)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match after_colons(rest) {
        Some(deeper) if deeper.starts_with(|next: char| is_word(next) || next == '{' || next == '*') => {
            expand(deeper, &join(name), found)
        }
        _ if name.is_empty() => rest,
        _ => {
            found.push(join(name));
            rest
        }
    }
}

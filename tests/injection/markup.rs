//! What is left of text in Markdown and in HTML that is neither escaped nor code: no markup of others.

/// The Markdown of a line without spans of code and without what a backslash escapes.
fn bare(line: &str) -> String {
    let (mut bare, mut rest) = (String::new(), line);
    while let Some(at) = rest.find(['\\', '`']) {
        bare.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(escapes) = rest.strip_prefix('\\') {
            let escaped = escapes.chars().next().filter(char::is_ascii_punctuation);
            rest = &escapes[escaped.map_or(0, char::len_utf8)..];
            continue;
        }
        let text = rest.trim_start_matches('`');
        let fence = &rest[..rest.len() - text.len()];
        let end = text.match_indices(fence).map(|(end, _)| end).find(|end| {
            !text[..*end].ends_with('`') && !text[end + fence.len()..].starts_with('`')
        });
        let end = end.unwrap_or_else(|| panic!("{fence} opens nothing: {line}"));
        rest = &text[end + fence.len()..];
    }
    bare + rest
}

/// Nothing in the line is a tag, a link, an entity, a mention, or an edge of a table's cell but for so
/// many bars.
pub fn is_no_markup(line: &str, bars: usize) {
    let bare = bare(line);
    assert_eq!(bare.matches('|').count(), bars, "{line}");
    assert!(!bare.contains(['<', '[', '&', '~', '$']), "{line}");
    for (at, _) in bare.match_indices('@') {
        let mentions = bare[at + 1..].starts_with(char::is_alphanumeric);
        let within = bare[..at].ends_with(char::is_alphanumeric);
        assert!(!mentions || within, "{line}");
    }
}

#[test]
fn markup_is_seen() {
    for line in ["a <b>", "[x](y)", "a @b", "&lt;", "`a` | b", "\\\\<b>", "``a`` <b> `c`"] {
        assert!(std::panic::catch_unwind(|| is_no_markup(line, 0)).is_err(), "{line}");
    }
    for line in ["a \\<b>", "\\[x](y)", "a `@`b", "a@b", "``a`<b>`` \\|", "\\\\\\<b>"] {
        is_no_markup(line, 0);
    }
}

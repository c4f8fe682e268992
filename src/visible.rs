//! Escapes untrusted text for display, so that it cannot control a terminal or imitate other text.

use std::borrow::Cow;

use googlesql_sqlite::hidden::is_invisible;

/// Whether a character affects a terminal or the surrounding text. Line feeds and tabs are left to the
/// caller.
pub(crate) fn is_control_or_invisible(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || is_invisible(c)
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Like [`is_control_or_invisible`], but includes line feeds and tabs.
pub(crate) fn steers_line(c: char) -> bool {
    c.is_control() || is_control_or_invisible(c)
}

/// The text with such characters escaped: `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    written_out(text, is_control_or_invisible)
}

/// The text for a single line, with such characters escaped.
pub(crate) fn visible_line(text: &str) -> Cow<'_, str> {
    written_out(text, steers_line)
}

/// The text for a page, where control characters have no effect: only invisible and direction-changing
/// characters are escaped.
pub(crate) fn unhidden(text: &str) -> Cow<'_, str> {
    written_out(text, is_invisible)
}

fn written_out(text: &str, which: fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(which) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if which(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown.into()
}

/// Source text to show with line numbers: invisible characters are replaced by as many bytes, so that places
/// stay valid. ASCII control characters are left to the renderer.
pub(crate) fn masked(source: &str) -> Cow<'_, str> {
    let hides = |c: char| !c.is_ascii() && is_control_or_invisible(c);
    if !source.contains(hides) {
        return source.into();
    }
    let mut shown = String::with_capacity(source.len());
    for c in source.chars() {
        match (hides(c), c.len_utf8()) {
            (false, _) => shown.push(c),
            (true, 3) => shown.push(char::REPLACEMENT_CHARACTER),
            (true, bytes) => shown.extend(std::iter::repeat_n('?', bytes)),
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn source_keeps_its_places() {
        let source = "a\u{200b}b\u{61c}c\u{2028}d\u{9b}2J\n";
        assert_eq!(masked(source), "a\u{fffd}b??c\u{fffd}d??2J\n");
        assert_eq!(masked(source).len(), source.len());
    }

    #[test]
    fn what_steers_is_written_out_and_the_rest_stays() {
        assert_eq!(
            visible("a\u{1b}[2J\r\n\tb\u{202e}\u{feff}"),
            "a\\u{1b}[2J\\r\n\tb\\u{202e}\\u{feff}"
        );
        assert_eq!(visible_line("a\n\tb\u{202e}"), "a\\n\\tb\\u{202e}");
        assert_eq!(unhidden("a\u{1b}\r\n\u{202e}"), "a\u{1b}\r\n\\u{202e}");
        assert!(matches!(visible("it’s “ü” 日本 👩\u{200d}🚀"), Cow::Borrowed(_)));
    }
}

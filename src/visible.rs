//! Text that others wrote, as it may be shown: it cannot steer a terminal, and does not look like other
//! text.

use std::borrow::Cow;

/// Characters that turn the direction of text, so that it reads otherwise than it runs.
/// Source: <https://trojansource.codes>
pub(crate) fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that make text look like other text, or like none.
pub(crate) fn hides_text(c: char) -> bool {
    turns_text(c) || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Whether a character does something to a terminal or to the text around it. Line feeds and tabs
/// are left to whoever shows the text.
pub(crate) fn steers(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || hides_text(c)
        || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The text with what steers written out: `\u{1b}`.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(steers) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_is_written_out_and_the_rest_stays() {
        assert_eq!(
            visible("a\u{1b}[2J\r\n\tb\u{202e}\u{feff}"),
            "a\\u{1b}[2J\\r\n\tb\\u{202e}\\u{feff}"
        );
        assert!(matches!(visible("it’s “ü” 日本 👩\u{200d}🚀"), Cow::Borrowed(_)));
    }
}

//! Characters that disguise text.

/// Whether a character changes the direction of text, so that it displays differently from how it runs.
/// Source: <https://trojansource.codes>
pub fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character is invisible or looks like another one.
pub fn is_invisible(c: char) -> bool {
    is_bidi_control(c) || matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

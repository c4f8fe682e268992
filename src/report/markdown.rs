//! Escapes untrusted text for Markdown: no elements, links, tables or mentions.

use crate::visible::steers_line;

/// A sentence of onerow that quotes untrusted text. Text in backquotes stays code; all other markup is
/// escaped. Stays on one line.
pub(super) fn prose(text: &str) -> String {
    let mut markdown = Markdown::default();
    let mut rest = text;
    while let Some(at) = rest.find('`') {
        markdown.plain(&rest[..at]);
        let opened = &rest[at..];
        let fence = &opened[..opened.len() - opened.trim_start_matches('`').len()];
        rest = &opened[fence.len()..];
        match closing(rest, fence.len()) {
            Some(end) => {
                markdown.code(fence, &rest[..end]);
                rest = &rest[end + fence.len()..];
            }
            None => markdown.plain(fence),
        }
    }
    markdown.plain(rest);
    markdown.text
}

/// Escapes text that is entirely untrusted.
pub(super) fn escaped(text: &str) -> String {
    let mut markdown = Markdown::default();
    markdown.plain(text);
    markdown.text
}

/// The position of the run of exactly `length` backquotes that ends a code span.
/// Source: <https://spec.commonmark.org/0.31.2/#code-spans>
fn closing(text: &str, length: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(begins) = text[at..].find('`').map(|begins| at + begins) {
        let run = text[begins..].len() - text[begins..].trim_start_matches('`').len();
        if run == length {
            return Some(begins);
        }
        at = begins + run;
    }
    None
}

#[derive(Default)]
struct Markdown {
    text: String,
    /// Whether it ends with a code span, after which no backquote may be added.
    in_code: bool,
}

impl Markdown {
    fn code(&mut self, fence: &str, code: &str) {
        if self.in_code {
            self.text.push(' ');
        }
        self.text.push_str(fence);
        code.chars().for_each(|c| self.shown(c));
        self.text.push_str(fence);
        self.in_code = true;
    }

    fn plain(&mut self, text: &str) {
        let mut before = self.text.chars().last();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let after = chars.peek().copied();
            if calls(before, c, after) {
                let mut called = c.to_string();
                while let Some(c) = chars.next_if(|c| c.is_alphanumeric() || "_-/".contains(*c)) {
                    called.push(c);
                }
                self.code("`", &called);
                before = Some('`');
            } else {
                if is_markup(before, c, after) {
                    self.text.push('\\');
                }
                self.shown(c);
                self.in_code = false;
                before = Some(c);
            }
        }
    }

    fn shown(&mut self, c: char) {
        match steers_line(c) {
            true => self.text.extend(c.escape_default()),
            false => self.text.push(c),
        }
    }
}

/// `@name` mentions people and `#1` links issues, even after a backslash; in code they do not.
/// Source: <https://docs.github.com/en/get-started/writing-on-github/working-with-advanced-formatting/autolinked-references-and-urls>
fn calls(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        '@' => {
            !before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric)
        }
        '#' => after.is_some_and(|c| c.is_ascii_digit()),
        _ => false,
    }
}

/// Whether the character is markup in GitHub's Markdown; an underscore inside a word is not.
fn is_markup(before: Option<char>, c: char, after: Option<char>) -> bool {
    match c {
        '_' => {
            let within = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
            !(within(before) && within(after))
        }
        c => "\\`|<&[]*~$".contains(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stays_code_and_the_rest_is_no_markup() {
        let cases = [
            ("it sets `a` to `b|<b>@x`", "it sets `a` to `b|<b>@x`"),
            ("it sets `a` to `x`<b>y`", "it sets `a` to `x`\\<b>y\\`"),
            ("``a`b`` and ``` alone", "``a`b`` and \\`\\`\\` alone"),
            ("<b>![x](y) *z* ~~q~~ $1$", "\\<b>!\\[x\\](y) \\*z\\* \\~\\~q\\~\\~ \\$1\\$"),
            ("a_b _c_ d__e__f", "a_b \\_c\\_ d__e__f"),
            ("a\nb\u{202e}\u{1b}", "a\\nb\\u{202e}\\u{1b}"),
            ("a\\`b`", "a\\\\`b`"),
        ];
        for (text, markdown) in cases {
            assert_eq!(prose(text), markdown, "{text}");
        }
        assert_eq!(escaped("a `b` |"), "a \\`b\\` \\|");
    }

    #[test]
    fn nobody_is_called() {
        assert_eq!(prose("hi @ann, #1, a@b.example, @ #x"), "hi `@ann`, `#1`, a@b.example, @ #x");
        assert_eq!(prose("``x``@ann"), "``x`` `@ann`", "the fence stays as long as it is");
        assert_eq!(escaped("#@1"), "#`@1`");
        assert_eq!(escaped("@`@a@b"), "@\\``@a` `@b`");
    }
}

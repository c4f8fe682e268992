//! SQL as HTML, with keywords, literals and comments marked.

use minijinja::{HtmlEscape, Value};
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Whitespace, Word};

use crate::googlesql::{is_reserved, tokens};
use crate::visible::unhidden;

/// The SQL with marks, byte for byte the same without the tags, except for invisible and direction-changing
/// characters, which are escaped. Text that BigQuery may tokenize differently is not marked.
pub(super) fn highlight(sql: &str) -> Value {
    Value::from_safe_string(marked(sql))
}

fn marked(sql: &str) -> String {
    let Ok(tokens) = tokens(sql) else { return escape(&unhidden(sql)) };
    let Some(starts) = offsets(sql, &tokens) else { return escape(sql) };
    let mut html = escape(&sql[..starts.first().copied().unwrap_or(sql.len())]);
    for i in 0..tokens.len() {
        let end = starts.get(i + 1).copied().unwrap_or(sql.len());
        let text = escape(&sql[starts[i]..end]);
        match class(&tokens, i) {
            Some(class) => html.push_str(&format!("<span class=\"{class}\">{text}</span>")),
            None => html.push_str(&text),
        }
    }
    html
}

/// Text in HTML. A browser would turn a carriage return into a line feed.
fn escape(text: &str) -> String {
    HtmlEscape(text).to_string().replace('\r', "&#13;")
}

/// The byte offset of each token; `None` if they are not in order.
fn offsets(sql: &str, tokens: &[TokenWithSpan]) -> Option<Vec<usize>> {
    let mut at = Location { line: 1, column: 1 };
    let mut chars = sql.char_indices();
    let mut offset = 0;
    let mut starts = Vec::with_capacity(tokens.len());
    for token in tokens {
        while at != token.span.start {
            let (i, c) = chars.next()?;
            offset = i + c.len_utf8();
            at = match c {
                '\n' => Location { line: at.line + 1, column: 1 },
                _ => Location { line: at.line, column: at.column + 1 },
            };
        }
        starts.push(offset);
    }
    Some(starts)
}

/// The class of a token: keyword, string, number, comment or parameter.
fn class(tokens: &[TokenWithSpan], i: usize) -> Option<&'static str> {
    let at = |i: usize| tokens.get(i).map(|found| &found.token);
    let before = i.checked_sub(1).and_then(at);
    match at(i)? {
        Token::Whitespace(
            Whitespace::SingleLineComment { .. } | Whitespace::MultiLineComment(_),
        ) => Some("c"),
        Token::Number(..) => Some("n"),
        Token::AtSign | Token::Placeholder(_) => Some("p"),
        Token::Word(word) if before == Some(&Token::AtSign) || word.value.starts_with('@') => {
            Some("p")
        }
        Token::Word(word) => is_keyword(word, at(i + 1)).then_some("k"),
        token => is_string(token).then_some("s"),
    }
}

/// Whether a word is a keyword here. Some keywords of the parser are ordinary names elsewhere; keywords are
/// in capitals and not followed by a function's bracket.
fn is_keyword(word: &Word, after: Option<&Token>) -> bool {
    let capitals = word.value.chars().all(|c| c.is_ascii_uppercase() || c == '_');
    let called = after == Some(&Token::LParen);
    word.quote_style.is_none()
        && (is_reserved(&word.value) || (capitals && !called && word.keyword != Keyword::NoKeyword))
}

fn is_string(token: &Token) -> bool {
    matches!(
        token,
        Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::TripleSingleQuotedString(_)
            | Token::TripleDoubleQuotedString(_)
            | Token::SingleQuotedByteStringLiteral(_)
            | Token::DoubleQuotedByteStringLiteral(_)
            | Token::TripleSingleQuotedByteStringLiteral(_)
            | Token::TripleDoubleQuotedByteStringLiteral(_)
            | Token::SingleQuotedRawStringLiteral(_)
            | Token::DoubleQuotedRawStringLiteral(_)
            | Token::TripleSingleQuotedRawStringLiteral(_)
            | Token::TripleDoubleQuotedRawStringLiteral(_)
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text as a browser displays it.
    fn shown(html: &str) -> String {
        let mut text = String::new();
        for (i, part) in html.split('<').enumerate() {
            let part = if i == 0 { part } else { part.split_once('>').unwrap().1 };
            assert!(!part.contains('>'), "{html}");
            text.push_str(part);
        }
        for (entity, c) in [
            ("&lt;", "<"),
            ("&gt;", ">"),
            ("&quot;", "\""),
            ("&#x27;", "'"),
            ("&#x2f;", "/"),
            ("&#13;", "\r"),
            ("&amp;", "&"),
        ] {
            text = text.replace(entity, c);
        }
        text
    }

    #[test]
    fn keywords_literals_comments_and_parameters_are_marked() {
        let html =
            marked("-- é\nSELECT name, DATE '2026-01-28', 1.5 FROM `a b` WHERE COUNT(t) < @cutoff");
        for part in [
            "<span class=\"c\">-- é</span>\n<span class=\"k\">SELECT</span> name, ",
            "<span class=\"k\">DATE</span> <span class=\"s\">&#x27;2026-01-28&#x27;</span>",
            "<span class=\"n\">1.5</span> <span class=\"k\">FROM</span> `a b` <span",
            "WHERE</span> COUNT(t) &lt; <span class=\"p\">@cutoff</span>",
        ] {
            assert!(html.contains(part), "{part}\n{html}");
        }
    }

    #[test]
    fn text_that_is_no_sql_is_shown_plain() {
        for sql in ["SELECT 'open", "<script>alert(1)</script> `", "SELECT $$ ' $$"] {
            assert_eq!(marked(sql), escape(sql));
        }
    }

    #[test]
    fn what_hides_the_text_is_written_out() {
        let html = marked("SELECT 'a\u{202e}b' -- \u{2066}");
        assert_eq!(shown(&html), "SELECT 'a\\u{202e}b' -- \\u{2066}");
    }

    #[test]
    fn every_shipped_template_keeps_its_text() {
        for file in ["detect.sql", "deactivate.sql", "_survivors.sql"] {
            let sql = crate::template::Templates::shipped_text(file).unwrap();
            assert_eq!(shown(&marked(sql)), sql);
        }
    }

    proptest! {
        #[test]
        fn without_its_tags_the_text_is_the_sql(sql in r#"(?s)([ \n\ta-z<>&"'`/@#0-9;-]|SELECT|FROM |\r\n|é|😀|r'|-- |\*)*"#) {
            prop_assert_eq!(shown(&marked(&sql)), sql);
        }

        #[test]
        fn without_its_tags_any_text_is_itself(sql in r"(?s).*") {
            prop_assert_eq!(shown(&marked(&sql)), unhidden(&sql));
        }
    }
}

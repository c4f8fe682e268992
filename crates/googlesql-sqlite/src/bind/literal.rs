//! String literals, parsed again from the statement's text: the parser drops the backslash of escapes that it
//! does not support, such as `\x41`, and so loses the original text.

use std::collections::HashMap;

use sqlparser::ast::{Value, ValueWithSpan};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::{refused, unsupported};
use crate::error::Result;

/// The string literals of one statement as written, without their quotes; `None` if the statement has no
/// escape, so that the parser's text is right.
pub(super) struct Literals(Option<HashMap<Location, Token>>);

impl Literals {
    pub fn of(sql: &str) -> Result<Self> {
        if !sql.contains('\\') {
            return Ok(Self(None));
        }
        let tokens = Tokenizer::new(&BigQueryDialect, sql)
            .with_unescape(false)
            .tokenize_with_location()
            .map_err(|cause| refused("the statement cannot be read").caused_by(cause))?;
        let tokens = tokens.into_iter().map(|token| (token.span.start, token.token));
        Ok(Self(Some(tokens.collect())))
    }

    /// The text of a string literal; `None` if the value is not a string.
    pub fn text(&self, value: &ValueWithSpan) -> Result<Option<String>> {
        let Some(read) = string(&value.value) else { return Ok(None) };
        let written = match &self.0 {
            None => Some(&read),
            Some(tokens) => tokens.get(&value.span.start),
        };
        match written {
            Some(Token::SingleQuotedString(raw)) => unescape(raw, Some('\'')).map(Some),
            Some(Token::DoubleQuotedString(raw)) => unescape(raw, Some('"')).map(Some),
            Some(Token::TripleSingleQuotedString(raw) | Token::TripleDoubleQuotedString(raw)) => {
                unescape(raw, None).map(Some)
            }
            Some(
                Token::SingleQuotedRawStringLiteral(raw)
                | Token::DoubleQuotedRawStringLiteral(raw)
                | Token::TripleSingleQuotedRawStringLiteral(raw)
                | Token::TripleDoubleQuotedRawStringLiteral(raw),
            ) if !raw.ends_with('\\') => Ok(Some(raw.clone())),
            _ => Err(unsupported(format!("the string literal {value}"))),
        }
    }
}

/// The token of a string literal; `None` if the value is not a string.
fn string(value: &Value) -> Option<Token> {
    Some(match value.clone() {
        Value::SingleQuotedString(text) => Token::SingleQuotedString(text),
        Value::DoubleQuotedString(text) => Token::DoubleQuotedString(text),
        Value::TripleSingleQuotedString(text) => Token::TripleSingleQuotedString(text),
        Value::TripleDoubleQuotedString(text) => Token::TripleDoubleQuotedString(text),
        Value::SingleQuotedRawStringLiteral(text) => Token::SingleQuotedRawStringLiteral(text),
        Value::DoubleQuotedRawStringLiteral(text) => Token::DoubleQuotedRawStringLiteral(text),
        Value::TripleSingleQuotedRawStringLiteral(text) => {
            Token::TripleSingleQuotedRawStringLiteral(text)
        }
        Value::TripleDoubleQuotedRawStringLiteral(text) => {
            Token::TripleDoubleQuotedRawStringLiteral(text)
        }
        _ => return None,
    })
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#escape_sequences>
fn unescape(raw: &str, quote: Option<char>) -> Result<String> {
    let mut text = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            text.push(escaped(&mut chars)?);
        } else if Some(c) == quote {
            return Err(refused(format!("a {c} inside a string literal needs a backslash")));
        } else if c == '\n' && quote.is_some() {
            return Err(refused("a string literal in single quotes ends with its line"));
        } else {
            text.push(c);
        }
    }
    Ok(text)
}

fn escaped(chars: &mut std::str::Chars<'_>) -> Result<char> {
    Ok(match chars.next() {
        Some('a') => '\u{7}',
        Some('b') => '\u{8}',
        Some('f') => '\u{c}',
        Some('n') => '\n',
        Some('r') => '\r',
        Some('t') => '\t',
        Some('v') => '\u{b}',
        Some(c @ ('\\' | '?' | '"' | '\'' | '`')) => c,
        Some('x' | 'X') => code(chars, 2, 16, "")?,
        Some('u') => code(chars, 4, 16, "")?,
        Some('U') => code(chars, 8, 16, "")?,
        Some(c @ '0'..='3') => code(chars, 2, 8, &c.to_string())?,
        _ => return Err(refused(ESCAPE)),
    })
}

const ESCAPE: &str = "a string literal has an escape sequence that GoogleSQL does not know";

fn code(chars: &mut std::str::Chars<'_>, digits: usize, radix: u32, first: &str) -> Result<char> {
    let mut text = first.to_owned();
    text.extend(chars.by_ref().take(digits));
    let complete = text.len() == digits + first.len() && text.chars().all(|c| c.is_digit(radix));
    u32::from_str_radix(&text, radix)
        .ok()
        .filter(|_| complete)
        .and_then(char::from_u32)
        .ok_or_else(|| refused(ESCAPE))
}

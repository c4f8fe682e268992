//! Tokenizing SQL text, and refusing texts that BigQuery may tokenize differently: the text that is checked
//! must be the text that runs.

use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::ParserError;
use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer};

use crate::hidden::is_invisible;

/// The maximum statement length in bytes, a BigQuery quota.
/// Source: <https://cloud.google.com/bigquery/quotas#query_jobs> (unresolved GoogleSQL query length)
pub const MAX_BYTES: usize = 1024 * 1024;

/// The tokens of `sql` with their places.
///
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical>
///
/// # Errors
/// The text is too long, cannot be tokenized, or BigQuery's lexer may tokenize it differently.
pub fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, ParserError> {
    if sql.len() > MAX_BYTES {
        let what = format!("the text has {} bytes; BigQuery's limit is {MAX_BYTES}", sql.len());
        return Err(error(&what, 1, 1));
    }
    let tokens = Tokenizer::new(&BigQueryDialect, sql).tokenize_with_location()?;
    if let Some(at) = lone_carriage_return(sql) {
        let (line, column) = place(sql, at);
        return Err(refused("a carriage return without a line feed", line, column));
    }
    if !sql.is_ascii()
        && let Some((at, c)) = sql.char_indices().find(|(_, c)| is_invisible(*c))
    {
        let (line, column) = place(sql, at);
        let code = u32::from(c);
        let what = format!(
            "the invisible character U+{code:04X}, which hides what is written; in a string, write \\u{code:04x}"
        );
        return Err(error(&what, line, column));
    }
    for (i, token) in tokens.iter().enumerate() {
        if let Some(problem) = ambiguous(token, tokens.get(i + 1)) {
            let start = token.span.start;
            return Err(refused(problem, start.line, start.column));
        }
    }
    Ok(tokens)
}

fn ambiguous(token: &TokenWithSpan, next: Option<&TokenWithSpan>) -> Option<&'static str> {
    match &token.token {
        // In BigQuery a quote after a backslash never ends a literal, not even a raw one.
        Token::SingleQuotedRawStringLiteral(text)
        | Token::DoubleQuotedRawStringLiteral(text)
        | Token::TripleSingleQuotedRawStringLiteral(text)
        | Token::TripleDoubleQuotedRawStringLiteral(text)
        | Token::SingleQuotedByteStringLiteral(text)
        | Token::DoubleQuotedByteStringLiteral(text)
        | Token::TripleSingleQuotedByteStringLiteral(text)
        | Token::TripleDoubleQuotedByteStringLiteral(text)
            if text.ends_with('\\') =>
        {
            Some("a raw or bytes literal with a quote after a backslash")
        }
        Token::Word(word) if word.quote_style.is_some() && word.value.contains('\\') => {
            Some("a backslash in a quoted name")
        }
        Token::DollarQuotedString(_)
        | Token::NationalStringLiteral(_)
        | Token::QuoteDelimitedStringLiteral(_)
        | Token::NationalQuoteDelimitedStringLiteral(_)
        | Token::EscapedStringLiteral(_)
        | Token::UnicodeStringLiteral(_)
        | Token::HexStringLiteral(_) => Some("a literal that GoogleSQL does not have"),
        Token::Number(..) => match next {
            Some(next)
                if matches!(next.token, Token::Word(_)) && next.span.start == token.span.end =>
            {
                Some("a word stuck to a number")
            }
            _ => None,
        },
        _ => None,
    }
}

fn refused(what: &str, line: u64, column: u64) -> ParserError {
    error(&format!("{what}, which BigQuery may read differently"), line, column)
}

fn error(what: &str, line: u64, column: u64) -> ParserError {
    ParserError::TokenizerError(format!("{what} at Line: {line}, Column: {column}"))
}

fn lone_carriage_return(sql: &str) -> Option<usize> {
    let mut returns = sql.match_indices('\r').map(|(at, _)| at);
    returns.find(|at| sql.as_bytes().get(at + 1) != Some(&b'\n'))
}

fn place(sql: &str, at: usize) -> (u64, u64) {
    let before = &sql[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
    (line as u64, column as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_that_bigquery_would_split_otherwise_is_refused() {
        for sql in [
            r"SELECT 1 WHERE k != r'\' -- ' OR TRUE",
            r"SELECT r'''\''' -- '''",
            r"SELECT b'\' -- '",
            "SELECT 1 -- x\r OR TRUE",
            r"SELECT 1 AS `x\`) -- `",
            "SELECT 1_000",
            "SELECT 1e5x",
            "SELECT $$ ' $$",
            "SELECT N'x'",
            "SELECT '\u{202e}x'",
            "SELECT 1 -- \u{2066}",
            "SELECT a\u{200b}",
        ] {
            assert!(tokens(sql).is_err(), "{sql}");
        }
    }

    #[test]
    fn text_that_is_too_long_is_refused() {
        let sql = |length| format!("SELECT '{}'", "x".repeat(length - 9));
        assert!(tokens(&sql(MAX_BYTES)).is_ok());
        assert!(tokens(&sql(MAX_BYTES + 1)).is_err());
    }

    #[test]
    fn ordinary_text_is_split() {
        for sql in [
            r"SELECT r'\d+', 'it\'s', 1.5e3 AS x, `a b`, @cutoff",
            "SELECT 1 -- x\r\nFROM t",
            "SELECT 1",
            "",
        ] {
            assert!(tokens(sql).is_ok(), "{sql}");
        }
    }
}

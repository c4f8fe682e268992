//! A statement that the parser cannot read and whose template allows that: it must be a query.

use sqlparser::tokenizer::Token;

use super::codes::calls_routine::called_unread;
use super::{Code, Finding, Text};
use crate::googlesql::tokens;

/// Keywords of statements, and of pipe operators, that change data.
const CHANGING: [&str; 12] = [
    "ALTER", "CALL", "CREATE", "DELETE", "DROP", "EXECUTE", "EXPORT", "INSERT", "LOAD", "MERGE",
    "TRUNCATE", "UPDATE",
];

/// The reason why such a statement must not run; `None` if it can only be a query: one statement that begins
/// like a query. GoogleSQL queries change nothing.
pub(super) fn refuse(text: &Text<'_>) -> Option<Finding> {
    // The caller has tokenized the text before.
    let tokens = tokens(&text.statement.sql).ok()?;
    let step = &text.statement.step;
    let read = step.row().is_read();
    let words = || {
        tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))).map(|t| &t.token)
    };
    let is_word = |token: &Token, words: &[&str]| match token {
        Token::Word(word) => {
            word.quote_style.is_none() && words.iter().any(|w| w.eq_ignore_ascii_case(&word.value))
        }
        _ => false,
    };
    let queries = words().next().is_some_and(|first| {
        *first == Token::LParen || is_word(first, &["SELECT", "WITH", "FROM"])
    });
    let ends = words().position(|token| *token == Token::SemiColon);
    let reason = if read {
        format!("onerow has to read {step} itself")
    } else if !queries {
        "only a query may run unparsed".to_owned()
    } else if ends.is_some_and(|at| at + 1 < words().count()) {
        "it is more than one statement".to_owned()
    } else if let Some(word) = words().find(|token| is_word(token, &CHANGING)) {
        format!("{word} could change something; if it is a name, quote it with backquotes")
    } else if let Some(called) = called_unread(text.rule, &words().collect::<Vec<_>>()) {
        format!(
            "it calls `{called}`, which may have effects; list it in `routines` of the rule if it has none"
        )
    } else {
        return None;
    };
    Some(text.finding_at(
        Code::WrongKind,
        (0, 0),
        format!(
            "the statement cannot be parsed, and `unparsable` cannot be allowed here: {reason}"
        ),
        "write it in another way",
    ))
}

//! Key and keep entries: GoogleSQL expressions from the rule file that templates use as text.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{Expr, ObjectName, Query, Value, Visit, Visitor};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, Whitespace};

use super::{Keep, Partition, active};
use crate::error::nearest;
use crate::googlesql::{Fragment, Ident, SqlType, Words, is_aggregate, is_reserved, parse, tokens};

/// A parsed entry: its columns, and the column it consists of, if any.
pub(crate) struct Expression {
    pub tree: Expr,
    pub columns: BTreeSet<String>,
    pub plain_column: Option<String>,
    /// The expression without its sort direction.
    pub text: String,
    /// If it reads no column, why it is constant, as a phrase.
    pub constant: Option<String>,
}

/// Parses a key entry. The error is a phrase.
pub(super) fn parse_key(text: &str) -> Result<Expression, String> {
    inspect(parsed(text, Parser::parse_expr)?)
}

/// Parses a keep entry: an expression, then ASC or DESC, then NULLS FIRST or LAST.
pub(super) fn parse_keep(text: &str) -> Result<Expression, String> {
    let (order, rest) = read(text, Parser::parse_order_by_expr)?;
    if let Token::Word(word) = &rest
        && let Some(meant) = nearest(&word.value, ["ASC", "DESC", "NULLS"])
    {
        return Err(match word.value.eq_ignore_ascii_case(meant) {
            true => "the order is: expression, then ASC or DESC, then NULLS FIRST or NULLS LAST"
                .to_owned(),
            false => format!("`{word}` is not a direction; did you mean {meant}?"),
        });
    }
    ends(&rest)?;
    if order.with_fill.is_some() {
        return Err("WITH FILL is not GoogleSQL".to_owned());
    }
    inspect(order.expr)
}

/// Whether the text is a literal: `active = "column = LITERAL"` then says the only value of an active row.
pub(crate) fn is_literal(text: &str) -> bool {
    parsed(text, Parser::parse_expr).is_ok_and(|tree| active::is_literal(&tree))
}

/// The expression; `None` if the text is a column name, or not GoogleSQL.
pub(crate) fn unless_column(
    text: &str,
    columns: &[(Ident, SqlType)],
) -> Option<Result<Expression, String>> {
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if is_word && !is_reserved(text) {
        return None;
    }
    let compares = text.contains(['=', '<', '>']);
    match parse_key(text) {
        _ if columns.iter().any(|(known, _)| known.same_column(text)) => None,
        Ok(parsed) if parsed.plain_column.is_some() => None,
        Err(_) if Ident::parse(text).is_ok() && !compares => None,
        parsed => Some(parsed),
    }
}

/// Tie-breakers of rows that are equal in all of `keep`: before the rest of the row, and after it.
#[derive(Default)]
pub(super) struct Ties<'a> {
    pub marked: Option<&'a str>,
    pub last: Option<&'a str>,
}

/// Parses the window function that ranks the rows of a rule.
pub(super) fn parse_ranking(
    partition: &Partition,
    key: &[Fragment],
    order: &str,
) -> Result<Expr, String> {
    let date = partition.column().map(|_| partition.date());
    ranked_by(date.as_ref().map(Fragment::as_str), key, order)
}

/// Parses the ranking across dates, whose groups are found first.
pub(super) fn parse_ranking_across(key: &[Fragment]) -> Result<Expr, String> {
    ranked_by(Some("onerow_group"), key, "onerow_place")
}

fn ranked_by(group: Option<&str>, key: &[Fragment], order: &str) -> Result<Expr, String> {
    let by: Vec<&str> = group.into_iter().chain(key.iter().map(Fragment::as_str)).collect();
    let text = format!("ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {order})", by.join(", "));
    parsed(&text, Parser::parse_expr)
}

/// The ORDER BY of a key's rows. If inactive rows are ranked too, they come `after` the active ones. `row` is
/// the whole row as JSON, where rows are rewritten.
pub(super) fn order(
    row: Option<&str>,
    keep: &[Keep],
    after: Option<&Fragment>,
    ties: Ties<'_>,
) -> String {
    let first = after.map(|active| format!("COALESCE({active}, FALSE) DESC"));
    let mut keep: Vec<&str> =
        first.as_deref().into_iter().chain(keep.iter().map(|keep| keep.order.as_str())).collect();
    keep.extend(ties.marked);
    keep.extend(row);
    keep.extend(ties.last);
    keep.join(", ")
}

/// Parses the whole text.
pub(super) fn parsed<T: Visit>(
    text: &str,
    reads: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, String> {
    let (tree, rest) = read(text, reads)?;
    ends(&rest)?;
    Ok(tree)
}

/// Parses what the text begins with, and returns the next token.
fn read<T: Visit>(
    text: &str,
    reads: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<(T, Token), String> {
    let tokens = tokens(text).map_err(|error| error.to_string())?;
    let awkward = tokens.iter().any(|token| {
        matches!(
            token.token,
            Token::Whitespace(
                Whitespace::Newline
                    | Whitespace::SingleLineComment { .. }
                    | Whitespace::MultiLineComment(_)
            )
        )
    });
    if awkward {
        return Err("it holds a comment or a line break".to_owned());
    }
    let mut rest = Token::EOF;
    let reads = |parser: &mut Parser<'static>| {
        let tree = reads(parser)?;
        rest = parser.peek_token().token;
        Ok(tree)
    };
    let tree = parse(tokens, reads).map_err(|error| error.to_string())?;
    Ok((tree, rest))
}

fn ends(rest: &Token) -> Result<(), String> {
    match rest {
        Token::EOF => Ok(()),
        token => Err(format!("`{token}` comes after the end of the expression")),
    }
}

/// Analyses the expression. The error is a phrase.
pub(super) fn inspect(expr: Expr) -> Result<Expression, String> {
    let mut names = Names::default();
    if let ControlFlow::Break(problem) = expr.visit(&mut names) {
        return Err(problem);
    }
    let constant = names.columns.is_empty().then(|| names.constant());
    let plain_column = match &expr {
        Expr::Identifier(ident) => Some(ident.value.clone()),
        _ => None,
    };
    Ok(Expression {
        columns: names.columns,
        plain_column,
        text: expr.to_string(),
        constant,
        tree: expr,
    })
}

#[derive(Default)]
struct Names {
    words: Words,
    columns: BTreeSet<String>,
    /// The first text in double quotes, which is a column in other dialects.
    quoted: Option<String>,
}

impl Names {
    /// The problem of an entry that reads no column.
    fn constant(&self) -> String {
        let same = "it reads no column, so that it is the same for every row";
        match &self.quoted {
            Some(text) => format!(
                "{same}: \"{text}\" is a text in GoogleSQL; write the column as `{text}` in backquotes"
            ),
            None => same.to_owned(),
        }
    }
}

impl Visitor for Names {
    type Break = String;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<String> {
        ControlFlow::Break("it holds a subquery".to_owned())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<String> {
        ControlFlow::Break(format!("it reads `{relation}`"))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<String> {
        if self.words.is_one(expr) {
            return ControlFlow::Continue(());
        }
        match expr {
            Expr::Identifier(ident) if ident.quote_style.is_none() && is_reserved(&ident.value) => {
                return ControlFlow::Break(format!(
                    "`{}` is a reserved word: write it in backquotes if it is a column",
                    ident.value
                ));
            }
            Expr::Identifier(ident) if ident.value.starts_with('@') => {
                return ControlFlow::Break(format!("it holds the parameter `{ident}`"));
            }
            Expr::Identifier(ident) => {
                self.columns.insert(ident.value.clone());
            }
            Expr::CompoundIdentifier(parts) => {
                self.columns.extend(parts.first().map(|part| part.value.clone()));
            }
            Expr::Value(value) if matches!(value.value, Value::Placeholder(_)) => {
                return ControlFlow::Break(format!("it holds the parameter `{value}`"));
            }
            Expr::Value(value) => {
                if let Value::DoubleQuotedString(text) = &value.value {
                    self.quoted.get_or_insert_with(|| text.clone());
                }
            }
            Expr::Function(function) if function.over.is_some() => {
                return ControlFlow::Break("it holds a window function".to_owned());
            }
            Expr::Function(function) if is_aggregate(&function.name.to_string()) => {
                return ControlFlow::Break(format!(
                    "it holds the aggregate function {}, but its value must come from one row",
                    function.name
                ));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_entry_is_a_column_or_an_expression() {
        assert_eq!(parse_key("game_id").unwrap().plain_column.as_deref(), Some("game_id"));
        let expression = parse_key("COALESCE(LOWER(system_id), 'none')").unwrap();
        assert_eq!(expression.plain_column, None);
        assert!(expression.columns.contains("system_id"));
    }

    #[test]
    fn an_entry_cannot_end_the_clause_it_stands_in() {
        for bad in [
            "a, b",
            "a) OVER (PARTITION BY b",
            "a -- b",
            "a /* b */",
            "a\nb",
            "",
            "a; DROP TABLE t",
            "(SELECT 1)",
            "@cutoff",
            "ROW_NUMBER() OVER (ORDER BY a)",
            "MAX(a)",
            "COALESCE(any_value(a), 1)",
            "a DESC",
            r"r'\' || ', x) FROM secret -- '",
        ] {
            assert!(parse_key(bad).is_err(), "{bad:?}");
        }
    }

    /// In other dialects, double quotes enclose a column.
    #[test]
    fn an_entry_that_reads_no_column_is_the_same_for_every_row() {
        for constant in ["1", "'x'", "NULL", "CONCAT('a', 'b')", "CURRENT_DATE()", "RAND()", "TRUE"]
        {
            let problem = parse_key(constant).unwrap().constant.unwrap();
            assert!(problem.starts_with("it reads no column"), "{constant}: {problem}");
            assert!(
                parse_keep(&format!("{constant} DESC")).unwrap().constant.is_some(),
                "{constant}"
            );
        }
        for quoted in ["\"email\"", "LOWER(\"email\")", "COALESCE(\"email\", '')"] {
            let problem = parse_key(quoted).unwrap().constant.unwrap();
            assert!(problem.ends_with("write the column as `email` in backquotes"), "{problem}");
        }
        assert_eq!(parse_key("COALESCE(`email`, \"none\")").unwrap().constant, None);
    }

    /// Date parts and fields are not columns; their place decides.
    #[test]
    fn the_columns_of_an_entry_are_told_by_their_place() {
        for (entry, columns) in [
            ("TIMESTAMP_TRUNC(seen_at, HOUR)", "seen_at"),
            ("DATE_TRUNC(DATE(seen_at, 'Asia/Kolkata'), WEEK(MONDAY))", "seen_at"),
            ("DIV(TIMESTAMP_DIFF(seen_at, sent_at, SECOND), 300)", "seen_at sent_at"),
            ("EXTRACT(HOUR FROM seen_at AT TIME ZONE 'Asia/Kolkata')", "seen_at"),
            ("TIMESTAMP_TRUNC(hour, HOUR)", "hour"),
            ("hour", "hour"),
            ("event.params[0].value", "event"),
            ("items[OFFSET(0)].sku", "items"),
        ] {
            let read = |parsed: Expression| parsed.columns.into_iter().collect::<Vec<_>>();
            let mut expected: Vec<&str> = columns.split(' ').collect();
            expected.sort_unstable();
            assert_eq!(read(parse_key(entry).unwrap()), expected, "{entry}");
            assert_eq!(read(parse_keep(&format!("{entry} DESC")).unwrap()), expected, "{entry}");
        }
        let constant = parse_key("TIMESTAMP_TRUNC(TIMESTAMP '2026-01-28', HOUR)").unwrap();
        assert!(constant.constant.is_some());
    }

    #[test]
    fn a_keep_entry_has_a_direction() {
        assert_eq!(parse_keep("a DESC NULLS LAST").unwrap().plain_column.as_deref(), Some("a"));
        for bad in ["a DESC, b", "a SIDEWAYS", "a DESC -- b", "a NULLS LAST DESC", "a DESC ASC"] {
            assert!(parse_keep(bad).is_err(), "{bad:?}");
        }
        let said = parse_keep("a DSC").err();
        assert_eq!(said.as_deref(), Some("`DSC` is not a direction; did you mean DESC?"));
        let said = parse_keep("a NULLS LAST DESC").err().unwrap();
        assert!(said.starts_with("the order is: expression, then ASC or DESC"), "{said}");
    }
}

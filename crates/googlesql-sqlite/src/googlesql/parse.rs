//! Parsing with a limit on the depth of a syntax tree: `a + b + c` is as deep as it has operators, and
//! walking, printing or dropping a tree uses stack in proportion to its depth.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, SetExpr, TableFactor, Visit, Visitor};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::TokenWithSpan;

/// The greatest depth of a tree, which is SQLite's limit too.
/// Source: <https://www.sqlite.org/limits.html> (SQLITE_MAX_EXPR_DEPTH)
const MAX_DEPTH: usize = 1000;

/// The stack for a walk, per level of the tree: typing used 16 KiB in a build without optimizations.
const LEVEL_STACK: usize = 32 * 1024;

/// The stack for dropping a tree, per token: a level has at least two tokens, and used 100 bytes.
const TOKEN_STACK: usize = 128;

/// The base stack for parsing. The parser stops at 50 levels of brackets.
const STACK: usize = 512 * 1024;

/// Parses these tokens, on a stack that is large enough.
///
/// # Errors
/// The parser's error, or the tree is too deep.
pub fn parse<T: Visit>(
    tokens: Vec<TokenWithSpan>,
    read: impl FnOnce(&mut Parser<'static>) -> Result<T, ParserError>,
) -> Result<T, ParserError> {
    let count = tokens.len();
    let parse = || read(&mut Parser::new(&BigQueryDialect).with_tokens_with_locations(tokens));
    if count <= MAX_DEPTH {
        return parse();
    }
    // A tree that is too deep is dropped here, on the large stack.
    on_stack(STACK + count * TOKEN_STACK, || {
        let tree = parse()?;
        match depth(&tree) {
            0..=MAX_DEPTH => Ok(tree),
            _ => Err(ParserError::ParserError(format!(
                "nested more than {MAX_DEPTH} levels deep, as a chain of as many operators is; write a list, or put parts of the chain in brackets"
            ))),
        }
    })
}

/// Runs `work` on a stack that is large enough to walk the tree. sqlparser's visitors and printing grow the
/// stack; this crate's functions do not.
pub fn with_stack<T>(tree: &impl Visit, work: impl FnOnce() -> T) -> T {
    on_stack(STACK + depth(tree) * LEVEL_STACK, work)
}

fn on_stack<T>(needed: usize, work: impl FnOnce() -> T) -> T {
    stacker::maybe_grow(needed, needed, work)
}

/// The depth of the tree, counted up to one level beyond the limit.
fn depth(tree: &impl Visit) -> usize {
    let mut depth = Depth::default();
    _ = tree.visit(&mut depth);
    depth.deepest
}

#[derive(Default)]
struct Depth {
    level: usize,
    deepest: usize,
}

impl Depth {
    fn down(&mut self) -> ControlFlow<()> {
        self.level += 1;
        self.deepest = self.deepest.max(self.level);
        if self.level > MAX_DEPTH { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn up(&mut self) -> ControlFlow<()> {
        self.level -= 1;
        ControlFlow::Continue(())
    }
}

impl Visitor for Depth {
    type Break = ();

    fn pre_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.down()
    }

    fn post_visit_expr(&mut self, _: &Expr) -> ControlFlow<()> {
        self.up()
    }

    fn pre_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<()> {
        self.down()
    }

    fn post_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<()> {
        self.up()
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.level += operands(&query.body);
        self.down()
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.level -= operands(&query.body);
        self.up()
    }
}

/// The number of operands in a chain of UNIONs, before it is walked.
fn operands(body: &SetExpr) -> usize {
    let (mut count, mut rest) = (0, vec![body]);
    while let Some(body) = rest.pop() {
        if let SetExpr::SetOperation { left, right, .. } = body {
            count += 1;
            rest.extend([&**left, &**right]);
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::googlesql::tokens;

    fn is_taken(sql: &str) -> bool {
        parse(tokens(sql).unwrap(), Parser::parse_statements).is_ok()
    }

    fn chain(part: &str, joined: &str, count: usize) -> String {
        format!("SELECT {}", vec![part; count].join(joined))
    }

    const CHAINS: [(&str, &str); 10] = [
        ("1", "+"),
        ("x", " AND "),
        ("x", " || "),
        ("CASE WHEN a THEN 1 ELSE 2 END", " + "),
        ("set", " + "),
        ("a", " IS DISTINCT FROM "),
        ("(1 + 1)", " * "),
        ("x", " IS NOT NULL AND "),
        ("SELECT 1", " UNION ALL "),
        ("a", " NOT IN (1) = "),
    ];

    #[test]
    fn a_chain_of_operators_has_an_end() {
        for (part, joined) in CHAINS {
            let chain = |count| chain(part, joined, count).replace("SELECT SELECT", "SELECT");
            assert!(is_taken(&chain(490)), "{part}{joined}");
            assert!(!is_taken(&chain(1002)), "{part}{joined}");
        }
        let error = parse(tokens(&chain("1", "+", 2000)).unwrap(), Parser::parse_statements);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("nested more than 1000 levels deep"), "{error}");
    }

    #[test]
    fn long_lists_are_not_deep() {
        assert!(is_taken(&chain("a = 1", ", ", 5000)));
        assert!(is_taken(&format!("SELECT x IN ({})", vec!["-1"; 10_000].join(", "))));
        assert!(is_taken(&format!("SELECT CASE {} END", "WHEN a = 1 THEN 2 ".repeat(2000))));
    }

    /// A test thread has 2 MiB of stack.
    #[test]
    fn a_chain_without_end_is_an_error_also_where_it_does_not_parse() {
        const LENGTH: usize = 100 * 1024;
        for part in [
            "+1",
            " IS NULL",
            "::INT64",
            " LIKE 1",
            " IN (1)",
            " BETWEEN 1 AND 2",
            " UNION ALL SELECT 1",
            " AT TIME ZONE 'x'",
            "[1]",
            ".b",
            " EXCEPT DISTINCT SELECT 1",
            " INTERSECT DISTINCT SELECT 1",
        ] {
            let sql = format!("SELECT a{}", part.repeat(LENGTH / part.len()));
            _ = is_taken(&sql);
            assert!(!is_taken(&format!("{sql} FROM (")), "{part}");
        }
        let pivots = " PIVOT(SUM(x) FOR y IN (1))".repeat(LENGTH / 40);
        assert!(!is_taken(&format!("SELECT 1 FROM a{pivots}")));
        for part in [
            "(",
            "[",
            "NOT ",
            "- ",
            "INTERVAL ",
            "CASE WHEN ",
            "CAST(1 AS ARRAY<",
            "STRUCT<a ",
            "(SELECT ",
        ] {
            assert!(!is_taken(&format!("SELECT {}", part.repeat(LENGTH / part.len()))), "{part}");
        }
    }
}

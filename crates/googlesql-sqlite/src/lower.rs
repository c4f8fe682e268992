//! Lowering: a parsed GoogleSQL statement is bound, and the typed tree is emitted as SQLite text.

use jiff::Timestamp;
use rusqlite::types::Value;
use sqlparser::ast;

use crate::Catalog;
use crate::bind::{Binder, Statement};
use crate::emit::Emitter;
pub use crate::emit::Part;
use crate::error::Result;
use crate::googlesql::{Params, SqlType, with_stack};

/// A statement in SQLite's form.
pub struct Lowered {
    /// The SQLite statements to execute, in order; a query is one part.
    pub parts: Vec<Part>,
    /// The values of `?1`, `?2`, …
    pub binds: Vec<Value>,
    /// Names and types of the result's columns. `None` is the type of a bare NULL.
    pub columns: Vec<(String, Option<SqlType>)>,
}

/// Lowers a query or a mutation. `now` is the time for the whole statement.
///
/// # Errors
/// BigQuery refuses the statement, this crate does not support it, or the catalog failed.
pub fn lower(
    catalog: &dyn Catalog,
    sql: &str,
    parsed: &ast::Statement,
    params: &Params,
    now: Timestamp,
) -> Result<Lowered> {
    // The typed tree is as deep as the parsed one, and comparing and dropping it recurses too.
    with_stack(parsed, || {
        let mut emitter = Emitter::new(catalog);
        let (parts, columns) = match Binder::new(catalog, sql, params, now)?.statement(parsed)? {
            Statement::Query(rows, columns) => (vec![Part::silent(emitter.rows(&rows))], columns),
            Statement::Change(change) => (emitter.change(&change), Vec::new()),
        };
        Ok(Lowered { parts, binds: emitter.binds, columns })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};
    use crate::googlesql::{parse, tokens};
    use crate::{Relation, Table};

    /// A database without tables.
    struct Empty;

    impl Catalog for Empty {
        fn table(&self, dotted: &str) -> Result<Table> {
            Err(Error::new(Kind::NotFound, dotted))
        }

        fn relation(&self, _: &str) -> Result<Option<Relation>> {
            Ok(None)
        }

        fn note_column(&self, _: &str, _: usize, _: &str, _: &str) -> String {
            String::new()
        }

        fn forget_columns(&self, _: &str) -> String {
            String::new()
        }
    }

    #[test]
    fn the_deepest_tree_needs_no_more_stack_than_there_is() {
        let sum = format!("1{}", " + 1".repeat(900));
        let sql = format!("SELECT x FROM (SELECT {sum} AS x) GROUP BY x ORDER BY x, {sum} + x");
        let parsed = parse(tokens(&sql).unwrap(), |parser| parser.parse_statement()).unwrap();
        let lower = || {
            let lowered = lower(&Empty, &sql, &parsed, &Params::none(), Timestamp::UNIX_EPOCH);
            lowered.map(|lowered| lowered.parts.len())
        };
        let small = std::thread::Builder::new().stack_size(256 * 1024);
        let lowered = std::thread::scope(|threads| {
            small.spawn_scoped(threads, lower).unwrap().join().unwrap()
        });
        assert_eq!(lowered.unwrap(), 1);
    }
}

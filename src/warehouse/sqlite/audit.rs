//! The audit table of the embedded warehouse, a table like any other to the statements that use it.

use std::ops::ControlFlow;

use rusqlite::Connection;
use sqlparser::ast::{TableFactor, Visit, Visitor};

use super::failure::failed;
use super::schema::{self, Table};
use crate::check::{self, Checked};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::warehouse::audit::COLUMNS;

/// Whether this is the name of the audit table.
pub(super) fn is_named(table: &str) -> bool {
    table == TableName::embedded_audit().dotted()
}

/// What is known of the audit table, also where there is none yet.
pub(super) fn described() -> Table {
    Table {
        name: TableName::embedded_audit().dotted(),
        columns: COLUMNS.map(|(name, sql_type)| (name.to_owned(), sql_type)).to_vec(),
    }
}

/// Makes the audit table if there is none.
pub(super) fn ensure(connection: &Connection) -> Result<()> {
    let name = TableName::embedded_audit().dotted();
    if schema::has(connection, &name)? {
        return Ok(());
    }
    let columns = COLUMNS
        .iter()
        .map(|(name, sql_type)| Ok((crate::googlesql::Ident::parse(name)?, *sql_type)))
        .collect::<Result<Vec<_>>>()?;
    schema::create(connection, &name, &columns)?;
    connection
        .execute_batch("CREATE INDEX \"_onerow_audit_runs\" ON \"onerow.audit\" (run_id, date)")
        .map_err(failed("create the audit table"))
}

/// The table that a query reads at another point in time. There is no history here: the rows that a
/// run took out of that table are those that the audit table keeps.
pub(super) fn travels(query: &Checked) -> Option<String> {
    let mut found = Travels(None);
    _ = query.parsed()?.visit(&mut found);
    found.0
}

struct Travels(Option<String>);

impl Visitor for Travels {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, version: Some(_), .. } = factor {
            self.0 = Some(check::dotted(name));
        }
        ControlFlow::Continue(())
    }
}

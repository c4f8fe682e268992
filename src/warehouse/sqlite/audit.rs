//! The audit table of the embedded warehouse, a table like any other to the statements that use it.

use rusqlite::Connection;

use super::failure::failed;
use super::schema::{self, Table};
use crate::error::Result;
use crate::googlesql::{SqlType, TableName};

/// The columns of an audit table, in order.
pub(crate) const COLUMNS: [(&str, SqlType); 8] = [
    ("run_id", SqlType::String),
    ("job_id", SqlType::String),
    ("rule", SqlType::String),
    ("table_name", SqlType::String),
    ("step", SqlType::String),
    ("date", SqlType::Date),
    ("row_id", SqlType::String),
    ("state", SqlType::String),
];

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

//! Loading rows into a table, all or none.

use std::fmt::Display;

use googlesql_sqlite::storage::{encode, is_opaque, quoted};
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failure::failed;
use super::schema::{self, Table};
use super::{Sqlite, Streaming, buffer, changes, loads};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, Nested, SqlType, SqlValue, TableName};

/// What a load does besides appending rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// Whether the rows replace all rows of the table.
    pub replace: bool,
    /// The files that the rows are of: name and SHA-256, as hexadecimal digits.
    pub of: &'a [(String, String)],
}

impl Sqlite {
    /// Loads rows that are of no file; see [`Self::load_files`].
    ///
    /// # Errors
    /// A row does not fit the columns, or the database cannot be written.
    pub fn load(
        &self,
        table: &TableName,
        columns: &[(Ident, SqlType)],
        nested: &[(Ident, Nested)],
        rows: &mut dyn Iterator<Item = Result<Vec<SqlValue>>>,
        streaming: Streaming,
    ) -> Result<u64> {
        self.load_files(table, columns, nested, rows, streaming, Files::default())
    }

    /// Adds rows to the table in one transaction, creating it with these columns if necessary: an error,
    /// also one from `rows`, leaves nothing behind, not even the table. Columns of the table that are not
    /// given are NULL. `nested` has the full types of ARRAY and STRUCT columns whose fields are to be read.
    /// Returns the number of rows loaded.
    ///
    /// # Errors
    /// A row does not fit the columns, or the database cannot be written.
    pub fn load_files(
        &self,
        table: &TableName,
        columns: &[(Ident, SqlType)],
        nested: &[(Ident, Nested)],
        rows: &mut dyn Iterator<Item = Result<Vec<SqlValue>>>,
        streaming: Streaming,
        files: Files<'_>,
    ) -> Result<u64> {
        let connection = self.connection()?;
        let streamed_at = match streaming {
            Streaming::Settled => Value::Null,
            Streaming::Streamed => Value::Integer(self.begin().as_microsecond()),
        };
        let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)
            .map_err(failed("start a transaction"))?;
        let name = table.dotted();
        match schema::find(&transaction, &name)? {
            Some(existing) => fits(&existing, columns, nested)?,
            None => schema::create(&transaction, &name, columns, nested)?,
        }
        if files.replace {
            let delete = format!("DELETE FROM {}", quoted(&name));
            transaction.execute_batch(&delete).map_err(failed("remove the table's rows"))?;
            loads::forget(&transaction, &name)?;
        }
        loads::note(&transaction, &name, files.of, self.begin())?;
        let hidden = match changes::is_kept(&transaction, &name)? {
            true => vec![
                (buffer::COLUMN, streamed_at),
                (changes::COLUMN, Value::Integer(changes::next(&transaction)?)),
            ],
            false => vec![(buffer::COLUMN, streamed_at)],
        };
        let loaded = insert(&transaction, &name, columns, rows, &hidden)?;
        transaction.commit().map_err(failed("commit the loaded rows"))?;
        Ok(loaded)
    }

    /// Creates an index of the partition column, if it does not exist.
    pub fn index(&self, table: &TableName, column: &Ident) -> Result<()> {
        let connection = self.connection()?;
        let table = schema::table(&connection, &table.dotted())?;
        let (column, _) = table.column(column.as_str())?;
        connection
            .execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS {} ON {} ({})",
                quoted(&format!("_onerow_index_{column}:{}", table.name)),
                quoted(&table.name),
                quoted(column),
            ))
            .map_err(failed("index the table"))
    }
}

fn fits(existing: &Table, columns: &[(Ident, SqlType)], nested: &[(Ident, Nested)]) -> Result<()> {
    for (i, (column, given)) in columns.iter().enumerate() {
        let (name, known) = existing.column(column.as_str())?;
        let other = |known: &dyn Display, given: &dyn Display| {
            let of = format!("column `{}` of table `{}`", column.as_str(), existing.name);
            Err(Error::new(Kind::DataFile, format!("{of} is {known}, not {given}")))
        };
        if known != given {
            return other(known, given);
        }
        let known = existing.nested.iter().find(|(nested, _)| nested == name);
        let given = nested.iter().find(|(nested, _)| nested.same_column(name));
        if let (Some((_, known)), Some((_, given))) = (known, given)
            && known != given
        {
            return other(known, given);
        }
        if columns[..i].iter().any(|(earlier, _)| earlier.same_column(column.as_str())) {
            let message = format!("column `{}` occurs twice", column.as_str());
            return Err(Error::new(Kind::DataFile, message));
        }
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    table: &str,
    columns: &[(Ident, SqlType)],
    rows: &mut dyn Iterator<Item = Result<Vec<SqlValue>>>,
    hidden: &[(&str, Value)],
) -> Result<u64> {
    let names = columns.iter().map(|(column, _)| quoted(column.as_str()));
    let names: Vec<String> =
        hidden.iter().map(|(name, _)| (*name).to_owned()).chain(names).collect();
    let marks: Vec<String> = (1..=names.len()).map(|i| format!("?{i}")).collect();
    let failed = failed("load a row");
    let mut prepared = connection
        .prepare(&format!(
            "INSERT INTO {} ({}) VALUES ({})",
            quoted(table),
            names.join(", "),
            marks.join(", "),
        ))
        .map_err(&failed)?;
    let mut loaded = 0;
    for row in rows {
        let mut values: Vec<Value> = hidden.iter().map(|(_, value)| value.clone()).collect();
        values.extend(encoded(row?, columns)?);
        prepared.execute(rusqlite::params_from_iter(values)).map_err(&failed)?;
        loaded += 1;
    }
    Ok(loaded)
}

fn encoded(row: Vec<SqlValue>, columns: &[(Ident, SqlType)]) -> Result<Vec<Value>> {
    if row.len() != columns.len() {
        let message = format!("a row has {} values for {} columns", row.len(), columns.len());
        return Err(Error::new(Kind::DataFile, message));
    }
    row.iter()
        .zip(columns)
        .map(|(value, (column, expected))| match value.sql_type() {
            // BigQuery stores a NULL ARRAY as an empty one.
            None if *expected == SqlType::Array => Ok(Value::Text("[]".to_owned())),
            Some(SqlType::String) if is_opaque(*expected) => Ok(encode(value)?),
            Some(given) if given != *expected && !both_decimal(given, *expected) => {
                Err(Error::new(
                    Kind::DataFile,
                    format!("column `{}` is {expected}, not {given}", column.as_str()),
                ))
            }
            _ => Ok(encode(value)?),
        })
        .collect()
}

fn both_decimal(given: SqlType, expected: SqlType) -> bool {
    given == SqlType::Numeric && expected == SqlType::BigNumeric
}

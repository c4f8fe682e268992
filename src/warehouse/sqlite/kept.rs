//! Rows stored as JSON in the removal log: determines their columns, since the table's may have changed.

use rusqlite::Connection;
use serde_json::{Map, Value as Json};
use sqlparser::ast::{self, SetExpr, TableFactor};

use super::failure::failed;
use super::schema;
use crate::check;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Params, SqlType, SqlValue, is_pseudo_column};
use crate::window::Day;

/// The job whose rows are restored.
pub(super) fn record(params: &Params) -> Result<String> {
    params.get("undone_record").map(ToString::to_string).ok_or_else(|| {
        Error::new(
            Kind::Refused,
            "the statement needs the query parameter `@undone_record`, which was not given",
        )
    })
}

/// The table of a before image.
pub(super) fn table_of(image: &ast::Statement) -> Result<String> {
    let query = match image {
        ast::Statement::CreateTable(table) => table.query.as_ref(),
        _ => None,
    };
    let from = query.and_then(|query| match &*query.body {
        SetExpr::Select(select) => select.from.first(),
        _ => None,
    });
    match from.map(|from| &from.relation) {
        Some(TableFactor::Table { name, .. }) => Ok(check::dotted(name)),
        _ => Err(Error::new(Kind::UnexpectedAnswer, "the statement sets no rows aside")),
    }
}

/// The columns of the stored rows, in order. The log has no types: a column has its current type if every
/// value fits it, otherwise the JSON's.
pub(super) fn columns(
    connection: &Connection,
    table: &str,
    params: &Params,
) -> Result<Vec<(String, SqlType)>> {
    let mut now = schema::table(connection, table)?.columns;
    // In a stored row, the ingestion time has the column name of a before image.
    for (name, _) in now.iter_mut().filter(|(name, _)| is_pseudo_column(name)) {
        *name = "onerow_arrived".to_owned();
    }
    let read = failed("read the removal log");
    let mut prepared = connection.prepare(&rows("?1", "?2", None)).map_err(&read)?;
    let mut rows = prepared.query([&*record(params)?, table]).map_err(&read)?;
    let mut found: Vec<Kept> = Vec::new();
    while let Some(row) = rows.next().map_err(&read)? {
        let text: String = row.get(0).map_err(&read)?;
        let object: Map<String, Json> = serde_json::from_str(&text).map_err(|_| {
            Error::new(
                Kind::UnexpectedAnswer,
                "the removal log holds a row that is not a JSON object",
            )
        })?;
        if found.is_empty() {
            found = object.keys().map(|name| Kept::new(name, &now)).collect();
        }
        for kept in &mut found {
            kept.see(object.get(&kept.name).unwrap_or(&Json::Null));
        }
    }
    match found.is_empty() {
        true => Ok(now),
        false => Ok(found.into_iter().map(Kept::typed).collect()),
    }
}

/// The rows that the log has of a job and a table, as JSON, limited to a date if given: removed rows, and
/// each survivor once, as it was before it was merged.
pub(super) fn rows(record: &str, table: &str, day: Option<Day>) -> String {
    let of_day = match day.map(Day::date) {
        None => String::new(),
        Some(None) => " AND date IS NULL".to_owned(),
        Some(Some(date)) => format!(" AND date = '{date}'"),
    };
    let kept = |column: &str, select: &str| {
        format!(
            "{select} {column} AS kept FROM \"onerow.removals\" \
             WHERE record_id = {record} AND table_name = {table} AND {column} IS NOT NULL{of_day}"
        )
    };
    let (removed, survivors) =
        (kept("removed_row", "SELECT"), kept("survivor_before", "SELECT DISTINCT"));
    format!("SELECT kept FROM ({removed}) UNION ALL SELECT kept FROM ({survivors})")
}

/// A column of stored rows, and the common properties of its values.
struct Kept {
    name: String,
    /// The current column's type, as long as every value fits it.
    now: Option<SqlType>,
    bools: bool,
    integers: bool,
    fractions: bool,
    texts: bool,
}

impl Kept {
    fn new(name: &str, now: &[(String, SqlType)]) -> Self {
        let now = now.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        let (bools, integers, fractions, texts) = (false, false, false, false);
        Self { name: name.to_owned(), now: now.map(|(_, t)| *t), bools, integers, fractions, texts }
    }

    fn see(&mut self, value: &Json) {
        match value {
            Json::Null => return,
            Json::Bool(_) => self.bools = true,
            Json::Number(number) if number.is_f64() => self.fractions = true,
            Json::Number(_) => self.integers = true,
            _ => self.texts = true,
        }
        self.now = self.now.filter(|sql_type| is_of(value, *sql_type));
    }

    fn typed(self) -> (String, SqlType) {
        let of_json = match (self.bools, self.integers, self.fractions, self.texts) {
            (true, false, false, false) => SqlType::Bool,
            (false, true, false, false) => SqlType::Int64,
            (false, _, true, _) => SqlType::Float64,
            // Integers as numbers and others as text, as NUMERIC is written.
            (false, true, false, true) => SqlType::Numeric,
            _ => SqlType::String,
        };
        (self.name, self.now.unwrap_or(of_json))
    }
}

/// Whether the value is of this type, in the form of TO_JSON_STRING.
fn is_of(value: &Json, sql_type: SqlType) -> bool {
    match sql_type {
        SqlType::Array => return value.is_array(),
        SqlType::Struct => return value.is_object(),
        SqlType::Json => return true,
        _ => {}
    }
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    let written = value.to_string();
    SqlValue::parse(&text, sql_type)
        .is_ok_and(|read| googlesql_sqlite::to_json_string(&read) == written)
}

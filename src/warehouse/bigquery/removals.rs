//! The removal log: its table, and estimates of statements that read it before it exists.

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use gcp_bigquery_client::model::time_partitioning::TimePartitioning;
use sqlparser::ast::{self, ObjectName, TableFactor, VisitMut, VisitorMut};
use std::ops::ControlFlow;

use super::{BigQuery, metadata};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, TableName};
use crate::removals::{CLUSTERING, COLUMNS, PARTITION, check_columns};

impl BigQuery {
    /// Creates the removal log if it does not exist, partitioned by the day of a run's start.
    pub(super) fn ensure_removals(&self, table: &TableName) -> Result<()> {
        match self.table(table) {
            Ok(found) => {
                let columns = metadata::columns(&found["schema"]);
                return check_columns(table, columns.iter().map(|column| column.name.as_str()));
            }
            Err(error) if error.kind() == Kind::NotFound => {}
            Err(error) => return Err(error),
        }
        let field = |(name, sql_type): (&str, SqlType)| {
            let field_type = match sql_type {
                SqlType::Date => FieldType::Date,
                SqlType::Timestamp => FieldType::Timestamp,
                SqlType::Int64 => FieldType::Integer,
                _ => FieldType::String,
            };
            TableFieldSchema::new(name, field_type)
        };
        let schema = TableSchema::new(COLUMNS.map(field).to_vec());
        let expires = self.settings.removals_expire_after;
        let resource = Table {
            description: Some("The rows that runs of onerow removed.".to_owned()),
            time_partitioning: Some(TimePartitioning {
                r#type: "DAY".to_owned(),
                field: Some(PARTITION.to_owned()),
                expiration_ms: expires.map(|after| after.as_millis().to_string()),
                ..TimePartitioning::default()
            }),
            clustering: Some(Clustering { fields: Some(CLUSTERING.map(str::to_owned).to_vec()) }),
            ..Table::new(self.project_of(table), table.dataset(), table.table(), schema)
        };
        self.create_table(&resource).map_err(|error| {
            error.while_doing(format!("creating the removal log {}", table.dotted()))
        })
    }
}

/// Whether this table is the missing one.
pub(super) fn is_missing(error: &Error, table: &TableName) -> bool {
    error.kind() == Kind::NotFound && error.to_string().contains(table.table())
}

/// The statement with an empty removal log, for an estimate before it exists: of an INSERT only its query,
/// with no rows where the log is read. `None` if the statement cannot be parsed.
pub(super) fn without_log(statement: &Checked, log: &TableName) -> Option<String> {
    let mut parsed = statement.parsed()?;
    _ = VisitMut::visit(&mut parsed, &mut Empty { log, rows: empty_rows()? });
    match parsed {
        ast::Statement::Insert(insert) => insert.source.as_ref().map(ToString::to_string),
        ast::Statement::Delete(delete) if reads(&delete, log) => None,
        other => Some(other.to_string()),
    }
}

/// Whether the rows are deleted from the log itself.
fn reads(delete: &ast::Delete, log: &TableName) -> bool {
    delete.to_string().contains(&log.to_string())
}

/// A query without rows that has the columns of a removal log.
fn empty_rows() -> Option<ast::Query> {
    let columns = COLUMNS.map(|(name, sql_type)| format!("CAST(NULL AS {sql_type}) AS {name}"));
    let sql = format!("SELECT {} LIMIT 0", columns.join(", "));
    let parsed = sqlparser::parser::Parser::parse_sql(&sqlparser::dialect::BigQueryDialect, &sql);
    match parsed.ok()?.pop() {
        Some(ast::Statement::Query(query)) => Some(*query),
        _ => None,
    }
}

struct Empty<'a> {
    log: &'a TableName,
    rows: ast::Query,
}

impl Empty<'_> {
    fn is_log(&self, name: &ObjectName) -> bool {
        check::dotted(name) == self.log.dotted()
    }
}

impl VisitorMut for Empty<'_> {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias, .. } = factor
            && self.is_log(name)
        {
            *factor = TableFactor::Derived {
                lateral: false,
                subquery: Box::new(self.rows.clone()),
                alias: alias.clone(),
                sample: None,
            };
        }
        ControlFlow::Continue(())
    }
}

//! The audit: one transaction of what keeps rows and what changes them, and the table that it fills.

use gcp_bigquery_client::model::clustering::Clustering;
use gcp_bigquery_client::model::field_type::FieldType;
use gcp_bigquery_client::model::table::Table;
use gcp_bigquery_client::model::table_field_schema::TableFieldSchema;
use gcp_bigquery_client::model::table_schema::TableSchema;
use sqlparser::ast;

use super::{BigQuery, Request};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlType, SqlValue, TableName};
use crate::warehouse::sqlite::audit::COLUMNS;
use crate::warehouse::{Answer, JobId, Returned};

/// Both statements in one transaction, and then how many rows were kept. A transaction that fails
/// is rolled back as a whole.
/// Source: <https://cloud.google.com/bigquery/docs/transactions#transaction_scope>
pub(super) fn transaction(audit: &Checked, statement: &Checked, table: &TableName) -> String {
    format!(
        "BEGIN TRANSACTION;\n{};\n{};\nCOMMIT TRANSACTION;\n\
         SELECT COUNT(*) AS kept FROM {table} WHERE run_id = @run_id AND job_id = @job_id",
        audit.statement().sql.trim_end(),
        statement.statement().sql.trim_end()
    )
}

/// The query of an audit, for an estimate where there may be no audit table yet.
pub(super) fn query_of(statement: &Checked) -> Option<String> {
    match statement.parsed() {
        Some(ast::Statement::Insert(insert)) => insert.source.as_ref().map(ToString::to_string),
        _ => None,
    }
}

impl BigQuery {
    /// Runs a transaction as a job, once. The first run finds no audit table, and makes it.
    pub(super) fn audited(&self, id: &JobId, request: &Request<'_>) -> Result<Answer> {
        let table = self.settings.audit_table();
        let answer = match self.query(id, request) {
            Err(error) if is_missing(&error, &table) => {
                self.create_audit(&table)?;
                let message = format!("there was no audit table {}; it is made", table.dotted());
                return Err(Error::new(Kind::Transient, message));
            }
            answer => answer?,
        };
        let kept = match &answer.result {
            Returned::Rows(rows) => rows.rows.first().and_then(|row| row.first()),
            _ => None,
        };
        let affected = match kept {
            Some(SqlValue::Int64(count)) => u64::try_from(*count).ok(),
            _ => None,
        };
        Ok(Answer { result: Returned::Affected(affected), ..answer })
    }

    fn create_audit(&self, table: &TableName) -> Result<()> {
        let field = |(name, sql_type): (&str, SqlType)| {
            let field_type =
                if sql_type == SqlType::Date { FieldType::Date } else { FieldType::String };
            TableFieldSchema::new(name, field_type)
        };
        let schema = TableSchema::new(COLUMNS.map(field).to_vec());
        let resource = Table {
            description: Some("The rows that runs of onerow took out.".to_owned()),
            clustering: Some(Clustering { fields: Some(vec!["run_id".to_owned()]) }),
            ..Table::new(self.project_of(table), table.dataset(), table.table(), schema)
        };
        self.create_table(&resource)
            .map_err(|error| error.during(format!("creating the audit table {}", table.dotted())))
    }
}

fn is_missing(error: &Error, table: &TableName) -> bool {
    error.kind() == Kind::NotFound && error.to_string().contains(table.table())
}

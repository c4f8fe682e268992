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
use crate::statement::Params;
use crate::warehouse::audit::{COLUMNS, GONE};
use crate::warehouse::{Answer, Audit, JobId, Returned};

/// Both statements in one transaction, and then how many rows were kept. A transaction that fails
/// is rolled back as a whole. Rows of another time are set aside before, since DML operates on the
/// current version of the table that it changes.
/// Source: <https://cloud.google.com/bigquery/docs/transactions#transaction_scope>
pub(super) fn transaction(audit: Audit<'_>, statement: &Checked, table: &TableName) -> String {
    let gone = audit.gone.map(|gone| {
        let sql = gone.statement().sql.trim_end();
        format!("CREATE OR REPLACE TEMP TABLE {GONE} AS\n{sql};\n")
    });
    format!(
        "{}BEGIN TRANSACTION;\n{};\n{};\nCOMMIT TRANSACTION;\n\
         SELECT COUNT(*) AS kept FROM {table} WHERE run_id = @run_id AND job_id = @job_id",
        gone.unwrap_or_default(),
        audit.keeps.statement().sql.trim_end(),
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
            Err(error) if error.kind() != Kind::Unreachable => return self.committed(id, error),
            answer => answer?,
        };
        Ok(Answer { result: Returned::Affected(counted(&answer)), ..answer })
    }

    /// The end of a transaction that ended with an error: it may have been committed before, since
    /// the job goes on after the commit. Then its rows are kept.
    fn committed(&self, id: &JobId, error: Error) -> Result<Answer> {
        match self.kept(id) {
            Ok(None) => Err(error),
            Ok(Some(count)) => Ok(Returned::Affected(Some(count)).into()),
            Err(cause) => Err(Error::new(Kind::Unreachable, error.headline())
                .help(format!("whether it was committed is not known: {}", cause.headline()))),
        }
    }

    /// How many rows the audit table keeps of a job; `None` where it keeps none.
    pub(super) fn kept(&self, id: &JobId) -> Result<Option<u64>> {
        let table = self.settings.audit_table();
        let sql = format!("SELECT COUNT(*) AS kept FROM {table} WHERE job_id = @job_id");
        let params = Params::none().with("job_id", SqlValue::String(id.to_string()));
        let request = Request { sql: &sql, params: &params, labels: &[("tool", "onerow")] };
        let look = JobId::from_ledger(format!("{id}_kept_{:08x}", fastrand::u32(..)));
        match self.query(&look, &request) {
            Ok(answer) => Ok(counted(&answer).filter(|count| *count > 0)),
            Err(error) if is_missing(&error, &table) => Ok(None),
            Err(error) => Err(error),
        }
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

/// The only figure of an answer.
fn counted(answer: &Answer) -> Option<u64> {
    let Returned::Rows(rows) = &answer.result else { return None };
    match rows.rows.first()?.first()? {
        SqlValue::Int64(count) => u64::try_from(*count).ok(),
        _ => None,
    }
}

fn is_missing(error: &Error, table: &TableName) -> bool {
    error.kind() == Kind::NotFound && error.to_string().contains(table.table())
}

//! Whether the account that runs onerow sees every row, and the true value of every column. Hidden rows would
//! be counted as clean.

use super::Returned;
use crate::error::{Error, Kind, Result};
use crate::rule::{Rule, Strategy};
use crate::warehouse::Answer;

/// Errors: row access policies applied to a query's rows, and the rule does not set `full_access`.
/// Source: <https://cloud.google.com/bigquery/docs/using-row-level-security-with-features>
pub(super) fn rows(rule: &Rule, answer: &Answer) -> Result<()> {
    let is_query = matches!(answer.result, Returned::Rows(_));
    if !(is_query && answer.row_policies_applied) || rule.full_access {
        return Ok(());
    }
    let message = format!(
        "{} has row access policies, which may hide rows from the account that runs onerow: what it counts \
         need not be all that is there",
        rule.table.dotted()
    );
    Err(Error::new(Kind::AccessDenied, message).help(format!(
        "give the account a policy that hides nothing, with CREATE ROW ACCESS POLICY … ON {} GRANT TO (…) \
         FILTER USING (TRUE), and then set `full_access = true` in the rule",
        rule.table
    )))
}

/// Errors: columns that the rule's statements read have policy tags, so the account may see masked values,
/// and the rule does not set `full_access`. A strategy that restores rows reads all columns.
/// Source: <https://cloud.google.com/bigquery/docs/column-data-masking-intro>
pub(super) fn columns(rule: &Rule, protected: &[String], restores: bool) -> Result<()> {
    let all = rule.strategy == Strategy::Rewrite || rule.keep_rows || restores;
    let is_read = |column: &String| all || rule.is_decided_by(column);
    let protected: Vec<&str> =
        protected.iter().filter(|column| is_read(column)).map(String::as_str).collect();
    if protected.is_empty() || rule.full_access {
        return Ok(());
    }
    let message = format!(
        "policy tags protect {} of {}: the account that runs onerow may see masked values in place of the \
         true ones, and would compare or write those",
        protected.join(", "),
        rule.table.dotted()
    );
    Err(Error::new(Kind::AccessDenied, message).help(
        "grant the account the role Fine-Grained Reader on these tags, and then set `full_access = true` in \
         the rule",
    ))
}

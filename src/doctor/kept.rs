//! How long a run can be explained and undone: time travel, and default table expirations.

use super::kind::days;
use super::{Line, Lines, Topic};
use crate::error::Kind;
use crate::googlesql::TableName;
use crate::rule::Rule;
use crate::warehouse::Warehouse;

/// The default time-travel window of a dataset, which is also the longest.
/// Source: <https://cloud.google.com/bigquery/docs/time-travel>
const WEEK: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// How long a run of a rule that removes rows can be undone.
pub(super) fn undo(lines: &mut Lines, rule: &Rule, warehouse: &dyn Warehouse) {
    if !rule.strategy.is_destructive() {
        return;
    }
    let window = match warehouse.dataset(&rule.table) {
        Ok(None) => return,
        Ok(Some(dataset)) => dataset.time_travel.unwrap_or(WEEK),
        Err(error) if error.kind() == Kind::AccessDenied => {
            let seen = "a run can be undone within the dataset's time-travel window, 2 to 7 days; the \
                        account may not read which (bigquery.datasets.get)";
            return lines.skipped(Topic::Undo, seen);
        }
        Err(error) => return lines.failed(Topic::Undo, &error),
    };
    let kept = match rule.keep_rows {
        true => "; after that, the removal log still holds the rows as JSON",
        false => "; after that, the removed rows are gone",
    };
    let seen = format!("a run can be undone for {}{kept}", days(window));
    match window < WEEK {
        false => lines.good(Topic::Undo, seen),
        true => lines.advice(
            Topic::Undo,
            seen,
            format!(
                "that is the dataset's time-travel window; ALTER SCHEMA `{}` SET OPTIONS \
                 (max_time_travel_hours = 168) makes it 7 days",
                dataset_of(&rule.table)
            ),
        ),
    }
    if rule.full_access {
        lines.advice(
            Topic::Undo,
            "`full_access` says that the table may have row access policies",
            "where it has or had any, an undo needs the permission \
             bigquery.rowAccessPolicies.overrideTimeTravelRestrictions too",
        );
    }
}

/// Whether a default expiration of the dataset deletes the tables that runs create.
/// Source: <https://cloud.google.com/bigquery/docs/updating-datasets#table-expiration>
pub fn kept(warehouse: &dyn Warehouse, tables: &[(&str, TableName)]) -> Vec<Line> {
    let mut lines = Lines::about(None);
    for (what, table) in tables {
        let name = table.dotted();
        match warehouse.describe(table) {
            Ok(found) => {
                if let Some(at) = found.details.expires {
                    lines.advice(
                        Topic::Expiry,
                        format!("the {what} {name} is deleted at {at}"),
                        format!(
                            "without it, runs cannot be looked up or undone; ALTER TABLE {table} SET \
                             OPTIONS (expiration_timestamp = NULL)"
                        ),
                    );
                }
            }
            Err(error) if error.kind() == Kind::NotFound => {
                let dataset = warehouse.dataset(table).ok().flatten();
                if let Some(after) = dataset.and_then(|dataset| dataset.tables_expire_after) {
                    lines.advice(
                        Topic::Expiry,
                        format!(
                            "the {what} {name}, which the first run creates, would be deleted {} later: that \
                             is the default of its dataset",
                            days(after)
                        ),
                        format!(
                            "ALTER SCHEMA `{}` SET OPTIONS (default_table_expiration_days = NULL), or name \
                             another dataset in `ledger`",
                            dataset_of(table)
                        ),
                    );
                }
            }
            // Another line reports whether it can be reached.
            Err(_) => {}
        }
    }
    lines.lines
}

fn dataset_of(table: &TableName) -> String {
    match table.project() {
        Some(project) => format!("{project}.{}", table.dataset()),
        None => table.dataset().to_owned(),
    }
}

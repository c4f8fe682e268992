//! The kind of table, and metadata that affects a rule.

use bytesize::ByteSize;

use super::{Lines, Topic};
use crate::googlesql::Ident;
use crate::rule::{Rule, Strategy};
use crate::warehouse::{Description, Details, TableKind, Values};

/// Checks the kind of table. Returns whether statements can change it.
/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>
pub(super) fn kind(lines: &mut Lines, rule: &Rule, details: &Details) -> bool {
    let name = rule.table.dotted();
    let cannot = |lines: &mut Lines, what: &str, remedy: String| {
        let seen = format!("{name} is {what}, which no UPDATE, DELETE or MERGE can change");
        lines.bad(Topic::TableType, seen, remedy);
        false
    };
    match &details.kind {
        TableKind::Table => {}
        TableKind::View => {
            let remedy = "set `table` to the underlying table".to_owned();
            return cannot(lines, "a view", remedy);
        }
        TableKind::MaterializedView => {
            let remedy = "name the table that it is made from in `table`".to_owned();
            return cannot(lines, "a materialized view", remedy);
        }
        TableKind::External => {
            let remedy =
                "load its data into a table of BigQuery's own, and name that in `table`".to_owned();
            return cannot(lines, "an external table", remedy);
        }
        TableKind::Snapshot => {
            let remedy =
                format!("make a table of it, CREATE TABLE … CLONE {}, and name that", rule.table);
            return cannot(lines, "a snapshot", remedy);
        }
        TableKind::Other(word) => lines.advice(
            Topic::TableType,
            format!("{name} is of type {word}, which this version of onerow does not know"),
            "the dry runs below show whether it accepts the rule's statements",
        ),
    }
    if let Some(origin) = &details.clone_of {
        lines.good(Topic::TableType, format!("a clone of {origin}: changed rows are stored anew"));
    }
    if details.is_iceberg {
        lines.good(Topic::TableType, "an Apache Iceberg table that BigQuery manages");
    }
    !is_change_data(lines, details)
}

/// Whether the table receives upsert streams, as in change data capture.
/// Source: <https://cloud.google.com/bigquery/docs/change-data-capture#limitations>
fn is_change_data(lines: &mut Lines, details: &Details) -> bool {
    let Some(staleness) = &details.max_staleness else { return false };
    if details.primary_key.is_empty() {
        return false;
    }
    lines.bad(
        Topic::TableType,
        format!(
            "the table has a primary key and max_staleness ({staleness}), as change data capture has: \
             BigQuery refuses UPDATE, DELETE and MERGE where rows were streamed as upserts"
        ),
        "correct the rows where the stream is written: an upsert replaces the row of the same primary key; or \
         clean a copy of the table",
    );
    true
}

/// Checks other metadata: keys, collations, generated columns, expiration, storage.
pub(super) fn details(lines: &mut Lines, rule: &Rule, description: &Description) {
    let details = &description.details;
    primary_key(lines, rule, details);
    collations(lines, rule, details);
    generated(lines, rule, details);
    expiry(lines, rule, details);
    storage(lines, details);
}

/// The entries of the rule's key that are columns and not expressions.
fn key_columns(rule: &Rule) -> impl Iterator<Item = Ident> {
    rule.key.iter().filter_map(|entry| Ident::of_sql(entry.as_str()))
}

/// BigQuery does not enforce a declared key, but relies on it.
/// Source: <https://cloud.google.com/bigquery/docs/information-schema-table-constraints>
fn primary_key(lines: &mut Lines, rule: &Rule, details: &Details) {
    let key: Vec<Ident> = key_columns(rule).chain(rule.partition.column().cloned()).collect();
    let is_in_key = |column: &String| key.iter().any(|known| known.same_column(column));
    let declared = &details.primary_key;
    if declared.is_empty() || !declared.iter().all(is_in_key) {
        return;
    }
    let kept = match rule.strategy {
        Strategy::Deactivate => "deactivated rows stay in the table, and break it too",
        Strategy::Delete | Strategy::Rewrite => "that ends once every date is clean",
    };
    lines.advice(
        Topic::PrimaryKey,
        format!("the table declares the primary key ({}), which duplicates break", declared.join(", ")),
        format!(
            "BigQuery trusts the key but does not enforce it: a query that joins on it may return wrong \
             results; {kept}; ALTER TABLE {} DROP PRIMARY KEY",
            rule.table
        ),
    );
}

/// Source: <https://cloud.google.com/bigquery/docs/collation-concepts>
fn collations(lines: &mut Lines, rule: &Rule, details: &Details) {
    let compared: Vec<Ident> = key_columns(rule).collect();
    for (column, collation) in &details.collations {
        let is_compared = compared.iter().any(|known| known.same_column(column));
        if is_compared || rule.row_id.reads(column) {
            lines.advice(
                Topic::Collation,
                format!("`{column}` is compared by the collation {collation}: 'A' and 'a' may be the same"),
                format!(
                    "leave it if that is meant; else write COLLATE({column}, '') in `key`, or name \
                     another `row_id`"
                ),
            );
        }
    }
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#insert_statement>
fn generated(lines: &mut Lines, rule: &Rule, details: &Details) {
    let always = details.generated.iter().filter(|(_, values)| *values == Values::Always);
    let columns: Vec<&str> = always.map(|(column, _)| column.as_str()).collect();
    if columns.is_empty() {
        return;
    }
    let seen =
        format!("BigQuery generates the values of {}, and takes no others", columns.join(", "));
    match rule.strategy {
        Strategy::Rewrite => lines.bad(
            Topic::Generated,
            seen,
            "`rewrite` inserts whole rows, which is refused; set strategy = \"delete\" or \"deactivate\"",
        ),
        Strategy::Delete => lines.advice(
            Topic::Generated,
            seen,
            "`onerow undo` inserts rows again, which is refused: set strategy = \"deactivate\" where you may \
             need it",
        ),
        Strategy::Deactivate => {}
    }
}

/// Source: <https://cloud.google.com/bigquery/docs/managing-partitioned-tables#partition-expiration>
fn expiry(lines: &mut Lines, rule: &Rule, details: &Details) {
    if let Some(at) = details.expires {
        lines.advice(
            Topic::Expiry,
            format!("the table itself is deleted at {at}"),
            format!("ALTER TABLE {} SET OPTIONS (expiration_timestamp = NULL)", rule.table),
        );
    }
    if let Some(after) = details.partitions_expire_after {
        lines.advice(
            Topic::Expiry,
            format!("partitions are deleted {} after their time", days(after)),
            "clean no older dates; rows that `onerow undo` restores there expire again",
        );
    }
}

/// Source: <https://cloud.google.com/bigquery/docs/storage_overview#long-term_storage>
fn storage(lines: &mut Lines, details: &Details) {
    if let Some((all, old)) = details.bytes
        && old > 0
    {
        lines.advice(
            Topic::Storage,
            format!("{} of {} are in long-term storage, at half the price", ByteSize(old), ByteSize(all)),
            "a change puts its whole partition back at the full price for 90 days: clean old dates once, and \
             then recent ones",
        );
    }
}

/// A time in days, or in hours if it is not a whole number of days.
pub(super) fn days(duration: jiff::SignedDuration) -> String {
    let of = |count: i64, what: &str| match count {
        1 => format!("1 {what}"),
        count => format!("{count} {what}s"),
    };
    match duration.as_hours() {
        0 => format!("{duration:#}"),
        hours if hours % 24 == 0 => of(hours / 24, "day"),
        hours => of(hours, "hour"),
    }
}

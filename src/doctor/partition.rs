//! The table's partitioning, and the resulting cost of a date.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{Lines, Topic};
use crate::googlesql::{Ident, SqlType};
use crate::rule::{Cut, Numbers, Period, Rule};
use crate::warehouse::{Description, Granularity, IntegerRange};
use crate::window::Window;

const BY_DATE: &str = "_PARTITIONDATE";
const BY_TIME: &str = "_PARTITIONTIME";

/// How far from a date other dates of its partition are searched, in days.
const SCAN: i32 = 20 * 366;

/// Checks the partition column, its granularity, and whether queries must filter by partition.
pub(super) fn partition(
    lines: &mut Lines,
    rule: &Rule,
    description: &Description,
    window: &Window,
) {
    let Some(required) = description.requires_partition_filter else {
        lines.skipped(Topic::Partition, "this warehouse has no partitions");
        return;
    };
    if rule.partition.is_sharded() {
        return shard(lines, rule, (description.partition.as_deref(), required), window);
    }
    let Some(column) = rule.partition.column() else {
        return whole(lines, rule, description.partition.as_deref(), required);
    };
    match &description.partition {
        real if matches!(rule.partition.cut, Cut::String(_)) => {
            return by_text(lines, rule, column.as_str(), (real.as_deref(), required));
        }
        None => lines.advice(
            Topic::Partition,
            "the table is not partitioned",
            format!(
                "every statement reads the whole table, and a change is billed for all of its columns; \
                 partition the table by `{}`",
                column.as_str()
            ),
        ),
        Some(real) if real == BY_TIME && rule.partition.is_by_arrival() => {
            by_arrival(lines, rule, column, description.details.granularity);
        }
        Some(real) if column.same_column(real) => by_column(lines, rule, column.as_str(), (description, window)),
        Some(real) => lines.bad(
            Topic::Partition,
            format!("the table is partitioned by `{real}`, and the rule says `{}`", column.as_str()),
            "every statement would read the whole table; correct `partition` in the rule",
        ),
    }
    filter(lines, rule, required, description.partition.is_some());
}

/// An ingestion-time partitioned table has `_PARTITIONTIME`, and with daily partitions `_PARTITIONDATE` too.
/// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
fn by_arrival(lines: &mut Lines, rule: &Rule, column: &Ident, granularity: Option<Granularity>) {
    let read_as = rule.partition.cut.sql_type();
    let granularity = granularity.unwrap_or(Granularity::Day);
    let (wanted, is_date) = match column.same_column(BY_DATE) {
        true => (SqlType::Date, true),
        false => (SqlType::Timestamp, false),
    };
    if is_date && granularity != Granularity::Day {
        return lines.bad(
            Topic::Partition,
            format!(
                "the table is partitioned by the {} of arrival, and only tables by day have `{BY_DATE}`",
                granularity.as_str()
            ),
            format!("write partition = \"{BY_TIME}\" and partition_type = \"TIMESTAMP\" in the rule"),
        );
    }
    if read_as != wanted {
        return lines.bad(
            Topic::Partition,
            format!("`{}` is a {wanted}, and the rule reads it as {read_as}", column.as_str(),),
            format!("write partition_type = \"{wanted}\" in the rule"),
        );
    }
    cut_by_time(lines, rule, column.as_str(), granularity);
}

fn by_column(
    lines: &mut Lines,
    rule: &Rule,
    column: &str,
    (description, window): (&Description, &Window),
) {
    match (description.details.range, description.details.granularity, rule.partition.cut) {
        (Some(range), _, Cut::Int64(numbers)) => {
            cut_by_number(lines, column, (range, numbers), window);
        }
        (_, Some(granularity), _) => cut_by_time(lines, rule, column, granularity),
        _ => lines.good(Topic::Partition, format!("`{column}` is the table's partition column")),
    }
}

/// A table of one date is read and changed as a whole.
fn shard(lines: &mut Lines, rule: &Rule, (real, required): (Option<&str>, bool), window: &Window) {
    match real {
        Some(real) if required => lines.bad(
            Topic::Partition,
            format!("queries have to name partitions of `{real}`, and a statement is about all rows of a date's table"),
            format!(
                "ALTER TABLE {} SET OPTIONS (require_partition_filter = FALSE), and so for the other dates",
                rule.table_of(window)
            ),
        ),
        Some(real) => lines.good(
            Topic::Partition,
            format!("each date has a table of its own; its partitions by `{real}` are read as a whole"),
        ),
        None => lines.good(Topic::Partition, "each date has a table of its own"),
    }
}

/// A rule without dates reads and changes the table as a whole.
/// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#require_a_partition_filter_in_queries>
fn whole(lines: &mut Lines, rule: &Rule, real: Option<&str>, required: bool) {
    match real {
        Some(real) if required => lines.bad(
            Topic::Partition,
            format!("queries have to name partitions of `{real}`, and the rule has no dates"),
            format!(
                "every statement would be refused; write partition = \"{real}\" if it says dates and one row for \
                 each is meant, or ALTER TABLE {} SET OPTIONS (require_partition_filter = FALSE)",
                rule.table
            ),
        ),
        Some(real) => lines.good(
            Topic::Partition,
            format!(
                "the rule has no dates: every statement reads all partitions, which are by `{real}`, and a change is \
                 billed for all columns of the table"
            ),
        ),
        None => lines.good(
            Topic::Partition,
            "the rule has no dates: every statement reads the whole table, and a change is billed for all of its \
             columns",
        ),
    }
}

/// A table cannot be partitioned by a STRING column.
/// Source: <https://cloud.google.com/bigquery/docs/partitioned-tables>
fn by_text(lines: &mut Lines, rule: &Rule, column: &str, (real, required): (Option<&str>, bool)) {
    match real {
        Some(real) if required => lines.bad(
            Topic::Partition,
            format!("queries have to name partitions of `{real}`, and the rule's dates are texts in `{column}`"),
            format!(
                "every statement would be refused; write partition = \"{real}\" if its dates are those meant, or \
                 ALTER TABLE {} SET OPTIONS (require_partition_filter = FALSE)",
                rule.table
            ),
        ),
        Some(real) => lines.advice(
            Topic::Partition,
            format!("the table is partitioned by `{real}`, and the rule's dates are texts in `{column}`"),
            format!(
                "every statement reads the whole table; write partition = \"{real}\" if its dates are those meant, \
                 or cluster the table by `{column}`"
            ),
        ),
        None => lines.advice(
            Topic::Partition,
            format!("`{column}` is a text, by which no table can be partitioned"),
            format!(
                "every statement reads the whole table, and a change is billed for all of its columns; cluster the \
                 table by `{column}`, or copy it into one that is partitioned by a DATE made of it"
            ),
        ),
    }
}

fn cut_by_time(lines: &mut Lines, rule: &Rule, column: &str, granularity: Granularity) {
    let (dates, one) = (granularity.dates(), granularity.as_str());
    let says = rule.partition.period;
    let is_said = matches!(
        (granularity, says),
        (Granularity::Month, Period::Month) | (Granularity::Year, Period::Year)
    );
    match granularity {
        _ if is_said => lines.good(
            Topic::Partition,
            format!("`{column}` is the table's partition column, by {one}: its dates share one statement"),
        ),
        _ if says != Period::Day => lines.advice(
            Topic::Partition,
            format!("`{column}` is the table's partition column, by {one}"),
            format!(
                "the rule's partition_granularity is {}; write the table's, so that dates share a statement where they \
                 share a partition, and nowhere else",
                says.as_str()
            ),
        ),
        Granularity::Day => {
            lines.good(Topic::Partition, format!("`{column}` is the table's partition column"));
        }
        Granularity::Hour => lines.good(
            Topic::Partition,
            format!("`{column}` is the table's partition column, by hour: a date is 24 partitions"),
        ),
        Granularity::Month | Granularity::Year => lines.advice(
            Topic::Partition,
            format!("`{column}` is the table's partition column, by {one}"),
            format!(
                "a statement about one date reads its whole {one}, up to {dates} times as much, and a change \
                 is billed for all columns of the {one}; write partition_granularity = \"{}\" in the rule, so that \
                 its dates share one statement",
                one.to_ascii_uppercase()
            ),
        ),
    }
}

fn cut_by_number(
    lines: &mut Lines,
    column: &str,
    (range, numbers): (IntegerRange, Numbers),
    window: &Window,
) {
    let mut dates = window.days().iter().filter_map(|day| day.date());
    let outside = dates.clone().find(|date| range.partition(numbers.of(*date).0).is_none());
    if let Some(date) = outside {
        return lines.advice(
            Topic::Partition,
            format!(
                "{date} is outside the table's range of `{column}`, {} to {}",
                range.start,
                range.end.saturating_sub(1)
            ),
            "its rows are in the partition `__UNPARTITIONED__`, together with all others outside, which a \
             statement reads as a whole; copy the table into one with a wider range",
        );
    }
    let shared = dates.next_back().map_or(1, |date| sharing(range, numbers, date));
    match shared {
        0 | 1 => lines.good(Topic::Partition, format!("`{column}` is the table's partition column")),
        shared => lines.advice(
            Topic::Partition,
            format!("`{column}` is the table's partition column, {} numbers at a time", range.interval),
            format!(
                "a statement about one date reads the partition that it shares with others, up to {shared} \
                 times as much, and a change is billed for all of its columns; clean it less often, or copy \
                 the table into one with a smaller interval"
            ),
        ),
    }
}

/// The number of the rule's dates that have rows in this date's partition.
fn sharing(range: IntegerRange, numbers: Numbers, date: Date) -> usize {
    let Some((first, last)) = range.partition(numbers.of(date).0) else { return 0 };
    let around = (-SCAN..=SCAN).filter_map(|days| {
        let day = date.checked_add(jiff::Span::new().try_days(days).ok()?).ok()?;
        let (from, to) = numbers.of(day);
        (from <= last && to >= first).then_some(from)
    });
    around.collect::<BTreeSet<_>>().len()
}

fn filter(lines: &mut Lines, rule: &Rule, required: bool, is_partitioned: bool) {
    match (required, is_partitioned) {
        (true, _) => {
            let by = match rule.partition.is_date_column() {
                true => rule.partition.column().map_or("onerow_date", Ident::as_str),
                false => "onerow_date",
            };
            lines.good(
                Topic::PartitionFilter,
                format!(
                    "queries have to name partitions, as every statement of onerow does; those of the view, by \
                     `{by}`"
                ),
            );
        }
        (false, false) => {}
        (false, true) => lines.advice(
            Topic::PartitionFilter,
            "queries need not name partitions",
            format!(
                "a query without a filter scans the whole table; ALTER TABLE {} SET OPTIONS (require_partition_filter = TRUE)",
                rule.table
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dates_that_share_a_partition_of_numbers_are_counted() {
        let date = jiff::civil::date(2026, 1, 28);
        let range = |interval| IntegerRange { start: 0, end: 3_000_000_000, interval };
        for (numbers, interval, expected) in [
            (Numbers::Yyyymmdd, 1, 1),
            (Numbers::Yyyymmdd, 100, 31),
            (Numbers::Yyyymmddhh, 1, 1),
            (Numbers::Yyyymmddhh, 100, 1),
            (Numbers::Yyyymmddhh, 10_000, 31),
            (Numbers::UnixDays, 7, 7),
            (Numbers::Yyyymm, 1, 1),
            (Numbers::Yyyymm, 100, 12),
            (Numbers::Yyyy, 10, 10),
        ] {
            assert_eq!(sharing(range(interval), numbers, date), expected, "{numbers:?} {interval}");
        }
    }
}

//! Reading the counts of detect and verify, per date.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::ledger::Counts;
use crate::rule::{Cut, Partition, Rule};
use crate::step::{COUNTS, RECORDED_COUNTS};
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// The counts of detect or verify.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// Each date of the window.
    pub days: BTreeMap<Day, Counts>,
    /// The rows without a date, if the window does not include them.
    pub undated: Counts,
}

/// Reads the result of detect or verify. A date not in it has no rows. Errors: a column is missing, a value
/// is not a valid count, a date is outside the window, or its counts are inconsistent.
pub(super) fn read(rows: &Rows, rule: &Rule, window: &Window) -> Result<Found> {
    let mut columns = [0; COUNTS.len()];
    for (column, name) in columns.iter_mut().zip(COUNTS) {
        *column = place(rows, name)?;
    }
    let mut days: BTreeMap<Day, Counts> =
        window.days().iter().map(|day| (*day, Counts::default())).collect();
    let mut undated = Counts::default();
    let mut seen = BTreeSet::new();
    for row in &rows.rows {
        let value = |i: usize| row.get(columns[i]).unwrap_or(&SqlValue::Null);
        let day = day(value(0), &rule.partition)?;
        let counts = Counts {
            total: count(value(1))?,
            active: count(value(2))?,
            keys: count(value(3))?,
            duplicates: count(value(4))?,
            buffered: count(value(5))?,
            shared_ids: count(value(6))?,
            settled: count(value(7))?,
            keyless: count(value(8))?,
            unflagged: count(value(9))?,
        };
        if !counts.add_up(rule.puts_together()) {
            return Err(wrong(format!("the counts of {day} contradict each other: {counts:?}")));
        }
        if !seen.insert(day) {
            return Err(wrong(format!("the answer holds {day} twice")));
        }
        match days.get_mut(&day) {
            Some(slot) => *slot = counts,
            // Rows in the buffer of an ingestion-time partitioned table have no date yet, and no statement
            // can touch them.
            None if day == Day::UNDATED && rule.partition.is_by_arrival() => {
                undated = counts.all_buffered();
            }
            None if day == Day::UNDATED => undated = counts,
            None => return Err(wrong(format!("the answer holds {day}, which was not asked for"))),
        }
    }
    Ok(Found { days, undated })
}

/// The date of a row of the table.
pub(super) fn day(value: &SqlValue, partition: &Partition) -> Result<Day> {
    partition.day_of(value).ok_or_else(|| match (value, partition.cut) {
        (SqlValue::Int64(number), Cut::Int64(numbers)) => {
            wrong(format!("the partition {number} is no {}", numbers.as_str())).help(
                "if its numbers mean something else, say so with `partition_format`; else name the dates \
                 one by one with --date, or correct the rows of that partition",
            )
        }
        (other, _) => wrong(format!("`{other}` is not a date")),
    })
}

/// Reads the result of recorded: rows per date.
pub(super) fn recorded(rows: &Rows, partition: &Partition) -> Result<BTreeMap<Day, u64>> {
    let [date, recorded] = RECORDED_COUNTS;
    let (date, recorded) = (place(rows, date)?, place(rows, recorded)?);
    let each = rows.rows.iter().map(|row| {
        let value = |place: usize| row.get(place).unwrap_or(&SqlValue::Null);
        let day = match value(date) {
            SqlValue::Date(date) => Day::from(*date),
            SqlValue::Null => partition.no_date(),
            other => return Err(wrong(format!("`{other}` is not a date"))),
        };
        Ok((day, count(value(recorded))?))
    });
    each.collect()
}

/// The index of a column in a result.
pub(super) fn place(rows: &Rows, name: &str) -> Result<usize> {
    let found = rows.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
    found.ok_or_else(|| wrong(format!("the answer has no column `{name}`")))
}

pub(super) fn count(value: &SqlValue) -> Result<u64> {
    match value {
        SqlValue::Int64(number) => {
            u64::try_from(*number).map_err(|_| wrong(format!("`{number}` is not a count")))
        }
        other => Err(wrong(format!("`{other}` is not a count"))),
    }
}

pub(super) fn wrong(message: String) -> Error {
    Error::new(Kind::UnexpectedAnswer, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn rule() -> Rule {
        let text = "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\npartition_type = \"INT64\"\nkey = [\"k\"]\n\
                    keep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n";
        RuleFile::parse("onerow.toml", text).unwrap().rules[0].clone()
    }

    fn rows(date: SqlValue, figures: [i64; 9]) -> Rows {
        let mut row = vec![date];
        row.extend(figures.map(SqlValue::Int64));
        Rows { columns: COUNTS.map(str::to_owned).to_vec(), rows: vec![row] }
    }

    fn window() -> Window {
        Window::range(Day::parse("2026-01-28").unwrap(), Day::parse("2026-01-29").unwrap()).unwrap()
    }

    fn found(rows: &Rows) -> Result<Found> {
        read(rows, &rule(), &window())
    }

    #[test]
    fn a_date_without_rows_has_no_rows() {
        let found = found(&rows(SqlValue::Int64(20260128), [4, 3, 2, 1, 0, 0, 3, 0, 1])).unwrap();
        let totals: Vec<u64> = found.days.values().map(|counts| counts.total).collect();
        assert_eq!((totals, found.undated), (vec![4, 0], Counts::default()));
    }

    #[test]
    fn rows_without_a_date_stand_by_themselves() {
        let undated = rows(SqlValue::Null, [3, 3, 2, 1, 0, 0, 3, 0, 0]);
        let counted = found(&undated).unwrap();
        assert_eq!((counted.undated.duplicates, counted.days.len()), (1, 2));
        let asked = read(&undated, &rule(), &window().with_undated()).unwrap();
        assert_eq!((asked.undated.total, asked.days[&Day::UNDATED].duplicates), (0, 1));
    }

    #[test]
    fn an_answer_that_cannot_be_right_is_refused() {
        let good = SqlValue::Int64(20260128);
        let one = rows(good.clone(), [1, 1, 1, 0, 0, 0, 1, 0, 0]);
        for bad in [
            rows(good.clone(), [3, 3, 2, 2, 0, 0, 3, 0, 0]),
            rows(good.clone(), [3, 3, 2, 1, 2, 0, 3, 0, 0]),
            rows(good.clone(), [3, 3, 2, 1, 1, 0, 3, 0, 0]),
            rows(good.clone(), [3, 3, 2, 1, 0, 4, 3, 0, 0]),
            rows(good.clone(), [-3, 3, 2, 1, 0, 0, 3, 0, 0]),
            rows(good.clone(), [2, 3, 2, 1, 0, 0, 3, 0, 0]),
            rows(good.clone(), [3, 3, 2, 1, 0, 0, 3, 1, 0]),
            rows(good.clone(), [3, 3, 2, 1, 0, 0, 3, 0, 1]),
            rows(SqlValue::Int64(20260132), [3, 3, 2, 1, 0, 0, 3, 0, 0]),
            rows(SqlValue::Int64(20260101), [3, 3, 2, 1, 0, 0, 3, 0, 0]),
            rows(SqlValue::String("2026-01-28".to_owned()), [3, 3, 2, 1, 0, 0, 3, 0, 0]),
            Rows { columns: vec!["date".into()], rows: vec![] },
            Rows {
                rows: [one.rows.clone(), one.rows].concat(),
                ..rows(good, [1, 1, 1, 0, 0, 0, 1, 0, 0])
            },
        ] {
            assert!(found(&bad).is_err(), "{bad:?}");
        }
    }
}

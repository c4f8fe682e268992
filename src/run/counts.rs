//! What detect and verify count, per date.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::ledger::Counts;
use crate::step::COUNTS;
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// Reads the answer of detect or verify. A date without a row has no active rows. Errors: a
/// column is missing, a figure is no count, a date is outside the window or contradicts itself.
pub(super) fn read(rows: &Rows, window: &Window) -> Result<BTreeMap<Day, Counts>> {
    let position = |name: &str| {
        let found = rows.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        found.ok_or_else(|| wrong(format!("the answer lacks the column `{name}`")))
    };
    let mut columns = [0; COUNTS.len()];
    for (column, name) in columns.iter_mut().zip(COUNTS) {
        *column = position(name)?;
    }
    let mut days: BTreeMap<Day, Counts> =
        window.days().iter().map(|day| (*day, Counts::default())).collect();
    let mut seen = BTreeSet::new();
    for row in &rows.rows {
        let value = |i: usize| row.get(columns[i]).unwrap_or(&SqlValue::Null);
        let day = day(value(0))?;
        let counts = Counts {
            active: count(value(1))?,
            keys: count(value(2))?,
            duplicates: count(value(3))?,
            buffered: count(value(4))?,
            shared_ids: count(value(5))?,
            settled: count(value(6))?,
        };
        if !counts.add_up() {
            return Err(wrong(format!("the figures of {day} contradict each other: {counts:?}")));
        }
        if !seen.insert(day) {
            return Err(wrong(format!("the answer holds {day} twice")));
        }
        match days.get_mut(&day) {
            Some(slot) => *slot = counts,
            None => return Err(wrong(format!("the answer holds {day}, which was not asked for"))),
        }
    }
    Ok(days)
}

pub(super) fn day(value: &SqlValue) -> Result<Day> {
    match value {
        SqlValue::Date(date) => Ok(Day::from(*date)),
        SqlValue::Int64(number) => Day::from_yyyymmdd(*number).ok_or_else(|| {
            wrong(format!("the partition {number} is no date"))
                .help("name the dates one by one with --date, or mend the rows of that partition")
        }),
        other => Err(wrong(format!("`{other}` is no date"))),
    }
}

pub(super) fn count(value: &SqlValue) -> Result<u64> {
    match value {
        SqlValue::Int64(number) => {
            u64::try_from(*number).map_err(|_| wrong(format!("`{number}` is no count")))
        }
        other => Err(wrong(format!("`{other}` is no count"))),
    }
}

pub(super) fn wrong(message: String) -> Error {
    Error::new(Kind::Warehouse, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(date: SqlValue, figures: [i64; 6]) -> Rows {
        let mut row = vec![date];
        row.extend(figures.map(SqlValue::Int64));
        Rows { columns: COUNTS.map(str::to_owned).to_vec(), rows: vec![row] }
    }

    fn window() -> Window {
        Window::range(Day::parse("2026-01-28").unwrap(), Day::parse("2026-01-29").unwrap()).unwrap()
    }

    #[test]
    fn a_date_without_rows_has_no_active_rows() {
        let days = read(&rows(SqlValue::Int64(20260128), [3, 2, 1, 0, 0, 3]), &window()).unwrap();
        let active: Vec<u64> = days.values().map(|counts| counts.active).collect();
        assert_eq!(active, [3, 0]);
    }

    #[test]
    fn an_answer_that_cannot_be_right_is_refused() {
        let good = SqlValue::Int64(20260128);
        let one = rows(good.clone(), [1, 1, 0, 0, 0, 1]);
        for bad in [
            rows(good.clone(), [3, 2, 2, 0, 0, 3]),
            rows(good.clone(), [3, 2, 1, 2, 0, 3]),
            rows(good.clone(), [3, 2, 1, 1, 0, 3]),
            rows(good.clone(), [3, 2, 1, 0, 4, 3]),
            rows(good.clone(), [-3, 2, 1, 0, 0, 3]),
            rows(SqlValue::Int64(20260132), [3, 2, 1, 0, 0, 3]),
            rows(SqlValue::Int64(20260101), [3, 2, 1, 0, 0, 3]),
            rows(SqlValue::Null, [3, 2, 1, 0, 0, 3]),
            Rows { columns: vec!["date".into()], rows: vec![] },
            Rows { rows: [one.rows.clone(), one.rows].concat(), ..rows(good, [1, 1, 0, 0, 0, 1]) },
        ] {
            assert!(read(&bad, &window()).is_err(), "{bad:?}");
        }
    }
}

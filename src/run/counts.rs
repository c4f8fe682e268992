//! What detect and verify count, per date.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::rule::Strategy;
use crate::step::COUNTS;
use crate::warehouse::Rows;
use crate::window::{Day, Window};

/// The figures of one date, as of the cutoff with which they were counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Active rows.
    pub active: u64,
    /// Keys that have an active row.
    pub keys: u64,
    /// Superseded rows, settled or buffered: `active - keys`.
    pub duplicates: u64,
    /// Superseded rows that DML cannot touch yet.
    pub buffered: u64,
    /// Active rows whose row id is NULL or shared with another active row of the date.
    pub shared_ids: u64,
    /// Active rows that DML may touch.
    pub settled: u64,
}

impl Counts {
    /// Superseded rows that DML may touch.
    pub fn settled_duplicates(self) -> u64 {
        self.duplicates.saturating_sub(self.buffered)
    }

    /// Whether the date is to be cured, and can be: settled superseded rows, no shared ids. A rewrite
    /// waits until no superseded row is buffered, so that a date is rewritten once.
    pub fn calls_for(self, strategy: Strategy) -> bool {
        let waits = strategy == Strategy::Rewrite && self.buffered > 0;
        self.settled_duplicates() > 0 && self.shared_ids == 0 && !waits
    }

    /// How many rows a rewrite of the date deletes and inserts: every settled row goes, and those
    /// that survive come.
    pub(super) fn rewritten(self) -> u64 {
        self.settled + (self.settled - self.settled_duplicates())
    }

    fn add_up(self) -> bool {
        self.active == self.keys + self.duplicates
            && self.buffered <= self.duplicates
            && self.buffered + self.settled <= self.active
            && self.shared_ids <= self.active
    }

    /// The same date when none of its rows can be touched.
    #[must_use]
    pub fn all_buffered(self) -> Self {
        Self { buffered: self.duplicates, settled: 0, ..self }
    }

    /// The same date before `deactivated` of its superseded rows were deactivated.
    #[must_use]
    pub fn before(self, deactivated: u64) -> Self {
        Self {
            active: self.active + deactivated,
            duplicates: self.duplicates + deactivated,
            settled: self.settled + deactivated,
            ..self
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.active += other.active;
        self.keys += other.keys;
        self.duplicates += other.duplicates;
        self.buffered += other.buffered;
        self.shared_ids += other.shared_ids;
        self.settled += other.settled;
    }
}

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

/// The figures as the ledger keeps them, without the dates that have no active rows.
pub(super) fn to_json(days: &BTreeMap<Day, Counts>) -> Json {
    let active = days.iter().filter(|(_, counts)| counts.active > 0);
    active.map(|(day, counts)| (day.to_string(), json!(counts))).collect::<Map<_, _>>().into()
}

/// The figures of a ledger's entry. Errors: this version would not have written them.
pub(super) fn of_ledger(figures: &Json) -> Result<BTreeMap<Day, Counts>> {
    let damaged = |cause: &dyn std::fmt::Display| {
        Error::new(Kind::Warehouse, format!("the ledger holds figures that are none: {cause}"))
            .help("they were written by another version of onerow; use that version")
    };
    let found =
        BTreeMap::<String, Counts>::deserialize(figures).map_err(|cause| damaged(&cause))?;
    let day = |(day, counts): (String, Counts)| Ok((Day::parse(&day)?, counts));
    found.into_iter().map(day).collect::<Result<_>>().map_err(|cause| damaged(&cause.headline()))
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
    fn figures_are_read_back_from_the_ledger_as_they_were_written() {
        let days = read(&rows(SqlValue::Int64(20260128), [3, 2, 1, 1, 0, 2]), &window()).unwrap();
        let kept = of_ledger(&to_json(&days)).unwrap();
        let of_28: Vec<_> = days.into_iter().take(1).collect();
        assert_eq!(kept.into_iter().collect::<Vec<_>>(), of_28);
        for bad in [json!([]), json!({"2026-02-30": {}}), json!({"2026-01-28": {"active": -1}})] {
            assert!(of_ledger(&bad).unwrap_err().to_string().contains("figures that are none"));
        }
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

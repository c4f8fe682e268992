//! The rows that an earlier run removed, each with its survivor: the removal log, restricted to removals that
//! completed according to the ledger. Read-only.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value as Json};

use super::cutoff::Cutoff;
use super::removed::{self, Removal, Which};
use super::{RunId, checked, look_with, params};
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::ledger::Ledger;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::{Rows, Warehouse};
use crate::window::{Day, Window};

/// The rows that an earlier run removed.
#[derive(Debug)]
pub struct RemovedRows {
    /// The run.
    pub run: RunId,
    /// The rows, by date, and within a key by rank.
    pub rows: Vec<RemovedRow>,
}

/// One removed row.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovedRow {
    /// Its date.
    pub day: Day,
    /// The step that removed it.
    pub step: StepName,
    /// Its row id, as JSON.
    pub row_id: Json,
    /// The survivor's row id; `None` if a custom step removed the last row of the key.
    pub survivor: Option<Json>,
    /// Its rank among the rows of its key; the survivor's is 1.
    pub rank: u64,
    /// The values of the `keep` entries at that time, as JSON: its own, and the survivor's.
    pub keep: Vec<(Json, Option<Json>)>,
    /// The columns whose value the survivor took from this row.
    pub gave: Vec<String>,
    /// Its later fate.
    pub fate: RemovedFate,
}

/// The fate of a row that was recorded for removal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemovedFate {
    /// The row was removed.
    Removed,
    /// The row was removed, and this run has restored rows of the same statement.
    Restored(RunId),
    /// Rows of its date changed between record and removal: some recorded rows were not removed.
    Inexact,
}

impl RemovedRow {
    /// The first entry of `keep` in which it differs from its survivor.
    pub fn decided_by(&self) -> Option<usize> {
        self.keep.iter().position(|(own, survivors)| survivors.as_ref() != Some(own))
    }
}

/// Reads the rows that a run of this rule removed, of all dates or of one. Writes no ledger entry.
///
/// # Errors
/// There is no such run, it removed nothing, or the warehouse does not answer.
pub fn removed_rows(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    ledger: &dyn Ledger,
    now: Timestamp,
    which: &Which,
    only: Option<Day>,
) -> Result<RemovedRows> {
    let rule = renderer.rule();
    let (run, mut removals) = removed::look(ledger, rule, which)?;
    removals.retain(|day, _| only.is_none_or(|only| only == *day));
    if removals.is_empty() {
        return Ok(RemovedRows { run, rows: Vec::new() });
    }
    let days: Vec<Day> = removals.keys().copied().collect();
    let by_record: BTreeMap<&str, &Removal> =
        removals.values().flatten().map(|removal| (removal.record.as_str(), removal)).collect();
    let mut asked =
        params(Cutoff::At(now), "explain").with("undone_run", SqlValue::String(run.to_string()));
    if let Some(began) = RunId::began(run.as_str()) {
        asked = asked.with("undone_run_started_at", SqlValue::Timestamp(began));
    }
    let merges = rule.puts_together();
    let mut rows = Vec::new();
    for statement in checked(renderer, StepName::REMOVED, &Window::of_days(days)?)? {
        let answer = look_with(rule, warehouse, &statement, &asked, now, "explain");
        let read = answer.and_then(|answer| {
            let mut taken = Taken::default();
            let read = answer.rows.iter().map(|row| {
                let reader = Reader { rows: &answer, row, undated: rule.partition.no_date() };
                let Some(mut read) = reader.read(&by_record)? else { return Ok(None) };
                if merges {
                    read.gave = taken.of(&reader)?;
                }
                Ok(Some(read))
            });
            read.collect::<Result<Vec<_>>>()
        });
        rows.extend(read.map_err(|error| error.while_doing(statement.statement().running()))?);
    }
    Ok(RemovedRows { run, rows: rows.into_iter().flatten().collect() })
}

/// The columns of survivors that already have their value, if survivors are merged. The rows of a survivor
/// are sorted by rank.
#[derive(Default)]
struct Taken(HashSet<(String, String)>);

impl Taken {
    /// The columns whose value the survivor took from this row.
    fn of(&mut self, reader: &Reader<'_>) -> Result<Vec<String>> {
        let [Some(row), Some(before), Some(after)] = [
            reader.fields("removed_row")?,
            reader.fields("survivor_before")?,
            reader.fields("survivor_after")?,
        ] else {
            return Ok(Vec::new());
        };
        let survivor = [reader.text("record_id")?, reader.text("survivor_before")?];
        let survivor = survivor.into_iter().flatten().collect::<Vec<_>>().join(" ");
        let has = |fields: &Map<String, Json>, column: &str| {
            fields.get(column).is_some_and(|value| !value.is_null())
        };
        let mut columns: Vec<String> = after.keys().cloned().collect();
        columns.retain(|column| has(&after, column) && !has(&before, column) && has(&row, column));
        columns.retain(|column| self.0.insert((survivor.clone(), column.clone())));
        Ok(columns)
    }
}

struct Reader<'r> {
    rows: &'r Rows,
    row: &'r [SqlValue],
    /// The group of rows that were removed from no date.
    undated: Day,
}

impl Reader<'_> {
    /// `None` for a recorded row without a later removal.
    fn read(&self, removals: &BTreeMap<&str, &Removal>) -> Result<Option<RemovedRow>> {
        let record = self.text("record_id")?.unwrap_or_default();
        let Some(removal) = removals.get(record.as_str()) else { return Ok(None) };
        let keep = self.fields("keep_values")?.unwrap_or_default();
        let survivors = self.fields("survivor_keep_values")?;
        let survivor_of = |name: &str| survivors.as_ref()?.get(name).cloned();
        let pairs = keep.into_iter().map(|(name, own)| {
            let survivors = survivor_of(&name);
            (own, survivors)
        });
        Ok(Some(RemovedRow {
            day: self.day()?,
            step: removal.step.clone(),
            row_id: self.json("row_id")?.unwrap_or(Json::Null),
            survivor: self.json("survivor_row_id")?,
            rank: super::counts::count(self.value("rank")?)?,
            keep: pairs.collect(),
            gave: Vec::new(),
            fate: match &removal.restored_by {
                Some(run) => RemovedFate::Restored(run.clone()),
                None if removal.is_exact => RemovedFate::Removed,
                None => RemovedFate::Inexact,
            },
        }))
    }

    /// The log's column, always a DATE, whatever the table's partitions.
    fn day(&self) -> Result<Day> {
        match self.value("date")? {
            SqlValue::Null => Ok(self.undated),
            SqlValue::Date(date) => Ok(Day::from(*date)),
            other => Err(super::counts::wrong(format!("`{other}` is not a date"))),
        }
    }

    fn value(&self, name: &str) -> Result<&SqlValue> {
        let place = self.rows.columns.iter().position(|column| column == name);
        place.and_then(|place| self.row.get(place)).ok_or_else(|| {
            Error::new(Kind::UnexpectedAnswer, format!("the removal log's answer lacks `{name}`"))
        })
    }

    fn text(&self, name: &str) -> Result<Option<String>> {
        match self.value(name)? {
            SqlValue::Null => Ok(None),
            SqlValue::String(text) => Ok(Some(text.clone())),
            other => Err(Error::new(Kind::UnexpectedAnswer, format!("`{other}` is not a {name}"))),
        }
    }

    fn json(&self, name: &str) -> Result<Option<Json>> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        serde_json::from_str(&text).map(Some).map_err(|cause| {
            Error::new(Kind::LedgerFormat, format!("the removal log's {name} is not JSON"))
                .caused_by(cause)
        })
    }

    fn fields(&self, name: &str) -> Result<Option<Map<String, Json>>> {
        Ok(match self.json(name)? {
            Some(Json::Object(fields)) => Some(fields),
            _ => None,
        })
    }
}

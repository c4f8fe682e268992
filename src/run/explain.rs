//! Duplicates, their survivors, and the deciding entry of `keep`. Read-only.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::tables::Tables;
use super::{counts, look_with, params};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue};
use crate::plan::Plan;
use crate::rule::Rule;
use crate::template::Renderer;
use crate::warehouse::{Rows, Warehouse};
use crate::window::Day;

/// One duplicate.
#[derive(Debug, Clone, PartialEq)]
pub struct Superseded {
    /// Its date.
    pub day: Day,
    /// Its key, in the order of the rule's.
    pub key: Vec<SqlValue>,
    /// Its row id.
    pub row_id: SqlValue,
    /// The row id of the key's survivor.
    pub survivor: SqlValue,
    /// Its date, where the rule compares rows across dates.
    pub survivor_day: Option<Day>,
    /// The values of the `keep` entries: its own, and the survivor's.
    pub keep: Vec<(SqlValue, SqlValue)>,
    /// The merged columns whose value the survivor takes from this row.
    pub gives: Vec<String>,
    /// What a run would do with it.
    pub fate: Fate,
}

impl Superseded {
    /// The first entry of `keep` in which it differs from its survivor; `None` for shared ids.
    pub fn decided_by(&self) -> Option<usize> {
        self.keep.iter().position(|(own, survivors)| own != survivors)
    }
}

/// What a run would do with a duplicate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Remove the row.
    Superseded,
    /// Wait until it has left the streaming buffer.
    Buffered,
    /// Skip the row and its date: its row id is NULL, or other rows share it.
    SharedId,
    /// Skip the row, since its date has a shared id.
    DateSkipped,
}

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Superseded => "superseded",
            Self::Buffered => "buffered",
            Self::SharedId => "shared_id",
            Self::DateSkipped => "date_skipped",
        })
    }
}

/// Reads the result of a plan of the step `explain`. Writes no ledger entry.
pub fn explain(
    renderer: &Renderer<'_>,
    warehouse: &dyn Warehouse,
    now: Timestamp,
    plan: &Plan,
) -> Result<Vec<Superseded>> {
    let rule = renderer.rule();
    let tables = Tables::of(warehouse, rule, &plan.window)?;
    let plan = &*tables.there(plan);
    let cutoff = Cutoff::new(rule, now, tables.buffer);
    let mut all = Vec::new();
    for checked in plan.statements() {
        let answer =
            look_with(rule, warehouse, checked, &params(cutoff, "explain"), now, "explain");
        let read = answer.and_then(|rows| {
            let reader = Reader { rule, rows: &rows };
            rows.rows.iter().map(|row| reader.superseded(row)).collect::<Result<Vec<_>>>()
        });
        all.extend(read.map_err(|error| error.while_doing(checked.statement().running()))?);
    }
    skip_dates(&mut all);
    Ok(all)
}

/// A run skips each date of which it has seen a shared id.
fn skip_dates(rows: &mut [Superseded]) {
    let shared = rows.iter().filter(|row| row.fate == Fate::SharedId);
    let dates: BTreeSet<Day> = shared.map(|row| row.day).collect();
    let others = rows.iter_mut().filter(|row| row.fate != Fate::SharedId);
    others.filter(|row| dates.contains(&row.day)).for_each(|row| row.fate = Fate::DateSkipped);
}

struct Reader<'a> {
    rule: &'a Rule,
    rows: &'a Rows,
}

impl Reader<'_> {
    fn superseded(&self, row: &[SqlValue]) -> Result<Superseded> {
        let value = |name: &str| self.value(row, name);
        let numbered = |name: &str, count: usize| {
            (1..=count).map(|i| value(&format!("{name}_{i}"))).collect::<Result<Vec<_>>>()
        };
        let keep = self.rule.keep.len();
        let own = numbered("keep", keep)?;
        let settled = value("settled")? == SqlValue::Bool(true);
        let shared = value("copies")? != SqlValue::Int64(1) || value("row_id")? == SqlValue::Null;
        let rewrites = self.rule.strategy == crate::rule::Strategy::Rewrite;
        let given = |(i, column): (usize, &Ident)| match value(&format!("gives_{}", i + 1)) {
            Ok(SqlValue::Bool(true)) => Some(Ok(column.as_str().to_owned())),
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        Ok(Superseded {
            gives: self.rule.merged.iter().enumerate().filter_map(given).collect::<Result<_>>()?,
            day: counts::day(&value("date")?, &self.rule.partition)?,
            key: numbered("key", self.rule.key.len())?,
            row_id: value("row_id")?,
            survivor: value("survivor")?,
            survivor_day: match self.rule.across {
                Some(_) => Some(counts::day(&value("survivor_date")?, &self.rule.partition)?),
                None => None,
            },
            keep: own.into_iter().zip(numbered("survivor_keep", keep)?).collect(),
            fate: match settled {
                _ if shared && !rewrites => Fate::SharedId,
                true => Fate::Superseded,
                false => Fate::Buffered,
            },
        })
    }

    fn value(&self, row: &[SqlValue], name: &str) -> Result<SqlValue> {
        let place = self.rows.columns.iter().position(|column| column.eq_ignore_ascii_case(name));
        place.and_then(|place| row.get(place)).cloned().ok_or_else(|| {
            Error::new(Kind::UnexpectedAnswer, format!("the answer has no column `{name}`"))
                .help("return it from your explain.sql, or remove that file")
        })
    }
}

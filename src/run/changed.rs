//! The dates written since they were last found clean: the partitions' state compared with the ledger's
//! entries for each date. Pure.

mod partition_states;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::RunId;
use super::report::Status;
use crate::error::Result;
use crate::ledger::{Detail, Entry, Outcome, latest};
use crate::partitions::{Books, Stamp};
use crate::rule::Rule;
use crate::statement::{Fingerprint, StepName};
use crate::window::{Day, Window};

pub(crate) use partition_states::{PartitionStates, TablesPartitions, streamed};

/// The changed dates, and the state of their partitions.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// The dates to detect; `None` if there are none.
    pub window: Option<Window>,
    /// The state of the partitions of these dates before any query.
    pub books: Books,
    /// The number of unchanged dates, which are left out.
    pub unchanged: usize,
    /// Notes for the reader, as sentences.
    pub notes: Vec<String>,
}

/// Evidence of a date's earlier state.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// The date was counted after its partition had this state.
    Stood(Stamp),
    /// A run changed the date between these instants, and counted it afterwards, with this many rows if all
    /// were counted.
    Changed { began: Timestamp, ended: Timestamp, rows: Option<u64> },
}

impl Proof {
    /// Whether nothing was written to the date since.
    fn holds(self, now: Option<Stamp>) -> bool {
        match (self, now) {
            (Self::Stood(then), now) => now == Some(then),
            (Self::Changed { began, ended, rows }, Some(now)) => {
                (began..=ended).contains(&now.modified)
                    && rows.is_none_or(|rows| now.rows.is_none_or(|now| now == rows))
            }
            (Self::Changed { rows, .. }, None) => rows == Some(0),
        }
    }
}

/// What a count must show before a date is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// The date has no duplicates.
    Clean,
    /// Every row staged for the date is merged.
    Merged,
}

/// The evidence, with the state of the staging tables at that time, where relevant.
#[derive(Debug, Clone, Copy)]
struct Proven {
    proof: Proof,
    staging: Option<Stamp>,
}

/// One entry's count of a date, if relevant.
struct Counted {
    holds: bool,
    stamp: Option<Stamp>,
    staging: Option<Stamp>,
    rows: Option<u64>,
}

impl Shows {
    /// An entry's count of a date; `None` if it counted something else, or with another definition.
    fn counted(
        self,
        rule: &Rule,
        definition: &Fingerprint,
        entry: &Entry,
        day: Day,
    ) -> Option<Counted> {
        let detail = entry.detail.as_ref().filter(|_| entry.outcome.is_done())?;
        match (self, detail) {
            (Self::Clean, Detail::Counts { days, definition: of, stamps })
                if of.as_ref() == Some(definition) =>
            {
                let counts = days.get(&day).copied().unwrap_or_default();
                let status = Status::of(counts, None, rule.on_keyless);
                Some(Counted {
                    holds: matches!(status, Status::Clean | Status::Empty),
                    stamp: stamps.get(&day).copied(),
                    staging: None,
                    rows: Some(counts.total),
                })
            }
            (Self::Merged, Detail::Staged { days, definition: of, stamps, staging })
                if of.as_ref() == Some(definition) =>
            {
                let staged = days.get(&day).copied().unwrap_or_default();
                Some(Counted {
                    holds: staged.changes() == 0 && staged.buffered == 0,
                    stamp: stamps.get(&day).copied(),
                    staging: staging.get(&day).copied(),
                    rows: None,
                })
            }
            _ => None,
        }
    }

    /// The dates for which the ledger has evidence, by counts with this definition. Entries are sorted oldest
    /// first.
    fn proofs(
        self,
        rule: &Rule,
        definition: &Fingerprint,
        entries: &[Entry],
    ) -> BTreeMap<Day, Proven> {
        let mut proofs = BTreeMap::new();
        let mut own: BTreeMap<(&RunId, Day), Option<(Timestamp, Timestamp)>> = BTreeMap::new();
        for entry in latest(entries) {
            if entry.rule != rule.name || entry.table != rule.table_of(&entry.window) {
                continue;
            }
            // The statement may have changed the table, which invalidates earlier evidence.
            if may_change(entry) {
                let between = entry.usage.started.zip(entry.usage.ended);
                for day in entry.window.days() {
                    proofs.remove(day);
                    own.insert((&entry.run, *day), between.filter(|_| entry.outcome.is_done()));
                }
                continue;
            }
            for day in entry.window.days() {
                let Some(counted) = self.counted(rule, definition, entry, *day) else { continue };
                let changed = own.get(&(&entry.run, *day)).copied();
                let Counted { holds, stamp, staging, rows } = counted;
                let proof = match (stamp, changed) {
                    _ if !holds => None,
                    // A run that has changed the table reads the state again, or records none.
                    (Some(stamp), _) => Some(Proof::Stood(stamp)),
                    (None, Some(Some((began, ended)))) => {
                        Some(Proof::Changed { began, ended, rows })
                    }
                    // It gives no new evidence.
                    _ => continue,
                };
                match proof {
                    Some(proof) => _ = proofs.insert(*day, Proven { proof, staging }),
                    None => _ = proofs.remove(day),
                }
            }
        }
        proofs
    }
}

fn may_change(entry: &Entry) -> bool {
    let changes = entry.step.removes_duplicates()
        || [StepName::UNDO, StepName::CONSOLIDATE].contains(&entry.step.as_str())
        || matches!(entry.detail, Some(Detail::Removal { .. }));
    changes && !matches!(entry.outcome, Outcome::Failed { .. })
}

/// What the ledger must show before a date is left out: the counts of a step, by its definition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// The date has no duplicates, as counted by this detect.
    pub clean: Option<Fingerprint>,
    /// Every row staged for the date is merged, as counted by this step.
    pub merged: Option<Fingerprint>,
    /// Rows without a date are counted where no date is, and not only told.
    pub undated: bool,
}

/// The dates, of the given ones, for which the ledger does not show what is wanted, or that were written
/// since. Errors: there are more than a window can have.
pub(crate) fn changed(
    rule: &Rule,
    dates: &[Day],
    tables: &TablesPartitions,
    wanted: &Wanted,
    entries: &[Entry],
) -> Result<Changed> {
    let proofs = |shows: Shows, definition: &Option<Fingerprint>| {
        definition.as_ref().map(|definition| shows.proofs(rule, definition, entries))
    };
    let clean = proofs(Shows::Clean, &wanted.clean);
    let merged = proofs(Shows::Merged, &wanted.merged);
    let mut books = Books::default();
    let mut left = Vec::new();
    for day in dates {
        let stamp = tables.table.stamp(rule, *day);
        let staged = tables.staging.as_ref().and_then(|staging| staging.stamp(rule, *day));
        let is_clean = |proven: &Proven| proven.proof.holds(stamp);
        let is_merged = |proven: &Proven| proven.proof.holds(stamp) && proven.staging == staged;
        let holds = clean.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_clean))
            && merged.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_merged));
        // Rows outside partitions may belong to a date without a partition.
        let may_be_outside = tables.has_outside() && stamp.is_none();
        if !holds || may_be_outside || tables.streamed.contains(day) {
            left.push(*day);
            books.table.extend(stamp.map(|stamp| (*day, stamp)));
            books.staging.extend(staged.map(|stamp| (*day, stamp)));
        }
    }
    let unchanged = dates.len() - left.len();
    let outside: u64 = tables.all().map(|by_date| by_date.outside).sum();
    let mut notes = Vec::new();
    if outside > 0 {
        notes.push(format!(
            "{}: {outside} rows belong to no partition yet, or to none at all; their dates are found once they do",
            rule.name,
        ));
    }
    // A count of other dates says which rows have no date; without one, nothing does.
    let undated = tables.table.days.get(&Day::UNDATED).copied();
    let rows = undated.map(|stamp| match stamp.rows {
        Some(1) => "1 row has no date and was".to_owned(),
        Some(rows) => format!("{rows} rows have no date and were"),
        None => "rows without a date were".to_owned(),
    });
    let rows = rows.filter(|_| undated.is_some_and(|stamp| stamp.rows != Some(0)));
    let is_known = |proofs: &BTreeMap<Day, Proven>| {
        proofs.get(&Day::UNDATED).is_some_and(|proven| proven.proof.holds(undated))
    };
    let rows = rows.filter(|_| left.is_empty() && !clean.as_ref().is_none_or(is_known));
    if rows.is_some() && wanted.undated {
        left.push(Day::UNDATED);
        books.table.extend(undated.map(|stamp| (Day::UNDATED, stamp)));
    } else if let Some(rows) = rows {
        let rule = &rule.name;
        notes.push(format!(
            "{rule}: {rows} not counted; to count: onerow status {rule} --date NULL"
        ));
    }
    let undivided = tables.all().any(|by_date| by_date.whole.is_some());
    if undivided && !rule.partition.is_whole() {
        notes.push(format!(
            "{}: {} is not partitioned by the rule's dates: a change of any date is one of all dates",
            rule.name,
            match tables.table.whole {
                Some(_) => rule.table.dotted(),
                None => "a staging table".to_owned(),
            }
        ));
    }
    let window = match left.is_empty() {
        true => None,
        false => Some(Window::of_days(left)?),
    };
    Ok(Changed { window, books, unchanged, notes })
}

#[cfg(test)]
mod tests;

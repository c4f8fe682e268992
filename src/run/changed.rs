//! Which dates were written since they were last found clean: how the partitions of the table stand, held against
//! what the ledger says of each date. Values in, a decision out.

mod standing;

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

pub(crate) use standing::{Standing, Standings, streamed};

/// The dates that changed, and how the partitions of the others stand.
#[derive(Debug, Clone, Default)]
pub struct Changed {
    /// The dates to look at; `None` where there is none.
    pub window: Option<Window>,
    /// How the partitions of these dates stood before anything was asked.
    pub books: Books,
    /// How many dates were left out, since nothing was written to them.
    pub unchanged: usize,
    /// What a reader should know of it, as sentences.
    pub notes: Vec<String>,
}

/// What shows how a date stood.
#[derive(Debug, Clone, Copy)]
enum Proof {
    /// It was counted, after its partition stood so.
    Stood(Stamp),
    /// A run changed it between these instants, and counted it after that; with so many rows, where all were counted.
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

/// What a count has to show of a date that is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// That it has no duplicates.
    Clean,
    /// That everything staged for it is merged.
    Merged,
}

/// A proof, and how the staging tables stood then, where they matter.
#[derive(Debug, Clone, Copy)]
struct Proven {
    proof: Proof,
    staging: Option<Stamp>,
}

/// What one entry says of a date, when it is a count of what is to be shown.
struct Counted {
    holds: bool,
    stamp: Option<Stamp>,
    staging: Option<Stamp>,
    rows: Option<u64>,
}

impl Shows {
    /// What an entry counted of a date; `None` where it counted something else, or by another definition.
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

    /// Which dates the ledger shows to be so, by what was counted with this definition. Entries are oldest first.
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
            // Whatever may have changed the table: what was shown before it shows nothing now.
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
                    // A run that has changed the table asks again, or says nothing.
                    (Some(stamp), _) => Some(Proof::Stood(stamp)),
                    (None, Some(Some((began, ended)))) => {
                        Some(Proof::Changed { began, ended, rows })
                    }
                    // It shows nothing new.
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

/// What has to be shown of a date that is left out: what a step counts, by its definition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// That it has no duplicates, as this detect counts them.
    pub clean: Option<Fingerprint>,
    /// That everything staged for it is merged, as this step counts it.
    pub merged: Option<Fingerprint>,
}

/// Of these dates, those of which the ledger does not show what is wanted, or that were written since. Errors: they are
/// more than a window holds.
pub(crate) fn changed(
    rule: &Rule,
    dates: &[Day],
    standings: &Standings,
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
        let stamp = standings.table.stamp(rule, *day);
        let staged = standings.staging.as_ref().and_then(|staging| staging.stamp(rule, *day));
        let is_clean = |proven: &Proven| proven.proof.holds(stamp);
        let is_merged = |proven: &Proven| proven.proof.holds(stamp) && proven.staging == staged;
        let holds = clean.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_clean))
            && merged.as_ref().is_none_or(|proofs| proofs.get(day).is_some_and(is_merged));
        // Rows that belong to no partition may be of a date that has none.
        let may_be_outside = standings.has_outside() && stamp.is_none();
        if !holds || may_be_outside || standings.streamed.contains(day) {
            left.push(*day);
            books.table.extend(stamp.map(|stamp| (*day, stamp)));
            books.staging.extend(staged.map(|stamp| (*day, stamp)));
        }
    }
    let outside: u64 = standings.all().map(|standing| standing.outside).sum();
    let mut notes = Vec::new();
    if outside > 0 {
        notes.push(format!(
            "{}: {outside} rows belong to no partition yet, or to none at all; their dates are found once they do",
            rule.name,
        ));
    }
    let undivided = standings.all().any(|standing| standing.whole.is_some());
    if undivided && !rule.partition.is_whole() {
        notes.push(format!(
            "{}: {} is not partitioned by the rule's dates: a change of any date is one of all dates",
            rule.name,
            match standings.table.whole {
                Some(_) => rule.table.dotted(),
                None => "a staging table".to_owned(),
            }
        ));
    }
    let unchanged = dates.len() - left.len();
    let window = match left.is_empty() {
        true => None,
        false => Some(Window::of_days(left)?),
    };
    Ok(Changed { window, books, unchanged, notes })
}

#[cfg(test)]
mod tests;

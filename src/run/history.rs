//! What earlier runs did, read back from the ledger.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::Counts;
use super::counts::of_ledger;
use crate::error::Result;
use crate::ledger::{Entry, State, latest};
use crate::statement::StepName;
use crate::window::Day;

/// A run as its entries in the ledger have it.
#[derive(Debug, Clone, PartialEq)]
pub struct PastRun {
    /// Its id.
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// The dates of its first statement, as people read them.
    pub dates: String,
    /// When its first entry was written.
    pub began: Timestamp,
    /// When its last entry was written.
    pub ended: Timestamp,
    /// Who ran it.
    pub who: String,
    /// How it ended, as far as its statements say.
    pub outcome: PastOutcome,
    /// How many statements were sent.
    pub statements: usize,
    /// How many of them failed.
    pub failed: usize,
    /// Bytes to be paid for; `None` where the warehouse does not say.
    pub bytes_billed: Option<u64>,
    /// What it found on each date, and what became of it.
    pub days: BTreeMap<Day, PastDay>,
}

/// One date of an earlier run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastDay {
    /// The figures as the run found them.
    pub found: Counts,
    /// The figures as it last counted them.
    pub left: Counts,
    /// Rows that it took out.
    pub deactivated: u64,
    /// Rows that it brought back, as `undo` does.
    pub brought_back: u64,
}

/// How an earlier run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PastOutcome {
    /// Every statement was done, and no superseded row was left that could be touched.
    Done,
    /// Superseded rows were left in the streaming buffer.
    Buffered,
    /// Rows were taken out or brought back, and nobody counted after that: the run was stopped.
    Unverified,
    /// A statement failed, or superseded rows were left.
    Failed,
    /// A statement has no outcome yet: the run is under way, or its process died.
    Unfinished,
}

impl PastOutcome {
    /// The outcome as one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Buffered => "buffered",
            Self::Unverified => "unverified",
            Self::Failed => "failed",
            Self::Unfinished => "unfinished",
        }
    }
}

impl PastRun {
    /// Superseded rows that it found.
    pub fn found(&self) -> u64 {
        self.days.values().map(|day| day.found.duplicates).sum()
    }

    /// Rows that it took out.
    pub fn deactivated(&self) -> u64 {
        self.days.values().map(|day| day.deactivated).sum()
    }

    /// Rows that it brought back, as `undo` does.
    pub fn brought_back(&self) -> u64 {
        self.days.values().map(|day| day.brought_back).sum()
    }

    /// Superseded rows that it left in the streaming buffer.
    pub fn buffered(&self) -> u64 {
        self.days.values().map(|day| day.left.buffered).sum()
    }
}

/// The runs of these entries, newest first. Entries are oldest first, as a ledger gives them.
/// Errors: figures that this version would not have written.
pub fn history(entries: &[Entry]) -> Result<Vec<PastRun>> {
    let mut began: IndexMap<&str, Timestamp> = IndexMap::new();
    for entry in entries {
        began.entry(&entry.run).or_insert(entry.at);
    }
    let mut statements: IndexMap<&str, Vec<&Entry>> = IndexMap::new();
    for entry in latest(entries) {
        statements.entry(&entry.run).or_default().push(entry);
    }
    let past = statements.into_iter().map(|(run, latest)| past_run(began[run], &latest));
    let mut runs: Vec<PastRun> = past.collect::<Result<_>>()?;
    runs.sort_by(|a, b| b.began.cmp(&a.began).then_with(|| b.id.cmp(&a.id)));
    Ok(runs)
}

/// The run of these statements, by their last entries; there is at least one.
fn past_run(began: Timestamp, latest: &[&Entry]) -> Result<PastRun> {
    let first = latest[0];
    let days = days(latest)?;
    let failed = latest.iter().filter(|entry| entry.state == State::Failed).count();
    Ok(PastRun {
        id: first.run.clone(),
        rule: first.rule.clone(),
        dates: first.dates.clone(),
        began,
        ended: latest.iter().map(|entry| entry.at).max().unwrap_or(began),
        who: first.who.clone(),
        outcome: outcome(latest, &days),
        statements: latest.len(),
        failed,
        bytes_billed: latest
            .iter()
            .filter_map(|entry| entry.usage.bytes_billed)
            .reduce(|a, b| a + b),
        days,
    })
}

fn days(latest: &[&Entry]) -> Result<BTreeMap<Day, PastDay>> {
    let mut days: BTreeMap<Day, PastDay> = BTreeMap::new();
    for entry in latest {
        let day = Day::parse(&entry.dates);
        if entry.state != State::Done {
            // The last word is the warehouse's.
            if entry.step.is_cure()
                && refused_by_buffer(entry)
                && let Some(known) = day.ok().and_then(|day| days.get_mut(&day))
            {
                known.left = known.left.all_buffered();
            }
            continue;
        }
        for (day, counts) in entry.figures.as_ref().map(of_ledger).transpose()?.unwrap_or_default()
        {
            days.entry(day).and_modify(|known| known.left = counts).or_insert(PastDay {
                found: counts,
                left: counts,
                ..PastDay::default()
            });
        }
        let Ok(day) = day else { continue };
        match entry.step.as_str() {
            _ if entry.step.is_cure() => {
                let known = days.entry(day).or_default();
                let rows = taken_out(entry, known.left);
                known.deactivated += rows;
                known.left = after(known.left, rows);
            }
            StepName::UNDO => {
                days.entry(day).or_default().brought_back += entry.affected.unwrap_or(0)
            }
            _ => {}
        }
    }
    Ok(days)
}

/// A rewrite reports the rows that it deletes and those that it inserts.
fn taken_out(cure: &Entry, before: Counts) -> u64 {
    match cure.step == *StepName::REWRITE {
        true => before.settled_duplicates(),
        false => cure.affected.unwrap_or_else(|| before.settled_duplicates()),
    }
}

fn after(counts: Counts, deactivated: u64) -> Counts {
    Counts {
        active: counts.active.saturating_sub(deactivated),
        duplicates: counts.duplicates.saturating_sub(deactivated),
        settled: counts.settled.saturating_sub(deactivated),
        ..counts
    }
}

fn outcome(latest: &[&Entry], days: &BTreeMap<Day, PastDay>) -> PastOutcome {
    let of_statement = |entry: &Entry| match entry.state {
        State::Done => PastOutcome::Done,
        State::Started | State::Unknown => PastOutcome::Unfinished,
        State::Failed if refused_by_buffer(entry) => PastOutcome::Done,
        State::Failed => PastOutcome::Failed,
    };
    let of_day = |day: &PastDay| match day.left {
        left if left.settled_duplicates() > 0 => PastOutcome::Failed,
        left if left.buffered > 0 => PastOutcome::Buffered,
        _ => PastOutcome::Done,
    };
    let statements = latest.iter().map(|entry| of_statement(entry));
    // What was found by itself, as `run detect` does, was not meant to be taken out; what was
    // brought back is superseded again, and was meant to be.
    let has = |is: &dyn Fn(&StepName) -> bool| latest.iter().any(|entry| is(&entry.step));
    let cures = has(&|step| step.is_cure() || *step == *StepName::VERIFY);
    let undoes = has(&|step| *step == *StepName::UNDO);
    let counts = |left: &PastOutcome| !undoes && (cures || *left == PastOutcome::Buffered);
    let days = days.values().map(of_day).filter(counts);
    let verified = is_verified(latest).then_some(PastOutcome::Done);
    let verified = verified.unwrap_or(PastOutcome::Unverified);
    statements.chain(days).chain([verified]).max().unwrap_or(PastOutcome::Done)
}

/// Whether rows were counted after the last of them was changed. A step by itself, as `onerow run`
/// sends it, counts nothing and was not meant to.
fn is_verified(latest: &[&Entry]) -> bool {
    let changes = |entry: &&&Entry| {
        let step = &entry.step;
        let changes = step.is_cure() || *step == *StepName::UNDO;
        changes && entry.state == State::Done
    };
    let counts = |entry: &&&Entry| entry.figures.is_some();
    match (latest.iter().rfind(changes), latest.iter().rfind(counts)) {
        (Some(changed), Some(counted)) => changed.sequence < counted.sequence,
        _ => true,
    }
}

/// The runner tries again what the streaming buffer refuses, and the figures say what is left.
fn refused_by_buffer(entry: &Entry) -> bool {
    entry.error.as_ref().is_some_and(|error| error.contains("streaming buffer"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::statement::Fingerprint;
    use crate::warehouse::{JobId, Usage};

    /// The entries of a run, each statement by its step, its state, its rows and its figures.
    fn run(statements: &[(&str, State, Option<u64>, Json)]) -> PastRun {
        let at = |second: usize| format!("2026-01-30T07:41:{second:02}Z").parse().unwrap();
        let entry = |i: usize, state, affected, figures: &Json| Entry {
            run: "r1".to_owned(),
            sequence: i as u32 + 1,
            rule: "predictions".to_owned(),
            dates: "2026-01-28".to_owned(),
            step: StepName::parse(statements[i].0).unwrap(),
            job: JobId::from_ledger(format!("j{i}")),
            fingerprint: Fingerprint::of("SELECT 1"),
            sql: "SELECT 1".to_owned(),
            parameters: json!({}),
            state,
            affected,
            usage: Usage { bytes_billed: (state == State::Done).then_some(10), ..Usage::default() },
            at: at(10 + 2 * i + usize::from(state != State::Started)),
            figures: (!figures.is_null()).then(|| figures.clone()),
            error: (state == State::Failed).then(|| REFUSED.to_owned()),
            version: "0.1.0".to_owned(),
            who: "ana@host".to_owned(),
        };
        let mut entries = Vec::new();
        for (i, (_, state, affected, figures)) in statements.iter().enumerate() {
            entries.push(entry(i, State::Started, None, &Json::Null));
            if *state != State::Started {
                entries.push(entry(i, *state, *affected, figures));
            }
        }
        history(&entries).unwrap().remove(0)
    }

    const REFUSED: &str = "it would affect rows in the streaming buffer, which is not supported";

    fn counted(active: u64, buffered: u64) -> Json {
        json!({"2026-01-28": {
            "active": active, "keys": 321, "duplicates": active - 321, "buffered": buffered,
            "shared_ids": 0, "settled": active - buffered,
        }})
    }

    #[test]
    fn a_run_that_cleaned_is_done_and_its_figures_add_up() {
        let ran = run(&[
            ("detect", State::Done, Some(1), counted(1097, 0)),
            ("deactivate", State::Done, Some(776), Json::Null),
            ("verify", State::Done, Some(1), counted(321, 0)),
        ]);
        assert_eq!(ran.outcome, PastOutcome::Done);
        assert_eq!((ran.found(), ran.deactivated(), ran.buffered()), (776, 776, 0));
        assert_eq!((ran.statements, ran.failed, ran.bytes_billed), (3, 0, Some(30)));
        assert_eq!(
            (ran.began.to_string(), ran.ended.to_string()),
            ("2026-01-30T07:41:10Z".to_owned(), "2026-01-30T07:41:15Z".to_owned())
        );
    }

    #[test]
    fn what_the_streaming_buffer_refused_is_buffered_and_not_failed() {
        let ran = run(&[
            ("detect", State::Done, Some(1), counted(1097, 0)),
            ("deactivate", State::Failed, None, Json::Null),
        ]);
        assert_eq!((ran.outcome, ran.buffered()), (PastOutcome::Buffered, 776));
    }

    #[test]
    fn what_was_left_or_has_no_outcome_is_said() {
        let detected = || ("detect", State::Done, Some(1), counted(1097, 0));
        let left = run(&[
            detected(),
            ("deactivate", State::Done, Some(700), Json::Null),
            ("verify", State::Done, Some(1), counted(397, 0)),
        ]);
        assert_eq!(left.outcome, PastOutcome::Failed);
        let stopped = run(&[detected(), ("deactivate", State::Done, Some(776), Json::Null)]);
        assert_eq!(stopped.outcome, PastOutcome::Unverified);
        assert_eq!(
            run(&[("deactivate", State::Done, Some(776), Json::Null)]).outcome,
            PastOutcome::Done
        );
        let died = run(&[detected(), ("deactivate", State::Started, None, Json::Null)]);
        assert_eq!((died.outcome, died.bytes_billed), (PastOutcome::Unfinished, Some(10)));
        assert_eq!(run(&[detected()]).outcome, PastOutcome::Done, "only looked");
    }

    #[test]
    fn an_undo_brings_back_and_has_not_failed() {
        let ran = run(&[
            ("undo", State::Done, Some(776), Json::Null),
            ("verify", State::Done, Some(1), counted(1097, 0)),
        ]);
        assert_eq!(ran.outcome, PastOutcome::Done);
        assert_eq!((ran.days.values().next().unwrap().brought_back, ran.deactivated()), (776, 0));
    }
}

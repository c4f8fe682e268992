//! The rows that a run removed, from the ledger: by statement, and whether they are restored.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::RunId;
use super::cutoff::Cutoff;
use crate::error::{Error, Kind, Result};
use crate::ledger::{Detail, Entry, Filter, Ledger, latest, newest};
use crate::rule::{Rule, Strategy};
use crate::statement::StepName;
use crate::window::Day;

/// The run to undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The rule's last run with removed rows that are not all restored.
    Last,
    /// The run with this id, or with this unique prefix.
    Id(String),
}

impl Which {
    /// Parses `last`, or an id.
    pub fn parse(text: &str) -> Self {
        match text {
            "last" => Self::Last,
            id => Self::Id(id.to_owned()),
        }
    }
}

/// The removals of a run from each date, in order.
pub(super) type Removals = BTreeMap<Day, Vec<Removal>>;

/// One statement that removed rows of a date.
#[derive(Debug)]
pub(super) struct Removal {
    pub step: StepName,
    /// The strategy of the removal.
    pub strategy: Strategy,
    /// Whether survivors were merged from the removed rows.
    pub puts_together: bool,
    /// The job that recorded the rows before the removal.
    pub record: String,
    /// Rows recorded, without those that were deleted from the log again.
    pub recorded: u64,
    /// Rows that the statement reported; `None` if the number has no meaning, as for a MERGE or several
    /// dates.
    pub removed: Option<u64>,
    /// Whether the removal log has exactly the rows that the statement removed.
    pub is_exact: bool,
    /// The cutoff of the statement, if recorded.
    pub cutoff: Option<Cutoff>,
    /// The start of the statement.
    pub began: Timestamp,
    /// The run that has restored the rows.
    pub restored_by: Option<RunId>,
}

/// The run of a rule, and its removals, reading no more of the ledger than necessary.
///
/// # Errors
/// There is no such run, it removed nothing, or the ledger does not answer.
pub(super) fn look(ledger: &dyn Ledger, rule: &Rule, which: &Which) -> Result<(RunId, Removals)> {
    let of_rule = Filter::rule(rule.name.as_str());
    let since = |id: &str| Filter { since: RunId::earliest(id), ..of_rule };
    match which {
        Which::Id(id) => find(&ledger.entries(&since(id))?, which),
        Which::Last => {
            let entries = newest(ledger, &of_rule, |entries| last(entries).is_ok())?;
            let (run, _) = last(&entries)?;
            // The run may have begun before the first entry read.
            find(&ledger.entries(&since(run.as_str()))?, &Which::Id(run.to_string()))
        }
    }
}

/// The run and its removals. Errors: there is no such run; it removed nothing.
fn find(entries: &[Entry], which: &Which) -> Result<(RunId, Removals)> {
    match which {
        Which::Last => last(entries),
        Which::Id(id) => {
            let run = run_of_id(entries, id)?;
            let removals = removals(entries, &run);
            if removals.is_empty() {
                return Err(nothing(entries, &run));
            }
            Ok((run, removals))
        }
    }
}

fn last(entries: &[Entry]) -> Result<(RunId, Removals)> {
    let mut runs: Vec<&RunId> = latest(entries).into_iter().map(|entry| &entry.run).collect();
    runs.dedup();
    let mut undone = None;
    for run in runs.into_iter().rev() {
        let removals = removals(entries, run);
        let mut all = removals.values().flatten();
        if all.clone().any(|removal| removal.restored_by.is_none()) {
            return Ok((run.clone(), removals));
        }
        undone = undone.or_else(|| Some((run, all.find_map(|of| of.restored_by.clone())?)));
    }
    Err(match undone {
        Some((run, by)) => Error::new(
            Kind::UnknownRun,
            format!(
                "every run of the last year that removed rows is undone; the last, {run}, by run {by}"
            ),
        )
        .help("`onerow apply` removes the duplicates again"),
        None => Error::new(
            Kind::UnknownRun,
            "the ledger has no run of this rule that could be undone",
        )
        .help("`onerow log` shows what each run did; name a run of more than a year ago by its id"),
    })
}

/// The run with this id, or with this unique prefix.
fn run_of_id(entries: &[Entry], id: &str) -> Result<RunId> {
    let mut runs: Vec<&RunId> = entries.iter().map(|entry| &entry.run).collect();
    runs.retain(|run| run.as_str().starts_with(id));
    runs.sort_unstable();
    runs.dedup();
    let error =
        |message: String, help: String| Err(Error::new(Kind::UnknownRun, message).help(help));
    match runs.as_slice() {
        [only] => Ok((*only).clone()),
        [whole, ..] if whole.as_str() == id => Ok((*whole).clone()),
        [] => error(
            format!("the ledger has no run `{}` of this rule", id.escape_debug()),
            "`onerow log` lists the runs; the start of an id is enough".to_owned(),
        ),
        several => {
            let ids: Vec<&str> = several.iter().map(|run| run.as_str()).collect();
            error(
                format!("{} runs start with `{}`", several.len(), id.escape_debug()),
                format!("write more of it: {}", ids.join(", ")),
            )
        }
    }
}

fn nothing(entries: &[Entry], run: &RunId) -> Error {
    let undoes =
        entries.iter().filter(|entry| entry.run == *run).find_map(|entry| match &entry.detail {
            Some(Detail::Undo { run, .. }) => Some(run),
            _ => None,
        });
    match undoes {
        Some(undone) => Error::new(
            Kind::UnknownRun,
            format!("run {run} is an undo, of run {undone}"),
        )
        .help(format!(
            "`onerow explain --run {undone}` shows its rows; `onerow apply` removes them again"
        )),
        None => Error::new(Kind::UnknownRun, format!("run {run} removed nothing"))
            .help("`onerow log` shows what each run did"),
    }
}

/// The removals of the run. A removal counts only if the ledger shows that it completed.
fn removals(entries: &[Entry], run: &RunId) -> Removals {
    let mut found = Removals::new();
    let latest = latest(entries);
    let of_run: Vec<&Entry> =
        latest.into_iter().filter(|entry| entry.run == *run && entry.outcome.is_done()).collect();
    for entry in &of_run {
        let affected = entry.outcome.affected();
        let Some(Detail::Removal { record, strategy, puts_together }) = &entry.detail else {
            continue;
        };
        if affected == Some(0) {
            continue;
        }
        let reported = affected.filter(|_| *strategy != Strategy::Rewrite);
        let logged = Logged::of(&of_run, entry, record, reported);
        for (day, recorded) in &logged.days {
            found.entry(*day).or_default().push(Removal {
                step: entry.step.clone(),
                strategy: *strategy,
                puts_together: *puts_together,
                recorded: *recorded,
                removed: entry.window.only().and(reported),
                is_exact: logged.is_exact,
                cutoff: entry.cutoff.map(Cutoff::At),
                began: began(entries, entry),
                restored_by: restored_by(entries, record, *day).cloned(),
                record: record.clone(),
            });
        }
    }
    found
}

/// The rows of a statement in the removal log.
struct Logged {
    /// Rows on each date.
    days: BTreeMap<Day, u64>,
    /// Whether these are exactly the rows that the statement removed. After a rewrite, a row deleted from the
    /// log may be another one with the same values.
    is_exact: bool,
}

impl Logged {
    fn of(of_run: &[&Entry], removal: &Entry, record: &str, reported: Option<u64>) -> Self {
        let of_window = |entry: &&&Entry| entry.window == removal.window;
        let after =
            of_run.iter().filter(|entry| entry.sequence > removal.sequence).filter(of_window);
        let until_next = after.take_while(|e| !matches!(e.detail, Some(Detail::Removal { .. })));
        let mut corrections =
            until_next.filter(|entry| entry.step == *StepName::CORRECT).peekable();
        let corrected = corrections.peek().is_some();
        let taken_out: u64 = corrections.filter_map(|entry| entry.outcome.affected()).sum();
        let days = match removal.window.only() {
            Some(day) => {
                let record = of_run.iter().find(|entry| entry.job.as_str() == record);
                let recorded = record.and_then(|record| record.outcome.affected());
                // If the warehouse does not say how many, the number of removed rows is assumed.
                let recorded = recorded.or(reported).unwrap_or(0);
                BTreeMap::from([(day, recorded.saturating_sub(taken_out))])
            }
            None => by_date(of_run, record),
        };
        let recorded: u64 = days.values().sum();
        let is_exact = reported.map_or(!corrected, |removed| removed == recorded);
        Self { days, is_exact }
    }
}

/// The rows in the removal log of a job that recorded several dates, as last counted.
pub(super) fn by_date(entries: &[&Entry], job: &str) -> BTreeMap<Day, u64> {
    let counted = entries.iter().rev().find_map(|entry| match &entry.detail {
        Some(Detail::Recorded { record, days }) if record == job => Some(days.clone()),
        _ => None,
    });
    counted.unwrap_or_default()
}

/// The start of the statement. The local clock may differ from the warehouse's, or be set by hand.
fn began(entries: &[Entry], entry: &Entry) -> Timestamp {
    let of_same = entries.iter().filter(|other| other.is_about_same(entry));
    let sent = of_same.map(|entry| entry.at).min().unwrap_or(entry.at);
    entry.usage.started.unwrap_or(sent)
}

/// The run that has restored rows that this job recorded of a date.
fn restored_by<'a>(entries: &'a [Entry], job: &str, day: Day) -> Option<&'a RunId> {
    let restores = |entry: &&Entry| {
        entry.restores().is_some_and(|(_, record)| record == job) && entry.window.contains(day)
    };
    entries.iter().find(restores).map(|entry| &entry.run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Outcome;
    use crate::ledger::fixed::{removing, statements, undoing};

    type Statement = (&'static str, Outcome, Option<Detail>);

    /// A record and the following removal, as statements of a run with these sequence numbers.
    fn removed(from: u32, recorded: u64, step: &'static str, rows: u64) -> [Statement; 2] {
        let strategy = match step {
            "delete" => Strategy::Delete,
            "rewrite" => Strategy::Rewrite,
            _ => Strategy::Deactivate,
        };
        let detail = removing("r1", from, strategy);
        [("record", Outcome::done(recorded), None), (step, Outcome::done(rows), detail)]
    }

    fn corrected(rows: u64) -> Statement {
        ("correct", Outcome::done(rows), None)
    }

    fn undo(sequence: u32) -> Statement {
        ("undo", Outcome::done(1), undoing("r1", sequence))
    }

    fn found(entries: &[Entry], which: &Which) -> (String, Vec<Removal>) {
        let (run, removals) = find(entries, which).unwrap();
        (run.to_string(), removals.into_values().flatten().collect())
    }

    #[test]
    fn what_an_undo_that_was_cut_short_has_not_restored_is_left_to_restore() {
        let twice = [removed(1, 4, "deactivate", 4), removed(3, 1, "void", 1)].concat();
        let cleaned = statements("r1", &twice);
        let restored = |undo: &[_]| {
            let entries = [cleaned.clone(), statements("r2", undo)].concat();
            let (_, removals) = found(&entries, &Which::Id("r1".to_owned()));
            removals.iter().map(|removal| removal.restored_by.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(restored(&[undo(1)]), [true, false]);
        assert_eq!(restored(&[undo(1), undo(3)]), [true, true]);
        let none = ("undo", Outcome::done(0), undoing("r1", 1));
        assert_eq!(restored(&[none]), [false, false], "nothing was restored");
    }

    #[test]
    fn the_last_run_is_the_last_of_which_something_is_not_restored() {
        let mut first = removed(1, 1, "deactivate", 1);
        first[1].2 = removing("r0", 1, Strategy::Deactivate);
        let first = statements("r0", &first);
        let second = [removed(1, 4, "delete", 4), removed(3, 1, "delete", 1)].concat();
        let second = statements("r1", &second);
        let last = |undos: &[_]| {
            let entries = [first.clone(), second.clone(), statements("r2", undos)].concat();
            found(&entries, &Which::Last).0
        };
        assert_eq!(last(&[]), "r1");
        assert_eq!(last(&[undo(1)]), "r1", "the second statement is not undone");
        assert_eq!(last(&[undo(1), undo(3)]), "r0");
    }

    #[test]
    fn what_is_in_the_removal_log_and_was_not_removed_is_known() {
        let is_exact =
            |entries: &[_]| found(&statements("r1", entries), &Which::Last).1[0].is_exact;
        assert!(is_exact(&removed(1, 4, "deactivate", 4)));
        assert!(!is_exact(&removed(1, 4, "deactivate", 3)));
        let and_corrected = |removed: [Statement; 2]| [&removed[..], &[corrected(1)]].concat();
        assert!(is_exact(&and_corrected(removed(1, 4, "deactivate", 3))));
        assert!(is_exact(&removed(1, 4, "rewrite", 16)));
        let rewritten = and_corrected(removed(1, 4, "rewrite", 17));
        assert!(!is_exact(&rewritten), "it may be another row with the same values");
        let not_found = [&removed(1, 4, "rewrite", 17)[..], &[corrected(0)]].concat();
        assert!(!is_exact(&not_found), "fewer were removed, and the log does not say which");
    }
}

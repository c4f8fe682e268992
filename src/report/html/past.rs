//! Runs that are finished or in progress: in one line, and in full.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::{Value, context};

use super::highlight::highlight;
use super::links::{Links, run_anchor, statement_anchor};
use super::text::{bytes, cost, lasted, time};
use super::timeline::timeline;
use crate::ledger::{Detail, Entry, Outcome, RunId, latest};
use crate::report::Tariff;
use crate::report::entries::outcome;
use crate::report::runs::undone;
use crate::run::{PastDay, PastOutcome, PastRun};
use crate::window::Day;

/// The display settings of runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    /// The zone of their times, besides UTC.
    pub zone: &'a TimeZone,
    /// Their prices.
    pub tariff: Option<Tariff>,
    /// Where their links lead.
    pub links: Links<'a>,
}

/// A run as a line of a list.
pub(super) fn line(run: &PastRun, shown: Shown<'_>) -> Value {
    context! {
        id => run.id.as_str(),
        href => shown.links.run(&run.id),
        rule => run.rule.as_str(),
        dates => run.window.to_string(),
        steps => run.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        began => time(run.began, shown.zone),
        ended => time(run.ended, shown.zone),
        lasted => lasted(run.began, run.ended),
        who => run.who.as_str(),
        outcome => run.outcome.as_str(),
        outcome_means => means(run.outcome),
        statements => run.statements as u64,
        failed => run.failed as u64,
        found => run.found(),
        deactivated => run.deactivated(),
        restored_rows => run.restored_rows(),
        undone_by => undone(run),
        undone_by_runs => run.undone_by().into_iter().map(|id| named(id, shown)).collect::<Vec<_>>(),
        partly_undone => run.is_partly_undone(),
        undoes => run.undoes.as_ref().map(|id| named(id, shown)),
        kind => run.kind().as_str(),
        kind_means => run.kind().means(),
        removed => run.removed(),
        buffered => run.buffered(),
        billed => run.bytes_billed.map(bytes),
        cost => cost(run.bytes_billed, shown.tariff),
    }
}

/// The id of another run with its address, which in a file it may not have.
fn named(id: &RunId, shown: Shown<'_>) -> Value {
    context! { id => id.as_str(), href => shown.links.run(id) }
}

/// A run with its dates and its statements. Entries are sorted oldest first; those of other runs are skipped.
pub(super) fn whole(run: &PastRun, entries: &[Entry], shown: Shown<'_>) -> Value {
    let of_run: Vec<Entry> = entries.iter().filter(|e| e.run == run.id).cloned().collect();
    let sent = latest(&of_run);
    let began = |last: &Entry| {
        let first = of_run.iter().find(|entry| entry.sequence == last.sequence);
        first.map_or(last.at, |first| first.at)
    };
    let statements = sent.iter().map(|last| statement(last, began(last), shown));
    context! {
        line => line(run, shown),
        anchor => run_anchor(&run.id),
        timeline => timeline(run, entries, shown.tariff),
        days => run.days.iter().map(|(day, figures)| date(run, *day, figures, shown)).collect::<Vec<_>>(),
        sent => statements.collect::<Vec<_>>(),
    }
}

fn date(run: &PastRun, day: Day, figures: &PastDay, shown: Shown<'_>) -> Value {
    context! {
        date => day.to_string(),
        href => shown.links.date(&run.rule, day),
        removed => figures.removed(),
        undone_by => run.undone.get(&day).map(|id| named(id, shown)),
        active => figures.found.active,
        found => figures.found.duplicates,
        deactivated => figures.deactivated,
        restored_rows => figures.restored_rows,
        left => figures.left.settled_duplicates(),
        buffered => figures.left.buffered,
        shared_ids => figures.left.shared_ids,
    }
}

fn statement(last: &Entry, began: Timestamp, shown: Shown<'_>) -> Value {
    let over = last.outcome != Outcome::Started;
    let wrong = matches!(last.outcome, Outcome::Failed { .. } | Outcome::Unknown { .. });
    let remark = last.remark();
    context! {
        sequence => last.sequence,
        anchor => statement_anchor(last),
        step => last.step.as_str(),
        dates => last.window.to_string(),
        state => outcome(last),
        wrong,
        open => !over,
        affected => last.outcome.affected(),
        counted => matches!(last.detail, Some(Detail::Counts { .. })),
        billed => last.usage.bytes_billed.map(bytes),
        cost => cost(last.usage.bytes_billed, shown.tariff),
        began => time(began, shown.zone),
        ended => over.then(|| time(last.at, shown.zone)),
        lasted => over.then(|| lasted(began, last.at)),
        job => last.job.as_str(),
        fingerprint => last.fingerprint.as_str(),
        version => last.version.as_str(),
        error => remark.as_deref().filter(|_| wrong),
        note => remark.as_deref().filter(|_| !wrong),
        parameters => serde_json::to_string_pretty(&last.parameters).unwrap_or_default(),
        sql => highlight(&last.sql),
    }
}

/// The outcome in a sentence.
fn means(outcome: PastOutcome) -> &'static str {
    match outcome {
        PastOutcome::Done => {
            "Every statement was done, and no duplicate was left that could be removed."
        }
        PastOutcome::Counted => {
            "Duplicates were counted, and none was removed: the run only counts, was stopped, or skipped their dates."
        }
        PastOutcome::Buffered => "Duplicates were left in the streaming buffer: run again later.",
        PastOutcome::Unverified => {
            "Rows were changed, and the run was stopped before it had verified the result: run again."
        }
        PastOutcome::Failed => "A statement failed, or duplicates were left.",
        PastOutcome::Unfinished => {
            "A statement has no outcome yet: the run is under way, or its process died."
        }
    }
}

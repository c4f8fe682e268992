//! `undo`: a run taken back, date by date, each in one transaction with its audit; a run itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::state::Run;
use super::{Context, Counts, checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{SqlValue, parse_timestamp};
use crate::ledger::{Entry, Filter, State};
use crate::plan::Plan;
use crate::rule::{Rule, RuleName};
use crate::statement::StepName;
use crate::warehouse::{Audit, Returned};
use crate::window::{Day, Window};

/// What an undo has come to.
#[derive(Debug)]
pub struct Undone {
    /// The rule.
    pub rule: RuleName,
    /// The run of the undo itself.
    pub run: String,
    /// The run that was taken back.
    pub undone: String,
    /// The dates on which that run took something out, in order.
    pub days: Vec<UndoneDay>,
    /// What went wrong, without stopping the rest.
    pub problems: Vec<Error>,
}

/// One date of an undo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneDay {
    /// The date.
    pub day: Day,
    /// What became of it.
    pub outcome: UndoneOutcome,
}

/// What became of a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoneOutcome {
    /// So many rows were taken back of those that the run had changed; the others have changed
    /// since, or are gone, and were left alone.
    Done {
        /// Rows taken back.
        rows: u64,
        /// Rows that the run had changed; `None` where the ledger does not say.
        of: Option<u64>,
    },
    /// An earlier undo, by this run, has taken it back.
    Already(String),
    /// Rows are in the streaming buffer; nothing was changed.
    Buffered,
    /// It failed; the problems say why.
    Failed,
}

/// What one date of a run did, from the ledger.
struct Deed {
    entry: Entry,
    /// The cutoff that it ran with, where the ledger says.
    cutoff: Option<Cutoff>,
    /// When its statement began to run.
    began: Timestamp,
}

/// Takes back what a run of this rule did, named by its id or the start of it. Errors: there is no
/// such run; it is an undo itself; it changed nothing; the run could not begin, or the ledger could not be written.
pub fn undo(context: &Context<'_>, id: &str) -> Result<Undone> {
    let rule = context.renderer.rule();
    let _claim = context.ledger.claim(&rule.table, context.interrupt)?;
    let nothing =
        Plan { window: Window::day(Day::from(jiff::civil::date(1970, 1, 1))), steps: vec![] };
    let mut run = Run::begin(context, &nothing)?;
    let entries = context.ledger.entries(&Filter::rule(rule.name.as_str()))?;
    let undone = the_run(&entries, id)?;
    if entries.iter().any(|entry| entry.run == undone && entry.step == *StepName::UNDO) {
        return Err(Error::new(Kind::Usage, format!("run {undone} is an undo"))
            .help("to remove those rows again, run `onerow apply`"));
    }
    let deeds = deeds(&entries, &undone)?;
    if deeds.is_empty() {
        return Err(Error::new(Kind::Usage, format!("run {undone} took nothing out"))
            .help("`onerow log` shows what each run did"));
    }
    let mut days = Vec::new();
    context.progress.begin(deeds.len() as u64);
    for (day, deed) in deeds {
        if run.interrupted() {
            run.fail(Error::new(
                Kind::Interrupted,
                format!("interrupted: {day} was not taken back"),
            ));
            break;
        }
        let outcome = match taken_back(&entries, &undone, day) {
            Some(by) => UndoneOutcome::Already(by),
            None => run.take_back(day, &deed)?,
        };
        context.progress.advance();
        days.push(UndoneDay { day, outcome });
    }
    let Run { journal, problems, .. } = run.end();
    Ok(Undone { rule: rule.name.clone(), run: journal.run, undone, days, problems })
}

impl Run<'_> {
    /// Takes one date back. Errors: the ledger's.
    fn take_back(&mut self, day: Day, deed: &Deed) -> Result<UndoneOutcome> {
        let window = Window::day(day);
        match self.try_take_back(&window, deed)? {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.kind() == Kind::StreamingBuffer => Ok(UndoneOutcome::Buffered),
            Err(error) => {
                self.fail(error);
                Ok(UndoneOutcome::Failed)
            }
        }
    }

    fn try_take_back(&mut self, window: &Window, deed: &Deed) -> Result<Result<UndoneOutcome>> {
        let renderer = self.context.renderer;
        let reads_gone = renderer.rule().strategy.is_destructive();
        let made = fits(renderer.rule(), deed).and_then(|()| {
            let gone = reads_gone.then(|| checked(renderer, StepName::GONE, window)).transpose()?;
            let [undo, audit] = [StepName::UNDO, StepName::AUDIT_UNDO];
            Ok((checked(renderer, undo, window)?, checked(renderer, audit, window)?, gone))
        });
        let (statements, audits, gone) = match made {
            Ok(made) => made,
            Err(error) => return Ok(Err(error)),
        };
        let before = match self.count_day(StepName::DETECT, window)? {
            Ok(before) => before,
            Err(error) => return Ok(Err(error)),
        };
        // What was settled for the run is settled still, whatever has come into the buffer since.
        let params = super::params(deed.cutoff.unwrap_or(self.cutoff), &self.journal.run)
            .with("undone", SqlValue::String(deed.entry.run.clone()))
            .with("before", SqlValue::Timestamp(deed.began));
        let mut rows = 0;
        for (statement, audit) in statements.iter().zip(&audits) {
            let gone = gone.as_ref().and_then(|gone| gone.first());
            let audit = Audit { keeps: audit, gone };
            match self.journal.send_audited(statement, Some(audit), &params)? {
                Ok(answer) => match answer.result {
                    Returned::Affected(Some(count)) => rows += count,
                    _ => {
                        let message = "the warehouse does not say how many rows it took back";
                        return Ok(Err(Error::new(Kind::Warehouse, message)));
                    }
                },
                Err(error) => return Ok(Err(explained(error, deed))),
            }
        }
        let after = match self.count_day(StepName::VERIFY, window)? {
            Ok(after) => after,
            Err(error) => return Ok(Err(error)),
        };
        let outcome = UndoneOutcome::Done { rows, of: deed.entry.affected };
        Ok(verified(window, before, after, rows).map(|()| outcome))
    }

    fn count_day(&self, step: &str, window: &Window) -> Result<Result<Counts>> {
        let mut counts = Counts::default();
        let statements = match checked(self.context.renderer, step, window) {
            Ok(statements) => statements,
            Err(error) => return Ok(Err(error)),
        };
        for statement in &statements {
            match self.journal.count(statement, self.cutoff)? {
                Ok(found) => counts = found.get(&window.first()).copied().unwrap_or_default(),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(counts))
    }
}

/// The run whose id this is, or the only one whose id starts so.
fn the_run(entries: &[Entry], id: &str) -> Result<String> {
    let mut runs: Vec<&str> = entries.iter().map(|entry| entry.run.as_str()).collect();
    runs.retain(|run| run.starts_with(id));
    runs.sort_unstable();
    runs.dedup();
    let error = |message: String, help: String| Err(Error::new(Kind::Usage, message).help(help));
    match runs.as_slice() {
        [only] => Ok((*only).to_owned()),
        _ if runs.contains(&id) => Ok(id.to_owned()),
        [] => error(
            format!("the ledger has no run `{}` of this rule", id.escape_debug()),
            "`onerow log` lists the runs; the start of an id is enough".to_owned(),
        ),
        several => error(
            format!("{} runs start with `{}`", several.len(), id.escape_debug()),
            format!("write more of it: {}", several.join(", ")),
        ),
    }
}

/// What the run did on each date. A date that it cured in several statements counts as one.
fn deeds(entries: &[Entry], run: &str) -> Result<BTreeMap<Day, Deed>> {
    let mut deeds: BTreeMap<Day, Deed> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.run == run && changed(entry)) {
        let day = Day::parse(&entry.dates)?;
        let same = |e: &&Entry| (&e.run, e.sequence) == (&entry.run, entry.sequence);
        let sent = entries.iter().filter(same).map(|entry| entry.at).min().unwrap_or(entry.at);
        // Our clock may be another than the warehouse's, or set by hand.
        let began = entry.usage.started.unwrap_or(sent);
        let cutoff = entry.parameters["@cutoff"].as_str().and_then(parse_timestamp);
        let cutoff = cutoff.map(Cutoff::At);
        match deeds.get_mut(&day) {
            None => _ = deeds.insert(day, Deed { entry: entry.clone(), began, cutoff }),
            Some(deed) => {
                deed.entry.affected =
                    deed.entry.affected.zip(entry.affected).map(|(a, b)| a.saturating_add(b));
                deed.began = deed.began.min(began);
                deed.cutoff = later(deed.cutoff, cutoff);
            }
        }
    }
    Ok(deeds)
}

fn later(one: Option<Cutoff>, other: Option<Cutoff>) -> Option<Cutoff> {
    match (one, other) {
        (Some(one), Some(other)) if one.instant() < other.instant() => Some(other),
        (one, other) => one.or(other),
    }
}

/// Whether the entry is of a statement that took rows out.
fn changed(entry: &Entry) -> bool {
    entry.step.is_cure() && entry.state == State::Done && entry.affected != Some(0)
}

/// The run that has taken this date of the run back already.
fn taken_back(entries: &[Entry], run: &str, day: Day) -> Option<String> {
    let by = entries.iter().find(|entry| {
        entry.state == State::Done
            && entry.affected != Some(0)
            && entry.parameters["@undone"] == *run
            && entry.step == *StepName::UNDO
            && entry.dates == day.to_string()
    });
    by.map(|entry| entry.run.clone())
}

/// Whether the run was made with the rule as it is now, and can be undone at all.
fn fits(rule: &Rule, deed: &Deed) -> Result<()> {
    let (cure, did) = (rule.strategy.step(), &deed.entry.step);
    if *did != *cure {
        let message = format!("the run did {did}, and the rule's strategy is {cure} now");
        return Err(Error::new(Kind::Configuration, message)
            .help(format!("set `strategy = \"{did}\"` in the rule while you undo it")));
    }
    if rule.strategy.is_destructive() && rule.partition.is_by_arrival() {
        let message = format!(
            "rows of {} cannot be brought back: they would arrive again, today",
            rule.partition.column
        );
        return Err(Error::new(Kind::Usage, message)
            .help("copy them from the table as it was, with FOR SYSTEM_TIME AS OF"));
    }
    match deed.entry.parameters["audit"].is_string() {
        true => Ok(()),
        false => Err(Error::new(
            Kind::Usage,
            format!("nobody knows which rows the run took out on {}", deed.entry.dates),
        )
        .help("it ran with `audit = false`; runs with `audit = true` can be undone")),
    }
}

/// The rows taken back are those that the date has more than before.
fn verified(window: &Window, before: Counts, after: Counts, rows: u64) -> Result<()> {
    let difference = i128::from(after.active) - i128::from(before.active);
    if difference == i128::from(rows) && after.keys >= before.keys {
        return Ok(());
    }
    let message = format!(
        "verify of {window} failed: {rows} rows were taken back, and the active rows changed by {difference}; \
         keys were {} and are {}",
        before.keys, after.keys
    );
    Err(Error::new(Kind::Verification, message)
        .help("if another process writes to this date, look at it with `onerow status`"))
}

/// Time travel has an end.
/// Source: <https://cloud.google.com/bigquery/docs/time-travel#configure_the_time_travel_window>
fn explained(error: Error, deed: &Deed) -> Error {
    let text = error.to_string().to_ascii_lowercase();
    let past =
        ["time travel", "before the table's first", "invalid snapshot time", "creation time"];
    match past.iter().any(|words| text.contains(words)) {
        true => error.help(format!(
            "the rows of before {} are out of reach: BigQuery keeps deleted rows for its time travel window, 2 to 7 days",
            deed.began
        )),
        false => error,
    }
}

impl Undone {
    /// Whether rows in the streaming buffer kept a date from being taken back.
    pub fn waits(&self) -> bool {
        self.days.iter().any(|day| day.outcome == UndoneOutcome::Buffered)
    }

    /// Rows that have changed since, or are gone, and were left alone.
    pub fn left_alone(&self) -> u64 {
        let left = self.days.iter().map(|day| match day.outcome {
            UndoneOutcome::Done { rows, of: Some(of), .. } => of.saturating_sub(rows),
            _ => 0,
        });
        left.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rows_taken_back_are_those_by_which_the_date_has_changed_and_no_key_is_lost() {
        let window = Window::day(Day::parse("2026-01-28").unwrap());
        let counts = |active, keys| Counts { active, keys, ..Counts::default() };
        let holds = |before, after, rows| verified(&window, before, after, rows).is_ok();
        assert!(holds(counts(4, 3), counts(6, 3), 2));
        assert!(holds(counts(4, 3), counts(6, 4), 2), "a key may come back");
        assert!(!holds(counts(4, 3), counts(6, 3), 1));
        assert!(!holds(counts(4, 3), counts(6, 2), 2), "none may go");
    }
}

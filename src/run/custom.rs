//! Custom steps: queries, whose rows are printed, and UPDATEs, which are guarded. The rows that an UPDATE
//! would remove are counted for all dates before anything changes; then they are recorded and removed per
//! date, by the state machine of duplicates.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::batch::Batch;
use super::clean::{Cleaned, Cleaning, Counting, Pair, Statements};
use super::counts::{count, day, place, wrong};
use super::cutoff::Cutoff;
use super::date::DateState;
use super::journal::Journal;
use super::report::StepReport;
use super::state::Run;
use super::{Counts, params, rows};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::ledger::Detail;
use crate::plan::PlannedStep;
use crate::rule::Partition;
use crate::rule::Strategy;
use crate::statement::Params;
use crate::step::{GUARD_COUNTS, Step};
use crate::warehouse::{Answer, Returned, Rows};
use crate::window::Day;

/// The most dates named in a message.
const DATES_NAMED: usize = 5;

/// The rows that the UPDATE of a custom step would remove from a date.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Guarded {
    /// Rows.
    removed: u64,
    /// Keys that would lose their last active row.
    keys_lost: u64,
    /// Rows that it matches but skips, because they share their id.
    shared_ids: u64,
}

impl Guarded {
    /// The counts for the state machine: exactly the rows to remove.
    fn counts(self) -> Counts {
        Counts {
            total: self.removed,
            active: self.removed,
            duplicates: self.removed,
            settled: self.removed,
            ..Counts::default()
        }
    }
}

impl Run<'_> {
    /// Runs the statements of a custom step. A query that the streaming buffer refuses is sent again with an
    /// earlier cutoff, if it uses the cutoff.
    pub fn custom(&mut self, step: &PlannedStep) {
        self.custom_for(step, &|_| true);
    }

    /// Runs only the statements that the streaming buffer has refused before.
    pub fn custom_again(&mut self, step: &PlannedStep, refused: &[String]) {
        let is_refused = |statement: &Checked| refused.contains(&statement.statement().title());
        if step.statements.iter().any(is_refused) {
            self.custom_for(step, &is_refused);
        }
    }

    fn custom_for(&mut self, step: &PlannedStep, wanted: &dyn Fn(&Checked) -> bool) {
        if guards(step).next().is_some() {
            return self.update(step, wanted);
        }
        for statement in step.statements.iter().filter(|statement| wanted(statement)) {
            if self.stops() {
                break;
            }
            let is_custom = statement.statement().step.step() == Step::Custom;
            match statement.mutates() && is_custom {
                true => self.fail(unguarded(statement)),
                false => self.query(statement),
            }
            self.context.progress.advance();
        }
    }

    fn query(&mut self, statement: &Checked) {
        let rule = self.context.renderer.rule();
        let title = statement.statement().title();
        let spares = statement.takes("cutoff");
        let earlier = self.cutoff.earlier(rule, self.journal.now).filter(|_| spares);
        for cutoff in [Some(self.cutoff), earlier].into_iter().flatten() {
            match self.journal.send(statement, &params(cutoff, &self.journal.run)) {
                Ok(answer) => return self.steps.push(StepReport::new(title, answer)),
                Err(error) if error.kind() == Kind::StreamingBuffer => {}
                Err(error) => return self.fail(error),
            }
        }
        self.buffered.push(title);
    }

    /// Runs the UPDATEs of a custom step for the dates with rows to remove.
    fn update(&mut self, step: &PlannedStep, wanted: &dyn Fn(&Checked) -> bool) {
        let mut found = BTreeMap::new();
        for guard in guards(step) {
            match guarded(&self.journal, guard, &params(self.cutoff, &self.journal.run)) {
                Ok(counts) => found.extend(counts),
                Err(error) => return self.fail(error),
            }
        }
        if let Err(error) = self.keeps_every_key(step, &found) {
            return self.fail(error);
        }
        let mut record = None;
        for statement in &step.statements {
            match statement.statement().step.step() {
                Step::RecordCustom => record = Some(statement),
                Step::Custom => {
                    // Each UPDATE has its own record.
                    let record = record.take();
                    if !wanted(statement) {
                        continue;
                    }
                    if self.stops() {
                        return;
                    }
                    let day = statement.statement().window.first();
                    let found = found.get(&day).copied().unwrap_or_default();
                    match record {
                        Some(record) => self.update_day(step, record, statement, found),
                        None => self.fail(unguarded(statement)),
                    }
                    self.context.progress.advance();
                }
                _ => {}
            }
        }
    }

    /// Checks that no UPDATE removes a key's last active row, unless the rule allows it for this step. Later
    /// changes are handled by the ranking inside the UPDATE.
    fn keeps_every_key(&self, step: &PlannedStep, found: &BTreeMap<Day, Guarded>) -> Result<()> {
        let lost = found.iter().filter(|(_, found)| found.keys_lost > 0);
        let mut lost: Vec<String> =
            lost.map(|(day, found)| format!("{} on {day}", found.keys_lost)).collect();
        if let Some(more) = lost.len().checked_sub(DATES_NAMED).filter(|more| *more > 0) {
            lost.truncate(DATES_NAMED);
            lost.push(format!("and on {more} more dates"));
        }
        if lost.is_empty() || self.context.renderer.rule().may_remove_keys(&step.name) {
            return Ok(());
        }
        let message = format!(
            "step {} would remove the last active row of keys: {}; nothing was changed",
            step.name,
            lost.join(", ")
        );
        Err(Error::new(Kind::Verification, message).help(format!(
            "change the WHERE of its UPDATE; or, if these keys should disappear, write \
             {{ name = \"{}\", may_remove_keys = true }} in the rule's steps",
            step.name
        )))
    }

    /// Records and removes the rows that the UPDATE of one date matches. A failure is a problem of the run.
    fn update_day(
        &mut self,
        step: &PlannedStep,
        record: &Checked,
        removal: &Checked,
        found: Guarded,
    ) {
        let title = removal.statement().title();
        if found.shared_ids > 0 {
            let message = format!(
                "{title}: {} rows that it matches share their row id with other rows, and were left alone",
                found.shared_ids
            );
            self.fail(Error::new(Kind::Verification, message).help("make the row ids unique"));
        }
        if found.removed == 0 {
            return;
        }
        let context = self.context;
        if let Err(error) = context.warehouse.prepare_removals(context.renderer.removals()) {
            return self.fail(error);
        }
        let (rule, removed_by) = (context.renderer.rule(), Strategy::Deactivate);
        let state = DateState::new(rule, found.counts(), self.cutoff, self.journal.now)
            .removed_by(removed_by, removal.takes("cutoff"));
        let day = removal.statement().window.first();
        let count: &Counting<'_> =
            &|_, cutoff| Ok(BTreeMap::from([(day, self.guarded_day(step, day, cutoff)?.counts())]));
        let statements: &Statements<'_> =
            &|_| Ok(Pair { record: Cow::Borrowed(record), removal: Cow::Borrowed(removal) });
        let cleaning = Cleaning { journal: &self.journal, statements, removed_by, count };
        let mut batch = Batch::new(BTreeMap::from([(day, state)]));
        let problem = match cleaning.clean(&mut batch) {
            Cleaned::Failed(error) => Some(error),
            // The window is one date.
            Cleaned::Done | Cleaned::Separate => None,
        };
        let Some(state) = batch.dates.remove(&day) else { return };
        if state.baseline.buffered > 0 {
            return self.buffered.push(title);
        }
        if state.removed > 0 || problem.is_none() {
            let answer = Answer::from(Returned::Affected(Some(state.removed)));
            let keys_lost = rule.may_remove_keys(&step.name).then_some(found.keys_lost);
            self.steps.push(StepReport { keys_lost, ..StepReport::new(title, answer) });
        }
        if let Some(problem) = problem {
            self.fail(problem);
        }
    }

    /// The rows that the UPDATE of this date would remove now.
    fn guarded_day(&self, step: &PlannedStep, day: Day, cutoff: Cutoff) -> Result<Guarded> {
        let guards = guards(step).filter(|guard| guard.statement().window.contains(day));
        let mut found = Guarded::default();
        for guard in guards {
            let params = params(cutoff, &self.journal.run);
            found = guarded(&self.journal, guard, &params)?.remove(&day).unwrap_or_default();
        }
        Ok(found)
    }
}

/// The statements that count the rows which the UPDATEs of a custom step would remove.
fn guards(step: &PlannedStep) -> impl Iterator<Item = &Checked> {
    step.statements.iter().filter(|guard| guard.statement().step.step() == Step::Guard)
}

/// The error for an UPDATE without guard. Only the renderer makes UPDATEs of custom steps, always with
/// guards.
fn unguarded(statement: &Checked) -> Error {
    let message = format!("{} is not guarded; it was not sent", statement.statement().title());
    Error::new(Kind::Findings, message).help("write it as one UPDATE … SET … WHERE …")
}

/// The rows that the UPDATE of a custom step would remove, per date.
fn guarded(
    journal: &Journal<'_>,
    guard: &Checked,
    params: &Params,
) -> Result<BTreeMap<Day, Guarded>> {
    let partition = &journal.context.renderer.rule().partition;
    let found = |answer: &Answer| rows(answer).and_then(|rows| read(rows, partition));
    let detail = |answer: Option<&Answer>| {
        let found = found(answer?).ok()?;
        let sum = |of: fn(&Guarded) -> u64| found.values().map(of).sum();
        Some(Detail::Guard {
            removed: sum(|found| found.removed),
            keys_lost: sum(|found| found.keys_lost),
            shared_ids: sum(|found| found.shared_ids),
        })
    };
    let (_, answer) = journal.send_and_note(guard, params, &detail)?;
    found(&answer).map_err(|error| error.while_doing(guard.statement().running()))
}

fn read(rows: &Rows, partition: &Partition) -> Result<BTreeMap<Day, Guarded>> {
    let mut columns = [0; GUARD_COUNTS.len()];
    for (column, name) in columns.iter_mut().zip(GUARD_COUNTS) {
        *column = place(rows, name)?;
    }
    let mut found = BTreeMap::new();
    for row in &rows.rows {
        let value = |i: usize| {
            let missing = || wrong("the answer has a row that is too short".to_owned());
            row.get(columns[i]).ok_or_else(missing)
        };
        let guarded = Guarded {
            removed: count(value(1)?)?,
            keys_lost: count(value(2)?)?,
            shared_ids: count(value(3)?)?,
        };
        found.insert(day(value(0)?, partition)?, guarded);
    }
    Ok(found)
}

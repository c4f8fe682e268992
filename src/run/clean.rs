//! Cleaning dates that share a statement: performs the actions of their state machine.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::batch::{Action, Answer, Batch, ByDate, End, Note};
use super::counts;
use super::cutoff::Cutoff;
use super::journal::Journal;
use super::machine::drive;
use super::{Counts, ROUNDS, checked, params, rows};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::googlesql::SqlValue;
use crate::ledger::Detail;
use crate::rule::Strategy;
use crate::statement::StepName;
use crate::warehouse::{self, JobId, Returned};
use crate::window::{Day, Window};

/// The context in which dates are cleaned, and their statements.
pub(super) struct Cleaning<'r, 'a> {
    pub journal: &'r Journal<'a>,
    /// Makes the statements that record and remove the duplicates of dates.
    pub statements: &'r Statements<'r>,
    /// The strategy of the removal.
    pub removed_by: Strategy,
    /// Counts the remaining duplicates.
    pub count: &'r Counting<'r>,
}

/// The statements of some dates.
pub(super) struct Pair<'p> {
    pub record: Cow<'p, Checked>,
    pub removal: Cow<'p, Checked>,
}

/// Makes the statements for a window.
pub(super) type Statements<'c> = dyn Fn(&Window) -> Result<Pair<'c>> + 'c;

/// Counts dates as of a cutoff.
pub(super) type Counting<'c> = dyn Fn(&Window, Cutoff) -> Result<BTreeMap<Day, Counts>> + 'c;

/// The result of cleaning a batch.
pub(super) enum Cleaned {
    /// Nothing more to do; the removed rows are to be verified.
    Done,
    /// The streaming buffer refused the statement of several dates: each is tried separately.
    Separate,
    /// Cleaning failed.
    Failed(Error),
}

/// The sent statements of a round, and the job that recorded the duplicates.
struct Sent<'p> {
    pair: Pair<'p>,
    record: JobId,
    recorded: Option<u64>,
}

impl<'r> Cleaning<'r, '_> {
    /// Removes the settled duplicates of the dates.
    pub fn clean(&self, batch: &mut Batch) -> Cleaned {
        let mut sent = None;
        let perform = |batch: &Batch, action: &Action| self.perform(*action, batch, &mut sent);
        let progress = self.journal.context.progress;
        let tell = |batch: &Batch, note: Note| {
            progress.note(&note.sentence(&batch.window(), self.removed_by));
        };
        match drive(batch, perform, tell) {
            Ok(End::Stop) => Cleaned::Done,
            Ok(End::Separate) => Cleaned::Separate,
            Ok(End::GiveUp) => Cleaned::Failed(kept_changing(&batch.window())),
            Err(error) => Cleaned::Failed(error),
        }
    }

    fn perform(
        &self,
        action: Action,
        batch: &Batch,
        sent: &mut Option<Sent<'r>>,
    ) -> Result<Answer> {
        let (window, cutoff) = (batch.window(), batch.cutoff());
        Ok(match (action, sent.as_ref()) {
            (Action::Record, _) => {
                let pair = (self.statements)(&window)?;
                let (record, answer) =
                    self.journal.send_job(&pair.record, &params(cutoff, &self.journal.run))?;
                let recorded = changed(&answer)?;
                let by_date = match (window.only(), recorded) {
                    (Some(day), Some(rows)) => Some(ByDate::from([(day, rows)])),
                    (None, Some(0)) => Some(ByDate::new()),
                    (None, _) => Some(self.logged(&window, &record)?),
                    (Some(_), None) => None,
                };
                *sent = Some(Sent { pair, record, recorded });
                Answer::Recorded(by_date)
            }
            (Action::Remove, Some(sent)) => Answer::Removed(changed(&self.remove(sent, cutoff)?)?),
            (Action::Correct, Some(sent)) => {
                let taken_out = self.correct(&window, cutoff, &sent.record)?;
                Answer::Corrected(match window.only() {
                    Some(day) => {
                        let recorded = sent.recorded.unwrap_or(batch.detected_rows());
                        ByDate::from([(day, recorded.saturating_sub(taken_out))])
                    }
                    None => self.logged(&window, &sent.record)?,
                })
            }
            (Action::Count, _) => Answer::Counted((self.count)(&window, cutoff)?),
            // The machine always records first.
            (Action::Remove | Action::Correct, None) => {
                return Err(Error::new(
                    Kind::Verification,
                    format!("{window}: nothing was recorded"),
                ));
            }
        })
    }

    fn remove(&self, sent: &Sent<'_>, cutoff: Cutoff) -> Result<warehouse::Answer> {
        let detail = Detail::Removal {
            record: sent.record.to_string(),
            strategy: self.removed_by,
            puts_together: self.removed_by == Strategy::Rewrite
                && self.journal.context.renderer.rule().puts_together(),
        };
        let params = params(cutoff, &self.journal.run);
        self.journal.send_as(&sent.pair.removal, &params, Some(detail))
    }

    fn correct(&self, window: &Window, cutoff: Cutoff, record: &JobId) -> Result<u64> {
        let step = StepName::parse(StepName::CORRECT)?;
        let renderer = self.journal.context.renderer;
        let statement = renderer.render_about_removed(&step, window, self.removed_by, &[])?;
        let statement = check::run(renderer.rule(), statement)?;
        let params = params(cutoff, &self.journal.run)
            .with("recorded_by", SqlValue::String(record.to_string()));
        let answer = self.journal.send(&statement, &params)?;
        Ok(changed(&answer)?.unwrap_or(0))
    }

    /// The rows in the removal log of a job that recorded several dates.
    fn logged(&self, window: &Window, record: &JobId) -> Result<ByDate> {
        let journal = self.journal;
        let partition = &journal.context.renderer.rule().partition;
        let read = |answer: &warehouse::Answer| {
            rows(answer).and_then(|rows| counts::recorded(rows, partition))
        };
        let detail = |answer: Option<&warehouse::Answer>| {
            Some(Detail::Recorded { record: record.to_string(), days: read(answer?).ok()? })
        };
        let mut found = ByDate::new();
        for statement in &checked(journal.context.renderer, StepName::RECORDED, window)? {
            let params = params(Cutoff::everything(), &journal.run)
                .with("recorded_by", SqlValue::String(record.to_string()));
            let (_, answer) = journal.send_and_note(statement, &params, &detail)?;
            found = read(&answer)
                .map_err(|error| error.while_doing(statement.statement().running()))?;
        }
        Ok(found)
    }
}

fn kept_changing(window: &Window) -> Error {
    let message =
        format!("{window}: gave up after {ROUNDS} attempts because the table kept changing");
    Error::new(Kind::Verification, message)
        .help("run again when the other process that writes to this date is done")
}

/// Counts dates like detect.
pub(super) fn count(
    journal: &Journal<'_>,
    window: &Window,
    cutoff: Cutoff,
) -> Result<BTreeMap<Day, Counts>> {
    let mut found = BTreeMap::new();
    for statement in checked(journal.context.renderer, StepName::DETECT, window)? {
        found.extend(journal.count(&statement, cutoff)?.days);
    }
    Ok(found)
}

/// The number of rows that a statement changed; `None` if the warehouse does not say.
pub(super) fn changed(answer: &warehouse::Answer) -> Result<Option<u64>> {
    match answer.result {
        Returned::Affected(count) => Ok(count),
        Returned::Rows(_) | Returned::Nothing => Err(Error::new(
            Kind::UnexpectedAnswer,
            "the warehouse did not return an affected-row count for a DML statement",
        )),
    }
}

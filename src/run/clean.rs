//! Cleaning a date: what its state machine asks for, sent.

use super::cutoff::Cutoff;
use super::date::{Action, Answer, DateState, End, Note};
use super::journal::Journal;
use super::machine::drive;
use super::{Counts, ROUNDS, checked, params};
use crate::check::{self, Checked};
use crate::error::{Error, Kind, Result};
use crate::ledger::Detail;
use crate::rule::Strategy;
use crate::statement::StepName;
use crate::warehouse::{self, JobId, Returned};
use crate::window::{Day, Window};

/// The statements of one date, and where they are sent.
pub(super) struct Cleaning<'r, 'a> {
    pub journal: &'r Journal<'a>,
    /// Writes the duplicates into the removal log.
    pub record: &'r Checked,
    /// Removes them.
    pub removal: &'r Checked,
    /// How it removes them.
    pub removed_by: Strategy,
    /// Counts what is left to remove.
    pub count: &'r Counting<'r>,
}

/// Counts a date as of a cutoff.
pub(super) type Counting<'c> = dyn Fn(Cutoff) -> Result<Counts> + 'c;

impl Cleaning<'_, '_> {
    fn day(&self) -> Day {
        self.removal.statement().window.first()
    }

    /// Removes the settled duplicates of the date. Returns what went wrong with it.
    pub fn clean(&self, state: &mut DateState) -> Option<Error> {
        let mut record = None;
        let perform = |state: &DateState, action: &Action| -> Result<Answer> {
            self.perform(*action, state.cutoff, &mut record)
        };
        let progress = self.journal.context.progress;
        let tell = |note: Note| progress.note(&note.sentence(self.day(), self.removed_by));
        match drive(state, perform, tell) {
            Ok(End::Stop) => None,
            Ok(End::GiveUp) => {
                state.failed = true;
                Some(self.kept_changing())
            }
            Err(error) => Some(error),
        }
    }

    fn perform(
        &self,
        action: Action,
        cutoff: Cutoff,
        record: &mut Option<JobId>,
    ) -> Result<Answer> {
        Ok(match action {
            Action::Record => {
                let params = params(cutoff, &self.journal.run);
                let (job, answer) = self.journal.send_job(self.record, &params)?;
                *record = Some(job);
                Answer::Recorded(changed(&answer)?)
            }
            Action::Remove => Answer::Removed(changed(&self.remove(cutoff, record.as_ref())?)?),
            Action::Correct => Answer::Corrected(self.correct(cutoff)?),
            Action::Count => Answer::Counted((self.count)(cutoff)?),
        })
    }

    fn remove(&self, cutoff: Cutoff, record: Option<&JobId>) -> Result<warehouse::Answer> {
        let detail = record.map(|record| Detail::Removal {
            record: record.to_string(),
            strategy: self.removed_by,
            puts_together: self.removed_by == Strategy::Rewrite
                && self.journal.context.renderer.rule().puts_together(),
        });
        self.journal.send_as(self.removal, &params(cutoff, &self.journal.run), detail)
    }

    fn correct(&self, cutoff: Cutoff) -> Result<u64> {
        let (step, window) =
            (StepName::parse(StepName::CORRECT)?, &self.removal.statement().window);
        let renderer = self.journal.context.renderer;
        let statement = renderer.render_about_removed(&step, window, self.removed_by, &[])?;
        let statement = check::run(renderer.rule(), statement)?;
        let answer = self.journal.send(&statement, &params(cutoff, &self.journal.run))?;
        Ok(changed(&answer)?.unwrap_or(0))
    }

    fn kept_changing(&self) -> Error {
        let message = format!(
            "{}: gave up after {ROUNDS} attempts because the table kept changing",
            self.day()
        );
        Error::new(Kind::Verification, message)
            .help("run again when the other process that writes to this date is done")
    }
}

/// Counts a date as detect does.
pub(super) fn count(journal: &Journal<'_>, window: &Window, cutoff: Cutoff) -> Result<Counts> {
    let mut found = Counts::default();
    for statement in checked(journal.context.renderer, StepName::DETECT, window)? {
        let counts = journal.count(&statement, cutoff)?;
        found = counts.days.get(&window.first()).copied().unwrap_or_default();
    }
    Ok(found)
}

/// How many rows a statement changed; `None` where the warehouse does not say.
pub(super) fn changed(answer: &warehouse::Answer) -> Result<Option<u64>> {
    match answer.result {
        Returned::Affected(count) => Ok(count),
        Returned::Rows(_) | Returned::Nothing => Err(Error::new(
            Kind::Warehouse,
            "the warehouse did not return an affected-row count for a DML statement",
        )),
    }
}

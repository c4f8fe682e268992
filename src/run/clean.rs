//! The executor of the state machine of a date: it sends what the machine asks for, and tells it what
//! came of it.

use super::cutoff::Cutoff;
use super::date::{Action, DateState, Event};
use super::journal::Journal;
use super::{Counts, ROUNDS, checked, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::statement::StepName;
use crate::warehouse::{Answer, Returned};
use crate::window::Day;

/// The statements of one date, and where they are sent.
pub(super) struct Cleaning<'r, 'a> {
    pub journal: &'r Journal<'a>,
    /// Writes the duplicates into the removal log.
    pub record: &'r Checked,
    /// Removes them.
    pub removal: &'r Checked,
}

impl Cleaning<'_, '_> {
    fn day(&self) -> Day {
        self.removal.statement().window.first()
    }

    /// Removes the settled duplicates of the date. Returns what went wrong with it.
    pub fn clean(&self, state: &mut DateState) -> Option<Error> {
        let mut action = state.begin();
        loop {
            let (event, problem) = match self.perform(&action, state.cutoff) {
                Ok(Some(event)) => (event, None),
                Ok(None) => return None,
                Err(error) => (Event::Failed, Some(error)),
            };
            // What became of a removal without an answer is not known: it is looked at.
            state.touched |= problem.is_some() && action == Action::Remove;
            let (next, note) = state.next(event);
            if problem.is_some() {
                return problem;
            }
            if let Some(note) = note {
                let strategy = self.journal.context.renderer.rule().strategy;
                self.journal.context.progress.note(&note.sentence(self.day(), strategy));
            }
            action = next;
        }
    }

    /// What comes of an action; `None` after the last one.
    fn perform(&self, action: &Action, cutoff: Cutoff) -> Result<Option<Event>> {
        Ok(Some(match action {
            Action::Stop => return Ok(None),
            Action::GiveUp => return Err(self.kept_changing()),
            Action::Record => {
                let answer = self.send(self.record, cutoff)?;
                Event::Recorded(changed(&answer)?)
            }
            Action::Remove => match self.send(self.removal, cutoff) {
                Ok(answer) => Event::Removed(changed(&answer)?),
                Err(error) if error.kind() == Kind::StreamingBuffer => Event::Refused,
                Err(error) => return Err(error),
            },
            Action::Correct => Event::Corrected(self.correct(cutoff)?),
            Action::Count => Event::Counted(self.count(cutoff)?),
        }))
    }

    fn send(&self, statement: &Checked, cutoff: Cutoff) -> Result<Answer> {
        self.journal.send(statement, &params(cutoff, &self.journal.run))
    }

    fn correct(&self, cutoff: Cutoff) -> Result<u64> {
        let mut corrected = 0;
        for statement in self.rendered(StepName::CORRECT)? {
            corrected += changed(&self.send(&statement, cutoff)?)?.unwrap_or(0);
        }
        Ok(corrected)
    }

    fn count(&self, cutoff: Cutoff) -> Result<Counts> {
        let mut found = Counts::default();
        for statement in self.rendered(StepName::DETECT)? {
            let counts = self.journal.count(&statement, cutoff)?;
            found = counts.get(&self.day()).copied().unwrap_or_default();
        }
        Ok(found)
    }

    fn rendered(&self, step: &str) -> Result<Vec<Checked>> {
        checked(self.journal.context.renderer, step, &self.removal.statement().window)
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

/// How many rows a statement changed; `None` where the warehouse does not say.
pub(super) fn changed(answer: &Answer) -> Result<Option<u64>> {
    match answer.result {
        Returned::Affected(count) => Ok(count),
        Returned::Rows(_) | Returned::Nothing => Err(Error::new(
            Kind::Warehouse,
            "the warehouse did not return an affected-row count for a DML statement",
        )),
    }
}

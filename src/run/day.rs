//! One date of a run: the UPDATE, a second attempt when the streaming buffer refuses it, and a
//! second look when the table changed meanwhile.

use super::horizon::Horizon;
use super::state::{Progressing, Run};
use super::{ROUNDS, checked, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::statement::StepName;
use crate::warehouse::Answer;

impl Run<'_> {
    /// Deactivates the settled superseded rows of one date. What goes wrong with the date becomes
    /// a problem of the run. Errors: the ledger's.
    pub(super) fn deactivate_day(&mut self, update: &Checked) -> Result<()> {
        let day = update.statement().window.first();
        let Some(mut state) = self.days.remove(&day) else { return Ok(()) };
        let mut problem = None;
        for _ in 0..ROUNDS {
            if problem.is_some() || !state.needs_update() {
                break;
            }
            problem = self.round(update, &mut state)?;
        }
        if problem.is_none() && state.needs_update() {
            problem = Some(Error::new(
                Kind::Verification,
                format!("{day} kept changing: it was detected {ROUNDS} times and never held still"),
            ));
        }
        self.days.insert(day, state);
        if let Some(problem) = problem {
            self.fail_days(&[day], problem);
        }
        Ok(())
    }

    /// Sends the UPDATE once and draws the consequence. Returns what went wrong with the date.
    fn round(&mut self, update: &Checked, state: &mut Progressing) -> Result<Option<Error>> {
        let day = update.statement().window.first();
        let expected = state.baseline.settled_duplicates();
        match self.journal.send(update, &params(state.horizon, &self.journal.run.clone()))? {
            Ok(Answer::Affected(affected)) => {
                state.add(affected);
                if affected == expected {
                    return Ok(None);
                }
                self.context.progress.note(&format!(
                    "{day}: {expected} rows were detected and {affected} deactivated, \
                     so the table changed in between; detecting again"
                ));
                self.detect_again(update, state, state.horizon)
            }
            Ok(Answer::Rows(_)) => {
                state.touched = true;
                Ok(Some(Error::new(Kind::Warehouse, "the warehouse answered an UPDATE with rows")))
            }
            Err(error) if error.kind() == Kind::StreamingBuffer => self.refused(update, state),
            Err(error) => {
                state.touched = true;
                Ok(Some(error))
            }
        }
    }

    /// The last word is the warehouse's: the UPDATE is tried once more with the earlier horizon,
    /// where there is one; else the date is buffered.
    fn refused(&mut self, update: &Checked, state: &mut Progressing) -> Result<Option<Error>> {
        let day = update.statement().window.first();
        let rule = self.context.renderer.rule();
        match state.horizon.earlier(rule, self.now) {
            Some(earlier) => {
                self.context.progress.note(&format!(
                    "{day}: refused because of rows in the streaming buffer; trying once more with what was written before {}",
                    earlier.instant()
                ));
                self.detect_again(update, state, earlier)
            }
            None => {
                self.context.progress.note(&format!(
                    "{day}: refused because of rows in the streaming buffer; the date is buffered"
                ));
                state.baseline = state.baseline.all_buffered();
                Ok(None)
            }
        }
    }

    fn detect_again(
        &mut self,
        update: &Checked,
        state: &mut Progressing,
        horizon: Horizon,
    ) -> Result<Option<Error>> {
        let window = &update.statement().window;
        for statement in checked(self.context.renderer, StepName::DETECT, window)? {
            match self.count(&statement, horizon)? {
                Ok(counts) => {
                    let found = counts.get(&window.first()).copied().unwrap_or_default();
                    state.rebase(found, horizon);
                }
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }
}

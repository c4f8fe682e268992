//! One date of a run: the cure, a second attempt when the streaming buffer refuses it, and a
//! second look when the table changed meanwhile.

use super::cutoff::Cutoff;
use super::journal::Journal;
use super::state::Progressing;
use super::{ROUNDS, checked, params};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::rule::Strategy;
use crate::statement::StepName;
use crate::warehouse::{Audit, Returned};
use crate::window::Day;

/// The cure of one date, and where it is sent.
pub(super) struct Cleaning<'r, 'a> {
    pub journal: &'r Journal<'a>,
    pub update: &'r Checked,
    pub audit: Option<Audit<'r>>,
}

impl Cleaning<'_, '_> {
    fn day(&self) -> Day {
        self.update.statement().window.first()
    }

    fn strategy(&self) -> Strategy {
        self.journal.context.renderer.rule().strategy
    }

    /// How many rows the statement should report as changed.
    fn expected(&self, state: &Progressing) -> u64 {
        match self.counts_superseded() {
            true => state.baseline.settled_duplicates(),
            false => state.baseline.rewritten(),
        }
    }

    /// Whether the number of changed rows is that of the rows taken out. A rewrite without audit
    /// reports those that it deletes and those that it inserts.
    fn counts_superseded(&self) -> bool {
        self.audit.is_some() || self.strategy() != Strategy::Rewrite
    }

    /// Takes out the settled superseded rows of the date. Returns what went wrong with it.
    /// Errors: the ledger's.
    pub fn clean(&self, state: &mut Progressing) -> Result<Option<Error>> {
        for _ in 0..ROUNDS {
            if !state.needs_update() {
                return Ok(None);
            }
            if let Some(problem) = self.round(state)? {
                return Ok(Some(problem));
            }
        }
        Ok(state.needs_update().then(|| {
            Error::new(
                Kind::Verification,
                format!(
                    "{} kept changing: it was detected {ROUNDS} times and never held still",
                    self.day()
                ),
            )
        }))
    }

    /// Sends the UPDATE once and draws the consequence.
    fn round(&self, state: &mut Progressing) -> Result<Option<Error>> {
        let params = params(state.cutoff, &self.journal.run);
        match self.journal.send_audited(self.update, self.audit, &params)? {
            Ok(answer) => match answer.result {
                Returned::Affected(Some(changed)) if changed == self.expected(state) => {
                    self.changed(state, state.baseline.settled_duplicates())
                }
                Returned::Affected(Some(changed)) if self.counts_superseded() => {
                    self.changed(state, changed)
                }
                Returned::Affected(_) => self.count_changed(state),
                Returned::Rows(_) | Returned::Nothing => {
                    state.touched = true;
                    let message = "the warehouse answered a mutation with something else than a number of rows";
                    Ok(Some(Error::new(Kind::Warehouse, message)))
                }
            },
            Err(error) if error.kind() == Kind::StreamingBuffer => self.refused(state),
            Err(error) => {
                state.touched = true;
                Ok(Some(error))
            }
        }
    }

    fn changed(&self, state: &mut Progressing, affected: u64) -> Result<Option<Error>> {
        let expected = state.baseline.settled_duplicates();
        state.add(affected);
        if affected == expected {
            return Ok(None);
        }
        self.journal.context.progress.note(&format!(
            "{}: {expected} rows were detected and {affected} {}, \
             so the table changed in between; detecting again",
            self.day(),
            self.strategy().done()
        ));
        self.detect_again(state, state.cutoff)
    }

    /// The warehouse did not say how many rows it took out, so they are counted by query.
    fn count_changed(&self, state: &mut Progressing) -> Result<Option<Error>> {
        let before = state.baseline;
        state.touched = true;
        let window = &self.update.statement().window;
        for statement in checked(self.journal.context.renderer, StepName::DETECT, window)? {
            match self.journal.count(&statement, state.cutoff)? {
                Ok(counts) => {
                    let after = counts.get(&self.day()).copied().unwrap_or_default();
                    let affected = before.settled.saturating_sub(after.settled);
                    if let Some(problem) = self.changed(state, affected)? {
                        return Ok(Some(problem));
                    }
                }
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }

    /// The last word is the warehouse's: the UPDATE is tried once more with the earlier cutoff,
    /// where there is one; else the date is buffered.
    fn refused(&self, state: &mut Progressing) -> Result<Option<Error>> {
        let context = self.journal.context;
        let day = self.day();
        match state.cutoff.earlier(context.renderer.rule(), self.journal.now) {
            Some(earlier) => {
                context.progress.note(&format!(
                    "{day}: refused because of rows in the streaming buffer; trying once more with what was written before {}",
                    earlier.instant()
                ));
                self.detect_again(state, earlier)
            }
            None => {
                context.progress.note(&format!(
                    "{day}: refused because of rows in the streaming buffer; the date is buffered"
                ));
                state.baseline = state.baseline.all_buffered();
                Ok(None)
            }
        }
    }

    fn detect_again(&self, state: &mut Progressing, cutoff: Cutoff) -> Result<Option<Error>> {
        let window = &self.update.statement().window;
        for statement in checked(self.journal.context.renderer, StepName::DETECT, window)? {
            match self.journal.count(&statement, cutoff)? {
                Ok(counts) => {
                    let found = counts.get(&window.first()).copied().unwrap_or_default();
                    state.rebase(found, cutoff);
                }
                Err(error) => return Ok(Some(error)),
            }
        }
        Ok(None)
    }
}

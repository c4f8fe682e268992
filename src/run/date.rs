//! The course of a date that is cleaned, as a state machine. `clean.rs` performs what it asks for.

use super::cutoff::Cutoff;
use super::machine::{Event, Machine, Next};
use super::{Counts, ROUNDS};
use crate::rule::{Rule, Strategy};
use crate::window::Day;

use jiff::Timestamp;

/// What is to be done next for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Write its duplicates into the removal log.
    Record,
    /// Remove what was recorded.
    Remove,
    /// Take out of the removal log what was recorded and not removed.
    Correct,
    /// Count it again, with the state's cutoff.
    Count,
}

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// So many rows are in the removal log, where the warehouse says so.
    Recorded(Option<u64>),
    /// The statement was done; it reports so many changed rows, where the warehouse says so.
    Removed(Option<u64>),
    /// So many rows were taken out of the removal log again.
    Corrected(u64),
    /// The date was counted.
    Counted(Counts),
}

/// What has become of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing more is to be done; what was removed is to be verified.
    Stop,
    /// It kept changing.
    GiveUp,
}

type Course = Next<Action, End>;

/// What the reader should know of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// Other rows were removed than were detected: the table changed in between.
    Changed { detected: u64, removed: u64 },
    /// The streaming buffer refused the statement, which is sent again with this cutoff.
    Earlier(Timestamp),
    /// The streaming buffer refused the statement: the date is buffered.
    Buffered,
    /// What was recorded and what was removed differ: the date cannot be undone exactly.
    Inexact { recorded: u64, removed: u64 },
}

/// What a count is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// To begin again with what is there now.
    Anew,
    /// To learn how many rows the statement removed.
    Removed,
}

/// What the run knows of a date so far.
#[derive(Debug, Clone)]
pub(super) struct DateState {
    strategy: Strategy,
    /// Keys that had an active row when the run began.
    pub keys: u64,
    /// The counts as last detected, and the cutoff they were counted with.
    pub baseline: Counts,
    pub cutoff: Cutoff,
    /// Rows removed since the baseline was counted, and in all.
    pub since_baseline: u64,
    pub removed: u64,
    /// Whether a statement may have changed the date since it was last verified.
    pub touched: bool,
    /// Whether something went wrong with the date.
    pub failed: bool,
    recorded: u64,
    rounds: usize,
    counting: Counting,
    /// The cutoff for a second attempt, where the buffer refuses the first.
    earlier: Option<Cutoff>,
}

impl DateState {
    pub fn new(rule: &Rule, counts: Counts, cutoff: Cutoff, now: Timestamp) -> Self {
        Self {
            strategy: rule.strategy,
            keys: counts.keys,
            baseline: counts,
            cutoff,
            since_baseline: 0,
            removed: 0,
            touched: false,
            failed: false,
            recorded: 0,
            rounds: 0,
            counting: Counting::Anew,
            earlier: cutoff.earlier(rule, now),
        }
    }

    /// The same for rows that are removed in another way than the rule's, by a statement that may or may
    /// not be sent again with an earlier cutoff.
    #[must_use]
    pub fn removed_by(self, strategy: Strategy, spares: bool) -> Self {
        Self { strategy, earlier: self.earlier.filter(|_| spares), ..self }
    }

    /// Clean dates cost nothing; buffered ones wait; dates with shared ids are left alone.
    pub fn needs_removal(&self) -> bool {
        self.baseline.calls_for(self.strategy)
            && self.since_baseline < self.baseline.settled_duplicates()
    }

    /// The counts before this run removed anything.
    pub fn as_found(&self) -> Counts {
        self.baseline.before(self.removed - self.since_baseline)
    }

    /// Takes these counts for the state of the date.
    pub fn rebase(&mut self, counts: Counts, cutoff: Cutoff) {
        self.baseline = counts;
        self.cutoff = cutoff;
        self.since_baseline = 0;
    }

    /// The same, with the cutoff that a refused statement is sent again with.
    pub fn restart(&mut self, counts: Counts, cutoff: Cutoff, earlier: Option<Cutoff>) {
        self.rebase(counts, cutoff);
        self.earlier = earlier;
    }

    fn round(&mut self) -> Course {
        match (self.needs_removal(), self.rounds < ROUNDS) {
            (false, _) => Next::End(End::Stop),
            (true, false) => Next::End(End::GiveUp),
            (true, true) => {
                self.rounds += 1;
                Next::Do(Action::Record)
            }
        }
    }

    fn count(&mut self, counting: Counting) -> Course {
        self.counting = counting;
        Next::Do(Action::Count)
    }

    fn after_removal(&mut self, changed: Option<u64>) -> (Course, Option<Note>) {
        self.touched = true;
        match changed {
            // A MERGE reports the rows that it deletes and those that it inserts.
            Some(changed) if self.strategy == Strategy::Rewrite => {
                let settled = self.baseline.settled;
                match changed == settled + settled.saturating_sub(self.recorded) {
                    true => self.known(self.recorded),
                    false => (self.count(Counting::Removed), None),
                }
            }
            Some(changed) => self.known(changed),
            None => (self.count(Counting::Removed), None),
        }
    }

    /// So many rows were removed.
    fn known(&mut self, removed: u64) -> (Course, Option<Note>) {
        let detected = self.baseline.settled_duplicates();
        self.since_baseline += removed;
        self.removed += removed;
        let note = (removed != detected).then_some(Note::Changed { detected, removed });
        if removed < self.recorded {
            (Next::Do(Action::Correct), note)
        } else if removed == detected {
            (Next::End(End::Stop), None)
        } else {
            (self.count(Counting::Anew), note)
        }
    }

    /// The last word is the warehouse's: the statement is sent once more with the earlier cutoff, where
    /// there is one; else the date is buffered.
    fn refused(&mut self) -> (Course, Option<Note>) {
        match self.earlier.take() {
            Some(earlier) => {
                self.cutoff = earlier;
                (self.count(Counting::Anew), Some(Note::Earlier(earlier.instant())))
            }
            None => {
                self.baseline = self.baseline.all_buffered();
                (Next::End(End::Stop), Some(Note::Buffered))
            }
        }
    }
}

impl Machine for DateState {
    type Action = Action;
    type Answer = Answer;
    type Note = Note;
    type End = End;

    /// A pass over the date begins with what is known of it.
    fn begin(&mut self) -> Course {
        self.rounds = 0;
        self.round()
    }

    fn next(&mut self, event: Event<Answer>) -> (Course, Option<Note>) {
        match event {
            Event::Refused => self.refused(),
            Event::Done(Answer::Recorded(Some(0))) => {
                let detected = self.baseline.settled_duplicates();
                (self.count(Counting::Anew), Some(Note::Changed { detected, removed: 0 }))
            }
            Event::Done(Answer::Recorded(rows)) => {
                self.recorded = rows.unwrap_or(self.baseline.settled_duplicates());
                (Next::Do(Action::Remove), None)
            }
            Event::Done(Answer::Removed(changed)) => self.after_removal(changed),
            Event::Done(Answer::Corrected(rows)) => {
                let (recorded, removed) =
                    (self.recorded - rows.min(self.recorded), self.since_baseline);
                let inexact = recorded != removed;
                (self.count(Counting::Anew), inexact.then_some(Note::Inexact { recorded, removed }))
            }
            Event::Done(Answer::Counted(counts)) => match self.counting {
                Counting::Anew => {
                    self.rebase(counts, self.cutoff);
                    (self.round(), None)
                }
                Counting::Removed => {
                    let fall = self.baseline.settled.saturating_sub(counts.settled);
                    self.known(fall.saturating_sub(self.since_baseline))
                }
            },
        }
    }

    /// What became of a removal without an answer is not known: it is looked at.
    fn failed(&mut self, action: &Action) {
        self.failed = true;
        self.touched |= *action == Action::Remove;
    }
}

impl Note {
    /// The note as a sentence about this date.
    pub fn sentence(self, day: Day, strategy: Strategy) -> String {
        let done = strategy.done();
        match self {
            Self::Changed { detected, removed } => format!(
                "{day}: {detected} rows were to be {done} and {removed} were, because the table changed in \
                 between; counting again"
            ),
            Self::Earlier(cutoff) => format!(
                "{day}: refused because of rows in the streaming buffer; retrying with rows written before {cutoff}"
            ),
            Self::Buffered => format!(
                "{day}: refused because of rows in the streaming buffer; the date is buffered"
            ),
            Self::Inexact { recorded, removed } => format!(
                "{day}: {removed} rows were {done} and {recorded} are in the removal log, because another \
                 process changed them in between; this date cannot be undone exactly"
            ),
        }
    }
}

#[cfg(test)]
mod tests;

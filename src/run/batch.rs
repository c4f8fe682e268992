//! The state machine of the dates that share a statement. `clean.rs` performs its actions.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::date::DateState;
use super::machine::{Event, Machine, Next};
use super::{Counts, ROUNDS};
use crate::rule::Strategy;
use crate::window::{Day, Window};

/// The next action, for the dates of [`Batch::window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Write their duplicates into the removal log.
    Record,
    /// Remove the recorded rows.
    Remove,
    /// Delete rows that were recorded but not removed from the removal log.
    Correct,
    /// Count them again, with their cutoff.
    Count,
}

/// Rows, by date.
pub(super) type ByDate = BTreeMap<Day, u64>;

/// The result of an action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// These rows are in the removal log; `None` if the warehouse does not say.
    Recorded(Option<ByDate>),
    /// The statement completed; it changed this many rows, if the warehouse says so.
    Removed(Option<u64>),
    /// These rows remain in the removal log.
    Corrected(ByDate),
    /// The rows were counted.
    Counted(BTreeMap<Day, Counts>),
}

/// The final state of the dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing more to do; the removed rows are to be verified.
    Stop,
    /// The dates kept changing.
    GiveUp,
    /// The streaming buffer refused the statement of several dates: each is tried separately.
    Separate,
}

type Course = Next<Action, End>;

/// A note about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Note {
    /// The number of removed rows differs from the detected: the table changed in between.
    Changed { detected: u64, removed: u64 },
    /// The streaming buffer refused the statement, which is sent again with this cutoff.
    Earlier(Timestamp),
    /// The streaming buffer refused the statement: the date is buffered.
    Buffered,
    /// The streaming buffer refused the statement of several dates.
    Separate,
    /// Recorded and removed rows differ: the dates cannot be undone exactly.
    Inexact { recorded: u64, removed: u64 },
}

/// The purpose of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counting {
    /// To begin again from the current rows.
    Anew,
    /// To find how many rows the statement removed.
    Removed,
}

/// The dates that share a statement: one, or several.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    strategy: Strategy,
    /// The state of each date.
    pub dates: BTreeMap<Day, DateState>,
    /// The dates of this round's statements.
    round: Vec<Day>,
    recorded: ByDate,
    /// The number that the statement reported, until it is known per date.
    reported: Option<u64>,
    rounds: usize,
    counting: Counting,
}

impl Batch {
    /// A batch of dates: at least one, all counted with the same cutoff.
    pub fn new(dates: BTreeMap<Day, DateState>) -> Self {
        Self {
            strategy: dates.values().next().map(|state| state.strategy).unwrap_or_default(),
            round: dates.keys().copied().collect(),
            dates,
            recorded: ByDate::new(),
            reported: None,
            rounds: 0,
            counting: Counting::Anew,
        }
    }

    /// The dates of the next action.
    pub fn window(&self) -> Window {
        Window::of_some(&self.round)
    }

    /// The cutoff of these dates.
    pub fn cutoff(&self) -> Cutoff {
        let first = self.round.first().and_then(|day| self.dates.get(day));
        first.map_or(Cutoff::everything(), |state| state.cutoff)
    }

    /// The number of rows to remove.
    pub fn detected_rows(&self) -> u64 {
        sum(&self.detected())
    }

    fn in_round(&mut self) -> impl Iterator<Item = (&Day, &mut DateState)> {
        self.dates.iter_mut().filter(|(day, _)| self.round.contains(day))
    }

    fn detected(&self) -> ByDate {
        let rows = |day: &Day| Some((*day, self.dates.get(day)?.baseline.settled_duplicates()));
        self.round.iter().filter_map(rows).collect()
    }

    fn round(&mut self) -> Course {
        let needed = self.dates.iter().filter(|(_, state)| state.needs_removal());
        let needed: Vec<Day> = needed.map(|(day, _)| *day).collect();
        match (needed.is_empty(), self.rounds < ROUNDS) {
            (true, _) => Next::End(End::Stop),
            (false, false) => {
                self.round = needed;
                self.in_round().for_each(|(_, state)| state.failed = true);
                Next::End(End::GiveUp)
            }
            (false, true) => {
                self.rounds += 1;
                self.round = needed;
                Next::Do(Action::Record)
            }
        }
    }

    fn count(&mut self, counting: Counting) -> Course {
        self.counting = counting;
        Next::Do(Action::Count)
    }

    fn after_removal(&mut self, changed: Option<u64>) -> (Course, Option<Note>) {
        self.in_round().for_each(|(_, state)| state.touched = true);
        let recorded = sum(&self.recorded);
        match changed {
            // A MERGE reports deleted and inserted rows together.
            Some(changed) if self.strategy == Strategy::Rewrite => {
                let settled: u64 = self.in_round().map(|(_, state)| state.baseline.settled).sum();
                match changed == settled + settled.saturating_sub(recorded) {
                    true => self.known(self.recorded.clone()),
                    false => (self.count(Counting::Removed), None),
                }
            }
            Some(changed) if changed == recorded => self.known(self.recorded.clone()),
            Some(changed) => match self.round.as_slice() {
                [only] => self.known(ByDate::from([(*only, changed)])),
                // The corrected removal log shows to which dates they belong.
                _ => {
                    self.reported = Some(changed);
                    (Next::Do(Action::Correct), Some(self.changed(changed)))
                }
            },
            None => (self.count(Counting::Removed), None),
        }
    }

    fn changed(&self, removed: u64) -> Note {
        Note::Changed { detected: sum(&self.detected()), removed }
    }

    fn add_removed(&mut self, removed: &ByDate) {
        for (day, rows) in removed {
            if let Some(state) = self.dates.get_mut(day) {
                state.add_removed(*rows);
            }
        }
    }

    /// Handles the removed rows, once known per date.
    fn known(&mut self, removed: ByDate) -> (Course, Option<Note>) {
        self.add_removed(&removed);
        let note = (!same(&removed, &self.detected())).then(|| self.changed(sum(&removed)));
        let fewer = |(day, rows): (&Day, &u64)| removed.get(day).copied().unwrap_or(0) < *rows;
        if self.recorded.iter().any(fewer) {
            (Next::Do(Action::Correct), note)
        } else if note.is_none() {
            (Next::End(End::Stop), None)
        } else {
            (self.count(Counting::Anew), note)
        }
    }

    fn corrected(&mut self, left: ByDate) -> (Course, Option<Note>) {
        let removed = match self.reported.take() {
            Some(reported) => {
                self.add_removed(&at_most(&left, reported));
                reported
            }
            None => self.in_round().map(|(_, state)| state.since_baseline).sum(),
        };
        let recorded = sum(&left);
        let inexact = recorded != removed;
        let note = inexact.then_some(Note::Inexact { recorded, removed });
        (self.count(Counting::Anew), note)
    }

    /// Handles a refusal by the streaming buffer, which is authoritative: the statement is sent again with
    /// the earlier cutoff, if there is one; otherwise the date is buffered.
    fn refused(&mut self) -> (Course, Option<Note>) {
        let mut earlier = None;
        for (_, state) in self.in_round() {
            if let Some(cutoff) = state.earlier.take() {
                state.cutoff = cutoff;
                earlier = Some(cutoff);
            }
        }
        match (earlier, self.round.len()) {
            (Some(earlier), _) => {
                (self.count(Counting::Anew), Some(Note::Earlier(earlier.instant())))
            }
            (None, 1) => {
                let buffer = |state: &mut DateState| state.baseline = state.baseline.all_buffered();
                self.in_round().for_each(|(_, state)| buffer(state));
                (Next::End(End::Stop), Some(Note::Buffered))
            }
            (None, _) => (Next::End(End::Separate), Some(Note::Separate)),
        }
    }

    fn counted(&mut self, counts: &BTreeMap<Day, Counts>) -> (Course, Option<Note>) {
        let counts = |day: &Day| counts.get(day).copied().unwrap_or_default();
        match self.counting {
            Counting::Anew => {
                for (day, state) in self.in_round() {
                    state.rebase(counts(day), state.cutoff);
                }
                (self.round(), None)
            }
            Counting::Removed => {
                let fell = |(day, state): (&Day, &mut DateState)| {
                    let fall = state.baseline.settled.saturating_sub(counts(day).settled);
                    (*day, fall.saturating_sub(state.since_baseline))
                };
                let removed = self.in_round().map(fell).collect();
                self.known(removed)
            }
        }
    }
}

impl Machine for Batch {
    type Action = Action;
    type Answer = Answer;
    type Note = Note;
    type End = End;

    /// Begins a pass over the dates with their known state.
    fn begin(&mut self) -> Course {
        self.rounds = 0;
        self.round()
    }

    fn next(&mut self, event: Event<Answer>) -> (Course, Option<Note>) {
        match event {
            Event::Refused => self.refused(),
            Event::Done(Answer::Recorded(Some(rows))) if sum(&rows) == 0 => {
                let note = self.changed(0);
                (self.count(Counting::Anew), Some(note))
            }
            Event::Done(Answer::Recorded(rows)) => {
                self.recorded = rows.unwrap_or_else(|| self.detected());
                (Next::Do(Action::Remove), None)
            }
            Event::Done(Answer::Removed(changed)) => self.after_removal(changed),
            Event::Done(Answer::Corrected(left)) => self.corrected(left),
            Event::Done(Answer::Counted(counts)) => self.counted(&counts),
        }
    }

    /// After a removal without a response, the outcome is unknown, so the rows are counted.
    fn failed(&mut self, action: &Action) {
        let removes = *action == Action::Remove;
        for (_, state) in self.in_round() {
            state.failed = true;
            state.touched |= removes;
        }
    }
}

fn sum(rows: &ByDate) -> u64 {
    rows.values().sum()
}

/// The rows per date, limited to a total of `most`.
pub(super) fn at_most(rows: &ByDate, most: u64) -> ByDate {
    let mut left = most;
    let mut take = |rows: u64| {
        let taken = rows.min(left);
        left -= taken;
        taken
    };
    rows.iter().map(|(day, rows)| (*day, take(*rows))).collect()
}

/// Whether both are equal; a missing date has 0 rows.
fn same(one: &ByDate, other: &ByDate) -> bool {
    let some =
        |rows: &ByDate| rows.iter().filter(|(_, rows)| **rows > 0).map(|(d, r)| (*d, *r)).collect();
    let (one, other): (ByDate, ByDate) = (some(one), some(other));
    one == other
}

impl Note {
    /// The note as a sentence about this date.
    pub fn sentence(self, window: &Window, strategy: Strategy) -> String {
        let done = strategy.done();
        match self {
            Self::Changed { detected, removed } => format!(
                "{window}: counting again, because the table changed in between: rows to be {done}: {detected}, \
                 {done}: {removed}"
            ),
            Self::Earlier(cutoff) => format!(
                "{window}: refused because of rows in the streaming buffer; retrying with rows written before {cutoff}"
            ),
            Self::Buffered => format!(
                "{window}: refused because of rows in the streaming buffer; the date is buffered"
            ),
            Self::Separate => format!(
                "{window}: refused because of rows in the streaming buffer; retrying each date by itself"
            ),
            Self::Inexact { recorded, removed } => format!(
                "{window}: this date cannot be undone exactly: another process changed its rows in between, so \
                 that {removed} were {done} and {recorded} are in the removal log"
            ),
        }
    }
}

#[cfg(test)]
mod tests;

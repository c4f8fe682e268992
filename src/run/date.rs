//! One date of a run as a state machine: an event in, an action out. It knows no warehouse and no
//! ledger; `clean.rs` performs what it asks for.

use super::cutoff::Cutoff;
use super::{Counts, ROUNDS};
use crate::rule::{Rule, Strategy};
use crate::window::Day;

use jiff::Timestamp;

/// What is to be done next for a date.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Action {
    /// Write its duplicates into the removal log.
    Record,
    /// Remove what was recorded.
    Remove,
    /// Take out of the removal log what was recorded and not removed.
    Correct,
    /// Count it again, with the state's cutoff.
    Count,
    /// Nothing more; what was removed is to be verified.
    Stop,
    /// Nothing more: it kept changing.
    GiveUp,
}

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Event {
    /// So many rows are in the removal log, where the warehouse says so.
    Recorded(Option<u64>),
    /// The statement was done; it reports so many changed rows, where the warehouse says so.
    Removed(Option<u64>),
    /// The streaming buffer refused the statement: nothing was changed.
    Refused,
    /// So many rows were taken out of the removal log again.
    Corrected(u64),
    /// The date was counted.
    Counted(Counts),
    /// Something went wrong; what it was is reported elsewhere.
    Failed,
}

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

    /// The first action of a pass over the date, which begins with what is known of it.
    pub fn begin(&mut self) -> Action {
        self.rounds = 0;
        self.round()
    }

    fn round(&mut self) -> Action {
        match (self.needs_removal(), self.rounds < ROUNDS) {
            (false, _) => Action::Stop,
            (true, false) => Action::GiveUp,
            (true, true) => {
                self.rounds += 1;
                Action::Record
            }
        }
    }

    /// What follows from an event, and what the reader should know of it.
    pub fn next(&mut self, event: Event) -> (Action, Option<Note>) {
        match event {
            Event::Recorded(Some(0)) => {
                let detected = self.baseline.settled_duplicates();
                (self.count(Counting::Anew), Some(Note::Changed { detected, removed: 0 }))
            }
            Event::Recorded(rows) => {
                self.recorded = rows.unwrap_or(self.baseline.settled_duplicates());
                (Action::Remove, None)
            }
            Event::Removed(changed) => self.after_removal(changed),
            Event::Refused => self.refused(),
            Event::Corrected(rows) => {
                let (recorded, removed) = (self.recorded - rows.min(self.recorded), self.last());
                let inexact = recorded != removed;
                (self.count(Counting::Anew), inexact.then_some(Note::Inexact { recorded, removed }))
            }
            Event::Counted(counts) => match self.counting {
                Counting::Anew => {
                    self.rebase(counts, self.cutoff);
                    (self.round(), None)
                }
                Counting::Removed => {
                    let fall = self.baseline.settled.saturating_sub(counts.settled);
                    self.known(fall.saturating_sub(self.since_baseline))
                }
            },
            Event::Failed => {
                self.failed = true;
                (Action::Stop, None)
            }
        }
    }

    fn count(&mut self, counting: Counting) -> Action {
        self.counting = counting;
        Action::Count
    }

    /// Rows removed by the last statement.
    fn last(&self) -> u64 {
        self.since_baseline
    }

    fn after_removal(&mut self, changed: Option<u64>) -> (Action, Option<Note>) {
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
    fn known(&mut self, removed: u64) -> (Action, Option<Note>) {
        let detected = self.baseline.settled_duplicates();
        self.since_baseline += removed;
        self.removed += removed;
        let note = (removed != detected).then_some(Note::Changed { detected, removed });
        if removed < self.recorded {
            (Action::Correct, note)
        } else if removed == detected {
            (Action::Stop, None)
        } else {
            (self.count(Counting::Anew), note)
        }
    }

    /// The last word is the warehouse's: the statement is sent once more with the earlier cutoff, where
    /// there is one; else the date is buffered.
    fn refused(&mut self) -> (Action, Option<Note>) {
        match self.earlier.take() {
            Some(earlier) => {
                self.cutoff = earlier;
                (self.count(Counting::Anew), Some(Note::Earlier(earlier.instant())))
            }
            None => {
                self.baseline = self.baseline.all_buffered();
                (Action::Stop, Some(Note::Buffered))
            }
        }
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
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn rule(keys: &str) -> Rule {
        let text = format!(
            "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
             row_id = \"id\"\nactive = \"a\"\n{keys}"
        );
        RuleFile::parse("onerow.toml", &text).unwrap().rules[0].clone()
    }

    fn counts(active: u64, keys: u64) -> Counts {
        Counts {
            active,
            keys,
            duplicates: active - keys,
            buffered: 0,
            shared_ids: 0,
            settled: active,
        }
    }

    fn state(keys: &str, counts: Counts) -> DateState {
        let now: Timestamp = "2026-01-30T10:00:00Z".parse().unwrap();
        DateState::new(&rule(keys), counts, Cutoff::At(now), now)
    }

    /// The actions that these events lead to, the first one before any of them.
    fn played(state: &mut DateState, events: &[Event]) -> Vec<Action> {
        let mut actions = vec![state.begin()];
        actions.extend(events.iter().map(|event| state.next(*event).0));
        actions
    }

    #[test]
    fn a_clean_date_costs_nothing() {
        assert_eq!(played(&mut state("", counts(6, 6)), &[]), [Action::Stop]);
    }

    #[test]
    fn what_was_detected_is_recorded_and_then_removed() {
        let mut date = state("", counts(10, 6));
        let actions = played(&mut date, &[Event::Recorded(Some(4)), Event::Removed(Some(4))]);
        assert_eq!(actions, [Action::Record, Action::Remove, Action::Stop]);
        assert_eq!((date.removed, date.touched, date.failed), (4, true, false));
        assert_eq!(date.as_found(), counts(10, 6));
    }

    #[test]
    fn a_rewrite_reports_what_it_deletes_and_inserts() {
        let mut date = state("strategy = \"rewrite\"", counts(10, 6));
        played(&mut date, &[Event::Recorded(Some(4)), Event::Removed(Some(16))]);
        assert_eq!(date.removed, 4);
        let mut date = state("strategy = \"rewrite\"", counts(10, 6));
        let actions = played(&mut date, &[Event::Recorded(Some(4)), Event::Removed(Some(18))]);
        assert_eq!(actions[2], Action::Count, "another number: it is counted");
        assert_eq!(date.next(Event::Counted(counts(7, 6))).0, Action::Correct);
        assert_eq!(date.removed, 3);
    }

    #[test]
    fn what_was_recorded_and_not_removed_is_taken_out_of_the_log_and_detected_again() {
        let mut date = state("", counts(10, 6));
        let events = [
            Event::Recorded(Some(4)),
            Event::Removed(Some(3)),
            Event::Corrected(1),
            Event::Counted(counts(7, 6)),
            Event::Recorded(Some(1)),
            Event::Removed(Some(1)),
        ];
        use Action::*;
        let expected = [Record, Remove, Correct, Count, Record, Remove, Stop];
        assert_eq!(played(&mut date, &events), expected);
        assert_eq!((date.removed, date.since_baseline), (4, 1));
    }

    #[test]
    fn what_does_not_add_up_is_said() {
        let mut date = state("", counts(10, 6));
        played(&mut date, &[Event::Recorded(Some(4)), Event::Removed(Some(3))]);
        let note = date.next(Event::Corrected(0)).1;
        assert_eq!(note, Some(Note::Inexact { recorded: 4, removed: 3 }));
    }

    #[test]
    fn a_refused_statement_is_sent_once_more_with_an_earlier_cutoff_and_then_waits() {
        let mut date = state("written_at = \"w\"", counts(10, 6));
        let events = [
            Event::Recorded(Some(4)),
            Event::Refused,
            Event::Counted(counts(10, 6)),
            Event::Recorded(Some(4)),
            Event::Refused,
        ];
        use Action::*;
        assert_eq!(played(&mut date, &events), [Record, Remove, Count, Record, Remove, Stop]);
        assert_eq!((date.baseline.buffered, date.touched), (4, false));
        let mut date = state("", counts(10, 6));
        let actions = played(&mut date, &[Event::Recorded(Some(4)), Event::Refused]);
        assert_eq!(actions, [Record, Remove, Stop], "no rows to tell apart");
    }

    #[test]
    fn a_date_that_keeps_changing_is_given_up() {
        let mut date = state("", counts(10, 6));
        let mut action = date.begin();
        let mut records = 0;
        while action != Action::GiveUp {
            action = match action {
                Action::Record => {
                    records += 1;
                    date.next(Event::Recorded(Some(4))).0
                }
                Action::Remove => date.next(Event::Removed(Some(3))).0,
                Action::Correct => date.next(Event::Corrected(1)).0,
                Action::Count => date.next(Event::Counted(counts(10, 6))).0,
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(records, ROUNDS);
    }
}

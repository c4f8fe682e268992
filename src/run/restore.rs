//! The state machine of a date that is restored: counted, restored by statement, and counted again. `undo.rs`
//! performs its actions.

use super::Counts;
use super::machine::{Event, Following, Machine, Next};

/// The next action for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Count the date before anything is restored.
    CountBefore,
    /// Save the rows from before this removal, with a 0-based index, as a before image.
    SetAside(usize),
    /// Restore the rows of this removal.
    Restore(usize),
    /// Count it again.
    CountAfter,
}

/// The result of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The date was counted.
    Counted(Counts),
    /// The before image is saved.
    SetAside,
    /// This many rows were restored.
    Restored(u64),
}

/// The final state of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// This many rows were restored, and the counts agree.
    Restored(u64),
    /// The streaming buffer refused a statement after this many rows were restored.
    Buffered(u64),
    /// The counts do not match the statements.
    Broken { before: Counts, after: Counts, restored: u64 },
}

/// A date during restoration.
#[derive(Debug)]
pub(super) struct DateRestore {
    /// Whether each removal needs a before image.
    removals: Vec<bool>,
    /// Whether merged survivors get their former values back, which statements report too.
    puts_back: bool,
    next: usize,
    before: Counts,
    restored: u64,
    refused: bool,
}

impl DateRestore {
    /// A date with these removals: for each, whether it needs a before image.
    pub fn new(removals: Vec<bool>, puts_back: bool) -> Self {
        let before = Counts::default();
        Self { removals, puts_back, next: 0, before, restored: 0, refused: false }
    }

    fn removal(&self) -> Next<Action, End> {
        Next::Do(match self.removals.get(self.next) {
            Some(true) => Action::SetAside(self.next),
            Some(false) => Action::Restore(self.next),
            None => Action::CountAfter,
        })
    }

    fn verified(&self, after: Counts) -> End {
        let (before, mut restored) = (self.before, self.restored);
        let more = after.active.checked_sub(before.active);
        // Every merged survivor took values from at least one row.
        if let Some(more) = more.filter(|more| self.puts_back && is_one_to_two(*more, restored)) {
            restored = more;
        }
        if more != Some(restored) || after.keys < before.keys {
            return End::Broken { before, after, restored };
        }
        if self.refused { End::Buffered(restored) } else { End::Restored(restored) }
    }
}

/// Whether `reported` is between once and twice `rows`.
fn is_one_to_two(rows: u64, reported: u64) -> bool {
    (rows..=rows.saturating_mul(2)).contains(&reported)
}

impl Machine for DateRestore {
    type Action = Action;
    type Answer = Answer;
    type Note = std::convert::Infallible;
    type End = End;

    fn begin(&mut self) -> Next<Action, End> {
        Next::Do(Action::CountBefore)
    }

    fn next(&mut self, event: Event<Answer>) -> Following<Self> {
        let next = match event {
            Event::Done(Answer::Counted(counts))
                if self.next < self.removals.len() && !self.refused =>
            {
                self.before = counts;
                self.removal()
            }
            Event::Done(Answer::Counted(counts)) => Next::End(self.verified(counts)),
            Event::Done(Answer::SetAside) => Next::Do(Action::Restore(self.next)),
            Event::Done(Answer::Restored(rows)) => {
                self.restored += rows;
                self.next += 1;
                self.removal()
            }
            // Restored rows stay restored and are counted; the rest waits.
            Event::Refused if self.restored == 0 => Next::End(End::Buffered(0)),
            Event::Refused => {
                self.refused = true;
                Next::Do(Action::CountAfter)
            }
        };
        (next, None)
    }

    fn failed(&mut self, _: &Action) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(active: u64, keys: u64) -> Event<Answer> {
        Event::Done(Answer::Counted(Counts { active, keys, ..Counts::default() }))
    }

    fn restored(rows: u64) -> Event<Answer> {
        Event::Done(Answer::Restored(rows))
    }

    fn played(removals: &[bool], events: &[Event<Answer>]) -> Vec<Next<Action, End>> {
        let mut date = DateRestore::new(removals.to_vec(), false);
        let mut course = vec![date.begin()];
        course.extend(events.iter().map(|event| date.next(*event).0));
        course
    }

    fn ended(removals: &[bool], events: &[Event<Answer>]) -> End {
        match played(removals, events).pop() {
            Some(Next::End(end)) => end,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_removal_is_restored_between_two_counts() {
        use Action::*;
        let course = played(
            &[false, true],
            &[
                counted(4, 3),
                restored(1),
                Event::Done(Answer::SetAside),
                restored(1),
                counted(6, 3),
            ],
        );
        let actions = [CountBefore, Restore(0), SetAside(1), Restore(1), CountAfter].map(Next::Do);
        assert_eq!(course[..5], actions);
        assert_eq!(course[5], Next::End(End::Restored(2)));
    }

    #[test]
    fn the_rows_restored_are_those_by_which_the_date_has_changed_and_no_key_is_lost() {
        let holds = |after, rows| {
            let end = ended(&[false], &[counted(4, 3), restored(rows), after]);
            matches!(end, End::Restored(_))
        };
        assert!(holds(counted(6, 3), 2));
        assert!(holds(counted(6, 4), 2), "a key may come back");
        assert!(!holds(counted(6, 3), 1));
        assert!(!holds(counted(6, 2), 2));
    }

    #[test]
    fn a_survivor_that_becomes_what_it_was_is_reported_and_no_row_more() {
        let end = |reported, after| {
            let mut date = DateRestore::new(vec![true], true);
            date.begin();
            let events = [counted(4, 3), restored(reported), counted(after, 3)];
            match events.map(|event| date.next(event).0).into_iter().next_back() {
                Some(Next::End(end)) => end,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(end(3, 6), End::Restored(2), "two rows, and one survivor");
        assert_eq!(end(4, 6), End::Restored(2), "two rows, each with its survivor");
        assert_eq!(end(0, 4), End::Restored(0));
        for (reported, after) in [(5, 6), (1, 6), (1, 4), (3, 3)] {
            assert!(matches!(end(reported, after), End::Broken { .. }), "{reported} {after}");
        }
    }

    #[test]
    fn what_the_buffer_refuses_waits_and_what_was_restored_before_is_verified() {
        assert_eq!(ended(&[false], &[counted(4, 3), Event::Refused]), End::Buffered(0));
        let second = [counted(4, 3), restored(1), Event::Refused, counted(5, 3)];
        assert_eq!(ended(&[false, false], &second), End::Buffered(1));
        let lost = [counted(4, 3), restored(1), Event::Refused, counted(4, 3)];
        assert!(matches!(ended(&[false, false], &lost), End::Broken { .. }));
    }
}

//! The state machine of a date whose staged rows are merged. `consolidate.rs` performs its actions.

use jiff::Timestamp;

use super::ROUNDS;
use super::Staged;
use super::cutoff::Cutoff;
use super::machine::{Event, Following, Machine, Next};
use crate::rule::Rule;

/// The next action for a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Merge the staged rows.
    Merge,
    /// Count the staged rows.
    Count,
}

/// The result of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The MERGE completed; it reports this many rows, if the warehouse says so.
    Merged(Option<u64>),
    /// The staged rows were counted.
    Counted(Staged),
}

/// The MERGE changed other rows than counted: the tables changed in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Changed {
    pub expected: u64,
    pub merged: u64,
    pub left: u64,
}

/// The final state of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Nothing more can be merged; `waiting` rows wait for the streaming buffer.
    Stop { waiting: u64 },
    /// More rows were staged each time.
    GiveUp,
    /// More rows were merged than were counted.
    TooMany { expected: u64, merged: u64 },
    /// Rows were lost, or not inserted.
    Lost { before: Staged, after: Staged },
}

/// A date whose staged rows are merged.
#[derive(Debug)]
pub(super) struct DateMerge {
    /// The cutoff of its count and merge.
    pub cutoff: Cutoff,
    /// The total of merged rows.
    pub merged: u64,
    /// Whether the ledger needs a MERGE even without new rows.
    unrecorded: bool,
    /// Whether staged rows may be deletion markers.
    marks: bool,
    staged: Staged,
    /// The counts, and the merged rows, before the current count.
    last: Option<(Staged, u64)>,
    rounds: usize,
    /// The cutoff for a second attempt, if the buffer refuses the first.
    earlier: Option<Cutoff>,
}

impl DateMerge {
    pub fn new(
        rule: &Rule,
        staged: Staged,
        unrecorded: bool,
        cutoff: Cutoff,
        now: Timestamp,
    ) -> Self {
        let earlier = cutoff.earlier(rule, now);
        let marks = rule.stages_deletions();
        Self { cutoff, merged: 0, unrecorded, marks, staged, last: None, rounds: 0, earlier }
    }

    /// The counts before the current MERGE.
    pub fn staged(&self) -> Staged {
        self.staged
    }

    fn round(&mut self) -> Next<Action, End> {
        let records = self.unrecorded && self.staged.staged > 0 && self.staged.buffered == 0;
        if self.staged.changes() == 0 && !records {
            return Next::End(End::Stop { waiting: self.staged.buffered });
        }
        if self.rounds == ROUNDS {
            return Next::End(End::GiveUp);
        }
        self.rounds += 1;
        self.unrecorded = false;
        Next::Do(Action::Merge)
    }

    /// Handles the counts after a MERGE: it adds inserted rows, and removes those that markers delete. The
    /// number deleted by markers staged meanwhile is unknown.
    fn counted(&mut self, after: Staged) -> Following<Self> {
        self.staged = after;
        let Some((before, merged)) = self.last.take() else { return (self.round(), None) };
        let (expected, left) = (before.changes(), after.changes());
        let changed = Changed { expected, merged, left };
        let note = (merged != expected || left > 0).then_some(changed);
        let next = if merged > expected && after.staged == before.staged {
            Next::End(End::TooMany { expected, merged })
        } else if after.active < before.active_after()
            && !(self.marks && after.staged != before.staged)
        {
            Next::End(End::Lost { before, after })
        } else {
            self.round()
        };
        (next, note)
    }
}

impl Machine for DateMerge {
    type Action = Action;
    type Answer = Answer;
    type Note = Changed;
    type End = End;

    fn begin(&mut self) -> Next<Action, End> {
        self.round()
    }

    fn next(&mut self, event: Event<Answer>) -> Following<Self> {
        match event {
            Event::Done(Answer::Merged(rows)) => {
                let merged = rows.unwrap_or(self.staged.changes());
                self.merged += merged;
                self.last = Some((self.staged, merged));
                (Next::Do(Action::Count), None)
            }
            Event::Done(Answer::Counted(staged)) => self.counted(staged),
            // The warehouse's refusal is authoritative: the statement is sent again with an earlier cutoff,
            // if there is one; otherwise the date waits.
            Event::Refused => match self.earlier.take() {
                Some(earlier) => {
                    self.cutoff = earlier;
                    (Next::Do(Action::Count), None)
                }
                None => {
                    let waiting = self.staged.changes() + self.staged.buffered;
                    (Next::End(End::Stop { waiting }), None)
                }
            },
        }
    }

    fn failed(&mut self, _: &Action) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    const FOUND: Staged = Staged {
        staged: 3,
        active: 10,
        inserts: 2,
        updates: 1,
        deletes: 0,
        buffered: 0,
        left_out: 0,
    };

    fn left(active: u64) -> Staged {
        Staged { staged: 3, active, ..Staged::default() }
    }

    fn merge(found: Staged, unrecorded: bool) -> DateMerge {
        let text = "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                    row_id = \"id\"\nactive = \"a\"\nwritten_at = \"w\"";
        let rule = &RuleFile::parse("onerow.toml", text).unwrap().rules[0];
        let now: Timestamp = "2026-01-30T10:00:00Z".parse().unwrap();
        DateMerge::new(rule, found, unrecorded, Cutoff::At(now), now)
    }

    fn merged(rows: u64) -> Event<Answer> {
        Event::Done(Answer::Merged(Some(rows)))
    }

    fn counted(staged: Staged) -> Event<Answer> {
        Event::Done(Answer::Counted(staged))
    }

    fn played(date: &mut DateMerge, events: &[Event<Answer>]) -> Vec<Next<Action, End>> {
        let mut course = vec![date.begin()];
        course.extend(events.iter().map(|event| date.next(*event).0));
        course
    }

    const MERGE: Next<Action, End> = Next::Do(Action::Merge);
    const COUNT: Next<Action, End> = Next::Do(Action::Count);
    const STOP: Next<Action, End> = Next::End(End::Stop { waiting: 0 });

    #[test]
    fn what_is_staged_is_merged_and_counted_again() {
        let mut date = merge(FOUND, false);
        assert_eq!(played(&mut date, &[merged(3), counted(left(12))]), [MERGE, COUNT, STOP]);
        assert_eq!(date.merged, 3);
        assert_eq!(played(&mut merge(left(12), false), &[]), [STOP], "nothing is new");
        let recorded = played(&mut merge(left(12), true), &[merged(0), counted(left(12))]);
        assert_eq!(recorded, [MERGE, COUNT, STOP], "the ledger lacks it");
    }

    #[test]
    fn a_merge_that_takes_rows_away_or_does_not_insert_is_found_out() {
        let end = |active| played(&mut merge(FOUND, false), &[merged(3), counted(left(active))])[2];
        assert_eq!(end(12), STOP);
        assert_eq!(end(13), STOP, "another row may have come");
        assert_eq!(end(11), Next::End(End::Lost { before: FOUND, after: left(11) }));
    }

    #[test]
    fn rows_that_markers_delete_are_not_lost_and_others_are() {
        let found = Staged { deletes: 4, ..FOUND };
        let end = |active| played(&mut merge(found, false), &[merged(7), counted(left(active))])[2];
        assert_eq!(end(8), STOP);
        assert_eq!(end(7), Next::End(End::Lost { before: found, after: left(7) }));
    }

    #[test]
    fn how_many_rows_a_marker_deletes_that_was_staged_meanwhile_is_not_known() {
        let end = |marks, staged| {
            let mut date = merge(FOUND, false);
            date.marks = marks;
            played(&mut date, &[merged(3), counted(Staged { staged, ..left(11) })])[2]
        };
        let lost =
            |staged| Next::End(End::Lost { before: FOUND, after: Staged { staged, ..left(11) } });
        assert_eq!(end(true, 4), STOP);
        assert_eq!(end(true, 3), lost(3));
        assert_eq!(end(false, 4), lost(4));
    }

    #[test]
    fn a_merge_that_changes_more_rows_than_were_staged_is_found_out() {
        let course = played(&mut merge(FOUND, false), &[merged(4), counted(left(12))]);
        assert_eq!(course[2], Next::End(End::TooMany { expected: 3, merged: 4 }));
    }

    #[test]
    fn what_is_staged_meanwhile_is_merged_too_but_not_for_ever() {
        let mut date = merge(FOUND, false);
        played(&mut date, &[merged(3)]);
        let note = date.next(counted(Staged { staged: 4, active: 12, ..FOUND })).1;
        assert_eq!(note, Some(Changed { expected: 3, merged: 3, left: 3 }));
        let grown = |active| counted(Staged { staged: 4, active, ..FOUND });
        let events = [merged(3), grown(12), merged(3), grown(14), merged(3), grown(16)];
        let course = played(&mut merge(FOUND, false), &events);
        assert_eq!(course.last(), Some(&Next::End(End::GiveUp)));
    }

    #[test]
    fn what_the_buffer_refuses_is_merged_with_an_earlier_cutoff_and_then_waits() {
        let mut date = merge(FOUND, false);
        let course = played(&mut date, &[Event::Refused, counted(FOUND), Event::Refused]);
        assert_eq!(course, [MERGE, COUNT, MERGE, Next::End(End::Stop { waiting: 3 })]);
    }
}

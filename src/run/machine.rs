//! What a date goes through, as state machines: what came of an action in, the next action out. The
//! machines know no warehouse and no ledger; the executor here performs what they ask for. Cleaning
//! (`date.rs`), restoring (`restore.rs`) and merging (`merge.rs`) are such machines.

use crate::error::{Kind, Result};

/// The course of one date.
pub(super) trait Machine {
    /// What is to be done next.
    type Action: Clone;
    /// What came of it.
    type Answer;
    /// What the reader should know.
    type Note;
    /// What has become of the date.
    type End;

    /// The first action.
    fn begin(&mut self) -> Next<Self::Action, Self::End>;

    /// What follows from what came of the last action, and what the reader should know of that.
    fn next(&mut self, event: Event<Self::Answer>) -> Following<Self>;

    /// The action ended in an error, which ends the course.
    fn failed(&mut self, action: &Self::Action);
}

/// What follows, and what the reader should know.
pub(super) type Following<M> =
    (Next<<M as Machine>::Action, <M as Machine>::End>, Option<<M as Machine>::Note>);

/// What came of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<A> {
    /// It was done.
    Done(A),
    /// The streaming buffer refused its statement: nothing was changed.
    Refused,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next<A, E> {
    /// An action.
    Do(A),
    /// Nothing.
    End(E),
}

/// The executor: performs what the machine asks for until its course ends. Errors: that of an action.
pub(super) fn drive<M: Machine>(
    machine: &mut M,
    mut perform: impl FnMut(&M, &M::Action) -> Result<M::Answer>,
    mut tell: impl FnMut(&M, M::Note),
) -> Result<M::End> {
    let mut next = machine.begin();
    loop {
        let action = match next {
            Next::End(end) => return Ok(end),
            Next::Do(action) => action,
        };
        let event = match perform(machine, &action) {
            Ok(answer) => Event::Done(answer),
            Err(error) if error.kind() == Kind::StreamingBuffer => Event::Refused,
            Err(error) => {
                machine.failed(&action);
                return Err(error);
            }
        };
        let (following, note) = machine.next(event);
        if let Some(note) = note {
            tell(machine, note);
        }
        next = following;
    }
}

//! The course of a date as state machines: the result of an action in, the next action out. The machines do
//! not access warehouse or ledger; the executor here performs their actions. Cleaning (`batch.rs`), restoring
//! (`restore.rs`) and merging (`merge.rs`) are such machines.

use crate::error::{Kind, Result};

/// The course of one date.
pub(super) trait Machine {
    /// The next action.
    type Action: Clone;
    /// The result of an action.
    type Answer;
    /// A note for the reader.
    type Note;
    /// The final state of the date.
    type End;

    /// The first action.
    fn begin(&mut self) -> Next<Self::Action, Self::End>;

    /// The next state after the result of the last action, with a note.
    fn next(&mut self, event: Event<Self::Answer>) -> Following<Self>;

    /// Handles an error of the action, which ends the course.
    fn failed(&mut self, action: &Self::Action);
}

/// The next state, with a note.
pub(super) type Following<M> =
    (Next<<M as Machine>::Action, <M as Machine>::End>, Option<<M as Machine>::Note>);

/// The result of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<A> {
    /// The action completed.
    Done(A),
    /// The streaming buffer refused its statement: nothing was changed.
    Refused,
}

/// The next state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next<A, E> {
    /// An action.
    Do(A),
    /// The course has ended.
    End(E),
}

/// The executor: performs the machine's actions until its course ends. Errors: an action's.
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

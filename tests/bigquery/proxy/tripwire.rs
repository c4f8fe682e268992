//! A call at which the caller dies.

use super::Proxy;

/// When the caller dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The call has left the caller; nothing was executed.
    Sent,
    /// The call was executed; nothing was answered.
    Executed,
}

/// Ends the caller, and returns when it has ended.
type Kill = Box<dyn FnOnce() + Send>;

#[derive(Default)]
pub(super) struct Tripwire {
    /// How many calls have come.
    calls: usize,
    armed: Option<(usize, Moment, Kill)>,
}

impl Tripwire {
    /// Counts a call; its number.
    pub fn arrives(&mut self) -> usize {
        self.calls += 1;
        self.calls
    }

    /// What is to be done at this moment of the call with this number, if anything: several are under
    /// way at once.
    pub fn at(&mut self, number: usize, moment: Moment) -> Option<Kill> {
        let armed = self.armed.take_if(|(call, at, _)| (*call, *at) == (number, moment))?;
        Some(armed.2)
    }
}

impl Proxy {
    /// Kills the caller at this call, counted from 1 and from now, and cuts the connection.
    pub fn kill_at(&self, call: usize, moment: Moment, kill: impl FnOnce() + Send + 'static) {
        let tripwire = &mut self.state.lock().unwrap().tripwire;
        *tripwire = Tripwire { calls: 0, armed: Some((call, moment, Box::new(kill))) };
    }
}

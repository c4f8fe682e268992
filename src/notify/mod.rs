//! Notifications about runs: what is reported to whom, separate from sending.

mod address;
mod alerts;
mod channel;
mod message;
mod reach;
mod send;
mod waiting;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::error::{Error, Kind, Result};
use crate::ledger::Ledger;
use crate::run::RunOutcome;
use crate::window::Day;

pub use address::{Address, address};
pub use alerts::{Alert, alerts};
pub use channel::{Channel, channels};
pub use send::{BUDGET, NotTold, send, send_and_wait};
pub use waiting::waiting_since;

/// The end of a run, with facts from the ledger.
#[derive(Debug, Clone)]
pub struct RunEvent {
    /// The ended run.
    pub ended: RunOutcome,
    /// Since when rows of its dates are known to be in the streaming buffer.
    pub waiting: BTreeMap<Day, Timestamp>,
}

impl RunEvent {
    /// The end of a run, before reading the ledger.
    pub fn of(ended: RunOutcome) -> Self {
        Self { ended, waiting: BTreeMap::new() }
    }

    /// Reads from the ledger how long rows have been waiting, if a channel needs it.
    ///
    /// # Errors
    /// The ledger cannot be read; the event is still usable.
    pub fn look(
        &mut self,
        channels: &[Channel],
        ledger: &dyn Ledger,
        now: Timestamp,
    ) -> Result<()> {
        let concerned = channels.iter().map(Channel::webhook);
        let concerned = concerned.filter(|webhook| webhook.concerns(&self.ended.rule));
        let Some(longest) = concerned.filter_map(|webhook| webhook.buffered_for).max() else {
            return Ok(());
        };
        if self.ended.buffered.is_empty() {
            return Ok(());
        }
        let found = waiting::look(&self.ended, ledger, longest, now).map_err(|cause| {
            Error::new(Kind::Webhook, "cannot find out how long rows have been buffered")
                .caused_by(cause)
        })?;
        self.waiting = found;
        Ok(())
    }
}

/// One message to a channel about the runs of one command.
#[derive(Debug, Clone)]
pub struct Message {
    channel: Channel,
    /// The run, if the message is about only one.
    run: Option<String>,
    body: String,
}

impl Message {
    /// The body, as JSON.
    pub fn body(&self) -> &str {
        &self.body
    }
}

/// A message for each channel that has alerts.
pub fn messages(channels: &[Channel], events: &[RunEvent], now: Timestamp) -> Vec<Message> {
    let message = |channel: &Channel| {
        let told = events.iter().map(|event| {
            (&event.ended, alerts(channel.webhook(), &event.ended, &event.waiting, now))
        });
        let told: Vec<(&RunOutcome, Vec<Alert>)> =
            told.filter(|(_, alerts)| !alerts.is_empty()).collect();
        let run = match told.as_slice() {
            [] => return None,
            [(only, _)] => only.run.clone(),
            _ => None,
        };
        let body = message::message(&told, now).to_string();
        Some(Message { channel: channel.clone(), run, body })
    };
    channels.iter().filter_map(message).collect()
}

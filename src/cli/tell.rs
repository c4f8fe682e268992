//! Notifications about the runs of a command.

use super::Effects;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::notify::{self, Channel, RunEvent};
use crate::rule::RuleName;
use crate::run::RunOutcome;

/// Notifies webhooks, and writes a closing line per run to the JSON log.
pub(super) struct Notifier<'a> {
    channels: Vec<Channel>,
    engine: &'a Engine,
    effects: &'a Effects,
}

impl<'a> Notifier<'a> {
    /// Prepares notifications for runs of these rules.
    ///
    /// # Errors
    /// A webhook has no usable address.
    pub fn new<'r>(
        engine: &'a Engine,
        rules: impl IntoIterator<Item = &'r RuleName>,
        effects: &'a Effects,
    ) -> Result<Self> {
        let env = |name: &str| std::env::var_os(name);
        let channels = notify::channels(&engine.project().file.webhooks, rules, &env)?;
        Ok(Self { channels, engine, effects })
    }

    /// Sends notifications for finished runs. A failed notification is a warning.
    pub fn tell(&self, ended: Vec<RunOutcome>) {
        let mut events = Vec::new();
        for ended in ended {
            let mut event = RunEvent::of(ended);
            if let Err(error) = self.engine.look_into(&mut event, &self.channels) {
                self.effects.report_of(event.ended.run.as_deref(), &error);
            }
            events.push(event);
        }
        self.send(&events);
        // Last, so that the last line of a failed run has the reason, for alerts.
        events.iter().for_each(|event| self.effects.close(&event.ended));
    }

    /// Sends a notification that the command could not run anything because of this error. Errors in the
    /// command line, the rule file or a template are not sent: the person who wrote them sees them.
    pub fn notify_of_error(&self, error: &Error, ended: impl IntoIterator<Item = RunOutcome>) {
        if error.exit_code() == 1 {
            self.send(&ended.into_iter().map(RunEvent::of).collect::<Vec<_>>());
        }
    }

    fn send(&self, events: &[RunEvent]) {
        let messages = notify::messages(&self.channels, events, self.engine.now());
        for lost in notify::send_and_wait(messages) {
            self.effects.report_of(lost.run.as_deref(), &lost.error);
        }
    }
}

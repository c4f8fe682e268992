//! Telling people how the runs of a command ended.

use super::Effects;
use super::common::ProjectArgs;
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::ledger::Ledger;
use crate::notify::{self, Channel, Occasion};
use crate::project::Project;
use crate::rule::RuleName;
use crate::run::Ended;

/// Tells webhooks, and where messages are written for programs, closes each run with a line.
pub(super) struct Teller<'a> {
    channels: Vec<Channel>,
    clock: Clock,
    effects: &'a Effects,
}

impl<'a> Teller<'a> {
    /// Makes ready to tell of runs of these rules. Errors: a webhook has no usable address.
    pub fn new<'r>(
        project: &Project,
        rules: impl IntoIterator<Item = &'r RuleName>,
        args: &ProjectArgs,
        effects: &'a Effects,
    ) -> Result<Self> {
        let env = |name: &str| std::env::var_os(name);
        let channels = notify::channels(&project.file.webhooks, rules, &env)?;
        Ok(Self { channels, clock: args.clock(effects), effects })
    }

    /// Tells of runs that have ended. What cannot be told is a warning.
    pub fn tell(&self, ended: Vec<Ended>, ledger: &dyn Ledger) {
        let now = self.clock.now();
        let mut occasions = Vec::new();
        for ended in ended {
            self.effects.close(&ended);
            let mut occasion = Occasion::of(ended);
            if let Err(error) = occasion.look(&self.channels, ledger, now) {
                self.effects.report_of(occasion.ended.run.as_deref(), &error);
            }
            occasions.push(occasion);
        }
        self.send(&occasions);
    }

    /// Tells that this kept a command from running anything. What is wrong with the command line,
    /// the rule file or a template is for whoever wrote it, and is not told.
    pub fn tell_in_vain(&self, error: &Error, ended: impl IntoIterator<Item = Ended>) {
        if error.exit_code() == 1 {
            self.send(&ended.into_iter().map(Occasion::of).collect::<Vec<_>>());
        }
    }

    fn send(&self, occasions: &[Occasion]) {
        let letters = notify::letters(&self.channels, occasions, self.clock.now());
        for lost in notify::send_and_wait(letters) {
            self.effects.report_of(lost.run.as_deref(), &lost.error);
        }
    }
}

//! Waiting for other writers: a statement with a transient failure is retried for a while.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;

use super::Context;
use crate::clock::brief;
use crate::error::{Error, Result};

/// The first pause, and the longest. Jitter makes a pause up to twice as long.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));

/// The attempts to send one statement.
pub(super) struct Retry<'a> {
    context: &'a Context<'a>,
    pauses: ExponentialBackoff,
    /// The time of the first failure, for measuring and for messages.
    failed: Option<(Instant, Timestamp)>,
}

impl<'a> Retry<'a> {
    pub fn new(context: &'a Context<'a>) -> Self {
        let pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(PAUSES.0)
            .with_max_delay(PAUSES.1)
            .without_max_times();
        Self { context, pauses: pauses.build(), failed: None }
    }

    /// Waits before the next attempt, and prints a message.
    ///
    /// # Errors
    /// The given error, when the time is up.
    pub fn wait(&mut self, title: &str, error: Error) -> Result<()> {
        let now = self.context.clock.now();
        let (begun, since) = *self.failed.get_or_insert_with(|| (Instant::now(), now));
        let patience = self.context.warehouse.retry_for();
        let left = patience.saturating_sub(begun.elapsed());
        if left.is_zero() {
            return Err(error.help(format!(
                "it was retried for {} (`retry_for`); run again when the other statements on the table have ended",
                brief(patience)
            )));
        }
        let pause = self.pauses.next().unwrap_or(left).min(left);
        self.context.progress.note(&format!(
            "{title}: {}; retrying in {}, since {}, for {} at most",
            error.headline().trim_end_matches('.'),
            brief(pause),
            since.strftime("%H:%M:%S UTC"),
            brief(patience)
        ));
        self.context.interrupt.sleep(pause);
        Ok(())
    }
}

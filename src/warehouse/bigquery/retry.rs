//! Making a call again while it fails in passing, and what is said after the last try.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::failure::Failure;
use super::token_failure::TokenFailure;
use super::{BigQuery, POLL};
use crate::error::{Error, Kind};

impl BigQuery {
    /// Makes a call again while it fails in passing, with growing pauses, for `retry_for`.
    pub(super) fn again<T>(&self, call: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        let begun = Instant::now();
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(POLL.0)
            .with_max_delay(Duration::from_secs(20))
            .without_max_times()
            .build();
        loop {
            let failure = match call() {
                Err(failure) if failure.may_pass() => failure,
                other => return other,
            };
            let left = self.settings.retry_for.saturating_sub(begun.elapsed());
            let pause = pauses.next().unwrap_or(left).min(left);
            tracing::info!(?failure, "trying again in {pause:?}");
            if left.is_zero() || self.interrupt.sleep(pause) {
                return Err(failure);
            }
        }
    }

    /// The error after the last try to send a job, or to look at it. What may have had its effect
    /// is not called a failure.
    pub(super) fn lost_sight(&self, failure: &Failure) -> Error {
        match failure.is_ambiguous() {
            true => Error::new(Kind::Unreachable, failure.error().headline()).help(format!(
                "it was tried for {:?}; what became of the statement is looked up by the next run",
                self.settings.retry_for
            )),
            false => self.gave_up(failure),
        }
    }

    /// The error after the last try.
    pub(super) fn gave_up(&self, failure: &Failure) -> Error {
        let tried = |kind: Kind, then: &str| {
            let help = format!("it was tried for {:?}; {then}", self.settings.retry_for);
            Error::new(kind, failure.error().headline()).help(help)
        };
        if let Failure::Token(TokenFailure { help, may_pass: true, .. }) = failure {
            return tried(Kind::Unreachable, help);
        }
        match failure.kind() {
            Kind::Unreachable => {
                tried(Kind::Unreachable, "look at the network, and at `endpoint` if there is one")
            }
            Kind::Transient if failure.is_ambiguous() => {
                tried(Kind::Unreachable, "run again later")
            }
            Kind::Transient => tried(Kind::Warehouse, "run again later"),
            _ => failure.error(),
        }
    }
}

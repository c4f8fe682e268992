//! Retrying calls after transient failures, and the error after the last attempt.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};

use super::failure::Failure;
use super::token_failure::TokenFailure;
use super::{BigQuery, POLL, Tell};
use crate::clock::brief;
use crate::error::{Error, Kind};

/// How long calls to an unreachable server are retried: after that, the network is assumed to be at fault.
const UNREACHABLE: Duration = Duration::from_secs(2 * 60);

/// How long calls fail before that is reported.
const TOLD: Duration = Duration::from_secs(10);

/// How long a call has failed: in total, and with the current kind of failure.
struct Trying {
    begun: Instant,
    /// The start of the current kind of failure, and how long that kind is retried.
    now: Option<(Duration, Instant)>,
}

impl Trying {
    fn new() -> Self {
        Self { begun: Instant::now(), now: None }
    }

    /// How long the call has been retried, and how long it still may be, after another failure with this
    /// patience. A brief network failure does not cut short the longer patience for a busy server.
    fn after(&mut self, patience: Duration, most: Duration, at: Instant) -> (Duration, Duration) {
        let since = match self.now {
            Some((known, since)) if known == patience => since,
            _ => self.now.insert((patience, if self.now.is_some() { at } else { self.begun })).1,
        };
        let tried = at - self.begun;
        let left = patience.saturating_sub(at - since).min(most.saturating_sub(tried));
        (tried, left)
    }
}

/// Reports to the log, for calls without another receiver.
pub(super) fn log(sentence: &str) {
    tracing::warn!("{sentence}");
}

impl BigQuery {
    /// Retries a call after transient failures, with growing pauses, for as long as [`patience`] allows.
    pub(super) fn again<T>(&self, call: impl Fn() -> Result<T, Failure>) -> Result<T, Failure> {
        self.again_telling(&log, call)
    }

    /// Like [`BigQuery::again`], and reports what it waits for.
    pub(super) fn again_telling<T>(
        &self,
        tell: &Tell<'_>,
        call: impl Fn() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut trying = Trying::new();
        // Jitter makes a pause up to twice as long.
        let mut pauses = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(POLL.0)
            .with_max_delay(Duration::from_secs(30))
            .without_max_times()
            .build();
        loop {
            let failure = match call() {
                Err(failure) if failure.may_pass() => failure,
                other => return other,
            };
            let patience = self.patience(&failure);
            let (tried, left) = trying.after(patience, self.settings.retry_for, Instant::now());
            let pause = pauses.next().unwrap_or(left).min(left);
            tracing::info!(?failure, "trying again in {pause:?}");
            if tried > TOLD && !left.is_zero() {
                tell(&format!(
                    "no answer for {}: {}; retrying for {} at most",
                    brief(tried),
                    failure.error().headline().trim_end_matches('.'),
                    brief(patience)
                ));
            }
            if left.is_zero() || self.interrupt.sleep(pause) {
                return Err(failure);
            }
        }
    }

    pub(super) fn patience(&self, failure: &Failure) -> Duration {
        patience(self.settings.retry_for, failure)
    }

    /// The error after the last attempt to send or look up a job. If the job may have taken effect, it is not
    /// reported as failed.
    pub(super) fn lost_sight(&self, failure: &Failure) -> Error {
        match failure.is_ambiguous() {
            true => self.unknown(failure, self.patience(failure)),
            false => self.gave_up(failure),
        }
    }

    /// The error of a statement whose outcome could not be found for this long.
    pub(super) fn unknown(&self, failure: &Failure, tried: Duration) -> Error {
        Error::new(Kind::NoAnswer, failure.error().headline()).help(format!(
            "it was tried for {}; what became of the statement is looked up by the next run",
            brief(tried)
        ))
    }

    /// The error after the last attempt.
    pub(super) fn gave_up(&self, failure: &Failure) -> Error {
        let tried = |kind: Kind, then: &str| {
            let help = format!("it was tried for {}; {then}", brief(self.patience(failure)));
            Error::new(kind, failure.error().headline()).help(help)
        };
        if let Failure::Token(TokenFailure { help, may_pass: true, .. }) = failure {
            return tried(Kind::NoAnswer, help);
        }
        match failure.kind() {
            Kind::NoAnswer => {
                tried(Kind::NoAnswer, "look at the network, and at `endpoint` if there is one")
            }
            Kind::Transient if failure.is_ambiguous() => tried(Kind::NoAnswer, "run again later"),
            Kind::Transient => tried(Kind::Unavailable, "run again later"),
            _ => failure.error(),
        }
    }
}

/// How long a call with this failure is retried.
fn patience(retry_for: Duration, failure: &Failure) -> Duration {
    match failure {
        Failure::Lost(_) | Failure::Token(_) => retry_for.min(UNREACHABLE),
        Failure::Refused { .. } | Failure::Unsent(_) | Failure::Unreadable(_) => retry_for,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_breaks_for_a_moment_does_not_end_what_a_busy_server_goes_on_for() {
        let [busy, broken] = [900, 120].map(Duration::from_secs);
        let mut trying = Trying::new();
        let at = |seconds| trying.begun + Duration::from_secs(seconds);
        let moments = [at(1), at(600), at(601), at(700), at(721), at(900)];
        let mut left = |patience, at| trying.after(patience, busy, at).1.as_secs();
        assert_eq!(left(busy, moments[0]), 899);
        assert_eq!(left(busy, moments[1]), 300);
        assert_eq!(left(broken, moments[2]), 120);
        assert_eq!(left(broken, moments[3]), 21);
        assert_eq!(left(broken, moments[4]), 0);
        assert_eq!(left(busy, moments[5]), 0, "in all no longer than a server that is busy");
    }

    #[test]
    fn a_network_without_answers_is_not_called_as_long_as_a_server_that_is_busy() {
        let [short, long] = [30, 900].map(Duration::from_secs);
        let lost = Failure::Lost("reset".to_owned());
        assert_eq!((patience(short, &lost), patience(long, &lost)), (short, UNREACHABLE));
        let busy = Failure::Refused { status: 503, reason: String::new(), message: String::new() };
        assert_eq!((patience(short, &busy), patience(long, &busy)), (short, long));
        let refused =
            Failure::Refused { status: 403, reason: String::new(), message: String::new() };
        let looks = [busy, refused].map(|failure| patience(long, &failure.of_look()));
        assert_eq!(looks, [long, UNREACHABLE], "a job that runs is looked at as long");
    }
}

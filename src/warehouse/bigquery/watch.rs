//! How long a job may be queued and may run, and what is told meanwhile.

use std::time::{Duration, Instant};

use crate::clock::brief;
use crate::error::{Error, Kind};
use crate::rule::BigQuerySettings;

/// How long a job is queued before that is told. Each sentence comes after twice the time of the last
/// one, and at least so often.
const TOLD: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));

/// A job that is looked at until it has ended. Its times are counted from what was seen of it, not
/// from the server's `startTime`: the two clocks may differ.
pub(super) struct Watch {
    since: Instant,
    /// When it was first seen running. A job that was never queued runs from the first look.
    running: Option<Instant>,
    /// When it is told next that the job is queued.
    tells_at: Duration,
}

/// Which limit a job has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// It was queued longer than `queue_timeout`.
    Queued,
    /// It ran longer than `timeout`.
    Running,
}

impl Watch {
    pub fn new() -> Self {
        Self { since: Instant::now(), running: None, tells_at: TOLD.0 }
    }

    /// Takes note of a look at the job.
    pub fn saw(&mut self, queued: bool) {
        if !queued {
            self.running.get_or_insert_with(Instant::now);
        }
    }

    pub fn overdue(&self, settings: &BigQuerySettings) -> Option<Overdue> {
        match self.running {
            None => (self.since.elapsed() > settings.queue_timeout).then_some(Overdue::Queued),
            Some(at) => (at.elapsed() > settings.timeout).then_some(Overdue::Running),
        }
    }

    /// What is to be told now.
    pub fn sentence(&mut self, settings: &BigQuerySettings) -> Option<String> {
        let queued = self.since.elapsed();
        if self.running.is_some() || queued < self.tells_at {
            return None;
        }
        self.tells_at = queued + queued.min(TOLD.1);
        Some(format!(
            "queued by BigQuery for {}: it waits for slots, or for other statements that change the table; at most {} (`queue_timeout`)",
            brief(queued),
            brief(settings.queue_timeout)
        ))
    }
}

impl Overdue {
    /// The error of a job that was cancelled for it, and has changed nothing.
    pub fn error(self, settings: &BigQuerySettings) -> Error {
        let (message, help) = match self {
            Self::Queued => (
                format!(
                    "the job was queued longer than `queue_timeout` ({}), and was cancelled; it changed nothing",
                    brief(settings.queue_timeout)
                ),
                "run again when fewer queries wait, raise `queue_timeout`, or set a `reservation` that has slots",
            ),
            Self::Running => (
                format!(
                    "the job ran longer than `timeout` ({}), and was cancelled; it changed nothing",
                    brief(settings.timeout)
                ),
                "take fewer dates, or raise `timeout`",
            ),
        };
        Error::new(Kind::Refused, message).help(help)
    }
}

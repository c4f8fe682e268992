//! The time limits of a job in the queue and while running, and messages meanwhile.

use std::time::{Duration, Instant};

use crate::clock::brief;
use crate::error::{Error, Kind};
use crate::rule::BigQuerySettings;

/// How long a job is queued before the first message, and the longest time between messages. Each comes after
/// twice the time of the last one.
const TOLD: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(10 * 60));

/// A job that is polled until it has ended. Times are measured locally, not from the server's `startTime`,
/// because the clocks may differ.
pub(super) struct Watch {
    since: Instant,
    /// When the job was first seen running. A job that was never queued runs from the first poll.
    running: Option<Instant>,
    /// When the next message about the queue is due.
    tells_at: Duration,
}

/// The limit that a job has exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Overdue {
    /// The job was queued longer than `queue_timeout`.
    Queued,
    /// The job ran longer than `timeout`.
    Running,
}

impl Watch {
    pub fn new() -> Self {
        Self { since: Instant::now(), running: None, tells_at: TOLD.0 }
    }

    /// Records a poll of the job.
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

    /// The message that is due, if any.
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
    /// The error of a job that was cancelled because of this limit, and has changed nothing.
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

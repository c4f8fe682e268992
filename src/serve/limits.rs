//! Resource limits of callers.

use std::time::Duration;

/// Connections that wait to be accepted, as far as the system allows.
pub(super) const CONNECTING: u32 = 4_096;
/// Open connections of callers with a key; more are refused with a retry hint. Together with unauthenticated
/// ones, fewer than the 1,024 files that a process may commonly open.
pub(super) const CONNECTIONS: usize = 512;
/// Concurrent requests of callers with a key; more are refused with a retry hint.
pub(super) const REQUESTS: usize = 256;
/// Connections without a key; for more, the oldest are closed.
pub(super) const STRANGERS: usize = 384;
/// Concurrent requests without a key; for more, the oldest are refused.
pub(super) const STRANGE_REQUESTS: usize = 64;
/// Wrong keys per address, and in total, in sign-in attempts within `TRIES_AGAIN`; further attempts are
/// refused.
pub(super) const TRIES_OF_ONE: u32 = 20;
pub(super) const TRIES: u32 = 200;
pub(super) const TRIES_AGAIN: Duration = Duration::from_secs(60);
/// Runs in progress or waiting for their table; more are refused with a retry hint.
pub(super) const RUNS: usize = 32;
/// Bytes of a request's body.
pub(super) const BODY: usize = 16 * 1024;
/// Bytes of a request's head.
pub(super) const HEAD: usize = 16 * 1024;
/// Headers of a request.
pub(super) const HEADERS: usize = 64;
/// The time limit for receiving a head, or a body.
pub(super) const ARRIVAL: Duration = Duration::from_secs(5);
/// How long a response may make no progress.
pub(super) const PROGRESS: Duration = Duration::from_secs(10);
/// How long a probe waits for the warehouse, which is queried at most about once a second.
pub(super) const PROBE: Duration = Duration::from_millis(700);
/// The maximum age of a probe's result, if the warehouse takes longer than that to answer.
pub(super) const STALE: Duration = Duration::from_secs(60);
/// The dates of one request.
pub(super) const DATES: usize = 400;
/// The maximum age of a cached result from the table or the ledger.
pub(super) const FRESH: Duration = Duration::from_secs(5);
/// The default number of dates, up to yesterday.
pub(super) const LAST: u32 = 14;
/// The default number of days of a list of runs.
pub(super) const RECENT: u32 = 30;
/// The most days of a list of runs.
pub(super) const RUN_DAYS: u32 = 366;
/// The most runs in a list.
pub(super) const RUN_COUNT: usize = 500;
/// The retry hint for a caller whose rows are buffered: rows of a streaming buffer settle within 30 to 90
/// minutes.
/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>
pub(super) const BUFFER_DRAINS: Duration = Duration::from_secs(30 * 60);
/// The retry hint when the service is busy.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// How long runs may continue after SIGTERM, before they are interrupted. Cloud Run kills the process 10 s
/// after the signal.
/// Source: <https://cloud.google.com/run/docs/container-contract#instance-shutdown>
pub(super) const FINISH: Duration = Duration::from_secs(7);
/// Concurrent messages to webhooks; more are not sent.
pub(super) const NOTIFICATIONS: u32 = 32;
/// How long interrupted runs have to stop gracefully.
pub(super) const STOP: Duration = Duration::from_millis(2_000);
/// The part of that for responses to callers that wait for a run which has not stopped.
pub(super) const LEAVE: Duration = Duration::from_millis(300);
/// How long the reason of a failed run is kept.
pub(super) const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// How long a browser stays signed in.
pub(super) const SIGNED_IN: Duration = Duration::from_secs(60 * 60);
/// The most signed-out sessions that are kept until they would have expired.
pub(super) const SIGNED_OUT: u64 = 10_000;
/// Runs of a rule on the page.
pub(super) const RUNS_LISTED: usize = 20;
/// How long a page of more rules than fit on it waits for counts and for the ledger, before it shows what is known.
pub(super) const GLANCE: Duration = Duration::from_millis(150);
/// How long a page of fewer rules does.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// The maximum age of counts on a page of several rules.
pub(super) const GLANCE_AGE: Duration = Duration::from_secs(60);
/// The most rules whose counts are kept for such pages.
pub(super) const GLANCES: u64 = 4096;
/// The rules that are counted at a time for such pages.
pub(super) const GLANCES_AT_ONCE: usize = 16;
/// The ledger is read again after so many times the time that it took, so that reading a long one takes a tenth of
/// the time at most.
pub(super) const READING_SHARE: u32 = 10;
/// Characters of a part of a name.
pub(super) const NAME: usize = 100;
/// How long the rows of a date are kept, for the next page of them.
pub(super) const ROWS_KEPT: Duration = Duration::from_secs(60);
/// The dates of which they are kept.
pub(super) const ROWS_OF_DATES: u64 = 8;
/// The maximum age of what metrics say of the ledger.
pub(super) const SCRAPED: Duration = Duration::from_secs(600);

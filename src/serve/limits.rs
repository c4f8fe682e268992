//! What a caller may use of the service.

use std::time::Duration;

/// Connections of callers with a key that are open at a time; more are told to come back. With
/// those of strangers, fewer than the 1,024 files that a process may commonly have open.
pub(super) const CONNECTIONS: usize = 512;
/// Requests of callers with a key that are worked on at a time; more are told to come back.
pub(super) const REQUESTS: usize = 256;
/// Connections of strangers, who have not sent a key yet; for more, the oldest are closed.
pub(super) const STRANGERS: usize = 384;
/// Requests of strangers that are worked on at a time; for more, the oldest are refused.
pub(super) const STRANGE_REQUESTS: usize = 64;
/// Wrong keys that an address, and that all of them together, may try to sign in with in
/// `TRIES_AGAIN`; further ones are refused.
pub(super) const TRIES_OF_ONE: u32 = 20;
pub(super) const TRIES: u32 = 200;
pub(super) const TRIES_AGAIN: Duration = Duration::from_secs(60);
/// Runs that are under way or wait for their table; more are told to come back.
pub(super) const RUNS: usize = 32;
/// The bytes of a request's body.
pub(super) const BODY: usize = 16 * 1024;
/// The bytes of a request's head.
pub(super) const HEAD: usize = 16 * 1024;
/// How many headers a request has.
pub(super) const HEADERS: usize = 64;
/// How long a head, or a body, may take to arrive.
pub(super) const ARRIVAL: Duration = Duration::from_secs(5);
/// How long an answer may make no progress.
pub(super) const PROGRESS: Duration = Duration::from_secs(10);
/// How long a probe waits for the warehouse, which is asked about once a second or less often.
pub(super) const PROBE: Duration = Duration::from_millis(700);
/// How old what a probe is told may be, where the warehouse takes longer than that to answer.
pub(super) const STALE: Duration = Duration::from_secs(60);
/// The dates of one request.
pub(super) const DATES: usize = 400;
/// How old an answer about the table, or from the ledger, may be.
pub(super) const FRESH: Duration = Duration::from_secs(5);
/// The dates of a question that names none: so many up to yesterday.
pub(super) const LAST: u32 = 14;
/// How many days back runs lie where nobody says how many.
pub(super) const RECENT: u32 = 30;
/// How many days back the runs of a list may lie.
pub(super) const RUN_DAYS: u32 = 366;
/// How many runs a list may hold.
pub(super) const RUN_COUNT: usize = 500;
/// When a caller whose rows are buffered should come back: rows of a streaming buffer settle
/// within 30 to 90 minutes.
/// Source: <https://cloud.google.com/bigquery/docs/data-manipulation-language#limitations>
pub(super) const BUFFER_DRAINS: Duration = Duration::from_secs(30 * 60);
/// When a caller who finds the service busy should come back.
pub(super) const BUSY: Duration = Duration::from_secs(10);
/// After a request to terminate, how long runs may go on, and how long they then have to stop in
/// good order. Cloud Run kills the process 10 s after the request.
/// Source: <https://cloud.google.com/run/docs/container-contract#instance-shutdown>
pub(super) const FINISH: Duration = Duration::from_secs(7);
/// How many messages to webhooks are under way at a time; more are not sent.
pub(super) const TELLINGS: u32 = 32;
/// How long interrupted runs have to stop in good order.
pub(super) const STOP: Duration = Duration::from_millis(2_000);
/// Of that, what is left for the answers to those who wait for a run that has not stopped.
pub(super) const LEAVE: Duration = Duration::from_millis(300);
/// How long it is remembered why a run failed.
pub(super) const REMEMBERED: Duration = Duration::from_secs(60 * 60);
/// How long a browser stays signed in.
pub(super) const SIGNED_IN: Duration = Duration::from_secs(60 * 60);
/// Sessions that were signed out of and are remembered until they would have ended.
pub(super) const SIGNED_OUT: u64 = 10_000;
/// How many runs of a rule the page lists.
pub(super) const RUNS_LISTED: usize = 20;

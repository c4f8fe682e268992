//! What the service answers, as JSON.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::problem::Code;
use super::running::Active;
use super::runs::Failure;
use crate::ledger::{Entry, latest};
use crate::report::{DateFigures, RuleFigures};
use crate::run::{Ending, PastOutcome, PastRun, Report, RunId};
use crate::window::Window;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// Every date is clean; or it was a dry run.
    Success,
    /// Superseded rows remain in the streaming buffer: call again later.
    Buffered,
    /// Something went wrong; the log says what.
    Error,
}

/// The answer of `POST /cleanup-duplicates`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CleanupAnswer {
    pub status: Outcome,
    /// Superseded rows that were found.
    duplicates_found: u64,
    /// Superseded rows that were deactivated.
    duplicates_deactivated: u64,
    dry_run: bool,
    /// The date, where one was asked for.
    game_date: Option<String>,
    rule: String,
    /// The run's id, by which the ledger knows it; none of a dry run.
    run_id: Option<String>,
    /// Superseded rows that wait in the streaming buffer.
    duplicates_buffered: u64,
    /// The first date.
    from: String,
    /// The last date.
    to: String,
    /// The figures per date.
    dates: Vec<DateFigures>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Code>,
}

impl CleanupAnswer {
    pub fn of(report: &Report, window: &Window, run: Option<&RunId>) -> Self {
        let totals = report.totals();
        let day = (window.days().len() == 1).then(|| window.first().to_string());
        Self {
            status: match (run, report.ending()) {
                (None, _) | (Some(_), Ending::Clean) => Outcome::Success,
                (Some(_), Ending::Buffered) => Outcome::Buffered,
                (Some(_), Ending::Failed) => Outcome::Error,
            },
            duplicates_found: totals.duplicates,
            duplicates_deactivated: report.deactivated().unwrap_or(0),
            dry_run: run.is_none(),
            game_date: day,
            rule: report.rule.to_string(),
            run_id: run.map(ToString::to_string),
            duplicates_buffered: totals.buffered,
            from: window.first().to_string(),
            to: window.last().to_string(),
            dates: RuleFigures::of(report).dates,
            problems: Code::of_report(report),
        }
    }
}

/// How the rules stand.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct StatusAnswer {
    pub rules: Vec<RuleFigures>,
}

/// Earlier runs, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunsAnswer {
    pub runs: Vec<RunSummary>,
}

/// A run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunSummary {
    run_id: String,
    rule: String,
    /// The dates, as people read them.
    dates: String,
    /// `done`, `buffered`, `unverified`, `failed` or `unfinished`.
    outcome: &'static str,
    began_at: String,
    ended_at: String,
    who: String,
    statements: usize,
    failed: usize,
    duplicates_found: u64,
    duplicates_deactivated: u64,
    duplicates_buffered: u64,
    bytes_billed: Option<u64>,
}

impl RunSummary {
    pub fn of(run: &PastRun) -> Self {
        Self {
            run_id: run.id.clone(),
            rule: run.rule.clone(),
            dates: run.dates.clone(),
            outcome: run.outcome.as_str(),
            began_at: run.began.to_string(),
            ended_at: run.ended.to_string(),
            who: run.who.clone(),
            statements: run.statements,
            failed: run.failed,
            duplicates_found: run.found(),
            duplicates_deactivated: run.deactivated(),
            duplicates_buffered: run.buffered(),
            bytes_billed: run.bytes_billed,
        }
    }

    /// A run of which the ledger has nothing yet.
    pub fn of_active(run: &Active) -> Self {
        Self::without_statements(run, PastOutcome::Unfinished, run.began)
    }

    /// A run that failed before the ledger had anything of it.
    pub fn of_failed(failure: &Failure) -> Self {
        Self::without_statements(&failure.run, PastOutcome::Failed, failure.ended)
    }

    fn without_statements(run: &Active, outcome: PastOutcome, ended: Timestamp) -> Self {
        Self {
            run_id: run.id.to_string(),
            rule: run.rule.to_string(),
            dates: run.window.to_string(),
            outcome: outcome.as_str(),
            began_at: run.began.to_string(),
            ended_at: ended.to_string(),
            who: run.who.clone(),
            statements: 0,
            failed: 0,
            duplicates_found: 0,
            duplicates_deactivated: 0,
            duplicates_buffered: 0,
            bytes_billed: None,
        }
    }
}

/// A run with its statements.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RunAnswer {
    #[serde(flatten)]
    pub run: RunSummary,
    /// Why it failed, where this process saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<Code>,
    /// In the order in which they were sent.
    pub sent: Vec<SentStatement>,
}

/// A statement of a run.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SentStatement {
    sequence: u32,
    step: String,
    dates: String,
    /// `started`, `done`, `failed` or `unknown`.
    state: String,
    affected: Option<u64>,
    bytes_billed: Option<u64>,
    slot_ms: Option<u64>,
    fingerprint: String,
    job_id: String,
    sql: String,
    parameters: serde_json::Value,
    at: String,
    error: Option<String>,
}

impl SentStatement {
    /// The statements of a run; of the entries of each, the last one counts.
    pub fn all(entries: &[Entry]) -> Vec<Self> {
        latest(entries).into_iter().map(Self::of).collect()
    }

    fn of(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            step: entry.step.to_string(),
            dates: entry.dates.clone(),
            state: entry.state.to_string(),
            affected: entry.affected,
            bytes_billed: entry.usage.bytes_billed,
            slot_ms: entry.usage.slot_ms,
            fingerprint: entry.fingerprint.to_string(),
            job_id: entry.job.to_string(),
            sql: entry.sql.clone(),
            parameters: entry.parameters.clone(),
            at: entry.at.to_string(),
            error: entry.error.clone(),
        }
    }
}

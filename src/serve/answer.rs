//! The service's responses, as JSON.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::problem::Code;
use super::running::Active;
use super::runs::Failure;
use crate::error::Kind;
use crate::ledger::{Entry, latest};
use crate::report::{DateFigures, RuleFigures, RunSummary, UndatedFigures};
use crate::rule::Rule;
use crate::run::{Ending, PastOutcome, PastRun, Report, RunId};
use crate::window::Window;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// No duplicates are left; or it was a dry run.
    Success,
    /// Duplicates remain in the streaming buffer: call again later.
    Buffered,
    /// Something went wrong; the log says what.
    Error,
}

/// The answer of `POST /cleanup-duplicates`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CleanupAnswer {
    pub status: Outcome,
    /// Duplicates that were found.
    duplicates_found: u64,
    /// Duplicates that were deactivated.
    duplicates_deactivated: u64,
    dry_run: bool,
    /// The date, for callers that ask for it by this name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    game_date: Option<String>,
    /// The date, where one was asked for.
    date: Option<String>,
    rule: String,
    /// The run's id, by which the ledger knows it; none of a dry run.
    run_id: Option<String>,
    /// Duplicates that wait in the streaming buffer.
    duplicates_buffered: u64,
    /// The first date; none where no date was looked at.
    from: Option<String>,
    /// The last date; none where no date was looked at.
    to: Option<String>,
    /// How many dates were left out, since they were not written since they were last found clean; where that was
    /// asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    unchanged: Option<u64>,
    /// The figures per date.
    dates: Vec<DateFigures>,
    /// Rows that stand on no date: their partition column is NULL.
    #[serde(skip_serializing_if = "Option::is_none")]
    undated: Option<UndatedFigures>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<Code>,
}

impl CleanupAnswer {
    pub fn of(report: &Report, window: &Window, run: Option<&RunId>) -> Self {
        Self::about(report, Some(window), run)
    }

    fn about(report: &Report, window: Option<&Window>, run: Option<&RunId>) -> Self {
        let totals = report.totals();
        let RuleFigures { dates, undated, .. } = RuleFigures::of(report);
        let day = window.filter(|window| window.days().len() == 1);
        Self {
            status: match (run, report.ending()) {
                (None, _) | (Some(_), Ending::Clean) => Outcome::Success,
                (Some(_), Ending::Buffered) => Outcome::Buffered,
                (Some(_), Ending::Failed) => Outcome::Error,
            },
            duplicates_found: totals.duplicates,
            duplicates_deactivated: report.deactivated().unwrap_or(0),
            dry_run: run.is_none(),
            date: day.map(|window| window.first().to_string()),
            game_date: None,
            rule: report.rule.to_string(),
            run_id: run.map(ToString::to_string),
            duplicates_buffered: totals.buffered,
            from: window.map(|window| window.first().to_string()),
            to: window.map(|window| window.last().to_string()),
            unchanged: None,
            dates,
            undated,
            problems: Code::of_report(report),
        }
    }

    /// The response for a rule without dates to process.
    pub fn nothing(rule: &Rule, dry_run: bool) -> Self {
        Self { dry_run, ..Self::about(&Report::nothing(rule), None, None) }
    }

    /// Adds `game_date`, for a caller that used it.
    pub fn naming_game_date(self, asked_for: bool) -> Self {
        match asked_for {
            true => Self { game_date: self.date.clone(), ..self },
            false => self,
        }
    }

    /// Adds the number of unchanged dates, if only changed ones were requested.
    pub fn leaving_out(self, unchanged: Option<usize>) -> Self {
        Self { unchanged: unchanged.map(|dates| dates as u64), ..self }
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

/// A run without ledger entries yet.
pub(super) fn of_active(run: &Active) -> RunSummary {
    without_statements(run, PastOutcome::Unfinished, run.began)
}

/// A run that failed before its first ledger entry.
pub(super) fn of_failed(failure: &Failure) -> RunSummary {
    without_statements(&failure.run, PastOutcome::Failed, failure.ended)
}

fn without_statements(run: &Active, outcome: PastOutcome, ended: Timestamp) -> RunSummary {
    RunSummary::of(&PastRun {
        id: run.id.clone(),
        rule: run.rule.clone(),
        window: run.window.clone(),
        steps: Vec::new(),
        began: run.began,
        ended,
        who: run.who.clone(),
        outcome,
        statements: 0,
        failed: 0,
        bytes_billed: None,
        counted: BTreeSet::new(),
        days: BTreeMap::new(),
        undoes: run.undoes.clone(),
        undone: BTreeMap::new(),
    })
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
    first_date: String,
    last_date: String,
    dates: Vec<String>,
    /// `started`, `done`, `failed` or `unknown`.
    outcome: &'static str,
    affected_rows: Option<u64>,
    bytes_billed: Option<u64>,
    slot_ms: Option<u64>,
    fingerprint: String,
    job_id: String,
    sql: String,
    parameters: serde_json::Map<String, serde_json::Value>,
    logged_at: String,
    error_code: Option<&'static str>,
    error: Option<String>,
    recovered_by: Option<String>,
}

impl SentStatement {
    /// The statements of a run, from the last entry of each.
    pub fn all(entries: &[Entry]) -> Vec<Self> {
        latest(entries).into_iter().map(Self::of).collect()
    }

    fn of(entry: &Entry) -> Self {
        Self {
            sequence: entry.sequence,
            step: entry.step.to_string(),
            first_date: entry.window.first().to_string(),
            last_date: entry.window.last().to_string(),
            dates: entry.window.days().iter().map(ToString::to_string).collect(),
            outcome: entry.outcome.as_str(),
            affected_rows: entry.outcome.affected(),
            bytes_billed: entry.usage.bytes_billed,
            slot_ms: entry.usage.slot_ms,
            fingerprint: entry.fingerprint.to_string(),
            job_id: entry.job.to_string(),
            sql: entry.sql.clone(),
            parameters: entry.parameters.clone(),
            logged_at: entry.at.to_string(),
            error_code: entry.outcome.error_kind().map(Kind::code),
            error: entry.outcome.message().map(str::to_owned),
            recovered_by: entry.recovered_by.as_ref().map(ToString::to_string),
        }
    }
}

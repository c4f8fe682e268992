//! Runs, from the ledger.

use schemars::JsonSchema;
use serde::Serialize;

use super::Style;
use super::grid::{Entry as Cell, grid};
use crate::run::PastRun;

/// A run, in JSON.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RunSummary {
    /// Its id.
    pub run_id: String,
    /// The rule.
    pub rule: String,
    /// What sort of run it is: `apply`, `undo`, `consolidate`, `detect` (it only counted) or `step`.
    pub kind: &'static str,
    /// What it sent, each step once.
    pub steps: Vec<String>,
    /// The first date.
    pub first_date: String,
    /// The last date.
    pub last_date: String,
    /// Every date.
    pub dates: Vec<String>,
    /// `done`, `counted` (duplicates, and none was removed), `buffered`, `unverified`, `failed` or `unfinished`.
    pub outcome: &'static str,
    /// When it began.
    pub began_at: String,
    /// When it sent or knew the last.
    pub ended_at: String,
    /// Who ran it: user and host.
    pub who: String,
    /// Statements that it sent.
    pub statements: usize,
    /// Statements that failed.
    pub failed: usize,
    /// Duplicates that it found.
    pub duplicates_found: u64,
    /// Duplicates that it removed.
    pub duplicates_deactivated: u64,
    /// Rows that it removed: those duplicates, and what custom steps remove.
    pub rows_removed: u64,
    /// Duplicates that it left in the streaming buffer.
    pub duplicates_buffered: u64,
    /// Rows that it restored, as `undo` does.
    pub rows_restored: u64,
    /// The run that it undoes.
    pub undoes: Option<String>,
    /// The runs that have restored rows that it removed.
    pub undone_by: Vec<String>,
    /// Whether rows of some of its dates are not restored, and of others are.
    pub partly_undone: bool,
    /// Bytes billed.
    pub bytes_billed: Option<u64>,
}

impl RunSummary {
    /// The status of a run in the ledger.
    pub fn of(run: &PastRun) -> Self {
        Self {
            run_id: run.id.to_string(),
            rule: run.rule.to_string(),
            kind: run.kind().as_str(),
            steps: run.steps.iter().map(ToString::to_string).collect(),
            first_date: run.window.first().to_string(),
            last_date: run.window.last().to_string(),
            dates: run.window.days().iter().map(ToString::to_string).collect(),
            outcome: run.outcome.as_str(),
            began_at: run.began.to_string(),
            ended_at: run.ended.to_string(),
            who: run.who.clone(),
            statements: run.statements,
            failed: run.failed,
            duplicates_found: run.found(),
            duplicates_deactivated: run.deactivated(),
            rows_removed: run.removed(),
            duplicates_buffered: run.buffered(),
            rows_restored: run.restored_rows(),
            undoes: run.undoes.as_ref().map(ToString::to_string),
            undone_by: run.undone_by().into_iter().map(ToString::to_string).collect(),
            partly_undone: run.is_partly_undone(),
            bytes_billed: run.bytes_billed,
        }
    }
}

/// One line per run, in the order given.
pub fn runs(style: Style, runs: &[PastRun]) -> String {
    let header = ["run", "rule", "dates", "steps", "outcome", "removed", "restored", "undone by"];
    let steps =
        |run: &PastRun| run.steps.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rows = runs.iter().map(|run| {
        vec![
            run.id.as_str().into(),
            run.rule.as_str().into(),
            run.window.to_string().into(),
            steps(run).into(),
            run.outcome.as_str().into(),
            Cell::from(Some(run.removed()).filter(|rows| *rows > 0)),
            Cell::from(Some(run.restored_rows()).filter(|rows| *rows > 0)),
            undone(run).map_or(Cell::Blank, Cell::from),
        ]
    });
    grid(style, &header, rows.collect(), None)
}

/// The runs that undo it, in words; `None` if there are none.
pub(super) fn undone(run: &PastRun) -> Option<String> {
    let by: Vec<String> = run.undone_by().into_iter().map(ToString::to_string).collect();
    let part = if run.is_partly_undone() { " (some dates)" } else { "" };
    (!by.is_empty()).then(|| format!("{}{part}", by.join(", ")))
}

//! `run STEP`: one step by itself, on the same path as in a whole run.

use super::horizon::Horizon;
use super::journal::Journal;
use super::report::StepReport;
use super::{Context, params};
use crate::check::Checked;
use crate::error::{Kind, Result};
use crate::plan::Plan;
use crate::statement::StepName;
use crate::warehouse::Answer;

/// How a step ended.
#[derive(Debug)]
pub struct StepEnd {
    /// The run's id.
    pub run: String,
    /// What each statement gave back, in order.
    pub reports: Vec<StepReport>,
    /// Statements that the streaming buffer refused, or that were not sent because of it.
    pub buffered: Vec<String>,
}

/// Runs the statements of a plan, each with its ledger entries, and stops at the first error.
pub fn run_step(context: &Context<'_>, plan: &Plan) -> Result<StepEnd> {
    let _claim = context.ledger.claim()?;
    let now = context.clock.now();
    let rule = context.renderer.rule();
    let mut journal = Journal::open(context, now);
    for note in journal.recover()? {
        context.progress.note(&note);
    }
    let horizon = Horizon::new(rule, now, context.warehouse.buffer(&rule.table)?);
    let mut end = StepEnd { run: journal.run.clone(), reports: Vec::new(), buffered: Vec::new() };
    context.progress.begin(plan.statements().count() as u64);
    for statement in plan.statements() {
        let title = statement.statement().title();
        let answer = match waits(horizon, statement) {
            true => None,
            false => send(&mut journal, statement, horizon, horizon.earlier(rule, now))?,
        };
        match answer {
            Some(answer) => end.reports.push(StepReport { title, answer }),
            None => end.buffered.push(title),
        }
        context.progress.advance();
    }
    context.progress.end();
    Ok(end)
}

/// Whether an UPDATE would be refused for certain: the shipped one spares no row of a rule
/// without `written_at`.
fn waits(horizon: Horizon, statement: &Checked) -> bool {
    matches!(horizon, Horizon::Nothing(_)) && statement.statement().step == *StepName::DEACTIVATE
}

/// The answer, or `None` when the streaming buffer refused the statement with each horizon.
fn send(
    journal: &mut Journal<'_>,
    statement: &Checked,
    horizon: Horizon,
    earlier: Option<Horizon>,
) -> Result<Option<Answer>> {
    for horizon in [Some(horizon), earlier].into_iter().flatten() {
        let params = params(horizon, &journal.run.clone());
        match journal.send(statement, &params)? {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) if error.kind() == Kind::StreamingBuffer => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

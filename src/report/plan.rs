//! What `apply` would send, and what that would cost.

use serde_json::{Value as Json, json};

use super::grid::grouped;
use super::{Format, Style};
use crate::check::Checked;
use crate::run::Report;
use crate::statement::StepName;
use crate::warehouse::Estimate;

/// The statements that `apply` would send now.
pub struct PlanSummary<'a> {
    statements: Vec<(&'a Checked, Estimate)>,
}

impl<'a> PlanSummary<'a> {
    /// Of all statements of the plan, those that the figures call for: no UPDATE of a date that
    /// has no settled superseded row or has twins, no verify where nothing is touched.
    pub fn new(report: &Report, all: Vec<(&'a Checked, Estimate)>) -> Self {
        let needs = |statement: &Checked| {
            report.days.iter().any(|day| {
                statement.statement().window.contains(day.day) && day.counts.calls_for_update()
            })
        };
        let called_for = |statement: &Checked| match statement.statement().step.as_str() {
            StepName::DEACTIVATE | StepName::VERIFY => needs(statement),
            _ => true,
        };
        Self { statements: all.into_iter().filter(|(s, _)| called_for(s)).collect() }
    }

    /// Bytes that all of them would read; `None` where the warehouse does not charge by bytes.
    fn bytes(&self) -> Option<u64> {
        self.statements.iter().map(|(_, estimate)| estimate.bytes).sum()
    }

    fn by_step(&self) -> Vec<(&StepName, usize)> {
        let mut steps: Vec<(&StepName, usize)> = Vec::new();
        for (checked, _) in &self.statements {
            let step = &checked.statement().step;
            match steps.iter_mut().find(|(known, _)| *known == step) {
                Some((_, count)) => *count += 1,
                None => steps.push((step, 1)),
            }
        }
        steps
    }
}

/// What would be sent, in a sentence or two.
pub fn plan(style: Style, summary: &PlanSummary<'_>) -> String {
    let steps: Vec<String> =
        summary.by_step().iter().map(|(step, count)| format!("{count} {step}")).collect();
    let count = summary.statements.len();
    let plural = if count == 1 { "" } else { "s" };
    let cost = match summary.bytes() {
        Some(bytes) => format!("{} bytes to read", grouped(bytes)),
        None => "the embedded warehouse charges nothing".to_owned(),
    };
    let text = format!(
        "apply would send {count} statement{plural}: {}. Cost: {cost}.\n",
        steps.join(", ")
    );
    if style.format == Format::Markdown { format!("\n{text}") } else { text }
}

/// What would be sent, for the JSON document: each statement with its fingerprint and its bytes.
pub fn plan_json(summary: &PlanSummary<'_>) -> Json {
    let statements = summary.statements.iter().map(|(checked, estimate)| {
        let statement = checked.statement();
        json!({
            "step": statement.step.as_str(),
            "dates": statement.window.to_string(),
            "fingerprint": statement.fingerprint.as_str(),
            "bytes": estimate.bytes,
        })
    });
    Json::Array(statements.collect())
}

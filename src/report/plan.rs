//! What `apply` would send, and what that would cost.

use bytesize::ByteSize;
use serde_json::{Value as Json, json};

use super::grid::count;
use super::{Format, Style};
use crate::check::Checked;
use crate::rule::Strategy;
use crate::run::{Consolidated, DayReport};
use crate::statement::StepName;
use crate::warehouse::Estimate;

/// What reading costs, and how much of it a plan may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tariff {
    /// US dollars for a TiB.
    pub price_per_tib: f64,
    /// The most bytes that a plan may read; `None` is no limit.
    pub max_bytes: Option<u64>,
}

impl Tariff {
    /// US dollars for so many bytes.
    pub fn price(self, bytes: u64) -> f64 {
        bytes as f64 / (1_u64 << 40) as f64 * self.price_per_tib
    }
}

/// The statements that `apply` would send now.
pub struct PlanSummary<'a> {
    statements: Vec<(&'a Checked, Estimate)>,
    /// Bytes of all statements of the plan, whether called for or not.
    at_most: Option<u64>,
    tariff: Option<Tariff>,
}

impl<'a> PlanSummary<'a> {
    /// Of all statements of the plan, those that the figures call for: no UPDATE of a date that
    /// has no settled superseded row or has shared ids, no verify where nothing is touched. Without a
    /// tariff the warehouse charges nothing.
    pub fn new(
        strategy: Strategy,
        days: &[DayReport],
        consolidated: Option<&Consolidated>,
        all: Vec<(&'a Checked, Estimate)>,
        tariff: Option<Tariff>,
    ) -> Self {
        let needs = |statement: &Checked| {
            days.iter().any(|day| {
                statement.statement().window.contains(day.day) && day.counts.calls_for(strategy)
            })
        };
        let merges = |statement: &Checked| {
            let merged = consolidated.into_iter().flat_map(|found| &found.days);
            let mut called = merged.filter(|(_, day)| day.found.changes() > 0);
            called.any(|(day, _)| statement.statement().window.contains(*day))
        };
        let called_for = |statement: &Checked| match statement.statement().step.as_str() {
            StepName::VERIFY | StepName::RECORD => needs(statement),
            StepName::CONSOLIDATE => merges(statement),
            _ => !statement.statement().step.is_cure() || needs(statement),
        };
        let at_most = all.iter().map(|(_, estimate)| estimate.bytes).sum();
        let statements = all.into_iter().filter(|(s, _)| called_for(s)).collect();
        Self { statements, at_most, tariff }
    }

    /// Bytes that all of them would read; `None` where the warehouse does not say.
    fn bytes(&self) -> Option<u64> {
        self.statements.iter().map(|(_, estimate)| estimate.bytes).sum()
    }

    fn cost(&self) -> String {
        let Some(tariff) = self.tariff else {
            return "Cost: the embedded warehouse charges nothing.".to_owned();
        };
        let cost = match self.bytes() {
            Some(bytes) => {
                format!("Cost: {} to read, ${:.2}.", ByteSize(bytes), tariff.price(bytes))
            }
            None => "Cost: unknown, the warehouse makes no estimates.".to_owned(),
        };
        let refused = |limit: u64| self.at_most.is_none_or(|bytes| bytes > limit);
        match tariff.max_bytes.filter(|limit| refused(*limit)) {
            None => cost,
            Some(limit) => format!(
                "{cost} apply would refuse: with an UPDATE for every date it could read {}, and `max_bytes_billed` is {}.",
                self.at_most
                    .map_or("an unknown number of bytes".to_owned(), |b| ByteSize(b).to_string()),
                ByteSize(limit)
            ),
        }
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
    let text = format!(
        "apply would send {}: {}. {}\n",
        count(summary.statements.len() as u64, "statement"),
        steps.join(", "),
        summary.cost()
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
            "usd": estimate.bytes.zip(summary.tariff).map(|(bytes, tariff)| tariff.price(bytes)),
        })
    });
    Json::Array(statements.collect())
}

//! What `apply` would send, and what that would cost.

use bytesize::ByteSize;
use serde_json::{Value as Json, json};

use super::grid::count;
use super::{Format, Style};
use crate::engine::PlanSummary;
use crate::statement::StepName;

impl PlanSummary {
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
pub fn plan(style: Style, summary: &PlanSummary) -> String {
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
pub fn plan_json(summary: &PlanSummary) -> Json {
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

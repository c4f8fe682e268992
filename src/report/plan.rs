//! The statements that `apply` would send, and their cost.

use bytesize::ByteSize;
use serde_json::{Value as Json, json};

use super::grid::count;
use super::{Format, Style};
use crate::engine::{PlanSummary, SLOT_DAYS};
use crate::rule::SMALLEST_BILL;
use crate::statement::StepName;

impl PlanSummary {
    fn cost(&self) -> String {
        let Some(tariff) = self.tariff else {
            return "Cost: the embedded warehouse charges nothing.".to_owned();
        };
        let billed = self.billed();
        let limit = tariff.max_bytes.map(ByteSize);
        let is_above = |bytes: Option<u64>| {
            limit.is_some_and(|limit| bytes.is_none_or(|bytes| bytes > limit.as_u64()))
        };
        let refuses = match limit {
            Some(limit) if is_above(billed) || is_above(self.at_most) => {
                format!("; apply would refuse that: `max_bytes_billed` is {limit}")
            }
            _ => String::new(),
        };
        let (now, then) = match is_above(billed) {
            true => (refuses.as_str(), ""),
            false => ("", refuses.as_str()),
        };
        let every = self.at_most.filter(|bytes| billed.is_some_and(|billed| *bytes > billed));
        let every = every.map(|bytes| {
            format!(" If every date had duplicates, it would be {}{then}.", ByteSize(bytes))
        });
        let every = every.unwrap_or_default();
        match billed {
            Some(bytes) => match tariff.price(bytes) {
                Some(dollars) => {
                    format!("Cost: at most {} billed, ${dollars:.2}{now}.{every}", ByteSize(bytes))
                }
                None => format!(
                    "Cost: {}, and at most {} read{now}.{every}",
                    self.slots(),
                    ByteSize(bytes)
                ),
            },
            None => format!("Cost: unknown, the warehouse makes no estimates{now}."),
        }
    }

    /// The slot time of the rule's runs, if slots are billed.
    fn slots(&self) -> String {
        let seconds = |ms: &u64| format!("{:.1}", *ms as f64 / 1000.0);
        let times: Vec<String> = self.slot_ms.iter().map(|(_, ms)| seconds(ms)).collect();
        match times.as_slice() {
            [] => format!("slot time, of which the ledger has none of the last {SLOT_DAYS} days"),
            [only] => format!("slot time; the last run took {only} slot seconds"),
            times => format!(
                "slot time; the last {} runs took {} slot seconds, newest first",
                times.len(),
                times.join(", ")
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

/// A summary of the statements, in a sentence or two.
pub fn plan(style: Style, summary: &PlanSummary) -> String {
    let mut steps: Vec<String> =
        summary.by_step().iter().map(|(step, count)| format!("{count} {step}")).collect();
    if summary.ledger_writes > 0 {
        steps.push(format!("{} of the ledger", summary.ledger_writes));
    }
    if steps.is_empty() {
        return "apply would send nothing.\n".to_owned();
    }
    let text = format!(
        "apply would send {}: {}. {}\n",
        count(summary.statements.len() as u64 + summary.ledger_writes, "statement"),
        steps.join(", "),
        summary.cost()
    );
    if style.format == Format::Markdown { format!("\n{text}") } else { text }
}

/// The statements for the JSON document, each with its fingerprint and bytes, and the ledger writes.
pub fn plan_json(summary: &PlanSummary) -> Json {
    let usd = |billed: Option<u64>| billed.zip(summary.tariff).and_then(|(b, t)| t.price(b));
    let statements = summary.statements.iter().map(|(checked, estimate)| {
        let statement = checked.statement();
        json!({
            "step": statement.step.as_str(),
            "dates": statement.window.to_string(),
            "fingerprint": statement.fingerprint.as_str(),
            "bytes": estimate.bytes,
            "billed_at_most": estimate.billed,
            "usd": usd(estimate.billed),
        })
    });
    let writes = (0..summary.ledger_writes).map(|_| {
        json!({
            "step": "ledger",
            "dates": null,
            "fingerprint": null,
            "bytes": 0,
            "billed_at_most": SMALLEST_BILL,
            "usd": usd(Some(SMALLEST_BILL)),
        })
    });
    Json::Array(statements.chain(writes).collect())
}

/// The slot time of the last runs, for the JSON document; `None` if bytes are billed.
pub fn slots_json(summary: &PlanSummary) -> Option<Json> {
    let runs =
        summary.slot_ms.iter().map(|(run, ms)| json!({"run_id": run.as_str(), "slot_ms": ms}));
    summary.tariff.filter(|tariff| tariff.is_by_slots()).map(|_| Json::Array(runs.collect()))
}

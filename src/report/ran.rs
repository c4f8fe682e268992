//! The full result of a command for one rule.

use serde_json::Value as Json;

use super::{Style, consolidated, consolidated_json, days, days_json, steps, steps_json};
use crate::run::Report;

/// The merge, the dates, and the results of custom steps, where present.
pub fn ran(style: Style, report: &Report) -> String {
    let merged = report
        .consolidated
        .as_ref()
        .map(|found| consolidated(style, &report.rule, report.run.as_deref(), found));
    let days = (!report.days.is_empty()).then(|| days(style, report));
    let steps = Some(steps(style, &report.steps)).filter(|steps| !steps.is_empty());
    [merged, days, steps].into_iter().flatten().collect::<Vec<_>>().join("\n")
}

/// The result as a JSON document.
pub fn ran_json(report: &Report) -> Json {
    let mut document = days_json(report);
    if let Some(found) = &report.consolidated {
        let mut merged = consolidated_json(&report.rule, report.run.as_deref(), found);
        if report.days.is_empty() {
            if let Some(problems) = document.get("problems") {
                merged["problems"] = problems.clone();
            }
            return merged;
        }
        if let Some(object) = merged.as_object_mut() {
            object.retain(|key, _| !["rule", "run_id"].contains(&key.as_str()));
        }
        document["consolidated"] = merged;
    }
    if !report.steps.is_empty() {
        document["steps"] = steps_json(&report.steps);
    }
    document
}

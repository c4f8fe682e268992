//! Commands over several rules: a failure of one does not hide the others.

use serde_json::{Value as Json, json};

use super::Effects;
use crate::error::{Error, Result};
use crate::report::{self, Failure};
use crate::rule::RuleName;
use crate::run::{Note, Report};

/// The results of reading each rule.
pub(super) struct Looked<T> {
    /// The results of successful rules, in order.
    pub seen: Vec<T>,
    /// The failed rules, as JSON documents with `rule` and `error`. They are already reported.
    pub failed: Vec<Json>,
}

/// Calls `look` for each rule, and reports failures. Errors: the only rule failed.
pub(super) fn look_at_each<T>(
    rules: &[RuleName],
    effects: &Effects,
    mut look: impl FnMut(&RuleName) -> Result<T>,
) -> Result<Looked<T>> {
    let mut looked = Looked { seen: Vec::new(), failed: Vec::new() };
    for rule in rules {
        match look(rule) {
            Ok(seen) => looked.seen.push(seen),
            Err(error) if rules.len() == 1 => return Err(error),
            Err(error) => looked.failed.push(failed(rule, error, effects)),
        }
    }
    Ok(looked)
}

/// A note on a rule's counts, as printed.
pub(super) fn sentence(rule: &RuleName, note: &Note) -> String {
    format!("{rule}: {}\n  help: {}", note.text, note.remedy)
}

/// Prints the notes of these reports.
pub(super) fn say_notes(reports: &[Report], effects: &Effects) {
    for report in reports {
        for note in report.notes() {
            effects.say(&sentence(&report.rule, &note));
        }
    }
}

/// Says that there is more to these reports than their CSV holds.
pub(super) fn say_beyond_csv(reports: &[Report], effects: &Effects) {
    if report::is_more_than_csv(reports) {
        effects.say("note: CSV is one table, the figures per date or of what was merged; --format json has the rest too");
    }
}

fn failed(rule: &RuleName, error: Error, effects: &Effects) -> Json {
    let error = error.while_doing(format!("looking at rule {rule}"));
    effects.report(&error);
    json!({ "rule": rule.as_str(), "error": Failure::from(&error) })
}

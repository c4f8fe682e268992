//! `undetermined-survivor`: `keep` does not end in the row id, so that the survivor is not determined.

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::Finding;
use crate::rule::Rule;

pub(super) const CHECK: Check = Check {
    code: Code::UndeterminedSurvivor,
    name: "undetermined-survivor",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Rule(find),
    about: "A `keep` that does not end in the row id leaves the survivor of two equal rows to chance. The finding is about the rule.",
    found: Example { on: On::Rule(r#"keep = ["created_at DESC"]"#), sql: "SELECT 1 AS one" },
    mended: Example {
        on: On::Rule(r#"keep = ["created_at DESC", "id DESC"]"#),
        sql: "SELECT 1 AS one",
    },
};

/// `keep` must end in the row id: else two rows can be equal, and which one survives is chance.
fn find(rule: &Rule) -> Option<Finding> {
    let last = rule.keep.last()?;
    let determined = last.column.as_deref().is_some_and(|column| rule.row_id.same_column(column));
    (!determined).then(|| Finding {
        code: Code::UndeterminedSurvivor,
        place: last.place.clone(),
        reason: format!(
            "keep ends in `{}`, which two rows can share: which of them survives would be chance",
            last.order
        ),
        help: format!("end keep with the row id: \"{} DESC\"", rule.row_id),
        origin: None,
    })
}

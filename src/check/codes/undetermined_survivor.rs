//! `undetermined-survivor`: `keep` does not end in the row id, so that the survivor is not determined.

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::Finding;
use crate::rule::{RowIdKind, Rule};

pub(super) const CHECK: Check = Check {
    code: Code::UndeterminedSurvivor,
    name: "undetermined-survivor",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Rule(find),
    about: "A `keep` that does not end in the row id leaves the survivor of two equal rows to chance. Of a row id of several columns, or an expression, each column is in `keep` or `key`, and one at least in `keep`. Without a row id nothing is left to chance. The finding is about the rule.",
    found: Example { on: On::Rule(r#"keep = ["created_at DESC"]"#), sql: "SELECT 1 AS one" },
    mended: Example {
        on: On::Rule(r#"keep = ["created_at DESC", "id DESC"]"#),
        sql: "SELECT 1 AS one",
    },
};

/// `keep` must distinguish all rows that the row id does, or the survivor of two rows is arbitrary.
fn find(rule: &Rule) -> Option<Finding> {
    let last = rule.keep.last()?;
    let reason = rule.undetermined.clone()?;
    let help = match &rule.row_id.kind {
        RowIdKind::Column(column) => format!("end keep with the row id: \"{column} DESC\""),
        RowIdKind::Columns(_) => {
            format!("end keep with the columns of the row id: {}", rule.row_id)
        }
        _ => format!("end keep with the row id: \"{} DESC\"", rule.row_id),
    };
    let place = last.place.clone();
    Some(Finding { code: Code::UndeterminedSurvivor, place, reason, help, origin: None })
}

//! `constant-entry`: An entry of `key` or `keep` is the same for every row.

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::Finding;
use crate::rule::Rule;

pub(super) const CHECK: Check = Check {
    code: Code::ConstantEntry,
    name: "constant-entry",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Rule(find),
    about: "A `key` that is the same for every row makes one row of the whole date, and removes all others; such a `keep` decides nothing. In GoogleSQL, what stands in double quotes is a text and no column. The finding is about the rule.",
    found: Example { on: On::Rule(r#"key = ['"player"']"#), sql: "SELECT 1 AS one" },
    mended: Example { on: On::Rule(r#"key = ["`player`"]"#), sql: "SELECT 1 AS one" },
};

fn find(rule: &Rule) -> Option<Finding> {
    let constant = rule.constants.first()?;
    Some(Finding {
        code: Code::ConstantEntry,
        place: constant.place.clone(),
        reason: constant.problem.clone(),
        help: "name what makes a row unique on its date: columns, in backquotes where they need quotes, or expressions of them".to_owned(),
        origin: None,
    })
}

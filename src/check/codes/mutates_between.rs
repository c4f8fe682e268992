//! `mutates-between`: A custom step changes rows while the counts of detect must stay valid.

use sqlparser::ast::{Spanned, Statement};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};
use crate::statement::StepName;

pub(super) const CHECK: Check = Check {
    code: Code::MutatesBetween,
    name: "mutates-between",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "After `detect` has counted, only `deactivate` may change rows: else `verify` could not tell what happened.",
    found: Example {
        on: On::Rule(r#"steps = ["detect", "own", "deactivate", "verify"]"#),
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
    mended: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let (rule, step) = (text.rule, &text.statement.step);
    let at = |name: &str| rule.steps.iter().position(|known| known.name == *name);
    let is_after = || at(step.as_str()) > at(StepName::DETECT) && at(StepName::DETECT).is_some();
    let is_shipped = step.removes_duplicates() || step.is_dependent();
    if matches!(parsed, Statement::Update(_))
        && step.row().statement.is(parsed)
        && !is_shipped
        && is_after()
    {
        findings.push(text.finding(
            Code::MutatesBetween,
            parsed.span(),
            "this step changes rows after `detect` has counted them, so `verify` could not check the result",
            "put it before detect in the rule's steps",
        ));
    }
}

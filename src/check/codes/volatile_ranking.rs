//! `volatile-ranking`: The ranking depends on the time of day or on chance.

use sqlparser::ast::Statement;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text, volatility};

pub(super) const CHECK: Check = Check {
    code: Code::VolatileRanking,
    name: "volatile-ranking",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "The clock or chance in a ranking, or in an UPDATE's conditions, lets another row survive the next time.",
    found: Example {
        on: On::OwnStep,
        sql: "SELECT
  id,
  ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY RAND()) AS place
FROM nba.predictions",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "SELECT
  id,
  ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY created_at DESC, id DESC) AS place
FROM nba.predictions",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let Some((what, span)) = volatility::of_choice(text, parsed) else { return };
    findings.push(text.finding(
        Code::VolatileRanking,
        span,
        format!("{what} changes from run to run: another row could survive the next time"),
        "rank by columns of the table; for the time of the run use @cutoff",
    ));
}

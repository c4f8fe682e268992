//! `other-ranking`: A shipped step, or what stands in for it, ranks in another way than the rule says.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, Statement, Visit, Visitor};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};
use crate::step::Ranks;

pub(super) const CHECK: Check = Check {
    code: Code::OtherRanking,
    name: "other-ranking",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "Two definitions of a duplicate mean that one is counted and another deactivated. A `detect`, `deactivate`, `verify` or `current` of your own has to rank by the rule's key and keep.",
    found: Example {
        on: On::Step("current"),
        sql: "SELECT *
FROM nba.predictions
WHERE is_active
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date, game_id ORDER BY id) = 1",
    },
    mended: Example {
        on: On::Step("current"),
        sql: "SELECT *
FROM nba.predictions
WHERE is_active
QUALIFY
  ROW_NUMBER() OVER (
    PARTITION BY game_date, game_id, player
    ORDER BY created_at DESC, id DESC
  ) = 1",
    },
};

/// How the statement has to rank. The shipped steps, and what stands in for them, rank as the rule says
/// and not in another way: two definitions of a duplicate are how 4,689 were found and 7,865
/// deactivated.
fn wanted<'a>(text: &Text<'a>) -> Option<FindExpr<'a>> {
    let rule = text.rule;
    match text.statement.step.row().ranks {
        Ranks::Freely => None,
        Ranks::AsTheRule => Some(FindExpr([&rule.ranking, &rule.ranking])),
        Ranks::AmongAll => Some(FindExpr([&rule.counted_ranking, &rule.ranking])),
        Ranks::AsTheRuleWithStaging => Some(FindExpr([&rule.staged_ranking, &rule.staged_ranking])),
    }
}

/// It ranks otherwise, or not at all.
fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let Some(mut wanted) = wanted(text) else { return };
    if parsed.visit(&mut wanted).is_continue() {
        findings.push(text.finding(
            Code::OtherRanking,
            parsed.span(),
            format!("{} does not rank rows as the rule's key and keep say", text.statement.step),
            "call `rank`, `ranked` or `counts` of `_survivors.sql`; to change who survives, change the rule",
        ));
    }
}

/// Either of these is somewhere in a statement.
struct FindExpr<'a>([&'a Expr; 2]);

impl Visitor for FindExpr<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if self.0.contains(&expr) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

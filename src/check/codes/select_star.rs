//! `select-star`: A step that runs returns whatever columns the table has that day.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Select, SelectItem, Spanned, Statement, Visit, Visitor};

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};

pub(super) const CHECK: Check = Check {
    code: Code::SelectStar,
    name: "select-star",
    severity: Severity::Warning,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "A step that runs and returns whatever columns the table has that day reads more than it needs, and changes its result when a column is added.",
    found: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT *
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::Rule(r#"steps = ["own", "detect", "deactivate", "verify"]"#),
        sql: "SELECT id, player
FROM nba.predictions
WHERE game_date = DATE '2026-01-28'",
    },
};

fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let step = &text.statement.step;
    let runs = text.rule.steps.iter().any(|known| known.name == *step);
    // A rewrite is about whole rows, whichever columns they have, and is always the shipped text.
    if !runs || step.is_shipped_only() {
        return;
    }
    let mut finder = Finder { inside_exists: 0 };
    if let ControlFlow::Break(span) = parsed.visit(&mut finder) {
        findings.push(text.finding(
            Code::SelectStar,
            span,
            "it returns whatever columns the table has that day: more bytes, and another result when a column is added",
            "name the columns",
        ));
    }
}

struct Finder {
    /// `EXISTS (SELECT * …)` returns no columns.
    inside_exists: usize,
}

impl Visitor for Finder {
    type Break = sqlparser::tokenizer::Span;

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        self.inside_exists += usize::from(matches!(expr, Expr::Exists { .. }));
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        self.inside_exists -= usize::from(matches!(expr, Expr::Exists { .. }));
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let star = select.projection.iter().find(|item| {
            matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..))
        });
        match star {
            Some(star) if self.inside_exists == 0 => ControlFlow::Break(star.span()),
            _ => ControlFlow::Continue(()),
        }
    }
}

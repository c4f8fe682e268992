//! Whether the survivor is determined: by the rule's order alone, the same at any time of day.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, Statement, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::Span;

use super::{Code, Finding, Text};
use crate::rule::Rule;

/// Functions whose value differs from run to run.
const VOLATILE: [&str; 8] = [
    "CURRENT_DATE",
    "CURRENT_DATETIME",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "GENERATE_UUID",
    "RAND",
    "SESSION_USER",
    "CURRENT_USER",
];

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let found = match parsed {
        // The new value of touched_at is the only place for the clock.
        Statement::Update(update) => update.selection.visit(&mut FindVolatile),
        Statement::Query(query) if query.visit(&mut FindRanking).is_break() => {
            query.visit(&mut FindVolatile)
        }
        _ => return,
    };
    if let ControlFlow::Break((what, span)) = found {
        findings.push(text.finding(
            Code::VolatileRanking,
            span,
            format!("{what} differs from run to run, so that another row could survive the next time"),
            "rank by columns of the table; what only the moment of the run knows comes in as @horizon",
        ));
    }
}

/// `keep` must end in the row id: else two rows can be equal, and which one survives is chance.
pub(super) fn undetermined_survivor(rule: &Rule) -> Option<Finding> {
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
    })
}

struct FindRanking;

impl Visitor for FindRanking {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

struct FindVolatile;

impl Visitor for FindVolatile {
    type Break = (String, Span);

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let name = match expr {
            Expr::Function(function) => super::mutation::dotted(&function.name),
            Expr::Identifier(name) if name.quote_style.is_none() => name.value.clone(),
            _ => return ControlFlow::Continue(()),
        };
        match VOLATILE.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
            Some(known) => ControlFlow::Break(((*known).to_owned(), expr.span())),
            None => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        match factor {
            TableFactor::Table { sample: Some(_), .. } => {
                ControlFlow::Break(("TABLESAMPLE".to_owned(), factor.span()))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

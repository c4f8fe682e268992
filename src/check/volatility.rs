//! Values that differ from run to run: the clock, and random values.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Merge, Query, Select, Statement, Visit, Visitor};

use super::Text;
use crate::rule::{FindVolatile, Volatile};
use crate::step::Ranks;

/// A volatile value in the selection of rows.
pub(super) fn of_choice(text: &Text<'_>, parsed: &Statement) -> Option<Volatile> {
    let ranks = text.statement.step.row().ranks != Ranks::Freely;
    let found = match parsed {
        // The clock is allowed only as the new value of touched_at.
        Statement::Update(update) => update.selection.visit(&mut FindVolatile { clock: true }),
        Statement::Merge(merge) => volatile_merge(merge),
        Statement::Delete(_) | Statement::Insert(_) | Statement::CreateView(_) => {
            parsed.visit(&mut FindVolatile { clock: true })
        }
        Statement::Query(query) if ranks => query.visit(&mut FindVolatile { clock: true }),
        Statement::Query(query) => query.visit(&mut FindInRanking),
        _ => return None,
    };
    found.break_value()
}

/// A volatile value anywhere in the query.
pub(super) fn of_query(query: &Query) -> Option<Volatile> {
    query.visit(&mut FindVolatile { clock: true }).break_value()
}

/// A volatile value in what a MERGE matches, or in the conditions of its clauses.
fn volatile_merge(merge: &Merge) -> ControlFlow<Volatile> {
    let mut finder = FindVolatile { clock: true };
    merge.source.visit(&mut finder)?;
    merge.on.visit(&mut finder)?;
    merge.clauses.iter().try_for_each(|clause| clause.predicate.visit(&mut finder))
}

/// Checks the ORDER BY of window functions in a project's own query. The clock is allowed elsewhere in it;
/// random values are not, since a column with one could be ranked by.
struct FindInRanking;

impl Visitor for FindInRanking {
    type Break = Volatile;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        match query.visit(&mut FindWindow) {
            ControlFlow::Break(()) => query.visit(&mut FindVolatile { clock: false }),
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        select.named_window.visit(&mut FindVolatile { clock: true })
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        match expr {
            Expr::Function(function) => function.over.visit(&mut FindVolatile { clock: true }),
            _ => ControlFlow::Continue(()),
        }
    }
}

struct FindWindow;

impl Visitor for FindWindow {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) if function.over.is_some() => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

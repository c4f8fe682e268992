//! What differs from run to run: the clock, and chance.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Merge, Query, Select, Statement, Visit, Visitor};

use super::Text;
use crate::rule::{FindVolatile, Volatile};
use crate::step::Ranks;

/// What differs from run to run in how the statement chooses rows.
pub(super) fn of_choice(text: &Text<'_>, parsed: &Statement) -> Option<Volatile> {
    let ranks = text.statement.step.row().ranks != Ranks::Freely;
    let found = match parsed {
        // The new value of touched_at is the only place for the clock.
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

/// What differs from run to run anywhere in the query.
pub(super) fn of_query(query: &Query) -> Option<Volatile> {
    query.visit(&mut FindVolatile { clock: true }).break_value()
}

/// What a MERGE matches, and which rows its clauses take.
fn volatile_merge(merge: &Merge) -> ControlFlow<Volatile> {
    let mut finder = FindVolatile { clock: true };
    merge.source.visit(&mut finder)?;
    merge.on.visit(&mut finder)?;
    merge.clauses.iter().try_for_each(|clause| clause.predicate.visit(&mut finder))
}

/// In a query of the project's own, a ranking is what a window function orders by. The clock may
/// stand beside it; chance may not, since a column of it could be what is ranked by.
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

//! Whether the survivor is determined: by the rule's order alone, the same at any time of day.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Merge, Query, Select, Spanned, Statement, TableFactor, Visit, Visitor};
use sqlparser::tokenizer::Span;

use super::{Code, Finding, Text};
use crate::googlesql::is_of_the_moment;
use crate::rule::Rule;
use crate::step::Ranks;

/// Functions whose value is left to chance. Those of the clock differ from run to run too.
const CHANCE: [&str; 2] = ["GENERATE_UUID", "RAND"];

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    findings.extend(volatile(text, parsed));
}

/// How the statement has to rank. The shipped steps, and what stands in for them, rank as the rule says
/// and not in another way: two definitions of a duplicate are how 4,689 were found and 7,865
/// deactivated.
pub(super) fn wanted<'a>(text: &Text<'a>) -> Option<FindExpr<'a>> {
    let rule = text.rule;
    match text.statement.step.row().ranks {
        Ranks::Freely => None,
        Ranks::AsTheRule => Some(FindExpr(&rule.ranking)),
        Ranks::AsTheRuleWithStaging => Some(FindExpr(&rule.staged_ranking)),
    }
}

/// It ranks otherwise, or not at all.
pub(super) fn other_ranking(text: &Text<'_>, parsed: &Statement) -> Finding {
    text.finding(
        Code::OtherRanking,
        parsed.span(),
        format!("{} does not rank rows as the rule's key and keep say", text.statement.step),
        "call `rank`, `ranked` or `counts` of `_survivors.sql`; to change who survives, change the rule",
    )
}

pub(super) struct FindExpr<'a>(&'a Expr);

impl Visitor for FindExpr<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if expr == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

fn volatile(text: &Text<'_>, parsed: &Statement) -> Option<Finding> {
    let ranks = text.statement.step.row().ranks != Ranks::Freely;
    let found = match parsed {
        // The new value of touched_at is the only place for the clock.
        Statement::Update(update) => update.selection.visit(&mut FindVolatile { clock: true }),
        Statement::Merge(merge) => volatile_merge(merge),
        Statement::Delete(_) | Statement::Insert(_) | Statement::CreateView(_) => {
            parsed.visit(&mut FindVolatile { clock: true })
        }
        Statement::Query(query) if ranks => query.visit(&mut FindVolatile { clock: true }),
        Statement::Query(query) => match query.visit(&mut FindInRanking) {
            ControlFlow::Continue(()) => return volatile_result(text, query),
            found => found,
        },
        _ => return None,
    };
    let (what, span) = found.break_value()?;
    Some(text.finding(
        Code::VolatileRanking,
        span,
        format!("{what} differs from run to run, so that another row could survive the next time"),
        "rank by columns of the table; what only the moment of the run knows comes in as @cutoff",
    ))
}

/// What a MERGE matches, and which rows its clauses take.
fn volatile_merge(merge: &Merge) -> ControlFlow<(String, Span)> {
    let mut finder = FindVolatile { clock: true };
    merge.source.visit(&mut finder)?;
    merge.on.visit(&mut finder)?;
    merge.clauses.iter().try_for_each(|clause| clause.predicate.visit(&mut finder))
}

/// Elsewhere in a query of the project's own it is no danger, and still another result every day.
fn volatile_result(text: &Text<'_>, query: &Query) -> Option<Finding> {
    let (what, span) = query.visit(&mut FindVolatile { clock: true }).break_value()?;
    Some(text.finding(
        Code::Volatile,
        span,
        format!("{what} differs from run to run: the same statement for the same dates gives another result"),
        "use {{ window.first }} or {{ window.last }}, or @cutoff for the moment of the run",
    ))
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
        origin: None,
    })
}

/// In a query of the project's own, a ranking is what a window function orders by. The clock may
/// stand beside it; chance may not, since a column of it could be what is ranked by.
struct FindInRanking;

impl Visitor for FindInRanking {
    type Break = (String, Span);

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

struct FindVolatile {
    /// Whether what the clock says counts as well.
    clock: bool,
}

impl Visitor for FindVolatile {
    type Break = (String, Span);

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<Self::Break> {
        let name = match expr {
            // `SAFE.RAND` is RAND.
            Expr::Function(function) => function.name.0.last().and_then(|part| part.as_ident()),
            Expr::Identifier(name) if name.quote_style.is_none() => Some(name),
            _ => None,
        };
        let Some(name) = name else { return ControlFlow::Continue(()) };
        let name = name.value.rsplit('.').next().unwrap_or_default();
        let chance = CHANCE.iter().any(|known| known.eq_ignore_ascii_case(name));
        match chance || (self.clock && is_of_the_moment(name)) {
            true => ControlFlow::Break((name.to_ascii_uppercase(), expr.span())),
            false => ControlFlow::Continue(()),
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

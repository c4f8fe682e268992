//! One walk through the tree for the checks that look at all of it.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Query, Select, Statement, Visit, Visitor};

use super::cutoff::{self, FindCutoff};
use super::ranking::{self, FindExpr};
use super::{Finding, Text, columns, join};

/// Names, types, joins, whether it asks for the cutoff, and whether it ranks as the rule says.
pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let mut walk = Walk {
        asks: cutoff::has_to_ask(text, parsed).then_some(FindCutoff),
        ranks: ranking::wanted(text),
        columns: columns::Finder::new(text),
        joins: join::Finder::new(text),
    };
    _ = parsed.visit(&mut walk);
    if walk.asks.is_some() {
        findings.push(cutoff::does_not_ask(text, parsed));
    }
    if walk.ranks.is_some() {
        findings.push(ranking::other_ranking(text, parsed));
    }
    findings.extend(walk.columns.into_iter().flat_map(|columns| columns.findings));
    findings.extend(walk.joins.findings);
}

struct Walk<'a> {
    /// What is still to be found.
    asks: Option<FindCutoff>,
    ranks: Option<FindExpr<'a>>,
    /// Where the rule lists its columns.
    columns: Option<columns::Finder<'a>>,
    joins: join::Finder<'a>,
}

impl Visitor for Walk<'_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.columns.iter_mut().try_for_each(|columns| columns.pre_visit_statement(statement))
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.columns.iter_mut().try_for_each(|columns| columns.pre_visit_query(query))
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.columns.iter_mut().try_for_each(|columns| columns.post_visit_query(query))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.joins.pre_visit_select(select)?;
        self.columns.iter_mut().try_for_each(|columns| columns.pre_visit_select(select))
    }

    fn post_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.columns.iter_mut().try_for_each(|columns| columns.post_visit_select(select))
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        self.asks.take_if(|asks| asks.pre_visit_expr(expr).is_break());
        self.ranks.take_if(|ranks| ranks.pre_visit_expr(expr).is_break());
        self.columns.iter_mut().try_for_each(|columns| columns.pre_visit_expr(expr))
    }
}

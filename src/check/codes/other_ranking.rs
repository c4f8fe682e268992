//! `other-ranking`: A shipped step, or its replacement, ranks differently from the rule.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, FunctionArgumentClause, FunctionArguments,
    Ident as SqlIdent, NullTreatment, Select, SelectItem, Spanned, Statement, Visit, VisitMut,
    Visitor, VisitorMut,
};
use sqlparser::parser::Parser;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::normal::normal;
use crate::check::{Finding, Text, dotted};
use crate::googlesql::{Ident, parse, tokens};
use crate::rule::{Added, Rule};
use crate::step::{Ranks, Step};

pub(super) const CHECK: Check = Check {
    code: Code::OtherRanking,
    name: "other-ranking",
    severity: Severity::Error,
    may_be_allowed: false,
    find: Find::Statement(find),
    about: "Two definitions of a duplicate mean that one is counted and another deactivated. A `detect`, `deactivate`, `verify` or `current` of your own has to rank by the rule's key and keep. Of a table whose date is no column of its own, PARTITION BY may name `onerow_date`, where that is a column of the statement that is the row's date. Where survivors are put together, a `current` of your own has `FIRST_VALUE(column IGNORE NULLS)` of each column that they take from other rows.",
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

/// The rankings that the statement may use. Shipped steps and their replacements must rank as the rule says:
/// two definitions of a duplicate are how 4,689 rows were found and 7,865 deactivated.
fn wanted<'a>(text: &Text<'a>) -> Vec<(&'a Expr, &'a [Added])> {
    let rule = text.rule;
    match text.statement.step.row().ranks {
        Ranks::Freely => Vec::new(),
        Ranks::AsTheRule => vec![(&rule.ranking, &rule.grouping)],
        Ranks::AmongAll => {
            vec![(&rule.counted_ranking, &rule.counted_grouping), (&rule.ranking, &rule.grouping)]
        }
        Ranks::AsTheRuleWithStaging => vec![(&rule.staged_ranking, &[])],
    }
}

/// The statement ranks differently, or not at all.
fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let wanted = wanted(text);
    let written_out = written_out(text.rule, parsed);
    let parsed = written_out.as_ref().unwrap_or(parsed);
    let holds = |(ranking, grouping): &(&Expr, &[Added])| {
        let ranks = ranks(parsed, ranking) || ranks(&normal(parsed), &normal(*ranking));
        ranks && is_grouped(parsed, grouping)
    };
    if !wanted.is_empty() && !wanted.iter().any(holds) {
        findings.push(text.finding(
            Code::OtherRanking,
            parsed.span(),
            format!("{} does not rank rows as the rule's key and keep say", text.statement.step),
            "call `rank`, `ranked` or `counts` of `_survivors.sql`; to change who survives, change the rule",
        ));
    }
    if text.statement.step.step() == Step::Current {
        findings.extend(not_put_together(text, parsed));
    }
}

/// Unmerged survivors where the rule merges values: readers would see values that differ from what a run
/// leaves.
fn not_put_together(text: &Text<'_>, parsed: &Statement) -> Option<Finding> {
    let left =
        text.rule.merged.iter().find(|column| parsed.visit(&mut FindLast(column)).is_continue())?;
    Some(text.finding(
        Code::OtherRanking,
        parsed.span(),
        format!("{left} is the survivor's own, where the rule has `merge`",),
        "call `last_values` and `window_of_rows` of `_merged.sql`, as the shipped text does",
    ))
}

/// Stops at the first non-NULL value of the column.
struct FindLast<'a>(&'a Ident);

impl Visitor for FindLast<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let Expr::Function(function) = expr else { return ControlFlow::Continue(()) };
        let FunctionArguments::List(list) = &function.args else {
            return ControlFlow::Continue(());
        };
        let ignores = FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls);
        let is_column = match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name)))] => {
                self.0.same_column(&name.value)
            }
            _ => false,
        };
        let found = is_column
            && function.over.is_some()
            && list.clauses == [ignores]
            && dotted(&function.name).eq_ignore_ascii_case("FIRST_VALUE");
        if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// The statement with `onerow_date` and `onerow_arrived`, the read-side view's columns of the row's date and
/// arrival, replaced by their expressions; `None` if the statement lacks such a column, or defines one of
/// that name differently.
fn written_out(rule: &Rule, parsed: &Statement) -> Option<Statement> {
    let expr = |sql: &str| parse(tokens(sql).ok()?, Parser::parse_expr).ok();
    let mut columns = vec![("onerow_date", expr(rule.partition.date().as_str())?)];
    if rule.partition.is_by_arrival() {
        columns.push(("onerow_arrived", expr("_PARTITIONTIME")?));
    }
    let mut aliases = Aliases { columns: &columns, found: false };
    if parsed.visit(&mut aliases).is_break() || !aliases.found {
        return None;
    }
    let mut written_out = parsed.clone();
    _ = VisitMut::visit(&mut written_out, &mut WriteOut(&columns));
    Some(written_out)
}

/// Whether the statement has each of the columns, always with the same definition.
fn is_grouped(statement: &Statement, grouping: &[Added]) -> bool {
    if grouping.is_empty() {
        return true;
    }
    let statement = normal(statement);
    grouping.iter().all(|(name, expr)| {
        let columns = [(*name, normal(expr))];
        let mut aliases = Aliases { columns: &columns, found: false };
        statement.visit(&mut aliases).is_continue() && aliases.found
    })
}

fn meant<'a>(columns: &'a [(&str, Expr)], name: &SqlIdent) -> Option<&'a Expr> {
    let found = columns.iter().find(|(known, _)| name.value.eq_ignore_ascii_case(known));
    found.map(|(_, expr)| expr)
}

/// Stops at a column that has one of these names but another definition.
struct Aliases<'a> {
    columns: &'a [(&'a str, Expr)],
    found: bool,
}

impl Visitor for Aliases<'_> {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for item in &select.projection {
            if let SelectItem::ExprWithAlias { expr, alias } = item
                && let Some(meant) = meant(self.columns, alias)
            {
                if expr != meant {
                    return ControlFlow::Break(());
                }
                self.found = true;
            }
        }
        ControlFlow::Continue(())
    }
}

struct WriteOut<'a>(&'a [(&'a str, Expr)]);

impl VisitorMut for WriteOut<'_> {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr
            && let Some(meant) = meant(self.0, name)
        {
            *expr = meant.clone();
        }
        ControlFlow::Continue(())
    }
}

fn ranks(statement: &Statement, ranking: &Expr) -> bool {
    statement.visit(&mut FindExpr(ranking)).is_break()
}

struct FindExpr<'a>(&'a Expr);

impl Visitor for FindExpr<'_> {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if expr == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

//! What kind of statement it is, and whether its step may be of that kind.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, Spanned, Statement, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::{Code, Finding, Text, consolidate, view};
use crate::statement::StepName;
use crate::step::StatementKind;

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let row = text.statement.step.row();
    findings.extend(hidden_mutation(text, parsed));
    if !row.statement.is(parsed) {
        return findings.push(match parsed {
            Statement::Query(_) | Statement::Update(_) => wrong_kind(text, parsed, row.statement),
            other => refused(text, other),
        });
    }
    match parsed {
        Statement::Query(query) => findings.extend(missing_count(text, query, row.returns)),
        Statement::Update(_) => findings.extend(mutates_between(text, parsed)),
        Statement::CreateView(view) => view::created(text, parsed, view, findings),
        Statement::Drop { names, .. } if row.statement == StatementKind::DropView => {
            view::dropped(text, parsed, names, findings);
        }
        Statement::Drop { names, .. } => consolidate::dropped(text, parsed, names, findings),
        _ => {}
    }
}

fn wrong_kind(text: &Text<'_>, parsed: &Statement, wanted: StatementKind) -> Finding {
    text.finding(
        Code::WrongKind,
        parsed.span(),
        format!("the step {} must be {}", text.statement.step, wanted.words()),
        "give a statement that does something else a step name of its own",
    )
}

fn refused(text: &Text<'_>, parsed: &Statement) -> Finding {
    let sql = parsed.to_string();
    let word = sql.split([' ', '(', ';']).next().unwrap_or_default().to_ascii_uppercase();
    let ddl = ["CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME", "UNDROP"].contains(&word.as_str());
    match ddl {
        true => text.finding(
            Code::Ddl,
            parsed.span(),
            format!("{word} changes the dataset itself, which a clean-up of rows must not do"),
            "make such changes outside onerow",
        ),
        false => text.finding(
            Code::WrongKind,
            parsed.span(),
            format!("{word} is neither a query nor an UPDATE"),
            "onerow runs queries, and UPDATEs that deactivate rows",
        ),
    }
}

/// A subquery that holds DML, or writes its result into a table.
fn hidden_mutation(text: &Text<'_>, parsed: &Statement) -> Option<Finding> {
    let (found, span) = parsed.visit(&mut FindMutation).break_value()?;
    Some(text.finding(
        Code::WrongKind,
        span,
        format!("the query holds {found}"),
        "onerow runs queries, and UPDATEs that deactivate rows",
    ))
}

struct FindMutation;

impl Visitor for FindMutation {
    type Break = (&'static str, Span);

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        let found = match &*query.body {
            SetExpr::Insert(_) => "INSERT",
            SetExpr::Update(_) => "UPDATE",
            SetExpr::Delete(_) => "DELETE",
            SetExpr::Merge(_) => "MERGE",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break((found, query.span()))
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        match select.into {
            Some(_) => ControlFlow::Break(("SELECT INTO", select.span())),
            None => ControlFlow::Continue(()),
        }
    }
}

fn missing_count(text: &Text<'_>, query: &Query, counts: &[&str]) -> Option<Finding> {
    let mut body = &*query.body;
    while let SetExpr::Query(inner) = body {
        body = &inner.body;
    }
    let SetExpr::Select(select) = body else { return None };
    let names: Vec<&str> = select.projection.iter().filter_map(output_name).collect();
    if select.projection.iter().any(|item| output_name(item).is_none()) {
        return None;
    }
    let missing: Vec<&str> = counts
        .iter()
        .copied()
        .filter(|count| !names.iter().any(|name| name.eq_ignore_ascii_case(count)))
        .collect();
    (!missing.is_empty()).then(|| {
        text.finding(
            Code::MissingCount,
            select.span(),
            format!(
                "onerow reads the column{} {} from {}, and the query does not return {}",
                if missing.len() == 1 { "" } else { "s" },
                missing.join(", "),
                text.statement.step,
                if missing.len() == 1 { "it" } else { "them" },
            ),
            "return the column; the shipped template does (`counts` of `_survivors.sql`)",
        )
    })
}

/// The name of an output column; `None` where only the warehouse could tell.
pub(super) fn output_name(item: &SelectItem) -> Option<&str> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(&alias.value),
        SelectItem::UnnamedExpr(Expr::Identifier(column)) => Some(&column.value),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(parts)) => {
            parts.last().map(|part| part.value.as_str())
        }
        _ => None,
    }
}

fn mutates_between(text: &Text<'_>, parsed: &Statement) -> Option<Finding> {
    let steps = &text.rule.steps;
    let at = |name: &str| steps.iter().position(|step| step.name == *name);
    let this = at(text.statement.step.as_str())?;
    let shipped = text.statement.step.removes_duplicates() || text.statement.step.is_dependent();
    let after_detect = at(StepName::DETECT).is_some_and(|detect| this > detect);
    (!shipped && after_detect).then(|| {
        text.finding(
            Code::MutatesBetween,
            parsed.span(),
            "this step changes rows after detect has counted them, so that verify could not tell what happened",
            "put it before detect in the rule's steps",
        )
    })
}

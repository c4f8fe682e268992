//! The kind of a statement, and whether its step allows that kind.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Query, Select, SelectItem, SetExpr, Spanned, Statement, Visit, Visitor,
};
use sqlparser::tokenizer::Span;

use super::{Code, Finding, Text, consolidate, view};
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
        "put a different statement into a step of its own (`sql/<step>.sql`)",
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
            format!("{word} is DDL; only queries and DML are allowed"),
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

/// A subquery that contains DML, or writes its result into a table.
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

/// The name of an output column; `None` where only the warehouse knows it.
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

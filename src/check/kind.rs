//! What kind of statement it is, and whether its step may be of that kind.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, ObjectName, Query, Select, SelectItem, SetExpr, Spanned, Statement, Visit, Visitor,
};

use super::{Code, Finding, Text, consolidate, view};
use crate::statement::StepName;

/// The columns that onerow reads from detect and verify.
pub(crate) const COUNTS: [&str; 7] =
    ["date", "active", "keys", "duplicates", "buffered", "shared_ids", "settled"];

/// The columns that onerow reads from staged.
pub(crate) const STAGED_COUNTS: [&str; 6] =
    ["date", "staged", "active", "inserts", "updates", "buffered"];

pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let step = &text.statement.step;
    match parsed {
        Statement::Query(query) => {
            findings.extend(hidden_mutation(text, query));
            match step.as_str() {
                _ if step.is_cure() => findings.push(wrong_kind(text, parsed, cure(step))),
                StepName::REMOVED => {}
                _ if step.is_dependent() => {
                    findings.push(wrong_kind(text, parsed, "a statement that changes rows"));
                }
                StepName::CONSOLIDATE => findings.push(wrong_kind(text, parsed, "a MERGE")),
                StepName::CREATE_VIEW | StepName::DROP_VIEW => {
                    findings.push(wrong_kind(text, parsed, "about the rule's view"));
                }
                StepName::DETECT | StepName::VERIFY => {
                    findings.extend(missing_count(text, query, &COUNTS));
                }
                StepName::STAGED => findings.extend(missing_count(text, query, &STAGED_COUNTS)),
                _ => {}
            }
        }
        Statement::Update(_) => match step.as_str() {
            StepName::DETECT
            | StepName::VERIFY
            | StepName::EXPLAIN
            | StepName::CURRENT
            | StepName::STAGED
            | StepName::STAGING_DATES => {
                findings.push(wrong_kind(text, parsed, "a query"));
            }
            StepName::DELETE | StepName::REWRITE => {
                findings.push(wrong_kind(text, parsed, cure(step)));
            }
            StepName::RECORD => findings.push(wrong_kind(text, parsed, "an INSERT")),
            StepName::CORRECT => findings.push(wrong_kind(text, parsed, "a DELETE")),
            StepName::CONSOLIDATE => findings.push(wrong_kind(text, parsed, "a MERGE")),
            StepName::DROP_STAGING => findings.push(wrong_kind(text, parsed, "a DROP TABLE")),
            StepName::REMOVED
            | StepName::BEFORE_IMAGE
            | StepName::CREATE_VIEW
            | StepName::DROP_VIEW => {
                findings.push(wrong_kind(text, parsed, "something that changes no row"));
            }
            _ => findings.extend(mutates_between(text, parsed)),
        },
        Statement::Delete(_) if [StepName::DELETE, StepName::CORRECT].contains(&step.as_str()) => {}
        Statement::Merge(_) if *step == *StepName::REWRITE => {}
        Statement::Insert(_) if [StepName::RECORD, StepName::UNDO].contains(&step.as_str()) => {}
        Statement::CreateTable(_) if *step == *StepName::BEFORE_IMAGE => {}
        Statement::Merge(_) if *step == *StepName::CONSOLIDATE => {}
        other if view::check(text, other, findings) => {}
        other if consolidate::drops(text, other, findings) => {}
        other => findings.push(refused(text, other)),
    }
}

/// What a cure has to be.
fn cure(step: &StepName) -> &'static str {
    match step.as_str() {
        StepName::DELETE => "a DELETE",
        StepName::REWRITE => "a MERGE",
        _ => "an UPDATE",
    }
}

fn wrong_kind(text: &Text<'_>, parsed: &Statement, wanted: &str) -> Finding {
    text.finding(
        Code::WrongKind,
        parsed.span(),
        format!("the step {} must be {wanted}", text.statement.step),
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

/// A query that holds DML or writes its result into a table.
pub(super) fn hidden_mutation(text: &Text<'_>, query: &Query) -> Option<Finding> {
    let found = query.visit(&mut FindMutation).break_value()?;
    Some(text.finding(
        Code::WrongKind,
        query.span(),
        format!("the query holds {found}"),
        "onerow runs queries, and UPDATEs that deactivate rows",
    ))
}

struct FindMutation;

impl Visitor for FindMutation {
    type Break = &'static str;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<&'static str> {
        match &*query.body {
            SetExpr::Insert(_) => ControlFlow::Break("INSERT"),
            SetExpr::Update(_) => ControlFlow::Break("UPDATE"),
            SetExpr::Delete(_) => ControlFlow::Break("DELETE"),
            SetExpr::Merge(_) => ControlFlow::Break("MERGE"),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<&'static str> {
        match super::mutation::dotted(relation).eq_ignore_ascii_case("EXTERNAL_QUERY") {
            true => ControlFlow::Break("EXTERNAL_QUERY, whose text cannot be checked"),
            false => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<&'static str> {
        match select.into {
            Some(_) => ControlFlow::Break("SELECT INTO"),
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
    let shipped = text.statement.step.is_cure() || text.statement.step.is_dependent();
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

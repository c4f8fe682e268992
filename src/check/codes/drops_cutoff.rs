//! `drops-cutoff`: A step leaves `@cutoff` out although the rule has `written_at`.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, Statement, Value, Visit, Visitor};
use sqlparser::tokenizer::Span;

use super::{Check, Code, Example, Find, On, Severity};
use crate::check::{Finding, Text};
use crate::step::AsksCutoff;

pub(super) const CHECK: Check = Check {
    code: Code::DropsCutoff,
    name: "drops-cutoff",
    severity: Severity::Error,
    may_be_allowed: true,
    find: Find::Statement(find),
    about: "Where the rule has `written_at`, every mutation and every count has to look at `@cutoff`: rows in the streaming buffer must not be touched, and are counted by themselves.",
    found: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'",
    },
    mended: Example {
        on: On::OwnStep,
        sql: "UPDATE nba.predictions
SET is_active = FALSE
WHERE game_date = DATE '2026-01-28'
  AND created_at < @cutoff",
    },
};

/// Where the rule can tell which rows may be touched, every mutation and every count has to ask.
fn has_to_ask(text: &Text<'_>, parsed: &Statement) -> bool {
    let asks = match text.statement.step.row().asks_cutoff {
        AsksCutoff::Always => true,
        AsksCutoff::ToChange => mutates(parsed),
        AsksCutoff::Never => false,
    };
    text.rule.written_at.is_some() && asks
}

/// It has to ask, and does not.
fn find(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    if has_to_ask(text, parsed) && parsed.visit(&mut FindCutoff).is_continue() {
        findings.push(dropped(text, parsed.span(), mutates(parsed)));
    }
}

fn mutates(parsed: &Statement) -> bool {
    matches!(parsed, Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_))
}

pub(in crate::check) fn dropped(text: &Text<'_>, span: Span, mutates: bool) -> Finding {
    let written_at = text.rule.written_at.as_ref().map(ToString::to_string).unwrap_or_default();
    let reason = match mutates {
        true => "it would touch rows in the streaming buffer, and be refused as a whole",
        false => "it would count buffered rows as settled ones",
    };
    text.finding(
        Code::DropsCutoff,
        span,
        format!(
            "the rule has {written_at} as written_at, and this step leaves @cutoff out: {reason}"
        ),
        "call the macro `settled` of `_survivors.sql`, or compare with @cutoff",
    )
}

pub(in crate::check) struct FindCutoff;

impl Visitor for FindCutoff {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let name = match expr {
            Expr::Identifier(name) => &name.value,
            Expr::Value(value) => match &value.value {
                Value::Placeholder(name) => name,
                _ => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        match name.eq_ignore_ascii_case("@cutoff") {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

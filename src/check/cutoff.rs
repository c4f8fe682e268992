//! Whether a step looks at `@cutoff`.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, Statement, Value, Visitor};

use sqlparser::tokenizer::Span;

use super::{Code, Finding, Text};
use crate::step::AsksCutoff;

/// Where the rule can tell which rows may be touched, every mutation and every count has to ask.
pub(super) fn has_to_ask(text: &Text<'_>, parsed: &Statement) -> bool {
    let asks = match text.statement.step.row().asks_cutoff {
        AsksCutoff::Always => true,
        AsksCutoff::ToChange => mutates(parsed),
        AsksCutoff::Never => false,
    };
    text.rule.written_at.is_some() && asks
}

/// It has to ask, and does not.
pub(super) fn does_not_ask(text: &Text<'_>, parsed: &Statement) -> Finding {
    dropped(text, parsed.span(), mutates(parsed))
}

fn mutates(parsed: &Statement) -> bool {
    matches!(parsed, Statement::Update(_) | Statement::Delete(_) | Statement::Merge(_))
}

pub(super) fn dropped(text: &Text<'_>, span: Span, mutates: bool) -> Finding {
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

pub(super) struct FindCutoff;

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

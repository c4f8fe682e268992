//! Whether a step looks at `@horizon`.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, Statement, Value, Visit, Visitor};

use super::{Code, Finding, Text};
use crate::statement::StepName;

/// Where the rule can tell which rows may be touched, every mutation and every count has to ask.
pub(super) fn check(text: &Text<'_>, parsed: &Statement, findings: &mut Vec<Finding>) {
    let counts = [StepName::DETECT, StepName::VERIFY].contains(&text.statement.step.as_str());
    let mutates = matches!(parsed, Statement::Update(_));
    let Some(written_at) = &text.rule.written_at else { return };
    if !(counts || mutates) || parsed.visit(&mut FindHorizon).is_break() {
        return;
    }
    let reason = match mutates {
        true => "it would touch rows in the streaming buffer, and be refused as a whole",
        false => "it would count buffered rows as settled ones",
    };
    findings.push(text.finding(
        Code::DropsHorizon,
        parsed.span(),
        format!(
            "the rule has {written_at} as written_at, and this step leaves @horizon out: {reason}"
        ),
        "call the macro `settled` of `_survivors.sql`, or compare with @horizon",
    ));
}

struct FindHorizon;

impl Visitor for FindHorizon {
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
        match name.eq_ignore_ascii_case("@horizon") {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

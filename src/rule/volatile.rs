//! Values that differ from run to run: the clock, and random values.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Spanned, TableFactor, Visitor};
use sqlparser::tokenizer::Span;

use crate::googlesql::is_context_function;

/// Functions with random values. Clock functions are volatile too.
const CHANCE: [&str; 2] = ["GENERATE_UUID", "RAND"];

/// The name of a volatile function or parameter, and its place.
pub(crate) type Volatile = (String, Span);

/// Searches for clock functions and random functions.
pub(crate) struct FindVolatile {
    /// Whether clock functions count too.
    pub clock: bool,
}

impl Visitor for FindVolatile {
    type Break = Volatile;

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
        match chance || (self.clock && is_context_function(name)) {
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

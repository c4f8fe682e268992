//! Window functions.

use rusqlite::types::Value;
use sqlparser::ast::{
    Expr, FunctionArgumentClause, NamedWindowDefinition, NamedWindowExpr, NullTreatment,
    WindowFrame, WindowFrameBound, WindowFrameUnits, WindowSpec, WindowType,
};

use super::function::Call;
use super::scope::Scope;
use super::table::{self, Kind, Row, Rule};
use super::{Binder, refused, unsupported};
use crate::error::Result;
use crate::functions::FIRST_NOT_NULL;
use crate::googlesql::SqlType;
use crate::tree::{Bound, Form, Frame, Key, Node, Term, Window};

impl Binder<'_> {
    /// Binds `call OVER window`.
    pub(super) fn window(
        &self,
        call: &Call<'_>,
        window: &WindowType,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        if !scope.windows {
            return Err(refused(format!(
                "the window function {} is not allowed in {}",
                call.name, scope.place
            )));
        }
        let spec = named(window, scope.named_windows)?;
        let inner = Scope { windows: false, ..*scope };
        let (plain, ignores) = call.ignoring_nulls();
        let mut term = self.windowed(&plain, spec, &inner)?;
        let mut window = self.spec(spec, &inner)?;
        if ignores {
            term = first_not_null(term, &window)?;
        } else if call.name == "FIRST_VALUE" {
            // The first row of every frame that begins with its partition is the same. With the frame of
            // ROW_NUMBER, SQLite finds both in one pass over the sorted rows.
            window.frame.get_or_insert(Frame::TO_THE_ROW);
        }
        let sql_type = term.sql_type;
        Ok(Term::of(Node::Window { call: Box::new(term), window }, sql_type))
    }

    fn windowed(&self, call: &Call<'_>, spec: &WindowSpec, scope: &Scope<'_>) -> Result<Term> {
        if !call.clauses.is_empty() {
            return Err(unsupported(format!("clauses in the window function {}", call.name)));
        }
        let unknown = || call.unknown_in_window();
        let row = table::find(&call.name, |kind| matches!(kind, Kind::Window { .. }));
        let row = row.ok_or_else(unknown)?;
        let name = row.name;
        let Kind::Window { ordered, framed } = row.kind else { return Err(unknown()) };
        if !framed && spec.window_frame.is_some() {
            return Err(refused(format!("{name} takes no window frame")));
        }
        if ordered && spec.order_by.is_empty() {
            return Err(refused(format!("{name} needs ORDER BY in its window")));
        }
        match row.rule {
            Rule::Declared { .. } if !call.star && call.args.is_empty() => {
                self.declared(row, call, scope)
            }
            Rule::By(special) if !call.distinct => special(self, row, call, scope),
            Rule::Accumulates { .. } if call.distinct => {
                Err(unsupported(format!("{name}(DISTINCT …) OVER")))
            }
            Rule::Accumulates { .. } => self.accumulated(row, call, scope),
            _ => Err(unknown()),
        }
    }

    /// `FIRST_VALUE(value)` and the like.
    pub(super) fn edge(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [arg] = *call.args else { return Err(call.unknown_in_window()) };
        let term = self.expr(arg, scope)?;
        if term.is_null() {
            return Err(refused(format!("{} does not take NULL", row.name)));
        }
        let sql_type = term.sql_type;
        Ok(Term::of(Node::Call(Form::Call(row.name), vec![term]), sql_type))
    }

    /// `LAG(value, offset, default)` and the like.
    pub(super) fn neighbour(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [first, ..] = *call.args else { return Err(call.unknown_in_window()) };
        let args = call.args.as_slice();
        let value = self.expr(first, scope)?;
        let offset =
            args.get(1).map_or(Ok(1), |arg| self.count(arg, "the offset of LAG or LEAD"))?;
        let (mut terms, sql_type) = match args {
            [_] | [_, _] => {
                let sql_type = value.sql_type;
                (vec![value, Term::of(Node::Value(Value::Null), sql_type)], sql_type)
            }
            [_, _, default] => {
                let term = self.expr(default, scope)?;
                let literal = matches!(default, Expr::Value(_) | Expr::TypedString(_));
                if !literal && term.constant.is_none() {
                    return Err(unsupported(format!(
                        "a default of {} that is not a literal",
                        call.name
                    )));
                }
                self.unified(vec![value, term], &call.name)?
            }
            _ => return Err(call.unknown()),
        };
        terms.insert(1, Term::number(offset, SqlType::Int64));
        Ok(Term::of(Node::Call(Form::Call(row.name), terms), sql_type))
    }

    fn spec(&self, spec: &WindowSpec, scope: &Scope<'_>) -> Result<Window> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        if let Some(name) = window_name {
            return Err(unsupported(format!("a window based on the window `{name}`")));
        }
        let mut partition = Vec::new();
        for expr in partition_by {
            let term = self.expr(expr, scope)?;
            if term.sql_type == Some(SqlType::Float64) {
                let error = refused("PARTITION BY does not take FLOAT64");
                return Err(error.help(
                    "BigQuery refuses it too; cast the number: CAST(… AS NUMERIC) or CAST(… AS STRING)",
                ));
            }
            partition.push(term);
        }
        let mut order = Vec::new();
        for item in order_by {
            order.extend(self.order_key(self.expr(&item.expr, scope)?, item)?);
        }
        if order.len() < order_by.len() {
            return Err(unsupported("a constant in the ORDER BY of a window"));
        }
        let frame = window_frame.as_ref().map(|frame| self.frame(frame)).transpose()?;
        if frame.as_ref().is_some_and(Frame::is_measured) {
            measurable(&order)?;
        }
        Ok(Window { partition, order, frame })
    }

    fn frame(&self, frame: &WindowFrame) -> Result<Frame> {
        let WindowFrame { units, start_bound, end_bound } = frame;
        let units = match units {
            WindowFrameUnits::Rows => "ROWS",
            WindowFrameUnits::Range => "RANGE",
            WindowFrameUnits::Groups => return Err(unsupported("GROUPS in a window")),
        };
        let start = self.bound(start_bound)?;
        let end = end_bound.as_ref().map(|end| self.bound(end)).transpose()?;
        Ok(Frame { units, start, end })
    }

    fn bound(&self, bound: &WindowFrameBound) -> Result<Bound> {
        let count = match bound {
            WindowFrameBound::CurrentRow => return Ok(Bound::CurrentRow),
            WindowFrameBound::Preceding(count) | WindowFrameBound::Following(count) => count,
        };
        let count = match count {
            None => None,
            Some(count) => Some(self.count(count, "the bound of a window")?),
        };
        Ok(match bound {
            WindowFrameBound::Preceding(_) => Bound::Preceding(count),
            _ => Bound::Following(count),
        })
    }
}

impl<'a> Call<'a> {
    /// The same call without IGNORE NULLS, and whether it had that clause.
    fn ignoring_nulls(&self) -> (Self, bool) {
        let ignore = [FunctionArgumentClause::IgnoreOrRespectNulls(NullTreatment::IgnoreNulls)];
        let ignores = self.name == "FIRST_VALUE" && *self.clauses == ignore;
        let clauses: &[FunctionArgumentClause] = if ignores { &[] } else { self.clauses };
        let (name, args) = (self.name.clone(), self.args.clone());
        (Self { name, args, clauses, ..*self }, ignores)
    }
}

/// The first non-NULL value, in a window whose frame begins with its partition. No row leaves such a frame,
/// so the registered function needs no inverse. SQLite has no IGNORE NULLS.
fn first_not_null(call: Term, window: &Window) -> Result<Term> {
    if window.frame.as_ref().is_some_and(|frame| frame.start != Bound::Preceding(None)) {
        return Err(unsupported(
            "IGNORE NULLS in a window that does not begin UNBOUNDED PRECEDING",
        ));
    }
    let node = match call.node {
        Node::Call(_, args) => Node::Call(Form::Call(FIRST_NOT_NULL), args),
        other => other,
    };
    Ok(Term { node, ..call })
}

/// Requires one INT64 sort key, to which the number of a RANGE frame is added.
fn measurable(order: &[Key]) -> Result<()> {
    match order {
        [only] if only.term.sql_type == Some(SqlType::Int64) => Ok(()),
        [only] => Err(unsupported(format!(
            "RANGE with a number in a window ordered by {}",
            only.term.type_name()
        ))),
        _ => Err(refused("RANGE with a number needs a window ordered by one number")),
    }
}

fn named<'a>(
    window: &'a WindowType,
    definitions: &'a [NamedWindowDefinition],
) -> Result<&'a WindowSpec> {
    let name = match window {
        WindowType::WindowSpec(spec) => return Ok(spec),
        WindowType::NamedWindow(name) => name,
    };
    let found = definitions
        .iter()
        .find(|NamedWindowDefinition(known, _)| known.value.eq_ignore_ascii_case(&name.value));
    match found {
        Some(NamedWindowDefinition(_, NamedWindowExpr::WindowSpec(spec))) => Ok(spec),
        Some(_) => Err(unsupported(format!("the window `{name}`, which is another one's name"))),
        None => Err(refused(format!("there is no window `{name}`"))),
    }
}

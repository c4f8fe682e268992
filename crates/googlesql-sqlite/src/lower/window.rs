//! Window functions.

use sqlparser::ast::{
    Expr, NamedWindowDefinition, NamedWindowExpr, WindowFrame, WindowFrameBound, WindowFrameUnits,
    WindowSpec, WindowType,
};

use super::function::Call;
use super::query::order_clause;
use super::scope::Scope;
use super::table::{self, Kind, Row, Rule};
use super::term::Term;
use super::{Lowering, refused, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;

impl Lowering<'_> {
    /// Lowers `call OVER window`.
    pub(super) fn window(
        &self,
        call: &Call<'_>,
        window: &WindowType,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        if !scope.windows {
            return Err(refused(format!(
                "the window function {} may not stand in {}",
                call.name, scope.place
            )));
        }
        let spec = named(window, scope.named_windows)?;
        let inner = Scope { windows: false, ..*scope };
        let term = self.windowed(call, spec, &inner)?;
        let over = self.spec(spec, &inner)?;
        Ok(Term { sql: format!("{} OVER ({over})", term.sql), constant: None, ..term })
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
        if term.sql == "NULL" {
            return Err(refused(format!("{} does not take NULL", row.name)));
        }
        Ok(Term { sql: format!("{}({})", row.name, term.sql), constant: None, ..term })
    }

    /// `LAG(value, offset, default)` and the like.
    pub(super) fn neighbour(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [first, ..] = *call.args else { return Err(call.unknown_in_window()) };
        let args = call.args.as_slice();
        let value = self.expr(first, scope)?;
        let offset =
            args.get(1).map_or(Ok(1), |arg| self.count(arg, "the offset of LAG or LEAD"))?;
        let (terms, sql_type) = match args {
            [_] | [_, _] => (vec![value.clone()], value.sql_type),
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
        let default = terms.get(1).map_or("NULL", |term| &term.sql);
        let sql = format!("{}({}, {offset}, {default})", call.name, terms[0].sql);
        Ok(Term::of(sql, sql_type))
    }

    fn spec(&self, spec: &WindowSpec, scope: &Scope<'_>) -> Result<String> {
        let WindowSpec { window_name, partition_by, order_by, window_frame } = spec;
        if let Some(name) = window_name {
            return Err(unsupported(format!("a window based on the window `{name}`")));
        }
        let mut parts = Vec::new();
        if !partition_by.is_empty() {
            let mut keys = Vec::new();
            for expr in partition_by {
                let term = self.expr(expr, scope)?;
                if term.sql_type == Some(SqlType::Float64) {
                    return Err(refused("PARTITION BY does not take FLOAT64"));
                }
                keys.push(term.sql);
            }
            parts.push(format!("PARTITION BY {}", keys.join(", ")));
        }
        let mut keys = Vec::new();
        for item in order_by {
            let term = self.expr(&item.expr, scope)?;
            keys.extend(self.order_key(&term, item)?);
        }
        if keys.len() < order_by.len() {
            return Err(unsupported("a constant in the ORDER BY of a window"));
        }
        parts.push(order_clause(&keys).trim_start().to_owned());
        if let Some(frame) = window_frame {
            parts.push(self.frame(frame)?);
        }
        parts.retain(|part| !part.is_empty());
        Ok(parts.join(" "))
    }

    fn frame(&self, frame: &WindowFrame) -> Result<String> {
        let WindowFrame { units, start_bound, end_bound } = frame;
        let rows = match units {
            WindowFrameUnits::Rows => true,
            WindowFrameUnits::Range => false,
            WindowFrameUnits::Groups => return Err(unsupported("GROUPS in a window")),
        };
        let units = if rows { "ROWS" } else { "RANGE" };
        let start = self.bound(start_bound, rows)?;
        Ok(match end_bound {
            Some(end) => format!("{units} BETWEEN {start} AND {}", self.bound(end, rows)?),
            None => format!("{units} {start}"),
        })
    }

    fn bound(&self, bound: &WindowFrameBound, rows: bool) -> Result<String> {
        let (count, direction) = match bound {
            WindowFrameBound::CurrentRow => return Ok("CURRENT ROW".to_owned()),
            WindowFrameBound::Preceding(count) => (count, "PRECEDING"),
            WindowFrameBound::Following(count) => (count, "FOLLOWING"),
        };
        match count {
            None => Ok(format!("UNBOUNDED {direction}")),
            Some(count) if rows => {
                Ok(format!("{} {direction}", self.count(count, "the bound of a window")?))
            }
            Some(_) => Err(unsupported("RANGE with a number in a window")),
        }
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

//! Expressions.

use rusqlite::types::Value as Kept;
use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, Expr, Ident, Query, Spanned, TrimWhereField, TypedString,
    UnaryOperator, Value, ValueWithSpan,
};

use super::cast::as_text;
use super::compare::is_comparison;
use super::function::Call;
use super::opaque::{is_moved, looked_into};
use super::query::Relation;
use super::scope::Scope;
use super::{Binder, refused, unsupported};
use crate::error::{Kind, Result};
use crate::googlesql::{SqlType, SqlValue};
use crate::storage::encode;
use crate::tree::{Form, Node, Term};

impl Binder<'_> {
    /// Binds an expression. After grouping, an expression equal to a grouping key is replaced by that key.
    pub(super) fn expr(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let earlier = scope.seen.ungrouped.borrow().len();
        let bound = self.by_kind(expr, scope);
        if let (Ok(term), Some(keys)) = (&bound, scope.keys)
            && keys.contains(term)
        {
            scope.seen.ungrouped.borrow_mut().truncate(earlier);
        }
        let bound = bound.and_then(|term| match is_moved(&term) {
            true => Err(looked_into(expr, &term, scope.place)),
            false => Ok(term),
        });
        bound.map_err(|error| error.near(expr.span()))
    }

    fn by_kind(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        match expr {
            Expr::Identifier(name) => self.identifier(name, scope),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [first, ..] if first.value.starts_with('@') => {
                    Err(unsupported(format!("the variable `{expr}`")))
                }
                path => self.path(path, expr.span(), scope),
            },
            Expr::Nested(inner) => self.expr(inner, scope),
            Expr::Value(value) => self.value(value),
            Expr::TypedString(typed) => self.typed(typed),
            Expr::UnaryOp { op, expr: operand } => self.unary(*op, operand, scope),
            Expr::BinaryOp { left, op, right } => self.binary(left, op, right, scope),
            _ if is_comparison(expr) => self.comparison(expr, scope),
            Expr::Case { operand, conditions, else_result, case_token: _, end_token: _ } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), scope)
            }
            Expr::Cast { kind, expr: operand, data_type, format } => match (kind, format) {
                (CastKind::Cast, None) => self.cast(operand, data_type, false, scope),
                (CastKind::SafeCast, None) => self.cast(operand, data_type, true, scope),
                _ => Err(unsupported(format!("`{expr}`"))),
            },
            Expr::Function(function) => self.function(function, scope),
            Expr::Extract { field, expr: operand, syntax: _ } => {
                self.extract(field, operand, scope)
            }
            Expr::Substring {
                expr: operand,
                substring_from,
                substring_for,
                special: true,
                shorthand: _,
            } => {
                let from = substring_from.as_deref();
                let mut arguments = vec![operand.as_ref()];
                arguments.extend(from.into_iter().chain(substring_for.as_deref()));
                self.scalar(&Call::plain("SUBSTR", arguments), scope)
            }
            Expr::Trim { trim_where, trim_what: None, expr: operand, trim_characters } => {
                self.trim(trim_where.as_ref(), operand, trim_characters.as_deref(), scope)
            }
            Expr::Subquery(query) => self.scalar_subquery(query, scope),
            Expr::Exists { subquery, negated } => {
                let rows = self.query(subquery, Some(scope))?.rows;
                Ok(Term::of(Node::Exists { rows, negated: *negated }, Some(SqlType::Bool)))
            }
            Expr::Struct { .. } | Expr::Tuple(_) => Err(unsupported(format!("STRUCT: `{expr}`"))),
            Expr::CompoundFieldAccess { root, access_chain } => {
                self.element(root, access_chain, scope)
            }
            Expr::Array(_) => Err(unsupported(format!("ARRAY: `{expr}`"))),
            Expr::Interval(_) => Err(unsupported(format!(
                "`{expr}` outside of DATE_ADD, TIMESTAMP_ADD and the like"
            ))),
            other => Err(unsupported(format!("`{other}`"))),
        }
    }

    fn identifier(&self, name: &Ident, scope: &Scope<'_>) -> Result<Term> {
        match (name.quote_style, name.value.strip_prefix('@')) {
            (None, Some(variable)) if variable.starts_with('@') => {
                Err(unsupported(format!("the system variable `{name}`")))
            }
            (None, None) if name.value.eq_ignore_ascii_case("DEFAULT") => {
                Err(unsupported("DEFAULT as a value"))
            }
            (None, Some(parameter)) => {
                let value = self.parameter(parameter)?;
                if let SqlValue::Array(_) = value {
                    return Err(unsupported(format!("the array `{name}` outside of UNNEST")));
                }
                let kept = encode(&value)?;
                self.outside.set(self.outside.get() || kept != Kept::Null);
                let sql_type = value.sql_type();
                Ok(Term { constant: Some(value), ..Term::of(Node::Parameter(kept), sql_type) })
            }
            (None | Some('`'), _) => scope.column(&name.value, name.span),
            _ => Err(unsupported(format!("`{name}`"))),
        }
    }

    /// A literal.
    pub(super) fn value(&self, value: &ValueWithSpan) -> Result<Term> {
        if let Some(text) = self.literals.text(value)? {
            return self.constant(SqlValue::String(text));
        }
        match &value.value {
            Value::Number(text, false) => self.number(text),
            Value::Boolean(value) => self.constant(SqlValue::Bool(*value)),
            Value::Null => self.constant(SqlValue::Null),
            Value::Placeholder(_) => {
                Err(unsupported(format!("the positional parameter `{value}`")))
            }
            Value::SingleQuotedByteStringLiteral(_)
            | Value::DoubleQuotedByteStringLiteral(_)
            | Value::TripleSingleQuotedByteStringLiteral(_)
            | Value::TripleDoubleQuotedByteStringLiteral(_) => {
                Err(unsupported(format!("BYTES: {value}")))
            }
            _ => Err(unsupported(format!("the literal {value}"))),
        }
    }

    fn number(&self, text: &str) -> Result<Term> {
        if text.contains(['.', 'e', 'E']) {
            let number: f64 =
                text.parse().map_err(|_| unsupported(format!("the literal {text}")))?;
            return self.constant(SqlValue::Float64(number));
        }
        let number = text.parse().map_err(|_| refused(format!("{text} does not fit INT64")))?;
        self.constant(SqlValue::Int64(number))
    }

    fn typed(&self, typed: &TypedString) -> Result<Term> {
        let TypedString { data_type, value, uses_odbc_syntax } = typed;
        let text = match (uses_odbc_syntax, self.literals.text(value)?) {
            (false, Some(text)) => text,
            _ => return Err(unsupported(format!("`{typed}`"))),
        };
        let target = self.data_type(data_type)?;
        if matches!(target, SqlType::String | SqlType::Bool | SqlType::Int64 | SqlType::Float64) {
            return Err(unsupported(format!("`{typed}`")));
        }
        let term = self.constant(SqlValue::parse(&text, target)?)?;
        Ok(Term { sql_type: Some(target), constant: None, ..term })
    }

    fn unary(&self, op: UnaryOperator, operand: &Expr, scope: &Scope<'_>) -> Result<Term> {
        match (op, operand) {
            (UnaryOperator::Not, _) => {
                let term = self.expr(operand, scope)?;
                let term = self.expect(term, SqlType::Bool, "the operand of NOT")?;
                Ok(Term::call(Form::Not, vec![term], SqlType::Bool))
            }
            (UnaryOperator::Minus, Expr::Value(value)) => match &value.value {
                Value::Number(text, false) => self.number(&format!("-{text}")),
                _ => Err(refused("- takes a number")),
            },
            (UnaryOperator::Minus, _) => {
                let term = self.expr(operand, scope)?;
                self.by_type(vec![term], "-", ["onerow_negate", "-", "onerow_decimal_negate"])
            }
            (UnaryOperator::Plus, _) => {
                let term = self.expr(operand, scope)?;
                match term.sql_type {
                    Some(
                        SqlType::Int64 | SqlType::Float64 | SqlType::Numeric | SqlType::BigNumeric,
                    ) => Ok(term),
                    _ => Err(refused("+ takes a number")),
                }
            }
            _ => Err(unsupported(format!("the operator `{op}`"))),
        }
    }

    fn binary(
        &self,
        left: &Expr,
        op: &BinaryOperator,
        right: &Expr,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let sides =
            || -> Result<Vec<Term>> { Ok(vec![self.expr(left, scope)?, self.expr(right, scope)?]) };
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let keyword = if *op == BinaryOperator::And { " AND " } else { " OR " };
                let role = format!("an operand of {}", keyword.trim());
                let bool = |side| {
                    self.expr(side, scope).and_then(|t| self.expect(t, SqlType::Bool, &role))
                };
                // One side can be refused regardless of the other.
                let (a, b) = match (bool(left), bool(right)) {
                    (Err(error), Err(other)) if error.kind() != Kind::Refused => {
                        return Err(match other.kind() {
                            Kind::Refused => other,
                            _ => error,
                        });
                    }
                    (a, b) => (a?, b?),
                };
                Ok(Term::call(Form::Infix(keyword), vec![a, b], SqlType::Bool))
            }
            BinaryOperator::Eq => self.compared(left, "=", right, scope),
            BinaryOperator::NotEq => self.compared(left, "<>", right, scope),
            BinaryOperator::Lt => self.compared(left, "<", right, scope),
            BinaryOperator::LtEq => self.compared(left, "<=", right, scope),
            BinaryOperator::Gt => self.compared(left, ">", right, scope),
            BinaryOperator::GtEq => self.compared(left, ">=", right, scope),
            BinaryOperator::StringConcat => self.concat(sides()?, "||"),
            BinaryOperator::Plus => self.added(sides()?, "+"),
            BinaryOperator::Minus => self.added(sides()?, "-"),
            BinaryOperator::Multiply => self.by_type(
                sides()?,
                "*",
                ["onerow_multiply", "onerow_real_multiply", "onerow_decimal_multiply"],
            ),
            BinaryOperator::Divide => self.divided(sides()?),
            _ => Err(unsupported(format!("the operator `{op}`"))),
        }
    }

    fn added(&self, mut sides: Vec<Term>, op: &str) -> Result<Term> {
        let types = |sides: &[Term]| match sides {
            [a, b] => (a.sql_type, b.sql_type),
            _ => (None, None),
        };
        if (op, types(&sides)) == ("+", (Some(SqlType::Int64), Some(SqlType::Date))) {
            sides.reverse();
        }
        if types(&sides) == (Some(SqlType::Date), Some(SqlType::Int64)) {
            let name = if op == "-" { "onerow_date_sub" } else { "onerow_date_add" };
            sides.push(Term::word("DAY"));
            return Ok(Term::call(Form::Call(name), sides, SqlType::Date));
        }
        let names = match op {
            "+" => ["onerow_add", "onerow_real_add", "onerow_decimal_add"],
            _ => ["onerow_subtract", "onerow_real_subtract", "onerow_decimal_subtract"],
        };
        self.by_type(sides, op, names)
    }

    /// Calls the function for INT64, FLOAT64 or NUMERIC.
    pub(super) fn by_type(
        &self,
        terms: Vec<Term>,
        op: &str,
        names: [&'static str; 3],
    ) -> Result<Term> {
        let role = format!("`{op}`");
        let (terms, sql_type) = self.unified(terms, &role)?;
        let name = match sql_type {
            Some(SqlType::Int64) => names[0],
            Some(SqlType::Float64) => names[1],
            Some(SqlType::Numeric) => names[2],
            _ => {
                let name = terms.first().map_or_else(String::new, Term::type_name);
                if matches!(sql_type, Some(SqlType::String | SqlType::Bool))
                    && terms.iter().all(|term| term.constant.is_none())
                {
                    return Err(refused(format!("`{op}` takes numbers, not {name}")));
                }
                return Err(unsupported(format!("`{op}` of {name}")));
            }
        };
        Ok(Term::of(Node::Call(Form::Call(name), terms), sql_type))
    }

    /// Division, whose result is FLOAT64 for INT64 and FLOAT64.
    fn divided(&self, sides: Vec<Term>) -> Result<Term> {
        let mut operands = Vec::new();
        for side in sides {
            match side.sql_type {
                Some(SqlType::Int64 | SqlType::Float64) => {
                    operands.push(self.expect(side, SqlType::Float64, "an operand of /")?);
                }
                _ => return Err(unsupported(format!("division of {}", side.type_name()))),
            }
        }
        Ok(Term::call(Form::Call("onerow_divide"), operands, SqlType::Float64))
    }

    /// `a || b`, NULL if any operand is NULL. Operands of other types are cast to STRING.
    pub(super) fn concat(&self, terms: Vec<Term>, role: &str) -> Result<Term> {
        let text = |term: Term| {
            let unknown = unsupported(format!("{role} of {}", term.type_name()));
            as_text(term).ok_or(unknown)
        };
        let terms = terms.into_iter().map(text).collect::<Result<_>>()?;
        Ok(Term::call(Form::Infix(" || "), terms, SqlType::String))
    }

    fn trim(
        &self,
        place: Option<&TrimWhereField>,
        operand: &Expr,
        characters: Option<&[Expr]>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let arguments = match (place, characters) {
            (None, None) => vec![operand],
            (None, Some([set])) => vec![operand, set],
            _ => return Err(unsupported("TRIM with FROM")),
        };
        self.scalar(&Call::plain("TRIM", arguments), scope)
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        else_result: Option<&Expr>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let mut tests = Vec::new();
        let mut results = Vec::new();
        for CaseWhen { condition, result } in conditions {
            tests.push(self.expr(condition, scope)?);
            results.push(self.expr(result, scope)?);
        }
        if let Some(result) = else_result {
            results.push(self.expr(result, scope)?);
        }
        let (mut results, sql_type) = self.unified(results, "CASE")?;
        let operand = match operand {
            Some(operand) => {
                tests.insert(0, self.expr(operand, scope)?);
                (tests, _) = self.unified(tests, "CASE")?;
                Some(Box::new(tests.remove(0)))
            }
            None => {
                let bool = |test| self.expect(test, SqlType::Bool, "a condition of CASE");
                tests = tests.into_iter().map(bool).collect::<Result<_>>()?;
                None
            }
        };
        let otherwise = else_result.and_then(|_| results.pop()).map(Box::new);
        let arms = tests.into_iter().zip(results).collect();
        Ok(Term::of(Node::Case { operand, arms, otherwise }, sql_type))
    }

    /// A subquery of one column, and its column's term.
    pub(super) fn one_column(
        &self,
        query: &Query,
        scope: &Scope<'_>,
    ) -> Result<(Relation, Term, String)> {
        let relation = self.query(query, Some(scope))?;
        let own = self.alias();
        let mut columns = relation.source(&own, None).columns;
        match (columns.pop(), columns.is_empty()) {
            _ if relation.open => Err(unsupported("the columns of a subquery")),
            (Some((_, term)), true) if term.unknown => {
                Err(unsupported("the type of a subquery's column"))
            }
            (Some((name, term)), true) if is_moved(&term) => {
                let name = name.unwrap_or_default();
                Err(looked_into(name, &term, "a subquery in an expression"))
            }
            (Some((_, term)), true) => Ok((relation, term, own)),
            _ => Err(refused("a subquery in an expression must have one column")),
        }
    }

    fn scalar_subquery(&self, query: &Query, scope: &Scope<'_>) -> Result<Term> {
        let (Relation { rows, single, .. }, term, own) = self.one_column(query, scope)?;
        let own = (!single).then_some(own);
        Ok(Term { node: Node::Only { rows, own }, ..term })
    }
}

//! Expressions.

use sqlparser::ast::{
    BinaryOperator, CaseWhen, CastKind, Expr, Ident, Query, Spanned, TrimWhereField, TypedString,
    UnaryOperator, Value, ValueWithSpan,
};

use super::compare::is_comparison;
use super::function::Call;
use super::query::{Relation, c};
use super::scope::Scope;
use super::term::Term;
use super::{Lowering, refused, unsupported};
use crate::error::{Kind, Result};
use crate::googlesql::{SqlType, SqlValue};

/// The stack that one level of an expression may need, and what is added where less is left.
pub(super) const ENOUGH_STACK: usize = 256 * 1024;
pub(super) const MORE_STACK: usize = 4 * 1024 * 1024;

impl Lowering<'_> {
    /// Lowers an expression. After grouping, an expression that is a grouping key stands for it.
    pub(super) fn expr(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        let earlier = scope.seen.ungrouped.borrow().len();
        // A chain of operators is as deep as it is long.
        let lowered = stacker::maybe_grow(ENOUGH_STACK, MORE_STACK, || self.parts_of(expr, scope));
        if let (Ok(term), Some(keys)) = (&lowered, scope.keys)
            && keys.contains(term)
        {
            scope.seen.ungrouped.borrow_mut().truncate(earlier);
        }
        lowered.map_err(|error| error.near(expr.span()))
    }

    fn parts_of(&self, expr: &Expr, scope: &Scope<'_>) -> Result<Term> {
        match expr {
            Expr::Identifier(name) => self.identifier(name, scope),
            Expr::CompoundIdentifier(names) => match names.as_slice() {
                [first, ..] if first.value.starts_with('@') => {
                    Err(unsupported(format!("the variable `{expr}`")))
                }
                [table, column] => scope.qualified(&table.value, &column.value, expr.span()),
                _ => Err(unsupported(format!("the path `{expr}`"))),
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
                let relation = self.query(subquery, Some(scope))?;
                let not = if *negated { "NOT " } else { "" };
                Ok(Term::new(format!("({not}EXISTS ({}))", relation.sql), SqlType::Bool))
            }
            Expr::Struct { .. } | Expr::Tuple(_) => Err(unsupported(format!("STRUCT: `{expr}`"))),
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
                let sql = match crate::storage::encode(&value)? {
                    rusqlite::types::Value::Null => "NULL".to_owned(),
                    kept => self.bind(kept),
                };
                Ok(Term { constant: Some(value.clone()), ..Term::of(sql, value.sql_type()) })
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
                Ok(Term::new(format!("(NOT {})", term.sql), SqlType::Bool))
            }
            (UnaryOperator::Minus, Expr::Value(value)) => match &value.value {
                Value::Number(text, false) => self.number(&format!("-{text}")),
                _ => Err(refused("- takes a number")),
            },
            (UnaryOperator::Minus, _) => {
                let term = self.expr(operand, scope)?;
                self.by_type(&[term], "-", ["onerow_negate", "-", "onerow_decimal_negate"])
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
            || -> Result<[Term; 2]> { Ok([self.expr(left, scope)?, self.expr(right, scope)?]) };
        match op {
            BinaryOperator::And | BinaryOperator::Or => {
                let keyword = if *op == BinaryOperator::And { "AND" } else { "OR" };
                let role = format!("an operand of {keyword}");
                let bool = |side| {
                    self.expr(side, scope).and_then(|t| self.expect(t, SqlType::Bool, &role))
                };
                // One side can be refused whatever the other one is.
                let (a, b) = match (bool(left), bool(right)) {
                    (Err(error), Err(other)) if error.kind() != Kind::Refused => {
                        return Err(match other.kind() {
                            Kind::Refused => other,
                            _ => error,
                        });
                    }
                    (a, b) => (a?, b?),
                };
                Ok(Term::new(format!("({} {keyword} {})", a.sql, b.sql), SqlType::Bool))
            }
            BinaryOperator::Eq => self.compared(left, "=", right, scope),
            BinaryOperator::NotEq => self.compared(left, "<>", right, scope),
            BinaryOperator::Lt => self.compared(left, "<", right, scope),
            BinaryOperator::LtEq => self.compared(left, "<=", right, scope),
            BinaryOperator::Gt => self.compared(left, ">", right, scope),
            BinaryOperator::GtEq => self.compared(left, ">=", right, scope),
            BinaryOperator::StringConcat => self.concat(sides()?.to_vec(), "||"),
            BinaryOperator::Plus => self.added(sides()?, "+"),
            BinaryOperator::Minus => self.added(sides()?, "-"),
            BinaryOperator::Multiply => self.by_type(
                &sides()?,
                "*",
                ["onerow_multiply", "onerow_real_multiply", "onerow_decimal_multiply"],
            ),
            BinaryOperator::Divide => self.divided(sides()?, "onerow_divide"),
            _ => Err(unsupported(format!("the operator `{op}`"))),
        }
    }

    fn added(&self, [a, b]: [Term; 2], op: &str) -> Result<Term> {
        let (a, b) = match (op, a.sql_type, b.sql_type) {
            ("+", Some(SqlType::Int64), Some(SqlType::Date)) => (b, a),
            _ => (a, b),
        };
        if (a.sql_type, b.sql_type) == (Some(SqlType::Date), Some(SqlType::Int64)) {
            let direction = if op == "-" { "sub" } else { "add" };
            let sql = format!("onerow_date_{direction}({}, {}, 'DAY')", a.sql, b.sql);
            return Ok(Term::new(sql, SqlType::Date));
        }
        let names = match op {
            "+" => ["onerow_add", "onerow_real_add", "onerow_decimal_add"],
            _ => ["onerow_subtract", "onerow_real_subtract", "onerow_decimal_subtract"],
        };
        self.by_type(&[a, b], op, names)
    }

    /// Calls the function for INT64, FLOAT64 or NUMERIC.
    pub(super) fn by_type(&self, terms: &[Term], op: &str, names: [&str; 3]) -> Result<Term> {
        let role = format!("`{op}`");
        let (terms, sql_type) = self.unified(terms.to_vec(), &role)?;
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
        let arguments: Vec<&str> = terms.iter().map(|term| term.sql.as_str()).collect();
        Ok(Term::of(format!("{name}({})", arguments.join(", ")), sql_type))
    }

    /// Division, whose result is FLOAT64 for INT64 and FLOAT64.
    pub(super) fn divided(&self, sides: [Term; 2], name: &str) -> Result<Term> {
        let mut texts = Vec::new();
        for side in sides {
            match side.sql_type {
                Some(SqlType::Int64 | SqlType::Float64) => {
                    texts.push(self.expect(side, SqlType::Float64, "an operand of /")?.sql);
                }
                _ => return Err(unsupported(format!("division of {}", side.type_name()))),
            }
        }
        Ok(Term::new(format!("{name}({})", texts.join(", ")), SqlType::Float64))
    }

    /// `a || b`, NULL if any of them is.
    pub(super) fn concat(&self, terms: Vec<Term>, role: &str) -> Result<Term> {
        let mut texts = Vec::new();
        for term in terms {
            match term.sql_type {
                None | Some(SqlType::String) => texts.push(term.sql),
                Some(other) => {
                    return Err(unsupported(format!("{role} of {other}; cast it to STRING")));
                }
            }
        }
        Ok(Term::new(format!("({})", texts.join(" || ")), SqlType::String))
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
        let (results, sql_type) = self.unified(results, "CASE")?;
        let mut sql = "CASE".to_owned();
        if let Some(operand) = operand {
            tests.insert(0, self.expr(operand, scope)?);
            (tests, _) = self.unified(tests, "CASE")?;
            sql.push_str(&format!(" {}", tests.remove(0).sql));
        } else {
            for test in &tests {
                self.expect(test.clone(), SqlType::Bool, "a condition of CASE")?;
            }
        }
        for (test, result) in tests.iter().zip(&results) {
            sql.push_str(&format!(" WHEN {} THEN {}", test.sql, result.sql));
        }
        if else_result.is_some()
            && let Some(result) = results.last()
        {
            sql.push_str(&format!(" ELSE {}", result.sql));
        }
        Ok(Term::of(format!("({sql} END)"), sql_type))
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
            (Some((_, term)), true) => Ok((relation, term, own)),
            _ => Err(refused("a subquery in an expression must have one column")),
        }
    }

    /// SQLite would silently take the first of several rows; BigQuery fails, and so does this.
    fn scalar_subquery(&self, query: &Query, scope: &Scope<'_>) -> Result<Term> {
        let (relation, term, own) = self.one_column(query, scope)?;
        let sql = if relation.single {
            format!("({})", relation.sql)
        } else {
            format!(
                "(SELECT CASE WHEN COUNT(*) OVER () > 1 THEN onerow_many() ELSE {own}.{} END \
                 FROM ({}) AS {own})",
                c(0),
                relation.sql
            )
        };
        Ok(Term { sql, ..term })
    }
}

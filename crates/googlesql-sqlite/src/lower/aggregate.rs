//! Aggregate functions.

use sqlparser::ast::FunctionArgumentClause;

use super::function::Call;
use super::query::order_clause;
use super::scope::Scope;
use super::term::Term;
use super::{Lowering, refused, unsupported};
use crate::error::Result;
use crate::googlesql::{SqlType, SqlValue};

const NAMES: &[&str] = &[
    "COUNT",
    "COUNTIF",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "ANY_VALUE",
    "LOGICAL_AND",
    "LOGICAL_OR",
    "STRING_AGG",
];

/// Fails where a FLOAT64 is infinite.
pub(super) const FINITE: &str = "onerow_finite";

impl Lowering<'_> {
    /// Lowers a call of an aggregate function; `None` if it is none.
    pub(super) fn aggregate(&self, call: &Call<'_>, scope: &Scope<'_>) -> Option<Result<Term>> {
        NAMES.contains(&call.name.as_str()).then(|| {
            if !scope.aggregates {
                return Err(refused(format!(
                    "the aggregate {} may not stand in {}",
                    call.name, scope.place
                )));
            }
            scope.seen.aggregate.set(true);
            self.own_rows(scope, |inner| {
                if call.name == "STRING_AGG" {
                    return self.string_agg(call, inner);
                }
                self.accumulated(call, inner)
            })
        })
    }

    /// Lowers the arguments of an aggregate, which see ungrouped rows. SQLite would hand an
    /// aggregate of an outer query's columns to that query, so those are refused.
    fn own_rows(
        &self,
        scope: &Scope<'_>,
        lower: impl FnOnce(&Scope<'_>) -> Result<Term>,
    ) -> Result<Term> {
        let seen = super::scope::Seen::default();
        let inner = Scope {
            keys: None,
            aliases: &[],
            aggregates: false,
            windows: false,
            place: "an aggregate",
            seen: &seen,
            ..*scope
        };
        let term = lower(&inner)?;
        if seen.outer.get() {
            return Err(unsupported("an aggregate over columns of an outer query"));
        }
        Ok(term)
    }

    /// An aggregate that SQLite also takes as a window function, without OVER.
    pub(super) fn accumulated(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        if !call.clauses.is_empty() {
            return Err(unsupported(format!("clauses in {}", call.name)));
        }
        if call.star {
            return match (call.name.as_str(), call.distinct) {
                ("COUNT", false) => Ok(Term::new("COUNT(*)", SqlType::Int64)),
                _ => Err(call.unknown()),
            };
        }
        let [arg] = call.args.as_slice() else { return Err(call.unknown()) };
        let term = self.expr(arg, scope)?;
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let of = |function: &str, sql: &str, sql_type| {
            Term::of(format!("{function}({distinct}{sql})"), sql_type)
        };
        match (call.name.as_str(), term.sql_type) {
            ("COUNT", _) => Ok(of("COUNT", &term.sql, Some(SqlType::Int64))),
            ("COUNTIF", _) if !call.distinct => {
                let term = self.expect(term, SqlType::Bool, "the argument of COUNTIF")?;
                let sql = format!("COUNT(CASE WHEN {} THEN 1 END)", term.sql);
                Ok(Term::new(sql, SqlType::Int64))
            }
            ("SUM", Some(SqlType::Int64)) => Ok(of("SUM", &term.sql, term.sql_type)),
            ("AVG", Some(SqlType::Int64)) => Ok(of("AVG", &term.sql, Some(SqlType::Float64))),
            ("SUM" | "AVG", Some(SqlType::Float64)) => {
                let term = of(&call.name, &term.sql, term.sql_type);
                Ok(Term { sql: format!("{FINITE}({})", term.sql), ..term })
            }
            ("MIN" | "MAX", _) => Ok(of(&call.name, &term.ordered(), term.sql_type)),
            ("ANY_VALUE", _) if !call.distinct => Ok(of("MIN", &term.ordered(), term.sql_type)),
            ("LOGICAL_AND" | "LOGICAL_OR", _) if !call.distinct => {
                let function = if call.name == "LOGICAL_AND" { "MIN" } else { "MAX" };
                let term =
                    self.expect(term, SqlType::Bool, "the argument of LOGICAL_AND or _OR")?;
                Ok(of(function, &term.sql, Some(SqlType::Bool)))
            }
            ("SUM" | "AVG", Some(SqlType::String | SqlType::Bool | SqlType::Date)) => {
                Err(refused(format!("{} does not take {}", call.name, term.type_name())))
            }
            (name, _) => Err(unsupported(format!("{name} of {}", term.type_name()))),
        }
    }

    fn string_agg(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let terms = self.arguments(&call.args, scope)?;
        let (term, separator) = match (terms.as_slice(), call.distinct) {
            ([term], false) => (term, ", ','".to_owned()),
            ([term], true) => (term, String::new()),
            ([term, separator], false)
                if matches!(separator.constant, Some(SqlValue::String(_))) =>
            {
                (term, format!(", {}", separator.sql))
            }
            _ => return Err(call.unknown()),
        };
        if term.sql_type != Some(SqlType::String) {
            return Err(unsupported(format!("STRING_AGG of {}", term.type_name())));
        }
        let mut keys = Vec::new();
        match call.clauses {
            [] => {}
            [FunctionArgumentClause::OrderBy(items)] => {
                for item in items {
                    keys.extend(self.order_key(&self.expr(&item.expr, scope)?, item)?);
                }
            }
            _ => return Err(call.unknown()),
        }
        let distinct = if call.distinct { "DISTINCT " } else { "" };
        let sql = format!("group_concat({distinct}{}{separator}{})", term.sql, order_clause(&keys));
        Ok(Term::new(sql, SqlType::String))
    }
}

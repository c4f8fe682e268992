//! Aggregate functions.

use sqlparser::ast::FunctionArgumentClause;

use super::function::Call;
use super::query::order_clause;
use super::scope::Scope;
use super::table::{Arg, Gives, Kind, Overload, Row, Rule};
use super::term::Term;
use super::{Lowering, refused, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::{SqlType, SqlValue};

impl Lowering<'_> {
    /// Lowers a call of an aggregate function.
    pub(super) fn aggregate(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        if !scope.aggregates {
            return Err(refused(format!(
                "the aggregate {} may not stand in {}",
                call.name, scope.place
            )));
        }
        scope.seen.aggregate.set(true);
        self.own_rows(scope, |inner| match row.rule {
            Rule::By(special) => special(self, row, call, inner),
            _ => self.accumulated(row, call, inner),
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

    /// An aggregate of one argument, without OVER.
    pub(super) fn accumulated(
        &self,
        row: &Row,
        call: &Call<'_>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let Rule::Accumulates { distinct, overloads, refuses } = &row.rule else {
            return Err(call.unknown());
        };
        if !call.clauses.is_empty() {
            return Err(unsupported(format!("clauses in {}", row.name)));
        }
        if call.star {
            return match row.takes.is_empty() || call.distinct {
                false => Ok(Term::new(format!("{}(*)", row.name), SqlType::Int64)),
                true => Err(call.unknown()),
            };
        }
        let [arg] = *call.args else { return Err(call.unknown()) };
        let term = self.expr(arg, scope)?;
        let found = overloads.iter().find(|overload| overload.takes.fits(&term));
        let Some(Overload { takes, gives, emit }) = found.filter(|_| *distinct || !call.distinct)
        else {
            return Err(not_accumulated(row, refuses, &term));
        };
        let term = match takes {
            Arg::Condition => {
                let role = format!("the argument of {}", row.name);
                self.expect(term, SqlType::Bool, &role)?
            }
            _ => term,
        };
        let sql_type = match gives {
            Gives::Type(sql_type) => Some(*sql_type),
            Gives::Same => term.sql_type,
        };
        Ok(Term::of(emit.text(call.distinct, &[term]), sql_type))
    }

    /// `STRING_AGG(…)`
    pub(super) fn string_agg(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
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

impl Arg {
    /// Whether this is what an overload is for. A condition is, whatever stands there.
    fn fits(&self, term: &Term) -> bool {
        match self {
            Self::OneOf(types) => term.sql_type.is_some_and(|given| types.contains(&given)),
            _ => true,
        }
    }
}

fn not_accumulated(row: &Row, refuses: &[SqlType], term: &Term) -> Error {
    let name = row.name;
    if term.sql_type.is_some_and(|given| refuses.contains(&given)) {
        return refused(format!("{name} does not take {}", term.type_name()));
    }
    match term.sql_type {
        Some(SqlType::Float64) if row.kind != Kind::Aggregate => {
            unsupported(format!("{name} of FLOAT64 as a window function"))
        }
        _ => unsupported(format!("{name} of {}", term.type_name())),
    }
}

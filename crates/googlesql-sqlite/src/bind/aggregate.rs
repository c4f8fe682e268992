//! Aggregate functions.

use sqlparser::ast::FunctionArgumentClause;

use super::function::Call;
use super::scope::Scope;
use super::table::{Arg, Gives, Kind, Overload, Row, Rule};
use super::{Binder, refused, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::{SqlType, SqlValue};
use crate::tree::{Form, Node, Term};

impl Binder<'_> {
    /// Binds a call of an aggregate function.
    pub(super) fn aggregate(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        if !scope.aggregates {
            return Err(refused(format!(
                "the aggregate function {} is not allowed in {}",
                call.name, scope.place
            )));
        }
        scope.seen.aggregate.set(true);
        self.own_rows(scope, |inner| match row.rule {
            Rule::By(special) => special(self, row, call, inner),
            _ => self.accumulated(row, call, inner),
        })
    }

    /// Binds the arguments of an aggregate, which see ungrouped rows. SQLite would attribute an aggregate
    /// over an outer query's columns to that query, so such calls are refused.
    fn own_rows(
        &self,
        scope: &Scope<'_>,
        bind: impl FnOnce(&Scope<'_>) -> Result<Term>,
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
        let term = bind(&inner)?;
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
                false => {
                    Ok(aggregate(Form::Star(row.name), false, Vec::new(), Some(SqlType::Int64)))
                }
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
        Ok(aggregate(*emit, call.distinct, vec![term], sql_type))
    }

    /// `STRING_AGG(…)`
    pub(super) fn string_agg(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let mut args = self.arguments(&call.args, scope)?;
        match (args.as_slice(), call.distinct) {
            ([_], false) => args.push(Term::word(",")),
            ([_], true) => {}
            ([_, separator], false) if matches!(separator.constant, Some(SqlValue::String(_))) => {}
            _ => return Err(call.unknown()),
        }
        if args[0].sql_type != Some(SqlType::String) {
            return Err(unsupported(format!("STRING_AGG of {}", args[0].type_name())));
        }
        let mut order = Vec::new();
        match call.clauses {
            [] => {}
            [FunctionArgumentClause::OrderBy(items)] => {
                for item in items {
                    order.extend(self.order_key(self.expr(&item.expr, scope)?, item)?);
                }
            }
            _ => return Err(call.unknown()),
        }
        let form = Form::Call("group_concat");
        let node = Node::Aggregate { form, distinct: call.distinct, args, order };
        Ok(Term::of(node, Some(SqlType::String)))
    }
}

fn aggregate(form: Form, distinct: bool, args: Vec<Term>, sql_type: Option<SqlType>) -> Term {
    Term::of(Node::Aggregate { form, distinct, args, order: Vec::new() }, sql_type)
}

impl Arg {
    /// Whether this overload applies to the argument's type. A condition applies to any.
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

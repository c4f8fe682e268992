//! Calls of functions.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments, Spanned,
};
use sqlparser::tokenizer::Span;

use super::scope::Scope;
use super::table::{self, Arg, Gives, Kind, Row, Rule};
use super::{Binder, none_of, refused, unsupported};
use crate::error::{Error, Result};
use crate::googlesql::SqlType;
use crate::tree::{Node, Term, is_decimal};

/// The arguments of a call.
pub(super) struct Call<'a> {
    pub name: String,
    pub distinct: bool,
    /// `COUNT(*)`
    pub star: bool,
    pub args: Vec<&'a Expr>,
    pub clauses: &'a [FunctionArgumentClause],
    pub place: Span,
}

impl<'a> Call<'a> {
    /// A call with these arguments and no other clause.
    pub fn plain(name: &str, args: Vec<&'a Expr>) -> Self {
        let (name, place) = (name.to_owned(), Span::empty());
        Self { name, distinct: false, star: false, args, clauses: &[], place }
    }

    /// The error for unsupported arguments.
    pub fn unknown(&self) -> Error {
        unsupported(format!("the function {} with these arguments", self.name))
    }

    /// The error for unsupported arguments before OVER.
    pub fn unknown_in_window(&self) -> Error {
        unsupported(format!("the window function {} with these arguments", self.name))
    }

    /// The error for an unsupported number of arguments.
    pub fn miscounted(&self) -> Error {
        unsupported(format!("the function {} with {} arguments", self.name, self.args.len()))
    }
}

impl Binder<'_> {
    /// Binds a call: of a window function, an aggregate, or a plain function.
    pub(super) fn function(&self, function: &Function, scope: &Scope<'_>) -> Result<Term> {
        let Function {
            name,
            uses_odbc_syntax,
            parameters,
            args: _,
            within_group,
            filter,
            null_treatment,
            over,
        } = function;
        none_of(&[
            (*uses_odbc_syntax, "{fn …}"),
            (*parameters != FunctionArguments::None, "function parameters"),
            (!within_group.is_empty(), "WITHIN GROUP"),
            (filter.is_some(), "FILTER"),
            (null_treatment.is_some(), "IGNORE NULLS and RESPECT NULLS"),
        ])?;
        let call = call(&self.dotted(name)?.to_ascii_uppercase(), function)?;
        if let Some(window) = over {
            return self.window(&call, window, scope);
        }
        if let Some(row) = table::aggregate(&call.name) {
            return self.aggregate(row, &call, scope);
        }
        none_of(&[
            (call.star, "* as an argument"),
            (call.distinct, "DISTINCT in a function that is not an aggregate"),
            (!call.clauses.is_empty(), "clauses in a function that is not an aggregate"),
        ])?;
        self.scalar(&call, scope)
    }

    /// The arguments, bound.
    pub(super) fn arguments(&self, args: &[&Expr], scope: &Scope<'_>) -> Result<Vec<Term>> {
        args.iter().map(|arg| self.expr(arg, scope)).collect()
    }

    /// The arguments, bound, if the row accepts that number.
    pub(super) fn counted(
        &self,
        row: &Row,
        call: &Call<'_>,
        scope: &Scope<'_>,
    ) -> Result<Vec<Term>> {
        row.list(call.args.len()).ok_or_else(|| call.miscounted())?;
        self.arguments(&call.args, scope)
    }

    /// Binds a call of a plain function.
    pub(super) fn scalar(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let row = table::find(&call.name, |kind| kind == Kind::Scalar);
        let row = row.ok_or_else(|| call.miscounted())?;
        match row.rule {
            Rule::By(special) => special(self, row, call, scope),
            _ => self.declared(row, call, scope),
        }
    }

    /// Binds a call that its row describes completely.
    pub(super) fn declared(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let Rule::Declared { gives, emit, closed } = row.rule else { return Err(call.unknown()) };
        let (name, count) = (row.name, call.args.len());
        let takes = row.list(count).ok_or_else(|| match closed {
            true => refused(format!("{name} does not take {count} arguments")),
            false => call.miscounted(),
        })?;
        let mut same = Vec::new();
        let mut terms = Vec::new();
        for (i, term) in self.arguments(&call.args, scope)?.into_iter().enumerate() {
            match takes.get(i) {
                Some(Arg::Is(expected)) => terms.push(self.argument(term, *expected, name)?),
                Some(Arg::TextOrBytes) => match term.sql_type {
                    Some(SqlType::Bytes) => terms.push(term),
                    _ => terms.push(self.argument(term, SqlType::String, name)?),
                },
                Some(Arg::Bytes) => match term.sql_type {
                    Some(SqlType::Bytes) | None => terms.push(term),
                    Some(other) => return Err(unsupported(format!("{name} of {other}"))),
                },
                Some(Arg::Condition) => {
                    let role = format!("the condition of {name}");
                    terms.push(self.expect(term, SqlType::Bool, &role)?);
                }
                _ => same.push(term),
            }
        }
        let (same, common) = self.unified(same, name)?;
        terms.extend(same);
        let sql_type = match gives {
            Gives::Type(sql_type) => Some(sql_type),
            Gives::Same => common,
        };
        Ok(Term::of(Node::Call(emit, terms), sql_type))
    }

    fn argument(&self, term: Term, expected: SqlType, name: &str) -> Result<Term> {
        if is_decimal(term.sql_type) {
            return Err(unsupported(format!("{name} of {}", term.type_name())));
        }
        // GoogleSQL coerces between some time types.
        let is_time = |t| matches!(t, Some(SqlType::Date | SqlType::Datetime | SqlType::Timestamp));
        if is_time(Some(expected)) && is_time(term.sql_type) && term.sql_type != Some(expected) {
            return Err(unsupported(format!("{name} of {}", term.type_name())));
        }
        self.expect(term, expected, &format!("an argument of {name}"))
    }
}

fn call<'a>(name: &str, function: &'a Function) -> Result<Call<'a>> {
    let mut call = Call { place: function.name.span(), ..Call::plain(name, Vec::new()) };
    let FunctionArgumentList { duplicate_treatment, args, clauses } = match &function.args {
        FunctionArguments::None => return Ok(call),
        FunctionArguments::Subquery(_) => {
            return Err(unsupported(format!("{} of a subquery", call.name)));
        }
        FunctionArguments::List(list) => list,
    };
    call.distinct = *duplicate_treatment == Some(DuplicateTreatment::Distinct);
    call.clauses = clauses;
    for arg in args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => call.args.push(expr),
            FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if args.len() == 1 => call.star = true,
            other => return Err(unsupported(format!("the argument `{other}` of {}", call.name))),
        }
    }
    Ok(call)
}

//! Calls of functions.

use sqlparser::ast::{
    DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentClause,
    FunctionArgumentList, FunctionArguments,
};

use super::scope::Scope;
use super::term::Term;
use super::{Lowering, none_of, refused, unsupported};
use crate::error::Result;
use crate::googlesql::SqlType;

/// The arguments of a call.
pub(super) struct Call<'a> {
    pub name: String,
    pub distinct: bool,
    /// `COUNT(*)`
    pub star: bool,
    pub args: Vec<&'a Expr>,
    pub clauses: &'a [FunctionArgumentClause],
}

impl Call<'_> {
    pub fn unknown(&self) -> crate::error::Error {
        unsupported(format!("the function {} with these arguments", self.name))
    }
}

/// Functions whose arguments have fixed types: GoogleSQL's name, SQLite's, arguments, result.
const SIMPLE: &[(&str, &str, &[SqlType], SqlType)] = {
    use SqlType::{Bool, Float64, Int64, String};
    &[
        ("LOWER", "onerow_lower", &[String], String),
        ("UPPER", "onerow_upper", &[String], String),
        ("LENGTH", "onerow_length", &[String], Int64),
        ("CHAR_LENGTH", "onerow_length", &[String], Int64),
        ("SUBSTR", "onerow_substr", &[String, Int64], String),
        ("SUBSTR", "onerow_substr", &[String, Int64, Int64], String),
        ("SUBSTRING", "onerow_substr", &[String, Int64], String),
        ("SUBSTRING", "onerow_substr", &[String, Int64, Int64], String),
        ("STARTS_WITH", "onerow_starts_with", &[String, String], Bool),
        ("ENDS_WITH", "onerow_ends_with", &[String, String], Bool),
        ("REPLACE", "onerow_replace", &[String, String, String], String),
        ("TRIM", "onerow_trim('B', ", &[String], String),
        ("TRIM", "onerow_trim('B', ", &[String, String], String),
        ("LTRIM", "onerow_trim('L', ", &[String], String),
        ("LTRIM", "onerow_trim('L', ", &[String, String], String),
        ("RTRIM", "onerow_trim('R', ", &[String], String),
        ("RTRIM", "onerow_trim('R', ", &[String, String], String),
        ("MOD", "onerow_mod", &[Int64, Int64], Int64),
        ("DIV", "onerow_div", &[Int64, Int64], Int64),
        ("SAFE_DIVIDE", "onerow_safe_divide", &[Float64, Float64], Float64),
    ]
};

impl Lowering<'_> {
    /// Lowers a call: of a window function, an aggregate, or a plain function.
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
        let call = call(self.dotted(name)?.to_ascii_uppercase(), function)?;
        if let Some(window) = over {
            return self.window(&call, window, scope);
        }
        if let Some(result) = self.aggregate(&call, scope) {
            return result;
        }
        none_of(&[
            (call.star, "* as an argument"),
            (call.distinct, "DISTINCT in a function that is not an aggregate"),
            (!call.clauses.is_empty(), "clauses in a function that is not an aggregate"),
        ])?;
        self.scalar(&call.name, &call.args, scope)
    }

    /// The arguments, lowered.
    pub(super) fn arguments(&self, args: &[&Expr], scope: &Scope<'_>) -> Result<Vec<Term>> {
        args.iter().map(|arg| self.expr(arg, scope)).collect()
    }

    /// Lowers a call of a plain function.
    pub(super) fn scalar(&self, name: &str, args: &[&Expr], scope: &Scope<'_>) -> Result<Term> {
        if let Some(result) = self.temporal(name, args, scope) {
            return result;
        }
        if SIMPLE.iter().any(|(known, ..)| *known == name) {
            return self.simple(name, args, scope);
        }
        if let ("TO_JSON_STRING", [operand]) = (name, args) {
            return self.to_json_string(operand, scope);
        }
        let lowered = || self.arguments(args, scope);
        match (name, args.len()) {
            ("CONCAT", 1..) => self.concat(lowered()?, "CONCAT"),
            ("COALESCE", 1..) | ("IFNULL", 2) => {
                let (terms, sql_type) = self.unified(lowered()?, name)?;
                let sql = match terms.as_slice() {
                    [one] => one.sql.clone(),
                    _ => format!("COALESCE({})", joined(&terms)),
                };
                Ok(Term::of(sql, sql_type))
            }
            ("NULLIF", 2) => {
                let (terms, sql_type) = self.unified(lowered()?, name)?;
                Ok(Term::of(format!("NULLIF({})", joined(&terms)), sql_type))
            }
            ("IF", 3) => {
                let mut terms = lowered()?;
                let condition = terms.remove(0);
                let condition = self.expect(condition, SqlType::Bool, "the condition of IF")?;
                let (terms, sql_type) = self.unified(terms, name)?;
                let sql = format!(
                    "(CASE WHEN {} THEN {} ELSE {} END)",
                    condition.sql, terms[0].sql, terms[1].sql
                );
                Ok(Term::of(sql, sql_type))
            }
            ("GREATEST" | "LEAST", 1..) => self.extreme(name, lowered()?),
            ("ABS", 1) => {
                self.by_type(&lowered()?, "ABS", ["onerow_abs", "abs", "onerow_decimal_abs"])
            }
            _ => Err(unsupported(format!("the function {name} with {} arguments", args.len()))),
        }
    }

    fn extreme(&self, name: &str, terms: Vec<Term>) -> Result<Term> {
        let (terms, sql_type) = self.unified(terms, name)?;
        let function = if name == "GREATEST" { "max" } else { "min" };
        let sql = match terms.as_slice() {
            // With one argument SQLite's functions are aggregates.
            [one] => one.sql.clone(),
            [first, rest @ ..] => {
                format!("{function}({}, {})", first.ordered(), joined(rest))
            }
            [] => return Err(refused(format!("{name} needs an argument"))),
        };
        Ok(Term::of(sql, sql_type))
    }

    fn simple(&self, name: &str, args: &[&Expr], scope: &Scope<'_>) -> Result<Term> {
        let found =
            SIMPLE.iter().find(|(known, _, types, _)| *known == name && types.len() == args.len());
        let Some((_, function, types, result)) = found else {
            return Err(refused(format!("{name} does not take {} arguments", args.len())));
        };
        let mut texts = Vec::new();
        for (term, expected) in self.arguments(args, scope)?.into_iter().zip(*types) {
            if matches!(term.sql_type, Some(SqlType::Numeric | SqlType::BigNumeric)) {
                return Err(unsupported(format!("{name} of {}", term.type_name())));
            }
            texts.push(self.expect(term, *expected, &format!("an argument of {name}"))?.sql);
        }
        let open = if function.ends_with(' ') { "" } else { "(" };
        Ok(Term::new(format!("{function}{open}{})", texts.join(", ")), *result))
    }
}

/// The texts with commas between.
pub(super) fn joined(terms: &[Term]) -> String {
    terms.iter().map(|term| term.sql.as_str()).collect::<Vec<_>>().join(", ")
}

fn call(name: String, function: &Function) -> Result<Call<'_>> {
    let mut call = Call { name, distinct: false, star: false, args: Vec::new(), clauses: &[] };
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

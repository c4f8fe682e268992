//! Functions of STRING that need more than plain argument values.

use rusqlite::types::Value;
use sqlparser::ast::{
    AccessExpr, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Subscript,
};

use super::function::Call;
use super::scope::Scope;
use super::table::Row;
use super::{Binder, refused, unsupported};
use crate::error::Result;
use crate::functions::{clock, format, path, regex};
use crate::googlesql::{SqlType, SqlValue};
use crate::tree::{Form, Node, Term};

impl Binder<'_> {
    /// `NORMALIZE(text[, mode])` and `NORMALIZE_AND_CASEFOLD`.
    pub(super) fn normalized(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let name = row.name;
        let (text, mode) = match call.args.as_slice() {
            [text] => (text, "NFC".to_owned()),
            [text, mode] => (text, normal_form(mode, row)?),
            _ => return Err(call.miscounted()),
        };
        let term = self.expr(text, scope)?;
        let term = self.expect(term, SqlType::String, &format!("an argument of {name}"))?;
        let function = match name {
            "NORMALIZE" => "onerow_normalize",
            _ => "onerow_normalize_and_casefold",
        };
        let args = vec![term, Term::word(&mode)];
        Ok(Term::call(Form::Call(function), args, SqlType::String))
    }

    /// A literal or parameter of type STRING; `what` names it in the error. `None` is NULL.
    fn literal(&self, expr: &Expr, what: &str, scope: &Scope<'_>) -> Result<Option<String>> {
        let term = self.expr(expr, scope)?;
        match term.constant {
            Some(SqlValue::String(text)) => Ok(Some(text)),
            _ if term.is_null() => Ok(None),
            _ => Err(unsupported(format!("{what} `{expr}`, which is no literal"))),
        }
    }

    fn string(&self, expr: &Expr, name: &str, scope: &Scope<'_>) -> Result<Term> {
        self.as_string(self.expr(expr, scope)?, name)
    }

    /// JSON text, or a column of type JSON, which is stored as JSON text.
    fn json_text(&self, expr: &Expr, name: &str, scope: &Scope<'_>) -> Result<Term> {
        let term = self.whole(expr, scope)?;
        match term.sql_type {
            Some(SqlType::Json) => Ok(Term { sql_type: Some(SqlType::String), ..term }),
            _ => self.as_string(term, name),
        }
    }

    fn as_string(&self, term: Term, name: &str) -> Result<Term> {
        match term.sql_type {
            Some(SqlType::String) | None => self.expect(term, SqlType::String, name),
            Some(other) => Err(unsupported(format!("{name} of {other}"))),
        }
    }

    /// `JSON_VALUE(json[, path])` and `JSON_EXTRACT_SCALAR`.
    pub(super) fn json_value(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let name = row.name;
        let (text, path) = match call.args.as_slice() {
            [text] => (text, Some("$".to_owned())),
            [text, path] => (text, self.literal(path, &format!("the path of {name}"), scope)?),
            _ => return Err(call.miscounted()),
        };
        let text = self.json_text(text, name, scope)?;
        let path = match path {
            Some(path) if path::steps(&path).is_none() => {
                return Err(unsupported(format!("the JSONPath '{path}' of {name}")));
            }
            Some(path) => Term::word(&path),
            None => null(),
        };
        Ok(Term::call(Form::Call("onerow_json_value"), vec![text, path], SqlType::String))
    }

    /// `REGEXP_CONTAINS(text, pattern)` and the like.
    pub(super) fn matched(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let name = row.name;
        let (text, pattern, more) = match (call.args.as_slice(), name) {
            ([text, pattern], "REGEXP_CONTAINS" | "REGEXP_EXTRACT") => (text, pattern, None),
            ([text, pattern, with], "REGEXP_REPLACE") => (text, pattern, Some(with)),
            _ => return Err(call.miscounted()),
        };
        let mut args = vec![self.string(text, name, scope)?];
        let what = format!("the regular expression of {name}");
        args.push(match self.literal(pattern, &what, scope)? {
            Some(pattern) => {
                let translated = regex::translated(&pattern).map_err(unsupported)?;
                if name == "REGEXP_EXTRACT" && translated.groups > 1 {
                    return Err(refused(format!(
                        "the regular expression of {name} may have one group in (), and has {}",
                        translated.groups
                    ))
                    .help("write (?:…) around what is not to be extracted"));
                }
                Term::word(&translated.text)
            }
            None => null(),
        });
        args.extend(more.map(|with| self.string(with, name, scope)).transpose()?);
        let (function, gives) = match name {
            "REGEXP_CONTAINS" => ("onerow_regexp_contains", SqlType::Bool),
            "REGEXP_EXTRACT" => ("onerow_regexp_extract", SqlType::String),
            _ => ("onerow_regexp_replace", SqlType::String),
        };
        Ok(Term::call(Form::Call(function), args, gives))
    }

    /// `FORMAT(format, …)`
    pub(super) fn format(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [format, values @ ..] = call.args.as_slice() else { return Err(call.miscounted()) };
        let Some(text) = self.literal(format, "the format of FORMAT", scope)? else {
            return Err(unsupported("FORMAT of NULL"));
        };
        let parts = format::parts(&text)
            .map_err(|what| unsupported(format!("{what} in FORMAT('{text}', …)")))?;
        let kinds = parts.iter().filter_map(|part| match part {
            format::Part::Value(spec) => Some(spec.kind),
            format::Part::Text(_) => None,
        });
        let kinds: Vec<format::Kind> = kinds.collect();
        if kinds.len() != values.len() {
            return Err(refused(format!(
                "FORMAT('{text}', …) takes {} values, not {}",
                kinds.len(),
                values.len()
            )));
        }
        let mut types = String::new();
        let mut terms = Vec::new();
        for (kind, term) in kinds.into_iter().zip(self.arguments(values, scope)?) {
            let sql_type = formatted_type(kind, &term)?;
            types.push_str(&format!("{sql_type},"));
            terms.push(term);
        }
        let mut args = vec![Term::word(&text), Term::word(&types)];
        args.extend(terms);
        Ok(Term::call(Form::Call("onerow_format"), args, SqlType::String))
    }

    /// `SPLIT(text[, separator])[OFFSET(n)]`, the only supported array.
    pub(super) fn element(
        &self,
        root: &Expr,
        chain: &[AccessExpr],
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let unknown = || unsupported(format!("a field or element of `{root}`"));
        let [AccessExpr::Subscript(Subscript::Index { index })] = chain else {
            return Err(unknown());
        };
        let (name, args) = plain_call(root).ok_or_else(unknown)?;
        let (text, separator) = match (name.as_str(), args.as_slice()) {
            ("SPLIT", [text]) => (*text, None),
            ("SPLIT", [text, separator]) => (*text, Some(*separator)),
            _ => return Err(unknown()),
        };
        let (keyword, place) = match plain_call(index) {
            Some((keyword, place)) if KEYWORDS.contains(&keyword.as_str()) => match place[..] {
                [place] => (keyword, place),
                _ => return Err(unknown()),
            },
            _ => ("OFFSET".to_owned(), index),
        };
        let place = self.expr(place, scope)?;
        let place = self.expect(place, SqlType::Int64, "the place in an array")?;
        let text = self.string(text, "SPLIT", scope)?;
        let separator = match separator {
            Some(separator) => self.string(separator, "SPLIT", scope)?,
            None => Term::word(","),
        };
        let args = vec![text, separator, place, Term::word(&keyword)];
        Ok(Term::call(Form::Call("onerow_split_at"), args, SqlType::String))
    }

    /// `ROUND(number[, digits])` and `TRUNC`.
    pub(super) fn rounded(&self, row: &Row, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let name = row.name;
        let mut terms = self.counted(row, call, scope)?.into_iter();
        let number = terms.next().ok_or_else(|| call.miscounted())?;
        let digits = terms.next();
        let (number, sql_type) = match number.sql_type {
            Some(SqlType::Int64 | SqlType::Float64) => {
                (self.expect(number, SqlType::Float64, name)?, SqlType::Float64)
            }
            Some(SqlType::Numeric) => (number, SqlType::Numeric),
            _ => return Err(unsupported(format!("{name} of {}", number.type_name()))),
        };
        let function = match (name, sql_type) {
            ("ROUND", SqlType::Float64) => "onerow_round",
            ("ROUND", _) => "onerow_decimal_round",
            (_, SqlType::Float64) => "onerow_real_trunc",
            _ => "onerow_decimal_trunc",
        };
        let mut args = vec![number];
        let role = format!("the number of digits of {name}");
        args.extend(digits.map(|d| self.expect(d, SqlType::Int64, &role)).transpose()?);
        Ok(Term::call(Form::Call(function), args, sql_type))
    }

    /// `FORMAT_TIMESTAMP(format, instant[, zone])` and `FORMAT_DATETIME(format, value)`.
    pub(super) fn formatted_time(
        &self,
        row: &Row,
        call: &Call<'_>,
        scope: &Scope<'_>,
    ) -> Result<Term> {
        let (name, instant) = (row.name, row.name == "FORMAT_TIMESTAMP");
        let (format, value, zone) = match call.args.as_slice() {
            [format, value] => (format, value, Term::word("UTC")),
            [format, value, zone] if instant => (format, value, self.zone(zone, scope)?),
            _ => return Err(call.miscounted()),
        };
        let format = self.literal(format, &format!("the format of {name}"), scope)?;
        let format = format.ok_or_else(|| unsupported(format!("{name} in the format NULL")))?;
        if let Some(element) = clock::unknown_element(&format, instant) {
            return Err(unsupported(format!("the format element %{element} of {name}")));
        }
        let term = self.expr(value, scope)?;
        let sql_type = if instant { SqlType::Timestamp } else { SqlType::Datetime };
        if term.sql_type != Some(sql_type) {
            return Err(unsupported(format!("{name} of {}", term.type_name())));
        }
        let mut args = vec![Term::word(&format), term];
        let function = if instant { "onerow_format_timestamp" } else { "onerow_format_datetime" };
        args.extend(instant.then_some(zone));
        Ok(Term::call(Form::Call(function), args, SqlType::String))
    }

    /// `PARSE_TIMESTAMP(format, text)`
    pub(super) fn parsed_timestamp(&self, call: &Call<'_>, scope: &Scope<'_>) -> Result<Term> {
        let [format, text] = call.args.as_slice() else { return Err(call.miscounted()) };
        let format = self.literal(format, "the format of PARSE_TIMESTAMP", scope)?;
        let format = format.filter(|format| clock::is_parsed(format)).ok_or_else(|| {
            unsupported(format!("PARSE_TIMESTAMP with the format {}", call.args[0]))
        })?;
        let args = vec![Term::word(&format), self.string(text, "PARSE_TIMESTAMP", scope)?];
        Ok(Term::call(Form::Call("onerow_parse_timestamp"), args, SqlType::Timestamp))
    }
}

/// The keywords that select an element of an array.
const KEYWORDS: &[&str] = &["OFFSET", "SAFE_OFFSET", "ORDINAL", "SAFE_ORDINAL"];

fn null() -> Term {
    Term::of(Node::Value(Value::Null), Some(SqlType::String))
}

/// The name and arguments of a call without other clauses.
fn plain_call(expr: &Expr) -> Option<(String, Vec<&Expr>)> {
    let Expr::Function(function) = expr else { return None };
    let bare = function.over.is_none() && function.filter.is_none();
    let FunctionArguments::List(list) = &function.args else { return None };
    let args = list.args.iter().map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    let args = args.collect::<Option<Vec<_>>>()?;
    let plain = bare && list.clauses.is_empty() && list.duplicate_treatment.is_none();
    plain.then(|| (function.name.to_string().to_ascii_uppercase(), args))
}

/// The type as which a value is formatted.
fn formatted_type(kind: format::Kind, term: &Term) -> Result<SqlType> {
    let given = term.sql_type;
    let fits = match kind {
        format::Kind::Text => given == Some(SqlType::String),
        format::Kind::Whole => given == Some(SqlType::Int64),
        format::Kind::Fixed => matches!(given, Some(SqlType::Float64 | SqlType::Numeric)),
        format::Kind::Plain | format::Kind::Literal => given != Some(SqlType::Bytes),
    };
    given
        .filter(|_| fits)
        .ok_or_else(|| unsupported(format!("a format element of FORMAT with {}", term.type_name())))
}

/// NFKC and NFKD are not supported: the reference implementation used in tests has no tables for them.
fn normal_form(mode: &Expr, row: &Row) -> Result<String> {
    let unknown = || unsupported(format!("{} in the mode `{mode}`", row.name));
    let Expr::Identifier(word) = mode else { return Err(unknown()) };
    let word = word.value.to_ascii_uppercase();
    let known = row.words().contains(&word.as_str());
    if known { Ok(word) } else { Err(unknown()) }
}

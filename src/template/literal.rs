//! Writing a value in `{{ … }}`: as a typed GoogleSQL literal, unless it is already SQL.

use std::borrow::Cow;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use crate::googlesql::{Ident, SqlValue};

/// A value for templates. Scalars stay scalars, so that a template can compare them; dates and exact numbers
/// become the SQL of their literal.
pub(super) fn to_template(value: &SqlValue) -> Value {
    match value {
        SqlValue::Null => Value::from(()),
        SqlValue::Bool(value) => Value::from(*value),
        SqlValue::Int64(number) => Value::from(*number),
        SqlValue::Float64(number) => Value::from(*number),
        SqlValue::String(text) => Value::from(text.as_str()),
        SqlValue::Array(items) => items.iter().map(to_template).collect(),
        exact => sql(exact.literal()),
    }
}

/// A piece of SQL for templates, written unchanged.
pub(super) fn sql(text: impl ToString) -> Value {
    Value::from_safe_string(text.to_string())
}

/// minijinja's formatter: called for every `{{ … }}`.
pub(super) fn write(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    let text = text(state, value)?;
    // `-{{ x }}` with a negative x would begin a comment.
    let gap = if text.starts_with('-') { " " } else { "" };
    out.write_str(gap)
        .and_then(|()| out.write_str(&text))
        .map_err(|_| Error::from(ErrorKind::WriteFailure))
}

/// The SQL of a value. Nested lists are refused, as in GoogleSQL.
fn text<'v>(state: &State<'_, '_>, value: &'v Value) -> Result<Cow<'v, str>, Error> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable if !value.is_safe() => {
            Ok(format!("[{}]", list(state, value)?).into())
        }
        _ => scalar(value),
    }
}

/// The items of a list, separated by commas.
fn list(state: &State<'_, '_>, items: &Value) -> Result<String, Error> {
    // Iterating over an undefined value would leave a gap in the statement.
    if items.is_undefined() {
        return Err(undefined(items));
    }
    let mut text = String::new();
    for item in items.try_iter()? {
        let item = scalar(&item)?;
        state.consume_fuel(1 + item.len() as u64 / BYTES_PER_FUEL)?;
        text.push_str(if text.is_empty() { "" } else { ", " });
        text.push_str(&item);
    }
    Ok(text)
}

/// The error of a name without a value. What minijinja says of an attribute of such a value knows its name, which
/// nothing else tells a filter.
pub(super) fn undefined(value: &Value) -> Error {
    value.get_attr("").err().unwrap_or_else(|| ErrorKind::UndefinedError.into())
}

/// The bytes that cost one unit of fuel, as in minijinja itself.
const BYTES_PER_FUEL: u64 = 64;

fn scalar(value: &Value) -> Result<Cow<'_, str>, Error> {
    if value.is_safe() {
        return Ok(value.as_str().map_or_else(|| value.to_string().into(), Cow::from));
    }
    let literal = |value: SqlValue| Ok(value.literal().to_string().into());
    match value.kind() {
        ValueKind::None => literal(SqlValue::Null),
        ValueKind::Bool => literal(SqlValue::Bool(value.is_true())),
        ValueKind::Number if value.is_integer() => match i64::try_from(value.clone()) {
            Ok(number) => literal(SqlValue::Int64(number)),
            Err(_) => Err(refuse(format!("{value} does not fit INT64"))),
        },
        ValueKind::Number => literal(SqlValue::Float64(f64::try_from(value.clone())?)),
        ValueKind::String => literal(SqlValue::String(value.to_string())),
        ValueKind::Seq | ValueKind::Iterable => {
            Err(refuse("a list of lists, which GoogleSQL does not have".to_owned()))
        }
        ValueKind::Undefined => Err(undefined(value)),
        kind => Err(refuse(format!("a value of kind {kind} cannot be written as SQL"))),
    }
}

/// The filter `commas`: the items of a list as SQL, separated by commas.
pub(super) fn commas(state: &State<'_, '_>, items: Value) -> Result<Value, Error> {
    list(state, &items).map(sql)
}

/// The filter `indent`: SQL whose lines but the first begin that much further in. minijinja's own takes a name
/// without a value for an empty text.
pub(super) fn indent(state: &State<'_, '_>, value: Value, width: usize) -> Result<Value, Error> {
    let Some(text) = value.as_str() else {
        return Err(match value.is_undefined() {
            true => undefined(&value),
            false => refuse("`indent` takes SQL, such as what a macro returns".to_owned()),
        });
    };
    let text = text.strip_suffix('\n').unwrap_or(text);
    let added = (text.split('\n').count() as u64).saturating_mul(width as u64);
    state.consume_fuel(added / BYTES_PER_FUEL)?;
    let margin = " ".repeat(width);
    let lines = text.split('\n').enumerate().map(|(i, line)| match i == 0 || line.is_empty() {
        true => line.to_owned(),
        false => format!("{margin}{line}"),
    });
    let indented = lines.collect::<Vec<_>>().join("\n");
    Ok(if value.is_safe() { sql(indented) } else { Value::from(indented) })
}

/// The filter `raw`: a string that the template's author vouches for as SQL.
pub(super) fn raw(value: String) -> Value {
    Value::from_safe_string(value)
}

/// The filter `ident`: a string as a name.
pub(super) fn ident(value: String) -> Result<Value, Error> {
    Ident::parse(&value).map(sql).map_err(|error| refuse(error.headline()))
}

fn refuse(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

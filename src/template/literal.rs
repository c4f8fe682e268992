//! How a value in `{{ … }}` is written: as a typed GoogleSQL literal, unless it is SQL already.

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output, State};

use crate::googlesql::{Ident, SqlValue};

/// A value as templates see it. Scalars stay scalars, so that a template can compare them; dates
/// and exact numbers are the SQL of their literal.
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

/// A piece of SQL as templates see it: written as it is.
pub(super) fn sql(text: impl ToString) -> Value {
    Value::from_safe_string(text.to_string())
}

/// minijinja's formatter: every `{{ … }}` passes here.
pub(super) fn write(
    out: &mut Output<'_>,
    _: &mut State<'_, '_>,
    value: &Value,
) -> Result<(), Error> {
    let text = text(value)?;
    // `-{{ x }}` with a negative x would begin a comment.
    let gap = if text.starts_with('-') { " " } else { "" };
    out.write_str(gap)
        .and_then(|()| out.write_str(&text))
        .map_err(|_| Error::from(ErrorKind::WriteFailure))
}

fn text(value: &Value) -> Result<String, Error> {
    if value.is_safe() {
        return Ok(value.to_string());
    }
    let literal = |value: SqlValue| Ok(value.literal().to_string());
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
            let items = value.try_iter()?.map(|item| text(&item)).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("[{}]", items.join(", ")))
        }
        ValueKind::Undefined => {
            Err(Error::new(ErrorKind::UndefinedError, "this name has no value"))
        }
        kind => Err(refuse(format!("a value of kind {kind} cannot be written as SQL"))),
    }
}

/// The filter `commas`: the items of a list as SQL, with commas between.
pub(super) fn commas(items: Value) -> Result<Value, Error> {
    let items = items.try_iter()?.map(|item| text(&item)).collect::<Result<Vec<_>, _>>()?;
    Ok(sql(items.join(", ")))
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

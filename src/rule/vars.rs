//! Variables of the project: from the rule file and from `--var name=value`.

use jiff::civil::{Date, DateTime, Time};
use serde::Deserialize;
use toml::de::ValueDeserializer;

use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlValue, is_exact};

/// The typed value of a TOML value. The error is a phrase that follows the variable's name.
pub(super) fn of_toml(value: &toml::Value) -> Result<SqlValue, String> {
    Ok(match value {
        toml::Value::String(text) => SqlValue::String(text.clone()),
        toml::Value::Integer(number) => SqlValue::Int64(*number),
        toml::Value::Float(number) => SqlValue::Float64(*number),
        toml::Value::Boolean(value) => SqlValue::Bool(*value),
        toml::Value::Datetime(datetime) => of_datetime(&datetime.to_string()).ok_or_else(|| {
            format!(
                "is `{datetime}`, which is no date or time that BigQuery keeps, to the microsecond"
            )
        })?,
        toml::Value::Array(items) => of_array(items)?,
        toml::Value::Table(_) => return Err("is a table; a value is a scalar or a list".to_owned()),
    })
}

fn of_datetime(text: &str) -> Option<SqlValue> {
    if !is_exact(text) {
        return None;
    }
    if text.len() == 10
        && let Ok(date) = text.parse::<Date>()
    {
        return Some(SqlValue::Date(date));
    }
    if let Ok(instant) = text.parse() {
        return Some(SqlValue::Timestamp(instant));
    }
    let datetime = text.parse::<DateTime>().map(SqlValue::Datetime);
    datetime.or_else(|_| text.parse::<Time>().map(SqlValue::Time)).ok()
}

fn of_array(items: &[toml::Value]) -> Result<SqlValue, String> {
    let items = items.iter().map(of_toml).collect::<Result<Vec<_>, _>>()?;
    match items.first() {
        None => Err("is an empty list, whose type is unknown".to_owned()),
        Some(SqlValue::Array(_)) => {
            Err("is a list of lists, which GoogleSQL does not have".to_owned())
        }
        Some(first) if items.iter().any(|item| item.sql_type() != first.sql_type()) => {
            Err("is a list of values of different types".to_owned())
        }
        Some(_) => Ok(SqlValue::Array(items)),
    }
}

/// One `--var name=value` of the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VarArg {
    /// Its name.
    pub name: Ident,
    text: String,
}

impl std::str::FromStr for VarArg {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Error::new(Kind::Usage, format!("`{}` is not name=value", text.escape_debug()))
        })?;
        Ok(Self { name: Ident::parse_plain(name)?, text: value.to_owned() })
    }
}

impl VarArg {
    /// The typed value: of the declared type if the rule declares the variable, otherwise of the text's type
    /// in TOML, otherwise STRING.
    ///
    /// # Errors
    /// The text is not a value of the declared type.
    pub fn value(&self, declared: Option<&SqlValue>) -> Result<SqlValue> {
        let as_toml = ValueDeserializer::parse(&self.text).and_then(toml::Value::deserialize);
        let as_toml = as_toml.ok().and_then(|value| of_toml(&value).ok());
        match (declared.and_then(SqlValue::sql_type), as_toml) {
            (None, Some(value)) => Ok(value),
            (None, None) => Ok(SqlValue::String(self.text.clone())),
            (Some(wanted), Some(value)) if value.sql_type() == Some(wanted) => Ok(value),
            (Some(wanted), _) => SqlValue::parse(&self.text, wanted).map_err(|error| {
                Error::new(
                    Kind::Usage,
                    format!("--var {}: the rule declares it as {wanted}", self.name.as_str()),
                )
                .caused_by(error)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, declared: Option<SqlValue>) -> Result<SqlValue> {
        text.parse::<VarArg>().unwrap().value(declared.as_ref())
    }

    #[test]
    fn a_variable_takes_the_type_that_the_rule_declares() {
        assert_eq!(value("n=5", Some(SqlValue::Int64(1))).unwrap(), SqlValue::Int64(5));
        assert_eq!(
            value("n=5", Some(SqlValue::String("x".into()))).unwrap(),
            SqlValue::String("5".into())
        );
        assert!(value("n=many", Some(SqlValue::Int64(1))).is_err());
    }

    #[test]
    fn an_undeclared_variable_takes_the_type_that_toml_gives_its_text() {
        assert_eq!(value("n=5", None).unwrap(), SqlValue::Int64(5));
        assert_eq!(value("n=abc", None).unwrap(), SqlValue::String("abc".into()));
        assert_eq!(value("n=x\ny = 1", None).unwrap(), SqlValue::String("x\ny = 1".into()));
        assert_eq!(value("d=2026-01-28", None).unwrap().literal().as_str(), "DATE '2026-01-28'");
        assert_eq!(value("l=[1, 2]", None).unwrap().literal().as_str(), "[1, 2]");
        assert!("nothing".parse::<VarArg>().is_err());
    }
}

//! Two answers to one question.

use onerow::googlesql::{SqlType, SqlValue};
use serde_json::Value as Json;

use super::ours::Refusal;

/// What Google's reference implementation makes of an expression in one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Theirs {
    Value(SqlValue),
    /// A value that onerow's own type cannot hold.
    Beyond(String),
    Error(String),
}

/// What the embedded warehouse makes of it.
pub type Outcome = Result<SqlValue, Refusal>;

/// How much of a FLOAT64 has to agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Floats {
    Exact,
    /// Sums of numbers of very different size: what is lost depends on the order of the rows.
    Any,
}

/// Whether the answers are compatible. What the embedded warehouse does not know it may refuse in
/// any row; what Google refuses it must refuse.
pub fn agree(ours: &Outcome, theirs: &Theirs, floats: Floats) -> bool {
    match (ours, theirs) {
        (Err(Refusal::Unsupported(_)), _) => true,
        (Err(Refusal::Refused(_)), Theirs::Error(_)) => true,
        (Ok(SqlValue::Float64(a)), Theirs::Value(SqlValue::Float64(b))) => match floats {
            Floats::Exact => a == b,
            Floats::Any => true,
        },
        (Ok(a), Theirs::Value(b)) => a == b,
        _ => false,
    }
}

/// The value that Google writes as this text.
pub fn value(text: &Json, type_name: &str) -> Theirs {
    let Some(text) = text.as_str() else { return Theirs::Value(SqlValue::Null) };
    if type_name == "BYTES" {
        return Theirs::Value(SqlValue::String(text.to_owned()));
    }
    let parsed = type_name.parse::<SqlType>().ok().and_then(|t| SqlValue::parse(text, t).ok());
    match parsed {
        Some(SqlValue::Float64(number)) if !number.is_finite() => Theirs::Beyond(text.to_owned()),
        Some(value) => Theirs::Value(value),
        None => Theirs::Beyond(format!("{type_name} {text}")),
    }
}

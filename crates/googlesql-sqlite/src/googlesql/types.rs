//! BigQuery's column types.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, did_you_mean};

/// A BigQuery column type, without its parameters: `NUMERIC(10, 2)` is `Numeric`.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each variant is the type of that name")]
pub enum SqlType {
    Bool,
    Int64,
    Float64,
    Numeric,
    BigNumeric,
    String,
    Bytes,
    Date,
    Datetime,
    Time,
    Timestamp,
    Interval,
    Json,
    Geography,
    Array,
    Struct,
    Range,
}

impl SqlType {
    /// Every type, in the order of the documentation.
    pub const ALL: [Self; 17] = [
        Self::String,
        Self::Int64,
        Self::Float64,
        Self::Numeric,
        Self::BigNumeric,
        Self::Bool,
        Self::Date,
        Self::Datetime,
        Self::Timestamp,
        Self::Time,
        Self::Bytes,
        Self::Interval,
        Self::Json,
        Self::Geography,
        Self::Array,
        Self::Struct,
        Self::Range,
    ];

    /// Whether GROUP BY and PARTITION BY accept this type, so that it can be part of a key. FLOAT64 is not:
    /// `PARTITION BY` refuses it, and NaN and rounding make it useless as a key.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#groupable_data_types>
    pub fn can_be_key(self) -> bool {
        !matches!(self, Self::Float64 | Self::Json | Self::Geography | Self::Array | Self::Struct)
    }

    /// Whether ORDER BY accepts this type.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#orderable_data_types>
    pub fn can_be_ordered(self) -> bool {
        !matches!(self, Self::Json | Self::Geography | Self::Array | Self::Struct)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "BOOL",
            Self::Int64 => "INT64",
            Self::Float64 => "FLOAT64",
            Self::Numeric => "NUMERIC",
            Self::BigNumeric => "BIGNUMERIC",
            Self::String => "STRING",
            Self::Bytes => "BYTES",
            Self::Date => "DATE",
            Self::Datetime => "DATETIME",
            Self::Time => "TIME",
            Self::Timestamp => "TIMESTAMP",
            Self::Interval => "INTERVAL",
            Self::Json => "JSON",
            Self::Geography => "GEOGRAPHY",
            Self::Array => "ARRAY",
            Self::Struct => "STRUCT",
            Self::Range => "RANGE",
        }
    }
}

impl fmt::Display for SqlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const NAMES: &[(&str, SqlType)] = &[
    ("STRING", SqlType::String),
    ("INT64", SqlType::Int64),
    ("NUMERIC", SqlType::Numeric),
    ("BIGNUMERIC", SqlType::BigNumeric),
    ("FLOAT64", SqlType::Float64),
    ("BOOL", SqlType::Bool),
    ("DATE", SqlType::Date),
    ("DATETIME", SqlType::Datetime),
    ("TIME", SqlType::Time),
    ("TIMESTAMP", SqlType::Timestamp),
    ("BYTES", SqlType::Bytes),
    ("INTERVAL", SqlType::Interval),
    ("JSON", SqlType::Json),
    ("GEOGRAPHY", SqlType::Geography),
    ("ARRAY", SqlType::Array),
    ("STRUCT", SqlType::Struct),
    ("RANGE", SqlType::Range),
    ("INT", SqlType::Int64),
    ("INTEGER", SqlType::Int64),
    ("SMALLINT", SqlType::Int64),
    ("BIGINT", SqlType::Int64),
    ("TINYINT", SqlType::Int64),
    ("BYTEINT", SqlType::Int64),
    ("FLOAT", SqlType::Float64),
    ("DECIMAL", SqlType::Numeric),
    ("BIGDECIMAL", SqlType::BigNumeric),
    ("BOOLEAN", SqlType::Bool),
    ("RECORD", SqlType::Struct),
];

impl FromStr for SqlType {
    type Err = Error;

    /// Parses a type: in any case, aliases such as INTEGER, with or without parameters in parentheses or
    /// angle brackets.
    fn from_str(text: &str) -> Result<Self, Error> {
        let name = text.split(['(', '<']).next().unwrap_or_default().trim().to_ascii_uppercase();
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, sql_type)| *sql_type).ok_or_else(
            || {
                Error::new(Kind::Name, format!("`{text}` is not a BigQuery type"))
                    .help(did_you_mean(&name, NAMES.iter().map(|(known, _)| *known)))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_people_write_them() {
        for (text, expected) in [
            ("string", SqlType::String),
            ("NUMERIC(10, 2)", SqlType::Numeric),
            ("integer", SqlType::Int64),
            ("ARRAY<STRING>", SqlType::Array),
        ] {
            assert_eq!(text.parse::<SqlType>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn an_unknown_type_offers_the_nearest() {
        let error = "TIMESTMP".parse::<SqlType>().unwrap_err().to_string();
        assert!(error.contains("did you mean `TIMESTAMP`?"), "{error}");
    }
}

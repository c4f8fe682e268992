//! The type of `written_at`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::googlesql::{SqlType, SqlValue};

/// The type in which `written_at` stores when a row reached the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WrittenAs {
    /// As an instant.
    #[default]
    Timestamp,
    /// As a date and time without zone, in UTC.
    Datetime,
    /// As a number of these units since 1970-01-01 00:00:00 UTC.
    Number(Unit),
}

/// What the numbers of an INT64 `written_at` count, from 1970-01-01 00:00:00 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Millis,
    /// Microseconds.
    Micros,
}

impl WrittenAs {
    /// The column's type.
    pub fn sql_type(self) -> SqlType {
        match self {
            Self::Timestamp => SqlType::Timestamp,
            Self::Datetime => SqlType::Datetime,
            Self::Number(_) => SqlType::Int64,
        }
    }

    /// An instant in the column's type, for comparison. Whole units are rounded down, so that no row at or
    /// after the instant counts as before it.
    pub(crate) fn value(self, at: Timestamp) -> SqlValue {
        match self {
            Self::Timestamp => SqlValue::Timestamp(at),
            Self::Datetime => SqlValue::Datetime(TimeZone::UTC.to_datetime(at)),
            Self::Number(unit) => {
                let micros = at.as_microsecond();
                SqlValue::Int64(match unit {
                    Unit::Seconds => micros.div_euclid(1_000_000),
                    Unit::Millis => micros.div_euclid(1_000),
                    Unit::Micros => micros,
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_the_column_has_it_and_never_later() {
        let at: Timestamp = "2026-01-30T07:41:30.999999Z".parse().unwrap();
        for (written, expected) in [
            (WrittenAs::Timestamp, "2026-01-30 07:41:30.999999+00"),
            (WrittenAs::Datetime, "2026-01-30 07:41:30.999999"),
            (WrittenAs::Number(Unit::Seconds), "1769758890"),
            (WrittenAs::Number(Unit::Millis), "1769758890999"),
            (WrittenAs::Number(Unit::Micros), "1769758890999999"),
        ] {
            let value = written.value(at);
            assert_eq!(value.to_string(), expected);
            assert_eq!(value.sql_type(), Some(written.sql_type()));
        }
        let before: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        assert_eq!(WrittenAs::Number(Unit::Seconds).value(before), SqlValue::Int64(-1));
    }
}

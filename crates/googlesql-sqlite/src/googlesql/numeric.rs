//! Decimal numbers: NUMERIC and BIGNUMERIC.

use std::fmt;
use std::str::FromStr;

use bigdecimal::BigDecimal;

use super::SqlType;
use crate::error::{Error, Kind, Result};

/// A NUMERIC or BIGNUMERIC in its shortest form: equal numbers have equal text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Numeric(BigDecimal);

/// The largest BIGNUMERIC, and the smallest without its sign.
const LARGEST: &str =
    "578960446186580977117854925043439539266.34992332820282019728792003956564819967";
const SMALLEST: &str =
    "578960446186580977117854925043439539266.34992332820282019728792003956564819968";

/// The longest text of a decimal number: parsing time grows with the square of the digits.
const LONGEST_NUMERIC: usize = 400;

impl Numeric {
    /// Parses a decimal number that fits the type: NUMERIC has 29 digits before the point and 9 after it;
    /// BIGNUMERIC has 38 after it, and before it as many as 256 bits allow (some numbers of 39 digits).
    /// 39 digits. A number that does not fit is refused, never rounded.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#decimal_types>
    pub fn parse(text: &str, sql_type: SqlType) -> Result<Self> {
        let text = text.trim();
        if text.len() > LONGEST_NUMERIC {
            return Err(Error::new(
                Kind::Value,
                format!("a number of {} characters does not fit {sql_type}", text.len()),
            ));
        }
        let number = BigDecimal::from_str(text).map(|n| n.normalized()).map_err(|_| {
            Error::new(
                Kind::Value,
                format!("`{}` is not a {sql_type}, such as 22.5", text.escape_debug()),
            )
        })?;
        let number = Self(number);
        let (fits, most) = match sql_type {
            SqlType::BigNumeric => (
                number.fits_bignumeric(),
                format!("at most {LARGEST}, with 38 digits after the point"),
            ),
            _ => {
                (number.fits(29, 9), "at most 29 digits before the point and 9 after it".to_owned())
            }
        };
        match fits {
            true => Ok(number),
            false => {
                let message = format!("`{text}` does not fit {sql_type}: {most}");
                Err(Error::new(Kind::Value, message))
            }
        }
    }

    /// The narrowest type that fits.
    pub fn sql_type(&self) -> SqlType {
        match self.fits(29, 9) {
            true => SqlType::Numeric,
            false => SqlType::BigNumeric,
        }
    }

    /// Whether the number has at most this many digits before and after the point.
    fn fits(&self, before: i64, after: i64) -> bool {
        let (digits, scale) = self.0.as_bigint_and_exponent();
        let digits = digits.to_string().trim_start_matches('-').len() as i64;
        scale <= after && digits.saturating_sub(scale) <= before
    }

    fn fits_bignumeric(&self) -> bool {
        let limit = if self.0 < 0 { SMALLEST } else { LARGEST };
        let within = || BigDecimal::from_str(limit).is_ok_and(|most| self.0.abs() <= most);
        self.fits(39, 38) && within()
    }
}

impl From<i64> for Numeric {
    fn from(number: i64) -> Self {
        Self(BigDecimal::from(number).normalized())
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.to_plain_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::googlesql::SqlValue;

    /// To the ends of the range that the documentation of BigQuery gives.
    #[test]
    fn a_bignumeric_has_its_whole_range() {
        for text in [
            "578960446186580977117854925043439539266.34992332820282019728792003956564819967",
            "-578960446186580977117854925043439539266.34992332820282019728792003956564819968",
            "99999999999999999999999999999999999999.99999999999999999999999999999999999999",
            "0.00000000000000000000000000000000000001",
        ] {
            let value = SqlValue::parse(text, SqlType::BigNumeric).unwrap();
            assert_eq!(value.to_string(), text);
            assert_eq!(value.literal().as_str(), format!("BIGNUMERIC '{text}'"));
            assert_eq!(value.sql_type(), Some(SqlType::BigNumeric));
            assert!(SqlValue::parse(text, SqlType::Numeric).is_err());
        }
        let small = SqlValue::parse("22.5", SqlType::BigNumeric).unwrap();
        assert_eq!(small.literal().as_str(), "NUMERIC '22.5'", "which BigQuery widens");
    }

    #[test]
    fn equal_numbers_have_equal_text() {
        for text in ["22.5", "22.50", "0022.500", "2.25e1"] {
            assert_eq!(Numeric::parse(text, SqlType::Numeric).unwrap().to_string(), "22.5");
        }
        assert_eq!(Numeric::parse("100", SqlType::Numeric).unwrap().to_string(), "100");
        assert_eq!(Numeric::parse("-0.0", SqlType::Numeric).unwrap().to_string(), "0");
    }
}

//! ROUND and TRUNC of FLOAT64. BigQuery computes with the 80-bit numbers of x86, whose powers of ten are
//! inexact, so a number close to a half may be rounded either way. The same steps are done here in the same
//! format, and the result is returned only if the exact decimal gives it too.
//! Source: <https://github.com/google/zetasql/blob/master/zetasql/public/functions/math.cc>

use bigdecimal::{BigDecimal, RoundingMode};
use rusqlite::types::Value;

use super::{Arguments, Entry, Outcome, unknown};

pub(super) const TABLE: &[Entry] = &[
    ("onerow_round", 1, |a| decimal_of(a.real(0)?, 0, Way::Nearest)),
    ("onerow_round", 2, |a| decimal_of(a.real(0)?, a.int(1)?, Way::Nearest)),
    ("onerow_real_trunc", 1, |a| decimal_of(a.real(0)?, 0, Way::Down)),
    ("onerow_real_trunc", 2, |a| decimal_of(a.real(0)?, a.int(1)?, Way::Down)),
    ("onerow_decimal_round", 1, |a| of_decimal(a, 0, Way::Nearest)),
    ("onerow_decimal_round", 2, |a| of_decimal(a, a.int(1)?, Way::Nearest)),
    ("onerow_decimal_trunc", 1, |a| of_decimal(a, 0, Way::Down)),
    ("onerow_decimal_trunc", 2, |a| of_decimal(a, a.int(1)?, Way::Down)),
];

#[derive(Clone, Copy)]
enum Way {
    /// Half away from zero.
    Nearest,
    Down,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Nearest => "ROUND",
            Self::Down => "TRUNC",
        }
    }

    fn mode(self) -> RoundingMode {
        match self {
            Self::Nearest => RoundingMode::HalfUp,
            Self::Down => RoundingMode::Down,
        }
    }
}

fn of_decimal(arguments: &Arguments<'_>, digits: i64, way: Way) -> Outcome {
    let number = arguments.decimal(0)?;
    super::number::decimal(number.with_scale_round(digits.clamp(-60, 60), way.mode()))
}

/// The most digits: after the point, beyond it a FLOAT64 is unchanged; before the point, beyond it the result
/// is 0.
const MOST: i64 = 323;
const LEAST: i64 = -308;

fn decimal_of(number: f64, digits: i64, way: Way) -> Outcome {
    if digits > MOST || number == 0.0 {
        return Ok(Value::Real(number));
    }
    if digits < LEAST {
        return Ok(Value::Real(0.0));
    }
    let open = || {
        unknown(&format!(
            "{}({number}, {digits}), which BigQuery's arithmetic may take either way",
            way.name()
        ))
    };
    let exact = BigDecimal::try_from(number).map_err(|_| open())?;
    let exact = exact.with_scale_round(digits, way.mode()).to_scientific_notation();
    let exact: f64 = exact.parse().map_err(|_| open())?;
    if exact.is_infinite() {
        return Err("FLOAT64 overflow".to_owned());
    }
    match extended(number.abs(), digits, way) {
        Some(same) if same == exact.abs() => Ok(Value::Real(exact)),
        _ => Err(open()),
    }
}

/// The result in the 80-bit numbers of x86; `None` if it is not a normal FLOAT64.
fn extended(number: f64, digits: i64, way: Way) -> Option<f64> {
    let unit = Extended::power_of_ten(-digits);
    match Extended::of(number)?.divided_by(unit).whole(way) {
        Some(whole) => whole.times(unit).to_f64(),
        None => Some(0.0),
    }
}

/// `mantissa * 2^exponent`, with the mantissa's highest bit set.
#[derive(Clone, Copy)]
struct Extended {
    mantissa: u64,
    exponent: i64,
}

impl Extended {
    /// A positive number.
    fn of(number: f64) -> Option<Self> {
        if !number.is_normal() {
            return None;
        }
        let bits = number.to_bits();
        let exponent = i64::try_from(bits >> 52 & 0x7ff).ok()? - 1075;
        Some(Self::nearest(u128::from(bits & ((1 << 52) - 1) | 1 << 52), false, exponent))
    }

    fn power_of_ten(power: i64) -> Self {
        let ten = Self::nearest(10, false, 0);
        let one = Self::nearest(1, false, 0);
        (0..power.abs()).fold(one, |so_far, _| match power > 0 {
            true => so_far.times(ten),
            false => so_far.divided_by(ten),
        })
    }

    /// `digits * 2^exponent`, slightly more if `more`, rounded half to even.
    fn nearest(digits: u128, more: bool, exponent: i64) -> Self {
        let length = i64::from(128 - digits.leading_zeros());
        if length <= 64 {
            let shift = 64 - length;
            return Self { mantissa: (digits << shift) as u64, exponent: exponent - shift };
        }
        let shift = length - 64;
        let (kept, rest) = (digits >> shift, digits & ((1 << shift) - 1));
        let half = 1 << (shift - 1);
        let up = rest > half || (rest == half && (more || kept & 1 == 1));
        match kept + u128::from(up) {
            carried if carried >> 64 == 1 => {
                Self { mantissa: 1 << 63, exponent: exponent + shift + 1 }
            }
            kept => Self { mantissa: kept as u64, exponent: exponent + shift },
        }
    }

    fn times(self, other: Self) -> Self {
        let product = u128::from(self.mantissa) * u128::from(other.mantissa);
        Self::nearest(product, false, self.exponent + other.exponent)
    }

    fn divided_by(self, divisor: Self) -> Self {
        let by = u128::from(divisor.mantissa);
        let (quotient, rest) =
            ((u128::from(self.mantissa) << 64) / by, (u128::from(self.mantissa) << 64) % by);
        // One more bit, since the quotient may have at most 64.
        let (bit, rest) = if 2 * rest >= by { (1, 2 * rest - by) } else { (0, 2 * rest) };
        let exponent = self.exponent - divisor.exponent - 65;
        Self::nearest(quotient << 1 | bit, rest != 0, exponent)
    }

    /// The whole number; `None` for 0.
    fn whole(self, way: Way) -> Option<Self> {
        if self.exponent >= 0 {
            return Some(self);
        }
        if self.exponent < -64 {
            return None;
        }
        let shift = -self.exponent;
        let mantissa = u128::from(self.mantissa);
        let up = match way {
            Way::Nearest => mantissa >> (shift - 1) & 1,
            Way::Down => 0,
        };
        match (mantissa >> shift) + up {
            0 => None,
            whole => Some(Self::nearest(whole, false, 0)),
        }
    }

    fn to_f64(self) -> Option<f64> {
        let (kept, rest) = (self.mantissa >> 11, self.mantissa & 0x7ff);
        let up = rest > 0x400 || (rest == 0x400 && kept & 1 == 1);
        let mantissa = (kept + u64::from(up)) as f64;
        let exponent = i32::try_from(self.exponent + 11).ok()?;
        // In two steps: the power alone may be beyond FLOAT64.
        let half = exponent / 2;
        let number = mantissa * 2f64.powi(half) * 2f64.powi(exponent - half);
        number.is_normal().then_some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_exact_in_80_bits_is_the_decimal() {
        for (number, digits, expected) in [
            (1.115, 2, 1.11),
            (2.675, 2, 2.67),
            (1.005, 2, 1.0),
            (-1234.5, -2, -1200.0),
            (0.1, 1, 0.1),
            (1e300, -2, 1e300),
            (1.5, 0, 2.0),
            (-2.5, 0, -3.0),
            (0.04, 1, 0.0),
        ] {
            let rounded = decimal_of(number, digits, Way::Nearest);
            assert_eq!(rounded, Ok(Value::Real(expected)), "{number} {digits}");
        }
        assert_eq!(decimal_of(2.789, 2, Way::Down), Ok(Value::Real(2.78)));
    }

    #[test]
    fn every_money_of_three_digits_is_rounded() {
        for thousandths in 1..20_000_i32 {
            let number = f64::from(thousandths) / 1000.0;
            let rounded = decimal_of(number, 2, Way::Nearest);
            let is_tie = (number * 8.0).fract() == 0.0;
            assert!(rounded.is_ok() || is_tie, "{number}: {rounded:?}");
        }
    }

    #[test]
    fn an_80_bit_number_is_the_nearest() {
        let third = Extended::nearest(1, false, 0).divided_by(Extended::nearest(3, false, 0));
        assert_eq!((third.mantissa, third.exponent), (0xaaaa_aaaa_aaaa_aaab, -65));
        let tenth = Extended::power_of_ten(-1);
        assert_eq!((tenth.mantissa, tenth.exponent), (0xcccc_cccc_cccc_cccd, -67));
    }
}

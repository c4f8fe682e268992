//! The supported calls of functions, derived from their rows.

use super::rows::ROWS;
pub use super::table::Kind;
use super::table::{Arg, Row, Rule, Takes};
use super::term::{super_type, widens};
use crate::googlesql::SqlType;
use crate::storage::{class, is_opaque};
use crate::tree::is_decimal;

/// How often [`Arg::More`] is written out.
const REPEATED: usize = 3;

/// A supported time zone.
const ZONE: &str = "'America/New_York'";

/// A supported call.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The function's name.
    pub name: &'static str,
    /// The role of the call: scalar, aggregate or window.
    pub kind: Kind,
    /// The call, with `{0}`, `{1}` and `{2}` for operands, and `part` for a part of a date or time.
    pub shape: String,
    /// The allowed parts; empty where the call has no part.
    pub parts: &'static [&'static str],
    /// The combinations of operand types that are accepted.
    pub operands: Vec<Vec<SqlType>>,
}

/// Every supported call, by function name.
pub fn functions() -> Vec<Claim> {
    ROWS.iter().flat_map(claims).collect()
}

fn claims(row: &'static Row) -> Vec<Claim> {
    let lists = row.takes.iter().flat_map(|takes| written_out(takes));
    let mut claims: Vec<Claim> = lists.flat_map(|list| written(row, &list)).collect();
    if let Rule::Accumulates { distinct, overloads, .. } = &row.rule {
        let accepted = |sql_type: &SqlType| overloads.iter().any(|o| o.takes.accepts(*sql_type));
        let operands: Vec<_> = types().filter(accepted).map(|sql_type| vec![sql_type]).collect();
        let lists: &[&[&Arg]] = match distinct {
            true => &[&[&Arg::Any], &[&Arg::Distinct, &Arg::Any]],
            false => &[&[&Arg::Any]],
        };
        let each = lists.iter().flat_map(|list| written(row, list));
        claims.extend(each.map(|claim| Claim { operands: operands.clone(), ..claim }));
    }
    claims
}

/// The argument lists that a row allows, with repetitions written out.
fn written_out(takes: Takes) -> Vec<Vec<&'static Arg>> {
    let [fixed @ .., Arg::More] = takes else { return vec![takes.iter().collect()] };
    let repeated = |count| {
        let more = fixed.last().into_iter().cycle().take(count);
        fixed.iter().chain(more).collect()
    };
    (0..REPEATED).map(repeated).collect()
}

/// The calls with this list, one for each of its formats.
fn written(row: &'static Row, list: &[&Arg]) -> Vec<Claim> {
    let formats = list.iter().find_map(|arg| match arg {
        Arg::Format(formats) => Some(*formats),
        _ => None,
    });
    let claim = |format: &str| Claim {
        name: row.name,
        kind: row.kind,
        shape: format!("{}({})", row.name, text(list, format)),
        parts: row.parts(),
        operands: tuples(list),
    };
    formats.unwrap_or(&[""]).iter().map(|format| claim(format)).collect()
}

fn text(list: &[&Arg], format: &str) -> String {
    let mut text = String::new();
    let mut operands = 0;
    let mut comma = "";
    for arg in list {
        let place = format!("{{{operands}}}");
        operands += usize::from(arg.is_operand());
        let (part, then) = match arg {
            Arg::Distinct => ("DISTINCT ".to_owned(), ""),
            Arg::OrderBy(key) => (format!(" ORDER BY {key}"), ""),
            Arg::Interval(_) => (format!("{comma}INTERVAL {place} part"), ", "),
            Arg::Part(_) => (format!("{comma}part"), ", "),
            Arg::Zone => (format!("{comma}{ZONE}"), ", "),
            Arg::Format(_) => (format!("{comma}'{format}'"), ", "),
            Arg::Text(written) => (format!("{comma}{written}"), ", "),
            Arg::Literal(text) => (format!("{comma}{text}"), ", "),
            Arg::Bytes => (format!("{comma}CAST({place} AS BYTES)"), ", "),
            Arg::Word(words) => (format!("{comma}{}", words.first().unwrap_or(&"")), ", "),
            _ => (format!("{comma}{place}"), ", "),
        };
        text.push_str(&part);
        comma = then;
    }
    text
}

/// The combinations of operand types for a list.
fn tuples(list: &[&Arg]) -> Vec<Vec<SqlType>> {
    let mut tuples = vec![Vec::new()];
    for arg in list.iter().filter(|arg| arg.is_operand()) {
        let longer = |tuple: Vec<SqlType>| {
            let accepted = types().filter(|sql_type| arg.accepts(*sql_type));
            accepted.map(move |sql_type| tuple.iter().copied().chain([sql_type]).collect())
        };
        tuples = tuples.into_iter().flat_map(longer).collect();
    }
    let same = |tuple: &Vec<SqlType>| {
        let operands = list.iter().filter(|arg| arg.is_operand()).zip(tuple);
        let same = operands.filter(|(arg, _)| matches!(arg, Arg::Same));
        super_type(same.map(|(_, sql_type)| *sql_type)).is_some()
    };
    tuples.retain(same);
    tuples
}

/// The types that can be stored.
fn types() -> impl Iterator<Item = SqlType> {
    SqlType::ALL.into_iter().filter(|sql_type| class(*sql_type).is_ok() && !is_opaque(*sql_type))
}

impl Arg {
    fn is_operand(&self) -> bool {
        match self {
            Self::Is(_)
            | Self::OneOf(_)
            | Self::TextOrBytes
            | Self::Bytes
            | Self::Condition
            | Self::Any
            | Self::Same
            | Self::Interval(_) => true,
            Self::More
            | Self::Part(_)
            | Self::Zone
            | Self::Word(_)
            | Self::Literal(_)
            | Self::Format(_)
            | Self::Text(_)
            | Self::Distinct
            | Self::OrderBy(_) => false,
        }
    }

    /// Whether a column of this type is accepted here.
    pub(super) fn accepts(&self, given: SqlType) -> bool {
        match self {
            Self::Is(target) => {
                !is_decimal(Some(given)) && (given == *target || widens(given, *target))
            }
            Self::OneOf(types) => types.contains(&given),
            Self::TextOrBytes | Self::Bytes => given == SqlType::String,
            Self::Condition => given == SqlType::Bool,
            Self::Interval(_) => given == SqlType::Int64,
            _ => true,
        }
    }
}

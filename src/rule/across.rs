//! The number of neighbouring dates on which the rows of a key are compared.

use std::fmt;

use jiff::Span;
use sqlparser::ast::Expr;
use sqlparser::parser::Parser;

use super::Partition;
use super::expression::parsed;
use crate::googlesql::Fragment;

/// The most dates on each side. Statements read twice as many on each side of a date.
const MOST: u16 = 31;

/// The number of dates before and after a row's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Across(u16);

impl Across {
    /// Parses `1d`, `7 days`: whole days, from 1 to 31. The error is a phrase.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let span = text.parse::<Span>().map_err(|_| "it is not a number of days".to_owned())?;
        let days = span.get_days();
        match u16::try_from(days) {
            _ if span.fieldwise() != Span::new().days(days).fieldwise() => {
                Err("it is not a number of whole days".to_owned())
            }
            Ok(days) if (1..=MOST).contains(&days) => Ok(Self(days)),
            _ => Err(format!("it must be 1 to {MOST} days")),
        }
    }

    /// The number of dates.
    pub fn days(self) -> u16 {
        self.0
    }

    /// The number of dates around its own that affect a row: its neighbours, and their neighbours.
    pub(crate) fn reach(self) -> u16 {
        2 * self.0
    }
}

/// A column that the ranking adds, and its expression.
pub(crate) type Added = (&'static str, Expr);

/// The columns that group rows of several dates, as the macro `near` adds them. Errors: the partition has no
/// dates that can be counted, or an expression does not parse, as a phrase.
pub(super) fn grouping(
    across: Across,
    partition: &Partition,
    key: &[Fragment],
    order: &str,
) -> Result<Vec<Added>, String> {
    let key: Vec<&str> = key.iter().map(Fragment::as_str).collect();
    let (key, days) = (key.join(", "), across.days());
    let neighbours = format!(
        "(PARTITION BY {key} ORDER BY onerow_day RANGE BETWEEN {days} PRECEDING AND {days} FOLLOWING)"
    );
    let day = partition.day_number().ok_or("its rows have no dates that can be counted")?;
    let all = [
        ("onerow_day", day.to_string()),
        ("onerow_place", format!("ROW_NUMBER() OVER (PARTITION BY {key} ORDER BY {order})")),
        ("onerow_first", format!("MIN(onerow_place) OVER {neighbours}")),
        (
            "onerow_group",
            format!(
                "COALESCE(MIN(IF(onerow_place = onerow_first, onerow_place, NULL)) OVER {neighbours}, onerow_place)"
            ),
        ),
    ];
    all.into_iter().map(|(name, text)| Ok((name, parsed(&text, Parser::parse_expr)?))).collect()
}

impl fmt::Display for Across {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}d", self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::rule::RuleFile;

    /// Staged rows must have these columns.
    #[test]
    fn a_ranking_across_dates_reads_the_columns_of_the_rule() {
        let text = "[rule.p]\ntable = \"a.b\"\npartition = \"d\"\nacross = \"1d\"\nkey = [\"LOWER(k)\"]\n\
                    keep = [\"score DESC\", \"id\"]\nrow_id = \"id\"\nactive = \"is_live\"\n";
        let alone = text.replace("across = \"1d\"\n", "");
        let [across, alone] = [text, alone.as_str()].map(|text| {
            let rules = RuleFile::parse("onerow.toml", text).unwrap().rules;
            rules[0].ranked_by().into_iter().collect::<Vec<_>>()
        });
        assert_eq!(across, ["d", "id", "k", "score"]);
        assert_eq!(across, alone);
    }
}

//! The ways in which a table is cut into dates, for tests over random rows: what the rule says of the column
//! `d`, and which value of it a row of a date has.

use onerow::googlesql::SqlValue;
use onerow::window::Day;
use proptest::prelude::*;

/// How the column `d` says the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A DATE.
    Date,
    /// A text: 20260102.
    Text,
    /// A text: 2026-01-02.
    Dashed,
    /// A text that begins with the date: 2026-01-02T07.
    Beginning,
    /// An instant, of a day in New York.
    Local,
    /// A table for each date.
    Shards,
    /// No way: the table is one group.
    Whole,
}

pub fn ways() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Date),
        Just(Way::Text),
        Just(Way::Dashed),
        Just(Way::Beginning),
        Just(Way::Local),
        Just(Way::Shards),
        Just(Way::Whole),
    ]
}

impl Way {
    /// The rule with this way in place of `partition = "d"` and `d = "DATE"`.
    pub fn rule(self, text: &str) -> String {
        assert!(text.contains("partition = \"d\"\n") && text.contains("\nd = \"DATE\"\n"));
        let (column, keys) = match self {
            Self::Whole => return text.replace("partition = \"d\"\n", "partition = \"none\"\n"),
            Self::Shards => {
                let text = text.replace("table = \"a.b\"\n", "table = \"a.b_*\"\n");
                return text.replace("partition = \"d\"\n", "partition = \"_TABLE_SUFFIX\"\n");
            }
            Self::Local => (
                "TIMESTAMP",
                "partition_type = \"TIMESTAMP\"\ntime_zone_dates = \"America/New_York\"",
            ),
            Self::Date => ("DATE", ""),
            Self::Text => ("STRING", "partition_type = \"STRING\""),
            Self::Dashed => {
                ("STRING", "partition_type = \"STRING\"\npartition_format = \"yyyy-mm-dd\"")
            }
            Self::Beginning => {
                ("STRING", "partition_type = \"STRING\"\npartition_format = \"yyyy-mm-dd*\"")
            }
        };
        text.replace("partition = \"d\"\n", &format!("partition = \"d\"\n{keys}\n"))
            .replace("\nd = \"DATE\"\n", &format!("\nd = \"{column}\"\n"))
    }

    /// The group that a row of this day of January is of; 0 is that of the rows without a date.
    pub fn group(self, day: u8) -> u8 {
        if self == Self::Whole { 1 } else { day }
    }

    /// The value of a row of this date, which is in January of 2026, or of none; rows of a date differ by `n`
    /// in what the way leaves open.
    pub fn value(self, date: Option<Day>, n: i64) -> SqlValue {
        let text = |text: &str| SqlValue::String(text.to_owned());
        let Some(day) = date else {
            return match (self, n % 4) {
                (Self::Date | Self::Local | Self::Shards | Self::Whole, _) | (_, 0) => {
                    SqlValue::Null
                }
                (_, 1) => text(""),
                (Self::Text, 2) => text("2026-01-01"),
                (_, 2) => text("20260101"),
                (Self::Text, _) => text("20260132"),
                (_, _) => text("2026-02-30"),
            };
        };
        let dashed = day.to_string();
        match self {
            Self::Date | Self::Shards | Self::Whole => SqlValue::from(day),
            Self::Local => {
                let after = [0, 1, 18_000_000_000, 86_399_999_999][n as usize % 4];
                let midnight = day.date().unwrap().in_tz("America/New_York").unwrap().timestamp();
                SqlValue::Timestamp(midnight + jiff::SignedDuration::from_micros(after))
            }
            Self::Text => text(&dashed.replace('-', "")),
            Self::Dashed => text(&dashed),
            Self::Beginning => text(&format!("{dashed}{}", ["", "T07", " 23:59"][n as usize % 3])),
        }
    }
}

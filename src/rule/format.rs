//! The date formats of an INT64 or STRING partition column.

use jiff::civil::Date;

use super::partition::{Cut, any_of};
use crate::googlesql::{Fragment, strict_date};

/// The type of a partition column, as the rule file says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum PartitionType {
    /// A calendar date.
    #[default]
    Date,
    /// A date and time without zone; its calendar date counts.
    Datetime,
    /// An instant; its date in UTC counts, as BigQuery cuts its partitions.
    Timestamp,
    /// A number that says the date; see `partition_format`.
    Int64,
    /// A text that says the date; see `partition_format`.
    String,
}

/// What the numbers of an INT64 partition column, or the texts of a STRING one, say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
pub(super) enum PartitionFormat {
    /// The date: 20260128.
    #[default]
    #[serde(rename = "yyyymmdd")]
    Yyyymmdd,
    /// INT64: the date and the hour: 2026012807. All hours of a date are one date.
    #[serde(rename = "yyyymmddhh")]
    Yyyymmddhh,
    /// The month: 202601. The date of its rows is the first of the month.
    #[serde(rename = "yyyymm")]
    Yyyymm,
    /// The year: 2026. The date of its rows is the first of January.
    #[serde(rename = "yyyy")]
    Yyyy,
    /// INT64: days since 1970-01-01: 20481.
    #[serde(rename = "unix_days")]
    UnixDays,
    /// STRING: the date: 2026-01-28.
    #[serde(rename = "yyyy-mm-dd")]
    Dashed,
    /// STRING: the month: 2026-01.
    #[serde(rename = "yyyy-mm")]
    DashedMonth,
    /// STRING: the date and anything after it, such as the hour: 2026012807.
    #[serde(rename = "yyyymmdd*")]
    Beginning,
    /// STRING: the date and anything after it: 2026-01-28T07:12:00Z.
    #[serde(rename = "yyyy-mm-dd*")]
    DashedBeginning,
}

impl Cut {
    /// Parses the format of a column of this type. Errors: the format does not suit the type, as a phrase,
    /// with those that do.
    pub(super) fn of(
        kind: PartitionType,
        format: Option<PartitionFormat>,
    ) -> Result<Self, (String, &'static str)> {
        use PartitionFormat as F;
        let other =
            |wanted| Err(("`partition_format` does not go with the type".to_owned(), wanted));
        let given = format.unwrap_or_default();
        let texts = |unit, dashes| Ok(Self::String(Texts { unit, dashes, beginning: false }));
        let begins = |dashes| Ok(Self::String(Texts { unit: Unit::Day, dashes, beginning: true }));
        match (kind, given) {
            (PartitionType::Date, _) if format.is_none() => Ok(Self::Date),
            (PartitionType::Datetime, _) if format.is_none() => Ok(Self::Datetime),
            (PartitionType::Timestamp, _) if format.is_none() => Ok(Self::Timestamp),
            (PartitionType::Date | PartitionType::Datetime | PartitionType::Timestamp, _) => Err((
                "`partition_format` has no effect: the partition is neither INT64 nor STRING"
                    .to_owned(),
                "remove it, or set `partition_type` to the column's type",
            )),
            (PartitionType::Int64, F::Yyyymmdd) => Ok(Self::Int64(Numbers::Yyyymmdd)),
            (PartitionType::Int64, F::Yyyymmddhh) => Ok(Self::Int64(Numbers::Yyyymmddhh)),
            (PartitionType::Int64, F::Yyyymm) => Ok(Self::Int64(Numbers::Yyyymm)),
            (PartitionType::Int64, F::Yyyy) => Ok(Self::Int64(Numbers::Yyyy)),
            (PartitionType::Int64, F::UnixDays) => Ok(Self::Int64(Numbers::UnixDays)),
            (PartitionType::Int64, _) => other(
                "an INT64 is one of yyyymmdd, yyyymmddhh, yyyymm, yyyy, unix_days; for a column of text set \
                 `partition_type = \"STRING\"`",
            ),
            (PartitionType::String, F::Yyyymmdd) => texts(Unit::Day, false),
            (PartitionType::String, F::Dashed) => texts(Unit::Day, true),
            (PartitionType::String, F::Yyyymm) => texts(Unit::Month, false),
            (PartitionType::String, F::DashedMonth) => texts(Unit::Month, true),
            (PartitionType::String, F::Yyyy) => texts(Unit::Year, false),
            (PartitionType::String, F::Beginning) => begins(false),
            (PartitionType::String, F::DashedBeginning) => begins(true),
            (PartitionType::String, F::Yyyymmddhh | F::UnixDays) => other(
                "a STRING is one of yyyymmdd, yyyy-mm-dd, yyyymm, yyyy-mm, yyyy, and yyyymmdd* or yyyy-mm-dd* \
                 where more follows the date, such as the hour",
            ),
        }
    }
}

/// The date format of an INT64 partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// The date: 20260128.
    Yyyymmdd,
    /// The date and the hour: 2026012807. All hours of a date are one date.
    Yyyymmddhh,
    /// The month: 202601. The date of its rows is the first of the month.
    Yyyymm,
    /// The year: 2026. The date of its rows is the first of January.
    Yyyy,
    /// Days since 1970-01-01: 20481.
    UnixDays,
}

impl Numbers {
    /// The format as in the rule file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yyyymmdd => "yyyymmdd",
            Self::Yyyymmddhh => "yyyymmddhh",
            Self::Yyyymm => "yyyymm",
            Self::Yyyy => "yyyy",
            Self::UnixDays => "unix_days",
        }
    }

    /// The date of a number, as a DATE expression.
    pub(crate) fn as_date(self, number: &Fragment) -> String {
        let format = match self {
            Self::Yyyymmdd | Self::Yyyymmddhh => "%Y%m%d",
            Self::Yyyymm => "%Y%m",
            Self::Yyyy => "%Y",
            Self::UnixDays => return format!("DATE_ADD(DATE '1970-01-01', INTERVAL {number} DAY)"),
        };
        format!("PARSE_DATE('{format}', CAST({number} AS STRING))")
    }

    /// The number of a DATE, as an expression. Never fails, whereas converting an invalid number would.
    pub(crate) fn of_date(self, date: &str) -> String {
        let number = |format| format!("CAST(FORMAT_DATE('{format}', {date}) AS INT64)");
        match self {
            Self::Yyyymmdd | Self::Yyyymmddhh => number("%Y%m%d"),
            Self::Yyyymm => number("%Y%m"),
            Self::Yyyy => number("%Y"),
            Self::UnixDays => format!("DATE_DIFF({date}, DATE '1970-01-01', DAY)"),
        }
    }

    /// The first and the last number of a date's period.
    pub(crate) fn of(self, date: Date) -> (i64, i64) {
        let [year, month, day] = [date.year().into(), date.month().into(), date.day().into()];
        let yyyymm: i64 = year * 100 + month;
        let yyyymmdd = yyyymm * 100 + day;
        match self {
            Self::Yyyymmdd => (yyyymmdd, yyyymmdd),
            Self::Yyyymmddhh => (yyyymmdd * 100, yyyymmdd * 100 + 23),
            Self::Yyyymm => (yyyymm, yyyymm),
            Self::Yyyy => (year, year),
            Self::UnixDays => {
                let days = i64::from((date - Date::constant(1970, 1, 1)).get_days());
                (days, days)
            }
        }
    }

    /// The first date of the number's period; `None` if the number is not a date.
    pub(crate) fn date(self, number: i64) -> Option<Date> {
        let ymd = |year: i64, month: i64, day: i64| {
            let year = i16::try_from(year).ok().filter(|year| *year >= 1)?;
            Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
        };
        match self {
            Self::Yyyymmdd => ymd(number / 10_000, number / 100 % 100, number % 100),
            Self::Yyyymmddhh => {
                (0..24).contains(&(number % 100)).then_some(())?;
                Self::Yyyymmdd.date(number / 100)
            }
            Self::Yyyymm => ymd(number / 100, number % 100, 1),
            Self::Yyyy => ymd(number, 1, 1),
            Self::UnixDays => {
                let days = jiff::Span::new().try_days(number).ok()?;
                let date = Date::constant(1970, 1, 1).checked_add(days).ok()?;
                (date.year() >= 1).then_some(date)
            }
        }
    }
}

/// The date format of a STRING partition column: text that begins with the year, as in ISO 8601.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Texts {
    unit: Unit,
    /// Whether year, month and day are separated by dashes.
    dashes: bool,
    /// Whether text may follow the date.
    beginning: bool,
}

/// The precision of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Day,
    Month,
    Year,
}

impl Texts {
    /// The format as in the rule file.
    pub fn as_str(self) -> &'static str {
        match (self.unit, self.dashes, self.beginning) {
            (Unit::Day, false, false) => "yyyymmdd",
            (Unit::Day, true, false) => "yyyy-mm-dd",
            (Unit::Day, false, true) => "yyyymmdd*",
            (Unit::Day, true, true) => "yyyy-mm-dd*",
            (Unit::Month, false, _) => "yyyymm",
            (Unit::Month, true, _) => "yyyy-mm",
            (Unit::Year, ..) => "yyyy",
        }
    }

    /// Whether text may follow the date.
    pub(crate) fn is_beginning(self) -> bool {
        self.beginning
    }

    /// Whether the precision is a day.
    pub(crate) fn is_of_days(self) -> bool {
        self.unit == Unit::Day
    }

    /// The text of a date, or its prefix.
    pub(crate) fn text(self, date: Date) -> String {
        let all = date.to_string();
        let text = match self.unit {
            Unit::Day => all.as_str(),
            Unit::Month => &all[..7],
            Unit::Year => &all[..4],
        };
        if self.dashes { text.to_owned() } else { text.replace('-', "") }
    }

    /// The first date of the text's period; `None` if the text is not a date.
    pub(crate) fn day(self, text: &str) -> Option<Date> {
        let length = self.length();
        let text = match self.beginning {
            true => text.get(..length)?,
            false if text.len() == length => text,
            false => return None,
        };
        let part = |from: usize, to: usize| text.get(from..to);
        let dashed = match (self.unit, self.dashes) {
            (Unit::Day, true) => text.to_owned(),
            (Unit::Day, false) => format!("{}-{}-{}", part(0, 4)?, part(4, 6)?, part(6, 8)?),
            (Unit::Month, true) => format!("{text}-01"),
            (Unit::Month, false) => format!("{}-{}-01", part(0, 4)?, part(4, 6)?),
            (Unit::Year, _) => format!("{text}-01-01"),
        };
        strict_date(&dashed)
    }

    /// The first date of a date's period.
    pub(crate) fn first(self, date: Date) -> Date {
        match self.unit {
            Unit::Day => date,
            Unit::Month => date.first_of_month(),
            Unit::Year => date.first_of_year(),
        }
    }

    /// The last date of a date's period.
    pub(crate) fn last(self, date: Date) -> Date {
        match self.unit {
            Unit::Day => date,
            Unit::Month => date.last_of_month(),
            Unit::Year => date.last_of_year(),
        }
    }

    fn length(self) -> usize {
        match (self.unit, self.dashes) {
            (Unit::Day, true) => 10,
            (Unit::Day, false) => 8,
            (Unit::Month, true) => 7,
            (Unit::Month, false) => 6,
            (Unit::Year, _) => 4,
        }
    }

    /// The date of a row as a DATE; NULL if the text is not a date. SAFE_CAST also accepts one-digit months
    /// and days, which the length excludes; other accepted texts have dashes elsewhere.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/conversion_functions#cast_as_date>
    pub(super) fn date(self, column: &str) -> String {
        let length = self.length();
        let compared = if self.beginning { ">=" } else { "=" };
        let text = match (self.unit, self.dashes, self.beginning) {
            (Unit::Day, true, false) => column.to_owned(),
            (Unit::Day, true, true) => format!("SUBSTR({column}, 1, 10)"),
            (Unit::Day, false, _) => format!(
                "CONCAT(SUBSTR({column}, 1, 4), '-', SUBSTR({column}, 5, 2), '-', SUBSTR({column}, 7, 2))"
            ),
            (Unit::Month, true, _) => format!("CONCAT({column}, '-01')"),
            (Unit::Month, false, _) => {
                format!("CONCAT(SUBSTR({column}, 1, 4), '-', SUBSTR({column}, 5, 2), '-01')")
            }
            (Unit::Year, ..) => format!("CONCAT({column}, '-01-01')"),
        };
        format!("IF(LENGTH({column}) {compared} {length}, SAFE_CAST({text} AS DATE), NULL)")
    }

    /// The predicate for all dates of these ranges. Each date is listed, because texts between those of two
    /// dates need not be dates.
    pub(super) fn filter(self, column: &str, runs: &[(Date, Date)]) -> String {
        let days = runs.iter().flat_map(|(first, last)| {
            let next = |day: &Date| day.tomorrow().ok().filter(|day| day <= last);
            std::iter::successors(Some(*first), next)
        });
        let mut texts: Vec<String> = days.map(|day| format!("'{}'", self.text(day))).collect();
        texts.dedup();
        match (self.beginning, texts.as_slice()) {
            (false, [text]) => format!("{column} = {text}"),
            (false, texts) => format!("{column} IN ({})", texts.join(", ")),
            (true, [text]) => format!("STARTS_WITH({column}, {text})"),
            (true, texts) => {
                let begins = |text: &String| format!("STARTS_WITH({column}, {text})");
                any_of(&texts.iter().map(begins).collect::<Vec<_>>())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::googlesql::Ident;
    use crate::rule::Partition;
    use crate::window::{Day, Window};

    fn by(format: PartitionFormat) -> (Texts, Partition) {
        let cut = Cut::of(PartitionType::String, Some(format)).unwrap();
        let Cut::String(texts) = cut else { panic!("{cut:?}") };
        (texts, Partition::by(Ident::parse("d").unwrap(), cut))
    }

    fn filter(format: PartitionFormat, days: &[&str]) -> String {
        let days = days.iter().map(|day| Day::parse(day).unwrap()).collect();
        by(format).1.filter(&Window::of_days(days).unwrap()).to_string()
    }

    #[test]
    fn texts_are_compared_with_texts() {
        use PartitionFormat as F;
        let two = &["2026-01-31", "2026-02-01"][..];
        for (format, days, expected) in [
            (F::Yyyymmdd, &two[..1], "d = '20260131'"),
            (F::Yyyymmdd, two, "d IN ('20260131', '20260201')"),
            (F::Dashed, two, "d IN ('2026-01-31', '2026-02-01')"),
            (F::DashedMonth, &two[..1], "d = '2026-01'"),
            (F::Yyyy, &two[..1], "d = '2026'"),
            (F::Beginning, &two[..1], "STARTS_WITH(d, '20260131')"),
            (
                F::DashedBeginning,
                two,
                "(STARTS_WITH(d, '2026-01-31') OR STARTS_WITH(d, '2026-02-01'))",
            ),
            (F::Dashed, &["NULL"], "IF(LENGTH(d) = 10, SAFE_CAST(d AS DATE), NULL) IS NULL"),
        ] {
            assert_eq!(filter(format, days), expected);
        }
    }

    #[test]
    fn a_text_that_is_written_in_another_way_is_no_date() {
        use PartitionFormat as F;
        let day = |format, text| by(format).0.day(text).map(|date| date.to_string());
        for (format, text, expected) in [
            (F::Yyyymmdd, "20260128", Some("2026-01-28")),
            (F::Dashed, "2026-01-28", Some("2026-01-28")),
            (F::Yyyymm, "202601", Some("2026-01-01")),
            (F::DashedMonth, "2026-01", Some("2026-01-01")),
            (F::Yyyy, "2026", Some("2026-01-01")),
            (F::Beginning, "2026012807", Some("2026-01-28")),
            (F::DashedBeginning, "2026-01-28T07:12:00Z", Some("2026-01-28")),
            (F::Yyyymmdd, "2026-01-28", None),
            (F::Yyyymmdd, "2026012807", None),
            (F::Yyyymmdd, "20260230", None),
            (F::Dashed, "2026-1-28", None),
            (F::Dashed, "2026-01-28 ", None),
            (F::Beginning, "2026012", None),
            (F::DashedBeginning, "2026-1-28é", None),
            (F::Yyyymm, "2026-1", None),
            (F::Yyyy, "", None),
        ] {
            assert_eq!(day(format, text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_month_stands_for_its_dates() {
        let day = Day::parse("2026-01-28").unwrap();
        for (format, expected) in
            [(PartitionFormat::DashedMonth, "2026-01-01"), (PartitionFormat::Yyyy, "2026-01-01")]
        {
            assert_eq!(by(format).1.period(day).to_string(), expected);
        }
    }

    #[test]
    fn a_format_that_does_not_go_with_the_type_names_those_that_do() {
        for (kind, format, word) in [
            (PartitionType::Int64, PartitionFormat::Dashed, "an INT64 is one of yyyymmdd,"),
            (PartitionType::String, PartitionFormat::UnixDays, "a STRING is one of yyyymmdd,"),
            (PartitionType::Date, PartitionFormat::Yyyymmdd, "remove it"),
        ] {
            let (_, help) = Cut::of(kind, Some(format)).unwrap_err();
            assert!(help.contains(word), "{help}");
        }
    }
}

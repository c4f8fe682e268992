//! How the table's rows are assigned to dates.

use jiff::tz::TimeZoneName;

use super::{Column, Seen, Setting, Wishes, names, order};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Ident, SqlType, TableName};
use crate::warehouse::{Granularity, IntegerRange};

/// How rows are assigned to dates.
pub(super) struct Proposed {
    /// The rule's table: the wildcard name of a date-sharded one.
    pub table: TableName,
    pub settings: Vec<Setting>,
    /// The partition column; `None` where the rule has no dates.
    pub column: Option<String>,
    /// The time of arrival, which is not a column of the table.
    pub pseudo_column: Option<(Ident, String)>,
}

impl Proposed {
    fn of(table: &TableName, settings: Vec<Setting>, column: Option<String>) -> Self {
        Self { table: table.clone(), settings, column, pseudo_column: None }
    }
}

/// The partition: the wished one, the table's own, or a column that holds dates.
pub(super) fn propose(seen: &Seen, wishes: &Wishes) -> Result<Proposed> {
    let none = |why: &str, look: bool| {
        let setting = Setting { look, ..Setting::certain("partition", "none", why) };
        Proposed::of(&seen.table, vec![setting], None)
    };
    match &wishes.partition {
        Some(wish) if wish.eq_ignore_ascii_case("none") => return Ok(none("", false)),
        Some(wish) => {
            let column = seen.column(wish).ok_or_else(|| seen.unknown(wish))?;
            return by_column(seen, column, "");
        }
        None => {}
    }
    if seen.may_be_sharded
        && let Some(sharded) = shards(seen)?
    {
        return Ok(sharded);
    }
    let details = &seen.description.details;
    match seen.description.partition.as_deref() {
        Some("_PARTITIONTIME") => Ok(by_arrival(seen)?),
        Some(name) => {
            let Some(column) = seen.column(name) else { return Err(seen.unknown(name)) };
            match details.range {
                Some(range) => Ok(by_range(seen, column, range)),
                None => by_column(seen, column, "the table is partitioned by it"),
            }
        }
        None => match seen.columns.iter().find(|column| holds_date(column)) {
            Some(column) => {
                let mut proposed = by_column(
                    seen,
                    column,
                    "a key has one row on each date of this column; \"none\": one in the whole table",
                )?;
                proposed.settings.iter_mut().for_each(|setting| setting.look = true);
                Ok(proposed)
            }
            None => Ok(none("no column holds dates: a key has one row in the whole table", true)),
        },
    }
}

/// Whether the column holds the date of what a row is about.
fn holds_date(column: &Column) -> bool {
    let words = names::words(column.name.as_str());
    let ends = |words: &[String]| {
        words.last().is_some_and(|word| ["date", "day", "dt", "ds"].contains(&word.as_str()))
    };
    column.sql_type == SqlType::Date && ends(&words) && !order::is_time_of_row(column)
}

/// By a column of dates or times.
fn by_column(seen: &Seen, column: &Column, why: &str) -> Result<Proposed> {
    let name = column.name.as_str().to_owned();
    let mut settings = vec![Setting::certain("partition", name.clone(), why)];
    let sql_type = match column.sql_type {
        SqlType::Date => None,
        SqlType::Timestamp => Some("TIMESTAMP"),
        SqlType::Datetime => Some("DATETIME"),
        SqlType::Int64 => Some("INT64"),
        SqlType::String => Some("STRING"),
        other => {
            let message =
                format!("column {} is of type {other}, which holds no dates", column.name);
            return Err(Error::new(Kind::Usage, message).help(
                "name a column of type DATE, TIMESTAMP, DATETIME, INT64 or STRING, or `none`",
            ));
        }
    };
    settings.extend(sql_type.map(|of| Setting::certain("partition_type", of, "the column's type")));
    if matches!(column.sql_type, SqlType::Int64 | SqlType::String) {
        settings.push(Setting::guess(
            "partition_format",
            "yyyymmdd",
            "how the column writes a date",
        ));
    }
    let of_table =
        seen.description.partition.as_deref().is_some_and(|own| column.name.same_column(own));
    settings.extend(granularity(seen).filter(|_| of_table));
    Ok(Proposed::of(&seen.table, settings, Some(name)))
}

fn granularity(seen: &Seen) -> Option<Setting> {
    let of = match seen.description.details.granularity? {
        Granularity::Month => "MONTH",
        Granularity::Year => "YEAR",
        Granularity::Hour | Granularity::Day => return None,
    };
    Some(Setting::certain("partition_granularity", of, "what the table is partitioned by"))
}

fn by_arrival(seen: &Seen) -> Result<Proposed> {
    let name = "_PARTITIONTIME";
    let mut settings = vec![
        Setting::certain("partition", name, "the table is partitioned by the time of arrival"),
        Setting::certain("partition_type", "TIMESTAMP", ""),
    ];
    settings.extend(granularity(seen));
    let pseudo_column = Some((Ident::parse(name)?, "TIMESTAMP".to_owned()));
    let proposed = Proposed::of(&seen.table, settings, Some(name.to_owned()));
    Ok(Proposed { pseudo_column, ..proposed })
}

/// By ranges of a number, which may write dates.
fn by_range(seen: &Seen, column: &Column, range: IntegerRange) -> Proposed {
    let format = match range.start {
        1_900..=2_200 => "yyyy",
        190_001..=220_012 => "yyyymm",
        19_000_101..=22_001_231 => "yyyymmdd",
        1_900_010_100..=2_200_123_123 => "yyyymmddhh",
        0..=60_000 if range.end <= 120_000 && range.end > 10_000 => "unix_days",
        _ => {
            let why = format!(
                "the table is partitioned by ranges of {}, whose numbers do not look like dates: a key has one row in the whole table",
                column.name
            );
            return Proposed::of(&seen.table, vec![Setting::guess("partition", "none", why)], None);
        }
    };
    let name = column.name.as_str().to_owned();
    let settings = vec![
        Setting::certain("partition", name.clone(), "the table is partitioned by ranges of it"),
        Setting::certain("partition_type", "INT64", "the column's type"),
        Setting::guess("partition_format", format, "what its numbers look like"),
    ];
    Proposed::of(&seen.table, settings, Some(name))
}

/// By a table for each date, such as `events_20260128`.
fn shards(seen: &Seen) -> Result<Option<Proposed>> {
    let name = seen.table.dotted();
    let Some(stem) = name.len().checked_sub(8).filter(|at| name.is_char_boundary(*at)) else {
        return Ok(None);
    };
    let (stem, date) = name.split_at(stem);
    let is_date = jiff::civil::Date::strptime("%Y%m%d", date).is_ok();
    if !is_date || !stem.ends_with('_') {
        return Ok(None);
    }
    let table = TableName::parse_shards(&format!("{stem}*"))?;
    let why = "the name ends in a date, as that of a table for each date does; a single table of this name needs another rule";
    let settings = vec![Setting::guess("partition", "_TABLE_SUFFIX", why)];
    Ok(Some(Proposed::of(&table, settings, Some("_TABLE_SUFFIX".to_owned()))))
}

/// The zone of TODAY and YESTERDAY: what a label of the table says, else UTC. A label has lower-case letters, digits,
/// `-` and `_` alone.
/// Source: <https://cloud.google.com/bigquery/docs/labels-intro#requirements>
pub(super) fn time_zone(seen: &Seen) -> Setting {
    let of_label = seen.description.details.labels.iter().find_map(|(name, value)| {
        let is_zone = ["time_zone", "timezone", "tz"].contains(&name.as_str());
        let plain = |text: &str| -> String {
            text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
        };
        let same = |zone: &TimeZoneName| plain(zone.as_str()) == plain(value);
        let zone = jiff::tz::db().available().find(|zone| is_zone && same(zone))?;
        Some((zone.as_str().to_owned(), format!("the table has the label {name}={value}")))
    });
    match of_label {
        Some((zone, why)) => Setting::certain("time_zone", zone, why),
        None => Setting::guess("time_zone", "UTC", "whose days TODAY and YESTERDAY are"),
    }
}

//! The partition of a rule, from dbt's `partition_by`.
//! Source: <https://docs.getdbt.com/reference/resource-configs/bigquery-configs#partition-clause>

use serde_json::Value as Json;

use super::columns::Columns;
use super::key::{Key, written};
use super::manifest::{Node, text};
use super::proposed::Setting;
use crate::googlesql::{Ident, SqlType};
use crate::rule::Numbers;

/// The column of the time of arrival, which BigQuery adds.
pub(super) const BY_ARRIVAL: &str = "_PARTITIONTIME";

/// How a rule finds the dates of its rows.
#[derive(Debug)]
pub(super) struct Partition {
    pub settings: Vec<Setting>,
    /// What a person should know of it.
    pub remark: Option<String>,
    /// The column, if there is one.
    pub column: Option<String>,
}

impl Partition {
    fn whole(note: impl Into<String>) -> Self {
        let settings = vec![Setting::one("partition", "none", note)];
        Self { settings, remark: None, column: None }
    }

    /// The tables of a wildcard, one for each date.
    pub fn shards() -> Self {
        let settings = vec![Setting::one("partition", "_TABLE_SUFFIX", "a table for each date")];
        Self { settings, remark: None, column: None }
    }

    /// Of a source, whose partitions dbt does not know.
    pub fn unknown() -> Self {
        Self::whole(
            "guess: dbt does not say how a source is partitioned; name its date column here, or every run reads all of it",
        )
    }

    /// Of a source, by a column whose values the catalog does not show to be dates.
    fn of_other_type(by: &str, of: Option<SqlType>) -> Self {
        let of =
            of.map_or_else(|| "whose type is not known".to_owned(), |of| format!("of type {of}"));
        Self::whole(format!(
            "guess: dbt's catalog says that it is partitioned by {}, {of}; if its values say dates, name it here with \
             `partition_type`, else every run reads all of it",
            written(by)
        ))
    }
}

/// Of a source, by the partition column that dbt's catalog names.
pub(super) fn of_source(by: Option<&str>, key: &Key, columns: &Columns) -> Partition {
    let Some(by) = by else {
        return Partition::whole(
            "dbt's catalog says that it is not partitioned: every run reads the whole table",
        );
    };
    let mut settings = vec![Setting::one("partition", by, "dbt's catalog")];
    match columns.type_of(by) {
        Some(SqlType::Date) => {}
        Some(of @ (SqlType::Datetime | SqlType::Timestamp)) => {
            settings.push(Setting::one("partition_type", of.to_string(), "dbt's catalog"));
        }
        of => return Partition::of_other_type(by, of),
    }
    let granularity = "The catalog does not say whether a partition is a day, a month or a year: for the last two write \
                       `partition_granularity`.";
    let remark = match remark(by, key) {
        Some(remark) => format!("{granularity} {remark}"),
        None => granularity.to_owned(),
    };
    Partition { settings, remark: Some(remark), column: Some(by.to_owned()) }
}

/// What a key means that does not have the date in it.
fn remark(field: &str, key: &Key) -> Option<String> {
    (!key.has(field)).then(|| {
        format!(
            "dbt's key is about the whole table; this rule compares the rows of one date of {}. If a row of one key can \
             come again with another date, write `across` or `partition = \"none\"`.",
            written(field)
        )
    })
}

/// # Errors
/// A phrase: why no rule can be made.
pub(super) fn of(node: &Node, key: &Key, columns: &Columns) -> Result<Partition, String> {
    let by = &node.config.partition_by;
    if by.is_null() {
        return Ok(Partition::whole("no partition_by: every run reads the whole table"));
    }
    let Some(field) = text(&by["field"]) else {
        return Err("its `partition_by` names no `field`; describe the table by hand".to_owned());
    };
    let required = node.config.require_partition_filter == Json::Bool(true);
    let word = |member: &str, default: &str| {
        text(&by[member]).map_or_else(|| default.to_owned(), |word| word.to_ascii_lowercase())
    };
    let (said, granularity) = (word("data_type", "date"), word("granularity", "day"));
    if by["time_ingestion_partitioning"] == Json::Bool(true) {
        return by_arrival(&field, &granularity, columns);
    }
    let known = columns.type_of(&field).filter(|known| {
        matches!(known, SqlType::Date | SqlType::Datetime | SqlType::Timestamp | SqlType::Int64)
    });
    let sql_type = known.or(said.parse().ok());
    let name = match Ident::parse(&field) {
        Ok(name) if name.as_str() == "none" => "`none`".to_owned(),
        Ok(name) => name.as_str().to_owned(),
        Err(_) => {
            return Err(format!(
                "its partition column `{field}` is not a column's name; describe the table by hand"
            ));
        }
    };
    let mut settings = vec![Setting::one("partition", name, "partition_by")];
    match sql_type {
        Some(SqlType::Date) => {}
        Some(of @ (SqlType::Datetime | SqlType::Timestamp)) => {
            settings.push(Setting::one("partition_type", of.to_string(), "its data_type"));
        }
        Some(SqlType::Int64) => return by_number(&field, settings, by, required),
        _ => {
            return Err(format!(
                "its partition column is of type {said}; describe the table by hand"
            ));
        }
    }
    match granularity.as_str() {
        "month" | "year" => settings.push(Setting::one(
            "partition_granularity",
            granularity.to_ascii_uppercase(),
            "its granularity",
        )),
        _ => {}
    }
    let remark = remark(&field, key);
    Ok(Partition { settings, remark, column: Some(field) })
}

/// The rows have no column with their date, and a statement that rewrites them names all columns.
fn by_arrival(field: &str, granularity: &str, columns: &Columns) -> Result<Partition, String> {
    if !columns.complete {
        return Err("it is partitioned by the time of arrival, and such a rule lists all columns: write `target/catalog.json` \
                    with `dbt docs generate`, and run this again"
            .to_owned());
    }
    let mut settings = vec![
        Setting::one("partition", BY_ARRIVAL, "time_ingestion_partitioning"),
        Setting::one("partition_type", "TIMESTAMP", ""),
    ];
    if let "month" | "year" = granularity {
        settings.push(Setting::one(
            "partition_granularity",
            granularity.to_ascii_uppercase(),
            "its granularity",
        ));
    }
    let remark = format!(
        "dbt's key is about the whole table; this rule compares the rows of one date of arrival (`{field}`)."
    );
    Ok(Partition { settings, remark: Some(remark), column: None })
}

/// Numbers that say dates as 20260128 does, or that say none.
fn by_number(
    field: &str,
    mut settings: Vec<Setting>,
    by: &Json,
    required: bool,
) -> Result<Partition, String> {
    let range = &by["range"];
    let end = |member: &str| range[member].as_i64();
    // The end of a range is the first number after it.
    let is_date =
        |number: Option<i64>| number.is_some_and(|number| Numbers::Yyyymmdd.date(number).is_some());
    if is_date(end("start")) && (is_date(end("end")) || is_date(end("end").map(|end| end - 1))) {
        let note = "guess: its range is from one date as yyyymmdd to another; see `partition_format` in the docs of rules";
        settings.push(Setting::one("partition_type", "INT64", note));
        return Ok(Partition { settings, remark: None, column: Some(field.to_owned()) });
    }
    match required {
        true => Err(format!(
            "it is partitioned by the numbers of `{field}`, which say no date, and requires a partition filter: a rule \
             reads such a table as a whole"
        )),
        false => Ok(Partition::whole(format!(
            "partition_by is {}, whose numbers say no date: every run reads the whole table",
            written(field)
        ))),
    }
}

//! An entry as a row of named columns, shared by both kinds of ledger.

use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Detail, Entry, Outcome, RunId};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{TableName, strict_date};
use crate::rule::RuleName;
use crate::statement::{Fingerprint, StepName};
use crate::warehouse::{JobId, Usage};
use crate::window::{Day, Window};

/// The version of the columns and their content, stored in each row. Incremented when they change; a ledger
/// without it is older than the first release.
pub(super) const FORMAT: u32 = 2;

/// The column with the format version.
pub(super) const FORMAT_COLUMN: &str = "format";

/// The column with the statement's text, by far the largest.
pub(super) const SQL_COLUMN: &str = "sql";

/// The columns of the ledger's table, in order, with their BigQuery types and whether they are required.
/// `dates` (unless they are a complete range), `parameters`, `vars` and `detail` are JSON.
/// `vars` and `detail` are JSON.
pub(super) const COLUMNS: [(&str, &str, bool); 30] = [
    (FORMAT_COLUMN, "INT64", true),
    ("run_id", "STRING", true),
    ("sequence", "INT64", true),
    ("rule", "STRING", true),
    ("table_name", "STRING", true),
    ("step", "STRING", true),
    ("first_date", "DATE", false),
    ("last_date", "DATE", false),
    ("dates", "STRING", false),
    ("outcome", "STRING", true),
    ("affected_rows", "INT64", false),
    ("error_code", "STRING", false),
    ("error", "STRING", false),
    ("detail", "STRING", false),
    ("cutoff", "TIMESTAMP", false),
    ("job_id", "STRING", true),
    ("fingerprint", "STRING", true),
    (SQL_COLUMN, "STRING", true),
    ("parameters", "STRING", true),
    ("vars", "STRING", false),
    ("bytes_processed", "INT64", false),
    ("bytes_billed", "INT64", false),
    ("slot_ms", "INT64", false),
    ("started_at", "TIMESTAMP", false),
    ("ended_at", "TIMESTAMP", false),
    ("logged_at", "TIMESTAMP", true),
    ("rehearsed_at", "TIMESTAMP", false),
    ("recovered_by", "STRING", false),
    ("version", "STRING", true),
    ("who", "STRING", true),
];

/// One value per column, as text.
pub(super) type Cells = [Option<String>; COLUMNS.len()];

/// The column names, separated by commas.
pub(super) fn column_list() -> String {
    COLUMNS.map(|(name, _, _)| name).join(", ")
}

pub(super) fn cells(entry: &Entry) -> Cells {
    let number = |number: Option<u64>| number.map(|n| n.min(i64::MAX as u64).to_string());
    let instant = |instant: Option<Timestamp>| instant.map(|at| at.to_string());
    let (window, outcome) = (&entry.window, &entry.outcome);
    [
        Some(FORMAT.to_string()),
        Some(entry.run.to_string()),
        Some(entry.sequence.to_string()),
        Some(entry.rule.to_string()),
        Some(entry.table.dotted()),
        Some(entry.step.to_string()),
        window.first().date().map(|date| date.to_string()),
        window.last().date().map(|date| date.to_string()),
        (!window.is_range()).then(|| json(&window.days())),
        Some(outcome.as_str().to_owned()),
        number(outcome.affected()),
        outcome.error_kind().map(|kind| kind.code().to_owned()),
        outcome.message().map(str::to_owned),
        entry.detail.as_ref().map(json),
        instant(entry.cutoff),
        Some(entry.job.to_string()),
        Some(entry.fingerprint.to_string()),
        Some(entry.sql.clone()),
        Some(json(&entry.parameters)),
        (!entry.vars.is_empty()).then(|| json(&entry.vars)),
        number(entry.usage.bytes_processed),
        number(entry.usage.bytes_billed),
        number(entry.usage.slot_ms),
        instant(entry.usage.started),
        instant(entry.usage.ended),
        Some(entry.at.to_string()),
        instant(entry.rehearsed_at),
        entry.recovered_by.as_ref().map(RunId::to_string),
        Some(entry.version.clone()),
        Some(entry.who.clone()),
    ]
}

/// Serializes texts, numbers, and lists and maps of these with text keys, which serde_json never refuses.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Reads an entry. Errors: another format, or a value that this version never writes.
pub(super) fn entry(cells: &Cells) -> Result<Entry> {
    let row = Row(cells);
    let format: u32 = row.always(FORMAT_COLUMN)?;
    if format != FORMAT {
        return Err(other_format(&format.to_string(), "a newer onerow wrote it; use that version"));
    }
    Ok(Entry {
        run: row.read("run_id", RunId::parse)?,
        sequence: row.always("sequence")?,
        rule: row.read("rule", RuleName::parse)?,
        table: row.read("table_name", TableName::parse_shards)?,
        window: row.window()?,
        step: row.read("step", StepName::parse)?,
        job: JobId::from_ledger(row.always("job_id")?),
        fingerprint: Fingerprint::from_ledger(row.always("fingerprint")?),
        sql: row.always("sql")?,
        cutoff: row.maybe("cutoff")?,
        parameters: row.json("parameters")?.ok_or_else(|| row.damaged("parameters"))?,
        vars: row.json("vars")?.unwrap_or_default(),
        outcome: row.outcome()?,
        detail: row.json::<Detail>("detail")?,
        usage: Usage {
            bytes_processed: row.maybe("bytes_processed")?,
            bytes_billed: row.maybe("bytes_billed")?,
            slot_ms: row.maybe("slot_ms")?,
            started: row.maybe("started_at")?,
            ended: row.maybe("ended_at")?,
        },
        at: row.always("logged_at")?,
        rehearsed_at: row.maybe("rehearsed_at")?,
        recovered_by: row.cell("recovered_by").map(RunId::parse).transpose()?,
        version: row.always("version")?,
        who: row.always("who")?,
    })
}

/// The error for a ledger format that this version does not support.
pub(super) fn other_format(found: &str, help: &str) -> Error {
    Error::new(
        Kind::LedgerFormat,
        format!("the ledger has format {found}, this onerow knows {FORMAT}"),
    )
    .help(help)
}

/// A row whose cells are accessed by column name.
struct Row<'a>(&'a Cells);

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&str> {
        let place = COLUMNS.iter().position(|(name, _, _)| *name == column)?;
        self.0[place].as_deref()
    }

    fn maybe<T: FromStr>(&self, column: &str) -> Result<Option<T>> {
        let parsed = self.cell(column).map(str::parse).transpose();
        parsed.map_err(|_| self.damaged(column))
    }

    fn always<T: FromStr>(&self, column: &str) -> Result<T> {
        self.maybe(column)?.ok_or_else(|| self.damaged(column))
    }

    fn read<T, E>(&self, column: &str, parse: fn(&str) -> Result<T, E>) -> Result<T> {
        let cell = self.cell(column).ok_or_else(|| self.damaged(column))?;
        parse(cell).map_err(|_| self.damaged(column))
    }

    fn json<T: DeserializeOwned>(&self, column: &str) -> Result<Option<T>> {
        let parsed = self.cell(column).map(serde_json::from_str).transpose();
        parsed.map_err(|cause| self.damaged(column).caused_by(cause))
    }

    fn window(&self) -> Result<Window> {
        let first = self.date("first_date")?;
        let last = self.date("last_date")?;
        let window = match (self.json::<Vec<Day>>("dates")?, first, last) {
            (None, Some(first), Some(last)) => Window::range(Day::from(first), Day::from(last)),
            (None, ..) => return Err(self.damaged("first_date")),
            (Some(days), ..) => Window::of_days(days),
        };
        let window = window.map_err(|_| self.damaged("dates"))?;
        match (window.first().date(), window.last().date()) == (first, last) {
            true => Ok(window),
            false => Err(self.damaged("dates")),
        }
    }

    /// A DATE; NULL for rows without a date, and for a table without dates.
    fn date(&self, column: &str) -> Result<Option<Date>> {
        let date = |cell| strict_date(cell).ok_or_else(|| self.damaged(column));
        self.cell(column).map(date).transpose()
    }

    fn outcome(&self) -> Result<Outcome> {
        let message = || self.always("error");
        match self.cell("outcome") {
            Some("started") => Ok(Outcome::Started),
            Some("done") => Ok(Outcome::Done { affected: self.maybe("affected_rows")? }),
            Some("failed") => {
                let kind = self.read("error_code", Kind::parse)?;
                Ok(Outcome::Failed { kind, message: message()? })
            }
            Some("unknown") => Ok(Outcome::Unknown { message: message()? }),
            _ => Err(self.damaged("outcome")),
        }
    }

    fn damaged(&self, column: &str) -> Error {
        let value = self.cell(column).unwrap_or("NULL").escape_debug();
        Error::new(Kind::UnexpectedAnswer, format!("the ledger's column {column} holds `{value}`"))
            .help("another program has changed the ledger; restore it from a backup")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::fixed::{done, failed, started, unknown};
    use crate::rule::Strategy;

    fn with(column: &str, value: Option<&str>) -> Result<Entry> {
        let mut all = cells(&done("r1", 1));
        let place = COLUMNS.iter().position(|(name, _, _)| *name == column).unwrap();
        all[place] = value.map(str::to_owned);
        entry(&all)
    }

    #[test]
    fn an_entry_is_read_back_as_it_was_written() {
        use crate::ledger::MergeCounts;
        let days = ["2026-01-20", "2026-01-21", "2026-01-30"].map(|day| Day::parse(day).unwrap());
        let tables =
            ["nba.staging_a", "p.nba.staging_b"].map(|name| TableName::parse(name).unwrap());
        let at = |detail| Entry { detail: Some(detail), ..started("r1", 1) };
        let counts = MergeCounts { inserts: 1, updates: 2, deletes: 3, left_out: 4 };
        for written in [
            started("r1", 1),
            done("r1", 1),
            failed("r1", 1),
            unknown("r1", 1),
            Entry { outcome: Outcome::Done { affected: None }, ..done("r1", 1) },
            Entry { window: Window::of_days(days.to_vec()).unwrap(), ..done("r1", 1) },
            Entry { window: Window::range(days[0], days[2]).unwrap(), ..done("r1", 1) },
            Entry { window: Window::whole(), ..done("r1", 1) },
            Entry { window: Window::day(Day::UNDATED), ..done("r1", 1) },
            Entry {
                window: Window::of_days(days.to_vec()).unwrap().with_undated(),
                ..done("r1", 1)
            },
            Entry { recovered_by: Some(RunId::parse("r2").unwrap()), ..failed("r1", 1) },
            Entry { rehearsed_at: Some(Timestamp::UNIX_EPOCH), cutoff: None, ..started("r1", 1) },
            at(Detail::Merge { staging: tables.to_vec(), counts: None }),
            at(Detail::Merge { staging: tables.to_vec(), counts: Some(counts) }),
            at(Detail::DropTable { table: tables[0].clone() }),
            at(Detail::Guard { removed: 3, keys_lost: 1, shared_ids: 2 }),
            at(Detail::Removal {
                record: "onerow_r1_2".to_owned(),
                strategy: Strategy::Rewrite,
                puts_together: false,
            }),
            at(Detail::Removal {
                record: "onerow_r1_2".to_owned(),
                strategy: Strategy::Rewrite,
                puts_together: true,
            }),
            at(Detail::Undo {
                run: RunId::parse("r0").unwrap(),
                record: "onerow_r0_2".to_owned(),
                strategy: Strategy::Delete,
            }),
        ] {
            let cells = cells(&written);
            assert_eq!(entry(&cells).unwrap(), written);
            for ((column, _, always), cell) in COLUMNS.iter().zip(&cells) {
                assert!(cell.is_some() || !always, "{column} is always there");
            }
        }
    }

    #[test]
    fn an_entry_of_another_format_is_refused_as_such() {
        let error = with("format", Some("3")).unwrap_err();
        assert_eq!(error.kind(), Kind::LedgerFormat);
        assert!(
            error.to_string().contains("the ledger has format 3, this onerow knows 2"),
            "{error}"
        );
    }

    #[test]
    fn what_this_version_would_not_have_written_is_an_error_that_names_the_column() {
        for (column, value) in [
            ("run_id", Some("a b")),
            ("rule", None),
            ("table_name", Some("x")),
            ("first_date", Some("2026-01-32")),
            ("first_date", Some("2026-01-29")),
            ("last_date", Some("2026-01-29x")),
            ("dates", Some("[\"2026-01-27\",\"2026-01-28\"]")),
            ("dates", Some("[]")),
            ("outcome", Some("paused")),
            ("outcome", None),
            ("affected_rows", Some("-1")),
            ("detail", Some("{}")),
            ("detail", Some("{\"counts\":{\"2026-02-30\":{}}}")),
            ("detail", Some("{\"counts\":{\"2026-01-28\":{\"active\":-1}}}")),
            ("parameters", Some("[]")),
            ("logged_at", Some("now")),
        ] {
            let error = with(column, value).unwrap_err();
            assert_eq!(error.kind(), Kind::UnexpectedAnswer, "{column} {value:?}");
            // The dates are inconsistent, and either may be wrong.
            let named = if column.ends_with("_date") { "date" } else { column };
            assert!(error.to_string().contains(named), "{column} {value:?}: {error}");
        }
        assert!(with("outcome", Some("failed")).is_err(), "without a kind");
    }
}

//! Jobs and bytes of a run, against counting and updating each date by itself. Both ways are run on
//! the embedded warehouse; the jobs are counted, and the bytes follow from the text of each statement
//! and the sizes of the columns, as BigQuery's documentation has it.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use onerow::clock::Clock;
use onerow::googlesql::SqlValue;
use onerow::removals::RemovalLog;
use onerow::rule::{Rule, RuleFile};
use onerow::warehouse::sqlite::{Access, Sqlite, Streaming};
use onerow::window::Day;
use rusqlite::Connection;
use sqlparser::ast::{Expr, Statement, Visit, Visitor};
use sqlparser::dialect::BigQueryDialect;
use sqlparser::parser::Parser;

use super::run::{onerow, output};

pub const HEADER: [&str; 8] = [
    "dates",
    "dirty",
    "jobs",
    "jobs, date by date",
    "processed",
    "processed, date by date",
    "billed",
    "billed, date by date",
];
/// Bytes are those of so many rows; jobs do not depend on it, so that the run has fewer.
const ROWS_OF_A_DATE: usize = 1000;
const ROWS_OF_THE_RUN: usize = 10;
const FIRST: &str = "2016-01-01";
const NOW: &str = "2030-01-01T00:00:00Z";

/// What the clean-up did before: it counted a date's duplicates, and updated where there were any.
const COUNT: &str = "SELECT COUNT(*) AS found FROM (
  SELECT game_id, player_lookup, system_id FROM nba_predictions.player_prop_predictions
  WHERE game_date = DATE '@date' AND is_active
  GROUP BY game_id, player_lookup, system_id HAVING COUNT(*) > 1)";
const UPDATE: &str = "UPDATE nba_predictions.player_prop_predictions
SET is_active = FALSE, updated_at = CURRENT_TIMESTAMP()
WHERE game_date = DATE '@date' AND is_active AND prediction_id IN (
  SELECT prediction_id FROM (
    SELECT prediction_id, ROW_NUMBER() OVER (
      PARTITION BY game_id, player_lookup, system_id ORDER BY created_at DESC) AS place
    FROM nba_predictions.player_prop_predictions
    WHERE game_date = DATE '@date' AND is_active)
  WHERE place > 1)";

/// One line for each window and share of dirty dates. Fails where the jobs are others than
/// 1 + two for each dirty date + 1.
pub fn rows() -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for dates in [1_usize, 30, 365, 3650] {
        for percent in [0, 1, 10, 100] {
            let dirty = (dates * percent).div_ceil(100);
            let cost = ours(dates, dirty);
            assert_eq!(cost.jobs, if dirty == 0 { 1 } else { 1 + 2 * dirty + 1 });
            let before = date_by_date(dates, dirty);
            rows.push(vec![
                dates.to_string(),
                format!("{percent} %"),
                cost.jobs.to_string(),
                before.jobs.to_string(),
                megabytes(cost.processed),
                megabytes(before.processed),
                megabytes(cost.billed),
                megabytes(before.billed),
            ]);
        }
    }
    rows
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}

#[derive(Default)]
struct Cost {
    jobs: usize,
    processed: u64,
    billed: u64,
}

/// BigQuery bills at least so much for each table that a job refers to.
/// Source: <https://cloud.google.com/bigquery/pricing#on_demand_pricing>
const LEAST: u64 = 10 << 20;

impl Cost {
    /// One more job, which processes so many bytes of its table.
    fn add(&mut self, processed: u64, sql: &str) {
        self.jobs += 1;
        self.processed += processed;
        let log = RemovalLog::embedded().table.to_string();
        let logs = if sql.contains(&log) { LEAST } else { 0 };
        self.billed += processed.max(LEAST) + logs;
    }
}

/// Runs `onerow apply` and reads what it sent from the ledger.
fn ours(dates: usize, dirty: usize) -> Cost {
    let folder = tempfile::tempdir().unwrap();
    let example = include_str!("../../examples/player_props/onerow.toml");
    let (start, _) = example.split_once("# Workers write").unwrap();
    let text = format!("{start}\n");
    std::fs::write(folder.path().join("onerow.toml"), &text).unwrap();
    let file = RuleFile::parse("onerow.toml", &text).unwrap();
    let (rule, days) = (&file.rules[0], days(dates));
    let database = folder.path().join(".onerow/local.db");
    fill(&database, rule, &days, dirty);
    let (first, last) = (days[0].to_string(), days[dates - 1].to_string());
    let mut apply = onerow(&["apply", "--from", &first, "--to", &last, "--now", NOW]);
    output(apply.current_dir(folder.path()));
    let connection = Connection::open(&database).unwrap();
    let sent =
        "SELECT sql, first_date, last_date, dates FROM _onerow_ledger WHERE outcome = 'done'";
    let mut sent = connection.prepare(sent).unwrap();
    let sent =
        sent.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    let mut cost = Cost::default();
    type Sent = (String, String, String, Option<String>);
    for (sql, first, last, listed) in sent.map(Result::<Sent, _>::unwrap) {
        let of_dates = days.iter().map(Day::to_string).filter(|day| match &listed {
            Some(listed) => listed.contains(day.as_str()),
            None => first <= *day && *day <= last,
        });
        let of_dates = of_dates.count();
        cost.add(processed(rule, &sql, of_dates), &sql);
    }
    cost
}

fn date_by_date(dates: usize, dirty: usize) -> Cost {
    let example = include_str!("../../examples/player_props/onerow.toml");
    let file = RuleFile::parse("onerow.toml", example).unwrap();
    let mut cost = Cost::default();
    for date in days(dates).iter().map(Day::to_string) {
        let sql = COUNT.replace("@date", &date);
        cost.add(processed(&file.rules[0], &sql, 1), &sql);
    }
    for date in days(dates).iter().take(dirty).map(Day::to_string) {
        let sql = UPDATE.replace("@date", &date);
        cost.add(processed(&file.rules[0], &sql, 1), &sql);
    }
    cost
}

fn days(count: usize) -> Vec<Day> {
    let first = Day::parse(FIRST).unwrap();
    std::iter::successors(Some(first), |day| day.next()).take(count).collect()
}

/// Dates that are dirty lie apart, as far as they can.
fn fill(database: &Path, rule: &Rule, days: &[Day], dirty: usize) {
    let now = Clock::Fixed(NOW.parse().unwrap());
    let drain = SignedDuration::from_mins(90);
    let sqlite = Sqlite::open(database, Access::Create, now, drain).unwrap();
    let is_dirty = |i: usize| (i + 1) * dirty / days.len() > i * dirty / days.len();
    let mut rows = days.iter().enumerate().flat_map(|(i, day)| {
        let copies = if is_dirty(i) { 2 } else { 1 };
        (0..ROWS_OF_THE_RUN).map(move |n| {
            let cell = |name: &str| cell(name, *day, n, n / copies);
            Ok(rule.columns.iter().map(|(name, _)| cell(name.as_str())).collect())
        })
    });
    sqlite.load(&rule.table, &rule.columns, &rule.nested, &mut rows, Streaming::Settled).unwrap();
    sqlite.index(&rule.table, rule.partition.column().unwrap()).unwrap();
}

/// A cell of the n-th row of a date. Texts of a column have one length, so that dates have one size.
fn cell(column: &str, day: Day, n: usize, thing: usize) -> SqlValue {
    let start: Timestamp = "2020-01-01T00:00:00Z".parse().unwrap();
    match column {
        "prediction_id" => SqlValue::String(format!("{day}-0000-4000-8000-{n:010}")),
        "game_id" => SqlValue::String(format!("{:08}_LALBOS", thing % 10)),
        "game_date" => SqlValue::from(day),
        "player_lookup" => SqlValue::String(format!("player{thing:08}")),
        "system_id" => SqlValue::String("ensemble_v1".to_owned()),
        "is_active" => SqlValue::Bool(true),
        "created_at" => SqlValue::Timestamp(start + SignedDuration::from_secs(n as i64)),
        _ => SqlValue::Null,
    }
}

/// The bytes of a column in each date. NULL takes none, which the other three columns are.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#data_type_sizes>
fn size(column: &str) -> u64 {
    let day = Day::parse(FIRST).unwrap();
    let of_row = match cell(column, day, 0, 0) {
        SqlValue::String(text) => 2 + text.len(),
        SqlValue::Bool(_) => 1,
        SqlValue::Null => 0,
        _ => 8,
    };
    (of_row * ROWS_OF_A_DATE) as u64
}

/// What a statement about so many dates processes: the columns that it refers to; an UPDATE also all
/// columns of the partitions that it changes.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#on-demand_query_size_calculation>
fn processed(rule: &Rule, sql: &str, dates: usize) -> u64 {
    let parsed = Parser::parse_sql(&BigQueryDialect {}, sql).unwrap();
    let mut names = Names(BTreeSet::new());
    _ = parsed.visit(&mut names);
    let columns = rule.columns.iter().map(|(name, _)| name.as_str());
    let referred: u64 = columns.clone().filter(|name| names.0.contains(*name)).map(size).sum();
    let changed: u64 = match parsed[0] {
        Statement::Query(_) => 0,
        _ => columns.map(size).sum(),
    };
    (referred + changed) * dates as u64
}

/// Every name that stands where a column may stand.
struct Names(BTreeSet<String>);

impl Visitor for Names {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        if let Expr::Identifier(name) = expr {
            self.0.insert(name.value.clone());
        }
        ControlFlow::Continue(())
    }
}

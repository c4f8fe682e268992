//! A project whose warehouse `prod` is the emulator, with a dataset of its own.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value as Json;

use super::emulator::{Emulator, emulator};
use super::proxy::Proxy;
use crate::common::{self, HEADER, Project, RULE};

/// The columns of the small table.
pub const COLUMNS: [(&str, &str); 8] = [
    ("id", "STRING"),
    ("game_date", "DATE"),
    ("game_id", "STRING"),
    ("player", "STRING"),
    ("points_line", "NUMERIC"),
    ("is_active", "BOOL"),
    ("created_at", "TIMESTAMP"),
    ("updated_at", "TIMESTAMP"),
];

/// Two dates with duplicates and one without.
pub const ROWS: &str = "\
a1,2026-01-27,g1,a,,true,2026-01-27T01:00:00Z
b1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z
b2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z
b3,2026-01-28,g1,a,,true,2026-01-28T03:00:00Z
b4,2026-01-28,g1,b,,true,2026-01-28T03:00:00Z
c1,2026-01-29,g1,a,,true,2026-01-29T01:00:00Z
c2,2026-01-29,g1,a,,true,2026-01-29T02:00:00Z";

/// The ids that stay active.
pub const SURVIVORS: [&str; 4] = ["a1", "b3", "b4", "c2"];

pub const WINDOW: &str = "--from 2026-01-27 --to 2026-01-29";

/// 365 dates, of which each 36th has a duplicate: 10.
pub fn a_year() -> String {
    let first = jiff::civil::date(2025, 1, 1);
    let mut csv = String::new();
    for number in 0..365 {
        let day = first + jiff::Span::new().days(number);
        let row = |id: &str| format!("{id}-{day},{day},g,p,,true,{day}T0{}:00:00Z\n", id.len());
        csv.push_str(&row("a"));
        if number % 36 == 1 && number < 360 {
            csv.push_str(&row("aa"));
        }
    }
    csv
}

pub struct Fixture {
    pub project: Project,
    pub emulator: &'static Emulator,
    pub proxy: Proxy,
    /// The dataset of this test alone.
    pub dataset: String,
}

impl Fixture {
    /// The rule of the small table, with these keys added to the warehouse.
    pub fn new(keys: &str) -> Option<Self> {
        Self::with_rules(&RULE.replace("nba.", "DATASET."), keys)
    }

    /// `rules` with `DATASET` where the dataset's name goes.
    pub fn with_rules(rules: &str, keys: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let emulator = emulator()?;
        let dataset = format!("test_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        emulator.create_dataset(&dataset);
        let proxy = Proxy::start(emulator);
        let rules = rules.replace("DATASET", &dataset).replace("default_warehouse = \"local\"", "");
        let file = format!(
            "default_warehouse = \"prod\"\n{rules}\n[warehouse.prod]\ntype = \"bigquery\"\n\
             project = \"demo\"\nendpoint = \"{}\"\nledger = \"{dataset}.ledger\"\n{keys}\n",
            proxy.endpoint
        );
        Some(Self { project: Project::new(&file), emulator, proxy, dataset })
    }

    /// The small table with these rows.
    pub fn rows(self, rows: &str) -> Self {
        self.fill("predictions", rows);
        self
    }

    /// Another table like the small one, with these rows.
    pub fn fill(&self, name: &str, rows: &str) {
        let table = self.table(name);
        self.emulator.create_table(&table, &COLUMNS, "game_date", "game_id");
        self.emulator.load(&table, &format!("{HEADER}{rows}\n"));
    }

    /// The name of a table in this test's dataset.
    pub fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.dataset)
    }

    /// The ids of the active rows of the small table, as another client reads them.
    pub fn active(&self) -> Vec<String> {
        let sql = format!("SELECT id FROM {}.predictions WHERE is_active ORDER BY 1", self.dataset);
        self.emulator.query(&sql).into_iter().flatten().collect()
    }

    /// The ledger's entries, oldest first, as `log` prints them.
    pub fn entries(&self) -> Vec<Json> {
        let log =
            self.project.onerow("log --statements --format json --limit 100000").exits(0).json();
        log.as_array().unwrap().iter().rev().cloned().collect()
    }

    /// The entries as text: `deactivate 2026-01-28 done 2`.
    pub fn story(&self) -> Vec<String> {
        let word = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let line = |entry: &Json| {
            let [step, outcome, rows] =
                ["step", "outcome", "affected_rows"].map(|key| word(&entry[key]));
            let dates = common::dates(entry);
            format!("{step} {dates} {outcome} {rows}").replace(" null", "")
        };
        self.entries().iter().map(line).collect()
    }
}

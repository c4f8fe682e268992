//! onerow against each emulator as it is: nothing stands between them, so that what is sent is what is
//! executed, and what the emulator says of its jobs is what it was sent.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value as Json;

use super::emulator::{Emulator, Flavor};
use super::figures::{COLUMNS as PREDICTIONS, EXAMPLE, NULL_LINES, WINDOW as CASE};
use super::fixture::{COLUMNS, ROWS, SURVIVORS, WINDOW};
use crate::common::{HEADER, Project, RULE, part};
use crate::predictions;
use crate::seed_case::PUBLISHED;

// Of the cases one half is played a day, which has both emulators; of the others one row.

/// The example's rules, on each emulator.
const CASES: [(Flavor, &str); 4] = [
    (Flavor::BqEmulator, "player_prop_predictions"),
    (Flavor::BqEmulator, "by_line"),
    (Flavor::LocalBigQuery, "by_line"),
    (Flavor::LocalBigQuery, "player_prop_predictions"),
];

/// The strategies that each emulator knows: bqemulator has no INSERT ROW, which rewrite is written with.
const STRATEGIES: [(Flavor, &str); 5] = [
    (Flavor::BqEmulator, "deactivate"),
    (Flavor::BqEmulator, "delete"),
    (Flavor::LocalBigQuery, "delete"),
    (Flavor::LocalBigQuery, "deactivate"),
    (Flavor::LocalBigQuery, "rewrite"),
];

/// Whether a custom step may remove keys, on each emulator.
const CUSTOM: [(Flavor, bool); 4] = [
    (Flavor::BqEmulator, false),
    (Flavor::BqEmulator, true),
    (Flavor::LocalBigQuery, true),
    (Flavor::LocalBigQuery, false),
];

/// A project whose warehouse `prod` is an emulator, with a dataset of its own.
struct Plain {
    project: Project,
    emulator: &'static Emulator,
    dataset: String,
}

impl Plain {
    /// `rules` with `DATASET` where the dataset's name goes.
    fn new(flavor: Flavor, rules: &str) -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let emulator = flavor.emulator()?;
        let dataset = format!("plain_{}", NUMBER.fetch_add(1, Ordering::SeqCst));
        emulator.create_dataset(&dataset);
        let file = format!(
            "default_warehouse = \"prod\"\n{}\n[warehouse.prod]\ntype = \"bigquery\"\n\
             project = \"demo\"\nendpoint = \"{}\"\nledger = \"{dataset}.ledger\"\n",
            rules.replace("DATASET", &dataset).replace("default_warehouse = \"local\"", ""),
            emulator.endpoint
        );
        Some(Self { project: Project::new(&file), emulator, dataset })
    }

    fn table(&self, name: &str) -> String {
        format!("{}.{name}", self.dataset)
    }

    /// A table like the small one, with these rows, in the emulator and in the embedded warehouse.
    fn fill(&self, name: &str, rows: &str) {
        let (table, csv) = (self.table(name), format!("{HEADER}{rows}\n"));
        self.emulator.create_table(&table, &COLUMNS, "game_date", "game_id");
        self.emulator.load(&table, &csv);
        self.project.write("rows.csv", csv);
        self.project.onerow(&format!("load rows.csv --warehouse local --into {table}")).exits(0);
    }

    /// What the command says of both warehouses, but for the run's id: it is the same.
    fn of_both(&self, command: &str) -> Json {
        let [embedded, theirs] = ["local", "prod"].map(|warehouse| {
            let line = format!("{command} --format json --warehouse {warehouse}");
            let mut said = self.project.onerow(&line).exits(0).json();
            for varies in ["run_id", "undone", "statements"] {
                said.as_object_mut().unwrap().remove(varies);
            }
            for run in said["keyless_runs"].as_array_mut().into_iter().flatten() {
                run.as_object_mut().unwrap().remove("run_id");
            }
            said
        });
        assert_eq!(theirs, embedded, "{command}");
        theirs
    }

    /// Whether the table is the same in both warehouses, as two other clients read them.
    fn same_rows(&self, name: &str) -> usize {
        let table = self.table(name);
        let theirs = self.emulator.query(&format!(
            "SELECT id, CAST(CAST(points_line AS FLOAT64) AS STRING), CAST(is_active AS STRING) \
             FROM {table} ORDER BY 1, 2, 3"
        ));
        let database = self.project.database();
        let sql = format!(
            "SELECT id, coalesce(CAST(CAST(points_line AS REAL) AS TEXT), 'NULL'), \
             iif(is_active, 'true', 'false') FROM \"{table}\" ORDER BY 1, 2, 3"
        );
        let mut statement = database.prepare(&sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok(vec![row.get(0)?, row.get(1)?, row.get(2)?]);
        let ours: Vec<Vec<String>> =
            statement.query_map([], row).unwrap().map(Result::unwrap).collect();
        let float = |text: String| text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
        let [ours, theirs] = [ours, theirs].map(|rows| {
            let rows = rows.into_iter().map(|row| row.into_iter().map(float).collect());
            let mut rows: Vec<Vec<String>> = rows.collect();
            rows.sort();
            rows
        });
        assert_eq!(theirs, ours);
        theirs.len()
    }

    /// What `render` prints with these arguments, statement by statement.
    fn rendered(&self, arguments: &str) -> Vec<String> {
        let line = format!("render --format json {arguments}");
        let statements = self.project.onerow(&line).exits(0).json();
        let sql = |statement: &Json| statement["sql"].as_str().unwrap().to_owned();
        statements.as_array().unwrap().iter().map(sql).collect()
    }
}

/// The rule of the small table, in both warehouses.
fn rule(strategy: &str) -> String {
    let rule = RULE.replace("nba.", "DATASET.");
    match strategy {
        "deactivate" => rule,
        other => rule
            .replace("touched_at = \"updated_at\"\n", "")
            .replace("row_id =", &format!("strategy = \"{other}\"\nrow_id =")),
    }
}

#[test]
fn the_case_has_its_published_figures_on_each_emulator() {
    let rules = EXAMPLE.replace("nba_predictions.", "DATASET.");
    for (flavor, name) in part::of(CASES, 2) {
        let by_line = name == "by_line";
        let Some(plain) = Plain::new(flavor, &rules) else { return };
        let table = plain.table("player_prop_predictions");
        plain.project.write("sql/by_line/null_lines.sql", NULL_LINES);
        plain.emulator.create_table(&table, &PREDICTIONS, "game_date", "player_lookup");
        plain.emulator.load(&table, &predictions::csv());
        for (command, figure) in [("status", "duplicates"), ("apply", "deactivated")] {
            let line = format!("{command} {name} {CASE}");
            let dates = plain.project.onerow(&line).exits(0).json()["dates"].clone();
            let said = dates.as_array().unwrap().iter().map(|date| {
                let number = |key: &str| date[key].as_u64().unwrap();
                (date["date"].as_str().unwrap(), number("active"), number(figure))
            });
            let published = PUBLISHED.map(|(date, active, lines, players)| {
                (date, active, if by_line { lines } else { players })
            });
            assert_eq!(said.collect::<Vec<_>>(), published, "{flavor:?} {command} {name}");
        }
        let left = format!("SELECT COUNT(*) FROM {table} WHERE is_active");
        let total: u64 = if by_line { 9741 - 4689 } else { 9741 - 7865 };
        assert_eq!(plain.emulator.query(&left), [[total.to_string()]], "{flavor:?} {name}");
        let again = plain.project.onerow(&format!("apply {name} {CASE}")).exits(0).json();
        assert_eq!(again["totals"]["deactivated"], 0);
    }
}

/// Compared byte for byte with what the emulator says that it was sent.
#[test]
fn every_job_of_a_run_is_a_statement_that_render_prints() {
    for (flavor, strategy) in part::of(STRATEGIES, 5) {
        let Some(plain) = Plain::new(flavor, &rule(strategy)) else { return };
        plain.fill("predictions", ROWS);
        let applied = plain.project.onerow(&format!("apply --yes {WINDOW} --format json"));
        let applied = applied.exits(0).json();
        assert_eq!(applied["totals"]["deactivated"], 3, "{applied}");
        let active = format!("SELECT id FROM {} WHERE is_active", plain.table("predictions"));
        let mut active: Vec<_> = plain.emulator.query(&active).into_iter().flatten().collect();
        active.sort();
        assert_eq!(active, SURVIVORS, "{flavor:?} {strategy}");

        let run = applied["run_id"].as_str().unwrap();
        let jobs = plain.emulator.jobs(&format!("onerow_{run}"));
        let mut sent: Vec<String> = jobs.into_iter().map(|(_, sql)| sql).collect();
        let dirty = "--date 2026-01-28 --date 2026-01-29";
        let mut rendered = plain.rendered(&format!("--step detect {WINDOW}"));
        rendered.extend(plain.rendered(&format!("--step record {dirty}")));
        rendered.extend(plain.rendered(&format!("--step {strategy} {dirty}")));
        rendered.extend(plain.rendered(&format!("--step verify {dirty}")));
        sent.sort();
        rendered.sort();
        assert_eq!(sent, rendered, "{flavor:?} {strategy}");
        assert_eq!(rendered.len(), 6);
    }
}

#[test]
fn each_strategy_gives_the_table_that_the_embedded_warehouse_gives() {
    for (flavor, strategy) in
        part::of(STRATEGIES.into_iter().filter(|(_, strategy)| *strategy != "rewrite"), 4)
    {
        let Some(plain) = Plain::new(flavor, &rule(strategy)) else { return };
        plain.fill("predictions", ROWS);
        plain.of_both(&format!("status {WINDOW}"));
        plain.of_both(&format!("explain {WINDOW}"));
        let applied = plain.of_both(&format!("apply --yes {WINDOW}"));
        assert_eq!(applied["totals"]["deactivated"], 3, "{flavor:?} {strategy}");
        assert!(plain.same_rows("predictions") >= SURVIVORS.len());
        let again = plain.of_both(&format!("apply --yes {WINDOW}"));
        assert_eq!(again["totals"]["deactivated"], 0, "{flavor:?} {strategy}");
    }
}

/// Its guard, its record and its UPDATE are what the emulators are sent, and they do the same.
#[test]
fn a_custom_step_removes_what_it_removes_from_the_embedded_warehouse() {
    const VOID: &str = "UPDATE {{ rule.table }} AS t SET {{ rule.active }} = FALSE\n\
                        WHERE {{ window.filter }} AND created_at < @cutoff\n  AND t.id IN (\n\
                        SELECT id FROM {{ rule.table }} WHERE {{ window.filter }} AND player = 'a')";
    for (flavor, may) in part::of(CUSTOM, 4) {
        let steps = format!(
            "steps = [{{ name = \"void\", may_remove_keys = {may} }}, \"detect\", \"deactivate\", \"verify\"]\nrow_id ="
        );
        let rules = rule("deactivate").replace("row_id =", &steps);
        let Some(plain) = Plain::new(flavor, &rules) else { return };
        plain.project.write("sql/void.sql", VOID);
        plain.fill("predictions", ROWS);
        if !may {
            for warehouse in ["local", "prod"] {
                let line = format!("apply {WINDOW} --warehouse {warehouse}");
                let refused = plain.project.onerow(&line).exits(1);
                refused.says(&["step void would remove the last active row of keys: "]);
            }
        } else {
            let applied = plain.of_both(&format!("apply {WINDOW}"));
            assert!(applied["steps"][0]["keys_lost"].as_u64().unwrap() > 0, "{applied}");
            plain.of_both("undo last");
        }
        plain.same_rows("predictions");
    }
}

#[test]
fn an_undo_restores_what_a_run_removed() {
    for (flavor, strategy) in part::of(STRATEGIES, 5) {
        let Some(plain) = Plain::new(flavor, &rule(strategy)) else { return };
        plain.fill("predictions", ROWS);
        let active = || {
            let table = plain.table("predictions");
            let sql = format!("SELECT id FROM {table} WHERE is_active");
            let mut ids: Vec<_> = plain.emulator.query(&sql).into_iter().flatten().collect();
            ids.sort();
            ids
        };
        let before = active();
        plain.project.onerow(&format!("apply --yes {WINDOW}")).exits(0);
        assert_eq!(active(), SURVIVORS, "{flavor:?} {strategy}");
        let undone = plain.project.onerow("undo last --format json").exits(0).json();
        assert_eq!(undone["dates"][0]["rows"], 2, "{flavor:?} {strategy}: {undone}");
        assert_eq!(active(), before, "{flavor:?} {strategy}");
    }
}

#[test]
fn staging_tables_are_merged_as_the_embedded_warehouse_merges_them() {
    const MAIN: &str = "\
m1,2026-01-28,g1,ann,20.5,true,2026-01-28T01:00:00Z
m2,2026-01-28,,bob,,true,2026-01-28T01:00:00Z
m3,2026-01-28,g1,eve,9,false,2026-01-28T01:00:00Z";
    const STAGED: &str = "\
a1,2026-01-28,g1,ann,21.5,true,2026-01-28T02:00:00Z
a2,2026-01-28,,bob,-1,true,2026-01-28T02:00:00Z
a3,2026-01-28,g1,eve,9,true,2026-01-28T00:30:00Z
a4,2026-01-29,g2,dog,7,true,2026-01-28T02:00:00Z";
    for flavor in part::of(Flavor::ALL, 2) {
        let staging = "[rule.predictions.staging]\ntables = [\"DATASET.staging\"]\n";
        let Some(plain) = Plain::new(flavor, &format!("{}{staging}", rule("deactivate"))) else {
            return;
        };
        plain.fill("predictions", MAIN);
        plain.fill("staging", STAGED);
        let window = "--from 2026-01-28 --to 2026-01-29";
        let merged = plain.of_both(&format!("consolidate {window}"));
        assert_eq!(merged["dates"][0]["merged"], 3, "{flavor:?} {merged}");
        assert_eq!(plain.same_rows("predictions"), 5);
        assert_eq!(plain.of_both(&format!("consolidate {window}"))["dates"][0]["merged"], 0);
    }
}

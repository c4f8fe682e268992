//! The example project's whole case: BigQuery's figures are the embedded warehouse's, which are the
//! published ones (`tests/seed_case.rs`), and another client agrees afterwards.

use serde_json::Value as Json;

use super::fixture::Fixture;
use crate::common::part;
use crate::predictions;

pub const EXAMPLE: &str = include_str!("../../examples/player_props/onerow.toml");
pub const NULL_LINES: &str = include_str!("../../examples/player_props/sql/by_line/null_lines.sql");
pub const WINDOW: &str = "--from 2026-01-20 --to 2026-01-29 --format json";

pub const COLUMNS: [(&str, &str); 10] = [
    ("prediction_id", "STRING"),
    ("game_id", "STRING"),
    ("game_date", "DATE"),
    ("player_lookup", "STRING"),
    ("system_id", "STRING"),
    ("current_points_line", "NUMERIC"),
    ("predicted_points", "NUMERIC"),
    ("is_active", "BOOL"),
    ("created_at", "TIMESTAMP"),
    ("updated_at", "TIMESTAMP"),
];

/// The example project with its data in both warehouses.
fn both() -> Option<Fixture> {
    let fixture = Fixture::with_rules(&EXAMPLE.replace("nba_predictions.", "DATASET."), "")?;
    let project = &fixture.project;
    project.write("sql/by_line/null_lines.sql", NULL_LINES);
    let csv = predictions::csv();
    project.write("predictions.csv", &csv);
    project.onerow("load by_line predictions.csv --warehouse local").exits(0);
    let table = fixture.table("player_prop_predictions");
    fixture.emulator.create_table(&table, &COLUMNS, "game_date", "player_lookup");
    fixture.emulator.load(&table, &csv);
    Some(fixture)
}

fn without(mut document: Json, keys: &[&str]) -> Json {
    for key in keys {
        document.as_object_mut().unwrap().remove(*key);
    }
    document
}

#[test]
fn both_warehouses_give_the_same_figures_date_by_date() {
    if !part::is_turn(0, 2) {
        return;
    }
    for (rule, duplicates) in [("player_prop_predictions", 7865), ("by_line", 4689)] {
        let Some(fixture) = both() else { return };
        for command in ["status", "plan", "apply", "status"] {
            let of = |warehouse: &str| {
                let line = format!("{command} {rule} {WINDOW} --warehouse {warehouse}");
                without(
                    fixture.project.onerow(&line).exits(0).json(),
                    &["run_id", "statements", "billed_if_every_date_had_duplicates"],
                )
            };
            let embedded = of("local");
            assert_eq!(of("prod"), embedded, "{command} {rule}");
            if command == "apply" {
                assert_eq!(embedded["totals"]["deactivated"], duplicates);
            }
        }
        same_survivors(&fixture);
    }
}

/// Neither reader is onerow: one is SQLite, the other plain HTTP. Survivors are the same rows, and
/// untouched: `updated_at`, in microseconds, is what was loaded.
fn same_survivors(fixture: &Fixture) {
    let table = fixture.table("player_prop_predictions");
    let sql = |table: &str| {
        format!("SELECT prediction_id, updated_at FROM {table} WHERE is_active ORDER BY 1")
    };
    let database = rusqlite::Connection::open(fixture.project.path(".onerow/local.db")).unwrap();
    let mut statement = database.prepare(&sql(&format!("\"{table}\""))).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok(vec![row.get(0)?, row.get::<_, i64>(1)?.to_string()]);
    let embedded = statement.query_map([], row).unwrap();
    let embedded: Vec<Vec<String>> = embedded.map(Result::unwrap).collect();
    assert_eq!(fixture.emulator.query(&sql(&table)), embedded);
}

#[test]
fn a_second_apply_sends_detect_alone_and_changes_nothing() {
    if !part::is_turn(1, 2) {
        return;
    }
    let Some(fixture) = both() else { return };
    let apply = format!("apply player_prop_predictions {WINDOW}");
    fixture.project.onerow(&apply).exits(0);
    let table = fixture.table("player_prop_predictions");
    let rows = || fixture.emulator.query(&format!("SELECT * FROM {table} ORDER BY 1"));
    let before = rows();
    let second = fixture.project.onerow(&apply).exits(0).json();
    assert_eq!(second["totals"]["deactivated"], 0);
    assert_eq!(rows(), before);
    let run = second["run_id"].as_str().unwrap();
    let log = fixture.project.onerow(&format!("log {run} --format json")).exits(0).json();
    let steps: Vec<&Json> = log.as_array().unwrap().iter().map(|entry| &entry["step"]).collect();
    assert_eq!(steps, ["detect", "detect"], "started and done, and nothing else");
}

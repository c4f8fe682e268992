//! Each strategy on the emulator gives the table that the embedded warehouse gives.

use super::fixture::{Fixture, WINDOW};
use crate::common::part;

const RULE: &str = r#"
[rule.predictions]
table = "DATASET.predictions"
partition = "game_date"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
written_at = "created_at"
STRATEGY
"#;

/// Duplicates, a row of another key, an inactive row, NULLs; on the 29th shared ids that differ.
const ROWS: &str = "\
a1,2026-01-27,g1,,,true,2026-01-27T01:00:00Z
a2,2026-01-27,g1,,20.5,true,2026-01-27T02:00:00Z
b1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z
b2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z
b3,2026-01-28,g1,a,,true,
b4,2026-01-28,g1,b,,true,2026-01-28T03:00:00Z
b5,2026-01-28,g1,b,,false,2026-01-28T04:00:00Z";
/// Rows of the day before, and of the day after: the same two keys, and one that is alone there.
const NEAR: &str = "
d1,2026-01-27,g1,a,,true,2026-01-27T03:00:00Z
d2,2026-01-27,g1,b,,true,2026-01-28T06:00:00Z
d3,2026-01-29,g1,c,,true,2026-01-29T03:00:00Z
d4,2026-01-29,g1,,,true,2026-01-26T03:00:00Z";
/// Rows that have what their survivors lack.
const LINES: &str = "
b6,2026-01-28,g1,a,7.5,true,2026-01-28T01:30:00Z
b7,2026-01-28,g1,a,8.5,true,2026-01-28T01:15:00Z
e1,2026-01-29,g1,a,6.5,true,2026-01-29T01:00:00Z
e2,2026-01-29,g1,a,,true,2026-01-29T02:00:00Z";
const SHARED_IDS: &str = "
c1,2026-01-29,g1,a,,true,2026-01-29T01:00:00Z
c1,2026-01-29,g1,a,,true,2026-01-29T01:00:00Z
c2,2026-01-29,g1,b,10.5,true,2026-01-29T01:00:00Z
c2,2026-01-29,g1,b,9.5,true,2026-01-29T01:00:00Z";

#[test]
fn each_strategy_gives_the_table_that_the_embedded_warehouse_gives() {
    let cases = [
        ("active = \"is_active\"\ntouched_at = \"updated_at\"", ROWS.to_owned()),
        ("active = \"is_active\"\nstrategy = \"delete\"", ROWS.to_owned()),
        ("strategy = \"delete\"", ROWS.to_owned()),
        ("active = \"is_active\"\nstrategy = \"rewrite\"", format!("{ROWS}{SHARED_IDS}")),
        ("strategy = \"rewrite\"", format!("{ROWS}{SHARED_IDS}")),
        (
            "active = \"is_active\"\nstrategy = \"rewrite\"\nmerge = \"last_non_null\"",
            format!("{ROWS}{LINES}"),
        ),
        (
            "active = \"is_active\"\ntouched_at = \"updated_at\"\nacross = \"1d\"",
            format!("{ROWS}{NEAR}"),
        ),
        ("strategy = \"delete\"\nacross = \"1d\"", format!("{ROWS}{NEAR}")),
        ("strategy = \"rewrite\"\nacross = \"1d\"", format!("{ROWS}{NEAR}{SHARED_IDS}")),
    ];
    for (strategy, rows) in part::of(&cases, 9) {
        let columns = "[rule.predictions.columns]\nid = \"STRING\"\ngame_date = \"DATE\"\n\
             game_id = \"STRING\"\nplayer = \"STRING\"\npoints_line = \"NUMERIC\"\n\
             is_active = \"BOOL\"\ncreated_at = \"TIMESTAMP\"\nupdated_at = \"TIMESTAMP\"\n\
             [warehouse.local]\ntype = \"sqlite\"";
        let rule = RULE.replace("STRATEGY", strategy);
        let rules = format!("{rule}{columns}");
        let Some(fixture) = Fixture::with_rules(&rules, "") else { return };
        let fixture = fixture.rows(rows);
        let project = &fixture.project;
        project.write("rows.csv", format!("{}{rows}\n", crate::common::HEADER));
        project.onerow("load rows.csv --warehouse local").exits(0);
        let apply = |warehouse: &str| {
            let line = format!("apply --yes {WINDOW} --format json --warehouse {warehouse}");
            let mut applied = project.onerow(&line).exits(0).json();
            applied.as_object_mut().unwrap().remove("run_id");
            applied
        };
        let explain = |warehouse: &str| {
            let line = format!("explain {WINDOW} --format json --warehouse {warehouse}");
            project.onerow(&line).exits(0).json()
        };
        let explained = explain("local");
        assert!(!explained["superseded"].as_array().unwrap().is_empty());
        assert_eq!(explain("prod"), explained, "{strategy}");
        let embedded = apply("local");
        assert!(embedded["totals"]["deactivated"].as_u64().unwrap() > 2, "{strategy}: {embedded}");
        assert_eq!(apply("prod"), embedded, "{strategy}");
        let table = fixture.table("predictions");
        let sql = |table: &str| {
            format!(
                "SELECT id, CAST(points_line AS STRING) AS line, CAST(is_active AS STRING) AS flag \
                 FROM {table} ORDER BY 1, 2, 3"
            )
        };
        let database = project.database();
        let embedded = format!(
            "SELECT coalesce(id, 'NULL'), coalesce(points_line, 'NULL'), iif(is_active, 'true', 'false') \
             FROM \"{table}\" ORDER BY 1, 2, 3"
        );
        let mut statement = database.prepare(&embedded).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok(vec![row.get(0)?, row.get(1)?, row.get(2)?]);
        let rows = statement.query_map([], row).unwrap();
        let rows: Vec<Vec<String>> = rows.map(Result::unwrap).collect();
        let theirs = fixture.emulator.query(&sql(&table));
        let short = |text: &str| text.trim_end_matches('0').trim_end_matches('.').to_owned();
        let theirs: Vec<Vec<String>> =
            theirs.iter().map(|row| vec![row[0].clone(), short(&row[1]), row[2].clone()]).collect();
        assert_eq!(theirs, rows, "{strategy}");
        assert_eq!(apply("prod")["totals"]["deactivated"], 0, "{strategy}");
    }
}

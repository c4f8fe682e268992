//! Tables that each hold one date, on the emulator.

use super::fixture::{Fixture, ROWS};
use crate::common::{RULE, part};

#[test]
fn each_date_of_a_window_is_cleaned_in_its_own_table_and_restored() {
    let rule = RULE
        .replace("nba.predictions", "DATASET.predictions_*")
        .replace("partition = \"game_date\"", "partition = \"_TABLE_SUFFIX\"")
        .replace("row_id", "keep_rows = true\nrow_id");
    let strategies = ["", "strategy = \"delete\"", "strategy = \"rewrite\""];
    for strategy in part::of(strategies, 3) {
        let rule = match strategy {
            "" => rule.clone(),
            other => rule.replace("touched_at = \"updated_at\"", other),
        };
        let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
        for date in ["2026-01-27", "2026-01-28"] {
            let rows = ROWS.lines().filter(|line| line.contains(&format!(",{date},")));
            let rows: Vec<&str> = rows.collect();
            fixture.fill(&format!("predictions_{}", date.replace('-', "")), &rows.join("\n"));
        }
        let active = |date: &str| -> Vec<String> {
            let table = fixture.table(&format!("predictions_{date}"));
            let sql = format!("SELECT id FROM {table} WHERE is_active ORDER BY 1");
            fixture.emulator.query(&sql).into_iter().flatten().collect()
        };
        let window = "--from 2026-01-27 --to 2026-01-29";
        let apply = format!("apply --yes {window} --format json");
        let applied = fixture.project.onerow(&apply).exits(0).json();
        let statuses: Vec<&str> = applied["dates"]
            .as_array()
            .unwrap()
            .iter()
            .map(|date| date["status"].as_str().unwrap())
            .collect();
        assert_eq!(statuses, ["clean", "cleaned", "empty"], "{strategy}");
        assert_eq!(
            (active("20260127"), active("20260128")),
            (vec!["a1".to_owned()], vec!["b3".to_owned(), "b4".to_owned()])
        );
        let again = fixture.project.onerow(&apply).exits(0).json();
        assert_eq!(again["totals"]["deactivated"], 0, "{strategy}");
        fixture
            .project
            .onerow("doctor --date 2026-01-28")
            .prints(&["each date has a table of its own"]);
        // The emulator has no time travel: rows come back from the table where that takes none.
        if strategy.is_empty() {
            let run = applied["run_id"].as_str().unwrap();
            fixture.project.onerow(&format!("undo {run}")).exits(0);
            assert_eq!(active("20260128"), ["b1", "b2", "b3", "b4"]);
        }
    }
}

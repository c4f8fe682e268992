//! The read-side view on the emulator, read by another client.

use super::fixture::{COLUMNS, Fixture, ROWS, SURVIVORS};
use crate::common::whole::whole;
use crate::common::{HEADER, RULE};

#[test]
fn the_view_has_the_survivors_for_every_reader() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let read = || {
        let sql = format!("SELECT id FROM {}.predictions_current ORDER BY 1", fixture.dataset);
        fixture.emulator.query(&sql).into_iter().flatten().collect::<Vec<_>>()
    };
    fixture.project.onerow("view create").exits(0);
    assert_eq!(read(), SURVIVORS);
    whole!(fixture.project.onerow("view create"), @"
    $ onerow view create
    exit code 2
    -- stderr
    error[usage]: there is a `[DATASET].predictions_current` already
      help: replace it with --replace, or set `view` in the rule to another name
    ");
    fixture.project.onerow("view create --replace").exits(0);
    fixture.project.onerow(&format!("apply {}", super::fixture::WINDOW)).exits(0);
    assert_eq!(read(), SURVIVORS);
    fixture.project.onerow("view drop").exits(0);
    let story = fixture.story();
    assert_eq!(
        story.iter().filter(|line| line.contains("_view") && line.contains(" done")).count(),
        3,
        "{story:?}"
    );
}

#[test]
fn the_view_of_a_table_by_instants_is_filtered_by_their_dates() {
    let rule = RULE
        .replace("nba.", "DATASET.")
        .replace(
            "partition = \"game_date\"",
            "partition = \"game_date\"\npartition_type = \"TIMESTAMP\"",
        )
        .replace("game_date = \"DATE\"", "game_date = \"TIMESTAMP\"");
    let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
    let (table, mut columns) = (fixture.table("predictions"), COLUMNS);
    columns[1].1 = "TIMESTAMP";
    fixture.emulator.create_table(&table, &columns, "game_date", "game_id");
    let rows = "a,2026-01-28T01:00:00Z,g1,ann,20.5,true,2026-01-28T08:00:00Z\n\
                b,2026-01-28T23:00:00Z,g1,ann,21.5,true,2026-01-28T09:00:00Z\n\
                c,2026-01-29T00:00:00Z,g1,ann,,true,2026-01-28T08:00:00Z\n";
    fixture.emulator.load(&table, &format!("{HEADER}{rows}"));
    fixture.project.onerow("view create").exits(0);
    let sql = format!(
        "SELECT id FROM {}.predictions_current WHERE onerow_date = DATE '2026-01-28' ORDER BY 1",
        fixture.dataset
    );
    assert_eq!(fixture.emulator.query(&sql), [["b"]]);
}

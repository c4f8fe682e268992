//! `consolidate` on the emulator: the MERGE gives what it gives embedded, and is sent once.

use super::fixture::Fixture;
use super::proxy::Fault;
use crate::common::whole::whole;
use crate::common::{HEADER, RULE, part};

const MAIN: &str = "\
m1,2026-01-28,g1,ann,20.5,true,2026-01-28T01:00:00Z
m2,2026-01-28,,bob,,true,2026-01-28T01:00:00Z
m3,2026-01-28,g1,eve,9,false,2026-01-28T01:00:00Z
m4,2026-01-29,g1,ann,1,true,2026-01-28T01:00:00Z
m5,2026-01-29,g1,ann,1,true,2026-01-28T02:00:00Z";

const A: &str = "\
a1,2026-01-28,g1,ann,20.5,true,2026-01-28T02:00:00Z
a2,2026-01-28,g1,ann,21.5,true,2026-01-28T02:00:00Z
a3,2026-01-28,,bob,-1,true,2026-01-28T02:00:00Z
a4,2026-01-28,g1,eve,9,true,2026-01-28T00:30:00Z
a5,2026-01-29,g1,ann,1,true,2026-01-28T01:30:00Z";

const B: &str = "\
b1,2026-01-28,g1,ann,21.5,true,2026-01-28T03:00:00Z
b2,2026-01-28,,cat,,true,2026-01-28T02:00:00Z
b3,2026-01-29,g1,,7,true,2026-01-28T02:00:00Z
b4,2026-01-29,g2,dog,7,false,2026-01-28T02:00:00Z";

const WINDOW: &str = "--from 2026-01-28 --to 2026-01-29";

fn fixture(steps: &str) -> Option<Fixture> {
    let rule = RULE
        .replace("nba.", "DATASET.")
        .replace("touched_at = \"updated_at\"\n", "")
        .replace("\"player\"]", "\"player\", \"COALESCE(points_line, -1)\"]")
        .replace("row_id", &format!("{steps}\nrow_id"));
    let staging =
        "[rule.predictions.staging]\ntables = [\"DATASET.staging_a\", \"DATASET.staging_b\"]\n";
    let fixture = Fixture::with_rules(&format!("{rule}{staging}"), "")?.rows(MAIN);
    fixture.fill("staging_a", A);
    fixture.fill("staging_b", B);
    Some(fixture)
}

/// The main table and one staging table, of which some rows are deletion markers.
fn marking(keys: &str, deleted: &str) -> Option<Fixture> {
    let rule = RULE.replace("nba.", "DATASET.").replace("touched_at = \"updated_at\"\n", "");
    let rule = match keys {
        "" => rule,
        keys => rule.replace("active = \"is_active\"", keys),
    };
    let staging =
        format!("[rule.predictions.staging]\ntables = [\"DATASET.staging_a\"]\n{deleted}");
    let fixture = Fixture::with_rules(&format!("{rule}{staging}"), "")?.rows(MAIN);
    fixture.fill("staging_a", MARKED);
    Some(fixture)
}

/// Markers of either rule: not active, and without a line. One is newer than its row, one is older, one
/// has no row, one has NULL in its key, and one is between two staged rows.
const MARKED: &str = "\
a1,2026-01-28,g1,ann,,false,2026-01-28T02:00:00Z
a2,2026-01-28,,bob,,false,2026-01-28T00:30:00Z
a3,2026-01-28,g9,zoe,,false,2026-01-28T02:00:00Z
a4,2026-01-28,g1,eve,8,true,2026-01-28T02:00:00Z
a5,2026-01-28,g1,eve,,false,2026-01-28T03:00:00Z
a6,2026-01-28,g1,eve,7,true,2026-01-28T04:00:00Z
a7,2026-01-29,g1,ann,,false,2026-01-28T03:00:00Z";

/// The table of the embedded warehouse, as `id line active`.
fn embedded_rows(fixture: &Fixture) -> Vec<String> {
    let database = fixture.project.database();
    let sql = format!(
        "SELECT id || ' ' || coalesce(points_line, '-') || ' ' || iif(is_active, 'true', 'false') \
         FROM \"{}\" ORDER BY id, points_line",
        fixture.table("predictions")
    );
    let mut statement = database.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// The table on the emulator, as `id line active`.
fn rows(fixture: &Fixture) -> Vec<String> {
    let sql = format!(
        "SELECT id, COALESCE(CAST(CAST(points_line AS FLOAT64) AS STRING), '-'), CAST(is_active AS STRING) \
         FROM {} ORDER BY 1, 2",
        fixture.table("predictions")
    );
    fixture.emulator.query(&sql).iter().map(|row| row.join(" ").replace(".0 ", " ")).collect()
}

#[test]
fn the_merge_gives_the_table_that_the_embedded_warehouse_gives() {
    let Some(fixture) = fixture("") else { return };
    let project = &fixture.project;
    for (table, csv) in [("predictions", MAIN), ("staging_a", A), ("staging_b", B)] {
        project.write("rows.csv", format!("{HEADER}{csv}\n"));
        let into = fixture.table(table);
        project.onerow(&format!("load rows.csv --warehouse local --into {into}")).exits(0);
    }
    let merged = |warehouse: &str| {
        let line = format!("consolidate {WINDOW} --format json --warehouse {warehouse}");
        let mut merged = project.onerow(&line).exits(0).json();
        merged.as_object_mut().unwrap().remove("run_id");
        merged
    };
    let embedded = merged("local");
    assert_eq!(embedded["dates"][0]["merged"], 4, "{embedded}");
    assert_eq!(merged("prod"), embedded);
    assert_eq!(rows(&fixture), embedded_rows(&fixture));
    assert_eq!(merged("prod")["dates"][0]["merged"], 0, "nothing is left to merge");
}

#[test]
fn a_merge_whose_answer_is_lost_is_looked_up_and_not_sent_again() {
    let Some(fixture) = fixture("") else { return };
    fixture.proxy.arm("insert consolidate", Fault::CutAfter, 1);
    fixture.proxy.arm("insert consolidate", Fault::End("backendError", "try again"), 1);
    fixture.project.onerow(&format!("consolidate {WINDOW}")).exits(0);
    let executed = fixture.proxy.executed();
    let merges = executed.iter().filter(|(_, sql)| sql.contains("MERGE INTO")).count();
    assert_eq!(merges, 2, "one for each date: {executed:?}");
}

#[test]
fn a_merge_that_the_buffer_refuses_waits_and_the_later_run_finishes() {
    let steps = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]";
    let Some(fixture) = fixture(steps) else { return };
    let apply = format!("apply {WINDOW} --format json");
    fixture.proxy.habits(|habits| {
        habits.buffer_since = Some("2026-01-28T00:00:00Z".parse().unwrap());
        habits.hides_buffer = true;
    });
    let before = rows(&fixture);
    whole!(fixture.project.onerow(&format!("{apply} --now 2026-01-28T03:30:00Z")), @r#"
    $ onerow apply --from 2026-01-28 --to 2026-01-29 --format json --now [TIME]
    exit code 75
    -- stdout
    {
      "rule": "predictions",
      "run_id": "[RUN]",
      "dates": [
        {
          "date": "2026-01-28",
          "active": 2,
          "keys": 2,
          "duplicates": 0,
          "buffered": 0,
          "shared_ids": 0,
          "keyless": 1,
          "unflagged": 0,
          "deactivated": 0,
          "status": "keyless"
        },
        {
          "date": "2026-01-29",
          "active": 2,
          "keys": 1,
          "duplicates": 1,
          "buffered": 1,
          "shared_ids": 0,
          "keyless": 0,
          "unflagged": 0,
          "deactivated": 0,
          "status": "buffered"
        }
      ],
      "totals": {
        "active": 4,
        "keys": 3,
        "duplicates": 1,
        "buffered": 1,
        "shared_ids": 0,
        "keyless": 1,
        "unflagged": 0,
        "deactivated": 0
      },
      "consolidated": {
        "dates": [
          {
            "date": "2026-01-28",
            "staged": 6,
            "left_out": 0,
            "inserts": 3,
            "updates": 1,
            "deletes": 0,
            "buffered": 4,
            "merged": 0,
            "status": "buffered"
          },
          {
            "date": "2026-01-29",
            "staged": 2,
            "left_out": 1,
            "inserts": 1,
            "updates": 0,
            "deletes": 0,
            "buffered": 1,
            "merged": 0,
            "status": "buffered"
          }
        ],
        "dropped": [],
        "kept": []
      }
    }
    -- stderr
    2026-01-29: refused because of rows in the streaming buffer; retrying with rows written before [TIME]
    2026-01-29: refused because of rows in the streaming buffer; the date is buffered
    predictions: 1 of 3 keys has rows and no active one on 2026-01-28
      help: if keys are meant to end, set `on_keyless = "ignore"` in the rule
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    predictions: staged rows wait: rows that they would update are in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    "#);
    assert_eq!(rows(&fixture), before);
    fixture.proxy.habits(|habits| habits.buffer_since = None);
    let later = fixture.project.onerow(&apply).exits(0).json();
    assert_eq!(later["consolidated"]["dates"][0]["merged"], 4);
    assert_eq!(later["totals"]["deactivated"], 1, "m4 is superseded by m5");
}

#[test]
fn wait_stays_until_what_waits_can_be_merged() {
    let Some(fixture) = fixture("") else { return };
    // The oldest entry of the buffer is older than every row of the table, so each of them waits.
    fixture.proxy.habits(|habits| {
        habits.buffer_since = Some("2026-01-01T00:00:00Z".parse().unwrap());
    });
    let command = format!("consolidate {WINDOW} --wait 60s --format json");
    let merged = std::thread::scope(|scope| {
        let run = scope.spawn(|| fixture.project.onerow(&command));
        let sent = || fixture.proxy.executed().iter().any(|(_, sql)| sql.contains("MERGE INTO"));
        while !sent() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        fixture.proxy.habits(|habits| habits.buffer_since = None);
        run.join().unwrap()
    });
    let merged = merged.exits(0).says(&["waiting for"]);
    assert_eq!(merged.json()["dates"][0]["merged"], 4);
    assert_eq!(merged.json()["dates"][0]["buffered"], 0);
}

/// Deletion markers: the embedded warehouse and the emulator come to the same table.
#[test]
fn markers_give_the_table_that_the_embedded_warehouse_gives() {
    if !part::is_turn(1, 2) {
        return;
    }
    for (keys, deleted) in [
        ("", "deleted = \"NOT is_active\"\n"),
        ("strategy = \"delete\"\n", "deleted = \"points_line IS NULL\"\n"),
    ] {
        let Some(fixture) = marking(keys, deleted) else { return };
        let project = &fixture.project;
        for (table, csv) in [("predictions", MAIN), ("staging_a", MARKED)] {
            project.write("rows.csv", format!("{HEADER}{csv}\n"));
            let into = fixture.table(table);
            project.onerow(&format!("load rows.csv --warehouse local --into {into}")).exits(0);
        }
        let merged = |warehouse: &str| {
            let line = format!("consolidate {WINDOW} --yes --format json --warehouse {warehouse}");
            let mut merged = project.onerow(&line).exits(0).json();
            merged.as_object_mut().unwrap().remove("run_id");
            merged
        };
        let embedded = merged("local");
        let deletes = |day: usize| embedded["dates"][day]["deletes"].as_u64().unwrap();
        assert!(deletes(0) > 0 && deletes(1) == 2, "{embedded}");
        assert_eq!(merged("prod"), embedded);
        let ours = embedded_rows(&fixture);
        assert_eq!(rows(&fixture), ours);
        assert_eq!(merged("prod")["dates"][0]["merged"], 0, "nothing is left to merge");
        assert_eq!(rows(&fixture), ours);
    }
}

/// `lastModifiedTime` of the metadata says that someone writes to the table.
#[test]
fn a_staging_table_that_is_written_to_meanwhile_is_not_dropped() {
    let Some(fixture) = fixture("") else { return };
    let command = format!("consolidate {WINDOW} --drop --staging {}", fixture.table("staging_a"));
    fixture.proxy.habits(|habits| habits.ages = true);
    whole!(fixture.project.onerow(&command), @"
    $ onerow consolidate --from 2026-01-28 --to 2026-01-29 --drop --staging [DATASET].staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        4          0         2         1         0          0        3   merged
     2026-01-29        1          0         0         0         0          0        0   clean
    -- stderr
    [DATASET].staging_a: not dropped: it was written to since this run began; run the same command again when its writer is done
    ");
    fixture.proxy.habits(|habits| habits.ages = false);
    whole!(fixture.project.onerow(&command), @"
    $ onerow consolidate --from 2026-01-28 --to 2026-01-29 --drop --staging [DATASET].staging_a
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        4          0         0         0         0          0        0   clean
     2026-01-29        1          0         0         0         0          0        0   clean
    -- stderr
    [DATASET].staging_a: dropped, all of its rows are merged
    ");
}

#[test]
fn staging_tables_are_dropped_when_all_is_merged() {
    if !part::is_turn(0, 2) {
        return;
    }
    let Some(fixture) = fixture("") else { return };
    whole!(fixture.project.onerow("consolidate --date 2026-01-28 --drop"), @"
    $ onerow consolidate --date 2026-01-28 --drop
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-28        6          0         3         1         0          0        4   merged
    -- stderr
    [DATASET].staging_a: not dropped: it holds rows of 2026-01-29 that are not merged
    [DATASET].staging_b: not dropped: 1 row of 2026-01-29 was left out of the merge
    ");
    whole!(fixture.project.onerow("consolidate --date 2026-01-29 --drop"), @"
    $ onerow consolidate --date 2026-01-29 --drop
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-29        2          1         1         0         0          0        1   merged
    -- stderr
    predictions: 1 staged row is left out: rows that are not active take no part, nor do deletion markers whose first `keep` value is NULL; `deleted` in [rule.predictions.staging] says which rows are deletion markers
    [DATASET].staging_a: dropped, all of its rows are merged
    [DATASET].staging_b: not dropped: 1 row of 2026-01-29 was left out of the merge
    ");
    fixture.emulator.query(&format!("DELETE FROM {} WHERE id = 'b4'", fixture.table("staging_b")));
    whole!(fixture.project.onerow("consolidate --date 2026-01-29 --drop"), @"
    $ onerow consolidate --date 2026-01-29 --drop
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-29        1          0         0         0         0          0        0   clean
    -- stderr
    [DATASET].staging_a: dropped by an earlier run, so nothing of it is merged
    [DATASET].staging_b: dropped, all of its rows are merged
    ");
    let again = fixture.project.onerow("consolidate --date 2026-01-29 --drop").exits(0);
    whole!(again, @"
    $ onerow consolidate --date 2026-01-29 --drop
    -- stderr
    [DATASET].staging_a: dropped by an earlier run, so nothing of it is merged
    [DATASET].staging_b: dropped by an earlier run, so nothing of it is merged
    ");
    let mistyped =
        format!("consolidate --date 2026-01-29 --staging {}", fixture.table("stagingg_a"));
    whole!(fixture.project.onerow(&mistyped), @"
    $ onerow consolidate --date 2026-01-29 --staging [DATASET].stagingg_a
    exit code 1
    -- stderr
    error[not-found]: BigQuery says notFound: Not found: table:demo.[DATASET].stagingg_a
      note: while reading the metadata of [DATASET].stagingg_a
      note: while looking at the staging tables
      help: correct the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer
    ");
}

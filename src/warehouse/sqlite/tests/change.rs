//! DELETE, INSERT and MERGE with BigQuery's semantics.

use super::*;

const ROWS: &str = "
  p1 g1 2026-01-28 ann s1 22.5 true  07:00 - 1
  p2 g1 2026-01-28 ann s1 22.5 true  08:00 - 2
  p3 g1 2026-01-28 bob -  9    true  06:00 - 3
  p4 g2 2026-01-29 ann s1 22.5 true  07:00 - 4";

fn ids(warehouse: &Sqlite) -> String {
    answer(warehouse, "SELECT prediction_id, copies FROM nba.predictions ORDER BY 1, 2")
        .replace('\n', ", ")
}

#[test]
fn delete_takes_out_what_its_condition_holds_for() {
    let warehouse = with(ROWS);
    let sql = "DELETE FROM `nba.predictions` AS p WHERE p.game_date = DATE '2026-01-28' AND prediction_id IN
        (SELECT prediction_id FROM nba.predictions WHERE player_lookup = 'ann')";
    assert_eq!(answer(&warehouse, sql), "2 affected");
    assert_eq!(ids(&warehouse), "p3 3, p4 4");
    assert_eq!(answer(&warehouse, "DELETE nba.predictions WHERE NULL"), "0 affected");
}

#[test]
fn insert_fills_the_columns_it_names() {
    let warehouse = with(ROWS);
    let sql = "INSERT INTO nba.predictions (copies, prediction_id, current_points_line)
        SELECT 9, 'p9', 7 UNION ALL SELECT 8, 'p8', NULL";
    assert_eq!(answer(&warehouse, sql), "2 affected");
    assert_eq!(ids(&warehouse), "p1 1, p2 2, p3 3, p4 4, p8 8, p9 9");
    let twice = "INSERT INTO nba.predictions SELECT * FROM nba.predictions WHERE copies = 9";
    assert_eq!(answer(&warehouse, twice), "1 affected");
    let sql = "SELECT current_points_line = NUMERIC '7' FROM nba.predictions WHERE copies = 9";
    assert_eq!(answer(&warehouse, sql), "true\ntrue");
}

/// The source of the MERGEs: one row that matches p1, one that matches none.
const SOURCE: &str = "(SELECT 'p1' AS id, 10 AS n UNION ALL SELECT 'p7', 70) AS s";

#[test]
fn merge_updates_inserts_and_deletes_at_once() {
    let warehouse = with(ROWS);
    let sql = format!(
        "MERGE INTO nba.predictions AS t USING {SOURCE} ON t.prediction_id = s.id
         WHEN MATCHED THEN UPDATE SET copies = s.n + t.copies
         WHEN NOT MATCHED THEN INSERT (prediction_id, copies) VALUES (s.id, n)
         WHEN NOT MATCHED BY SOURCE AND t.game_date = DATE '2026-01-28' THEN DELETE"
    );
    assert_eq!(answer(&warehouse, &sql), "4 affected");
    assert_eq!(ids(&warehouse), "p1 11, p4 4, p7 70");
}

#[test]
fn merge_takes_the_first_clause_whose_condition_holds() {
    let warehouse = with(ROWS);
    let sql =
        "MERGE nba.predictions AS t USING (SELECT 's1' AS system) AS s ON t.system_id = s.system
         WHEN MATCHED AND copies = 1 THEN DELETE
         WHEN MATCHED AND copies < 3 THEN UPDATE SET copies = 20
         WHEN MATCHED THEN UPDATE SET copies = 30
         WHEN NOT MATCHED BY SOURCE AND NULL THEN DELETE
         WHEN NOT MATCHED BY SOURCE THEN UPDATE SET copies = 40";
    assert_eq!(answer(&warehouse, sql), "4 affected");
    assert_eq!(ids(&warehouse), "p2 20, p3 40, p4 30");
}

#[test]
fn merge_on_false_replaces_rows() {
    let warehouse = with(ROWS);
    let sql = "MERGE nba.predictions AS t USING
         (SELECT * FROM nba.predictions WHERE copies IN (2, 4)) AS s ON FALSE
         WHEN NOT MATCHED BY SOURCE AND game_date = DATE '2026-01-28' THEN DELETE
         WHEN NOT MATCHED BY TARGET AND s.copies = 2 THEN INSERT ROW";
    assert_eq!(answer(&warehouse, sql), "4 affected");
    assert_eq!(ids(&warehouse), "p2 2, p4 4");
}

#[test]
fn merge_refuses_two_source_rows_for_one_target_row_and_changes_nothing() {
    let warehouse = with(ROWS);
    let sql =
        "MERGE nba.predictions AS t USING nba.predictions AS s ON t.player_lookup = s.player_lookup
         WHEN MATCHED THEN UPDATE SET copies = s.copies
         WHEN NOT MATCHED BY SOURCE THEN DELETE";
    let error = run(&warehouse, sql).unwrap_err();
    assert!(format!("{error:?}").contains("at most one source row"), "{error:?}");
    assert_eq!(ids(&warehouse), "p1 1, p2 2, p3 3, p4 4");
    let again =
        "MERGE nba.predictions AS t USING (SELECT 'p1' AS id) AS s ON t.prediction_id = s.id
         WHEN MATCHED THEN DELETE";
    assert_eq!(answer(&warehouse, again), "1 affected");
}

#[test]
fn merge_and_delete_refuse_buffered_rows() {
    let warehouse = with(ROWS);
    load(&warehouse, "p9 g9 2026-01-28 ann s1 1 true 20:59 - 9", Streaming::Streamed).unwrap();
    for sql in [
        "DELETE nba.predictions WHERE TRUE",
        "MERGE nba.predictions AS t USING nba.predictions AS s ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "MERGE nba.predictions AS t USING (SELECT 'p9' AS id) AS s ON t.prediction_id = s.id
         WHEN MATCHED THEN UPDATE SET copies = 1",
    ] {
        assert_eq!(run(&warehouse, sql).unwrap_err().kind(), Kind::StreamingBuffer, "{sql}");
    }
    assert_eq!(ids(&warehouse), "p1 1, p2 2, p3 3, p4 4, p9 9");
}

#[test]
fn a_change_is_made_once_for_a_job() {
    let warehouse = with(ROWS);
    let sql = "INSERT INTO nba.predictions (copies) SELECT 5";
    assert_eq!(answer(&warehouse, sql), "1 affected");
    assert_eq!(answer(&warehouse, sql), "1 affected");
    assert_eq!(answer(&warehouse, "SELECT COUNT(*) FROM nba.predictions"), "5");
}

/// The results of Google's reference implementation.
#[test]
fn a_row_as_json_is_what_bigquery_writes() {
    let warehouse = with(
        "p1 g'\" 2026-01-28 ann - 22.50 true 07:00 - 9007199254740993 1e21 2026-01-28_07:00:00.5",
    );
    assert_eq!(
        answer(&warehouse, "SELECT TO_JSON_STRING(p) FROM nba.predictions AS p"),
        r#"{"prediction_id":"p1","game_id":"g'\"","game_date":"2026-01-28","player_lookup":"ann","system_id":null,"current_points_line":"22.5","is_active":true,"created_at":"2026-01-30T07:00:00Z","updated_at":null,"copies":"9007199254740993","share":1e+21,"local_time":"2026-01-28T07:00:00.500"}"#
    );
    let sql = "SELECT TO_JSON_STRING(q) FROM (SELECT * EXCEPT (game_id), NULL AS n FROM
        (SELECT game_id, copies FROM nba.predictions)) AS q";
    assert_eq!(answer(&warehouse, sql), r#"{"copies":"9007199254740993","n":null}"#);
    for (value, json) in [
        ("1.5", "1.5"),
        ("123456789012345680.0", "1.2345678901234568e+17"),
        ("1e15", "1e+15"),
        ("1e-5", "1e-05"),
        ("0.0001", "0.0001"),
        ("100.0", "100"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("9007199254740992", "9007199254740992"),
        ("NUMERIC '100'", "100"),
        ("NUMERIC '0.1'", r#""0.1""#),
        ("TIME '01:02:03.100'", r#""01:02:03.100""#),
        ("TIMESTAMP '2026-01-28 01:02:03.123456+00'", r#""2026-01-28T01:02:03.123456Z""#),
        (r"'a\t\u2028é/<'", r#""a\t\u2028é/<""#),
        ("CAST(NULL AS STRING)", "null"),
        ("FALSE", "false"),
    ] {
        assert_eq!(answer(&warehouse, &format!("SELECT TO_JSON_STRING({value})")), json, "{value}");
    }
}

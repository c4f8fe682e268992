//! The shipped statements.

use super::*;

const RANKED: &str = "
  SELECT game_date AS date, prediction_id AS row_id,
    ROW_NUMBER() OVER (PARTITION BY game_date, game_id, player_lookup, system_id
      ORDER BY created_at DESC, prediction_id DESC) AS place,
    COUNT(*) OVER (PARTITION BY game_date, prediction_id) AS copies,
    COALESCE(created_at < @cutoff, TRUE) AS settled
  FROM `nba.predictions`";

/// Two keys on the 28th: one with a tie on created_at, one with a NULL in its key; a row after the
/// cutoff; an inactive row; another date; shared ids.
const ROWS: &str = "
  p1 g1 2026-01-28 ann s1 22.5 true  07:00
  p2 g1 2026-01-28 ann s1 22.5 true  08:00
  p3 g1 2026-01-28 ann s1 23   true  08:00
  p4 g1 2026-01-28 bob -  9    true  06:00
  p5 g1 2026-01-28 bob -  10   true  -
  p6 g1 2026-01-28 cyd s1 -    true  13:00
  p7 g1 2026-01-28 cyd s1 -    true  14:00
  p8 g1 2026-01-28 ann s1 22.5 false 09:00
  p9 g2 2026-01-29 ann s1 22.5 true  07:00";

fn detect(warehouse: &Sqlite) -> String {
    answer(
        warehouse,
        &format!(
            "SELECT date, COUNT(*) AS active, COUNTIF(place = 1) AS keys, COUNTIF(place > 1) AS duplicates,
               COUNTIF(place > 1 AND NOT settled) AS buffered,
               COUNTIF(row_id IS NULL OR copies > 1) AS shared_ids, COUNTIF(settled) AS settled
             FROM ({RANKED} WHERE game_date BETWEEN DATE '2026-01-20' AND DATE '2026-01-29' AND is_active)
             GROUP BY date ORDER BY date"
        ),
    )
}

fn deactivate() -> String {
    format!(
        "UPDATE `nba.predictions` SET is_active = FALSE, updated_at = CURRENT_TIMESTAMP()
         WHERE game_date = DATE '2026-01-28' AND is_active AND COALESCE(created_at < @cutoff, TRUE)
           AND prediction_id IN (SELECT row_id FROM ({RANKED}
             WHERE game_date = DATE '2026-01-28' AND is_active)
             WHERE place > 1 AND settled AND copies = 1)"
    )
}

#[test]
fn detect_counts_by_date() {
    assert_eq!(detect(&with(ROWS)), "2026-01-28 7 3 4 1 0 5\n2026-01-29 1 1 0 0 0 1");
}

#[test]
fn deactivate_leaves_one_settled_row_for_each_key_and_spares_the_buffered() {
    let warehouse = with(ROWS);
    assert_eq!(answer(&warehouse, &deactivate()), "3 affected");
    assert_eq!(active(&warehouse), "p3 p4 p6 p7 p9");
    assert_eq!(
        answer(
            &warehouse,
            "SELECT DISTINCT updated_at FROM nba.predictions WHERE updated_at IS NOT NULL"
        ),
        "2026-01-30 21:00:00+00"
    );
}

#[test]
fn shared_ids_are_counted_and_left_alone() {
    let warehouse = with(
        "
      p1 g1 2026-01-28 ann s1 1 true 07:00
      p1 g1 2026-01-28 ann s1 1 true 08:00",
    );
    assert_eq!(detect(&warehouse), "2026-01-28 2 1 1 0 2 2");
    assert_eq!(answer(&warehouse, &deactivate()), "0 affected");
}

#[test]
fn the_view_selects_the_survivors_without_its_own_column() {
    let sql = "SELECT * EXCEPT (onerow_rank) FROM (
        SELECT *, ROW_NUMBER() OVER (PARTITION BY game_date, game_id, player_lookup, system_id
          ORDER BY created_at DESC, prediction_id DESC) AS onerow_rank
        FROM `nba.predictions` WHERE is_active) WHERE onerow_rank = 1";
    let Returned::Rows(rows) = run(&with(ROWS), sql).unwrap() else { panic!("no rows") };
    let names: Vec<&str> = COLUMNS.iter().map(|(name, _)| *name).collect();
    assert_eq!(rows.columns, names);
    let mut ids: Vec<String> = rows.rows.iter().map(|row| row[0].to_string()).collect();
    ids.sort();
    assert_eq!(ids, ["p3", "p4", "p7", "p9"]);
}

#[test]
fn a_timestamp_partition_is_found_by_its_bounds_and_grouped_by_date() {
    let sql = "SELECT DATE(created_at) AS date, COUNT(*) AS active FROM `nba.predictions`
      WHERE created_at >= TIMESTAMP '2026-01-30 08:00:00+00'
        AND created_at < TIMESTAMP '2026-01-31 00:00:00+00'
      GROUP BY date ORDER BY date";
    assert_eq!(answer(&with(ROWS), sql), "2026-01-30 5");
}

#[test]
fn a_statement_is_estimated_without_running() {
    let warehouse = with(ROWS);
    let (sql, before) = (deactivate(), active(&warehouse));
    let estimate = warehouse
        .prepare(&Text { sql: &sql, parsed: parse(&sql), window: None }, &params())
        .unwrap();
    assert_eq!(estimate, Estimate::of(None, 0));
    assert_eq!(active(&warehouse), before);
}

#[test]
fn shipped_statements_call_no_rust_function_for_each_row() {
    let warehouse = with(ROWS);
    let connection = warehouse.connection().unwrap();
    let (sql, params) = (deactivate(), params());
    let tables = Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
    let lowered = lower(&tables, &sql, &parse(&sql), &params, now()).unwrap();
    assert!(!lowered.parts[0].sql.contains("onerow_"), "{}", lowered.parts[0].sql);
}

//! BigQuery's semantics of supported constructs, especially where SQLite's differ.

use super::*;

const ROWS: &str = "
  p1 g1 2026-01-28 Ann s1 9    true  07:00 - 7 0.5 2026-01-28_07:00:00
  p2 g1 2026-01-28 ann s1 10   false 08:00 - 2 -   -
  p3 g2 2026-01-29 bob -  22.5 true  -     - - 2.5 2026-01-29_23:59:59.5
  p4 g2 2026-01-29 _   s2 -    -     09:00 - 2 1   -";

#[test]
fn expressions_mean_what_they_mean_in_bigquery() {
    let warehouse = with(ROWS);
    for (expression, expected) in [
        (r"'it\'s'", "it's"),
        (r#""double \x41\u00e9\101""#, "double AéA"),
        (r"r'a\n'", r"a\n"),
        ("'''tri'p'''", "tri'p"),
        ("\"a''b\"", "a''b"),
        ("@name", "ann"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("7 / 2", "3.5"),
        ("DIV(7, 2)", "3"),
        ("MOD(-7, 3)", "-1"),
        ("1 + 2 * 3", "7"),
        ("NUMERIC '0.1' + NUMERIC '0.2' = NUMERIC '0.3'", "true"),
        ("NUMERIC '22.50' = 22.5", "true"),
        ("NUMERIC '9' < 10", "true"),
        ("NUMERIC '9' BETWEEN 2 AND 10", "true"),
        ("GREATEST(NUMERIC '9', 10)", "10"),
        ("GREATEST(1, NULL)", "NULL"),
        ("'abc' LIKE 'A%'", "false"),
        ("'abc' LIKE 'a_c'", "true"),
        ("'abc' NOT LIKE '%b%'", "false"),
        ("CONCAT('a', NULL)", "NULL"),
        ("'a' || 'b'", "ab"),
        ("NULL = NULL", "NULL"),
        ("NULL IS NOT DISTINCT FROM NULL", "true"),
        ("1 IN (2, NULL)", "NULL"),
        ("1 IN UNNEST([1, 2])", "true"),
        ("1 IN UNNEST([])", "false"),
        ("'p3' IN UNNEST(@ids)", "true"),
        ("IF(NULL, 1, 2)", "2"),
        ("IFNULL(NULL, 'x')", "x"),
        ("NULLIF(1, 1)", "NULL"),
        ("CASE 2 WHEN 1 THEN 'a' WHEN 2 THEN 'b' END", "b"),
        ("CASE WHEN FALSE THEN 1 END", "NULL"),
        ("CAST(TRUE AS STRING)", "true"),
        ("CAST(2.5 AS INT64)", "3"),
        ("CAST('0x1F' AS INT64)", "31"),
        ("SAFE_CAST('x' AS INT64)", "NULL"),
        ("CAST(NUMERIC '22.50' AS STRING)", "22.5"),
        ("SUBSTR('né', 2)", "é"),
        ("TRIM('  x ')", "x"),
        ("LENGTH('né')", "2"),
        ("STARTS_WITH('abc', 'ab')", "true"),
        ("DATE(2026, 1, 28)", "2026-01-28"),
        ("DATE '2026-01-28' = '2026-01-28'", "true"),
        ("DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH)", "2026-02-28"),
        ("DATE_SUB(DATE '2026-01-01', INTERVAL 1 DAY)", "2025-12-31"),
        ("DATE '2026-01-31' + 1", "2026-02-01"),
        ("DATE_TRUNC(DATE '2026-01-28', MONTH)", "2026-01-01"),
        ("DATE_DIFF(DATE '2026-02-01', DATE '2026-01-28', DAY)", "4"),
        ("DATE(TIMESTAMP '2026-01-28 03:00:00+00', 'America/New_York')", "2026-01-27"),
        (
            "TIMESTAMP_SUB(TIMESTAMP '2026-01-28 00:00:00+00', INTERVAL 90 MINUTE)",
            "2026-01-27 22:30:00+00",
        ),
        ("TIMESTAMP '2026-01-28 07:00:00Z' = '2026-01-28 02:00:00-05:00'", "true"),
        ("DATETIME(TIMESTAMP '2026-01-28 03:00:00+00')", "2026-01-28 03:00:00"),
        (
            "EXTRACT(HOUR FROM TIMESTAMP '2026-01-28 03:00:00+00' AT TIME ZONE 'America/New_York')",
            "22",
        ),
        ("EXTRACT(DAYOFWEEK FROM DATE '2026-01-25')", "1"),
        ("PARSE_DATE('%Y%m%d', '20260128')", "2026-01-28"),
        ("FORMAT_DATE('%Y%m', DATE '2026-01-28')", "202601"),
        ("CURRENT_TIMESTAMP()", "2026-01-30 21:00:00+00"),
        ("CURRENT_DATE('Asia/Tokyo')", "2026-01-31"),
        ("TRUE AND NULL OR TRUE", "true"),
        ("(1 = 1) IS TRUE", "true"),
        ("EXISTS (SELECT 1 FROM nba.predictions WHERE FALSE)", "false"),
        ("(SELECT MAX(current_points_line) FROM nba.predictions)", "22.5"),
        ("(SELECT copies FROM nba.predictions WHERE FALSE)", "NULL"),
        ("(SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2) ORDER BY x DESC LIMIT 1)", "2"),
        ("1 NOT IN (SELECT copies FROM nba.predictions)", "NULL"),
    ] {
        assert_eq!(answer(&warehouse, &format!("SELECT {expression}")), expected, "{expression}");
    }
}

#[test]
fn queries_mean_what_they_mean_in_bigquery() {
    let warehouse = with(ROWS);
    for (sql, expected) in [
        ("SELECT current_points_line FROM nba.predictions ORDER BY 1", "NULL\n9\n10\n22.5"),
        (
            "SELECT current_points_line AS x FROM nba.predictions ORDER BY x DESC LIMIT 2 OFFSET 1",
            "10\n9",
        ),
        (
            "SELECT MIN(current_points_line), MAX(current_points_line) FROM nba.predictions",
            "9 22.5",
        ),
        ("SELECT MAX(current_points_line) OVER () FROM nba.predictions LIMIT 1", "22.5"),
        (
            "SELECT LAST_VALUE(prediction_id) OVER (ORDER BY current_points_line ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM nba.predictions LIMIT 1",
            "p3",
        ),
        (
            "SELECT prediction_id FROM nba.predictions WHERE is_active ORDER BY prediction_id",
            "p1\np3",
        ),
        (
            "SELECT prediction_id FROM nba.predictions ORDER BY system_id NULLS LAST, 1",
            "p1\np2\np4\np3",
        ),
        (
            "SELECT game_id, COUNT(*), COUNT(copies), COUNT(DISTINCT copies), SUM(copies) FROM nba.predictions GROUP BY 1 ORDER BY game_id",
            "g1 2 2 2 9\ng2 2 1 1 2",
        ),
        (
            "SELECT game_id AS g FROM nba.predictions GROUP BY g HAVING SUM(copies) > 5 AND g = 'g1'",
            "g1",
        ),
        (
            "SELECT UPPER(game_id) AS game_id, COUNT(*) FROM nba.predictions GROUP BY game_id ORDER BY game_id DESC",
            "G2 2\nG1 2",
        ),
        (
            "SELECT LOWER(player_lookup) FROM nba.predictions WHERE player_lookup != '' GROUP BY LOWER(player_lookup) ORDER BY 1",
            " \nann\nbob",
        ),
        ("SELECT 'x' AS k, COUNT(*) FROM nba.predictions GROUP BY k", "x 4"),
        (
            "SELECT COUNT(*), LOGICAL_AND(is_active), LOGICAL_OR(is_active), AVG(copies) FROM nba.predictions WHERE game_id = 'g1'",
            "2 false true 4.5",
        ),
        ("SELECT SUM(copies), COUNT(*) FROM nba.predictions WHERE FALSE", "NULL 0"),
        (
            "SELECT STRING_AGG(prediction_id, '+' ORDER BY prediction_id DESC) FROM nba.predictions",
            "p4+p3+p2+p1",
        ),
        ("SELECT DISTINCT game_id AS g FROM nba.predictions ORDER BY g DESC", "g2\ng1"),
        (
            "SELECT DISTINCT current_points_line FROM nba.predictions WHERE current_points_line > 9 ORDER BY current_points_line DESC",
            "22.5\n10",
        ),
        (
            "SELECT prediction_id FROM nba.predictions QUALIFY ROW_NUMBER() OVER (PARTITION BY game_id ORDER BY current_points_line DESC) = 1 ORDER BY current_points_line",
            "p2\np3",
        ),
        (
            "SELECT prediction_id, LAG(prediction_id, 1, 'none') OVER w AS before FROM nba.predictions WINDOW w AS (PARTITION BY game_id ORDER BY prediction_id) ORDER BY 1",
            "p1 none\np2 p1\np3 none\np4 p3",
        ),
        (
            "SELECT prediction_id, FIRST_VALUE(system_id IGNORE NULLS) OVER w AS s, FIRST_VALUE(system_id) OVER w AS first FROM nba.predictions WINDOW w AS (PARTITION BY game_id ORDER BY prediction_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) ORDER BY 1",
            "p1 s1 s1\np2 s1 s1\np3 s2 NULL\np4 s2 NULL",
        ),
        (
            "SELECT * EXCEPT (n) REPLACE (copies + n AS copies, 'x' AS game_id) FROM (SELECT prediction_id, game_id, copies, 1 AS n FROM nba.predictions) ORDER BY 1",
            "p1 x 8\np2 x 3\np3 x NULL\np4 x 3",
        ),
        (
            "SELECT copies, RANK() OVER (ORDER BY copies DESC) AS r, DENSE_RANK() OVER (ORDER BY copies DESC) AS d FROM nba.predictions ORDER BY 1",
            "NULL 4 3\n2 2 2\n2 2 2\n7 1 1",
        ),
        (
            "WITH a AS (SELECT game_id, copies FROM nba.predictions), b AS (SELECT MAX(copies) AS m FROM a) SELECT a.game_id FROM a JOIN b ON a.copies = b.m",
            "g1",
        ),
        (
            "SELECT a.prediction_id, b.prediction_id AS other FROM nba.predictions AS a LEFT JOIN nba.predictions AS b ON a.game_id = b.game_id AND a.prediction_id < b.prediction_id ORDER BY 1",
            "p1 p2\np2 NULL\np3 p4\np4 NULL",
        ),
        (
            "SELECT prediction_id FROM nba.predictions AS a WHERE copies = (SELECT MAX(copies) FROM nba.predictions AS b WHERE b.game_id = a.game_id) ORDER BY 1",
            "p1\np4",
        ),
        (
            "SELECT prediction_id FROM nba.predictions AS a WHERE EXISTS (SELECT 1 FROM nba.predictions AS b WHERE b.game_id = a.game_id AND b.share > a.share) ORDER BY 1",
            "p4",
        ),
        ("SELECT 1 AS x UNION ALL SELECT 2.5 ORDER BY x DESC", "2.5\n1"),
        ("SELECT game_id FROM nba.predictions UNION DISTINCT SELECT 'g1' ORDER BY 1", "g1\ng2"),
        ("SELECT t.* FROM (SELECT 1 AS a, 2 AS b) AS t", "1 2"),
        ("(SELECT 3 AS x UNION ALL SELECT 1 ORDER BY x LIMIT 2) ORDER BY x DESC LIMIT 1", "3"),
        (
            "SELECT CAST(1 AS INT64) AS k, COUNT(*) FROM nba.predictions GROUP BY k ORDER BY k",
            "1 4",
        ),
        ("SELECT COUNT(*) FROM nba.predictions WHERE copies = 2.0", "2"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE GAME_ID = 'g1'", "2"),
    ] {
        assert_eq!(answer(&warehouse, sql), expected, "{sql}");
    }
}

#[test]
fn answers_carry_bigquery_types_and_names() {
    let Returned::Rows(rows) =
        run(&with(ROWS), "SELECT is_active AS a, game_date, share, local_time, COUNT(*) OVER (), 1 = 1 FROM nba.predictions ORDER BY prediction_id").unwrap()
    else {
        panic!("no rows")
    };
    assert_eq!(rows.columns, ["a", "game_date", "share", "local_time", "f0_", "f1_"]);
    assert_eq!(rows.rows[0][0], SqlValue::Bool(true));
    assert_eq!(rows.rows[0][1], SqlValue::Date(jiff::civil::date(2026, 1, 28)));
    assert_eq!(rows.rows[3][2], SqlValue::Float64(1.0));
    assert_eq!(rows.rows[2][3].to_string(), "2026-01-29 23:59:59.5");
    assert_eq!(rows.rows[0][4..], [SqlValue::Int64(4), SqlValue::Bool(true)]);
}

#[test]
fn an_update_may_name_its_table() {
    let warehouse = with(ROWS);
    let sql = "UPDATE nba.predictions AS p SET p.copies = p.copies + 1, current_points_line = 3 \
               WHERE p.prediction_id = 'p1'";
    assert_eq!(answer(&warehouse, sql), "1 affected");
    let sql = "SELECT copies, current_points_line FROM nba.predictions WHERE prediction_id = 'p1'";
    assert_eq!(answer(&warehouse, sql), "8 3");
}

/// Cases in which a shortcut of the lowering, or SQLite's behaviour, would give another answer.
#[test]
fn traps_are_avoided() {
    let warehouse = with(ROWS);
    for (sql, expected) in [
        ("SELECT COUNT(*) FROM nba.predictions WHERE is_active = FALSE", "1"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE NOT is_active", "1"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE current_points_line > copies", "2"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE share < copies", "2"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE game_date = '2026-01-28'", "2"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE local_time > game_date", "2"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE prediction_id NOT IN ('p1', NULL)", "0"),
        ("SELECT COUNT(*) FROM nba.predictions WHERE system_id IS DISTINCT FROM 's1'", "2"),
        (
            "SELECT game_id, (SELECT COUNT(*) FROM nba.predictions AS b WHERE b.game_id = a.game_id AND b.copies > 1) AS n \
             FROM nba.predictions AS a GROUP BY game_id ORDER BY 1",
            "g1 2\ng2 1",
        ),
        (
            "SELECT DATE(created_at) AS d, COUNT(*) FROM nba.predictions GROUP BY DATE(created_at) ORDER BY DATE(created_at)",
            "NULL 1\n2026-01-30 3",
        ),
        (
            "SELECT DISTINCT current_points_line AS c1 FROM (SELECT current_points_line, copies AS c1 FROM nba.predictions) \
             WHERE current_points_line IS NOT NULL ORDER BY c1 DESC",
            "22.5\n10\n9",
        ),
        (
            "SELECT copies AS prediction_id FROM nba.predictions ORDER BY prediction_id DESC LIMIT 1",
            "7",
        ),
        (
            "SELECT game_id, COUNTIF(is_active) OVER (PARTITION BY game_id) AS n FROM nba.predictions ORDER BY prediction_id LIMIT 1",
            "g1 1",
        ),
        (
            "SELECT game_id, ROW_NUMBER() OVER (ORDER BY COUNT(copies) DESC) AS n FROM nba.predictions GROUP BY game_id ORDER BY n",
            "g1 1\ng2 2",
        ),
        (
            "WITH a AS (SELECT 1 AS x), b AS (WITH a AS (SELECT 2 AS x) SELECT x FROM a) SELECT a.x, b.x AS y FROM a, b",
            "1 2",
        ),
        (
            "SELECT MIN(current_points_line) OVER (PARTITION BY game_id) FROM nba.predictions ORDER BY prediction_id LIMIT 1",
            "9",
        ),
        (
            "SELECT prediction_id FROM nba.predictions WHERE current_points_line IN (SELECT copies + 8 FROM nba.predictions)",
            "p2",
        ),
        ("SELECT SUM(share) FROM nba.predictions", "4"),
        ("SELECT COUNT(DISTINCT current_points_line) FROM nba.predictions", "3"),
        (
            "SELECT TIMESTAMP_DIFF(TIMESTAMP '2026-01-28 01:00:00Z', TIMESTAMP '2026-01-28 00:00:01Z', HOUR)",
            "0",
        ),
        ("SELECT DATE(TIMESTAMP '1969-12-31 23:59:59.999999Z')", "1969-12-31"),
        ("SELECT \"game_id\" FROM nba.predictions LIMIT 1", "game_id"),
    ] {
        assert_eq!(answer(&warehouse, sql), expected, "{sql}");
    }
}

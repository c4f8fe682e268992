//! Unsupported constructs are named; statements that BigQuery refuses are refused. Nothing is guessed.

use super::*;

const ROW: &str = "p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 2 0.5 2026-01-28_07:00:00";

/// The problem with the error of this statement, if any.
fn complaint(sql: &str, kind: Kind, words: &[&str]) -> Option<String> {
    match run(&with(ROW), sql) {
        Ok(answer) => Some(format!("{sql}\n  gave {answer:?}")),
        Err(error) => {
            let text = error.to_string();
            let good = error.kind() == kind && words.iter().all(|words| text.contains(words));
            (!good).then(|| format!("{sql}\n  {error:?}\n  {kind:?}: {words:?}"))
        }
    }
}

#[track_caller]
pub(super) fn all_fail(kind: Kind, also: &str, cases: &[(&str, &str)]) {
    let complaints: Vec<String> =
        cases.iter().filter_map(|(sql, words)| complaint(sql, kind, &[words, also])).collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn an_unknown_construct_is_named_and_points_to_bigquery() {
    all_fail(
        Kind::Unsupported,
        "`bigquery` warehouse",
        &[
            ("DELETE FROM nba.predictions WHERE TRUE LIMIT 1", "LIMIT in DELETE"),
            (
                "SELECT UPPER(game_id) AS game_id FROM nba.predictions GROUP BY 1 HAVING game_id = 'G1'",
                "`game_id` as an alias and as another column",
            ),
            (
                "SELECT -copies AS copies FROM nba.predictions AS p GROUP BY p.copies HAVING copies > 1",
                "`copies` as an alias and as another column",
            ),
            ("INSERT INTO nba.predictions (game_id) VALUES ('x')", "VALUES as a query"),
            ("TRUNCATE TABLE nba.predictions", "TRUNCATE statements"),
            ("SELECT TO_JSON_STRING(p) FROM nba.predictions AS p GROUP BY p.copies", "GROUP BY"),
            ("CREATE TABLE a.b (x INT64)", "CREATE statements"),
            ("SELECT STRUCT(1, 2)", "STRUCT"),
            ("SELECT [1, 2]", "ARRAY"),
            ("SELECT b'x'", "BYTES"),
            ("SELECT 'a' 'b'", "the alias 'b'"),
            ("SELECT CAST('inf' AS FLOAT64)", "cannot hold"),
            ("SELECT NUMERIC '0.00001' * NUMERIC '0.00001'", "must be rounded"),
            ("SELECT 0x1F", "the literal"),
            ("SELECT @@error.message", "@@error"),
            ("SELECT SOUNDEX('x')", "SOUNDEX"),
            ("SELECT RAND()", "RAND"),
            ("SELECT copies & 1 FROM nba.predictions", "the operator `&`"),
            ("SELECT * FROM nba.predictions, UNNEST([1]) AS x", "UNNEST in FROM"),
            ("SELECT * FROM nba.predictions TABLESAMPLE SYSTEM (10 PERCENT)", "TABLESAMPLE"),
            (
                "SELECT * FROM nba.predictions FOR SYSTEM_TIME AS OF CURRENT_TIMESTAMP()",
                "SYSTEM_TIME",
            ),
            ("SELECT * FROM `nba.pred*`", "wildcard tables"),
            ("SELECT * FROM nba.INFORMATION_SCHEMA.TABLES", "INFORMATION_SCHEMA"),
            ("WITH RECURSIVE a AS (SELECT 1) SELECT * FROM a", "WITH RECURSIVE"),
            ("SELECT COUNT(*) FROM nba.predictions GROUP BY ALL", "GROUP BY ALL"),
            ("SELECT game_id FROM nba.predictions GROUP BY ROLLUP (game_id)", "ROLLUP"),
            ("SELECT ARRAY_AGG(game_id) FROM nba.predictions", "ARRAY_AGG"),
            ("SELECT SUM(current_points_line) FROM nba.predictions", "SUM of NUMERIC"),
            ("SELECT current_points_line / 2 FROM nba.predictions", "division of NUMERIC"),
            ("SELECT ANY_VALUE(game_id HAVING MAX copies) FROM nba.predictions", "ANY_VALUE"),
            (
                "SELECT FIRST_VALUE(game_id IGNORE NULLS) OVER (ORDER BY copies ROWS 1 PRECEDING) FROM nba.predictions",
                "IGNORE NULLS in a window",
            ),
            ("SELECT COUNT(DISTINCT game_id) OVER () FROM nba.predictions", "DISTINCT"),
            (
                "SELECT SAFE_CAST(game_id AS DATETIME) FROM nba.predictions",
                "SAFE_CAST from STRING to DATE",
            ),
            ("SELECT CAST(copies AS NUMERIC(10, 2)) FROM nba.predictions", "the type NUMERIC(10"),
            ("SELECT CAST(b'x' AS STRING)", "BYTES"),
            ("SELECT EXTRACT(WEEK FROM game_date) FROM nba.predictions", "EXTRACT(WEEK"),
            (
                "SELECT DATE(created_at, 'Mars/Base') FROM nba.predictions",
                "the time zone 'Mars/Base'",
            ),
            ("SELECT DATE_TRUNC(game_date, WEEK(MONDAY)) FROM nba.predictions", "WEEK(MONDAY)"),
            ("SELECT game_date - INTERVAL 1 DAY FROM nba.predictions", "INTERVAL"),
            ("SELECT FORMAT_DATE('%A', game_date) FROM nba.predictions", "FORMAT_DATE('%A'"),
            (
                "SELECT a.* FROM nba.predictions AS a RIGHT JOIN nba.predictions AS b ON TRUE",
                "RIGHT JOIN",
            ),
            (
                "SELECT * FROM nba.predictions AS a JOIN nba.predictions AS b USING (game_id)",
                "USING",
            ),
            (
                "SELECT * REPLACE (1 AS copies) FROM nba.predictions AS a JOIN nba.predictions AS b ON TRUE",
                "* REPLACE of `copies`, which * has twice",
            ),
            ("SELECT predictions FROM nba.predictions", "the row of `predictions`"),
            ("FROM nba.predictions |> WHERE copies > 1", "|>"),
            ("SELECT AS STRUCT 1 AS x", "SELECT AS STRUCT"),
            ("UPDATE nba.predictions SET copies = 1 FROM nba.other WHERE TRUE", "UPDATE … FROM"),
            ("UPDATE nba.predictions SET copies = (SELECT 1) WHERE TRUE", "a subquery in SET"),
            (
                "SELECT (SELECT SUM(a.copies) FROM nba.predictions AS b) FROM nba.predictions AS a",
                "outer query",
            ),
            ("SELECT UPPER('straße')", "the other case of `ß`"),
        ],
    );
}

#[test]
fn what_bigquery_refuses_is_refused() {
    all_fail(
        Kind::Refused,
        "",
        &[
            ("SELECT game_id = 1 FROM nba.predictions", "STRING, INT64"),
            ("SELECT game_id.x FROM nba.predictions", "there is no field `x` in STRING"),
            ("SELECT game_date = created_at FROM nba.predictions", "DATE, TIMESTAMP"),
            ("SELECT game_date < copies FROM nba.predictions", "DATE, INT64"),
            ("SELECT 1 FROM nba.predictions WHERE copies", "must be BOOL"),
            ("SELECT game_id || 'x' = copies FROM nba.predictions", "STRING, INT64"),
            ("SELECT copies = 1 = TRUE FROM nba.predictions", "put parentheses around"),
            ("SELECT game_id, COUNT(*) FROM nba.predictions", "neither grouped nor aggregated"),
            ("SELECT *, COUNT(*) FROM nba.predictions", "neither grouped nor aggregated"),
            (
                "SELECT copies + 1 FROM nba.predictions GROUP BY game_id",
                "neither grouped nor aggregated",
            ),
            ("SELECT game_id FROM nba.predictions GROUP BY game_id ORDER BY copies", "ORDER BY"),
            ("SELECT game_id FROM nba.predictions HAVING game_id = 'x'", "HAVING needs"),
            ("SELECT 1 FROM nba.predictions WHERE COUNT(*) > 1", "not allowed in WHERE"),
            ("SELECT SUM(COUNT(*)) FROM nba.predictions", "not allowed in an aggregate"),
            (
                "SELECT 1 FROM nba.predictions WHERE ROW_NUMBER() OVER () = 1",
                "not allowed in WHERE",
            ),
            ("SELECT RANK() OVER (PARTITION BY game_id) FROM nba.predictions", "needs ORDER BY"),
            (
                "SELECT game_id FROM nba.predictions AS a JOIN nba.predictions AS b ON TRUE",
                "ambiguous",
            ),
            ("SELECT * REPLACE (1 AS copies, 2 AS Copies) FROM nba.predictions", "twice"),
            ("SELECT 1 AS a, 2 AS a", "two columns called `a`"),
            ("SELECT DISTINCT game_id FROM nba.predictions ORDER BY copies", "with DISTINCT"),
            ("SELECT 1 UNION ALL SELECT 'x'", "INT64, STRING"),
            ("SELECT 1 UNION ALL SELECT 1, 2", "different numbers of columns"),
            ("SELECT game_id FROM nba.predictions ORDER BY 2", "no column 2"),
            ("SELECT @unknown", "`@unknown`, which was not given"),
            ("UPDATE nba.predictions SET copies = 1", "UPDATE needs WHERE"),
            ("UPDATE nba.predictions SET copies = 'x' WHERE TRUE", "must be INT64, not STRING"),
            ("UPDATE nba.predictions SET copies = 1, copies = 2 WHERE TRUE", "twice"),
            ("SELECT 9223372036854775807 + copies FROM nba.predictions", "overflow"),
            ("SELECT copies / 0 FROM nba.predictions", "division by zero"),
            ("SELECT (SELECT x FROM (SELECT 1 AS x UNION ALL SELECT 2))", "more than one row"),
            (r"SELECT 'a\qb'", "escape sequence"),
            ("SELECT 'a''b'", "needs a backslash"),
            (
                "SELECT 1 UNION ALL SELECT 2 INTERSECT DISTINCT SELECT 3",
                "put parentheses around set operations",
            ),
            (
                "SELECT COUNT(*) FROM nba.predictions ORDER BY game_id",
                "neither grouped nor aggregated",
            ),
        ],
    );
    all_fail(
        Kind::DataFile,
        "",
        &[("SELECT game_date = 'x' FROM nba.predictions", "is not a DATE")],
    );
}

#[test]
fn a_missing_name_offers_the_nearest() {
    all_fail(
        Kind::NotFound,
        "",
        &[
            ("SELECT game_idd FROM nba.predictions", "did you mean `game_id`?"),
            ("SELECT a.game_idd FROM nba.predictions AS a", "did you mean `game_id`?"),
            ("SELECT \"x\", game_id FROM nba.prediction", "did you mean `nba.predictions`?"),
            ("UPDATE nba.predictions SET is_activ = FALSE WHERE TRUE", "did you mean `is_active`?"),
            ("SELECT * EXCEPT (is_activ) FROM nba.predictions", "did you mean `is_active`?"),
            ("SELECT * REPLACE (1 AS is_activ) FROM nba.predictions", "did you mean `is_active`?"),
            ("SELECT _onerow_streamed_at FROM nba.predictions", "there is no column"),
            ("SELECT * FROM _onerow_columns", "no table"),
        ],
    );
}

//! The supported statements, tested individually and listed in `docs/embedded.md`.

#[path = "../../../../tests/common/document.rs"]
#[allow(dead_code, reason = "the other tests use the rest")]
mod document;

use super::*;

const ROWS: &str = "
  p1 g1 2026-01-28 ann s1 22.5 true  07:00 - 1
  p2 g1 2026-01-28 ann s1 22.5 true  08:00 - 2";

/// The name in the document, and a minimal statement: `{t}` is a table, `{v}` a view, `{s}` a subquery with
/// the columns `id` and `n`.
const STATEMENTS: &[(&str, &str)] = &[
    ("a query", "SELECT copies FROM {t}"),
    ("`UPDATE … SET` of literals and expressions", "UPDATE {t} SET copies = copies + 1 WHERE TRUE"),
    ("`UPDATE` with an alias", "UPDATE {t} AS t SET t.copies = 1 WHERE t.game_id = 'g1'"),
    (
        "subqueries in the `WHERE` of `UPDATE`",
        "UPDATE {t} SET copies = 1 WHERE copies IN (SELECT MAX(copies) FROM {t})",
    ),
    ("subqueries in `SET`", "UPDATE {t} SET copies = (SELECT MAX(copies) FROM {t}) WHERE TRUE"),
    ("`SET … = DEFAULT`", "UPDATE {t} SET copies = DEFAULT WHERE TRUE"),
    ("`UPDATE … FROM`", "UPDATE {t} AS t SET copies = s.n FROM {s} WHERE t.prediction_id = s.id"),
    ("`UPDATE` without `WHERE`", "UPDATE {t} SET copies = 1"),
    ("`UPDATE` of a column twice", "UPDATE {t} SET copies = 1, copies = 2 WHERE TRUE"),
    ("`UPDATE` with a value of another type", "UPDATE {t} SET copies = 'x' WHERE TRUE"),
    ("`UPDATE` of a view", "UPDATE {v} SET copies = 1 WHERE TRUE"),
    ("`DELETE FROM … WHERE`, `DELETE … WHERE`", "DELETE {t} WHERE copies = 1"),
    ("`DELETE` with an alias", "DELETE FROM {t} AS t WHERE t.copies = 1"),
    (
        "subqueries in the `WHERE` of `DELETE`",
        "DELETE FROM {t} AS t WHERE EXISTS (SELECT 1 FROM {s} WHERE s.id = t.prediction_id)",
    ),
    ("`DELETE` without `WHERE`", "DELETE FROM {t}"),
    ("`DELETE` from a view", "DELETE FROM {v} WHERE TRUE"),
    ("`INSERT INTO … SELECT`", "INSERT INTO {t} SELECT * FROM {t}"),
    ("`INSERT` into columns that are named", "INSERT {t} (copies, game_id) SELECT n, id FROM {s}"),
    (
        "`INSERT` of a query with `WITH`",
        "INSERT INTO {t} (copies) WITH a AS (SELECT 1 AS x) SELECT x FROM a",
    ),
    ("`INSERT … VALUES`", "INSERT INTO {t} (copies) VALUES (1)"),
    ("`INSERT` with too few values", "INSERT INTO {t} (copies, game_id) SELECT 1"),
    ("`INSERT` into a view", "INSERT INTO {v} (copies) SELECT 1"),
    (
        "`MERGE … WHEN MATCHED [AND …] THEN UPDATE SET`",
        "MERGE {t} AS t USING {s} ON t.prediction_id = s.id WHEN MATCHED AND s.n > 0 THEN UPDATE SET copies = s.n",
    ),
    (
        "`MERGE … WHEN MATCHED [AND …] THEN DELETE`",
        "MERGE INTO {t} AS t USING {s} ON t.prediction_id = s.id WHEN MATCHED AND s.n > 0 THEN DELETE",
    ),
    (
        "`MERGE … WHEN NOT MATCHED [BY TARGET] [AND …] THEN INSERT (…) VALUES (…)`",
        "MERGE {t} AS t USING {s} ON t.prediction_id = s.id
         WHEN NOT MATCHED BY TARGET AND s.n > 0 THEN INSERT (prediction_id) VALUES (s.id)
         WHEN NOT MATCHED THEN INSERT (copies) VALUES (n + 1)",
    ),
    (
        "`MERGE … THEN INSERT ROW`",
        "MERGE {t} AS t USING {t} AS s ON FALSE WHEN NOT MATCHED THEN INSERT ROW",
    ),
    (
        "`MERGE … THEN INSERT VALUES (…)` without columns",
        "MERGE {t} AS t USING {t} AS s ON FALSE WHEN NOT MATCHED THEN
         INSERT VALUES ('p', 'g', DATE '2026-01-28', 'a', 's', 1, TRUE, NULL, NULL, 1, 0.5, NULL)",
    ),
    (
        "`MERGE … WHEN NOT MATCHED BY SOURCE [AND …] THEN UPDATE SET`",
        "MERGE {t} AS t USING {s} ON t.prediction_id = s.id
         WHEN NOT MATCHED BY SOURCE AND t.copies = 2 THEN UPDATE SET copies = 3",
    ),
    (
        "`MERGE … WHEN NOT MATCHED BY SOURCE [AND …] THEN DELETE`",
        "MERGE {t} AS t USING {s} ON t.prediction_id = s.id
         WHEN NOT MATCHED BY SOURCE AND t.copies = 2 THEN DELETE",
    ),
    (
        "`MERGE … ON FALSE`",
        "MERGE {t} AS t USING {s} ON FALSE WHEN NOT MATCHED BY SOURCE THEN DELETE",
    ),
    (
        "`MERGE … WHEN MATCHED` of two rows of the source",
        "MERGE {t} AS t USING (SELECT 1 AS n UNION ALL SELECT 2) AS s ON TRUE
         WHEN MATCHED THEN UPDATE SET copies = s.n",
    ),
    (
        "`MERGE … THEN INSERT … VALUES (DEFAULT)`",
        "MERGE {t} AS t USING {s} ON FALSE WHEN NOT MATCHED THEN INSERT (copies) VALUES (DEFAULT)",
    ),
    (
        "subqueries in `MERGE … SET`",
        "MERGE {t} AS t USING {s} ON t.prediction_id = s.id
         WHEN MATCHED THEN UPDATE SET copies = (SELECT 1)",
    ),
    ("`CREATE VIEW … AS`", "CREATE VIEW nba.w AS SELECT copies FROM {t}"),
    ("`CREATE OR REPLACE VIEW`", "CREATE OR REPLACE VIEW {v} AS SELECT game_id FROM {t}"),
    ("`CREATE VIEW` of one that is there", "CREATE VIEW {v} AS SELECT 1 AS x"),
    ("`CREATE VIEW IF NOT EXISTS`", "CREATE VIEW IF NOT EXISTS nba.w AS SELECT 1 AS x"),
    ("`CREATE VIEW` with a list of columns", "CREATE VIEW nba.w (x) AS SELECT copies FROM {t}"),
    ("`CREATE MATERIALIZED VIEW`", "CREATE MATERIALIZED VIEW nba.w AS SELECT copies FROM {t}"),
    ("`DROP VIEW`", "DROP VIEW {v}"),
    ("`DROP VIEW IF EXISTS`", "DROP VIEW IF EXISTS nba.w"),
    ("`DROP VIEW` of one that is not there", "DROP VIEW nba.w"),
    ("`DROP TABLE`", "DROP TABLE {t}"),
    ("`DROP TABLE IF EXISTS`", "DROP TABLE IF EXISTS nba.w"),
    ("`DROP TABLE` of one that is not there", "DROP TABLE nba.w"),
    ("`TRUNCATE TABLE`", "TRUNCATE TABLE {t}"),
    ("`CREATE TABLE`", "CREATE TABLE nba.w (x INT64)"),
    ("`CREATE TABLE … AS`", "CREATE TABLE nba.w AS SELECT 1 AS x"),
    ("`CREATE TEMP TABLE`", "CREATE TEMP TABLE w (x INT64)"),
    ("`ALTER TABLE`", "ALTER TABLE {t} ADD COLUMN x INT64"),
    ("`CREATE FUNCTION`", "CREATE TEMP FUNCTION f(x INT64) AS (x + 1)"),
    ("`CREATE PROCEDURE`, `CALL`", "CALL nba.p()"),
    ("`DECLARE`", "DECLARE x INT64 DEFAULT 1"),
    ("`SET` of a variable", "SET x = 1"),
    ("`IF … THEN`", "IF TRUE THEN SELECT 1; END IF"),
    ("`BEGIN … END`", "BEGIN SELECT 1; END"),
    ("`EXECUTE IMMEDIATE`", "EXECUTE IMMEDIATE 'SELECT 1'"),
    ("`BEGIN TRANSACTION`", "BEGIN TRANSACTION"),
    ("`COMMIT TRANSACTION`", "COMMIT TRANSACTION"),
    ("`ASSERT`", "ASSERT TRUE AS 'x'"),
    ("`EXPORT DATA`", "EXPORT DATA OPTIONS (uri = 'gs://x/*', format = 'CSV') AS SELECT 1 AS x"),
    ("`LOAD DATA`", "LOAD DATA INTO {t} FROM FILES (format = 'CSV', uris = ['gs://x/y'])"),
    ("several statements at once", "SELECT 1 AS x; SELECT 2 AS x"),
];

#[derive(Debug, PartialEq)]
enum Outcome {
    Taken,
    /// BigQuery refuses it too.
    Refused,
    NotTaken,
}

fn outcome(sql: &str) -> Outcome {
    let warehouse = with(ROWS);
    answer(&warehouse, "CREATE VIEW nba.v AS SELECT prediction_id, copies FROM nba.predictions");
    let source = "(SELECT 'p1' AS id, 10 AS n UNION ALL SELECT 'p7', 70) AS s";
    let sql = sql.replace("{t}", TABLE).replace("{v}", "nba.v").replace("{s}", source);
    let parsed = Parser::parse_sql(&BigQueryDialect, &sql).unwrap_or_default();
    if parsed.len() != 1 {
        return Outcome::NotTaken;
    }
    let all = "SELECT * FROM nba.predictions ORDER BY copies";
    let before = answer(&warehouse, all);
    match run(&warehouse, &sql) {
        Ok(_) => Outcome::Taken,
        Err(error) => {
            assert_eq!(answer(&warehouse, all), before, "{sql} failed and changed something");
            assert!(!format!("{error:?}").contains("SqliteFailure"), "{sql}\n{error:?}");
            match error.kind() {
                Kind::Unsupported => Outcome::NotTaken,
                Kind::Refused | Kind::NotFound => Outcome::Refused,
                other => panic!("{sql} is an error of kind {other:?}: {error}"),
            }
        }
    }
}

/// `cargo test --lib statements` compares the list; with `ONEROW_WRITE_DOCS=1` it is written.
#[test]
fn the_document_lists_the_statements_that_are_taken() {
    let outcomes: Vec<_> = STATEMENTS.iter().map(|(title, sql)| (*title, outcome(sql))).collect();
    let list = |wanted: Outcome| {
        let titles = outcomes.iter().filter(|(_, outcome)| *outcome == wanted);
        titles.map(|(title, _)| *title).collect::<Vec<_>>().join("; ")
    };
    let text = format!(
        "Taken: {}.\n\nRefused, as BigQuery refuses them: {}.\n\nNot taken, and an error that says so: {}.\n",
        list(Outcome::Taken),
        list(Outcome::Refused),
        list(Outcome::NotTaken),
    );
    document::section("embedded.md", "statements", &text);
}

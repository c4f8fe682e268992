//! Matching rows of two tables are found through an index, and correctly.

use proptest::prelude::*;

use super::*;

fn plan(connection: &rusqlite::Connection, sql: &str, binds: &[Value]) -> String {
    let mut prepared = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let count = prepared.parameter_count();
    let given = rusqlite::params_from_iter(binds.iter().take(count));
    let steps = prepared.query_map(given, |row| row.get::<_, String>(3)).unwrap();
    steps.collect::<rusqlite::Result<Vec<_>>>().unwrap().join("\n")
}

/// SQLite's plan for matching rows of the source and the target.
fn plan_of_merge(on: &str) -> String {
    let warehouse = with("p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 1");
    let connection = warehouse.connection().unwrap();
    let sql = format!(
        "MERGE nba.predictions AS t USING (SELECT LOWER(game_id) AS game, player_lookup AS player, copies
         FROM nba.predictions) AS s ON {on} WHEN MATCHED THEN DELETE"
    );
    let params = params();
    let tables = Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
    let lowered = lower(&tables, &sql, &parse(&sql), &params, now()).unwrap();
    for part in &lowered.parts {
        if part.sql.contains("onerow_pairs AS SELECT") {
            return plan(&connection, &part.sql, &lowered.binds);
        }
        let mut prepared = connection.prepare(&part.sql).unwrap();
        let count = prepared.parameter_count();
        prepared.execute(rusqlite::params_from_iter(lowered.binds.iter().take(count))).unwrap();
    }
    panic!("no pairs are looked for: {sql}");
}

#[test]
fn a_merge_looks_up_each_row_of_its_source() {
    let by = |keys: &str| format!("SEARCH onerow_t USING INDEX onerow_keys ({keys})");
    let null_safe = "(t.game_id = s.game OR (t.game_id IS NULL AND s.game IS NULL))
        AND (s.player IS NULL AND t.player_lookup IS NULL OR s.player = t.player_lookup)";
    for (on, keys) in [
        ("t.game_id = s.game", "k0=?"),
        ("s.copies = t.copies AND t.game_date = DATE '2026-01-28'", "k0=?"),
        (null_safe, "k0=? AND k1=?"),
        ("t.game_id IS NOT DISTINCT FROM s.game", "k0=?"),
        ("LOWER(t.game_id) = s.game AND COALESCE(t.copies, 0) = s.copies + 1", "k0=? AND k1=?"),
        ("t.game_id = s.game AND t.copies < s.copies", "k0=?"),
        (
            "TO_JSON_STRING(STRUCT(t.game_id, t.copies)) = TO_JSON_STRING(STRUCT(s.game, s.copies))",
            "k0=?",
        ),
    ] {
        let plan = plan_of_merge(on);
        assert!(plan.contains(&by(keys)), "{on}\n{plan}");
    }
}

#[test]
fn a_join_makes_an_index_whatever_its_sides_are() {
    let warehouse = with("p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 1");
    let connection = warehouse.connection().unwrap();
    for sides in [
        "(SELECT LOWER(game_id) AS k FROM nba.predictions) AS a JOIN (SELECT game_id AS k FROM nba.predictions) AS b",
        "(SELECT game_id AS k FROM nba.predictions) AS a LEFT JOIN (SELECT DISTINCT LOWER(game_id) AS k FROM nba.predictions) AS b",
        "nba.predictions AS b JOIN (SELECT CONCAT(game_id, '') AS k, ROW_NUMBER() OVER () AS n FROM nba.predictions) AS a",
    ] {
        let on = if sides.starts_with("nba") { "a.k = b.game_id" } else { "a.k = b.k" };
        let sql = format!("SELECT a.k FROM {sides} ON {on}");
        let params = params();
        let tables =
            Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
        let lowered = lower(&tables, &sql, &parse(&sql), &params, now()).unwrap();
        let plan = plan(&connection, &lowered.parts[0].sql, &lowered.binds);
        assert!(plan.contains("AUTOMATIC"), "{sql}\n{plan}");
    }
}

#[test]
fn the_rank_of_a_row_and_the_first_of_its_key_take_one_pass_over_the_sorted_rows() {
    let warehouse = with("p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 1");
    let connection = warehouse.connection().unwrap();
    let sql = "SELECT ROW_NUMBER() OVER by_age AS place, FIRST_VALUE(prediction_id) OVER by_age AS first
        FROM nba.predictions WINDOW by_age AS (PARTITION BY player_lookup ORDER BY created_at DESC)";
    let params = params();
    let tables = Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
    let lowered = lower(&tables, sql, &parse(sql), &params, now()).unwrap();
    let plan = plan(&connection, &lowered.parts[0].sql, &lowered.binds);
    assert_eq!(plan.matches("USE TEMP B-TREE").count(), 1, "{plan}");
}

/// SQLite stores the rows found by each operand of OR, except the last.
#[test]
fn rows_without_a_date_are_looked_for_before_those_of_the_dates() {
    let warehouse = with("p1 g1 2026-01-28 ann s1 22.5 true 07:00 - 1");
    warehouse.index(&table(), &Ident::parse("game_date").unwrap()).unwrap();
    let connection = warehouse.connection().unwrap();
    let sql = "SELECT prediction_id FROM nba.predictions
        WHERE game_date BETWEEN DATE '2026-01-01' AND DATE '2026-01-31' OR game_date IS NULL";
    let params = params();
    let tables = Tables { connection: &connection, params: &params, restored: None, hidden: &[] };
    let lowered = lower(&tables, sql, &parse(sql), &params, now()).unwrap();
    let plan = plan(&connection, &lowered.parts[0].sql, &lowered.binds);
    let place = |of: &str| plan.find(of).unwrap_or_else(|| panic!("{plan}"));
    assert!(place("(game_date=?)") < place("(game_date>? AND game_date<?)"), "{plan}");
}

/// A row of a side: a text, a number and a value.
type Side = (Option<u8>, Option<i64>, i64);

/// The conditions, each with its value for two rows.
#[expect(clippy::type_complexity, reason = "a list of pairs")]
const CONDITIONS: &[(&str, fn(&Side, &Side) -> bool)] = &[
    ("t.a = s.a", |t, s| t.0.is_some() && t.0 == s.0),
    ("(t.a = s.a OR (t.a IS NULL AND s.a IS NULL)) AND t.b = s.b", |t, s| {
        t.0 == s.0 && t.1.is_some() && t.1 == s.1
    }),
    ("s.b IS NOT DISTINCT FROM t.b AND (s.a IS NULL AND t.a IS NULL OR s.a = t.a)", |t, s| {
        t.0 == s.0 && t.1 == s.1
    }),
    ("COALESCE(t.b, 0) = s.b + 1 AND t.n > 0", |t, s| {
        s.1.is_some_and(|b| t.1.unwrap_or(0) == b + 1) && t.2 > 0
    }),
    ("t.a = s.a AND t.n < s.n", |t, s| t.0.is_some() && t.0 == s.0 && t.2 < s.2),
    ("NOT (t.a = s.a OR (t.a IS NULL AND s.a IS NULL))", |t, s| {
        t.0.is_some() && s.0.is_some() && t.0 != s.0
    }),
    ("FALSE", |_, _| false),
    ("s.n = 1", |_, s| s.2 == 1),
];

fn side() -> impl Strategy<Value = Vec<Side>> {
    let row = (proptest::option::of(0..3_u8), proptest::option::of(0..3_i64), 0..3_i64);
    proptest::collection::vec(row, 0..6)
}

/// The remaining target; `None` if a row of it matches two of the source.
fn expected(
    matches: fn(&Side, &Side) -> bool,
    target: &[Side],
    source: &[Side],
) -> Option<Vec<Side>> {
    let mut left = Vec::new();
    for row in target {
        let found: Vec<&Side> = source.iter().filter(|other| matches(row, other)).collect();
        match found.as_slice() {
            [] if row.2 == 2 => {}
            [] => left.push(*row),
            [one] if one.2 == 0 => {}
            [one] => left.push((row.0, row.1, one.2 + 10)),
            _ => return None,
        }
    }
    let alone = |other: &&Side| !target.iter().any(|row| matches(row, other));
    left.extend(
        source.iter().filter(alone).filter(|row| row.2 != 0).map(|row| (row.0, row.1, row.2 + 20)),
    );
    left.sort_unstable();
    Some(left)
}

fn loaded(warehouse: &Sqlite, table: &str, rows: &[Side]) {
    let columns = [("a", SqlType::String), ("b", SqlType::Int64), ("n", SqlType::Int64)]
        .map(|(name, sql_type)| (Ident::parse(name).unwrap(), sql_type));
    let mut rows = rows.iter().map(|(a, b, n)| {
        let a = a.map_or(SqlValue::Null, |a| SqlValue::String(format!("t{a}")));
        Ok(vec![a, b.map_or(SqlValue::Null, SqlValue::Int64), SqlValue::Int64(*n)])
    });
    let table = TableName::parse(table).unwrap();
    warehouse.load(&table, &columns, &[], &mut rows, Streaming::Settled).unwrap();
}

proptest! {
    #[test]
    fn a_merge_matches_the_rows_that_its_condition_is_true_of(target in side(), source in side()) {
        for (on, matches) in CONDITIONS {
            let warehouse = empty();
            loaded(&warehouse, "x.target", &target);
            loaded(&warehouse, "x.source", &source);
            let sql = format!(
                "MERGE x.target AS t USING x.source AS s ON {on}
                 WHEN MATCHED AND s.n = 0 THEN DELETE
                 WHEN MATCHED THEN UPDATE SET n = s.n + 10
                 WHEN NOT MATCHED BY TARGET AND s.n != 0 THEN INSERT (a, b, n) VALUES (s.a, s.b, s.n + 20)
                 WHEN NOT MATCHED BY SOURCE AND t.n = 2 THEN DELETE"
            );
            let ended = run(&warehouse, &sql);
            let found = answer(&warehouse, "SELECT a, b, n FROM x.target");
            let mut left: Vec<Side> = found.lines().filter(|line| !line.is_empty()).map(|line| {
                let cells: Vec<&str> = line.split_whitespace().collect();
                let b = (cells[1] != "NULL").then(|| cells[1].parse().unwrap());
                let a = cells[0].strip_prefix('t').map(|a| a.parse().unwrap());
                (a, b, cells[2].parse().unwrap())
            }).collect();
            left.sort_unstable();
            match expected(*matches, &target, &source) {
                Some(expected) => prop_assert_eq!(left, expected, "{}", on),
                None => {
                    prop_assert!(ended.is_err(), "{}: a row matches twice", on);
                    let mut before = target.clone();
                    before.sort_unstable();
                    prop_assert_eq!(left, before);
                }
            }
        }
    }
}

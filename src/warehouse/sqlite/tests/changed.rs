//! UPDATE and DELETE, compared row by row with Google's reference implementation, which does not execute
//! MERGE and exits on INSERT.

#[path = "../../../../tests/common/google.rs"]
mod google;

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::*;

const SMALL: &[(&str, SqlType)] = &[
    ("id", SqlType::String),
    ("n", SqlType::Int64),
    ("player", SqlType::String),
    ("day", SqlType::Date),
    ("is_active", SqlType::Bool),
];

/// NULLs, ties, and keys that differ only in case.
const ROWS: &str = "\
p1 1 ann 2026-01-28 true
p2 2 ann 2026-01-28 true
P2 2 - 2026-01-29 false
p3 - bob - -
p4 -7 bob 2026-01-29 true
p5 3 - 2026-02-01 -";

const STATEMENTS: &[&str] = &[
    "UPDATE nba.small SET n = n + 1 WHERE TRUE",
    "UPDATE nba.small SET n = n + 1, is_active = n > 1 WHERE n > 0 OR player IS NULL",
    "UPDATE nba.small AS t SET t.player = CONCAT(t.player, '-', t.id) WHERE t.day = DATE '2026-01-28'",
    "UPDATE nba.small SET player = NULL, day = DATE_ADD(day, INTERVAL 1 MONTH) WHERE NOT is_active",
    "UPDATE nba.small SET is_active = FALSE WHERE id IN (SELECT MAX(id) FROM nba.small GROUP BY player)",
    "UPDATE nba.small AS t SET is_active = FALSE WHERE EXISTS
       (SELECT 1 FROM nba.small AS o WHERE o.player = t.player AND o.n > t.n)",
    "UPDATE nba.small SET n = 0 WHERE n NOT IN (SELECT n FROM nba.small WHERE n IS NULL)",
    "UPDATE nba.small SET n = 0 WHERE NULL",
    "UPDATE nba.small SET n = n * 9000000000000000000 WHERE TRUE",
    "DELETE FROM nba.small WHERE n = 2",
    "DELETE nba.small WHERE is_active",
    "DELETE FROM nba.small AS t WHERE t.player IS NULL OR t.n < 0",
    "DELETE FROM nba.small WHERE NOT (player = 'ann')",
    "DELETE FROM nba.small WHERE n = (SELECT MAX(n) FROM nba.small)",
    "DELETE FROM nba.small AS t WHERE id NOT IN
       (SELECT id FROM nba.small QUALIFY ROW_NUMBER() OVER (PARTITION BY player ORDER BY n DESC, id) = 1)",
    "DELETE FROM nba.small WHERE DIV(1, n - 2) > 0",
    "DELETE FROM nba.small WHERE TRUE",
];

/// The table by row id; NULL differs from text.
type Table = BTreeMap<String, Vec<Option<String>>>;

fn rows() -> Vec<Vec<SqlValue>> {
    let cell = |(word, (_, sql_type)): (&str, &(&str, SqlType))| match word {
        "-" => SqlValue::Null,
        word => SqlValue::parse(word, *sql_type).unwrap(),
    };
    ROWS.lines().map(|line| line.split(' ').zip(SMALL).map(cell).collect()).collect()
}

fn text(value: &SqlValue) -> Option<String> {
    (*value != SqlValue::Null).then(|| value.to_string())
}

fn by_id(rows: impl Iterator<Item = Vec<Option<String>>>) -> Table {
    rows.map(|row| (row[0].clone().unwrap(), row)).collect()
}

/// The table after the statement; `None` if it fails.
fn ours(sql: &str) -> Option<Table> {
    let warehouse = empty();
    let columns: Vec<_> = SMALL.iter().map(|(n, t)| (Ident::parse(n).unwrap(), *t)).collect();
    let table = TableName::parse("nba.small").unwrap();
    let mut given = rows().into_iter().map(Ok);
    warehouse.load(&table, &columns, &[], &mut given, Streaming::Settled).unwrap();
    let changed = match run(&warehouse, sql) {
        Ok(Returned::Affected(changed)) => changed.unwrap(),
        Ok(other) => panic!("{sql}: {other:?}"),
        Err(_) => return None,
    };
    let Returned::Rows(found) = run(&warehouse, "SELECT * FROM nba.small").unwrap() else {
        panic!("a query returns rows");
    };
    let after = by_id(found.rows.iter().map(|row| row.iter().map(text).collect()));
    let before = by_id(rows().iter().map(|row| row.iter().map(text).collect()));
    let gone = before.keys().filter(|id| !after.contains_key(*id)).count();
    assert!(sql.starts_with("UPDATE") || changed == gone as u64, "{sql}: {changed}");
    Some(after)
}

fn described() -> Json {
    let literal = |(value, (_, sql_type)): (&SqlValue, &(&str, SqlType))| match value {
        SqlValue::Null => format!("CAST(NULL AS {sql_type})"),
        value => value.literal().to_string(),
    };
    let select = |row: &Vec<SqlValue>| {
        let cells: Vec<String> = row.iter().zip(SMALL).map(literal).collect();
        format!("SELECT {}", cells.join(", "))
    };
    let columns: serde_json::Map<_, _> =
        SMALL.iter().map(|(name, t)| ((*name).to_owned(), json!(t.to_string()))).collect();
    let rows: Vec<String> = rows().iter().map(select).collect();
    json!({ "nba.small": { "columns": columns, "rows": rows, "key": true } })
}

/// The table after Google's changes.
fn theirs(answer: &Json) -> Option<Table> {
    let mut table = by_id(rows().iter().map(|row| row.iter().map(text).collect()));
    for change in answer["changes"].as_array()? {
        table.remove(change["key"][0].as_str().unwrap()).expect("it was there");
        if change["operation"] == "UPDATE" {
            let cells = change["row"].as_array().unwrap().iter();
            let row: Vec<_> = cells.map(|cell| cell.as_str().map(str::to_owned)).collect();
            table.insert(row[0].clone().unwrap(), row);
        }
    }
    Some(table)
}

#[test]
fn update_and_delete_leave_what_googles_implementation_leaves() {
    let quoted: Vec<String> =
        STATEMENTS.iter().map(|sql| sql.replace("nba.small", "`nba.small`")).collect();
    let request = json!({ "tables": described(), "changes": quoted });
    let Some(given) = google::ask(&request) else { return };
    let given = given["changes"].as_array().unwrap();
    assert_eq!(given.len(), STATEMENTS.len());
    let failed = given.iter().filter(|answer| answer["error"].is_string()).count();
    assert_eq!(failed, 2, "an overflow, and a division by zero: {given:?}");
    for (sql, answer) in STATEMENTS.iter().zip(given) {
        assert_eq!(ours(sql), theirs(answer), "{sql}\n{answer}");
    }
}

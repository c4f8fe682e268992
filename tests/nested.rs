//! Files with nested columns: they are kept whole and moved with their rows, or left out.

use serde_json::json;

use crate::common::Project;
use crate::common::whole::{Transcript, whole, with_times};

/// An export of a table with a nested column, which the rule does not read.
const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.events]
table = "web.events"
strategy = "delete"
partition = "event_date"
key = ["visitor", "event_name", "event_us"]
keep = ["rid"]
row_id = "rid"
keep_rows = true

[rule.events.columns]
rid = "STRING"
event_date = "DATE"
visitor = "STRING"
event_name = "STRING"
event_us = "INT64"
event_params = "ARRAY<STRUCT<key STRING, value STRUCT<string_value STRING>>>"
"#;

const ROWS: &str = r#"{"rid":"1","event_date":"2026-01-28","visitor":"v1","event_name":"click","event_us":"1769587200000000","event_params":[{"key":"page","value":{"string_value":"/a"}}]}
{"rid":"2","event_date":"2026-01-28","visitor":"v1","event_name":"click","event_us":"1769587200000000","event_params":[{"key":"page","value":{"string_value":"/a"}}]}
{"rid":"3","event_date":"2026-01-28","visitor":"v2","event_name":"click","event_us":"1769587200000000","event_params":[]}
"#;

const DATE: &str = "--date 2026-01-28";

fn project() -> Project {
    let project = Project::new(RULE);
    project.write("rows.ndjson", ROWS);
    project
}

fn ids(project: &Project) -> Vec<String> {
    let database = project.database();
    let mut statement = database.prepare(r#"SELECT rid FROM "web.events" ORDER BY 1"#).unwrap();
    let ids = statement.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_nested_column_that_the_rule_does_not_read_is_left_out() {
    let project = project();
    project.onerow(&format!("check {DATE}")).exits(0);
    whole!(project.onerow("load rows.ndjson --ignore Event_Params"), @"
    $ onerow load rows.ndjson --ignore Event_Params
    -- stderr
    rows.ndjson: 3 rows into web.events
    ");
    project.onerow(&format!("apply --yes {DATE}")).exits(0);
    assert_eq!(ids(&project), ["1", "3"]);
    project.onerow("undo last").exits(0);
    assert_eq!(ids(&project), ["1", "2", "3"]);
}

#[test]
fn what_the_rule_reads_or_nobody_knows_cannot_be_ignored() {
    let project = project();
    let columns = ["visitor", "RID", "event_date", "event_us"];
    let commands = columns.map(|column| format!("load rows.ndjson --ignore {column}"));
    whole!(project.transcript(&commands), @"
    $ onerow load rows.ndjson --ignore visitor
    exit code 2
    -- stderr
    error[usage]: visitor cannot be ignored: it is read by `key` of rule events
      help: leave out `--ignore` for it: without it the rows cannot be compared

    $ onerow load rows.ndjson --ignore RID
    exit code 2
    -- stderr
    error[usage]: RID cannot be ignored: it is read by `row_id` of rule events
      help: leave out `--ignore` for it: without it the rows cannot be compared

    $ onerow load rows.ndjson --ignore event_date
    exit code 2
    -- stderr
    error[usage]: event_date cannot be ignored: it is read by `partition` of rule events
      help: leave out `--ignore` for it: without it the rows cannot be compared

    $ onerow load rows.ndjson --ignore event_us
    exit code 2
    -- stderr
    error[usage]: event_us cannot be ignored: it is read by `key` of rule events
      help: leave out `--ignore` for it: without it the rows cannot be compared
    ");
    let options = "--ignore event_params --ignore event_parms";
    whole!(project.onerow(&format!("load rows.ndjson {options}")), @"
    $ onerow load rows.ndjson --ignore event_params --ignore event_parms
    exit code 1
    -- stderr
    error[data-file]: `rows.ndjson` has no column `event_parms` to ignore
      help: leave out `--ignore` for it, or correct its name
    ");
    assert!(!project.path(".onerow/local.db").exists(), "nothing is created");
    // A column of the file that the rule does not list.
    project.write(
        "more.csv",
        "rid,event_date,visitor,event_name,event_us,Extra Column\n1,2026-01-28,v,click,1,x\n",
    );
    whole!(project.onerow("load more.csv --ignore event_params"), @"
    $ onerow load more.csv --ignore event_params
    exit code 1
    -- stderr
    error[data-file]: the rule lists no column `Extra Column`
     --> more.csv:1:44
      |
    1 | rid,event_date,visitor,event_name,event_us,Extra Column
      |                                            ^^^^^^^^^^^^
      |
      = help: list it in the rule's columns, or leave it out with `--ignore`
    ");
    let with = ["load", "more.csv", "--ignore", "event_params", "--ignore", "Extra Column"];
    whole!(project.onerow_with(&with), @"
    $ onerow load more.csv --ignore event_params --ignore Extra Column
    -- stderr
    more.csv: 1 row into web.events
    ");
    assert_eq!(ids(&project), ["1"]);
}

fn params(project: &Project) -> Vec<(String, Option<String>)> {
    let database = project.database();
    let sql = r#"SELECT rid, event_params FROM "web.events" ORDER BY 1"#;
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_nested_column_that_the_rule_does_not_read_is_kept_and_comes_back() {
    let rewrite = RULE.replace(r#"strategy = "delete""#, r#"strategy = "rewrite""#);
    for rule in [RULE, &rewrite] {
        let project = Project::new(rule);
        project.write("rows.ndjson", ROWS);
        project.onerow(&format!("check {DATE}")).exits(0);
        project.onerow("load rows.ndjson").exits(0);
        let before = params(&project);
        assert_eq!(
            before[0].1.as_deref(),
            Some(r#"[{"key":"page","value":{"string_value":"/a"}}]"#)
        );
        assert_eq!(before[2].1.as_deref(), Some("[]"));
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        assert_eq!(params(&project), [before[0].clone(), before[2].clone()], "{rule}");
        project.onerow("undo last").exits(0);
        assert_eq!(params(&project), before, "{rule}");
        project.onerow("doctor --date 2026-01-28").exits(0);
    }
}

/// Numbers that JSON writes otherwise, texts with quotes, a NULL in each place, in CSV too.
#[test]
fn nested_values_come_back_byte_for_byte() {
    let nested =
        "STRUCT<n INT64, x NUMERIC, f FLOAT64, s STRING, at TIMESTAMP, tags ARRAY<STRING>>";
    let rule = RULE
        .replace("ARRAY<STRUCT<key STRING, value STRUCT<string_value STRING>>>", nested)
        .replace(r#"strategy = "delete""#, r#"strategy = "rewrite""#);
    let values = [
        "null",
        "{}",
        r#"{"n": "9007199254740993", "x": "0.10", "f": 1e300}"#,
        r#"{"s": "it's \"\\\u00e9\u0000", "f": 0.1, "tags": ["", "null"]}"#,
        r#"{"AT": "2026-01-28 08:00:00.5 UTC", "n": -1, "tags": null}"#,
    ];
    let project = Project::new(&rule);
    let rows = values.iter().enumerate().flat_map(|(i, value)| {
        ["a", "b"].map(|copy| {
            format!(
                r#"{{"rid":"{i}{copy}","event_date":"2026-01-28","visitor":"v{i}","event_name":"c","event_us":1,"event_params":{value}}}"#
            )
        })
    });
    project.write("rows.ndjson", rows.collect::<Vec<_>>().join("\n"));
    project.write(
        "rows.csv",
        "rid,event_date,visitor,event_name,event_us,event_params\n9a,2026-01-28,v9,c,1,\"{\"\"n\"\":1}\"\n9b,2026-01-28,v9,c,1,\n",
    );
    project.onerow("load rows.ndjson rows.csv").exits(0);
    let before = params(&project);
    let empty = r#"{"n":null,"x":null,"f":null,"s":null,"at":null,"tags":[]}"#;
    assert_eq!(before[0].1, None);
    assert_eq!(before[2].1.as_deref(), Some(empty));
    let big = r#"{"n":"9007199254740993","x":"0.1","f":1e+300,"s":null,"at":null,"tags":[]}"#;
    assert_eq!(before[4].1.as_deref(), Some(big));
    project.onerow(&format!("apply --yes {DATE}")).exits(0);
    assert_eq!(params(&project).len(), 6);
    project.onerow("undo last").exits(0);
    assert_eq!(params(&project), before);
}

#[test]
fn a_nested_value_of_another_type_is_an_error_with_its_place() {
    let project = project();
    let wrong = ROWS.replace(r#""key":"page""#, r#""key":7"#);
    project.write("rows.ndjson", &wrong);
    whole!(project.onerow("load rows.ndjson"), @r#"
    $ onerow load rows.ndjson
    exit code 1
    -- stderr
    error[data-file]: column event_params[0].key: 7 is no value of type STRING
     --> rows.ndjson:1:119
      |
    1 | ...event_us":"1769587200000000","event_params":[{"key":7,"value":{"string_value":"/a"}}]}
      |                                                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: correct the file and load it again; nothing was loaded
    "#);
    assert!(!project.path(".onerow/local.db").exists(), "nothing is created");
    let mistaken = RULE.replace("ARRAY<STRUCT", "ARRAY<STRUC");
    let project = Project::new(&mistaken);
    whole!(project.onerow("check --date 2026-01-28"), @r#"
    $ onerow check --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `STRUC<key STRING, value STRUCT<string_value STRING>>` is not a BigQuery type
      --> ./onerow.toml:20:16
       |
    20 | event_params = "ARRAY<STRUC<key STRING, value STRUCT<string_value STRING>>>"
       |                ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: did you mean `STRUCT`?
    "#);
    let unknown = RULE.replace("string_value STRING", "string_value GEOGRAPHY");
    let project = Project::new(&unknown);
    project.write("rows.ndjson", ROWS);
    whole!(project.onerow("load rows.ndjson"), @"
    $ onerow load rows.ndjson
    exit code 2
    -- stderr
    error[usage]: the embedded warehouse cannot hold event_params, which is of type ARRAY<STRUCT<key STRING, value STRUCT<string_value GEOGRAPHY>>> with GEOGRAPHY in it
      help: leave it out with `--ignore event_params`; a rule that reads it runs on BigQuery
    ");
}

#[test]
fn an_expression_that_looks_into_a_nested_column_is_refused_and_points_to_bigquery() {
    let project = project();
    project.onerow("load rows.ndjson").exits(0);
    let said = |sql: &str| {
        project.write("sql/own.sql", sql);
        project.onerow(&format!("run own {DATE}"))
    };
    let from = "FROM web.events WHERE event_date = '2026-01-28'";
    let mut refused = Transcript::default();
    for what in [
        "event_params = event_params AS a",
        "COUNT(DISTINCT event_params) AS a",
        "COALESCE(event_params, event_params) AS a",
        "IF(TRUE, event_params, event_params) AS a",
        "ANY_VALUE(event_params) AS a",
        "event_params AS other",
        "DISTINCT event_params",
        "ROW_NUMBER() OVER (PARTITION BY event_params ORDER BY rid) AS a",
        "(SELECT event_params) AS a",
        "CAST(event_params AS STRING) AS a",
    ] {
        refused.case(what, said(&format!("SELECT {what} {from}")).exits(1).stderr);
    }
    for clause in ["GROUP BY event_params", "GROUP BY 1", "ORDER BY event_params", "ORDER BY 1"] {
        let ended = said(&format!("SELECT event_params {from} {clause}")).exits(1);
        refused.case(clause, ended.stderr);
    }
    for union in ["UNION DISTINCT", "EXCEPT DISTINCT", "INTERSECT DISTINCT"] {
        let side = format!("SELECT event_params {from}");
        refused.case(union, said(&format!("{side} {union} {side}")).exits(1).stderr);
    }
    whole!(refused, @"
    # event_params = event_params AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # COUNT(DISTINCT event_params) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in an aggregate
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # COALESCE(event_params, event_params) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # IF(TRUE, event_params, event_params) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # ANY_VALUE(event_params) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in an aggregate
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # event_params AS other
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in a column of another name
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # DISTINCT event_params
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in DISTINCT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # ROW_NUMBER() OVER (PARTITION BY event_params ORDER BY rid) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # (SELECT event_params) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in a subquery in an expression
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # CAST(event_params AS STRING) AS a
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # GROUP BY event_params
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in GROUP BY
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # GROUP BY 1
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in GROUP BY
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # ORDER BY event_params
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in ORDER BY
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # ORDER BY 1
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in ORDER BY
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # UNION DISTINCT
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in UNION
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # EXCEPT DISTINCT
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in EXCEPT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # INTERSECT DISTINCT
    error[unsupported]: the embedded warehouse does not know `event_params`, which is ARRAY, in INTERSECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse
    ");
    let taken = "SELECT *, TO_JSON_STRING(event_params) AS j, event_params IS NULL AS n FROM \
                 (SELECT rid, event_params FROM web.events WHERE event_date = '2026-01-28') \
                 WHERE event_params IS NOT NULL ORDER BY rid";
    whole!(said(taken), @r#"
    $ onerow run own --date 2026-01-28
    -- stdout
    own of 2026-01-28
     rid   event_params                                     j                                                n
    ────────
     1     [{"key":"page","value":{"string_value":"/a"}}]   [{"key":"page","value":{"string_value":"/a"}}]   false
     2     [{"key":"page","value":{"string_value":"/a"}}]   [{"key":"page","value":{"string_value":"/a"}}]   false
     3     []                                               []                                               false
    "#);
}

/// Fields of a STRUCT are values like others: in key, keep and active, of a whole row, of one that is set aside and
/// of a view.
#[test]
fn the_fields_of_a_struct_are_read() {
    let rule = RULE
        .replace(
            "ARRAY<STRUCT<key STRING, value STRUCT<string_value STRING>>>",
            "STRUCT<At TIMESTAMP, who STRUCT<name STRING, age INT64>, tags ARRAY<STRING>>",
        )
        .replace(
            r#"key = ["visitor", "event_name", "event_us"]"#,
            r#"key = ["event_params.who.name"]"#,
        )
        .replace(r#"keep = ["rid"]"#, r#"keep = ["event_params.at DESC", "rid"]"#)
        .replace(
            r#"row_id = "rid""#,
            "row_id = \"rid\"\nactive = \"COALESCE(event_params.who.age, 0) < 100\"",
        );
    let row = |id: &str, params: &str| {
        format!(
            r#"{{"rid":"{id}","event_date":"2026-01-28","visitor":"v","event_name":"c","event_us":1,"event_params":{params}}}"#
        )
    };
    let rows = [
        row("1", r#"{"at":"2026-01-28T08:00:00Z","who":{"name":"ann","age":7}}"#),
        row("2", r#"{"at":"2026-01-28T09:00:00Z","who":{"name":"ann"}}"#),
        row("3", r#"{"at":"2026-01-28T10:00:00Z","who":{"name":"ann","age":100}}"#),
        row("4", r#"{"at":"2026-01-28T10:00:00Z","who":{"name":"é"}}"#),
        row("5", "null"),
        row("6", r#"{"who":null}"#),
    ];
    let mut counts = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let rule = rule.replace(r#"strategy = "delete""#, &format!("strategy = \"{strategy}\""));
        let project = Project::new(&rule);
        project.write("rows.ndjson", rows.join("\n"));
        project.onerow(&format!("check {DATE}")).exits(0);
        project.onerow("load rows.ndjson").exits(0);
        let before = params(&project);
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        assert_eq!(ids(&project), ["2", "3", "4", "5"], "{strategy}");
        project.onerow("undo last").exits(0);
        assert_eq!(params(&project), before, "{strategy}");
        project.onerow(&format!("status {DATE}")).exits(0).prints(&["dirty"]);
        project.onerow("view create").exits(0);
        project.write(
            "sql/own.sql",
            "SELECT event_params.who.name AS name FROM web.events_current WHERE event_params.at > '2026-01-28 08:30:00+00'",
        );
        let said = project.onerow(&format!("run own {DATE} --format json")).exits(0);
        let rows = &said.json()["steps"][0]["rows"];
        assert_eq!(*rows, json!([{ "name": "ann" }, { "name": "é" }]), "{strategy}");
        project.write(
            "sql/own.sql",
            "SELECT event_params.who.name AS name, COUNT(*) AS n, MAX(event_params.who.age) AS age \
             FROM web.events WHERE event_date = '2026-01-28' GROUP BY event_params.who.name ORDER BY 1",
        );
        let said = project.onerow(&format!("run own {DATE} --format json")).exits(0);
        counts.case(strategy, said.json()["steps"][0]["rows"].to_string());
    }
    whole!(counts, @r#"
    # delete
    [{"name":null,"n":2,"age":null},{"name":"ann","n":3,"age":100},{"name":"é","n":1,"age":null}]

    # rewrite
    [{"name":null,"n":2,"age":null},{"name":"ann","n":3,"age":100},{"name":"é","n":1,"age":null}]
    "#);
    let project = Project::new(&rule);
    project.write("rows.ndjson", rows.join("\n"));
    project.onerow("load rows.ndjson").exits(0);
    let said = |sql: &str| {
        project.write("sql/own.sql", sql);
        project.onerow(&format!("run own {DATE}")).exits(1)
    };
    let mut refused = Transcript::default();
    for what in [
        "event_params.who.nam",
        "event_params.who.name.first",
        "event_params.tags",
        "event_params.who",
        "events.event_params.wo",
    ] {
        let sql = format!("SELECT {what} FROM web.events WHERE event_date = '2026-01-28'");
        refused.case(what, said(&sql).stderr);
    }
    whole!(refused, @"
    # event_params.who.nam
    error[not-found]: there is no field `nam` in STRUCT
      note: while running own of 2026-01-28
      help: did you mean `name`?

    # event_params.who.name.first
    error[refused]: there is no field `first` in STRING
      note: while running own of 2026-01-28

    # event_params.tags
    error[unsupported]: the embedded warehouse does not know `event_params.tags`, which is ARRAY, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # event_params.who
    error[unsupported]: the embedded warehouse does not know `event_params.who`, which is STRUCT, in SELECT
      note: while running own of 2026-01-28
      help: run it on a `bigquery` warehouse

    # events.event_params.wo
    error[not-found]: there is no field `wo` in STRUCT
      note: while running own of 2026-01-28
      help: did you mean `who`?
    ");
    // Another type for the same column is no type of the table that is there.
    let other = rule.replace("age INT64", "age NUMERIC");
    project.write("onerow.toml", &other);
    whole!(project.onerow("load rows.ndjson --yes"), @"
    $ onerow load rows.ndjson --yes
    exit code 1
    -- stderr
    error[data-file]: column `event_params` of table `web.events` is STRUCT<At TIMESTAMP, who STRUCT<name STRING, age INT64>, tags ARRAY<STRING>>, not STRUCT<At TIMESTAMP, who STRUCT<name STRING, age NUMERIC>, tags ARRAY<STRING>>
    ");
}

/// JSON columns move with their rows, and JSON_VALUE reads them, as Airbyte's raw tables need it.
#[test]
fn a_json_column_is_held_and_read_by_json_value() {
    let rule = RULE
        .replace("ARRAY<STRUCT<key STRING, value STRUCT<string_value STRING>>>", "JSON")
        .replace(
            r#"["visitor", "event_name", "event_us"]"#,
            r#"["JSON_VALUE(event_params, '$.id')"]"#,
        );
    let rows = r#"{"rid":"1","event_date":"2026-01-28","event_params":{"id": 7, "b": [1, {"z": null, "a": "\u00e9"}]}}
{"rid":"2","event_date":"2026-01-28","event_params":{"id":"7"}}
{"rid":"3","event_date":"2026-01-28","event_params":"text"}
{"rid":"4","event_date":"2026-01-28","event_params":[7]}
"#;
    let mut refused = Transcript::default();
    for strategy in ["delete", "rewrite"] {
        let rule = rule.replace(r#"strategy = "delete""#, &format!("strategy = \"{strategy}\""));
        let project = Project::new(&rule);
        project.write("rows.ndjson", rows);
        project.write(
            "rows.csv",
            "rid,event_date,visitor,event_name,event_us,event_params\n5,2026-01-28,v,c,1,\"{\"\"id\"\":8}\"\n6,2026-01-28,v,c,1,\n",
        );
        project.onerow("load rows.ndjson rows.csv").exits(0);
        let before = params(&project);
        assert_eq!(before[0].1.as_deref(), Some(r#"{"id":7,"b":[1,{"z":null,"a":"é"}]}"#));
        assert_eq!(before[2].1.as_deref(), Some(r#""text""#));
        assert_eq!(before[5].1, None);
        project.onerow(&format!("apply --yes {DATE}")).exits(0);
        assert_eq!(ids(&project), ["1", "3", "5"], "{strategy}: of those without an id one stays");
        project.onerow("undo last").exits(0);
        assert_eq!(params(&project), before, "{strategy}");
        project.write(
            "broken.csv",
            "rid,event_date,visitor,event_name,event_us,event_params\n7,2026-01-28,v,c,1,{\n",
        );
        refused.add(&project.onerow("load broken.csv"));
    }
    whole!(refused, @"
    $ onerow load broken.csv
    exit code 1
    -- stderr
    error[data-file]: column event_params: `{` is not JSON
     --> broken.csv:2:20
      |
    2 | 7,2026-01-28,v,c,1,{
      |                    ^
      |
      = help: correct the file and load it again; nothing was loaded

    $ onerow load broken.csv
    exit code 1
    -- stderr
    error[data-file]: column event_params: `{` is not JSON
     --> broken.csv:2:20
      |
    2 | 7,2026-01-28,v,c,1,{
      |                    ^
      |
      = help: correct the file and load it again; nothing was loaded
    ");
}

/// Values of nested columns in a test of SQL, given and expected: tables and arrays of TOML, of which fields that are
/// left out are NULL.
#[test]
fn rows_of_a_test_of_sql_have_nested_values() {
    let rule = RULE
        .replace(
            "ARRAY<STRUCT<key STRING, value STRUCT<string_value STRING>>>",
            "STRUCT<id INT64, at TIMESTAMP, tags ARRAY<STRING>>\"\nraw = \"JSON",
        )
        .replace(r#"["visitor", "event_name", "event_us"]"#, r#"["event_params.id"]"#);
    let project = Project::new(&rule);
    let test = r#"
rule = "events"
[defaults]
event_date = 2026-01-28
raw = { b = [1, 2.5, true], a = "x" }
[[test]]
name = "one of each id"
rows = [
  { rid = "1", event_params = { id = 7, at = 2026-01-28T08:00:00Z } },
  { rid = "2", event_params = { id = 7, tags = ["a", "b"] } },
  { rid = "3", raw = "text" },
]
expect.rows = [
  { rid = "1", event_params = { at = 2026-01-28T08:00:00Z, id = 7, tags = [] }, raw = { a = "x", b = [1, 2.5, true] } },
  { rid = "3", raw = "text" },
]
"#;
    project.write("tests/nested.toml", test);
    project.onerow("test").exits(0);
    project.write(
        "tests/nested.toml",
        test.replace("at = 2026-01-28T08:00:00Z, id = 7, tags", "id = 7, tags"),
    );
    with_times!(project.onerow("test"), @r#"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/nested.toml: one of each id
              rows (- expected, + found):
              - rid = '1', event_params = {"id":7,"tags":[]}, raw = {"a":"x","b":[1,2.5,true]}
              + rid = '1', event_params = {"at":"2026-01-28T08:00:00Z","id":7,"tags":[]}, raw = {"a":"x","b":[1,2.5,true]}
                rid = '3', event_params = NULL, raw = "text"
    -- stderr
    0 passed, 1 failed
    "#);
    project.write(
        "tests/nested.toml",
        test.replace("id = 7, tags = [\"a\"", "id = \"x\", tags = [\"a\""),
    );
    whole!(project.onerow("test"), @r#"
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: id: `x` is not an INT64, such as 42
      --> ./tests/nested.toml:10:31
       |
    10 |   { rid = "2", event_params = { id = "x", tags = ["a", "b"] } },
       |                               ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
}

//! Files with columns that the embedded warehouse cannot hold: what the rule does not read can be left out.

use crate::common::Project;

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
    let refused = project.onerow("load rows.ndjson").exits(2);
    refused.says(&["cannot hold event_params, which is of type ARRAY", "--ignore event_params"]);
    assert!(!project.path(".onerow/local.db").exists(), "nothing is created");
    project.onerow("load rows.ndjson --ignore Event_Params").exits(0).says(&["3 rows"]);
    project.onerow(&format!("apply --yes {DATE}")).exits(0);
    assert_eq!(ids(&project), ["1", "3"]);
    project.onerow("undo last").exits(0);
    assert_eq!(ids(&project), ["1", "2", "3"]);
}

#[test]
fn what_the_rule_reads_or_nobody_knows_cannot_be_ignored() {
    let project = project();
    for (column, role) in
        [("visitor", "key"), ("RID", "keep"), ("event_date", "partition"), ("event_us", "key")]
    {
        let refused = project.onerow(&format!("load rows.ndjson --ignore {column}")).exits(2);
        let read = refused.says(&["cannot be ignored", "of rule events"]);
        assert!(role == "keep" || read.to_string().contains(&format!("`{role}`")), "{read}");
    }
    let options = "--ignore event_params --ignore event_parms";
    let refused = project.onerow(&format!("load rows.ndjson {options}")).exits(1);
    refused.says(&["`rows.ndjson` has no column `event_parms` to ignore", "mend its name"]);
    assert!(!project.path(".onerow/local.db").exists(), "nothing is created");
    // A column of the file that the rule does not list.
    project.write(
        "more.csv",
        "rid,event_date,visitor,event_name,event_us,Extra Column\n1,2026-01-28,v,click,1,x\n",
    );
    let unlisted = project.onerow("load more.csv --ignore event_params").exits(1);
    unlisted.says(&["the rule lists no column `Extra Column`", "more.csv:1:", "--ignore"]);
    let with = ["load", "more.csv", "--ignore", "event_params", "--ignore", "Extra Column"];
    project.onerow_with(&with).exits(0).says(&["1 rows"]);
    assert_eq!(ids(&project), ["1"]);
}

//! What a table is, as its metadata says: how `doctor` explains it, and that nothing in it stops a run. The
//! forms of the answers are those of the API's documentation.
//! Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/tables#Table>

use serde_json::{Value as Json, json};

use super::doctor::{as_it_is, expect, lines, with};
use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::Fault;
use crate::common::RULE;
use crate::common::whole::{Transcript, whole};

/// The lines for a table whose metadata has this too.
fn seen(rule: impl FnOnce(&str) -> String, table: &Json) -> Option<Vec<Json>> {
    let fixture = with(rule)?;
    fixture.proxy.habits(|habits| habits.table = table.clone());
    Some(lines(&fixture))
}

/// The topics that have a line.
fn topics(lines: &[Json]) -> Vec<&str> {
    lines.iter().map(|line| line["topic"].as_str().unwrap()).collect()
}

/// The columns of the small table, with these changes to one of them.
fn columns(name: &str, change: &Json) -> Json {
    let fields = super::fixture::COLUMNS.iter().map(|(column, sql_type)| {
        let mut field = json!({ "name": column, "type": sql_type });
        if *column == name {
            for (key, value) in change.as_object().unwrap() {
                field[key] = value.clone();
            }
        }
        field
    });
    json!({ "schema": { "fields": fields.collect::<Vec<_>>() } })
}

fn strategy(strategy: &'static str) -> impl Fn(&str) -> String {
    move |rule| {
        rule.replace("touched_at = \"updated_at\"\n", "")
            .replace("row_id", &format!("strategy = \"{strategy}\"\nrow_id"))
    }
}

#[test]
fn what_no_statement_can_change_is_bad_and_says_what_to_name_instead() {
    for (kind, what, next) in [
        ("VIEW", "is a view", "the underlying table"),
        ("MATERIALIZED_VIEW", "a materialized view", "that it is made from"),
        ("EXTERNAL", "an external table", "a table of BigQuery's own"),
        ("SNAPSHOT", "a snapshot", "CLONE"),
    ] {
        let Some(found) = seen(as_it_is, &json!({ "type": kind })) else { return };
        expect(&found, "table type", "bad", &[what, "no UPDATE, DELETE or MERGE", next]);
        expect(&found, "statements", "skipped", &["no statement can change"]);
        assert!(!topics(&found).contains(&"partition"), "{found:#?}");
    }
    let Some(found) = seen(as_it_is, &json!({ "type": "HOLOGRAM" })) else { return };
    expect(&found, "table type", "advice", &["HOLOGRAM", "does not know"]);
    expect(&found, "statements", "good", &[]);
}

#[test]
fn a_table_of_change_data_capture_is_recognised() {
    let upserts = json!({
        "maxStaleness": "0-0 0 0:15:0",
        "tableConstraints": { "primaryKey": { "columns": ["id"] } },
    });
    let Some(found) = seen(as_it_is, &upserts) else { return };
    expect(
        &found,
        "table type",
        "bad",
        &["0-0 0 0:15:0", "upserts", "where the stream is written"],
    );
    let key = json!({ "tableConstraints": { "primaryKey": { "columns": ["id"] } } });
    let Some(found) = seen(as_it_is, &key) else { return };
    assert!(!topics(&found).contains(&"table type"), "{found:#?}");
}

#[test]
fn partitions_that_are_longer_than_a_date_say_their_factor() {
    for (kind, verdict, parts) in [
        ("DAY", "good", &["`game_date`"][..]),
        ("HOUR", "good", &["24 partitions"]),
        ("MONTH", "advice", &["by month", "up to 31 times", "all columns of the month"]),
        ("YEAR", "advice", &["by year", "up to 366 times", "all columns of the year"]),
    ] {
        let cut = json!({ "timePartitioning": { "type": kind, "field": "game_date" } });
        let Some(found) = seen(as_it_is, &cut) else { return };
        expect(&found, "partition", verdict, parts);
    }
}

#[test]
fn a_rule_that_says_how_long_partitions_are_has_to_be_right() {
    let months = |rule: &str| rule.replace("row_id", "partition_granularity = \"MONTH\"\nrow_id");
    for (kind, verdict, parts) in [
        ("MONTH", "good", &["by month: its dates share one statement"][..]),
        ("DAY", "advice", &["by day", "partition_granularity is MONTH; write the table's"]),
        ("YEAR", "advice", &["by year", "partition_granularity is MONTH; write the table's"]),
    ] {
        let cut = json!({ "timePartitioning": { "type": kind, "field": "game_date" } });
        let Some(found) = seen(months, &cut) else { return };
        expect(&found, "partition", verdict, parts);
    }
}

#[test]
fn what_is_in_a_nested_column_has_to_be_what_the_rule_says() {
    let listed = |rule: &str| format!("{rule}tags = \"ARRAY<STRUCT<name STRING, n INT64>>\"\n");
    let table = |of_n: &str| {
        let mut table = columns("id", &json!({}));
        table["schema"]["fields"].as_array_mut().unwrap().push(json!({
            "name": "tags", "type": "RECORD", "mode": "REPEATED",
            "fields": [{ "name": "name", "type": "STRING" }, { "name": "n", "type": of_n }],
        }));
        table
    };
    let Some(same) = seen(listed, &table("INTEGER")) else { return };
    expect(&same, "columns", "good", &[]);
    let Some(other) = seen(listed, &table("FLOAT")) else { return };
    let real = "ARRAY<STRUCT<name STRING, n FLOAT64>>";
    let (is, says) =
        (format!("`tags` is {real} in the table"), format!("write {real} in the rule"));
    expect(
        &other,
        "columns",
        "bad",
        &[&is, "rule says ARRAY<STRUCT<name STRING, n INT64>>", &says],
    );
}

#[test]
fn a_rule_without_dates_says_what_it_costs_and_where_it_cannot_work() {
    let whole = |rule: &str| {
        let (rule, _) = rule.split_once("[rule.predictions.columns]").unwrap();
        rule.replace("partition = \"game_date\"", "partition = \"none\"")
    };
    let by = json!({ "timePartitioning": { "type": "DAY", "field": "created_at" } });
    let required =
        json!({ "requirePartitionFilter": true, "timePartitioning": by["timePartitioning"] });
    for (cut, verdict, parts) in [
        (json!({ "timePartitioning": null }), "good", &["no dates", "whole table"][..]),
        (by.clone(), "good", &["no dates", "all partitions, which are by `created_at`"]),
        (
            required,
            "bad",
            &["have to name partitions of `created_at`", "require_partition_filter = FALSE"],
        ),
    ] {
        let Some(found) = seen(whole, &cut) else { return };
        expect(&found, "partition", verdict, parts);
    }
}

#[test]
fn dates_that_are_texts_say_what_they_cost() {
    let text = |rule: &str| {
        let (rule, _) = rule.split_once("[rule.predictions.columns]").unwrap();
        rule.replace(
            "partition = \"game_date\"",
            "partition = \"game_date\"\npartition_type = \"STRING\"",
        )
    };
    let by = json!({ "timePartitioning": { "type": "DAY", "field": "created_at" } });
    let required =
        json!({ "requirePartitionFilter": true, "timePartitioning": by["timePartitioning"] });
    for (cut, verdict, parts) in [
        (
            json!({ "timePartitioning": null }),
            "advice",
            &["is a text", "whole table", "cluster"][..],
        ),
        (by.clone(), "advice", &["partitioned by `created_at`", "whole table"]),
        (required, "bad", &["have to name partitions of `created_at`", "refused"]),
    ] {
        let Some(found) = seen(text, &cut) else { return };
        expect(&found, "partition", verdict, parts);
    }
}

#[test]
fn a_table_by_arrival_may_be_named_by_either_column() {
    let by = |column: &'static str, kind: &'static str| {
        move |rule: &str| {
            let partition = format!("partition = \"{column}\"\npartition_type = \"{kind}\"");
            rule.replace("partition = \"game_date\"", &partition)
        }
    };
    for (rule, cut, verdict, parts) in [
        (("_PARTITIONDATE", "DATE"), "DAY", "good", &["`_PARTITIONDATE`"][..]),
        (("_PARTITIONTIME", "TIMESTAMP"), "DAY", "good", &["`_PARTITIONTIME`"]),
        (("_PARTITIONTIME", "TIMESTAMP"), "HOUR", "good", &["24 partitions"]),
        (("_PARTITIONTIME", "TIMESTAMP"), "MONTH", "advice", &["up to 31 times"]),
        (("_PARTITIONDATE", "DATE"), "HOUR", "bad", &["by the hour of arrival", "_PARTITIONTIME"]),
        (("_PARTITIONTIME", "DATE"), "DAY", "bad", &["is a TIMESTAMP", "\"TIMESTAMP\""]),
        (("_PARTITIONDATE", "TIMESTAMP"), "DAY", "bad", &["is a DATE", "\"DATE\""]),
    ] {
        // The rule's list of columns has no pseudo-column, so it is left out.
        let cut = json!({ "timePartitioning": { "type": cut } });
        let change = |text: &str| {
            let (text, _) = text.split_once("[rule.predictions.columns]").unwrap();
            by(rule.0, rule.1)(text)
        };
        let Some(found) = seen(change, &cut) else { return };
        expect(&found, "partition", verdict, parts);
        expect(&found, "columns", "good", &[]);
    }
}

#[test]
fn numbers_that_share_a_partition_and_numbers_without_one_are_said() {
    let by_number = |rule: &str| {
        let typed = "partition = \"game_date\"\npartition_type = \"INT64\"";
        let rule = rule.replace("partition = \"game_date\"", typed);
        rule.replace("game_date = \"DATE\"", "game_date = \"INT64\"")
    };
    let range = |start: i64, end: i64, interval: i64| {
        let [start, end, interval] = [start, end, interval].map(|number| number.to_string());
        let range = json!({ "start": start, "end": end, "interval": interval });
        let mut table = columns("game_date", &json!({ "type": "INT64" }));
        table["timePartitioning"] = Json::Null;
        table["rangePartitioning"] = json!({ "field": "game_date", "range": range });
        table
    };
    let Some(found) = seen(by_number, &range(20260101, 20270101, 1)) else { return };
    expect(&found, "partition", "good", &["`game_date`"]);
    let Some(found) = seen(by_number, &range(20200000, 20300000, 100)) else { return };
    expect(&found, "partition", "advice", &["100 numbers at a time", "up to 31 times"]);
    let Some(found) = seen(by_number, &range(20200101, 20210101, 1)) else { return };
    expect(
        &found,
        "partition",
        "advice",
        &["outside", "20200101 to 20210100", "__UNPARTITIONED__"],
    );
}

#[test]
fn a_primary_key_that_duplicates_break_is_told_from_one_that_they_do_not() {
    let key =
        |columns: &[&str]| json!({ "tableConstraints": { "primaryKey": { "columns": columns } } });
    let Some(found) = seen(as_it_is, &key(&["game_id", "player", "game_date"])) else {
        return;
    };
    let parts = ["(game_id, player, game_date)", "duplicates break", "deactivated rows stay"];
    expect(&found, "primary key", "advice", &parts);
    let Some(found) = seen(as_it_is, &key(&["id"])) else { return };
    assert!(!topics(&found).contains(&"primary key"), "{found:#?}");
}

#[test]
fn collations_and_generated_values_are_said_where_they_matter() {
    let collated = |column| columns(column, &json!({ "collation": "und:ci" }));
    let Some(found) = seen(as_it_is, &collated("player")) else { return };
    expect(&found, "collation", "advice", &["`player`", "und:ci", "COLLATE(player, '')"]);
    let Some(found) = seen(as_it_is, &collated("updated_at")) else { return };
    assert!(!topics(&found).contains(&"collation"), "{found:#?}");

    let generated =
        |mode: &str| columns("id", &json!({ "generatedColumn": { "generatedMode": mode } }));
    for (rule, mode, verdict) in [
        ("rewrite", "GENERATED_ALWAYS", Some("bad")),
        ("delete", "GENERATED_ALWAYS", Some("advice")),
        ("rewrite", "GENERATED_BY_DEFAULT", None),
    ] {
        let Some(found) = seen(strategy(rule), &generated(mode)) else { return };
        match verdict {
            Some(verdict) => expect(&found, "generated columns", verdict, &["the values of id"]),
            None => assert!(!topics(&found).contains(&"generated columns"), "{found:#?}"),
        }
    }
}

#[test]
fn what_is_deleted_after_a_while_and_what_old_rows_cost_is_said() {
    let table = json!({
        "timePartitioning": { "type": "DAY", "field": "game_date", "expirationMs": "5184000000" },
        "numBytes": "10737418240", "numLongTermBytes": "4294967296",
    });
    let Some(found) = seen(as_it_is, &table) else { return };
    expect(&found, "expiry", "advice", &["60 days after their time", "`onerow undo`"]);
    expect(&found, "storage", "advice", &["4.0 GiB of 10.0 GiB", "90 days"]);
    let Some(found) = seen(as_it_is, &json!({ "expirationTime": "1893456000000" })) else { return };
    let text = serde_json::to_string(&found).unwrap();
    assert!(text.contains("the table itself is deleted at 2030-01-01T00:00:00Z"), "{text}");
}

/// A dataset's default would delete ledger and removal log.
#[test]
fn tables_that_a_datasets_default_would_delete_are_named_before_they_are_made() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture
        .proxy
        .habits(|habits| habits.dataset = json!({ "defaultTableExpirationMs": "5184000000" }));
    let found = lines(&fixture);
    let expiry: Vec<&Json> = found.iter().filter(|line| line["topic"] == "expiry").collect();
    assert_eq!(expiry.len(), 2, "{found:#?}");
    for (line, what) in expiry.iter().zip(["the ledger", "the removal log"]) {
        let text = line.to_string();
        assert!(
            text.contains(what) && text.contains("60 days") && text.contains("advice"),
            "{text}"
        );
        assert!(text.contains("default_table_expiration_days = NULL"), "{text}");
    }
}

#[test]
fn how_long_an_undo_is_possible_is_said_where_rows_are_removed() {
    for (rule, hours, verdict, parts) in [
        ("delete", None, "good", &["for 7 days", "rows are gone"][..]),
        ("rewrite", Some("168"), "good", &["for 7 days", "as JSON"]),
        ("delete", Some("48"), "advice", &["for 2 days", "max_time_travel_hours = 168"]),
        ("delete", Some("50"), "advice", &["for 50 hours"]),
    ] {
        let Some(fixture) = with(strategy(rule)) else { return };
        fixture.proxy.habits(|habits| habits.dataset = json!({ "maxTimeTravelHours": hours }));
        expect(&lines(&fixture), "undo", verdict, parts);
    }
    let Some(fixture) = with(strategy("delete")) else { return };
    fixture.proxy.arm("dataset", Fault::Refuse(403, "accessDenied"), 99);
    expect(&lines(&fixture), "undo", "skipped", &["2 to 7 days", "bigquery.datasets.get"]);
    let Some(found) = seen(as_it_is, &json!({})) else { return };
    assert!(!topics(&found).contains(&"undo"), "an UPDATE is undone by an UPDATE: {found:#?}");
}

/// A RANGE column, or one of a type that there will be next year, that the rule does not name.
#[test]
fn a_column_of_an_unknown_type_harms_nothing() {
    let Some(fixture) = with(as_it_is) else { return };
    fixture.proxy.habits(|habits| {
        let mut table = columns("", &json!({}));
        let fields = table["schema"]["fields"].as_array_mut().unwrap();
        fields.push(
            json!({ "name": "valid", "type": "RANGE", "rangeElementType": { "type": "DATE" } }),
        );
        fields.push(json!({ "name": "spin", "type": "QUATERNION", "mode": "NULLABLE" }));
        habits.table = table;
    });
    let found = lines(&fixture);
    assert!(found.iter().all(|line| line["verdict"] != "bad"), "{found:#?}");
    fixture.project.onerow(&format!("status {WINDOW}")).exits(0);
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
    fixture.project.onerow("view create").exits(0);
}

#[test]
fn a_key_of_a_type_that_cannot_be_one_is_bad() {
    for (column, sql_type, parts) in [
        ("player", "QUATERNION", &["`player`", "does not know", "a key"]),
        ("player", "JSON", &["`player`", "JSON", "a key"]),
        ("id", "GEOGRAPHY", &["`id`", "GEOGRAPHY", "a row_id"]),
    ] {
        let unlisted =
            |rule: &str| rule.split_once("[rule.predictions.columns]").unwrap().0.to_owned();
        let table = columns(column, &json!({ "type": sql_type }));
        let Some(found) = seen(unlisted, &table) else { return };
        expect(&found, "columns", "bad", parts);
    }
}

/// Another try would be answered alike.
#[test]
fn an_answer_that_says_success_and_cannot_be_read_is_not_asked_for_again() {
    let rules = RULE.replace("nba.", "DATASET.");
    let Some(fixture) = Fixture::with_rules(&rules, "retry_for = \"60s\"") else { return };
    let fixture = fixture.rows(ROWS);
    let mut said = Transcript::default();
    let mut status = || {
        fixture.proxy.forget();
        said.add(&fixture.project.onerow(&format!("status {WINDOW}")));
        fixture.proxy.names().iter().filter(|name| *name == "table").count()
    };
    fixture.proxy.arm("table", Fault::Malformed, 9);
    assert_eq!(status(), 1);
    fixture.proxy.heal();
    fixture.proxy.habits(|habits| habits.table = json!({ "tableReference": null }));
    assert_eq!(status(), 1);
    whole!(said, @"
    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[unexpected-answer]: BigQuery's answer cannot be read: no JSON (expected value at line 1 column 1)
      note: while reading the metadata of [DATASET].predictions
      help: a proxy, or another server than BigQuery, may have answered; look at `endpoint` if there is one

    $ onerow status --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[unexpected-answer]: BigQuery's answer cannot be read: it has no tableReference
      note: while reading the metadata of [DATASET].predictions
      help: a proxy, or another server than BigQuery, may have answered; look at `endpoint` if there is one
    ");
}

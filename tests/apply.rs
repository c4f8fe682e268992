//! What `apply` does to a small table, row by row.

use crate::common::whole::{Transcript, whole};
use crate::common::{self, Project, RULE};

const DATE: &str = "--date 2026-01-28";

fn apply(project: &Project, more: &str) -> common::Ended {
    project.onerow(&format!("apply {DATE} --format json {more}"))
}

#[test]
fn the_newest_row_stays_and_the_row_id_decides_between_equals() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,lebron,,true,2026-01-28T07:00:00Z\n\
         p2,2026-01-28,g1,lebron,,true,2026-01-28T08:00:00Z\n\
         p3,2026-01-28,g1,tatum,,true,2026-01-28T08:00:00Z\n\
         p4,2026-01-28,g1,tatum,,true,2026-01-28T08:00:00Z",
    );
    apply(&project, "").exits(0);
    assert_eq!(project.active(), ["p2", "p4"]);
    assert_eq!(
        project.ledger(),
        [
            "detect 2026-01-28 done",
            "record 2026-01-28 done",
            "deactivate 2026-01-28 done",
            "verify 2026-01-28 done"
        ]
    );
}

#[test]
fn null_equals_null_in_a_key() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,,,true,2026-01-28T07:00:00Z\n\
         p2,2026-01-28,g1,,,true,2026-01-28T08:00:00Z\n\
         p3,2026-01-28,,,,true,2026-01-28T07:00:00Z\n\
         p4,2026-01-28,,,,true,2026-01-28T06:00:00Z",
    );
    apply(&project, "").exits(0);
    assert_eq!(project.active(), ["p2", "p3"]);
}

#[test]
fn inactive_rows_and_other_dates_are_left_alone() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z\n\
         p2,2026-01-28,g1,a,,false,2026-01-28T09:00:00Z\n\
         p3,2026-01-28,g1,a,,,2026-01-28T09:00:00Z\n\
         p4,2026-01-29,g1,a,,true,2026-01-28T07:00:00Z\n\
         p5,2026-01-29,g1,a,,true,2026-01-28T08:00:00Z",
    );
    let document = apply(&project, "").exits(0).json();
    assert_eq!(document["dates"][0]["status"], "clean");
    assert_eq!(project.active(), ["p1", "p4", "p5"]);
    assert_eq!(project.ledger(), ["detect 2026-01-28 done"], "a clean date costs one query");
}

#[test]
fn touched_at_is_the_time_of_the_run_and_other_columns_stay() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,a,22.5,true,2026-01-28T07:00:00Z\n\
         p2,2026-01-28,g1,a,23.5,true,2026-01-28T08:00:00Z",
    );
    apply(&project, "--now 2026-01-30T10:00:00Z").exits(0);
    let database = project.database();
    let sql = r#"SELECT id, points_line, is_active, updated_at FROM "nba.predictions" ORDER BY id"#;
    let mut statement = database.prepare(sql).unwrap();
    let rows: Vec<(String, String, bool, Option<i64>)> = statement
        .query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let at = "2026-01-30T10:00:00Z".parse::<jiff::Timestamp>().unwrap().as_microsecond();
    assert_eq!(
        rows,
        [
            ("p1".to_owned(), "22.5".to_owned(), false, Some(at)),
            ("p2".to_owned(), "23.5".to_owned(), true, None),
        ]
    );
}

#[test]
fn a_buffered_row_is_counted_and_left_alone() {
    let project = Project::new(RULE);
    project.rows("p0,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z");
    project.streamed(
        "2026-01-28T09:02:00Z",
        "p1,2026-01-28,g1,a,,true,2026-01-28T09:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T09:02:00Z",
    );
    let first = apply(&project, "--now 2026-01-28T09:05:00Z").exits(75).json();
    let date = &first["dates"][0];
    assert_eq!((&date["duplicates"], &date["buffered"]), (&2.into(), &1.into()));
    assert_eq!((&date["deactivated"], &date["status"]), (&1.into(), &"partial".into()));
    assert_eq!(project.active(), ["p1", "p2"]);
    apply(&project, "--now 2026-01-28T11:05:00Z").exits(0);
    assert_eq!(project.active(), ["p2"]);
}

#[test]
fn a_date_whose_rows_are_all_buffered_sends_no_update() {
    let project = Project::new(RULE);
    project.streamed(
        "2026-01-28T07:41:28Z",
        "p1,2026-01-28,g1,a,,true,2026-01-28T07:41:20Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T07:41:28Z",
    );
    let document = apply(&project, "--now 2026-01-28T07:41:30Z").exits(75).json();
    assert_eq!(document["dates"][0]["status"], "buffered");
    assert_eq!(project.ledger(), ["detect 2026-01-28 done"]);
    assert_eq!(project.active(), ["p1", "p2"]);
}

#[test]
fn rows_that_look_older_than_they_are_make_the_date_buffered() {
    let project = Project::new(RULE);
    project.streamed(
        "2026-01-28T09:00:00Z",
        "p1,2026-01-28,g1,a,,true,2026-01-27T00:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T09:00:00Z",
    );
    let document = apply(&project, "--now 2026-01-28T09:05:00Z").exits(75);
    whole!(document.stderr, @"
    2026-01-28: refused because of rows in the streaming buffer; the date is buffered
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    let document = document.json();
    let date = &document["dates"][0];
    assert_eq!((&date["buffered"], &date["deactivated"]), (&1.into(), &0.into()));
    assert_eq!(date["status"], "buffered");
    assert_eq!(project.active(), ["p1", "p2"]);
    assert_eq!(
        project.ledger(),
        ["detect 2026-01-28 done", "record 2026-01-28 done", "deactivate 2026-01-28 failed"]
    );
}

/// Only a statement that would touch a buffered row is refused; a buffered row that survives is none.
#[test]
fn a_rule_that_cannot_tell_buffered_rows_is_tried_date_by_date() {
    let project = Project::new(&RULE.replace("written_at = \"created_at\"\n", ""));
    project.rows(
        "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z\n\
         q1,2026-01-29,g1,a,,true,2026-01-28T06:00:00Z\n\
         r1,2026-01-30,g1,a,,true,2026-01-28T06:00:00Z",
    );
    project.streamed(
        "2026-01-28T09:00:00Z",
        "q0,2026-01-29,g1,a,,true,2026-01-28T05:00:00Z\n\
         r2,2026-01-30,g1,a,,true,2026-01-28T07:00:00Z",
    );
    let window = "--from 2026-01-28 --to 2026-01-30 --format json";
    let early = project.onerow(&format!("apply {window} --now 2026-01-28T09:05:00Z")).exits(75);
    whole!(early.stderr, @"
    2026-01-29: refused because of rows in the streaming buffer; the date is buffered
    predictions: 1 duplicate in the streaming buffer; run the same command again when it has drained (within 90 minutes)
    ");
    let early = early.json();
    let statuses: Vec<_> = (0..3).map(|i| early["dates"][i]["status"].clone()).collect();
    assert_eq!(statuses, ["cleaned", "buffered", "cleaned"]);
    assert_eq!(project.active(), ["p2", "q0", "q1", "r2"]);
    project.onerow(&format!("apply {window} --now 2026-01-28T11:05:00Z")).exits(0);
    assert_eq!(project.active(), ["p2", "q1", "r2"]);
}

/// The small table, whose `created_at` is of this type.
fn written_as(sql_type: &str, unit: &str) -> Project {
    let unit = match unit {
        "" => String::new(),
        unit => format!("written_unit = \"{unit}\"\n"),
    };
    let rule = RULE.replace("time_zone", &format!("{unit}time_zone"));
    Project::new(
        &rule.replace("created_at = \"TIMESTAMP\"", &format!("created_at = \"{sql_type}\"")),
    )
}

#[test]
fn a_row_may_say_when_it_was_written_as_a_datetime_or_a_number() {
    for (sql_type, unit, [settled, newer, buffered], cutoff) in [
        (
            "DATETIME",
            "",
            ["2026-01-28T06:00:00", "2026-01-28T07:00:00", "2026-01-28T08:59:00"],
            "2026-01-28 07:35:00",
        ),
        ("INT64", "seconds", ["1769580000", "1769583600", "1769590740"], "1769585700"),
        ("INT64", "millis", ["1769580000000", "1769583600000", "1769590740000"], "1769585700000"),
        (
            "INT64",
            "micros",
            ["1769580000000000", "1769583600000000", "1769590740000000"],
            "1769585700000000",
        ),
    ] {
        let project = written_as(sql_type, unit);
        project.rows(&format!(
            "p1,2026-01-28,g1,a,,true,{settled}\np2,2026-01-28,g1,a,,true,{newer}\n\
             q1,2026-01-28,g1,b,,true,{buffered}"
        ));
        let streamed = format!("q2,2026-01-28,g1,b,,true,{buffered}");
        project.streamed("2026-01-28T09:00:00Z", &streamed);
        let early = apply(&project, "--now 2026-01-28T09:05:00Z").exits(75).json();
        let date = &early["dates"][0];
        assert_eq!(
            (&date["buffered"], &date["deactivated"]),
            (&1.into(), &1.into()),
            "{sql_type} {unit}"
        );
        assert_eq!(project.active(), ["p2", "q1", "q2"], "{sql_type} {unit}");
        let log = project.onerow("log --statements --format json --limit 99").exits(0).json();
        let removal = log.as_array().unwrap().iter().find(|entry| entry["step"] == "deactivate");
        let removal = removal.unwrap();
        assert_eq!(removal["cutoff"], "2026-01-28T07:35:00Z", "the ledger has the instant");
        let sent = removal["parameters"]["cutoff"].to_string();
        assert_eq!(sent.trim_matches('"'), cutoff, "and what was sent");
        apply(&project, "--now 2026-01-28T11:05:00Z").exits(0);
        assert_eq!(project.active(), ["p2", "q2"], "{sql_type} {unit}");
    }
}

#[test]
fn what_the_numbers_of_written_at_count_has_to_be_said_once() {
    let mut said = Transcript::default();
    for (sql_type, unit) in
        [("INT64", ""), ("TIMESTAMP", "micros"), ("STRING", ""), ("INT64", "fortnights")]
    {
        let status = written_as(sql_type, unit).onerow(&format!("status {DATE}"));
        said.case(&format!("{sql_type} {unit}"), status);
    }
    whole!(said, @r#"
    # INT64 
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `written_at` is an INT64, and nothing says what its numbers count
      --> ./onerow.toml:13:14
       |
    13 | written_at = "created_at"
       |              ^^^^^^^^^^^^
       |
       = help: add `written_unit = "micros"` (seconds, millis or micros since 1970-01-01 00:00:00 UTC)

    # TIMESTAMP micros
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `written_at` is created_at, which is of type TIMESTAMP; it must be INT64
      --> ./onerow.toml:13:14
       |
    13 | written_at = "created_at"
       |              ^^^^^^^^^^^^

    # STRING 
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `written_at` is created_at, which is of type STRING; it must be TIMESTAMP or DATETIME or INT64
      --> ./onerow.toml:13:14
       |
    13 | written_at = "created_at"
       |              ^^^^^^^^^^^^

    # INT64 fortnights
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `fortnights` is not a value of `written_unit`
      --> ./onerow.toml:14:16
       |
    14 | written_unit = "fortnights"
       |                ^^^^^^^^^^^^
       |
       = help: known: seconds, millis, micros
    "#);
    let without = RULE.replace("written_at = \"created_at\"", "written_unit = \"micros\"");
    whole!(Project::new(&without).onerow(&format!("status {DATE}")), @r#"
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `written_unit` has no effect without `written_at`
      --> ./onerow.toml:13:16
       |
    13 | written_unit = "micros"
       |                ^^^^^^^^
       |
       = help: name the INT64 column in `written_at`, or remove `written_unit`
    "#);
}

#[test]
fn rows_from_the_future_are_settled_where_there_is_no_buffer() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,a,,true,2026-01-28T12:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T13:00:00Z",
    );
    let now = "--now 2026-01-28T11:00:00Z";
    let status = project.onerow(&format!("status {DATE} {now} --format json")).exits(0).json();
    assert_eq!(status["dates"][0]["status"], "dirty");
    whole!(apply(&project, now), @r#"
    $ onerow apply --date 2026-01-28 --format json --now [TIME]
    -- stdout
    {
      "rule": "predictions",
      "run_id": "[RUN]",
      "dates": [
        {
          "date": "2026-01-28",
          "active": 2,
          "keys": 1,
          "duplicates": 1,
          "buffered": 0,
          "shared_ids": 0,
          "keyless": 0,
          "unflagged": 0,
          "deactivated": 1,
          "status": "cleaned"
        }
      ],
      "totals": {
        "active": 2,
        "keys": 1,
        "duplicates": 1,
        "buffered": 0,
        "shared_ids": 0,
        "keyless": 0,
        "unflagged": 0,
        "deactivated": 1
      }
    }
    -- stderr
    2026-01-28: some duplicates have a written_at in the future; the table has no streaming buffer, so they are treated as settled
    "#);
    assert_eq!(project.active(), ["p2"]);
}

#[test]
fn a_date_with_shared_ids_is_not_touched_and_the_others_are() {
    let shared_ids = [
        ("an id that a survivor of another key shares", "t1", "t1"),
        ("an id that is NULL", "", "t2"),
    ];
    let mut said = Transcript::default();
    for (what, one, other) in shared_ids {
        let project = Project::new(RULE);
        project.rows(&format!(
            "{one},2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
             t9,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z\n\
             {other},2026-01-28,g2,a,,true,2026-01-28T07:00:00Z\n\
             p1,2026-01-29,g1,a,,true,2026-01-28T06:00:00Z\n\
             p2,2026-01-29,g1,a,,true,2026-01-28T07:00:00Z"
        ));
        let ended = project.onerow("apply --from 2026-01-28 --to 2026-01-29 --format json");
        said.case(what, &ended.stderr);
        let document = ended.exits(1).json();
        assert_eq!(document["dates"][0]["status"], "shared_ids", "{what}");
        assert_eq!(document["dates"][0]["deactivated"], 0, "{what}");
        assert_eq!(document["dates"][1]["status"], "cleaned", "{what}");
        assert_eq!(project.active().len(), 4, "{what}");
    }
    whole!(said, @r#"
    # an id that a survivor of another key shares
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    # an id that is NULL
    error[shared-ids]: 1 active row has a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    "#);
}

/// A duplicate, and a survivor that shares its row id with a row of another key.
const SHARED_IDS: &str = "t1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
                          t9,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z\n\
                          t1,2026-01-28,g2,a,,true,2026-01-28T07:00:00Z";

#[test]
fn for_programs_the_last_line_of_a_failed_run_says_why() {
    let project = Project::new(RULE);
    project.rows(SHARED_IDS);
    let ended = apply(&project, "--log-format json").exits(1);
    let last = ended.stderr.lines().last().unwrap();
    let mut last: serde_json::Value = serde_json::from_str(last).unwrap();
    let run = ended.json()["run_id"].clone();
    assert!(last["time"].take().is_string());
    let reason = "2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a \
                  row that must be kept, so no duplicate is removed there";
    assert_eq!(
        last,
        serde_json::json!({
            "severity": "ERROR",
            "message": "run ended: failed",
            "time": null,
            "error_code": "shared-ids",
            "reason": reason,
            "run_id": run,
            "rule": "predictions",
            "dates": "2026-01-28",
            "duplicates_found": 1,
            "duplicates_deactivated": 0,
            "duplicates_buffered": 0,
        })
    );
}

#[test]
fn a_run_that_skips_its_dates_fails_with_the_reason_and_is_not_done_in_the_log() {
    let project = Project::new(RULE);
    project.rows(SHARED_IDS);
    let (_, rule) = RULE.split_at(RULE.find("[rule.").unwrap());
    project.write(
        "onerow.toml",
        format!(
            "{RULE}{}",
            rule.replace("predictions]", "others]").replace("rule.predictions.", "rule.others.")
        ),
    );
    whole!(project.transcript([
        "-q apply predictions --date 2026-01-28",
        "-q apply --all --date 2026-01-28 --format csv",
        "log",
    ]), @r#"
    $ onerow -q apply predictions --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        3      2            1          0            2         0   shared_ids
    ────────
     total             3      2            1          0            2         0
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    $ onerow -q apply --all --date 2026-01-28 --format csv
    exit code 1
    -- stdout
    rule,run_id,date,active,keys,duplicates,buffered,shared_ids,keyless,unflagged,deactivated,status
    predictions,[RUN],2026-01-28,3,2,1,0,2,0,0,0,shared_ids
    others,[RUN],2026-01-28,3,2,1,0,2,0,0,0,shared_ids
    -- stderr
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      note: while running rule predictions
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
    error[shared-ids]: 2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there
      note: while running rule others
      help: make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart

    $ onerow log
    -- stdout
     run                         rule          dates        steps    outcome   removed   restored   undone by
    ────────
     [RUN]   others        2026-01-28   detect   counted
     [RUN]   predictions   2026-01-28   detect   counted
     [RUN]   predictions   2026-01-28   detect   counted
    "#);
}

#[test]
fn shared_ids_on_a_clean_date_are_counted_and_do_no_harm() {
    let project = Project::new(RULE);
    project.rows(
        "t1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
         t1,2026-01-28,g2,a,,true,2026-01-28T07:00:00Z",
    );
    let document = apply(&project, "").exits(0).json();
    assert_eq!(document["dates"][0]["shared_ids"], 2);
    assert_eq!(document["dates"][0]["status"], "clean");
}

#[test]
fn a_dry_run_changes_nothing_and_leaves_no_entry() {
    let project = Project::new(RULE);
    project.rows(
        "p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z\n\
         p2,2026-01-28,g1,a,,true,2026-01-28T07:00:00Z",
    );
    let before = std::fs::read(project.path(".onerow/local.db")).unwrap();
    let commands = ["status", "plan", "apply --dry-run"].map(|command| format!("{command} {DATE}"));
    whole!(project.transcript(&commands), @"
    $ onerow status --date 2026-01-28
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0

    $ onerow plan --date 2026-01-28
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 deactivate, 1 verify. Cost: the embedded warehouse charges nothing.

    $ onerow apply --dry-run --date 2026-01-28
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 deactivate, 1 verify. Cost: the embedded warehouse charges nothing.
    ");
    assert_eq!(std::fs::read(project.path(".onerow/local.db")).unwrap(), before);
    assert!(project.ledger().is_empty());
    project.onerow(&format!("status {DATE} --exit-code")).exits(4);
    project.onerow(&format!("plan {DATE} --exit-code")).exits(4);
}

#[test]
fn every_partition_type_finds_the_rows_of_its_date() {
    let cases = [
        ("DATETIME", "2026-01-28 00:00:00", "2026-01-28 23:59:59.999999", "2026-01-29 00:00:00"),
        (
            "TIMESTAMP",
            "2026-01-28T00:00:00Z",
            "2026-01-28T23:59:59.999999Z",
            "2026-01-29T00:00:00Z",
        ),
        ("INT64", "20260128", "20260128", "20260129"),
    ];
    for (kind, first, last, next) in cases {
        let rule = RULE
            .replace("partition = ", &format!("partition_type = \"{kind}\"\npartition = "))
            .replace("game_date = \"DATE\"", &format!("game_date = \"{kind}\""));
        let project = Project::new(&rule);
        project.rows(&format!(
            "p1,{first},g1,a,,true,2026-01-28T06:00:00Z\n\
             p2,{last},g1,a,,true,2026-01-28T07:00:00Z\n\
             p3,{next},g1,a,,true,2026-01-28T08:00:00Z\n\
             p4,{next},g1,a,,true,2026-01-28T07:00:00Z"
        ));
        let document = apply(&project, "").exits(0).json();
        assert_eq!(document["dates"][0]["date"], "2026-01-28", "{kind}");
        assert_eq!(document["totals"]["deactivated"], 1, "{kind}");
        assert_eq!(project.active(), ["p2", "p3", "p4"], "{kind}");
        let list = "--date 2026-01-28 --date 2026-01-29 --date 2026-02-03";
        let document = project.onerow(&format!("apply {list} --format json")).exits(0).json();
        assert_eq!(document["dates"].as_array().unwrap().len(), 3, "{kind}");
        assert_eq!(project.active(), ["p2", "p3"], "{kind}");
    }
}

#[test]
fn a_key_may_be_an_expression() {
    let project = Project::new(&RULE.replace(
        r#"["game_id", "player"]"#,
        r#"["LOWER(TRIM(player))", "COALESCE(game_id, '')"]"#,
    ));
    project.rows(
        "p1,2026-01-28,g1,LeBron ,,true,2026-01-28T06:00:00Z\n\
         p2,2026-01-28,g1,lebron,,true,2026-01-28T07:00:00Z\n\
         p3,2026-01-28,,ÉMILE,,true,2026-01-28T06:00:00Z\n\
         p4,2026-01-28,,émile,,true,2026-01-28T07:00:00Z",
    );
    apply(&project, "").exits(0);
    assert_eq!(project.active(), ["p2", "p4"]);
}

#[test]
fn every_rule_at_once_is_one_document_for_each() {
    let project = Project::example();
    let header = "prediction_id,game_id,game_date,player_lookup,system_id,current_points_line,is_active,created_at";
    let row = "p1,g,2026-01-28,a,s,20.5,true,2026-01-28T06:00:00Z";
    project.write("rows.csv", format!("{header}\n{row}\n"));
    project.onerow("load by_line rows.csv").exits(0);
    let documents = project.onerow(&format!("apply --all {DATE} --format json")).exits(0).json();
    let rules: Vec<_> = documents.as_array().unwrap().iter().map(|d| &d["rule"]).collect();
    assert_eq!(rules, ["player_prop_predictions", "by_line"]);
}

#[test]
fn for_programs_each_line_on_stderr_is_json_with_its_severity_and_its_run() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nr2,2026-01-28,g1,p1,,true,2026-01-28T08:00:00Z");
    let ended = apply(&project, "--log-format json").exits(0);
    let run = ended.json()["run_id"].clone();
    let lines: Vec<serde_json::Value> =
        ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Detect, record, deactivate, verify: before each is sent, and when it is answered; and the end.
    assert_eq!(lines.len(), 9, "{}", ended.stderr);
    assert_eq!(
        (&lines[8]["message"], &lines[8]["duplicates_found"]),
        (&"run ended: clean".into(), &1.into())
    );
    for line in &lines {
        assert_eq!((&line["run_id"], &line["severity"]), (&run, &"INFO".into()), "{line}");
    }
    project.streamed("2026-01-28T09:00:00Z", "r3,2026-01-28,g1,p1,,true,2026-01-28T08:59:00Z");
    let later = apply(&project, "--log-format json --now 2026-01-28T09:05:00Z").exits(75);
    let waits = later.stderr.lines().find(|line| line.contains("in the streaming buffer; run"));
    let waits: serde_json::Value = serde_json::from_str(waits.unwrap()).unwrap();
    assert_eq!((&waits["run_id"], &waits["severity"]), (&later.json()["run_id"], &"NOTICE".into()));
    let wrong = project.onerow("apply nowhere --date TODAY --log-format json").exits(2);
    let line: serde_json::Value = serde_json::from_str(&wrong.stderr).unwrap();
    assert_eq!((&line["severity"], &line["help"]), (&"ERROR".into(), &"known: predictions".into()));
}

/// Of several rules, one that cannot be looked at hides no other.
#[test]
fn a_rule_that_fails_hides_no_other() {
    let missing = RULE.replace("[rule.predictions", "[rule.missing").replace("nba.", "gone.");
    let (_, missing) = missing.split_once("[rule.missing]").unwrap();
    let project = Project::new(RULE);
    project.rows("p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z");
    project.write("onerow.toml", format!("{RULE}\n[rule.missing]{missing}"));
    let mut said = Transcript::default();
    for command in ["status", "plan"] {
        let line = format!("{command} --all --date 2026-01-28");
        let ended = project.onerow(&line).exits(1);
        said.add(&ended);
        let documents = project.onerow(&format!("{line} --format json")).exits(1).json();
        assert_eq!(documents[0]["rule"], "predictions", "{documents}");
        assert_eq!(documents[1]["rule"], "missing", "{documents}");
        let (code, message) = (&documents[1]["error"]["code"], &documents[1]["error"]["message"]);
        assert_eq!(code, "not-found");
        assert_eq!(message, "the embedded warehouse has no table `gone.predictions`");
        project.onerow(&format!("{command} missing --date 2026-01-28")).exits(1);
    }
    whole!(said, @"
    $ onerow status --all --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        1      1            0          0            0   clean
    ────────
     total             1      1            0          0            0
    -- stderr
    error[not-found]: the embedded warehouse has no table `gone.predictions`
      note: while looking at rule missing
      help: did you mean `nba.predictions`?

    $ onerow plan --all --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        1      1            0          0            0   clean
    ────────
     total             1      1            0          0            0
    apply would send 1 statement: 1 detect. Cost: the embedded warehouse charges nothing.
    -- stderr
    error[not-found]: the embedded warehouse has no table `gone.predictions`
      note: while looking at rule missing
      help: did you mean `nba.predictions`?
    ");
}

//! Statements are query jobs: how many, with which ids and labels, two UPDATEs at a time.

use std::time::Duration;

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW, a_year};
use super::proxy::{Call, Fault};
use crate::common::Project;
use crate::common::whole::{Transcript, whole};
use crate::forecast::basis;

#[test]
fn a_year_with_ten_dirty_dates_takes_22_jobs() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    let table = fixture.table("predictions");
    let year = "--from 2025-01-01 --to 2025-12-31 --format json";
    let apply = fixture.project.onerow(&format!("apply {year}")).exits(0).json();
    assert_eq!(apply["totals"]["deactivated"], 10);
    let jobs = fixture.proxy.seen().into_iter().filter_map(|(call, _)| match call {
        Call::Insert { step, sql, .. } if sql.contains(&table) => Some(step),
        _ => None,
    });
    let jobs: Vec<String> = jobs.collect();
    let count = |step: &str| jobs.iter().filter(|job| *job == step).count();
    assert_eq!((count("detect"), count("record")), (1, 10));
    assert_eq!((count("deactivate"), count("verify")), (10, 1));
    assert_eq!(jobs.len(), 22);
    assert_eq!(jobs.len(), basis(365).forecast(10, 1).jobs, "as the model says");
    let metadata =
        fixture.proxy.seen().into_iter().filter(|(call, _)| matches!(call, Call::Table { .. }));
    assert_eq!(
        metadata.count(),
        3,
        "tables.get once per run and rule, of the ledger and of the removal log"
    );
}

#[test]
fn dates_that_share_statements_take_fewer_jobs_and_come_to_the_same() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    let table = fixture.table("predictions");
    let year = "--from 2025-01-01 --to 2025-12-31 --format json";
    let apply = format!("apply {year} --dates-per-statement 4");
    let apply = fixture.project.onerow(&apply).exits(0).json();
    assert_eq!(apply["totals"]["deactivated"], 10);
    let dates = apply["dates"].as_array().unwrap().iter();
    assert_eq!(dates.filter(|date| date["deactivated"] == 1).count(), 10, "each has its own");
    let jobs = fixture.proxy.seen().into_iter().filter_map(|(call, _)| match call {
        Call::Insert { step, sql, dry_run: false, .. }
            if sql.contains(&table) || step == "recorded" =>
        {
            Some(step)
        }
        _ => None,
    });
    let jobs: Vec<String> = jobs.collect();
    let count = |step: &str| jobs.iter().filter(|job| *job == step).count();
    assert_eq!((count("detect"), count("record"), count("recorded")), (1, 3, 3));
    assert_eq!((count("deactivate"), count("verify")), (3, 1));
    assert_eq!(jobs.len(), 11);
    assert_eq!(jobs.len(), basis(365).forecast(10, 4).jobs, "as the model says");
    let run = apply["run_id"].as_str().unwrap();
    let undo = format!("undo {run} --format json");
    let undone = fixture.project.onerow(&undo).exits(0).json();
    assert_eq!(undone["dates"].as_array().unwrap().len(), 10, "{undone}");
    assert_eq!(fixture.active().len(), 375);
}

#[test]
fn dates_that_the_buffer_refuses_together_are_sent_one_by_one() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let message = "UPDATE or DELETE statement over table t would affect rows in the streaming buffer, \
                   which is not supported";
    fixture.proxy.arm("insert deactivate", Fault::End("invalidQuery", message), 2);
    let apply = format!("apply {WINDOW} --dates-per-statement 2 --format json");
    let ended = fixture.project.onerow(&apply).exits(0);
    whole!(ended.stderr, @"
    2026-01-28 to 2026-01-29: refused because of rows in the streaming buffer; retrying with rows written before [TIME]
    2026-01-28 to 2026-01-29: refused because of rows in the streaming buffer; retrying each date by itself
    ");
    assert_eq!(ended.json()["totals"]["deactivated"], 3);
    assert_eq!(fixture.active(), SURVIVORS);
}

#[test]
fn a_job_that_runs_is_looked_at_until_it_has_ended() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    for step in ["insert detect", "insert deactivate", "insert verify", "insert ledger"] {
        fixture.proxy.arm(step, Fault::Running(3), 1);
    }
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
    let looks = fixture.proxy.names().into_iter().filter(|name| name == "get detect").count();
    assert_eq!(looks, 3);
}

#[test]
fn ids_say_run_step_and_date_and_the_ledger_knows_them() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let apply = format!("apply {WINDOW} --format json");
    let run = fixture.project.onerow(&apply).exits(0).json()["run_id"].as_str().unwrap().to_owned();
    let sent: Vec<String> = fixture.proxy.executed().into_iter().map(|(id, _)| id).collect();
    let of_run = sent.iter().filter(|id| id.starts_with(&format!("onerow_{run}_")));
    let mut of_run: Vec<String> = of_run.cloned().collect();
    of_run.sort();
    let entries = fixture.entries();
    let done = entries.iter().filter(|entry| entry["outcome"] == "done");
    let mut logged: Vec<String> =
        done.map(|entry| entry["job_id"].as_str().unwrap().to_owned()).collect();
    logged.sort();
    assert_eq!(of_run, logged);
    assert!(of_run.iter().any(|id| id.ends_with("_deactivate_2026-01-28")), "{of_run:?}");
}

#[test]
fn figures_that_the_server_leaves_out_are_unknown_and_the_rows_are_counted_by_query() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.habits(|habits| habits.hides_figures = true);
    let apply = fixture.project.onerow(&format!("apply {WINDOW} --format json")).exits(0).json();
    assert_eq!(apply["totals"]["deactivated"], 3);
    assert_eq!(fixture.active(), SURVIVORS);
    let entries = fixture.entries();
    let update =
        entries.iter().find(|e| e["step"] == "deactivate" && e["outcome"] == "done").unwrap();
    for key in
        ["affected_rows", "bytes_processed", "bytes_billed", "slot_ms", "started_at", "ended_at"]
    {
        assert!(update[key].is_null(), "{key} in {update}");
    }
    let counted = fixture
        .story()
        .iter()
        .filter(|line| line.starts_with("detect") && line.contains("done"))
        .count();
    assert_eq!(counted, 3, "the window, and each of the two dates after its UPDATE");
}

#[test]
fn figures_that_the_server_sends_are_in_the_ledger() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let entries = fixture.entries();
    let update =
        entries.iter().find(|e| e["step"] == "deactivate" && e["outcome"] == "done").unwrap();
    assert!(update["affected_rows"].is_u64(), "{update}");
    assert!(update["started_at"].is_string() && update["ended_at"].is_string(), "{update}");
}

#[test]
fn updates_of_a_table_go_two_at_a_time() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(&a_year());
    fixture.proxy.habits(|habits| habits.delay = Duration::from_millis(200));
    fixture.project.onerow("apply --from 2025-01-01 --to 2025-12-31").exits(0);
    assert_eq!(fixture.proxy.updates_at_a_time(), 2);
}

#[test]
fn two_machines_at_once_come_to_the_same_end_and_add_up() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.habits(|habits| habits.delay = Duration::from_millis(200));
    let rules = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    let elsewhere = Project::new(&rules);
    let apply = format!("apply {WINDOW} --format json");
    let deactivated = std::thread::scope(|scope| {
        let runs =
            [&fixture.project, &elsewhere].map(|project| scope.spawn(|| project.onerow(&apply)));
        let reports = runs.map(|run| run.join().unwrap().exits(0).json());
        reports.map(|report| report["totals"]["deactivated"].as_u64().unwrap())
    });
    assert_eq!(deactivated.iter().sum::<u64>(), 3, "{deactivated:?}");
    assert_eq!(fixture.active(), SURVIVORS);
    let updates = fixture
        .story()
        .into_iter()
        .filter(|l| l.starts_with("deactivate") && !l.contains("started"));
    let rows = updates.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap());
    assert_eq!(rows.sum::<u64>(), 3);
}

#[test]
fn rules_of_several_tables_run_side_by_side_and_one_that_fails_stops_no_other() {
    let rules = crate::common::RULE.replace("nba.", "DATASET.");
    let (head, rule) = rules.split_at(rules.find("[rule.predictions]").unwrap());
    let named = |name: &str| rule.replace("predictions", name);
    let rules = format!("{head}{}{}{}", named("one"), named("two"), named("three"));
    let Some(fixture) = Fixture::with_rules(&rules, "") else { return };
    for name in ["one", "three"] {
        fixture.fill(name, ROWS);
    }
    whole!(fixture.project.onerow(&format!("apply --all --jobs 3 {WINDOW}")), @"
    $ onerow apply --all --jobs 3 --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stdout
    rule one, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        1      1            0          0            0         0   clean
     2026-01-28        4      2            2          0            0         2   cleaned
     2026-01-29        2      1            1          0            0         1   cleaned
    ────────
     total             7      4            3          0            0         3

    rule three, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        1      1            0          0            0         0   clean
     2026-01-28        4      2            2          0            0         2   cleaned
     2026-01-29        2      1            1          0            0         1   cleaned
    ────────
     total             7      4            3          0            0         3
    -- stderr
    error[not-found]: BigQuery says notFound: Not found: table:demo.[DATASET].two
      note: while reading the metadata of [DATASET].two
      note: while running rule two
      help: correct the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer
    ");
    for name in ["one", "three"] {
        let sql = format!("SELECT id FROM {} WHERE is_active ORDER BY 1", fixture.table(name));
        let active: Vec<String> = fixture.emulator.query(&sql).into_iter().flatten().collect();
        assert_eq!(active, SURVIVORS, "{name}");
    }
}

#[test]
fn a_job_that_fails_is_named_with_the_missing_role_table_or_column() {
    let mut said = Transcript::default();
    for (reason, message) in [
        (
            "accessDenied",
            "Access Denied: Table demo:d.t: Permission bigquery.tables.updateData denied",
        ),
        (
            "accessDenied",
            "Access Denied: Project demo: User does not have bigquery.jobs.create permission",
        ),
        ("bytesBilledLimitExceeded", "Query exceeded limit for bytes billed"),
        ("notFound", "Not found: Table demo:d.t was not found in location US"),
        ("invalidQuery", "Unrecognized name: idd at [3:5]"),
        ("invalidQuery", "Syntax error: Unexpected end at [3:5]"),
        ("quotaExceeded", "Quota exceeded"),
    ] {
        let Some(fixture) = Fixture::new("") else { return };
        let fixture = fixture.rows(ROWS);
        fixture.proxy.arm("insert deactivate", Fault::End(reason, message), 1);
        said.add(&fixture.project.onerow("apply --date 2026-01-28"));
        let entries = fixture.entries();
        let failed = entries.iter().find(|entry| entry["outcome"] == "failed").unwrap();
        assert!(failed["error"].as_str().unwrap().contains(message), "{failed}");
        assert!(failed["error_code"].is_string(), "{failed}");
    }
    whole!(said, @"
    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[access-denied]: BigQuery says accessDenied: Access Denied: Table demo:d.t: Permission bigquery.tables.updateData denied
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: grant roles/bigquery.dataEditor on the table
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[access-denied]: BigQuery says accessDenied: Access Denied: Project demo: User does not have bigquery.jobs.create permission
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: grant roles/bigquery.jobUser on the project
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[cost-limit]: BigQuery says bytesBilledLimitExceeded: Query exceeded limit for bytes billed
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: the statement would read more than `max_bytes_billed` allows; take fewer dates, or raise the limit
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[not-found]: BigQuery says notFound: Not found: Table demo:d.t was not found in location US
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: correct the table's name in the rule file; a wrong `location` looks the same; `onerow doctor` looks closer
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[not-found]: BigQuery says invalidQuery: Unrecognized name: idd at [3:5]
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: correct the column's name in the rule or in the template; `onerow doctor` compares both with the table
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says invalidQuery: Syntax error: Unexpected end at [3:5]
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: `onerow render` prints the statement; BigQuery's place is a line and column of it
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done

    $ onerow apply --date 2026-01-28
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        4      2            2          0            0         0   dirty
    ────────
     total             4      2            2          0            0         0
    -- stderr
    error[refused]: BigQuery says quotaExceeded: Quota exceeded
      note: while running job onerow_[RUN]_3_deactivate_2026-01-28
      note: while running deactivate of 2026-01-28
      help: wait and run again: most quotas are refilled within minutes, daily ones over 24 hours; the message names the quota, and https://cloud.google.com/bigquery/docs/troubleshoot-quotas how to raise it
    error[verification]: verify of 2026-01-28 failed: settled duplicates that are still active: 2
      help: look at the statements with `onerow log --sql`; if another process writes to this date, run again when it is done
    ");
}

/// Source: <https://cloud.google.com/bigquery/docs/locations#specify_locations>
#[test]
fn a_job_is_looked_at_where_bigquery_said_that_it_is() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.habits(|habits| habits.located = Some("us-west2"));
    fixture.proxy.arm("insert detect", Fault::Running(2), 1);
    fixture.project.onerow("status --date 2026-01-28").exits(0);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let looked = fixture.proxy.looked();
    assert!(looked.iter().any(|(name, _)| name == "get detect"), "{looked:?}");
    assert!(looked.iter().any(|(name, _)| name == "results verify"), "{looked:?}");
    let elsewhere = looked.iter().filter(|(_, location)| location.as_deref() != Some("us-west2"));
    assert_eq!(elsewhere.count(), 0, "{looked:?}");
}

/// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/get>
#[test]
fn the_job_of_another_account_is_looked_at_by_that_account_or_an_administrator() {
    let Some(fixture) = Fixture::new("retry_for = \"1s\"") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::CutBefore, u32::MAX);
    let apply = format!("apply {WINDOW}");
    fixture.project.onerow(&apply).exits(1);
    fixture.proxy.heal();
    let said = "Access Denied: Job demo:US.onerow_1: Permission bigquery.jobs.get denied on job";
    fixture.proxy.habits(|habits| habits.said = said.to_owned());
    fixture.proxy.arm("get deactivate", Fault::Refuse(403, "accessDenied"), u32::MAX);
    fixture.project.onerow(&apply).exits(1).says(&[
        said,
        "roles/bigquery.resourceAdmin",
        "as the account that sent the job",
        "job onerow_",
    ]);
    fixture.proxy.heal();
    fixture.project.onerow(&apply).exits(0);
    assert_eq!(fixture.active(), SURVIVORS);
}

/// A project of a domain has a colon in its name.
/// Source: <https://cloud.google.com/resource-manager/docs/creating-managing-projects>
#[test]
fn a_project_of_a_domain_is_named_in_the_warehouse() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    let rules = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
    let project =
        |text: &str| rules.replace("project = \"demo\"", &format!("project = \"{text}\""));
    fixture.project.write("onerow.toml", project("example.com:demo"));
    fixture.project.onerow("status --date 2026-01-28");
    let asked = fixture.proxy.projects();
    assert_eq!(asked, ["example.com:demo"]);
    let table = format!("\"example.com:demo.{}.predictions\"", fixture.dataset);
    let named = rules.replace(&format!("\"{}.predictions\"", fixture.dataset), &table);
    fixture.project.write("onerow.toml", named);
    let mut refused = fixture.project.onerow("status --date 2026-01-28");
    // As wide as the dataset's name, which is not the same in each run.
    refused.stderr = refused.stderr.replace(&"^".repeat(table.len()), "[UNDERLINED]");
    whole!(refused, @r#"
    $ onerow status --date 2026-01-28
    exit code 2
    -- stderr
    error[rule-file]: `example.com:demo.[DATASET].predictions` is not a table name
     --> ./onerow.toml:7:9
      |
    7 | table = "example.com:demo.[DATASET].predictions"
      |         [UNDERLINED]
      |
      = help: write `dataset.table`, and name a project such as `example.com:project` in the warehouse's `project` alone
    "#);
}

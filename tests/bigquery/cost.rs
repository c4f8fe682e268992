//! What a plan would read, what that costs, and a limit that holds before anything is sent.

use super::fixture::{Fixture, ROWS, WINDOW};
use super::proxy::{Call, Fault};
use crate::common::part;
use crate::common::whole::whole;

const GIB: u64 = 1 << 30;

fn reading(keys: &str, bytes: u64) -> Option<Fixture> {
    let fixture = Fixture::new(keys)?.rows(ROWS);
    fixture.proxy.habits(|habits| habits.dry_run_bytes = Some(bytes));
    Some(fixture)
}

const MIB: u64 = 1 << 20;

#[test]
fn plan_prints_what_is_billed_at_most_and_runs_nothing_but_detect() {
    let Some(fixture) = reading("price_per_tib = 1024", GIB) else { return };
    // 1 detect, 2 records, 2 UPDATEs, 1 verify; a GiB each, and a dollar for each. Records and UPDATEs
    // reference the removal log beside the table, for 10 MiB more at most; the ledger is written once.
    whole!(fixture.project.onerow(&format!("plan {WINDOW}")), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    apply would send 7 statements: 1 detect, 2 record, 2 deactivate, 1 verify, 1 of the ledger. Cost: at most 6.0 GiB billed, $6.05.
    ");
    let plan = fixture.project.onerow(&format!("plan {WINDOW} --format json")).exits(0).json();
    let statements = plan["statements"].as_array().unwrap();
    let figures = |step: &str| {
        let of_step = statements.iter().find(|statement| statement["step"] == step).unwrap();
        ["bytes", "billed_at_most"].map(|key| of_step[key].as_u64().unwrap())
    };
    assert_eq!(statements.len(), 7);
    assert_eq!(figures("detect"), [GIB, GIB]);
    assert_eq!(figures("record"), [GIB, GIB + 10 * MIB]);
    assert_eq!(figures("deactivate"), [GIB, GIB + 10 * MIB]);
    assert_eq!(figures("ledger"), [0, 10 * MIB]);
    let usd: f64 = statements.iter().map(|statement| statement["usd"].as_f64().unwrap()).sum();
    assert!((usd - 6.05).abs() < 0.01, "{plan}");
    assert!(fixture.proxy.executed().iter().all(|(id, _)| id.contains("_detect_")));
}

#[test]
fn the_price_is_googles_on_demand_price_unless_the_rule_file_says_otherwise() {
    let Some(fixture) = reading("", 1 << 40) else { return };
    whole!(fixture.project.onerow(&format!("plan {WINDOW}")), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    apply would send 7 statements: 1 detect, 2 record, 2 deactivate, 1 verify, 1 of the ledger. Cost: at most 6.0 TiB billed, $37.50.
    ");
}

#[test]
fn a_small_plan_is_billed_ten_mebibytes_for_each_table_of_each_statement() {
    let Some(fixture) = reading("price_per_tib = 1024", 12) else { return };
    // 1 + 2 × 2 + 2 × 2 + 1 tables, and the ledger's.
    whole!(fixture.project.onerow(&format!("plan {WINDOW}")), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    apply would send 7 statements: 1 detect, 2 record, 2 deactivate, 1 verify, 1 of the ledger. Cost: at most 110.0 MiB billed, $0.11. If every date had duplicates, it would be 140.0 MiB.
    ");
}

#[test]
fn what_apply_asks_of_keyless_keys_is_in_its_plan() {
    let Some(fixture) = reading("", 12) else { return };
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let end = format!(
        "UPDATE {} SET is_active = FALSE WHERE game_date = DATE '2026-01-27'",
        fixture.table("predictions")
    );
    fixture.emulator.query(&end);
    whole!(fixture.project.onerow(&format!("plan {WINDOW}")), @r#"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   keyless   status
    ────────
     2026-01-27        0      0            0          0            0         1   keyless
     2026-01-28        2      2            0          0            0         0   clean
     2026-01-29        1      1            0          0            0         0   clean
    ────────
     total             3      3            0          0            0         1
    apply would send 3 statements: 1 detect, 1 keyless, 1 of the ledger. Cost: at most 40.0 MiB billed, $0.00. If every date had duplicates, it would be 140.0 MiB.
    -- stderr
    predictions: 1 of 1 keys has rows and no active one on 2026-01-27
      help: if keys are meant to end, set `on_keyless = "ignore"` in the rule
    "#);
    fixture.proxy.forget();
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    let executed = fixture.proxy.executed();
    let steps = ["_detect_", "_keyless_", "_ledger_"];
    assert!(executed.iter().zip(steps).all(|((id, _), step)| id.contains(step)), "{executed:?}");
    assert_eq!(executed.len(), 3);
}

#[test]
fn where_slots_are_paid_for_the_plan_shows_slot_time_and_no_dollars() {
    let Some(fixture) = reading("price_per_tib = 0", GIB) else { return };
    let plan = |format: &str| fixture.project.onerow(&format!("plan {WINDOW} {format}")).exits(0);
    whole!(plan(""), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    apply would send 7 statements: 1 detect, 2 record, 2 deactivate, 1 verify, 1 of the ledger. Cost: slot time, of which the ledger has none of the last 31 days, and at most 6.0 GiB read.
    ");
    fixture.proxy.habits(|habits| habits.slot_ms = Some(1_500));
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
    // 6 statements of one run.
    whole!(plan(""), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        2      2            0          0            0   clean
     2026-01-29        1      1            0          0            0   clean
    ────────
     total             4      4            0          0            0
    apply would send 2 statements: 1 detect, 1 of the ledger. Cost: slot time; the last run took 9.0 slot seconds, and at most 1.0 GiB read. If every date had duplicates, it would be 4.1 GiB.
    ");
    let json = plan("--format json").json();
    assert_eq!(json["slot_ms_of_last_runs"][0]["slot_ms"], 9_000);
    assert!(json["statements"].as_array().unwrap().iter().all(|s| s["usd"].is_null()), "{json}");
}

fn executed(fixture: &Fixture) -> Vec<String> {
    let seen = fixture.proxy.seen().into_iter();
    let steps = seen.filter_map(|(call, _)| match call {
        Call::Insert { dry_run: false, step, .. } => Some(step),
        Call::CreateTable => Some("create table".to_owned()),
        _ => None,
    });
    steps.collect()
}

#[test]
fn apply_refuses_before_sending_anything_when_counting_alone_is_over_the_limit() {
    let Some(fixture) = reading("max_bytes_billed = \"0.9 GiB\"", GIB) else { return };
    whole!(fixture.project.onerow(&format!("apply {WINDOW}")), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stderr
    error[cost-limit]: counting alone would be billed for up to 1.0 GiB, and `max_bytes_billed` is 921.6 MiB; nothing was sent
      help: take fewer dates at a time, or raise `max_bytes_billed`; `onerow plan` shows what would be sent
    ");
    assert_eq!(executed(&fixture), Vec::<String>::new());
}

#[test]
fn apply_refuses_after_counting_when_what_was_found_is_over_the_limit() {
    // 1 detect; a record and an UPDATE for each of the 2 dates that have duplicates, 1 verify: 6 GiB, and
    // 10 MiB of the removal log for each of 4 statements.
    let Some(fixture) = reading("max_bytes_billed = \"5.9 GiB\"", GIB) else { return };
    let before = fixture.active();
    whole!(fixture.project.onerow(&format!("apply {WINDOW}")), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        1      1            0          0            0         0   clean
     2026-01-28        4      2            2          0            0         0   dirty
     2026-01-29        2      1            1          0            0         0   dirty
    ────────
     total             7      4            3          0            0         0
    -- stderr
    error[cost-limit]: counting, and removing the duplicates of 2 dates, would be billed for up to 6.0 GiB, and `max_bytes_billed` is 5.9 GiB; none of their rows was changed
      help: take fewer dates at a time, or raise `max_bytes_billed`; `onerow plan` shows what would be sent
    ");
    assert_eq!(fixture.active(), before);
    assert!(!executed(&fixture).iter().any(|step| step == "record" || step == "deactivate"));
    whole!(fixture.project.onerow(&format!("plan {WINDOW}")), @"
    $ onerow plan --from 2026-01-27 --to 2026-01-29
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-27        1      1            0          0            0   clean
     2026-01-28        4      2            2          0            0   dirty
     2026-01-29        2      1            1          0            0   dirty
    ────────
     total             7      4            3          0            0
    apply would send 7 statements: 1 detect, 2 record, 2 deactivate, 1 verify, 1 of the ledger. Cost: at most 6.0 GiB billed, $0.04; apply would refuse that: `max_bytes_billed` is 5.9 GiB.
    ");
}

#[test]
fn clean_dates_do_not_count_against_the_limit() {
    let Some(fixture) = reading("max_bytes_billed = \"6.1 GiB\"", GIB) else { return };
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
}

#[test]
fn many_dates_take_few_dry_runs() {
    let Some(fixture) = reading("max_bytes_billed = \"100 GiB\"", GIB) else { return };
    let dry_runs = || {
        let dry = |(call, _): &(Call, _)| matches!(call, Call::Insert { dry_run: true, .. });
        fixture.proxy.seen().iter().filter(|seen| dry(seen)).count()
    };
    let dates = if part::is_thorough() { "--last 3650" } else { "--last 730" };
    fixture.project.onerow(&format!("apply {dates} --now 2026-01-30T20:00:00Z")).exits(0);
    assert_eq!(
        dry_runs(),
        6,
        "detect; two records and two UPDATEs, since two dates are dirty; verify"
    );
    fixture.proxy.forget();
    let plan = fixture.project.onerow(&format!("plan {dates} --now 2026-01-30T20:00:00Z")).exits(0);
    plan.prints(&["If every date had duplicates, it would be"]);
    assert!(dry_runs() <= 8, "{}", dry_runs());
}

#[test]
fn a_dry_run_that_fails_names_its_statement() {
    let Some(fixture) = reading("max_bytes_billed = \"8 GiB\"", GIB) else { return };
    fixture.proxy.arm("dry run deactivate", Fault::Refuse(403, "accessDenied"), 9);
    whole!(fixture.project.onerow(&format!("apply {WINDOW}")), @"
    $ onerow apply --from 2026-01-27 --to 2026-01-29
    exit code 1
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-27        1      1            0          0            0         0   clean
     2026-01-28        4      2            2          0            0         0   dirty
     2026-01-29        2      1            1          0            0         0   dirty
    ────────
     total             7      4            3          0            0         0
    -- stderr
    error[access-denied]: BigQuery says accessDenied: said the proxy
      note: while running deactivate of 2026-01-28
      help: compare the granted roles with docs/bigquery.md; `onerow doctor` tries each
    ");
}

//! What a plan would read, what that costs, and a limit that holds before anything is sent.

use super::fixture::{Fixture, ROWS, WINDOW};
use super::proxy::{Call, Fault};

const GIB: u64 = 1 << 30;

fn reading(keys: &str, bytes: u64) -> Option<Fixture> {
    let fixture = Fixture::new(keys)?.rows(ROWS);
    fixture.proxy.habits(|habits| habits.dry_run_bytes = Some(bytes));
    Some(fixture)
}

#[test]
fn plan_prints_bytes_and_money_and_runs_nothing_but_detect() {
    let Some(fixture) = reading("price_per_tib = 1024", GIB) else { return };
    // 1 detect, 2 records, 2 UPDATEs, 1 verify; a GiB each, and a dollar for each.
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0).prints(&[
        "6 statements",
        "6.0 GiB to read",
        "$6.00",
    ]);
    let plan = fixture.project.onerow(&format!("plan {WINDOW} --format json")).exits(0).json();
    let statements = plan["statements"].as_array().unwrap();
    assert_eq!(statements.len(), 6);
    assert!(statements.iter().all(|s| s["bytes"] == GIB && s["usd"] == 1.0), "{plan}");
    assert!(fixture.proxy.executed().iter().all(|(id, _)| id.contains("_detect_")));
}

#[test]
fn the_price_is_googles_on_demand_price_unless_the_rule_file_says_otherwise() {
    let Some(fixture) = reading("", 1 << 40) else { return };
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0).prints(&["$37.50"]);
}

#[test]
fn apply_refuses_before_sending_anything_when_the_plan_is_over_the_limit() {
    // The whole plan: 1 detect, a record and an UPDATE for each of 3 dates, 1 verify.
    let Some(fixture) = reading("max_bytes_billed = \"7.9 GiB\"", GIB) else { return };
    fixture
        .project
        .onerow(&format!("apply {WINDOW}"))
        .exits(1)
        .says(&["8.0 GiB", "7.9 GiB", "max_bytes_billed", "nothing was sent"])
        .prints_nothing();
    let sent = fixture.proxy.seen().into_iter().filter(|(call, _)| {
        matches!(call, Call::Insert { dry_run: false, .. } | Call::CreateTable)
    });
    assert_eq!(sent.count(), 0);
    fixture.project.onerow(&format!("plan {WINDOW}")).exits(0).prints(&["apply would refuse"]);
}

#[test]
fn apply_runs_when_the_plan_is_within_the_limit() {
    let Some(fixture) = reading("max_bytes_billed = \"8 GiB\"", GIB) else { return };
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
}

#[test]
fn a_dry_run_that_fails_names_its_statement() {
    let Some(fixture) = reading("max_bytes_billed = \"8 GiB\"", GIB) else { return };
    fixture.proxy.arm("dry run deactivate", Fault::Refuse(403, "accessDenied"), 9);
    fixture
        .project
        .onerow(&format!("apply {WINDOW}"))
        .exits(1)
        .says(&["accessDenied", "deactivate of 2026-01-27"]);
}

//! Many rules in one command: what is asked for each of them, and what is asked once for all.

use std::collections::BTreeMap;

use super::fixture::Fixture;
use super::proxy::Call;
use crate::common::{RULE, part};

const RULES: usize = 4;
const WINDOW: &str = "--from 2026-01-27 --to 2026-01-29";

/// As many rules as that, `r1` and so on, on two tables.
fn rules() -> String {
    let (warehouse, rule) = RULE.split_once("[rule.predictions]").unwrap();
    let rule = format!("[rule.predictions]{}", rule.replace("nba.", "DATASET."));
    let each = (1..=RULES).map(|number| {
        let rule = rule.replace("rule.predictions", &format!("rule.r{number}"));
        if number % 2 == 0 { rule.replace(".predictions\"", ".others\"") } else { rule }
    });
    format!("{warehouse}{}", each.collect::<String>())
}

fn fixture() -> Option<Fixture> {
    let fixture = Fixture::with_rules(&rules(), "")?;
    fixture.fill("others", "a1,2026-01-27,g1,a,,true,2026-01-27T01:00:00Z");
    Some(fixture.rows(super::fixture::ROWS))
}

/// How often each kind of call was made by this command.
fn calls(fixture: &Fixture, command: &str) -> BTreeMap<String, usize> {
    fixture.proxy.forget();
    fixture.project.onerow(command).exits(0);
    let mut calls = BTreeMap::new();
    for (call, _) in fixture.proxy.seen() {
        let name = match call {
            Call::Insert { dry_run: true, .. } => "dry run".to_owned(),
            Call::Insert { step, .. } => step,
            Call::Table { .. } => "tables.get".to_owned(),
            _ => continue,
        };
        *calls.entry(name).or_default() += 1;
    }
    calls
}

#[test]
fn the_ledger_is_read_once_however_many_rules_there_are() {
    if !part::is_turn(1, 3) {
        return;
    }
    let Some(fixture) = fixture() else { return };
    let apply = calls(&fixture, &format!("apply --all {WINDOW} --jobs 2"));
    assert_eq!(apply.get("log"), None, "a run without --changed asks nothing of it: {apply:?}");
    assert_eq!(apply["detect"], RULES);
    let books = fixture.table("partitions");
    fixture.emulator.query(&format!(
        "CREATE TABLE {books} (table_name STRING, partition_id STRING, last_modified_time TIMESTAMP, \
         total_rows INT64, total_logical_bytes INT64)"
    ));
    for table in ["predictions", "others"] {
        fixture.emulator.query(&format!(
            "INSERT INTO {books} VALUES ('{table}', '20260127', TIMESTAMP '2026-01-30 00:00:00', 1, 1)"
        ));
    }
    for command in ["status --all --changed", "plan --all --changed", "apply --all --changed"] {
        let calls = calls(&fixture, command);
        assert_eq!(calls["log"], 1, "{command}: {calls:?}");
        assert_eq!(calls["partitions"], RULES, "{command}: {calls:?}");
    }
    let nothing = calls(&fixture, "apply --all --changed");
    assert_eq!(nothing["log"], 1);
    assert_eq!(nothing.get("detect"), None, "nothing has changed since: {nothing:?}");
    let forecast = calls(&fixture, &format!("plan --all --forecast {WINDOW}"));
    assert_eq!(forecast["log"], 1, "for the time that jobs took: {forecast:?}");
    fixture.proxy.forget();
    fixture.project.onerow(&format!("report {WINDOW} --html -")).exits(0);
    let logs = fixture.proxy.seen().into_iter();
    let logs = logs.filter(|(call, _)| matches!(call, Call::Insert { step, .. } if step == "log"));
    assert_eq!(logs.count(), 1);
}

//! Two processes that apply the same dates at once: from one folder, and from two folders as on two
//! machines, which share neither lock nor outbox.

use std::time::Duration;

use serde_json::json;

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::{Call, Fault};
use crate::common::honest;
use crate::common::{Ended, Project, RULE};

#[test]
fn two_processes_at_once_take_each_row_out_once() {
    for (two_machines, told) in [(false, "one folder"), (true, "two folders")] {
        let rule = RULE.replace("nba.", "DATASET.");
        let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
        let fixture = fixture.rows(ROWS);
        let rules = std::fs::read_to_string(fixture.project.path("onerow.toml")).unwrap();
        let other = Project::new(&rules);
        let second = if two_machines { &other } else { &fixture.project };

        let apply = format!("apply {WINDOW}");
        let begun = [fixture.project.begin(&apply), second.begin(&apply)];
        for ended in begun.map(Ended::of_child) {
            // On a slow machine the second waits in vain for the first.
            let waited_in_vain = ended.code == Some(1) && ended.stderr.contains("help");
            assert!(ended.code == Some(0) || waited_in_vain, "{told}: {ended}");
        }
        for project in [&fixture.project, second] {
            project.onerow(&format!("apply {WINDOW}")).exits(0);
        }
        assert_eq!(fixture.active(), SURVIVORS, "{told}");
        honest::is_whole(&fixture.entries(), told);
        assert_eq!(kept(&fixture), KEPT, "{told}");
    }
}

/// What the removal log holds, once all dates are done. Where two machines record the same rows, the
/// record of one counts: of that run, the ledger says that its statement removed them.
const KEPT: [&str; 3] = ["\"b1\"", "\"b2\"", "\"c1\""];

fn kept(fixture: &Fixture) -> Vec<String> {
    let sql =
        format!("SELECT DISTINCT row_id FROM {} ORDER BY 1", fixture.table("ledger_removals"));
    fixture.emulator.query(&sql).into_iter().flatten().collect()
}

/// Somebody removes the lock while a run's statement is on its way: the next run finds no such job,
/// says so in the ledger, and does the work.
#[test]
fn a_statement_that_another_run_has_given_up_is_never_executed() {
    let rule = RULE.replace("nba.", "DATASET.");
    let Some(fixture) = Fixture::with_rules(&rule, "") else { return };
    let fixture = fixture.rows(ROWS);
    let apply = format!("apply {WINDOW}");
    fixture.proxy.arm("insert deactivate", Fault::Held, 1);
    let first = fixture.project.begin(&apply);
    while fixture.proxy.is_armed() {
        std::thread::sleep(Duration::from_millis(10));
    }
    for entry in std::fs::read_dir(fixture.project.path(".onerow")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "lock") {
            std::fs::remove_file(path).unwrap();
        }
    }
    fixture.proxy.habits(|habits| habits.dataset = json!({ "location": "EU" }));
    fixture.project.onerow(&apply).exits(0).says(&["the statement had changed nothing"]);
    assert_eq!(fixture.active(), SURVIVORS);
    let stand_ins = fixture.proxy.seen().into_iter().filter_map(|(call, _)| match call {
        Call::Insert { id, location, step, .. } if step == "_given-up" => Some((id, location)),
        _ => None,
    });
    let stand_ins: Vec<(String, String)> = stand_ins.collect();
    let [(id, location)] = stand_ins.as_slice() else { panic!("{stand_ins:?}") };
    assert!(id.contains("_deactivate_2026-01-2") && location == "EU", "{stand_ins:?}");
    fixture.proxy.release();
    Ended::of_child(first).exits(1).says(&["another run took over this statement"]);
    assert_eq!(fixture.active(), SURVIVORS);
    assert_eq!(kept(&fixture), KEPT);
    let changed = honest::changed(&fixture.entries(), "deactivate", "given up");
    assert_eq!(changed.values().sum::<u64>(), 3);
    honest::is_whole(&fixture.entries(), "given up");
    fixture.project.onerow(&apply).exits(0);
}

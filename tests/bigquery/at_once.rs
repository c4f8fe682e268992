//! Two processes that apply the same dates at once: from one folder, and from two folders as on two
//! machines, which share neither lock nor outbox.

use crate::common::{Ended, Project, RULE};
use crate::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use crate::honest;

#[test]
fn two_processes_at_once_take_each_row_out_once() {
    for (two_machines, told) in [(false, "one folder"), (true, "two folders")] {
        let rule = RULE.replace("nba.", "DATASET.").replace("row_id", "audit = true\nrow_id");
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
        let kept = format!("SELECT row_id FROM {} ORDER BY 1", fixture.table("ledger_audit"));
        let kept: Vec<String> = fixture.emulator.query(&kept).into_iter().flatten().collect();
        assert_eq!(kept, ["\"b1\"", "\"b2\"", "\"c1\""], "{told}");
    }
}

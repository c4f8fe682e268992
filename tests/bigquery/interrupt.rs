//! Ctrl-C: the running jobs are cancelled, the ledger says what became of them, the code is 130.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::fixture::{Fixture, ROWS, SURVIVORS, WINDOW};
use super::proxy::Fault;
use crate::common::part;

/// Starts `apply` and returns when the table's UPDATEs have been sent.
fn started(fixture: &Fixture) -> Child {
    let mut arguments = vec!["apply"];
    arguments.extend(WINDOW.split(' '));
    let mut command = fixture.project.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let sent = || fixture.proxy.names().iter().filter(|name| *name == "insert deactivate").count();
    let begun = Instant::now();
    while sent() < 2 {
        assert!(begun.elapsed() < Duration::from_secs(30), "the UPDATEs were not sent");
        std::thread::sleep(Duration::from_millis(50));
    }
    child
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_cancelled_job_changes_nothing_and_the_next_run_goes_on() {
    for name in part::of(["-INT", "-TERM"], 2) {
        let Some(fixture) = Fixture::new("") else { return };
        let fixture = fixture.rows(ROWS);
        fixture.proxy.arm("insert deactivate", Fault::Endless, 2);
        let child = started(&fixture);
        signal(&child, name);
        let ended = child.wait_with_output().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(130), "{said}");
        assert!(
            said.contains("interrupted") && said.contains("run the same command again"),
            "{said}"
        );
        let cancels = fixture.proxy.names().iter().filter(|n| *n == "cancel deactivate").count();
        assert_eq!(cancels, 2);
        let story = fixture.story();
        let failed = story.iter().filter(|l| l.starts_with("deactivate") && l.ends_with("failed"));
        assert_eq!(failed.count(), 2, "{story:?}");
        let entries = fixture.entries();
        let error = entries.iter().find_map(|entry| entry["error"].as_str()).unwrap();
        assert!(error.contains("interrupted: the job was cancelled"), "{error}");
        assert_eq!(fixture.active().len(), 7);
        fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
        assert_eq!(fixture.active(), SURVIVORS);
    }
}

#[test]
fn a_job_that_was_done_before_it_could_be_cancelled_is_logged_as_done() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::DoneBeforeCancel, 2);
    let child = started(&fixture);
    signal(&child, "-INT");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
    let story = fixture.story();
    assert!(story.contains(&"deactivate 2026-01-28 done 2".to_owned()), "{story:?}");
    assert!(story.contains(&"deactivate 2026-01-29 done 1".to_owned()), "{story:?}");
    assert_eq!(fixture.active(), SURVIVORS);
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0);
}

#[test]
fn a_killed_run_is_looked_up_and_completed_by_the_next() {
    let Some(fixture) = Fixture::new("") else { return };
    let fixture = fixture.rows(ROWS);
    fixture.proxy.arm("insert deactivate", Fault::Running(10), 2);
    let mut child = started(&fixture);
    child.kill().unwrap();
    child.wait().unwrap();
    fixture.project.onerow(&format!("apply {WINDOW}")).exits(0).says(&[
        "deactivate of 2026-01-28: run ",
        "exited before the response arrived",
        "2 rows",
    ]);
    assert_eq!(fixture.active(), SURVIVORS);
    let updates =
        fixture.proxy.executed().into_iter().filter(|(id, _)| id.contains("_deactivate_"));
    assert_eq!(updates.count(), 2);
    let story = fixture.story();
    assert!(story.contains(&"deactivate 2026-01-28 done 2".to_owned()), "{story:?}");
}

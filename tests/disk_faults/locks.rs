//! Locks that are held, stolen, or removed while a run is on.

use std::fs::File;
use std::path::PathBuf;
use std::process::Child;

use super::world::{self, Fault, apply, project, told};
use crate::common::oracle::WINDOW;
use crate::common::{Ended, Project};

const FAULTS: [Fault; 3] = [
    ("another run holds the lock for longer than ten seconds", || {
        let project = project();
        let held = File::create(lock(&project)).unwrap();
        held.lock().unwrap();
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        drop(held);
        world::the_next_run_finishes(&project, "after the lock");
        told(&project, &ended)
    }),
    ("two processes apply the same dates at once", || {
        let project = project();
        let ended = [begin(&project), begin(&project)].map(Ended::of_child);
        assert!(ended.iter().any(|ended| ended.code == Some(0)), "{}{}", ended[0], ended[1]);
        // On a disk that takes seconds for a write, the first may take longer than the other waits.
        for late in ended.iter().filter(|ended| ended.code != Some(0)) {
            assert_eq!(late.code, Some(1), "{late}");
            assert!(late.stderr.starts_with("error[locked]: "), "{late}");
        }
        world::is_done_and_honest(&project, "two at once");
        "the right result; one that has waited for ten seconds exits 1 and says so".to_owned()
    }),
    ("the lock is removed again and again while eight processes apply the same dates", removed),
];

#[test]
fn a_lock_that_is_held_or_gone_costs_no_row_and_no_truth() {
    world::play("locks", &FAULTS);
}

fn lock(project: &Project) -> PathBuf {
    project.path(".onerow/local.db.nba.predictions.lock")
}

fn begin(project: &Project) -> Child {
    project.begin(&format!("apply {WINDOW}"))
}

fn removed() -> String {
    for round in 0..12 {
        let project = project();
        let mut children: Vec<Child> = (0..8).map(|_| begin(&project)).collect();
        while children.iter_mut().any(|child| child.try_wait().unwrap().is_none()) {
            // It may not be there yet.
            let _ = std::fs::remove_file(lock(&project));
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        for ended in children.into_iter().map(Ended::of_child) {
            assert!([Some(0), Some(1)].contains(&ended.code), "{ended}");
            assert!(ended.code == Some(0) || ended.stderr.contains("help"), "{ended}");
        }
        world::the_next_run_finishes(&project, &format!("round {round}"));
    }
    "the right result, or exit 1 and the next run finishes".to_owned()
}

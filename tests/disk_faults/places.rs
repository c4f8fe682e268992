//! Something else stands where a file or a folder should be, or it is taken away.

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::world::{self, Fault, apply, project, told};
use crate::common::oracle::WINDOW;

const FAULTS: [Fault; 6] = [
    ("a folder stands in the place of the database", || {
        let project = project();
        let file = project.path(".onerow/local.db");
        std::fs::rename(&file, project.path("kept.db")).unwrap();
        std::fs::create_dir(&file).unwrap();
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        let load = project.onerow("load rows.csv");
        assert_eq!(load.code, Some(1), "{load}");
        told(&project, &ended)
    }),
    ("a folder stands in the place of the lock", || {
        let project = project();
        std::fs::create_dir(project.path(".onerow/local.db.nba.predictions.lock")).unwrap();
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        assert_eq!(world::nothing_is_half_done(&project, "no lock"), 0);
        told(&project, &ended)
    }),
    ("the database is a symbolic link to itself", || {
        let project = project();
        let file = project.path(".onerow/local.db");
        std::fs::rename(&file, project.path("kept.db")).unwrap();
        std::os::unix::fs::symlink("local.db", &file).unwrap();
        let ended = apply(&project);
        assert_eq!(ended.code, Some(1), "{ended}");
        told(&project, &ended)
    }),
    ("`sql/` holds a symbolic link to itself", || {
        let project = project();
        std::fs::create_dir(project.path("sql")).unwrap();
        std::os::unix::fs::symlink("loop.sql", project.path("sql/loop.sql")).unwrap();
        let ended = apply(&project);
        assert!([Some(1), Some(2)].contains(&ended.code), "{ended}");
        assert_eq!(world::nothing_is_half_done(&project, "a loop"), 0);
        told(&project, &ended)
    }),
    ("`render --out` goes to where a file is", || {
        let project = project();
        project.write("out", "mine");
        let ended = project.onerow(&format!("render --out out {WINDOW}"));
        assert_eq!(ended.code, Some(1), "{ended}");
        assert_eq!(std::fs::read_to_string(project.path("out")).unwrap(), "mine");
        told(&project, &ended)
    }),
    ("the project's folder is deleted while a run is on", deleted_midway),
];

#[test]
fn what_stands_in_the_way_is_named_and_nothing_is_changed() {
    world::play("places", &FAULTS);
}

/// The run waits for the lock meanwhile, which this test holds.
fn deleted_midway() -> String {
    let project = project();
    let lock = project.path(".onerow/local.db.nba.predictions.lock");
    let held = std::fs::File::create(&lock).unwrap();
    held.lock().unwrap();
    let arguments: Vec<&str> = ["apply"].into_iter().chain(WINDOW.split(' ')).collect();
    let mut command = project.command(&arguments);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // It has opened the database once the link is there.
    let begun = Instant::now();
    let opened = || {
        let files = std::fs::read_dir(format!("/proc/{}/fd", child.id())).into_iter().flatten();
        files.flatten().filter_map(|file| std::fs::read_link(file.path()).ok()).any(|to| to == lock)
    };
    while !opened() && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::remove_dir_all(project.path(".onerow")).unwrap();
    std::fs::remove_file(project.path("onerow.toml")).unwrap();
    drop(held);
    let ended = crate::common::Ended::of("apply", child.wait_with_output().unwrap());
    assert_eq!(ended.code, Some(1), "{ended}");
    told(&project, &ended)
}

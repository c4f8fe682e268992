//! A disk that is full, a file that may not grow, a disk that cannot be written.

use std::process::{Command, Stdio};

use super::world::{
    self, Fault, can_mount, nothing_is_half_done, onerow_mounted, project, the_next_run_finishes,
    told,
};
use crate::common::oracle::{self, ROWS, WINDOW};
use crate::common::{Ended, Project, RULE};

const FAULTS: [Fault; 15] = [
    ("the disk is full, at each page that `apply` writes", || {
        at_each(apply_with_room, "disk is full")
    }),
    ("the system refuses to let a file grow, at each page (`ulimit -f`)", || {
        at_each(apply_limited, "")
    }),
    ("the system kills at each page by which a file would grow (`ulimit -f`)", killed_at_each),
    ("the disk is full, at each page that `undo` writes", full_undo),
    ("the disk is full: `load`", || full("load rows.csv --yes", None)),
    ("the disk is full: `render --out`", || {
        full(&format!("render --out sql_out {WINDOW}"), Some("sql_out"))
    }),
    ("the disk is full: `report --html`", || {
        full(&format!("report --html page.html {WINDOW}"), Some("page.html"))
    }),
    ("the disk is full: the outbox of a `bigquery` warehouse", full_outbox),
    ("the disk is read-only: `apply`", || read_only(&format!("apply {WINDOW}"), 1)),
    ("the disk is read-only: `undo`", read_only_undo),
    ("the disk is read-only: `load`", || read_only("load rows.csv --yes", 1)),
    ("the disk is read-only: `status`", || read_only(&format!("status {WINDOW}"), 0)),
    ("the disk is read-only: `log`", || read_only("log", 0)),
    ("the disk is read-only: `render --out`", || {
        read_only(&format!("render --out sql_out {WINDOW}"), 1)
    }),
    ("the disk is read-only: `report --html`", || {
        read_only(&format!("report --html page.html {WINDOW}"), 1)
    }),
];

#[test]
fn a_disk_that_takes_nothing_more_costs_nothing_that_is_there() {
    if can_mount() {
        world::play("disk", &FAULTS);
    }
}

/// Runs the command on a disk with so many pages of room beside what is there, and brings back what
/// it has left.
fn with_room(project: &Project, pages: usize, arguments: &str) -> Ended {
    let script = format!(
        "size=$(du -s --block-size=4096 .onerow onerow.toml | awk '{{ sum += $1 }} END {{ print sum }}'); \
         here=$PWD; mount -t tmpfs -o size=$(( (size + {pages}) * 4096 )) none /mnt; \
         cp -a .onerow onerow.toml /mnt/; ln -s \"$here/rows.csv\" /mnt/rows.csv; cd /mnt; \
         code=0; \"$ONEROW\" {arguments} || code=$?; rm -f rows.csv; cp -a . \"$here/\"; exit $code"
    );
    onerow_mounted(project, &script, arguments)
}

fn apply_with_room(project: &Project, pages: usize) -> Ended {
    with_room(project, pages, &format!("apply {WINDOW}"))
}

/// No file may be longer than so many pages more than the database is.
fn limited(project: &Project, pages: usize, before: &str) -> Ended {
    let length = std::fs::metadata(project.path(".onerow/local.db")).unwrap().len();
    // `ulimit -f` counts blocks of 512 bytes.
    let blocks = (length / 4096 + pages as u64) * 8;
    let script = format!("{before} ulimit -f {blocks}; exec \"$0\" apply {WINDOW}");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_onerow")])
        .current_dir(project.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ended::of(&script, output)
}

fn apply_limited(project: &Project, pages: usize) -> Ended {
    limited(project, pages, "trap '' XFSZ;")
}

/// With more and more room until the run succeeds: it fails clearly, and the next run finishes.
fn at_each(apply: fn(&Project, usize) -> Ended, says: &str) -> String {
    let mut said = Vec::new();
    for pages in 0..100 {
        let project = project();
        let ended = apply(&project, pages);
        let what = format!("{pages} pages of room: {ended}");
        let done = nothing_is_half_done(&project, &what);
        if ended.code == Some(0) {
            assert_eq!(done, 2, "{what}");
            assert!(said.len() > 2, "it failed {} times only", said.len());
            return format!("{}; nothing is half done, and the next run finishes", said[0]);
        }
        assert_eq!(ended.code, Some(1), "{what}");
        assert!(ended.stderr.contains(says), "{what}");
        the_next_run_finishes(&project, &what);
        said.push(told(&project, &ended));
    }
    panic!("it never succeeds: {said:?}");
}

fn killed_at_each() -> String {
    for pages in 0..100 {
        let project = project();
        let ended = limited(&project, pages, "");
        let what = format!("{pages} pages of room: {ended}");
        nothing_is_half_done(&project, &what);
        if ended.code == Some(0) {
            assert!(pages > 2, "it was killed {pages} times only");
            return "nothing is half done, and the next run finishes".to_owned();
        }
        assert_eq!(ended.code, None, "{what}");
        the_next_run_finishes(&project, &what);
    }
    panic!("it never succeeds");
}

/// The command fails, and leaves neither half a file nor a row.
fn full(arguments: &str, made: Option<&str>) -> String {
    let project = project();
    let many = (0..3000).map(|n| format!("z{n},2026-01-28,g{n},z,,true,2026-01-28T01:00:00Z\n"));
    world::write_rows(&project, &many.collect::<String>());
    let ended = with_room(&project, 2, arguments);
    assert_eq!(ended.code, Some(1), "{ended}");
    nothing_is_half_done(&project, arguments);
    if let Some(made) = made.map(|made| project.path(made)) {
        assert!(!made.is_file(), "half of {}", made.display());
    }
    told(&project, &ended)
}

/// A project whose rows are cleaned, and the run that did it.
fn cleaned() -> (Project, String) {
    let project = project();
    world::apply(&project).exits(0);
    let run = world::entries(&project)[0]["run_id"].as_str().unwrap().to_owned();
    (project, run)
}

fn full_undo() -> String {
    let mut said = Vec::new();
    for pages in 0..100 {
        let (project, run) = cleaned();
        let ended = with_room(&project, pages, &format!("undo {run}"));
        let what = format!("{pages} pages of room: {ended}");
        nothing_is_half_done(&project, &what);
        if ended.code == Some(0) {
            assert_eq!(world::table(&project), oracle::undone(ROWS).table, "{what}");
            assert!(said.len() > 2, "it failed {} times only", said.len());
            return format!("{}; nothing is half done, and the next `undo` finishes", said[0]);
        }
        assert_eq!(ended.code, Some(1), "{what}");
        project.onerow(&format!("undo {run}")).exits(0);
        assert_eq!(world::table(&project), oracle::undone(ROWS).table, "{what}");
        crate::common::honest::is_whole(&world::entries(&project), &what);
        said.push(told(&project, &ended));
    }
    panic!("it never succeeds: {said:?}");
}

fn read_only_undo() -> String {
    let (project, run) = cleaned();
    let ended = on_read_only(&project, &format!("undo {run}")).exits(1);
    world::is_done_and_honest(&project, "undo on a read-only disk");
    told(&project, &ended)
}

fn full_outbox() -> String {
    let rules = RULE.replace("[warehouse.local]\ntype = \"sqlite\"", "[warehouse.prod]\ntype = \"bigquery\"\nproject = \"p\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"d.l\"");
    let project = Project::new(&rules);
    project.write(".onerow/other", "");
    let ended = with_room(&project, 0, &format!("apply {WINDOW}"));
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(!ended.stderr.contains("127.0.0.1"), "something was sent: {ended}");
    told(&project, &ended)
}

fn read_only(arguments: &str, code: i32) -> String {
    let project = project();
    let ended = on_read_only(&project, arguments);
    assert_eq!(ended.code, Some(code), "{ended}");
    the_next_run_finishes(&project, arguments);
    told(&project, &ended)
}

fn on_read_only(project: &Project, arguments: &str) -> Ended {
    let script = format!(
        "mount --bind . /mnt; mount -o remount,bind,ro /mnt; cd /mnt; exec \"$ONEROW\" {arguments}"
    );
    onerow_mounted(project, &script, arguments)
}

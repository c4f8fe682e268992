//! A project with duplicates, and what must hold of it whatever goes wrong.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::common::oracle::{self, ROWS, Row, WINDOW};
use crate::common::{Ended, HEADER, Project, RULE};
use crate::common::{document, honest, part};

/// A fault: what it is, and what makes it and looks at what comes of it.
pub type Fault = (&'static str, fn() -> String);

/// Plays each fault and puts the table into `docs/faults.md`.
pub fn play(section: &str, faults: &[Fault]) {
    let row = |(name, fault): &Fault| vec![(*name).to_owned(), fault()];
    let rows: Vec<Vec<String>> = part::of(faults, 5).map(row).collect();
    if !part::is_thorough() {
        let documented = document::rows("faults.md", section).into_iter();
        let documented: Vec<String> = documented.map(|mut row| row.remove(0)).collect();
        let names: Vec<&str> = faults.iter().map(|(name, _)| *name).collect();
        assert_eq!(documented, names, "docs/faults.md lists other faults");
        return document::has_rows("faults.md", section, &rows);
    }
    document::section(
        "faults.md",
        section,
        &document::markdown(&["fault", "what comes of it"], &rows),
    );
}

pub fn project() -> Project {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project
}

pub fn apply(project: &Project) -> Ended {
    project.onerow(&format!("apply {WINDOW}"))
}

/// The table, read without onerow.
pub fn table(project: &Project) -> Vec<Row> {
    let sql = r#"SELECT id, game_date, game_id, coalesce(player, ''), coalesce(points_line, ''),
                   CASE WHEN is_active THEN 'true' ELSE 'false' END
                 FROM "nba.predictions" ORDER BY id"#;
    let database = project.database();
    let mut statement = database.prepare(sql).unwrap();
    let cells = |row: &rusqlite::Row<'_>| (0..6).map(|i| row.get(i)).collect::<Result<Vec<_>, _>>();
    statement.query_map([], cells).unwrap().map(|cells| Row::of(&cells.unwrap())).collect()
}

/// Each date is as it was or as it should be. Returns how many of the two are done.
#[track_caller]
pub fn nothing_is_half_done(project: &Project, told: &str) -> usize {
    let expected = oracle::cured(ROWS, true);
    let of = |rows: &[Row], date: &String| -> Vec<Row> {
        rows.iter().filter(|row| row.date == *date).cloned().collect()
    };
    let found = table(project);
    assert_eq!(found.len(), expected.table.len(), "{told}: rows are lost");
    let is_done = |date: &&String| {
        let rows = of(&found, date);
        let done = rows == of(&expected.table, date);
        assert!(done || rows == of(&oracle::table(ROWS), date), "{told}: half done: {rows:?}");
        done
    };
    expected.changed.keys().filter(is_done).count()
}

/// The next run of the same command finishes, and the ledger is honest.
#[track_caller]
pub fn the_next_run_finishes(project: &Project, told: &str) {
    apply(project).exits(0);
    is_done_and_honest(project, told);
}

#[track_caller]
pub fn is_done_and_honest(project: &Project, told: &str) {
    let expected = oracle::cured(ROWS, true);
    assert_eq!(table(project), expected.table, "{told}");
    let log = entries(project);
    honest::is_whole(&log, told);
    let mut changed: BTreeMap<String, u64> = BTreeMap::new();
    for entry in log.iter().filter(|e| e["step"] == "deactivate" && e["outcome"] == "done") {
        let date = entry["first_date"].as_str().unwrap().to_owned();
        *changed.entry(date).or_default() += entry["affected_rows"].as_u64().unwrap();
    }
    assert_eq!(changed, expected.changed, "{told}");
}

/// The ledger's entries, oldest first.
pub fn entries(project: &Project) -> Vec<Json> {
    let log = project.onerow("log --statements --format json --limit 100000").exits(0).json();
    log.as_array().unwrap().iter().rev().cloned().collect()
}

/// What a command came to, for the table: its exit code, and what it said first.
pub fn told(project: &Project, ended: &Ended) -> String {
    let folder = project.path("").canonicalize().unwrap_or_else(|_| project.path(""));
    let folder = folder.to_str().unwrap().trim_end_matches('/').to_owned();
    let said = ended.stderr.lines().find(|line| line.starts_with("error"));
    let said = said
        .unwrap_or("")
        .split_once(": ")
        .map_or("", |(_, said)| said)
        .replace(&format!("{folder}/"), "")
        .replace(&folder, ".");
    let help = ended.stderr.lines().find_map(|line| line.split_once(" help: "));
    let help = help.map_or(String::new(), |(_, help)| format!(" ({help})"));
    let help = help.replace(&format!("{folder}/"), "");
    match said.is_empty() {
        true => format!("exit {}", ended.code.unwrap_or(-1)),
        false => format!("exit {}: {said}{help}", ended.code.unwrap_or(-1)),
    }
}

/// Whether disks can be mounted in a namespace of its own; says so where they cannot.
pub fn can_mount() -> bool {
    let tried = in_namespace("mount -t tmpfs none /mnt", std::path::Path::new("/")).output();
    let can = tried.is_ok_and(|output| output.status.success());
    if !can {
        eprintln!("skipped: this test mounts disks in a namespace of its own (Linux, `unshare`)");
    }
    can
}

/// Runs this script, which calls `$ONEROW`, in a mount namespace of its own: what it mounts at `/mnt`
/// is nobody else's, and is gone when it ends. Needs no rights.
pub fn onerow_mounted(project: &Project, script: &str, arguments: &str) -> Ended {
    let output = in_namespace(script, &project.path("")).output().unwrap();
    Ended::of(arguments, output)
}

fn in_namespace(script: &str, folder: &std::path::Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-ec", script]);
    command.current_dir(folder).stdin(Stdio::null());
    command.env("ONEROW", env!("CARGO_BIN_EXE_onerow"));
    command
}

/// The file that holds the CSV of a `load`.
pub fn write_rows(project: &Project, rows: &str) {
    project.write("rows.csv", format!("{HEADER}{rows}\n"));
}

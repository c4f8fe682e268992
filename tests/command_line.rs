//! The command line as people expect it.

mod completions;
mod csv;
mod environment;
mod fmt;
mod help;
mod init;
mod load;
mod man;
mod near;
mod options;
mod version;

use std::process::Stdio;

use crate::common::whole::whole;
use crate::common::{Ended, HEADER, Project, RULE};

const NOW: &str = "--now 2026-01-30T12:00:00Z";

fn project() -> Project {
    let project = Project::new(RULE);
    let row = |id: &str, day: &str| {
        format!("{id},2026-01-{day},g1,ann,22.5,true,2026-01-{day} 08:00:00 UTC\n")
    };
    let rows = [("p1", "28"), ("p2", "28"), ("p3", "29"), ("p4", "30"), ("p5", "16")];
    let rows: Vec<String> = rows.iter().map(|(id, day)| row(id, day)).collect();
    project.write("rows.csv", format!("{HEADER}{}", rows.concat()));
    project.onerow("load rows.csv").exits(0);
    project
}

/// The dates of the lines of a table.
fn dates(ended: &Ended) -> Vec<&str> {
    let words = ended.stdout.lines().filter_map(|line| line.split_whitespace().next());
    words.filter(|word| word.starts_with("2026-")).collect()
}

#[test]
fn words_for_dates_are_taken_in_any_case_and_dates_with_commas_between() {
    let project = project();
    for (given, expected) in [
        ("--date today", vec!["2026-01-30"]),
        ("--date Yesterday", vec!["2026-01-29"]),
        ("--date 2026-01-28,YESTERDAY", vec!["2026-01-28", "2026-01-29"]),
        (
            "--date 2026-01-28,2026-01-29 --date today",
            vec!["2026-01-28", "2026-01-29", "2026-01-30"],
        ),
        ("--from 2026-01-28", vec!["2026-01-28", "2026-01-29"]),
        ("--from 2026-01-28 --to today", vec!["2026-01-28", "2026-01-29", "2026-01-30"]),
    ] {
        let ended = project.onerow(&format!("status {given} {NOW}")).exits(0);
        assert_eq!(dates(&ended), expected, "{given}");
    }
    whole!(project.onerow(&format!("status --date null {NOW}")), @"
    $ onerow status --date null --now [TIME]
    -- stdout
    rule predictions
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     NULL         0      0            0          0            0   empty
    ────────
     total        0      0            0          0            0
    -- stderr
    predictions: no rows at all on NULL
      help: if rows were expected there, look at what loads the table
    ");
}

#[test]
fn a_command_that_only_looks_is_about_the_last_fourteen_dates() {
    let project = project();
    for command in ["status", "plan"] {
        let ended = project.onerow(&format!("{command} {NOW}")).exits(0);
        let dates = dates(&ended);
        assert_eq!(
            (dates.len(), dates[0], dates[13]),
            (14, "2026-01-16", "2026-01-29"),
            "{command}"
        );
    }
    for command in ["apply", "apply --dry-run", "consolidate"] {
        project.onerow(&format!("{command} {NOW}")).exits(2).prints_nothing();
    }
    assert_eq!(project.active().len(), 5, "nothing was changed");
}

#[test]
fn a_command_finds_the_project_that_its_folder_is_in() {
    let project = project();
    project.write("reports/january/note.txt", "");
    let within = |folder: &str, arguments: &[&str]| {
        let mut command = project.command(arguments);
        let output = command.current_dir(project.path(folder)).stdin(Stdio::null()).output();
        Ended::of(&arguments.join(" "), output.unwrap())
    };
    for folder in ["sql", "reports/january"] {
        std::fs::create_dir_all(project.path(folder)).unwrap();
        let ended = within(folder, &["status", "--date", "2026-01-28"]).exits(0);
        assert_eq!(dates(&ended), ["2026-01-28"], "{folder}");
    }
    // The nearest one, and its own database.
    project.write("reports/onerow.toml", RULE.replace("predictions", "others"));
    whole!(within("reports/january", &["status", "--date", "2026-01-28"]), @"
    $ onerow status --date 2026-01-28
    exit code 1
    -- stderr
    error[not-found]: there is no database `../.onerow/local.db`
      note: while opening `../.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    within("reports", &["check"]).exits(0);
    // A folder that is named is taken as it is.
    project.write("bare/note.txt", "");
    whole!(within("bare", &["check", "--project-dir", "."]), @"
    $ onerow check --project-dir .
    exit code 2
    -- stderr
    error[no-project]: there is no onerow.toml here or in a folder above
      help: name the folder with --project-dir, or start a project with `onerow init`
    ");
    let nowhere = tempfile::tempdir().unwrap();
    let mut command = project.command(&["check"]);
    let output = command.current_dir(nowhere.path()).stdin(Stdio::null()).output().unwrap();
    whole!(Ended::of("check", output), @"
    $ onerow check
    exit code 2
    -- stderr
    error[no-project]: there is no onerow.toml here or in a folder above
      help: name the folder with --project-dir, or start a project with `onerow init`
    ");
}

//! Options that may stand before and after the command, and those about messages.

use crate::common::Project;
use crate::common::whole::whole;

use super::{NOW, project};

const ESCAPE: char = '\u{1b}';

#[test]
fn the_options_of_the_project_stand_before_or_after_the_command() {
    let project = project();
    let elsewhere = Project::new("");
    let folder = project.path(".").display().to_string();
    let options = format!("--project-dir {folder} --warehouse local {NOW}");
    let after = elsewhere.onerow(&format!("status --last 2 --format json {options}")).exits(0);
    let before = elsewhere.onerow(&format!("{options} status --last 2 --format json")).exits(0);
    assert_eq!(before.json(), after.json());
    assert_eq!(after.json()["dates"][1]["date"], "2026-01-29");
    // One that is given twice counts as it is given last.
    let twice =
        project.onerow(&format!("--now 2020-01-01T00:00:00Z status --last 2 --format json {NOW}"));
    assert_eq!(twice.exits(0).json(), after.json());
    let words = ["--warehouse nothing status --last 1", "status --warehouse nothing --last 1"];
    whole!(project.transcript(words), @"
    $ onerow --warehouse nothing status --last 1
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `nothing`
      help: known: local

    $ onerow status --warehouse nothing --last 1
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `nothing`
      help: known: local
    ");
    // Nothing settles while the clock stands still.
    let words = [
        format!("{NOW} apply --last 1 --wait 1h"),
        format!("consolidate --last 1 --wait 1h {NOW}"),
    ];
    whole!(project.transcript(words), @"
    $ onerow --now [TIME] apply --last 1 --wait 1h
    exit code 2
    -- stderr
    error[usage]: --wait cannot be used with --now: at a fixed time nothing settles
      help: leave out one of the two options

    $ onerow consolidate --last 1 --wait 1h --now [TIME]
    exit code 2
    -- stderr
    error[usage]: --wait cannot be used with --now: at a fixed time nothing settles
      help: leave out one of the two options
    ");
    // What needs no project takes them and leaves them alone.
    for command in ["schema", "completions bash", "init fresh"] {
        project.onerow(&format!("{command} --warehouse nothing {NOW}")).exits(0);
    }
    // Where they would be taken for something that they are not, they are refused; their variables are not.
    whole!(project.transcript([
        "init --project-dir elsewhere",
        "--project-dir elsewhere init",
        "test --warehouse local",
        "test --now 2026-01-30T12:00:00Z",
    ]), @"
    $ onerow init --project-dir elsewhere
    exit code 2
    -- stderr
    error[usage]: `onerow init` has no use for --project-dir
      help: name the folder: onerow init DIR

    $ onerow --project-dir elsewhere init
    exit code 2
    -- stderr
    error[usage]: `onerow init` has no use for --project-dir
      help: name the folder: onerow init DIR

    $ onerow test --warehouse local
    exit code 2
    -- stderr
    error[usage]: `onerow test` has no use for --warehouse: tests run on a database in memory
      help: leave it out

    $ onerow test --now [TIME]
    exit code 2
    -- stderr
    error[usage]: `onerow test` has no use for --now: the time of a test is its `now`
      help: leave it out
    ");
    assert!(!project.path("elsewhere").exists());
    project.onerow_in(&["init", "third"], &[("ONEROW_PROJECT_DIR", "elsewhere")]).exits(0);
}

#[test]
fn quiet_leaves_out_notes_and_keeps_errors_and_results() {
    let project = project();
    let loud = project.onerow(&format!("check {NOW}")).exits(0);
    whole!(loud, @"
    $ onerow check --now [TIME]
    -- stderr
    14 statements checked, no findings
    ");
    for words in [format!("-q check {NOW}"), format!("check --quiet {NOW}")] {
        let quiet = project.onerow(&words).exits(0);
        assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), (loud.stdout.as_str(), ""));
    }
    let notes = project.onerow(&format!("status --changed {NOW}")).exits(0);
    let quiet = project.onerow(&format!("status --changed -q {NOW}")).exits(0);
    assert_eq!((notes.stdout, quiet.stderr.as_str()), (quiet.stdout, ""));
    whole!(notes.stderr, @"predictions: 4 dates to check; 0 dates unchanged since last found clean");
    whole!(project.onerow("-q status nothing --last 1"), @"
    $ onerow -q status nothing --last 1
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `nothing`
      help: known: predictions
    ");
    // In the log for programs the notes are left out; what alerts hang on stays.
    let logged =
        project.onerow(&format!("-q apply --date 2026-01-28 --log-format json {NOW}")).exits(0);
    logged.says(&["\"outcome\":\"done\"", "run ended: clean"]);
    assert!(
        project.onerow(&format!("-v -q apply --date 2026-01-28 {NOW}")).exits(0).code == Some(0)
    );
}

#[test]
fn colours_are_for_a_terminal_unless_they_are_asked_for() {
    let project = project();
    let status = format!("status --last 2 {NOW}");
    let has_colour = |words: &str, environment: &[(&str, &str)]| {
        let words: Vec<&str> = words.split_whitespace().collect();
        let ended = project.onerow_in(&words, environment);
        (ended.stdout + &ended.stderr).contains(ESCAPE)
    };
    for (options, environment, expected) in [
        ("", vec![], false),
        ("--color auto", vec![], false),
        ("--color always", vec![], true),
        ("--color always", vec![("NO_COLOR", "1")], true),
        ("--color never", vec![("ONEROW_COLOR", "always")], false),
        ("", vec![("ONEROW_COLOR", "always")], true),
    ] {
        assert_eq!(has_colour(&format!("{status} {options}"), &environment), expected, "{options}");
        for wrong in ["statu", "status --date 2026-02-30", "status --format tabel"] {
            let words = format!("{options} {wrong}");
            assert_eq!(has_colour(&words, &environment), expected, "{words} {environment:?}");
        }
    }
}

#[test]
fn a_wrong_command_line_is_a_line_of_the_log_where_that_is_for_programs() {
    let project = project();
    for words in [
        "--log-format json statu",
        "status --log-format=json --date 2026-02-30",
        "apply --log-format json --jobs 0",
    ] {
        let ended = project.onerow(words).exits(2).prints_nothing();
        let line: serde_json::Value = serde_json::from_str(ended.stderr.trim()).unwrap();
        assert_eq!(line["severity"], "ERROR", "{ended}");
        assert!(["usage", "dates"].contains(&line["error_code"].as_str().unwrap()), "{ended}");
    }
}

#[test]
fn a_value_that_is_missing_or_cannot_be_read_is_said_with_the_way_to_write_it() {
    let project = project();
    let mistakes = [
        "report --html",
        "status --format",
        "apply --jobs 0 --date 2026-01-28",
        "serve --listen here",
        "status --now 2026-01-28T00:00:00Z --now 2026-01-29T00:00:00Z",
        "review --base main --base other",
    ];
    whole!(project.transcript(mistakes), @"
    $ onerow report --html
    exit code 2
    -- stderr
    error[usage]: --html has no value
      help: write it as `--html <FILE>`

    $ onerow status --format
    exit code 2
    -- stderr
    error[usage]: --format has no value
      help: give it one of table, json, markdown, csv

    $ onerow apply --jobs 0 --date 2026-01-28
    exit code 2
    -- stderr
    error[usage]: `0` is not a value of --jobs
      help: write 1 or more

    $ onerow serve --listen here
    exit code 2
    -- stderr
    error[usage]: `here` is not a value of --listen
      help: write an address and a port, such as 127.0.0.1:[PORT]

    $ onerow status --now [TIME] --now [TIME]
    exit code 2
    -- stderr
    error[usage]: `--now <TIMESTAMP>` is given more than once
      help: give it once

    $ onerow review --base main --base other
    exit code 2
    -- stderr
    error[usage]: `--base <REV>` is given more than once
      help: give it once
    ");
}

//! A variable for each common option; one that is set and empty counts as not set.

use crate::common::Project;
use crate::common::whole::whole;

use super::{NOW, project};

const VARIABLES: [&str; 8] = [
    "ONEROW_PROJECT_DIR",
    "ONEROW_WAREHOUSE",
    "ONEROW_FORMAT",
    "ONEROW_QUIET",
    "ONEROW_VERBOSE",
    "ONEROW_COLOR",
    "ONEROW_FULL",
    "ONEROW_LOG_FORMAT",
];

#[test]
fn a_variable_counts_where_its_option_is_not_given() {
    let project = project();
    let elsewhere = Project::new("");
    let folder = project.path(".").display().to_string();
    let status = format!("status --last 2 {NOW}");
    let words: Vec<&str> = status.split_whitespace().collect();
    let plain = project.onerow(&status).exits(0);
    let there = elsewhere.onerow_in(&words, &[("ONEROW_PROJECT_DIR", &folder)]).exits(0);
    assert_eq!(there.stdout, plain.stdout);
    whole!(project.onerow_in(&words, &[("ONEROW_WAREHOUSE", "nothing")]), @"
    $ onerow status --last 2 --now [TIME]
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `nothing`
      help: known: local
    ");
    let given: Vec<&str> = words.iter().copied().chain(["--warehouse", "local"]).collect();
    project.onerow_in(&given, &[("ONEROW_WAREHOUSE", "nothing")]).exits(0);
    let json = project.onerow_in(&words, &[("ONEROW_FORMAT", "json")]).exits(0).json();
    assert_eq!(json["dates"][0]["date"], "2026-01-28");
    let table: Vec<&str> = words.iter().copied().chain(["--format", "table"]).collect();
    let table = project.onerow_in(&table, &[("ONEROW_FORMAT", "json")]).exits(0);
    assert_eq!(table.stdout, plain.stdout);
    for (value, says) in [("1", false), ("true", false), ("0", true), ("no", true)] {
        let ended = project.onerow_in(&["check"], &[("ONEROW_QUIET", value)]).exits(0);
        assert_eq!(!ended.stderr.is_empty(), says, "{value}: {ended}");
    }
    let wrong =
        project.onerow_in(&["status", "nothing"], &[("ONEROW_LOG_FORMAT", "json")]).exits(2);
    assert!(wrong.stderr.starts_with('{'), "{wrong}");
    // Whose value is wrong is said.
    let wrong = project.onerow_in(&words, &[("ONEROW_FORMAT", "jsn")]).exits(2);
    whole!(wrong, @"
    $ onerow status --last 2 --now [TIME]
    exit code 2
    -- stderr
    error[usage]: `jsn` is not a value of --format, which is set by ONEROW_FORMAT
      help: did you mean `json`?
    ");
    let maybe = project.onerow_in(&words, &[("ONEROW_QUIET", "maybe")]).exits(2);
    whole!(maybe, @"
    $ onerow status --last 2 --now [TIME]
    exit code 2
    -- stderr
    error[usage]: `maybe` is not a value of --quiet, which is set by ONEROW_QUIET
      help: write true or false
    ");
    // It is for commands that have a choice.
    project.onerow_in(&["schema"], &[("ONEROW_FORMAT", "csv")]).exits(0);
}

#[test]
fn a_variable_that_is_empty_counts_as_not_set() {
    let project = project();
    let empty = VARIABLES.map(|name| (name, ""));
    let status = format!("status --last 2 {NOW}");
    let words: Vec<&str> = status.split_whitespace().collect();
    let plain = project.onerow(&status).exits(0);
    let ended = project.onerow_in(&words, &empty).exits(0);
    assert_eq!((ended.stdout, ended.stderr), (plain.stdout, plain.stderr));
    let empty =
        ["ONEROW_LISTEN", "ONEROW_OIDC_AUDIENCE", "ONEROW_OIDC_APPLY"].map(|name| (name, ""));
    whole!(project.onerow_in(&["serve", "nothing"], &empty), @"
    $ onerow serve nothing
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `nothing`
      help: known: predictions
    ");
}

#[test]
fn help_names_the_variables() {
    let project = project();
    let help = project.onerow("status --help").exits(0).stdout;
    for name in VARIABLES {
        assert!(help.contains(&format!("[env: {name}]")), "{name}: {help}");
    }
    let general = project.onerow("--help").exits(0).stdout;
    for name in VARIABLES.iter().filter(|name| **name != "ONEROW_FORMAT") {
        assert!(general.contains(&format!("[env: {name}]")), "{name}: {general}");
    }
}

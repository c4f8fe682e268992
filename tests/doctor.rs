//! `doctor` on the embedded warehouse.

use crate::common::whole::whole;
use crate::common::{Project, RULE};

const ROWS: &str = "a,2026-01-28,g1,x,,true,2026-01-28T01:00:00Z\n\
                    b,2026-01-28,g1,x,,true,2026-01-28T02:00:00Z";

#[test]
fn a_project_that_fits_is_said_to_fit() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project.onerow("doctor --date 2026-01-28").exits(0).prints(&[
        "all columns of the rule exist",
        "would take detect, record, deactivate, verify of 2026-01-28",
        "`id` is unique and not NULL in 2 active rows",
    ]);
}

#[test]
fn a_column_that_the_table_has_not_is_named_with_the_one_that_was_meant() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project.write("onerow.toml", RULE.replace("player", "playr"));
    project
        .onerow("doctor --date 2026-01-28")
        .exits(1)
        .prints(&["the table has no column `playr` → did you mean `player`?"]);
}

#[test]
fn shared_ids_are_found_by_date() {
    let project = Project::new(RULE);
    project.rows(&ROWS.replace("b,", "a,"));
    project
        .onerow("doctor --date 2026-01-28")
        .exits(1)
        .prints(&["`id` is NULL or shared in 2 of 2 active rows, on 2026-01-28"]);
}

#[test]
fn no_database_is_an_error_and_none_is_created() {
    let project = Project::new(RULE);
    whole!(project.onerow("doctor"), @"
    $ onerow doctor
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: during opening `./.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    assert!(!project.path(".onerow").exists());
}

#[test]
fn without_rows_on_the_dates_it_says_so() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project
        .onerow("doctor --date 2026-01-20 --format markdown")
        .exits(0)
        .prints(&["| skipped | row id", "name other dates"]);
}

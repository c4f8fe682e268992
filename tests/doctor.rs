//! `doctor` on the embedded warehouse.

use crate::common::whole::whole;
use crate::common::{Project, RULE};

const ROWS: &str = "a,2026-01-28,g1,x,,true,2026-01-28T01:00:00Z\n\
                    b,2026-01-28,g1,x,,true,2026-01-28T02:00:00Z";

#[test]
fn a_project_that_fits_is_said_to_fit() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    whole!(project.onerow("doctor --date 2026-01-28"), @"
    $ onerow doctor --date 2026-01-28
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      good     row id            `id` is unique and not NULL in 2 active rows of 2026-01-28
    ");
}

#[test]
fn a_column_that_the_table_has_not_is_named_with_the_one_that_was_meant() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project.write("onerow.toml", RULE.replace("player", "playr"));
    whole!(project.onerow("doctor --date 2026-01-28"), @"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      bad      columns           the table has no column `playr` → did you mean `player`?
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      bad      statements        detect: there is no column `playr` → did you mean `player`?
      bad      statements        record: there is no column `playr` → did you mean `player`?
      bad      statements        deactivate: there is no column `playr` → did you mean `player`?
      bad      statements        verify: there is no column `playr` → did you mean `player`?
      skipped  row id            detect cannot run
    ");
}

#[test]
fn shared_ids_are_found_by_date() {
    let project = Project::new(RULE);
    project.rows(&ROWS.replace("b,", "a,"));
    whole!(project.onerow("doctor --date 2026-01-28"), @r#"
    $ onerow doctor --date 2026-01-28
    exit code 1
    -- stdout
    warehouse
      good     credentials       a query was accepted and answered
      skipped  clock             the warehouse does not say when it runs a statement
      good     ledger            in `./.onerow/local.db`

    rule predictions
      good     table             nba.predictions: 8 columns
      good     columns           all columns of the rule exist, with fitting types
      skipped  partition         this warehouse has no partitions
      good     streaming buffer  empty
      good     statements        the warehouse would take detect, record, deactivate, verify of 2026-01-28
      advice   rows              2 active rows have a NULL or duplicate row id on 2026-01-28: a statement by row id could remove a row that must be kept, so no duplicate is removed there → make the ids unique (in a rule without `row_id` they are the key and the values of `keep`), or set `strategy = "rewrite"`, which can tell such rows apart
      bad      row id            `id` is NULL or shared in 2 of 2 active rows, on 2026-01-28 → those dates are left alone if they have duplicates; make the ids unique, or choose another `row_id` column
    "#);
}

#[test]
fn no_database_is_an_error_and_none_is_created() {
    let project = Project::new(RULE);
    whole!(project.onerow("doctor"), @"
    $ onerow doctor
    exit code 1
    -- stderr
    error[not-found]: there is no database `./.onerow/local.db`
      note: while opening `./.onerow/local.db`
      help: load data first, with `onerow load`
    ");
    assert!(!project.path(".onerow").exists());
}

#[test]
fn without_rows_on_the_dates_it_says_so() {
    let project = Project::new(RULE);
    project.rows(ROWS);
    whole!(project.onerow("doctor --date 2026-01-20 --format markdown"), @r"
    $ onerow doctor --date 2026-01-20 --format markdown
    -- stdout
    **warehouse**

    |         | what        | seen                                                | remedy |
    |---------|-------------|-----------------------------------------------------|--------|
    | good    | credentials | a query was accepted and answered                   |        |
    | skipped | clock       | the warehouse does not say when it runs a statement |        |
    | good    | ledger      | in \`./.onerow/local.db\`                           |        |

    **rule predictions**

    |         | what             | seen                                                                      | remedy                                                    |
    |---------|------------------|---------------------------------------------------------------------------|-----------------------------------------------------------|
    | good    | table            | nba.predictions: 8 columns                                                |                                                           |
    | good    | columns          | all columns of the rule exist, with fitting types                         |                                                           |
    | skipped | partition        | this warehouse has no partitions                                          |                                                           |
    | good    | streaming buffer | empty                                                                     |                                                           |
    | good    | statements       | the warehouse would take detect, record, deactivate, verify of 2026-01-20 |                                                           |
    | advice  | rows             | no rows at all on 2026-01-20                                              | if rows were expected there, look at what loads the table |
    | skipped | row id           | no active rows on 2026-01-20; name other dates with --date                |                                                           |
    ");
}

//! `onerow test`: a project's own tests of its SQL.

use crate::common::whole::{Transcript, whole};
use crate::common::{Ended, Project, RULE, example_projects};
use crate::docs::Page;

const HEAD: &str = r#"
[defaults]
game_date = 2026-01-28
game_id = "g1"
player = "a"
is_active = true
created_at = 2026-01-28T08:00:00Z
"#;

/// A project with these tests in `tests/own.toml`.
fn with(tests: &str) -> Project {
    let project = Project::new(RULE);
    project.write("tests/own.toml", format!("{HEAD}{tests}"));
    project
}

fn test(tests: &str) -> Ended {
    with(tests).onerow("test")
}

const TIE: &str = r#"
[[test]]
name = "tie"
rows = [{ id = "a" }, { id = "b" }]
"#;

#[test]
fn the_examples_tests_pass() {
    for folder in example_projects() {
        let project = Project::new("");
        let folder = folder.display().to_string();
        let ended = project.onerow_with(&["test", "--project-dir", &folder]).exits(0);
        assert!(ended.stdout.lines().all(|line| line.starts_with("ok ")), "{ended}");
    }
}

/// The example's tests, whose rule file has these warehouses.
fn example_with(warehouses: &str) -> String {
    let project = Project::example();
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    let local = "[warehouse.local]\ntype = \"sqlite\"\npath = \".onerow/local.db\"\n";
    assert!(rules.contains(local));
    let rules = rules.replace("default_warehouse = \"local\"\n", "");
    project.write("onerow.toml", rules.replace(local, warehouses));
    for file in ["seed_case.toml", "staging.toml"] {
        let from = std::path::Path::new("examples/player_props/tests").join(file);
        project.write(&format!("tests/{file}"), std::fs::read(from).unwrap());
    }
    let ended = project.onerow("test").exits(0);
    assert!(ended.stdout.lines().all(|line| line.starts_with("ok ")), "{ended}");
    ended.stdout
}

#[test]
fn a_projects_tests_pass_whatever_warehouses_it_has() {
    let local = "[warehouse.local]\ntype = \"sqlite\"\npath = \".onerow/local.db\"\n";
    let prod = "[warehouse.prod]\ntype = \"bigquery\"\nproject = \"my-project\"\n\
                ledger = \"ops.onerow_ledger\"\n";
    let as_it_is = example_with(local);
    assert!(as_it_is.lines().count() > 10);
    assert_eq!(example_with(&format!("default_warehouse = \"prod\"\n\n{prod}\n{local}")), as_it_is);
    assert_eq!(example_with(prod), as_it_is);
}

#[test]
fn rows_and_columns_are_compared_in_any_order_and_missing_ones_are_null() {
    whole!(test(&format!(         "{TIE}expect.rows = [{{ is_active = true, id = \"b\", points_line = 1 }}, {{ id = \"a\" }}]"     )), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              rows (- expected, + found):
              - is_active = NULL, id = 'a', points_line = NULL
              - is_active = TRUE, id = 'b', points_line = '1'
              + is_active = FALSE, id = 'a', points_line = NULL
              + is_active = TRUE, id = 'b', points_line = NULL
    -- stderr
    0 passed, 1 failed
    ");
    whole!(test(&format!(         "{TIE}expect.rows = [{{ is_active = true, id = \"b\" }}, {{ id = \"a\", is_active = false }}]"     )), @"
    $ onerow test
    -- stdout
    ok      ./tests/own.toml: tie
    -- stderr
    1 passed, 0 failed
    ");
}

#[test]
fn a_row_too_few_or_too_many_is_a_difference() {
    whole!(test(&format!("{TIE}expect.rows = [{{ id = \"a\" }}]")), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              rows (- expected, + found):
                id = 'a'
              + id = 'b'
    -- stderr
    0 passed, 1 failed
    ");
    whole!(test(&format!("{TIE}expect.rows = [{{ id = \"a\" }}, {{ id = \"b\" }}, {{ id = \"b\" }}]")), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              rows (- expected, + found):
                id = 'a'
                id = 'b'
              - id = 'b'
    -- stderr
    0 passed, 1 failed
    ");
    let none = "step = \"own\"\nexpect.rows = []";
    let project = with(&format!("{TIE}{none}"));
    project.write("sql/own.sql", "SELECT {{ rule.row_id }} AS id FROM {{ rule.table }}");
    whole!(project.onerow("test"), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              rows (- expected, + found):
              + id = 'a'
              + id = 'b'
    -- stderr
    0 passed, 1 failed
    ");
    project
        .write("sql/own.sql", "SELECT {{ rule.row_id }} AS id FROM {{ rule.table }} WHERE FALSE");
    project.onerow("test").exits(0);
}

#[test]
fn every_figure_is_compared() {
    let mut said = Transcript::default();
    for (figure, right) in [
        ("active", 2),
        ("keys", 1),
        ("duplicates", 1),
        ("buffered", 0),
        ("shared_ids", 0),
        ("deactivated", 1),
    ] {
        test(&format!("{TIE}expect.counts = {{ {figure} = {right} }}")).exits(0);
        said.case(figure, test(&format!("{TIE}expect.counts = {{ {figure} = 7 }}")));
    }
    whole!(said, @"
    # active
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              active: expected 7, found 2
    -- stderr
    0 passed, 1 failed

    # keys
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              keys: expected 7, found 1
    -- stderr
    0 passed, 1 failed

    # duplicates
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              duplicates: expected 7, found 1
    -- stderr
    0 passed, 1 failed

    # buffered
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              buffered: expected 7, found 0
    -- stderr
    0 passed, 1 failed

    # shared_ids
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              shared_ids: expected 7, found 0
    -- stderr
    0 passed, 1 failed

    # deactivated
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              deactivated: expected 7, found 1
    -- stderr
    0 passed, 1 failed
    ");
}

#[test]
fn an_error_fails_a_test_unless_it_is_expected() {
    let own = "step = \"own\"\nexpect.rows = []";
    let project = with(&format!("{TIE}{own}"));
    project.write("sql/own.sql", "SELECT nothing FROM {{ rule.table }}");
    whole!(project.onerow("test"), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              error: unknown-column: unknown column `nothing`: it is not among the columns that the rule lists (predictions: own of 2026-01-28:2:8); the line comes from ./sql/own.sql:1:1; known: id, game_date, game_id, player, points_line, is_active, created_at, updated_at
    -- stderr
    0 passed, 1 failed
    ");
    let expected = "step = \"own\"\nexpect.error = \"unknown-column\"";
    project.write("tests/own.toml", format!("{HEAD}{TIE}{expected}"));
    project.onerow("test").exits(0);
    whole!(test(&format!("{TIE}expect.error = \"anything\"")), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              expected an error with `anything`, and there was none
    -- stderr
    0 passed, 1 failed
    ");
}

#[test]
fn a_broken_template_fails_a_test_that_passed() {
    let project = with(&format!("{TIE}expect.counts = {{ duplicates = 1 }}"));
    project.onerow("test").exits(0);
    let keys =
        RULE.replace("key = [\"game_id\", \"player\"]", "key = [\"game_id\", \"player\", \"id\"]");
    project.write("onerow.toml", keys);
    whole!(project.onerow("test"), @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: tie
              duplicates: expected 1, found 0
    -- stderr
    0 passed, 1 failed
    ");
}

#[test]
fn tests_do_not_see_each_others_rows_or_the_projects_database() {
    let project = with(&format!(
        "{TIE}expect.counts = {{ active = 2 }}\n{TIE}expect.counts = {{ active = 2 }}"
    ));
    whole!(project.onerow("test"), @"
    $ onerow test
    -- stdout
    ok      ./tests/own.toml: tie
    ok      ./tests/own.toml: tie
    -- stderr
    2 passed, 0 failed
    ");
    assert!(!project.path(".onerow").exists());
}

#[test]
fn mistakes_in_a_file_are_named_with_their_place() {
    let mut said = Transcript::default();
    for tests in [
        "[[test]]\nname = \"x\"\nrows = [{ idd = \"a\" }]\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nrows = [{ id = 5 }]\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nrows = [{ points_line = \"much\" }]\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nrows = [{ id = \"a\" }]\nexpect = {}",
        "[[test]]\nname = \"x\"\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nrule = \"prediction\"\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nnow = \"noon\"\ndates = [\"2026-01-28\"]\nexpect.rows = []",
        "[[test]]\nname = \"x\"\ndates = [\"2026-02-30\"]\nexpect.rows = []",
        "[[test]]\nname = \"x\"\nrows = [{ id = \"a\" }]\nexpect.counts = { dups = 1 }",
        "[[test]]\nnam = \"x\"\n",
    ] {
        said.add(&test(tests));
    }
    whole!(said, @r#"
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: rule predictions lists no column `idd`
      --> ./tests/own.toml:10:11
       |
    10 | rows = [{ idd = "a" }]
       |           ^^^
       |
       = help: did you mean `id`?

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `5` is not a STRING
      --> ./tests/own.toml:10:16
       |
    10 | rows = [{ id = 5 }]
       |                ^
       |
       = help: write a STRING in quotes, and leave a column out for NULL

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `much` is not a NUMERIC, such as 22.5
      --> ./tests/own.toml:10:25
       |
    10 | rows = [{ points_line = "much" }]
       |                         ^^^^^^

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: the test expects nothing
      --> ./tests/own.toml:11:10
       |
    11 | expect = {}
       |          ^^
       |
       = help: write expect.rows, expect.counts or expect.error

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: the test has no dates
     --> ./tests/own.toml:9:8
      |
    9 | name = "x"
      |        ^^^
      |
      = help: write dates = ["2026-01-28"]; without, they are those of the given rows

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: there is no rule `prediction`
      --> ./tests/own.toml:10:8
       |
    10 | rule = "prediction"
       |        ^^^^^^^^^^^^
       |
       = help: did you mean `predictions`?

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `noon` is not a timestamp
      --> ./tests/own.toml:10:7
       |
    10 | now = "noon"
       |       ^^^^^^
       |
       = help: write it as "[TIME]"

    $ onerow test
    exit code 2
    -- stderr
    error[dates]: `2026-02-30` is not a date
      --> ./tests/own.toml:10:10
       |
    10 | dates = ["2026-02-30"]
       |          ^^^^^^^^^^^^
       |
       = help: write a date that exists, as YYYY-MM-DD

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: there is no count `dups`
      --> ./tests/own.toml:11:19
       |
    11 | expect.counts = { dups = 1 }
       |                   ^^^^
       |
       = help: known: active, keys, duplicates, buffered, shared_ids, deactivated

    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: unknown key `nam`
     --> ./tests/own.toml:9:1
      |
    9 | nam = "x"
      | ^^^
      |
      = help: did you mean `name`?
    "#);
}

#[test]
fn a_file_of_tests_has_an_end() {
    let some = format!("{TIE}expect.counts.keys = 1\n# ");
    let room = 1024 * 1024 - HEAD.len() - some.len();
    test(&format!("{some}{}", "x".repeat(room))).exits(0);
    whole!(test(&format!("{some}{}", "x".repeat(room + 1))), @"
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `./tests/own.toml` is 1048577 bytes long; the limit is 1048576
      help: split it into several files
    ");
}

#[test]
fn a_filter_names_what_runs_and_no_tests_are_no_success() {
    let two = format!(
        "{TIE}expect.counts = {{ active = 2 }}\n{}expect.counts = {{ active = 9 }}",
        TIE.replace("\"tie\"", "\"wrong\"")
    );
    let project = with(&two);
    whole!(project.onerow("test --filter ti"), @"
    $ onerow test --filter ti
    -- stdout
    ok      ./tests/own.toml: tie
    -- stderr
    1 passed, 0 failed
    ");
    project.onerow("test --filter wrong").exits(1);
    whole!(project.onerow("test --filter nothing"), @"
    $ onerow test --filter nothing
    exit code 2
    -- stderr
    error[usage]: no test is named with `nothing`
      help: `onerow test` lists all names
    ");
    whole!(Project::new(RULE).onerow("test"), @"
    $ onerow test
    exit code 2
    -- stderr
    error[usage]: there are no tests in `./tests`
      help: write some in a TOML file there; docs/tests.md has an example
    ");
}

#[test]
fn ci_gets_a_junit_report() {
    let project = with(&format!("{TIE}expect.counts = {{ active = 9 }}"));
    project.onerow("test --junit report.xml").exits(1);
    let report = std::fs::read_to_string(project.path("report.xml")).unwrap();
    whole!(report, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="onerow" tests="1" skipped="0" failures="1" errors="0">
        <testsuite name="./tests/own.toml" tests="1" skipped="0" errors="0" failures="1">
            <testcase name="tie" classname="predictions">
                <failure>active: expected 9, found 2</failure>
            </testcase>
        </testsuite>
    </testsuites>
    "#);
}

#[test]
fn the_example_of_the_documentation_passes() {
    let docs = Page::read("docs/tests.md");
    let example = docs.texts("toml").remove(0);
    let project = Project::example();
    project.write("tests/ties.toml", &example);
    whole!(project.onerow("test"), @"
    $ onerow test
    -- stdout
    ok      ./tests/ties.toml: of two rows, the newer survives
    -- stderr
    1 passed, 0 failed
    ");

    // Of two keys, both rows survive.
    let counts = "expect.counts = { duplicates = 1, deactivated = 1 }\n";
    let failing = example.replace(counts, "");
    let failing = failing
        .replace("{ prediction_id = \"a\" },", "{ prediction_id = \"a\", game_id = \"g2\" },");
    project.write("tests/ties.toml", failing);
    let ended = project.onerow("test").exits(1);
    assert_eq!(ended.stdout.replace("./tests/", "tests/"), docs.texts("text")[0], "{ended}");
}

#[test]
fn rows_may_stand_in_a_data_file() {
    const FILE: &str = "files = [\"data/rows.csv\"]\nexpect.rows = [{ id = \"b\", is_active = true }, { id = \"a\" }]";
    let all = format!("[[test]]\nname = \"of a file\"\n{FILE}");
    let project = with(&all);
    let rows = "a,2026-01-28,g1,ann,20.5,true,2026-01-28T08:00:00Z\n\
                b,2026-01-28,g1,ann,21.5,true,2026-01-28T09:00:00Z\n";
    project.write("data/rows.csv", format!("{}{rows}", crate::common::HEADER));
    let ended = project.onerow("test").exits(1);
    whole!(ended, @"
    $ onerow test
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: of a file
              rows (- expected, + found):
              - id = 'a', is_active = NULL
              + id = 'a', is_active = FALSE
                id = 'b', is_active = TRUE
    -- stderr
    0 passed, 1 failed
    ");
    project.write(
        "tests/own.toml",
        all.replace("{ id = \"a\" }", "{ id = \"a\", is_active = false }"),
    );
    project.onerow("test").exits(0);

    project
        .write("data/rows.csv", format!("{}a,2026-01-32,g1,ann,,true,\n", crate::common::HEADER));
    whole!(project.onerow("test"), @"
    $ onerow test
    exit code 1
    -- stderr
    error[data-file]: column game_date: `2026-01-32` is not a DATE, such as 2026-01-28
     --> data/rows.csv:2:3
      |
    2 | a,2026-01-32,g1,ann,,true,
      |   ^^^^^^^^^^
      |
      = help: correct the file and load it again; nothing was loaded
    ");
    let mut said = Transcript::default();
    for file in ["data/none.csv", "data/rows.txt", "../rows.csv", "/dev/stdin"] {
        let ended = test(&all.replace("data/rows.csv", file)).exits(2);
        said.case(file, ended);
    }
    whole!(said, @r#"
    # data/none.csv
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: a data file of the test is missing: cannot read `./data/none.csv`: No such file or directory (os error 2); check the path, and that the folder still exists
      --> ./tests/own.toml:10:10
       |
    10 | files = ["data/none.csv"]
       |          ^^^^^^^^^^^^^^^

    # data/rows.txt
    $ onerow test
    exit code 2
    -- stderr
    error[usage]: `data/rows.txt` has an unknown format
      --> ./tests/own.toml:10:10
       |
    10 | files = ["data/rows.txt"]
       |          ^^^^^^^^^^^^^^^
       |
       = help: name the file *.csv, *.tsv, *.ndjson, *.jsonl or *.json, each also with .gz at the end, or *.parquet

    # ../rows.csv
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `../rows.csv` is not a file of the project
      --> ./tests/own.toml:10:10
       |
    10 | files = ["../rows.csv"]
       |          ^^^^^^^^^^^^^
       |
       = help: name it as it is called from the folder that holds onerow.toml

    # /dev/stdin
    $ onerow test
    exit code 2
    -- stderr
    error[rule-file]: `/dev/stdin` is not a file of the project
      --> ./tests/own.toml:10:10
       |
    10 | files = ["/dev/stdin"]
       |          ^^^^^^^^^^^^
       |
       = help: name it as it is called from the folder that holds onerow.toml
    "#);
}

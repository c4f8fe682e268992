//! `onerow test`: a project's own tests of its SQL.

use crate::common::whole::whole;
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
    test(&format!("{TIE}expect.rows = [{{ id = \"a\" }}]")).exits(1).prints(&["+ id = 'b'"]);
    test(&format!("{TIE}expect.rows = [{{ id = \"a\" }}, {{ id = \"b\" }}, {{ id = \"b\" }}]"))
        .exits(1)
        .prints(&["- id = 'b'"]);
    let none = "step = \"own\"\nexpect.rows = []";
    let project = with(&format!("{TIE}{none}"));
    project.write("sql/own.sql", "SELECT {{ rule.row_id }} AS id FROM {{ rule.table }}");
    project.onerow("test").exits(1).prints(&["+ id = 'a'"]);
    project
        .write("sql/own.sql", "SELECT {{ rule.row_id }} AS id FROM {{ rule.table }} WHERE FALSE");
    project.onerow("test").exits(0);
}

#[test]
fn every_figure_is_compared() {
    for (figure, right) in [
        ("active", 2),
        ("keys", 1),
        ("duplicates", 1),
        ("buffered", 0),
        ("shared_ids", 0),
        ("deactivated", 1),
    ] {
        test(&format!("{TIE}expect.counts = {{ {figure} = {right} }}")).exits(0);
        test(&format!("{TIE}expect.counts = {{ {figure} = 7 }}"))
            .exits(1)
            .prints(&[&format!("{figure}: expected 7, found {right}")]);
    }
}

#[test]
fn an_error_fails_a_test_unless_it_is_expected() {
    let own = "step = \"own\"\nexpect.rows = []";
    let project = with(&format!("{TIE}{own}"));
    project.write("sql/own.sql", "SELECT nothing FROM {{ rule.table }}");
    project.onerow("test").exits(1).prints(&["error:", "unknown-column"]);
    let expected = "step = \"own\"\nexpect.error = \"unknown-column\"";
    project.write("tests/own.toml", format!("{HEAD}{TIE}{expected}"));
    project.onerow("test").exits(0);
    test(&format!("{TIE}expect.error = \"anything\"")).exits(1).prints(&["there was none"]);
}

#[test]
fn a_broken_template_fails_a_test_that_passed() {
    let project = with(&format!("{TIE}expect.counts = {{ duplicates = 1 }}"));
    project.onerow("test").exits(0);
    let keys =
        RULE.replace("key = [\"game_id\", \"player\"]", "key = [\"game_id\", \"player\", \"id\"]");
    project.write("onerow.toml", keys);
    project.onerow("test").exits(1).prints(&["duplicates: expected 1, found 0"]);
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
    for (tests, says) in [
        (
            "[[test]]\nname = \"x\"\nrows = [{ idd = \"a\" }]\nexpect.rows = []",
            "did you mean `id`?",
        ),
        ("[[test]]\nname = \"x\"\nrows = [{ id = 5 }]\nexpect.rows = []", "`5` is not a STRING"),
        (
            "[[test]]\nname = \"x\"\nrows = [{ points_line = \"much\" }]\nexpect.rows = []",
            "NUMERIC",
        ),
        (
            "[[test]]\nname = \"x\"\nrows = [{ id = \"a\" }]\nexpect = {}",
            "the test expects nothing",
        ),
        ("[[test]]\nname = \"x\"\nexpect.rows = []", "the test has no dates"),
        (
            "[[test]]\nname = \"x\"\nrule = \"prediction\"\nexpect.rows = []",
            "did you mean `predictions`?",
        ),
        (
            "[[test]]\nname = \"x\"\nnow = \"noon\"\ndates = [\"2026-01-28\"]\nexpect.rows = []",
            "`noon` is not a timestamp",
        ),
        ("[[test]]\nname = \"x\"\ndates = [\"2026-02-30\"]\nexpect.rows = []", "not a date"),
        (
            "[[test]]\nname = \"x\"\nrows = [{ id = \"a\" }]\nexpect.counts = { dups = 1 }",
            "there is no count `dups`",
        ),
        ("[[test]]\nnam = \"x\"\n", "nam"),
    ] {
        test(tests).exits(2).says(&[says, "tests/own.toml:"]).prints_nothing();
    }
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
    assert!(report.contains("failures=\"1\""), "{report}");
    assert!(report.contains("active: expected 9, found 2"), "{report}");
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
    ended.prints(&["- id = 'a', is_active = NULL", "+ id = 'a', is_active = FALSE"]);
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
    for (file, said) in [
        ("data/none.csv", "cannot read"),
        ("data/rows.txt", "has an unknown format"),
        ("../rows.csv", "is not a file of the project"),
        ("/dev/stdin", "is not a file of the project"),
    ] {
        let ended = test(&all.replace("data/rows.csv", file)).exits(2);
        ended.says(&["tests/own.toml:", said]);
    }
}

//! `onerow load [RULE] FILE…`

use crate::common::{HEADER, Project, RULE};

const ROW: &str = "p1,2026-01-28,g1,ann,22.5,true,2026-01-28 08:00:00 UTC\n";

/// A project of two rules.
fn two() -> Project {
    let section = RULE[RULE.find("[rule.predictions]").unwrap()..].replace("predictions", "others");
    let project = Project::new(&format!("{RULE}{section}"));
    project.write("rows.csv", format!("{HEADER}{ROW}"));
    project
}

#[test]
fn the_rule_stands_before_the_files_and_may_be_left_out_where_there_is_one() {
    let project = two();
    project.write("more.csv", format!("{HEADER}{}", ROW.replace("p1", "p2")));
    let ended = project.onerow("load others rows.csv more.csv").exits(0);
    ended.says(&["rows.csv: 1 row into nba.others", "more.csv: 1 row into nba.others"]);
    let only = Project::new(RULE);
    only.write("rows.csv", format!("{HEADER}{ROW}"));
    only.onerow("load rows.csv").exits(0).says(&["rows.csv: 1 row into nba.predictions"]);
    only.onerow("load predictions rows.csv").exits(0);
    assert_eq!(only.active(), ["p1", "p1"]);
}

#[test]
fn what_cannot_be_told_apart_or_found_is_said() {
    let project = two();
    project.write("predictions", "");
    project.write("plain", "");
    for (words, expected) in [
        ("load", ["error[usage]: the following required arguments", "<FILE>..."]),
        (
            "load others",
            ["`others` is a rule, and no file is named", "onerow load others rows.csv"],
        ),
        (
            "load predictions",
            ["`predictions` is a rule, and a file of this folder", "`./predictions`"],
        ),
        ("load predictions rows.csv", ["is a rule, and a file of this folder", "rename the file"]),
        ("load rows.csv", ["several rules", "name one of predictions, others before the files"]),
        (
            "load othrs rows.csv",
            ["there is no rule `othrs`, and no file of this name", "did you mean `others`?"],
        ),
        ("load rows.csv others", ["several rules", "before the files"]),
        ("load others row.csv", ["cannot read `row.csv`", ""]),
        (
            "load rows.csv --rule others",
            ["`onerow load` has no option `--rule`", "onerow load --help"],
        ),
    ] {
        let ended = project.onerow(words).prints_nothing();
        assert!(ended.code == Some(2) || words.ends_with("row.csv"), "{ended}");
        ended.says(&expected);
    }
    assert!(!project.path(".onerow").exists(), "nothing was loaded");
    let only = Project::new(RULE);
    only.onerow("load nothing.csv").exits(1).says(&["cannot read `nothing.csv`"]);
    only.onerow("load ./predictions").exits(1).says(&["cannot read `./predictions`"]);
}

//! `onerow fmt`: another layout, the same values.

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

const UNTIDY: &str = "[warehouse.local]\ntype=\"sqlite\"   # a file\n\n\n\n[rule.r]\n  table = 'd.t'\n\
                      key=[ \"a\",\n\"b\" ]\n# why\nkeep = [\"n DESC\"]\npartition = \"none\"\nstrategy = \"rewrite\"\n";

#[test]
fn files_are_formatted_and_say_the_same() {
    let project = Project::new(UNTIDY);
    project.write("tests/r.toml", "[[test]]\nname=\"t\"\nexpect.counts={duplicates=0}\n");
    let before = project.onerow("render --step detect").exits(0).stdout;
    let mut transcript = Transcript::default();
    transcript.add(&project.onerow("fmt --check").exits(1));
    assert_eq!(std::fs::read_to_string(project.path("onerow.toml")).unwrap(), UNTIDY);
    transcript.add(&project.onerow("fmt").exits(0));
    transcript.add(&project.onerow("fmt --check").exits(0));
    transcript.text(&std::fs::read_to_string(project.path("onerow.toml")).unwrap());
    whole!(transcript, @r#"
    $ onerow fmt --check
    exit code 1
    -- stdout
    --- a/onerow.toml
    +++ b/onerow.toml
    @@ -1,12 +1,10 @@
     [warehouse.local]
    -type="sqlite"   # a file
    +type = "sqlite" # a file


    -
     [rule.r]
    -  table = 'd.t'
    -key=[ "a",
    -"b" ]
    +table = 'd.t'
    +key = ["a", "b"]
     # why
     keep = ["n DESC"]
     partition = "none"
    --- a/tests/r.toml
    +++ b/tests/r.toml
    @@ -1,3 +1,3 @@
     [[test]]
    -name="t"
    -expect.counts={duplicates=0}
    +name = "t"
    +expect.counts = { duplicates = 0 }
    -- stderr
    not formatted: 2 of 2 files; run `onerow fmt`

    $ onerow fmt
    -- stderr
    formatted ./onerow.toml
    formatted ./tests/r.toml

    $ onerow fmt --check
    -- stderr
    nothing to format in 2 files

    [warehouse.local]
    type = "sqlite" # a file


    [rule.r]
    table = 'd.t'
    key = ["a", "b"]
    # why
    keep = ["n DESC"]
    partition = "none"
    strategy = "rewrite"
    "#);
    assert_eq!(project.onerow("render --step detect").exits(0).stdout, before);
}

#[test]
fn what_is_not_toml_is_named_and_nothing_is_written() {
    let project = Project::new(UNTIDY);
    project.write("tests/r.toml", "[[test]]\nname=");
    whole!(project.onerow("fmt"), @r#"
    $ onerow fmt
    exit code 2
    -- stderr
    error[rule-file]: this is not TOML: string values must be quoted, expected literal string
     --> ./tests/r.toml:2:6
      |
    2 | name=
      |      ^
      |
      = help: text goes in quotes: "…"
    "#);
    assert_eq!(std::fs::read_to_string(project.path("onerow.toml")).unwrap(), UNTIDY);
    let tidy = Project::new(RULE);
    tidy.onerow("fmt").exits(0);
}

/// What onerow writes is formatted.
#[test]
fn a_new_project_is_formatted() {
    let project = Project::new("");
    project.onerow("init new").exits(0);
    project.write("orders.csv", include_str!("../propose/orders.csv"));
    project.onerow("init --file orders.csv shop").exits(0);
    for folder in ["new", "shop"] {
        project.onerow(&format!("fmt --check --project-dir {folder}")).exits(0);
    }
}

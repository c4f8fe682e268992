//! What is misspelt is answered with the nearest name, and with its place where it is in a file.

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

#[test]
fn a_misspelt_word_of_the_command_line_is_answered_with_the_nearest() {
    let project = Project::new(&format!("{RULE}\n[warehouse.prod]\ntype = \"sqlite\"\n"));
    let mistakes = [
        "aply --last 1",
        "exlpain",
        "lod rows.csv",
        "zzz",
        "status --form 2026-01-28",
        "status --dat=2026-01-28",
        "status --warehose prod",
        "--verbos status",
        "plan --forcast",
        "status -x",
        "status a b",
        "status --format jsno",
        "check --format gihub",
        "status --format",
        "status --color alwys",
        "completions bsh",
        "view shwo",
        "load rows.csv --format json",
        "schema --format json",
        "status predictoins --last 1",
        "status --last 1 --warehouse prd",
        "status --last 1 --warehouse PROD",
    ];
    whole!(project.transcript(mistakes), @"
    $ onerow aply --last 1
    exit code 2
    -- stderr
    error[usage]: there is no command `aply`
      help: did you mean `onerow apply`?

    $ onerow exlpain
    exit code 2
    -- stderr
    error[usage]: there is no command `exlpain`
      help: did you mean `onerow explain`?

    $ onerow lod rows.csv
    exit code 2
    -- stderr
    error[usage]: there is no command `lod`
      help: did you mean `onerow load`?

    $ onerow zzz
    exit code 2
    -- stderr
    error[usage]: there is no command `zzz`
      help: `onerow --help` lists the commands

    $ onerow status --form 2026-01-28
    exit code 2
    -- stderr
    error[usage]: `onerow status` has no option `--form`
      help: did you mean `--from`?

    $ onerow status --dat=2026-01-28
    exit code 2
    -- stderr
    error[usage]: `onerow status` has no option `--dat`
      help: did you mean `--date`?

    $ onerow status --warehose prod
    exit code 2
    -- stderr
    error[usage]: `onerow status` has no option `--warehose`
      help: did you mean `--warehouse`?

    $ onerow --verbos status
    exit code 2
    -- stderr
    error[usage]: `onerow status` has no option `--verbos`
      help: did you mean `--verbose`?

    $ onerow plan --forcast
    exit code 2
    -- stderr
    error[usage]: `onerow plan` has no option `--forcast`
      help: did you mean `--forecast`?

    $ onerow status -x
    exit code 2
    -- stderr
    error[usage]: `onerow status` has no option `-x`
      help: `onerow status --help` lists its options

    $ onerow status a b
    exit code 2
    -- stderr
    error[usage]: `onerow status` takes no argument `b`
      help: `onerow status --help` shows what it takes

    $ onerow status --format jsno
    exit code 2
    -- stderr
    error[usage]: `jsno` is not a value of --format
      help: did you mean `json`?

    $ onerow check --format gihub
    exit code 2
    -- stderr
    error[usage]: `gihub` is not a value of --format
      help: did you mean `github`?

    $ onerow status --format
    exit code 2
    -- stderr
    error[usage]: --format has no value
      help: give it one of table, json, markdown, csv

    $ onerow status --color alwys
    exit code 2
    -- stderr
    error[usage]: `alwys` is not a value of --color
      help: did you mean `always`?

    $ onerow completions bsh
    exit code 2
    -- stderr
    error[usage]: `bsh` is not a value of SHELL
      help: did you mean `bash`?

    $ onerow view shwo
    exit code 2
    -- stderr
    error[usage]: `shwo` is not a value of ACT
      help: did you mean `show`?

    $ onerow load rows.csv --format json
    exit code 2
    -- stderr
    error[usage]: `onerow load` has no --format: what it writes has one form
      help: leave --format out

    $ onerow schema --format json
    exit code 2
    -- stderr
    error[usage]: `onerow schema` has no --format: what it writes has one form
      help: leave --format out

    $ onerow status predictoins --last 1
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `predictoins`
      help: did you mean `predictions`?

    $ onerow status --last 1 --warehouse prd
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `prd`
      help: did you mean `prod`?

    $ onerow status --last 1 --warehouse PROD
    exit code 2
    -- stderr
    error[unknown-name]: there is no warehouse `PROD`
      help: did you mean `prod`?
    ");
}

#[test]
fn a_misspelt_word_of_the_rule_file_is_answered_with_the_nearest_and_its_place() {
    let rule = |line: &str| RULE.replacen("time_zone", &format!("{line}\ntime_zone"), 1);
    let warehouse = |line: &str| RULE.replacen("\"sqlite\"", line, 1);
    let mut said = Transcript::default();
    for text in [
        warehouse("\"sqlit\""),
        warehouse("\"BigQuery\""),
        warehouse("\"bigquery\"\npriority = \"bacth\""),
        warehouse("\"bigquery\"\ncredentials = \"applicaton_default\""),
        rule("strategy = \"delte\""),
        rule("on_keyless = \"fial\""),
        rule("partition_type = \"DATETIM\""),
        rule("partition_granularity = \"month\""),
        rule("written_unit = \"sceonds\""),
        rule("merge = \"last_nonnull\""),
        rule("strateg = \"delete\""),
        format!("default_warehouse = \"lcoal\"\n{RULE}"),
        RULE.replace("\"NUMERIC\"", "\"NUMERC\""),
    ] {
        let ended = Project::new(&text).onerow("check").exits(2);
        said.add(&ended);
    }
    whole!(said, @r#"
    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `sqlit` is not a value of `type`
     --> ./onerow.toml:3:8
      |
    3 | type = "sqlit"
      |        ^^^^^^^
      |
      = help: did you mean `sqlite`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `BigQuery` is not a value of `type`
     --> ./onerow.toml:3:8
      |
    3 | type = "BigQuery"
      |        ^^^^^^^^^^
      |
      = help: did you mean `bigquery`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `bacth` is not a value of `priority`
     --> ./onerow.toml:4:12
      |
    4 | priority = "bacth"
      |            ^^^^^^^
      |
      = help: did you mean `batch`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `applicaton_default` is not a value of `credentials`
     --> ./onerow.toml:4:15
      |
    4 | credentials = "applicaton_default"
      |               ^^^^^^^^^^^^^^^^^^^^
      |
      = help: did you mean `application_default`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `delte` is not a value of `strategy`
      --> ./onerow.toml:14:12
       |
    14 | strategy = "delte"
       |            ^^^^^^^
       |
       = help: did you mean `delete`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `fial` is not a value of `on_keyless`
      --> ./onerow.toml:14:14
       |
    14 | on_keyless = "fial"
       |              ^^^^^^
       |
       = help: did you mean `fail`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `DATETIM` is not a value of `partition_type`
      --> ./onerow.toml:14:18
       |
    14 | partition_type = "DATETIM"
       |                  ^^^^^^^^^
       |
       = help: did you mean `DATETIME`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `month` is not a value of `partition_granularity`
      --> ./onerow.toml:14:25
       |
    14 | partition_granularity = "month"
       |                         ^^^^^^^
       |
       = help: did you mean `MONTH`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `sceonds` is not a value of `written_unit`
      --> ./onerow.toml:14:16
       |
    14 | written_unit = "sceonds"
       |                ^^^^^^^^^
       |
       = help: did you mean `seconds`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `last_nonnull` is not a value of `merge`
      --> ./onerow.toml:14:9
       |
    14 | merge = "last_nonnull"
       |         ^^^^^^^^^^^^^^
       |
       = help: did you mean `last_non_null`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: unknown key `strateg` in [rule.predictions]
      --> ./onerow.toml:14:1
       |
    14 | strateg = "delete"
       | ^^^^^^^
       |
       = help: did you mean `strategy`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: there is no warehouse `lcoal`
     --> ./onerow.toml:1:21
      |
    1 | default_warehouse = "lcoal"
      |                     ^^^^^^^
      |
      = help: did you mean `local`?

    $ onerow check
    exit code 2
    -- stderr
    error[rule-file]: `NUMERC` is not a BigQuery type
      --> ./onerow.toml:21:15
       |
    21 | points_line = "NUMERC"
       |               ^^^^^^^^
       |
       = help: did you mean `NUMERIC`?
    "#);
}

#[test]
fn an_option_of_a_command_that_stands_before_it_is_told_where_it_goes() {
    let project = Project::new(RULE);
    whole!(project.transcript(["--date YESTERDAY plan", "--format json status"]), @"
    $ onerow --date YESTERDAY plan
    exit code 2
    -- stderr
    error[usage]: `--date` is an option of `onerow plan`, and stands before it
      help: write it after the command: onerow plan --date …

    $ onerow --format json status
    exit code 2
    -- stderr
    error[usage]: `--format` is an option of `onerow status`, and stands before it
      help: write it after the command: onerow status --format …
    ");
}

#[test]
fn the_log_for_programs_has_no_colours() {
    let project = Project::new(RULE);
    let ended = project.onerow("status --bogus --color always --log-format json").exits(2);
    let line: serde_json::Value = serde_json::from_str(ended.stderr.trim()).unwrap();
    let message = line["message"].as_str().unwrap();
    assert!(!message.contains('\u{1b}') && !message.contains("error["), "{ended}");
    assert_eq!(line["error_code"], "usage");
}

//! What is misspelt is answered with the nearest name, and with its place where it is in a file.

use crate::common::{Project, RULE};

#[test]
fn a_misspelt_word_of_the_command_line_is_answered_with_the_nearest() {
    let project = Project::new(&format!("{RULE}\n[warehouse.prod]\ntype = \"sqlite\"\n"));
    for (words, message, help) in [
        ("aply --last 1", "there is no command `aply`", "did you mean `onerow apply`?"),
        ("exlpain", "there is no command `exlpain`", "did you mean `onerow explain`?"),
        ("lod rows.csv", "there is no command `lod`", "did you mean `onerow load`?"),
        ("zzz", "there is no command `zzz`", "`onerow --help` lists the commands"),
        (
            "status --form 2026-01-28",
            "`onerow status` has no option `--form`",
            "did you mean `--from`?",
        ),
        (
            "status --dat=2026-01-28",
            "`onerow status` has no option `--dat`",
            "did you mean `--date`?",
        ),
        ("status --warehose prod", "has no option `--warehose`", "did you mean `--warehouse`?"),
        (
            "--verbos status",
            "`onerow status` has no option `--verbos`",
            "did you mean `--verbose`?",
        ),
        ("plan --forcast", "`onerow plan` has no option `--forcast`", "did you mean `--forecast`?"),
        (
            "status -x",
            "`onerow status` has no option `-x`",
            "`onerow status --help` lists its options",
        ),
        ("status a b", "`onerow status` takes no argument `b`", "`onerow status --help`"),
        ("status --format jsno", "`jsno` is not a value of --format", "did you mean `json`?"),
        ("check --format gihub", "`gihub` is not a value of --format", "did you mean `github`?"),
        ("status --format", "--format has no value", "give it one of table, json, markdown"),
        ("status --color alwys", "`alwys` is not a value of --color", "did you mean `always`?"),
        ("completions bsh", "`bsh` is not a value of SHELL", "did you mean `bash`?"),
        ("view shwo", "`shwo` is not a value of ACT", "did you mean `show`?"),
        ("load rows.csv --format json", "`onerow load` has no --format", "leave --format out"),
        ("schema --format json", "`onerow schema` has no --format", "leave --format out"),
        (
            "status predictoins --last 1",
            "there is no rule `predictoins`",
            "did you mean `predictions`?",
        ),
        ("status --last 1 --warehouse prd", "there is no warehouse `prd`", "did you mean `prod`?"),
        (
            "status --last 1 --warehouse PROD",
            "there is no warehouse `PROD`",
            "did you mean `prod`?",
        ),
    ] {
        let ended = project.onerow(words).exits(2).prints_nothing();
        let lines: Vec<&str> = ended.stderr.lines().map(str::trim).collect();
        assert!(lines[0].starts_with("error[") && lines[0].contains(message), "{ended}");
        assert!(ended.stderr.contains(help), "{help}: {ended}");
        assert!(!ended.stderr.contains("Usage:"), "{ended}");
    }
}

#[test]
fn a_misspelt_word_of_the_rule_file_is_answered_with_the_nearest_and_its_place() {
    let rule = |line: &str| RULE.replacen("time_zone", &format!("{line}\ntime_zone"), 1);
    let warehouse = |line: &str| RULE.replacen("\"sqlite\"", line, 1);
    for (text, message, place, help) in [
        (warehouse("\"sqlit\""), "`sqlit` is not a value of `type`", "3:8", "`sqlite`"),
        (warehouse("\"BigQuery\""), "`BigQuery` is not a value of `type`", "3:8", "`bigquery`"),
        (
            warehouse("\"bigquery\"\npriority = \"bacth\""),
            "`bacth` is not a value of `priority`",
            "4:12",
            "`batch`",
        ),
        (
            warehouse("\"bigquery\"\ncredentials = \"applicaton_default\""),
            "`applicaton_default` is not a value of `credentials`",
            "4:15",
            "`application_default`",
        ),
        (rule("strategy = \"delte\""), "`delte` is not a value of `strategy`", "14:12", "`delete`"),
        (rule("on_keyless = \"fial\""), "`fial` is not a value of `on_keyless`", "14:14", "`fail`"),
        (
            rule("partition_type = \"DATETIM\""),
            "`DATETIM` is not a value of `partition_type`",
            "14:18",
            "`DATETIME`",
        ),
        (
            rule("partition_granularity = \"month\""),
            "`month` is not a value of `partition_granularity`",
            "14:25",
            "`MONTH`",
        ),
        (
            rule("written_unit = \"sceonds\""),
            "`sceonds` is not a value of `written_unit`",
            "14:16",
            "`seconds`",
        ),
        (
            rule("merge = \"last_nonnull\""),
            "`last_nonnull` is not a value of `merge`",
            "14:9",
            "`last_non_null`",
        ),
        (rule("strateg = \"delete\""), "unknown key `strateg`", "14:1", "`strategy`"),
        (
            format!("default_warehouse = \"lcoal\"\n{RULE}"),
            "there is no warehouse `lcoal`",
            "1:21",
            "`local`",
        ),
        (
            RULE.replace("\"NUMERIC\"", "\"NUMERC\""),
            "`NUMERC` is not a BigQuery type",
            "21:15",
            "`NUMERIC`",
        ),
    ] {
        let ended = Project::new(&text).onerow("check").exits(2);
        ended.says(&[
            &format!("error[rule-file]: {message}"),
            &format!("onerow.toml:{place}"),
            &format!("did you mean {help}?"),
        ]);
    }
}

#[test]
fn an_option_of_a_command_that_stands_before_it_is_told_where_it_goes() {
    let project = Project::new(RULE);
    for words in ["--date YESTERDAY plan", "--format json status"] {
        let ended = project.onerow(words).exits(2);
        let option = words.split(' ').next().unwrap();
        let command = words.rsplit(' ').next().unwrap();
        let help = format!("write it after the command: onerow {command} {option}");
        ended.says(&[&format!("`{option}` is an option of `onerow {command}`"), &help]);
    }
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

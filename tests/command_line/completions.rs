//! `onerow completions bash`, asked by a real bash.

use std::path::Path;
use std::process::Command;

use crate::common::whole::whole;
use crate::common::{HEADER, Project, RULE};

/// What bash is offered for the last of these words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_onerow"));
    let path = std::env::join_paths(
        std::iter::once(binary.parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let script = r#"
        source <(onerow completions bash)
        complete -p onerow > /dev/null || exit 9
        function_of=$(complete -p onerow | sed 's/.*-F \([^ ]*\).*/\1/')
        COMP_WORDS=("$@")
        COMP_CWORD=$(($# - 1))
        COMP_TYPE=9
        "$function_of" onerow "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", script, "bash"]).args(words);
    let output = bash.env("PATH", path.unwrap()).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_is_offered_presets_and_the_steps_of_the_projects_rules() {
    let project = Project::new(RULE);
    project.write("sql/late_rows.sql", "SELECT 1 AS one");
    project.write("sql/predictions/late_ids.sql", "SELECT 2 AS two");
    let here = project.path(".");
    assert_eq!(offered(&here, &["onerow", "init", "--preset", "fi"]), ["firebase", "fivetran"]);
    assert_eq!(offered(&here, &["onerow", "run", "late"]), ["late_ids", "late_rows"]);
    assert_eq!(offered(&here, &["onerow", "render", "--step", "de"]), ["deactivate", "detect"]);
    assert_eq!(offered(&here, &["onerow", "check", "--step", "late_r"]), ["late_rows"]);
    // What `run` refuses is not offered to it; a rule that deactivates deletes nothing.
    assert_eq!(offered(&here, &["onerow", "render", "--step", "corr"]), ["correct"]);
    assert!(offered(&here, &["onerow", "run", "corr"]).is_empty());
    assert!(offered(&here, &["onerow", "run", "del"]).is_empty());
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(offered(elsewhere.path(), &["onerow", "run", "de"]).is_empty());
    assert_eq!(offered(elsewhere.path(), &["onerow", "init", "--preset", "se"]), ["segment"]);
}

#[test]
fn bash_is_offered_commands_options_rules_and_warehouses() {
    let section = RULE[RULE.find("[rule.predictions]").unwrap()..].replace("predictions", "others");
    let warehouse = "[warehouse.production]\ntype = \"sqlite\"\n";
    let project = Project::new(&format!("{RULE}{section}{warehouse}"));
    project.write("rows.csv", HEADER);
    std::fs::create_dir(project.path("deep")).unwrap();
    let here = project.path(".");
    assert_eq!(offered(&here, &["onerow", "exp"]), ["explain"]);
    assert_eq!(offered(&here, &["onerow", "status", "--chan"]), ["--changed"]);
    assert_eq!(offered(&here, &["onerow", "status", "pred"]), ["predictions"]);
    assert_eq!(offered(&project.path("deep"), &["onerow", "apply", "oth"]), ["others"]);
    assert_eq!(offered(&here, &["onerow", "undo", "last", "pre"]), ["predictions"]);
    assert_eq!(offered(&here, &["onerow", "status", "--warehouse", "pro"]), ["production"]);
    assert_eq!(offered(&here, &["onerow", "--warehouse", "lo"]), ["local"]);
    assert_eq!(offered(&here, &["onerow", "status", "--format", "c"]), ["csv"]);
    assert_eq!(offered(&here, &["onerow", "load", "ro"]), ["rows.csv"]);
    assert_eq!(offered(&here, &["onerow", "load", "pre"]), ["predictions"]);
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(offered(elsewhere.path(), &["onerow", "status", "pred"]).is_empty());
    let folder = here.display().to_string();
    let named = ["onerow", "--project-dir", &folder, "status", "pred"];
    assert_eq!(offered(elsewhere.path(), &named), ["predictions"]);
}

#[test]
fn each_shell_has_a_script_and_a_shell_that_asks_for_nothing_gets_nothing() {
    let project = Project::new("");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        project.onerow(&format!("completions {shell}")).exits(0).prints(&["ONEROW_COMPLETE"]);
    }
    let ended = project.onerow_in(&["schema"], &[("ONEROW_COMPLETE", "")]).exits(0);
    assert!(ended.stdout.starts_with('{'), "an empty variable is no question");
    // What goes wrong is not written into the line.
    let ended =
        project.onerow_in(&["--", "onerow", "sta"], &[("ONEROW_COMPLETE", "nosuch")]).exits(1);
    assert_eq!((ended.stdout.as_str(), ended.stderr.as_str()), ("", ""));
    // A variable that is set by mistake ends no command without a word.
    let ended = project.onerow_in(&["apply"], &[("ONEROW_COMPLETE", "nosuch")]).exits(1);
    whole!(ended, @"
    $ onerow apply
    exit code 1
    -- stderr
    error[usage]: ONEROW_COMPLETE: error: unknown shell `nosuch`, expected one of `bash`, `elvish`, `fish`, `powershell`, `zsh`
    ");
}

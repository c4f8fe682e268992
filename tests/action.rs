//! The GitHub Action: its steps, run as a runner would run them, with a stand-in for GitHub's own
//! command line that writes down what it is asked.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value as Json;

use crate::common::whole::whole;
use crate::common::{Ended, Project, RULE};

fn yaml(name: &str) -> Json {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name);
    serde_yaml_ng::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn steps() -> Vec<Json> {
    yaml("action.yml")["runs"]["steps"].as_array().unwrap().clone()
}

fn git(project: &Project, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
    assert!(command.current_dir(project.path(".")).output().unwrap().status.success());
}

/// A repository with a base and an uncommitted change, and a runner's folders beside it.
fn repository() -> Project {
    let project = Project::new(RULE);
    project.write(".gitignore", "runner/\n");
    git(&project, &["init", "--quiet", "--initial-branch", "main"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "base"]);
    project.write("sql/own.sql", "SELECT playr FROM {{ rule.table }}");
    let gh = "#!/usr/bin/env bash\necho \"gh $*\" >> \"$RUNNER_TEMP/gh.log\"\n\
              case \"$*\" in\n  *--jq*) cat \"$RUNNER_TEMP/known\" 2> /dev/null || true ;;\n  \
              *) [ ! -e \"$RUNNER_TEMP/forbidden\" ] && cat >> \"$RUNNER_TEMP/body\" ;;\nesac\n";
    let gh = project.write("runner/bin/gh", gh);
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(gh, executable).unwrap();
    project
}

/// Runs a step of the action with these inputs.
fn step(project: &Project, name: &str, inputs: &[(&str, &str)]) -> Output {
    let step = steps().into_iter().find(|step| step["name"] == name).unwrap();
    assert_eq!(step["shell"], "bash");
    let runner = project.path("runner");
    let root = env!("CARGO_MANIFEST_DIR");
    let onerow = PathBuf::from(env!("CARGO_BIN_EXE_onerow"));
    let path = format!(
        "{}:{}:{}",
        runner.join("bin").display(),
        onerow.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = Command::new("bash");
    command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
    command.current_dir(project.path(".")).env("PATH", path);
    command.env("RUNNER_TEMP", &runner).env("GITHUB_ACTION_PATH", root);
    command.env("GITHUB_STEP_SUMMARY", runner.join("summary"));
    command.env("GITHUB_PATH", runner.join("path")).env("GITHUB_REPOSITORY", "o/r");
    for (variable, value) in step["env"].as_object().unwrap() {
        let input = value.as_str().unwrap();
        let given = inputs.iter().find(|(name, _)| input.contains(&format!("inputs.{name} ")));
        let value = match (given, input) {
            (Some((_, value)), _) => (*value).to_owned(),
            (None, "${{ github.event.pull_request.number }}") => "7".to_owned(),
            (None, "${{ github.action_path }}") => root.to_owned(),
            (None, input) => default(input),
        };
        command.env(variable, value);
    }
    command.output().unwrap()
}

fn default(input: &str) -> String {
    let name = input.trim_start_matches("${{ inputs.").trim_end_matches(" }}");
    match yaml("action.yml")["inputs"][name]["default"].as_str() {
        Some("${{ github.event.pull_request.base.sha }}") => "main".to_owned(),
        Some("${{ github.token }}") => "token".to_owned(),
        Some(default) => default.to_owned(),
        None => panic!("the action has no input for {input}"),
    }
}

/// All that a step says; its exit code is compared too.
fn whole_of(step: &str, output: Output) -> Ended {
    Ended::of(&format!("(step {step})"), output)
}

fn said(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

fn read(project: &Project, name: &str) -> String {
    std::fs::read_to_string(project.path("runner").join(name)).unwrap_or_default()
}

#[test]
fn inputs_reach_scripts_as_variables_and_never_as_their_text() {
    for step in steps() {
        assert!(!step["run"].as_str().unwrap().contains("${{"), "{step}");
    }
}

#[test]
fn check_annotates_and_fails() {
    let ended = whole_of("Check", step(&repository(), "Check", &[]));
    // The date is yesterday's.
    let (before, after) = ended.stdout.split_once("own of ").unwrap();
    whole!(format!("{before}own of [DATE]{}", &after["2026-01-28".len()..]), @"::error file=sql/own.sql,line=1,col=1,title=unknown-column::unknown column `playr`: it is not among the columns that the rule lists; did you mean `player`? (in predictions: own of [DATE]:2:8)");
    assert_eq!(ended.stderr, "15 statements checked, 1 error, 0 warnings\n");
    ended.exits(3);
}

#[test]
fn tests_are_run_where_there_are_any() {
    let project = repository();
    assert!(step(&project, "Test", &[]).status.success());
    let test = "[[test]]\nname = \"x\"\nrows = [{ id = \"a\", game_date = 2026-01-28 }]\nexpect.counts = { active = 5 }";
    project.write("tests/own.toml", test);
    whole!(whole_of("Test", step(&project, "Test", &[])), @"
    $ onerow (step Test)
    exit code 1
    -- stdout
    FAILED  ./tests/own.toml: x
              active: expected 5, found 0
    -- stderr
    0 passed, 1 failed
    ");
}

#[test]
fn a_folder_of_rendered_sql_is_compared() {
    let project = repository();
    let inputs = [("rendered", "rendered"), ("rendered-date", "2026-01-28")];
    let ended = whole_of("Rendered SQL", step(&project, "Rendered SQL", &inputs)).exits(1);
    whole!(ended.stderr, @"rendered is not up to date: 4 files differ; run the same command without --check");
    project.onerow("render --all --date 2026-01-28 --out rendered").exits(0);
    assert!(step(&project, "Rendered SQL", &inputs).status.success());
}

#[test]
fn the_review_is_posted_once_and_then_updated() {
    let project = repository();
    let output = step(&project, "Review", &[]);
    assert!(output.status.success(), "{}", said(&output));
    let body = read(&project, "body");
    let summary = read(&project, "summary");
    assert_eq!(body.trim_end(), format!("<!-- onerow review -->\n{}", summary.trim_end()));
    whole!(body, @"
    <!-- onerow review -->
    ## onerow review

    The SQL of the base revision and of this change, rendered for 2026-01-28.

    ### Rule `predictions`

    **What it means**

    - the step is new; read its SQL (own)

    **What `check` says of it**

    - it would not run, `unknown-column`: unknown column `playr`: it is not among the columns that the rule lists (own)

    <details><summary>SQL of own</summary>

    ```diff
    --- base
    +++ work tree
    @@ -0,0 +1,2 @@
    +-- onerow: rule predictions, step own, 2026-01-28
    +SELECT playr FROM `nba.predictions`
    ```

    </details>
    ");
    whole!(read(&project, "gh.log"), @r#"
    gh api --paginate repos/o/r/issues/7/comments --jq .[] | select(.user.type == "Bot" and (.body | startswith("<!-- onerow review -->"))) | .id
    gh api --method POST repos/o/r/issues/7/comments --field body=@- --silent
    "#);
    project.write("runner/known", "99\n");
    assert!(step(&project, "Review", &[]).status.success());
    let asked = read(&project, "gh.log");
    whole!(asked.lines().last().unwrap(), @"gh api --method PATCH repos/o/r/issues/comments/99 --field body=@- --silent");
}

#[test]
fn a_fork_whose_token_may_only_read_gets_the_summary() {
    let project = repository();
    project.write("runner/forbidden", "");
    let output = step(&project, "Review", &[]);
    assert!(read(&project, "summary").starts_with("## onerow review\n"));
    whole!(whole_of("Review", output), @"
    $ onerow (step Review)
    -- stdout
    ::warning::the comment cannot be posted; the review is in the job's summary
    ");
}

#[test]
fn a_comment_that_is_not_wanted_or_too_long_is_not_posted() {
    let project = repository();
    assert!(step(&project, "Review", &[("comment", "false")]).status.success());
    assert_eq!(read(&project, "gh.log"), "");
    project.write("sql/own.sql", "SELECT {{ 'x' * 70000 }} AS long");
    assert!(step(&project, "Review", &[]).status.success());
    whole!(read(&project, "body"), @"
    <!-- onerow review -->
    ## onerow review

    The review is too long for a comment; it is in the job's summary.
    ");
    assert!(read(&project, "summary").len() > 70_000);
}

#[test]
fn more_arguments_are_arguments_and_nothing_else() {
    let project = repository();
    let output =
        step(&project, "Review", &[("review-arguments", "--exit-code $(touch runner/pwned)")]);
    assert!(!output.status.success());
    assert!(!project.path("runner/pwned").exists(), "{}", said(&output));
}

#[test]
fn a_binary_that_is_there_is_used_and_an_unknown_download_is_not() {
    let project = repository();
    let output = step(&project, "Install onerow", &[("binary", env!("CARGO_BIN_EXE_onerow"))]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("onerow 0.1.0"));
    assert!(read(&project, "path").contains("onerow-bin"));
    let output =
        step(&project, "Install onerow", &[("download-url", "https://example.test/onerow")]);
    whole!(whole_of("Install onerow", output), @"
    $ onerow (step Install onerow)
    exit code 2
    -- stdout
    ::error::download-url needs sha256, 64 hexadecimal digits: a binary of unknown content is not run
    ");
}

#[test]
fn the_workflow_uses_the_action_with_inputs_that_it_has() {
    let workflow = yaml("examples/github-workflow.yml");
    assert!(workflow["on"]["pull_request"].is_object());
    assert!(workflow["on"].get("pull_request_target").is_none());
    let steps = workflow["jobs"]["review"]["steps"].as_array().unwrap().clone();
    let ours = steps.iter().find(|s| s["uses"].as_str().unwrap().contains("/onerow@")).unwrap();
    for input in ours["with"].as_object().unwrap().keys() {
        assert!(yaml("action.yml")["inputs"].get(input).is_some(), "{input}");
    }
    let docs = include_str!("../docs/review.md");
    for input in yaml("action.yml")["inputs"].as_object().unwrap().keys() {
        assert!(docs.contains(&format!("`{input}`")), "docs/review.md lacks {input}");
    }
}

#[test]
fn hooks_run_commands_that_exist() {
    for hook in yaml(".pre-commit-hooks.yaml").as_array().unwrap() {
        let entry = hook["entry"].as_str().unwrap().strip_prefix("onerow ").unwrap();
        Project::new(RULE).onerow(&format!("{entry} --help")).exits(0);
    }
}

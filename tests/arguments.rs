//! Values that reach other programs stay values: none becomes an option of git, gh, gcloud, curl or a shell.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value as Json;

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};
use crate::standin::{Bin, ran};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What would like to be an option, a command, or more than one value.
fn hostile(pwned: &str) -> Vec<String> {
    vec![
        format!("--upload-pack=touch {pwned};git-upload-pack"),
        format!("--config=core.sshCommand=touch {pwned}"),
        format!("$(touch {pwned})"),
        format!("`touch {pwned}`"),
        format!("x;touch {pwned}"),
        format!("x\ntouch {pwned}"),
        "--help".to_owned(),
        "-".to_owned(),
        "+refs/heads/topic:refs/heads/main".to_owned(),
        "topic:main".to_owned(),
    ]
}

fn git(project: &Project, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
    let output = command.current_dir(project.path(".")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A repository whose `origin` is on this machine, where `--upload-pack` is a command of this machine's.
fn repository() -> Project {
    let project = Project::new(RULE);
    git(&project, &["init", "--quiet", "--initial-branch", "main"]);
    git(&project, &["add", "--all"]);
    git(&project, &["commit", "--quiet", "--message", "base"]);
    git(&project, &["branch", "topic"]);
    git(&project, &["remote", "add", "origin", "."]);
    git(&project, &["commit", "--quiet", "--message", "next", "--allow-empty"]);
    project
}

/// What each step of the action is given.
fn plain_inputs(project: &Project) -> Vec<(&'static str, String)> {
    let path = |name: &str| project.path(name).display().to_string();
    vec![
        ("BINARY", env!("CARGO_BIN_EXE_onerow").to_owned()),
        ("DOWNLOAD_URL", String::new()),
        ("SHA256", String::new()),
        ("SOURCE", path("source")),
        ("PROJECT_DIR", ".".to_owned()),
        ("RENDERED", "rendered".to_owned()),
        ("RENDERED_DATE", "2026-01-28".to_owned()),
        ("BASE", "topic".to_owned()),
        ("ARGUMENTS", String::new()),
        ("COMMENT", "true".to_owned()),
        ("GH_TOKEN", "token".to_owned()),
        ("PULL_REQUEST", "7".to_owned()),
        ("GITHUB_REPOSITORY", "o/r".to_owned()),
        ("RUNNER_TEMP", path("runner")),
        ("GITHUB_STEP_SUMMARY", path("summary")),
        ("GITHUB_PATH", path("added")),
        ("GITHUB_ACTION_PATH", root().display().to_string()),
    ]
}

#[test]
fn no_input_of_the_action_becomes_an_option_or_a_command() {
    let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
    let action: Json = serde_yaml_ng::from_str(&text).unwrap();
    let bin = Bin::new();
    for standin in ["gh", "curl", "cargo"] {
        bin.add(standin, "");
    }
    let onerow = PathBuf::from(env!("CARGO_BIN_EXE_onerow"));
    let mut played = 0;
    for step in action["runs"]["steps"].as_array().unwrap() {
        for input in step["env"].as_object().unwrap().keys() {
            let project = repository();
            let pwned = project.path("pwned").display().to_string();
            let main = git(&project, &["rev-parse", "main"]);
            for value in hostile(&pwned) {
                let script = project.write("step.sh", step["run"].as_str().unwrap());
                let mut command = bin.runner(&script);
                command.current_dir(project.path(".")).envs(plain_inputs(&project));
                let path = format!(
                    "{}:{}:{}",
                    bin.folder().display(),
                    onerow.parent().unwrap().display(),
                    std::env::var("PATH").unwrap()
                );
                command.env("PATH", path).env(input, &value);
                if input == "DOWNLOAD_URL" || input == "SHA256" || input == "SOURCE" {
                    command.env("BINARY", "");
                }
                if input == "SHA256" {
                    command.env("DOWNLOAD_URL", "https://example.test/onerow");
                }
                let (_, said) = ran(&mut command);
                let told = format!("{} with {input}={value}: {said}", step["name"]);
                assert!(!project.path("pwned").exists(), "{told}");
                assert_eq!(git(&project, &["rev-parse", "main"]), main, "{told}");
                let options = |words: &Vec<String>| words[1..].contains(&value);
                let given = bin.asked().into_iter().find(options).unwrap_or_default();
                let after = given.iter().position(|word| *word == value).unwrap_or_default();
                let behind = ["--url", "--path", "--root"]
                    .contains(&given.get(after.wrapping_sub(1)).map_or("--url", String::as_str));
                assert!(behind, "{told}: {given:?}");
                bin.forget();
                played += 1;
            }
        }
    }
    assert!(played > 100, "{played}");
}

#[test]
fn a_revision_that_is_an_option_is_refused_and_one_that_is_not_there_is_fetched() {
    let run = |project: &Project, base: &str| {
        let bin = Bin::new();
        bin.add("gh", "");
        let onerow = PathBuf::from(env!("CARGO_BIN_EXE_onerow"));
        let path = format!(
            "{}:{}:{}",
            bin.folder().display(),
            onerow.parent().unwrap().display(),
            std::env::var("PATH").unwrap()
        );
        let mut command = bin.runner(&root().join("action/review"));
        command.current_dir(project.path(".")).envs(plain_inputs(project));
        ran(command.env("PATH", path).env("BASE", base))
    };
    let project = repository();
    let pwned = project.path("pwned");
    let option = format!("--upload-pack=touch {};git-upload-pack", pwned.display());
    whole!(run(&project, &option), @"
    failed
    ::error::the input base is no revision
    ");
    assert!(!pwned.exists());
    // A commit that only the remote has.
    let remote = repository();
    git(&remote, &["commit", "--quiet", "--message", "theirs", "--allow-empty"]);
    let theirs = git(&remote, &["rev-parse", "HEAD"]);
    let url = remote.path(".").display().to_string();
    git(&project, &["remote", "set-url", "origin", &url]);
    let (done, said) = run(&project, theirs.trim());
    assert!(done, "{said}");
}

#[test]
fn no_setting_of_the_deployment_becomes_an_option_or_another_setting() {
    let project = Project::new(RULE);
    for name in [
        "PROJECT",
        "REGION",
        "SERVICE",
        "REPOSITORY",
        "TAG",
        "SERVICE_ACCOUNT",
        "CALLER",
        "WAREHOUSE",
        "SECRET",
    ] {
        for value in [
            "--impersonate-service-account=evil",
            "-x",
            "a,ONEROW_OIDC_APPLY=evil",
            "a b\nc",
            "$(id)",
            "a;id",
        ] {
            let bin = Bin::new();
            bin.add("gcloud", "case \"$1\" in projects) echo 123456 ;; esac");
            let mut command = bin.bash(&root().join("deploy/deploy.sh"));
            command.env("PROJECT", "p").env("REGION", "r").env("PROJECT_DIR", project.path("."));
            let (done, said) = ran(command.env(name, value));
            let refused = format!("error: {name} has characters that no such name has: {value}\n");
            assert_eq!((done, said), (false, refused), "{name}={value}");
            assert_eq!(bin.asked().len(), 0, "{name}={value}");
        }
    }
    let bin = Bin::new();
    bin.add("gcloud", "");
    let mut command = bin.bash(&root().join("deploy/deploy.sh"));
    command.args(["--image", "--flags-file=/etc/passwd"]).env("PROJECT", "p").env("REGION", "r");
    whole!(ran(&mut command), @"
    failed
    error: --image has characters that no such name has: --flags-file=/etc/passwd
    ");
    assert_eq!(bin.asked().len(), 0);
}

#[test]
fn a_folder_that_is_named_like_an_option_is_deployed_and_a_link_in_it_is_not() {
    let place = Project::new("");
    place.write("-r/onerow.toml", RULE);
    place.write("secret", "SECRET");
    let bin = Bin::new();
    let seen = place.path("seen").display().to_string();
    bin.add("gcloud", &format!("case \"$1 $2\" in 'projects describe') echo 1 ;; 'builds submit') cat \"$3/project/onerow.toml\" > '{seen}' ;; esac"));
    let deploy = || {
        let mut command = bin.bash(&root().join("deploy/deploy.sh"));
        command.current_dir(place.path(".")).env("PROJECT_DIR", "-r");
        ran(command.env("PROJECT", "p").env("REGION", "r"))
    };
    let (done, said) = deploy();
    assert!(done, "{said}");
    assert_eq!(std::fs::read_to_string(place.path("seen")).unwrap(), RULE);
    std::fs::remove_file(place.path("-r/onerow.toml")).unwrap();
    std::os::unix::fs::symlink("../secret", place.path("-r/onerow.toml")).unwrap();
    whole!(deploy(), @"
    failed
    error: onerow.toml in PROJECT_DIR, ./-r, is a link
    ");
}

/// The script that `onerow schedule` writes takes its settings from the environment.
#[test]
fn no_setting_of_the_scheduled_jobs_becomes_an_option() {
    let project = Project::new(RULE);
    let script = project.onerow("schedule cloud-scheduler predictions").exits(0).stdout;
    let script = project.write("jobs.sh", script);
    let settings = [
        ("PROJECT", "p"),
        ("LOCATION", "us-west2"),
        ("SERVICE_URL", "https://onerow.example"),
        ("SERVICE_ACCOUNT", "a@p.iam.gserviceaccount.com"),
        ("AUDIENCE", "https://onerow.example"),
    ];
    for (name, _) in settings {
        let bin = Bin::new();
        bin.add("gcloud", "");
        let value = "--flags-file=/etc/passwd";
        ran(bin.bash(&script).envs(settings).env(name, value));
        for words in bin.asked() {
            assert!(!words.contains(&value.to_owned()), "{name}: {words:?}");
        }
    }
}

#[test]
fn revisions_that_look_like_options_are_revisions_to_onerow() {
    let project = repository();
    let bases = ["--output=pwned", "--upload-pack=touch pwned", "-x"];
    let ended = bases.map(|base| project.onerow_with(&["review", &format!("--base={base}")]));
    whole!(Transcript::of(ended), @"
    $ onerow review --base=--output=pwned
    exit code 2
    -- stderr
    error[unknown-name]: git knows no revision `--output=pwned`
      help: in CI, fetch it first: a shallow clone has no other branches

    $ onerow review --base=--upload-pack=touch pwned
    exit code 2
    -- stderr
    error[unknown-name]: git knows no revision `--upload-pack=touch pwned`
      help: in CI, fetch it first: a shallow clone has no other branches

    $ onerow review --base=-x
    exit code 2
    -- stderr
    error[unknown-name]: git knows no revision `-x`
      help: in CI, fetch it first: a shallow clone has no other branches
    ");
    assert!(!project.path("pwned").exists());
}

/// Every script, and every step of the action, as shellcheck reads it. `tests/with-tools` installs it.
#[test]
fn the_scripts_please_shellcheck() {
    let Some(shellcheck) = std::env::var_os("ONEROW_SHELLCHECK") else {
        eprintln!("skipped: no shellcheck; `tests/run` installs it");
        return;
    };
    let files = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let files = String::from_utf8(files.stdout).unwrap();
    let is_script = |name: &&str| {
        let text = std::fs::read(root().join(name)).unwrap_or_default();
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        first.starts_with(b"#!") && first.ends_with(b"sh") && !name.contains("templates/")
    };
    let scripts: Vec<PathBuf> = files
        .split('\0')
        .filter(|name| !name.is_empty())
        .filter(is_script)
        .map(|name| root().join(name))
        .collect();
    assert!(scripts.len() > 6, "{scripts:?}");
    let project = Project::new(RULE);
    let text = std::fs::read_to_string(root().join("action.yml")).unwrap();
    let action: Json = serde_yaml_ng::from_str(&text).unwrap();
    let mut all = scripts;
    for (i, step) in action["runs"]["steps"].as_array().unwrap().iter().enumerate() {
        let script = format!("#!/usr/bin/env bash\n{}\n", step["run"].as_str().unwrap());
        all.push(project.write(&format!("step{i}.sh"), script));
    }
    let generated = project.onerow("schedule cloud-scheduler predictions").exits(0).stdout;
    all.push(project.write("jobs.sh", generated));
    // What a variable of a step holds is not in its text.
    let (good, said) = ran(Command::new(shellcheck).args(["--exclude=SC2154,SC2153"]).args(&all));
    assert!(good, "{said}");
}

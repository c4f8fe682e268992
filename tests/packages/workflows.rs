//! `.github/workflows/`: read by GitHub's schema and a security linter, and compared with what they build.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value as Json;

use super::{root, succeeds, tool};
use crate::common::whole::{Transcript, whole};
use crate::standin::{found, ran};

fn workflows() -> Vec<(String, Json)> {
    let folder = root().join(".github/workflows");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        (name, serde_yaml_ng::from_str(&text).unwrap())
    };
    files.map(read).collect()
}

fn workflow(name: &str) -> Json {
    workflows().into_iter().find(|(file, _)| file == name).unwrap().1
}

/// Each step, with the name of its job.
fn steps(workflow: &Json) -> Vec<(&str, &Json)> {
    let jobs = workflow["jobs"].as_object().unwrap().iter();
    jobs.flat_map(|(name, job)| {
        job["steps"].as_array().unwrap().iter().map(move |step| (name.as_str(), step))
    })
    .collect()
}

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

#[test]
fn the_schema_of_github_and_a_security_linter_have_nothing_against_them() {
    let folder = root().join(".github/workflows");
    let files: Vec<_> = workflows().into_iter().map(|(name, _)| folder.join(name)).collect();
    if let Some(check) = tool("ONEROW_CHECK_JSONSCHEMA") {
        let words = ["--builtin-schema", "vendor.github-workflows"];
        succeeds(Command::new(check).args(words).args(&files));
    }
    if let Some(zizmor) = tool("ONEROW_ZIZMOR") {
        succeeds(Command::new(zizmor).args(["--offline", "--min-severity", "medium"]).args(&files));
    }
}

#[test]
fn their_scripts_please_the_shell_and_shellcheck() {
    let shellcheck = tool("ONEROW_SHELLCHECK");
    let folder = tempfile::tempdir().unwrap();
    let mut seen = 0;
    for (name, workflow) in workflows() {
        for (job, step) in steps(&workflow) {
            let Some(run) = step["run"].as_str() else { continue };
            assert!(!run.contains("${{"), "{name} {job}: GitHub would paste it into the script");
            let path = folder.path().join(format!("{name}-{job}-{seen}.sh"));
            std::fs::write(&path, format!("#!/usr/bin/env bash\nset -eo pipefail\n{run}\n"))
                .unwrap();
            succeeds(Command::new("bash").arg("-n").arg(&path));
            if let Some(shellcheck) = &shellcheck {
                succeeds(Command::new(shellcheck).arg(&path));
            }
            seen += 1;
        }
    }
    assert!(seen > 15, "{seen}");
    for script in ["packaging/first-table", "packaging/deb/build"] {
        if let Some(shellcheck) = &shellcheck {
            succeeds(Command::new(shellcheck).arg(root().join(script)));
        }
    }
}

/// A tag can be moved by its owner, and a job has no right that it does not use.
#[test]
fn actions_are_pinned_and_each_job_says_its_rights() {
    for (name, workflow) in workflows() {
        let file = text(&format!(".github/workflows/{name}"));
        for (job, step) in steps(&workflow) {
            let Some(uses) = step["uses"].as_str() else { continue };
            let (action, commit) = uses.split_once('@').unwrap();
            let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
            assert!(is_commit, "{name} {job}: {uses}");
            assert!(file.contains(&format!("{uses} # v")), "{name}: {uses} without its version");
            if action == "actions/checkout" {
                assert_eq!(step["with"]["persist-credentials"], false, "{name} {job}");
            }
        }
        assert!(workflow["permissions"].is_object(), "{name}");
        for (job, body) in workflow["jobs"].as_object().unwrap() {
            assert!(body["timeout-minutes"].is_u64(), "{name} {job}");
            let rights = body.get("permissions").unwrap_or(&workflow["permissions"]);
            let writes = rights.as_object().unwrap().values().any(|right| right == "write");
            assert_eq!(writes, job.starts_with("publish-"), "{name} {job}: {rights}");
            if job.starts_with("publish-") {
                assert_eq!(body["if"], "github.ref_type == 'tag'", "{name} {job}");
                assert!(body["environment"].is_string(), "{name} {job}");
            }
        }
    }
}

/// Snapshots, SQL and scripts are compared and run byte for byte, on Windows too.
#[test]
fn texts_have_line_feeds_on_every_system() {
    let attributes = text(".gitattributes");
    assert!(attributes.lines().any(|line| line == "* text=auto eol=lf"), "{attributes}");
    let files = [
        ("Cargo.toml", "text: auto"),
        ("packaging/first-table", "eol: lf"),
        ("tests/serve/signer.der", "text: unset"),
    ];
    for (file, expected) in files {
        let mut git = Command::new("git");
        git.current_dir(root()).args(["check-attr", "text", "eol", "--", file]);
        let said = succeeds(&mut git);
        assert!(said.contains(&format!("{file}: {expected}\n")), "{said}");
    }
}

/// GitHub's own shell for `run` has no `pipefail`, and Windows has another one.
#[test]
fn scripts_fail_with_any_part_of_a_pipe() {
    for (name, workflow) in workflows() {
        assert_eq!(workflow["defaults"]["run"]["shell"], "bash", "{name}");
        for (job, step) in steps(&workflow) {
            assert!(step.get("shell").is_none(), "{name} {job}: {}", step["shell"]);
        }
    }
}

/// The script of a step of release.yml, in an empty folder with these variables; whether it succeeds, and what it said.
fn script(step: &str, folder: &Path, path: &str, variables: &[(&str, &str)]) -> (bool, String) {
    let release = workflow("release.yml");
    let step = steps(&release).into_iter().find(|(_, found)| found["name"] == step).unwrap().1;
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"].as_str().unwrap()]);
    bash.current_dir(folder).envs(variables.iter().copied());
    let system = std::env::var("PATH").unwrap();
    ran(bash.env("PATH", format!("{path}:{system}")))
}

fn program(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

/// npm refuses a provenance without it, when all else is published already.
#[test]
fn a_tag_needs_its_version_and_this_repository_in_cargo_toml() {
    if !found("jq") {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let output = home.path().join("output");
    let run = |tag: &str, repository: Json, kind: &str| {
        let package =
            serde_json::json!({ "name": "onerow", "version": "1.2.3", "repository": repository });
        let metadata = serde_json::json!({ "packages": [package] });
        program(home.path(), "cargo", &format!("echo '{metadata}'"));
        let variables = [
            ("GITHUB_REF_TYPE", kind),
            ("GITHUB_REF_NAME", tag),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_REPOSITORY", "acme/onerow"),
            ("GITHUB_OUTPUT", output.to_str().unwrap()),
        ];
        let name = "Cargo.toml has the version of the tag, and this repository";
        script(name, home.path(), home.path().to_str().unwrap(), &variables)
    };
    let ours = || Json::from("https://github.com/acme/onerow");
    let mut told = Transcript::default();
    for (tag, repository, kind) in [
        ("v1.2.3", ours(), "tag"),
        ("v1.2.3", Json::from("https://github.com/acme/onerow.git"), "tag"),
        ("main", Json::Null, "branch"),
        ("v1.2.4", ours(), "tag"),
        ("v1.2.3", Json::Null, "tag"),
        ("v1.2.3", Json::from("https://github.com/x/y"), "tag"),
    ] {
        let case = format!("{kind} {tag}, repository {repository}");
        told.case(&case, run(tag, repository, kind));
    }
    whole!(told, @r#"
    # tag v1.2.3, repository "https://github.com/acme/onerow"


    # tag v1.2.3, repository "https://github.com/acme/onerow.git"


    # branch main, repository null


    # tag v1.2.4, repository "https://github.com/acme/onerow"
    failed
    ::error::the tag is v1.2.4, and Cargo.toml has version 1.2.3

    # tag v1.2.3, repository null
    failed
    ::error::npm would refuse the provenance: write repository = "https://github.com/acme/onerow" in Cargo.toml; it has ""

    # tag v1.2.3, repository "https://github.com/x/y"
    failed
    ::error::npm would refuse the provenance: write repository = "https://github.com/acme/onerow" in Cargo.toml; it has "https://github.com/x/y"
    "#);
}

/// A job that failed half way is started again.
#[test]
fn what_is_published_already_is_skipped_and_the_checksums_do_not_list_themselves() {
    let home = tempfile::tempdir().unwrap();
    let dist = home.path().join("dist");
    std::fs::create_dir_all(home.path().join("package")).unwrap();
    std::fs::create_dir(&dist).unwrap();
    for name in ["a.whl", "b.tar.gz"] {
        std::fs::write(dist.join(name), name).unwrap();
    }
    let temporary = [("RUNNER_TEMP", home.path().to_str().unwrap())];
    let (good, said) = script("Checksums", &dist, "/usr/bin", &temporary);
    let sums = std::fs::read_to_string(dist.join("SHA256SUMS")).unwrap();
    assert!(good && sums.lines().count() == 2 && !sums.contains("SHA256SUMS"), "{sums}{said}");

    if !found("jq") {
        return;
    }
    for (file, name) in
        [("onerow-linux-x64-1.2.3.tgz", "@onerow/linux-x64"), ("onerow-1.2.3.tgz", "onerow")]
    {
        let json = serde_json::json!({ "name": name, "version": "1.2.3" });
        std::fs::write(home.path().join("package/package.json"), json.to_string()).unwrap();
        let mut tar = Command::new("tar");
        tar.current_dir(home.path()).arg("-czf").arg(dist.join(file)).arg("package");
        succeeds(&mut tar);
    }
    program(
        home.path(),
        "npm",
        "case \"$1 $2\" in\n  'view @onerow/linux-x64@1.2.3') echo 1.2.3 ;;\n  view*) exit 1 ;;\n  *) echo \"npm $*\" ;;\nesac",
    );
    let (good, said) = script("Publish", home.path(), home.path().to_str().unwrap(), &[]);
    whole!((good, said), @"
    @onerow/linux-x64@1.2.3 is published already
    npm publish ./dist/onerow-1.2.3.tgz --provenance --access public
    ");
}

/// What is promised for a platform is built for it.
#[test]
fn each_platform_of_npm_and_of_deny_toml_is_built_and_nothing_else() {
    let release = workflow("release.yml");
    let matrix = release["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap();
    let built: BTreeSet<&str> =
        matrix.iter().map(|each| each["target"].as_str().unwrap()).collect();
    let npm: Vec<Json> = serde_json::from_str(&text("packaging/npm/platforms.json")).unwrap();
    for platform in &npm {
        assert!(built.contains(platform["target"].as_str().unwrap()), "{platform}");
    }
    let deny: toml::Table = text("deny.toml").parse().unwrap();
    let looked_at = deny["graph"]["targets"].as_array().unwrap();
    let looked_at: BTreeSet<&str> = looked_at.iter().map(|each| each.as_str().unwrap()).collect();
    assert_eq!(built, looked_at);
    for target in built {
        assert!(text("docs/install.md").contains(target), "docs/install.md lacks {target}");
    }
}

#[test]
fn a_release_uses_the_versions_that_the_tests_use() {
    let release = workflow("release.yml");
    let version = |file: &str, name: &str| -> String {
        let text = text(file);
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name}==")));
        line.unwrap().to_owned()
    };
    let maturin = format!("v{}", version("tests/packaging.txt", "maturin"));
    let builders = steps(&release).into_iter().filter(|(_, step)| {
        step["uses"].as_str().is_some_and(|uses| uses.starts_with("PyO3/maturin-action@"))
    });
    let versions: Vec<&Json> = builders.map(|(_, step)| &step["with"]["maturin-version"]).collect();
    assert_eq!(versions, [&Json::from(maturin.as_str()), &Json::from(maturin.as_str())]);
    assert!(version("tests/cargo.txt", "cargo-deb").starts_with('3'));
    let deb =
        steps(&release).into_iter().find(|(_, step)| step["name"] == "Build the Debian package");
    let script = deb.unwrap().1["run"].as_str().unwrap();
    assert!(script.contains("tests/cargo.txt"), "{script}");
}

#[test]
fn the_page_about_installing_names_the_files_of_this_version() {
    let page = text("docs/install.md");
    for name in ["onerow-V-py3-none", "onerow-V-x86_64", "onerow_V_amd64.deb", "onerow:V ", "`vV`"]
    {
        let name = name.replace('V', super::version());
        assert!(page.contains(&name), "docs/install.md does not name {name}");
    }
}

/// Every kind of package is tried before anything is published.
#[test]
fn what_is_published_has_cleaned_a_table() {
    let release = workflow("release.yml");
    let tried = |job: &str| {
        let of_job = steps(&release).into_iter().filter(|(name, _)| *name == job);
        let scripts = of_job.filter_map(|(_, step)| step["run"].as_str());
        scripts.map(|script| script.matches("packaging/first-table").count()).sum::<usize>()
    };
    assert_eq!([tried("build"), tried("npm"), tried("image")], [3, 1, 1]);
    let needs = release["jobs"]["publish-github"]["needs"].as_array().unwrap();
    let needs: BTreeSet<&str> = needs.iter().map(|need| need.as_str().unwrap()).collect();
    let others = release["jobs"].as_object().unwrap().keys().map(String::as_str);
    let others: BTreeSet<&str> = others.filter(|job| !job.starts_with("publish-")).collect();
    assert_eq!(needs, others);
    for job in ["publish-pypi", "publish-npm"] {
        assert_eq!(release["jobs"][job]["needs"], "publish-github", "{job}");
    }
}

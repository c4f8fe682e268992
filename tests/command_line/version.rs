//! `onerow --version`, and the build script that tells it the commit.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Project;

#[test]
fn the_version_is_that_of_the_package() {
    let shown = Project::new("").onerow("--version").exits(0).stdout;
    assert!(shown.starts_with(concat!("onerow ", env!("CARGO_PKG_VERSION"))), "{shown}");
    assert_eq!(Project::new("").onerow("-V").exits(0).stdout, shown);
}

/// The build script as a program.
fn script(project: &Project) -> PathBuf {
    let program = project.path("build-script");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
    let compiler = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut command = Command::new(compiler);
    command.args(["--edition", "2024", "-o"]).arg(&program).arg(source);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    program
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=a", "-c", "user.email=a@example.test"]).args(arguments);
    command.env("GIT_COMMITTER_DATE", "2026-01-28T12:00:00Z");
    let output = command.current_dir(folder).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_release_knows_its_commit_and_nothing_else_does() {
    let place = Project::new("");
    let script = script(&place);
    let told = |folder: &Path, profile: &str, path: Option<&str>| {
        let mut command = Command::new(&script);
        command.env("CARGO_MANIFEST_DIR", folder).env("PROFILE", profile);
        command.env("CARGO_PKG_VERSION", "1.2.3");
        if let Some(path) = path {
            command.env("PATH", path);
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let lines = String::from_utf8(output.stdout).unwrap();
        let mut version = None;
        for line in lines.lines() {
            match line.split_once('=').unwrap() {
                ("cargo::rerun-if-changed", "build.rs") => {}
                ("cargo::rerun-if-changed", path) => assert!(Path::new(path).exists(), "{path}"),
                ("cargo::rustc-env", value) => version = Some(value.to_owned()),
                other => panic!("{other:?}"),
            }
        }
        version
    };
    let repository = place.path("repository");
    std::fs::create_dir_all(repository.join("vendor")).unwrap();
    assert_eq!(told(&repository, "release", None), None, "no repository");
    git(&repository, &["init", "--quiet"]);
    assert_eq!(told(&repository, "release", None), None, "no commit");
    git(&repository, &["commit", "--quiet", "--allow-empty", "--message", "one"]);
    let version = told(&repository, "release", None).unwrap();
    let commit = version.strip_prefix("ONEROW_VERSION=1.2.3 (").unwrap();
    let commit = commit.strip_suffix(" 2026-01-28)").unwrap();
    assert!(commit.len() >= 7 && commit.chars().all(|c| c.is_ascii_hexdigit()), "{version}");
    git(&repository, &["pack-refs", "--all"]);
    assert_eq!(told(&repository, "release", None).as_ref(), Some(&version));
    git(&repository, &["checkout", "--quiet", "--detach"]);
    assert_eq!(told(&repository, "release", None), Some(version));
    assert_eq!(told(&repository, "debug", None), None, "a commit has nothing built again");
    assert_eq!(told(&repository, "release", Some("/nowhere")), None, "no git");
    assert_eq!(told(&repository.join("vendor"), "release", None), None, "another's repository");
    std::fs::write(repository.join(".cargo_vcs_info.json"), "{}").unwrap();
    assert_eq!(told(&repository, "release", None), None, "a package");
}

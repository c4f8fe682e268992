//! The packages that people install: each is built here from the program of the tests, installed into an empty
//! environment, and cleans a table there. Only `tests/with-tools` has what builds them.

mod deb;
mod npm;
mod wheel;
mod workflows;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::common::part;
use crate::common::whole::{Transcript, whole};
use crate::standin::ran;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// What Cargo.toml says of the package.
fn manifest() -> toml::Table {
    let manifest: toml::Table =
        std::fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    manifest["package"].as_table().unwrap().clone()
}

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// A tool that `tests/with-tools` has installed and that builds a package; each day builds one of the three.
fn builder(variable: &str, turn: usize) -> Option<PathBuf> {
    if part::is_turn(turn, 3) { tool(variable) } else { None }
}

/// A tool that `tests/with-tools` has installed; says so where it has not.
fn tool(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        eprintln!("skipped: {variable} is not set; tests/with-tools sets it");
    }
    path
}

/// The program without its debug information, which is most of its size; as a release has it.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    // A static is never dropped, so a folder of this run would stay; this one is written again by the next.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packages");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("onerow");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(&path).arg(env!("CARGO_BIN_EXE_onerow"));
    succeeds(&mut strip);
    path
});

fn program() -> &'static Path {
    &PROGRAM
}

/// What a command that must succeed printed.
#[track_caller]
fn succeeds(command: &mut Command) -> String {
    let (good, said) = ran(command);
    assert!(good, "{command:?}: {said}");
    said
}

/// An environment without the variables and folders of this machine's user.
fn empty(command: &mut Command, home: &Path) {
    command.env_clear().env("HOME", home).env("PATH", std::env::var_os("PATH").unwrap());
    command.current_dir(home);
}

/// The command that starts onerow cleans a table in this empty home.
#[track_caller]
fn cleans_the_first_table(home: &Path, words: &[&str]) {
    let mut command = Command::new(root().join("packaging/first-table"));
    empty(&mut command, home);
    let said = succeeds(command.args(words));
    assert!(said.contains("2 of 6 rows were duplicates, and 4 are left\n"), "{said}");
    let mut version_of = Command::new(words[0]);
    empty(&mut version_of, home);
    let said = succeeds(version_of.args(&words[1..]).arg("--version"));
    assert_eq!(said.trim(), format!("onerow {}", version()));
}

/// Without this, the tests of the packages would say nothing of a program that removes the wrong rows.
#[test]
fn the_first_table_is_not_clean_if_a_figure_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    let onerow = env!("CARGO_BIN_EXE_onerow");
    let mut told = Transcript::default();
    for (wrong, what) in [
        (
            format!("#!/bin/sh\n[ \"$1\" = apply ] && exit 0\nexec {onerow} \"$@\"\n"),
            "does nothing",
        ),
        (format!("#!/bin/sh\n{onerow} \"$@\" | sed s/,cleaned/,clean/\n"), "prints another status"),
    ] {
        let path = home.path().join("onerow");
        std::fs::write(&path, wrong).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).unwrap();
        let mut command = Command::new(root().join("packaging/first-table"));
        empty(&mut command, home.path());
        told.case(what, ran(command.arg(&path)));
    }
    whole!(told, @"
    # does nothing
    failed
    wrote [DIR]/first/onerow.toml
    wrote [DIR]/first/README.md
    wrote [DIR]/first/orders.csv
    wrote [DIR]/first/tests/airbyte.toml
    next, with the data that is there:
      cd [DIR]/first
      onerow check --strict
      onerow test
      onerow load orders.csv
      onerow status --from 2026-01-28 --to 2026-01-29
      onerow apply --yes --from 2026-01-28 --to 2026-01-29
    README.md says what they print; onerow.toml, which names are yours to change
    15 statements checked, no findings
    [DIR]/first/orders.csv: 6 rows into airbyte.orders
    error: these are the dates:

      help: they should be:
    2026-01-28,4,3,1,1,cleaned
    2026-01-29,2,1,1,1,cleaned

    # prints another status
    failed
    wrote [DIR]/first/onerow.toml
    wrote [DIR]/first/README.md
    wrote [DIR]/first/orders.csv
    wrote [DIR]/first/tests/airbyte.toml
    next, with the data that is there:
      cd [DIR]/first
      onerow check --strict
      onerow test
      onerow load orders.csv
      onerow status --from 2026-01-28 --to 2026-01-29
      onerow apply --yes --from 2026-01-28 --to 2026-01-29
    README.md says what they print; onerow.toml, which names are yours to change
    15 statements checked, no findings
    [DIR]/first/orders.csv: 6 rows into airbyte.orders
    error: these are the dates:
    2026-01-28,4,3,1,1,clean
    2026-01-29,2,1,1,1,clean
      help: they should be:
    2026-01-28,4,3,1,1,cleaned
    2026-01-29,2,1,1,1,cleaned
    ");
}

//! `npx onerow`

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::{builder, cleans_the_first_table, empty, program, root, succeeds, tool, version};
use crate::common::Ended;
use crate::common::whole::{Transcript, whole};
use crate::standin::ran;

/// The name that npm gives to this platform, and the target that is built for it.
fn here() -> (String, String) {
    let cpu = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => panic!("npm has no package for {other}"),
    };
    let platforms = std::fs::read_to_string(root().join("packaging/npm/platforms.json")).unwrap();
    let platforms: Vec<Json> = serde_json::from_str(&platforms).unwrap();
    let ours = platforms.iter().find(|each| each["os"] == "linux" && each["cpu"] == cpu).unwrap();
    (format!("linux-{cpu}"), ours["target"].as_str().unwrap().to_owned())
}

/// Puts the packages together; returns the folder of each.
fn assembled(out: &Path, words: &[String]) -> (bool, String) {
    let mut command = Command::new(root().join("packaging/npm/assemble.mjs"));
    ran(command.arg(out).args(words))
}

/// Packs them as `npm publish` would.
fn packed(home: &Path) -> Vec<PathBuf> {
    let (platform, target) = here();
    let out = home.join("packages");
    let (good, said) = assembled(&out, &[format!("{target}={}", program().display())]);
    assert!(good, "{said}");
    let names =
        [(platform.clone(), format!("onerow-{platform}")), ("onerow".into(), "onerow".into())];
    let pack = |(folder, name): (String, String)| {
        let mut npm = Command::new("npm");
        empty(&mut npm, home);
        npm.args(["pack", "--silent", "--pack-destination"]).arg(home).arg(out.join(folder));
        succeeds(&mut npm);
        home.join(format!("{name}-{}.tgz", version()))
    };
    names.map(pack).to_vec()
}

#[test]
fn npx_starts_the_program_of_this_platform_and_hands_its_exit_code_on() {
    let Some(_) = builder("ONEROW_NPM", 1) else { return };
    let home = tempfile::tempdir().unwrap();
    let packages = packed(home.path());
    let mut install = Command::new("npm");
    empty(&mut install, home.path());
    succeeds(install.args(["install", "--offline", "--no-audit", "--no-fund"]).args(&packages));
    cleans_the_first_table(home.path(), &["npx", "--offline", "onerow"]);

    let launcher = home.path().join("node_modules/.bin/onerow");
    let mut usage = Command::new(&launcher);
    empty(&mut usage, home.path());
    whole!(Ended::of("status", usage.arg("status").output().unwrap()), @"
    $ onerow status
    exit code 2
    -- stderr
    error[no-project]: there is no onerow.toml here or in a folder above
      help: name the folder with --project-dir, or start a project with `onerow init`
    ");

    ends_with_the_program(home.path(), &launcher);
    says_what_is_missing(home.path(), &launcher);
}

/// A supervisor stops the launcher; the program must not be left behind.
fn ends_with_the_program(home: &Path, launcher: &Path) {
    for words in [
        &["init", "--preset", "airbyte", "first"][..],
        &["load", "first/orders.csv", "--project-dir", "first"],
    ] {
        let mut command = Command::new(launcher);
        empty(&mut command, home);
        succeeds(command.args(words));
    }
    // Without a terminal, Ctrl-C's signal reaches the launcher alone too.
    for signal in ["-TERM", "-INT"] {
        ends_by(signal, home, launcher);
    }
}

fn ends_by(signal: &str, home: &Path, launcher: &Path) {
    let mut serve = Command::new(launcher);
    empty(&mut serve, home);
    serve.env("ONEROW_APPLY_KEYS", "k".repeat(32));
    serve.args(["serve", "--listen", "127.0.0.1:0", "--project-dir", "first"]);
    serve.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut launched = serve.spawn().unwrap();
    let id = launched.id().to_string();
    let children = || {
        let output = Command::new("pgrep").args(["-P", &id]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let limit = Instant::now() + Duration::from_secs(30);
    let child = loop {
        let found = children();
        if !found.is_empty() {
            break found.trim().to_owned();
        }
        assert!(Instant::now() < limit, "the launcher starts nothing");
        std::thread::sleep(Duration::from_millis(50));
    };
    // The service has to be there, or the signal ends it before it listens to signals.
    std::thread::sleep(Duration::from_secs(1));
    succeeds(Command::new("kill").args([signal, &id]));
    let status = launched.wait().unwrap();
    assert_eq!(
        status.code(),
        Some(0),
        "{signal}: a service that is asked to end, ends well: {status:?}"
    );
    assert!(!Path::new("/proc").join(&child).exists(), "the program is left behind");
}

fn says_what_is_missing(home: &Path, launcher: &Path) {
    std::fs::remove_dir_all(home.join("node_modules/@onerow")).unwrap();
    let mut alone = Command::new(launcher);
    empty(&mut alone, home);
    let ended = Ended::of("(without its platform's package)", alone.output().unwrap());
    whole!(ended.whole().replace(&here().0, "[PLATFORM]"), @"
    $ onerow (without its platform's package)
    exit code 1
    -- stderr
    error: the package @onerow/[PLATFORM] is not installed
      help: install onerow again without `--omit=optional` and `--no-optional`, on the platform where it runs
    ");
}

/// All that the packages say comes from Cargo.toml.
#[test]
fn each_package_has_the_version_and_the_licence_of_the_crate() {
    let Some(_) = tool("ONEROW_NPM") else { return };
    let out = tempfile::tempdir().unwrap();
    let (platform, target) = here();
    let (good, said) = assembled(out.path(), &[format!("{target}={}", program().display())]);
    assert!(good, "{said}");
    let read = |name: &str| -> Json {
        let path = out.path().join(name).join("package.json");
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let (onerow, ours) = (read("onerow"), read(&platform));
    for package in [&onerow, &ours] {
        assert_eq!(package["version"], version());
        assert_eq!(package["license"], super::manifest()["license"].as_str().unwrap());
    }
    assert_eq!(ours["os"], json!(["linux"]));
    assert_eq!(onerow["description"], super::manifest()["description"].as_str().unwrap());
    let needed = onerow["optionalDependencies"].as_object().unwrap();
    assert_eq!(needed.len(), 6);
    assert!(needed.values().all(|each| each == version()), "{needed:?}");
    for folder in ["onerow", &platform] {
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            assert!(out.path().join(folder).join(licence).exists(), "{folder} {licence}");
        }
    }
}

#[test]
fn a_program_of_no_platform_and_one_that_is_not_there_are_refused() {
    let Some(_) = tool("ONEROW_NPM") else { return };
    let out = tempfile::tempdir().unwrap();
    let mut told = Transcript::default();
    for word in ["riscv64gc-unknown-linux-gnu=x", "x86_64-unknown-linux-musl=/no/such/file"] {
        told.case(word, assembled(out.path(), &[word.to_owned()]));
    }
    told.case("without a program", assembled(out.path(), &[]));
    whole!(told, @"
    # riscv64gc-unknown-linux-gnu=x
    failed
    error: riscv64gc-unknown-linux-gnu=x: no platform of npm is built for this target
      help: targets: x86_64-unknown-linux-musl, aarch64-unknown-linux-musl, x86_64-apple-darwin, aarch64-apple-darwin, x86_64-pc-windows-msvc, aarch64-pc-windows-msvc

    # x86_64-unknown-linux-musl=/no/such/file
    failed
    error: /no/such/file: there is no such file
      help: build it: cargo build --release --locked --target x86_64-unknown-linux-musl

    # without a program
    failed
    error: OUT and TARGET=PROGRAM are missing
      help: packaging/npm/assemble.mjs OUT TARGET=PROGRAM...
    ");
}

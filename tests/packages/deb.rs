//! `apt install ./onerow.deb`

use std::process::Command;

use super::{builder, cleans_the_first_table, program, root, succeeds, version};
use crate::common::whole::whole;

#[test]
fn the_debian_package_installs_the_program_its_pages_and_completions() {
    let Some(cargo_deb) = builder("ONEROW_CARGO_DEB", 0) else { return };
    let home = tempfile::tempdir().unwrap();
    let package = home.path().join("onerow.deb");
    let mut build = Command::new(root().join("packaging/deb/build"));
    build.arg(program()).arg(&package).arg("--fast").env("CARGO_DEB", cargo_deb);
    succeeds(&mut build);

    let field = |name: &str| {
        let mut query = Command::new("dpkg-deb");
        succeeds(query.arg("--field").arg(&package).arg(name)).trim().to_owned()
    };
    assert_eq!(field("Package"), "onerow");
    assert_eq!(field("Version").split('-').next(), Some(version()));
    assert!(field("Depends").starts_with("libc6 (>= 2."), "{}", field("Depends"));
    let described = field("Description").replace("\n ", " ");
    let description = super::manifest()["description"].as_str().unwrap().to_owned();
    assert!(described.replace("  ", " ").starts_with(&description), "{described}");

    // An empty system, but for what dpkg knows of the C library.
    let system = home.path().join("system");
    for folder in ["info", "updates", "triggers"] {
        std::fs::create_dir_all(system.join("var/lib/dpkg").join(folder)).unwrap();
    }
    let libc = succeeds(Command::new("dpkg-query").args(["--status", "libc6"]));
    let known: Vec<&str> = libc
        .lines()
        .filter(|line| !line.starts_with("Depends: "))
        .take_while(|l| *l != "Conffiles:")
        .collect();
    std::fs::write(system.join("var/lib/dpkg/status"), known.join("\n") + "\n\n").unwrap();
    let mut install = Command::new("dpkg");
    install.arg(format!("--root={}", system.display())).arg("--force-not-root");
    succeeds(install.arg("--install").arg(&package));
    let installed = system.join("usr/bin/onerow");
    cleans_the_first_table(home.path(), &[installed.to_str().unwrap()]);
    for file in [
        "usr/share/man/man1/onerow.1.gz",
        "usr/share/man/man1/onerow-apply.1.gz",
        "usr/share/bash-completion/completions/onerow",
        "usr/share/zsh/vendor-completions/_onerow",
        "usr/share/fish/vendor_completions.d/onerow.fish",
        "usr/share/doc/onerow/LICENSE-MIT",
        "usr/share/doc/onerow/copyright",
    ] {
        let plain = file.trim_end_matches(".gz");
        let there = system.join(file).exists() || system.join(plain).exists();
        assert!(there, "{file} is not in the package");
    }
}

#[test]
fn without_a_program_the_script_says_what_it_needs() {
    let mut build = Command::new(root().join("packaging/deb/build"));
    whole!(crate::standin::ran(&mut build), @"
    failed
    error: BINARY and OUT.deb are missing
      help: packaging/deb/build target/release/onerow onerow.deb
    ");
}

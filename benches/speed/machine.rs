//! The machine and the versions that the figures are of.

use std::path::Path;
use std::process::Command;

use onerow::clock::Clock;

use super::run::output;
use super::{embedded, others};

/// One line for each: what, which.
pub fn rows(tools: &Path) -> Vec<Vec<String>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let [library, shell] = embedded::versions();
    let mut rows = vec![
        ("date".to_owned(), Clock::System.now().strftime("%F").to_string()),
        (
            "processor".to_owned(),
            format!("{}, {cores} cores", field("/proc/cpuinfo", "model name")),
        ),
        ("memory".to_owned(), field("/proc/meminfo", "MemTotal")),
        ("system".to_owned(), system()),
        ("onerow".to_owned(), env!("CARGO_PKG_VERSION").to_owned()),
        ("rustc".to_owned(), output(Command::new("rustc").arg("--version")).trim().to_owned()),
        ("SQLite in onerow".to_owned(), library),
        ("SQLite's shell".to_owned(), shell),
        (
            "Valgrind".to_owned(),
            output(Command::new("valgrind").arg("--version")).trim().to_owned(),
        ),
    ];
    rows.extend(["minijinja", "sqlparser"].map(|name| (name.to_owned(), locked(name))));
    let duck = output(Command::new(tools.join("duckdb")).arg("--version"));
    rows.push(("DuckDB's command line".to_owned(), duck.trim().to_owned()));
    rows.extend(others::versions(tools));
    rows.into_iter().map(|(what, which)| vec![what, which]).collect()
}

fn system() -> String {
    let kernel = Command::new("uname").arg("-r").output();
    let kernel = kernel.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let (system, processor) = (std::env::consts::OS, std::env::consts::ARCH);
    format!("{system} {processor} {}", kernel.unwrap_or_default())
}

/// What the file says after this word and a colon, where there is such a file.
fn field(file: &str, word: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(word));
    let said = line.and_then(|line| line.split_once(':')).map(|(_, said)| said.trim().to_owned());
    said.unwrap_or("unknown".to_owned())
}

/// The version that Cargo.lock has.
fn locked(name: &str) -> String {
    let lock: toml::Table = toml::from_str(include_str!("../../Cargo.lock")).unwrap();
    let packages = lock["package"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"].as_str() == Some(name)).unwrap();
    package["version"].as_str().unwrap().to_owned()
}

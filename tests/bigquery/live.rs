//! `tests/live/run`, the check of what onerow relies on for whoever has a project, here against both
//! emulators: what it finds is in `docs/live-check.md`, so that it cannot rot.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value as Json;

use super::emulator::{Emulator, Flavor};
use crate::common::{document, part};

const DATASET: &str = "live";

/// The check against an emulator, and that emulator; `None` where there is neither.
fn check(flavor: Flavor, arguments: &[&str]) -> Option<(Child, &'static Emulator)> {
    let python = std::env::var_os("ONEROW_LIVE")?;
    let emulator = flavor.emulator()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let child = Command::new(python)
        .arg(root.join("tests/live/live.py"))
        .args(["--project", "demo", "--endpoint", &emulator.endpoint])
        .args(arguments)
        .env("ONEROW", env!("CARGO_BIN_EXE_onerow"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    Some((child, emulator))
}

/// The tables of the check that are in this dataset.
fn tables(emulator: &Emulator, dataset: &str) -> Vec<String> {
    let path = format!("/bigquery/v2/projects/demo/datasets/{dataset}/tables?maxResults=1000");
    let (_, text) = emulator.call("GET", &path, "");
    let answer: Json = serde_json::from_str(&text).unwrap();
    let tables = answer["tables"].as_array().cloned().unwrap_or_default();
    let name = |table: &Json| table["tableReference"]["tableId"].as_str().unwrap().to_owned();
    tables.iter().map(name).filter(|name| name.starts_with("onerow_live_")).collect()
}

#[test]
fn each_fact_has_its_verdict_on_each_emulator() {
    let documented = document::rows("live-check.md", "live");
    let tried = include_str!("../live/experiments.py").lines().filter_map(|line| {
        let line = line.strip_prefix("@fact(\"").or(line.strip_prefix("untried(\""))?;
        line.split('"').next()
    });
    let named = documented.iter().map(|row| row[0].as_str());
    assert!(part::is_thorough() || named.eq(tried), "docs/live-check.md has other facts");
    let today: Vec<&str> =
        part::of(&documented, 16).flat_map(|row| ["--only", row[0].as_str()]).collect();
    let started = Flavor::ALL.map(|flavor| {
        flavor.emulator()?.create_dataset(DATASET);
        let mut arguments = vec!["--dataset", DATASET, "--yes", "--format", "json"];
        if !part::is_thorough() {
            arguments.extend(&today);
        }
        check(flavor, &arguments)
    });
    let mut verdicts: Vec<Vec<Json>> = Vec::new();
    for started in started {
        let Some((child, emulator)) = started else { return };
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert_eq!(tables(emulator, DATASET), [""; 0], "{said}");
        verdicts.push(serde_json::from_slice(&output.stdout).expect(&said));
    }
    let text = |row: &Json, key: &str| row[key].as_str().unwrap().to_owned();
    let rows = verdicts[0].iter().zip(&verdicts[1]).map(|(one, other)| {
        assert_eq!(one["id"], other["id"]);
        vec![text(one, "id"), text(one, "fact"), text(one, "verdict"), text(other, "verdict")]
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !part::is_thorough() {
        assert!(!rows.is_empty());
        return document::has_rows("live-check.md", "live", &rows);
    }
    let table = rows.iter().map(|row| format!("| {} |\n", row.join(" | ")));
    let head = "| id | fact | bqemulator | local-bigquery |\n| --- | --- | --- | --- |\n";
    document::section("live-check.md", "live", &format!("{head}{}", table.collect::<String>()));
}

#[test]
fn nothing_is_sent_before_somebody_has_agreed() {
    let dataset = "live_not_agreed";
    let Some(emulator) = Flavor::BqEmulator.emulator() else { return };
    emulator.create_dataset(dataset);
    let Some((child, _)) = check(Flavor::BqEmulator, &["--dataset", dataset]) else { return };
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in ["$0.61", "Each job may bill 1 GiB", "nothing was sent"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(tables(emulator, dataset), [""; 0]);
}

#[test]
fn what_it_made_is_dropped_when_it_is_interrupted() {
    let dataset = "live_interrupted";
    let Some(emulator) = Flavor::BqEmulator.emulator() else { return };
    emulator.create_dataset(dataset);
    let arguments = ["--dataset", dataset, "--yes", "--only", "CASE"];
    let Some((child, _)) = check(Flavor::BqEmulator, &arguments) else { return };
    let began = std::time::Instant::now();
    while tables(emulator, dataset).is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "it makes no table");
        std::thread::sleep(Duration::from_millis(50));
    }
    let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert_eq!(tables(emulator, dataset), [""; 0], "{said}");
}

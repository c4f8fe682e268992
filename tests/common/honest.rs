//! Whether a ledger is honest: no gap, no lie, no entry twice. It is read as `log` prints it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The steps whose statements change rows, or tables.
const CHANGING: [&str; 6] =
    ["deactivate", "delete", "rewrite", "undo", "consolidate", "drop_staging"];

fn text<'a>(entry: &'a Json, key: &str) -> &'a str {
    entry[key].as_str().unwrap()
}

pub fn changes(entry: &Json) -> bool {
    CHANGING.contains(&text(entry, "step"))
}

/// Each statement was begun once, before anything else was said of it, and ended once; nothing was
/// said of it afterwards.
#[track_caller]
pub fn is_whole(entries: &[Json], told: &str) {
    let mut statements: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
    for entry in entries {
        let statement = (text(entry, "run_id"), entry["sequence"].as_u64().unwrap());
        statements.entry(statement).or_default().push(text(entry, "state"));
    }
    for (statement, states) in &statements {
        let whole = matches!(
            states.as_slice(),
            ["started", "done" | "failed"] | ["started", "unknown", "done" | "failed"]
        );
        assert!(whole, "{told}: {statement:?} is {states:?}");
    }
    let runs: BTreeSet<&str> = statements.keys().map(|(run, _)| *run).collect();
    for run in runs {
        let numbers = statements.keys().filter(|(of, _)| *of == run).map(|(_, number)| *number);
        let numbers: Vec<u64> = numbers.collect();
        assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "{told}: {run}");
    }
}

/// How many rows the statements of this step changed on each date; each date by one statement.
#[track_caller]
pub fn changed(entries: &[Json], step: &str, told: &str) -> BTreeMap<String, u64> {
    let mut changed = BTreeMap::new();
    let done = |entry: &&Json| text(entry, "step") == step && text(entry, "state") == "done";
    for entry in entries.iter().filter(done) {
        let before =
            changed.insert(text(entry, "dates").to_owned(), entry["affected"].as_u64().unwrap());
        assert!(before.is_none(), "{told}: {step} was done twice: {entries:#?}");
    }
    changed
}

/// How many statements a later run has completed the ledger of: those that were executed, and those
/// that changed nothing.
pub fn completed(entries: &[Json]) -> (usize, usize) {
    let found = |state: &str| {
        let found_out = |entry: &&Json| {
            entry["error"].as_str().is_some_and(|error| error.contains("found out"))
                && text(entry, "state") == state
        };
        entries.iter().filter(found_out).count()
    };
    (found("done"), found("failed"))
}

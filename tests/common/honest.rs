//! Whether a ledger is honest: no gap, no lie, no entry twice. It is read as `log` prints it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

/// The steps whose statements change rows.
pub const CHANGES_ROWS: [&str; 9] = [
    "record",
    "record_custom",
    "void",
    "deactivate",
    "delete",
    "rewrite",
    "correct",
    "undo",
    "consolidate",
];

fn text<'a>(entry: &'a Json, key: &str) -> &'a str {
    entry[key].as_str().unwrap()
}

/// Whether an entry is about a statement that changes rows, or drops a table.
pub fn changes(entry: &Json) -> bool {
    let step = text(entry, "step");
    step == "drop_staging" || CHANGES_ROWS.contains(&step)
}

/// Each statement was begun once, before anything else was said of it, and ended once; nothing was
/// said of it afterwards.
#[track_caller]
pub fn is_whole(entries: &[Json], told: &str) {
    is_whole_of_several(entries, 1, told);
}

/// The same of runs that send so many statements at a time. A process that dies may have numbered each of
/// them but the last one that it wrote down.
#[track_caller]
pub fn is_whole_of_several(entries: &[Json], at_a_time: u64, told: &str) {
    let mut statements: BTreeMap<(&str, u64), Vec<&str>> = BTreeMap::new();
    for entry in entries {
        let statement = (text(entry, "run_id"), entry["sequence"].as_u64().unwrap());
        statements.entry(statement).or_default().push(text(entry, "outcome"));
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
        let (count, last) = (numbers.len() as u64, numbers.last().copied().unwrap_or(0));
        assert!(last < count + at_a_time, "{told}: {run} has the statements {numbers:?}");
    }
}

/// How many rows the statements of this step changed on each date; each date by one statement.
#[track_caller]
pub fn changed(entries: &[Json], step: &str, told: &str) -> BTreeMap<String, u64> {
    let mut changed = BTreeMap::new();
    let done = |entry: &&Json| text(entry, "step") == step && text(entry, "outcome") == "done";
    for entry in entries.iter().filter(done) {
        let before = changed
            .insert(text(entry, "first_date").to_owned(), entry["affected_rows"].as_u64().unwrap());
        assert!(before.is_none(), "{told}: {step} was done twice: {entries:#?}");
    }
    changed
}

/// How many statements a later run has completed the ledger of: those that were executed, and those
/// that changed nothing.
pub fn completed(entries: &[Json]) -> (usize, usize) {
    let found = |state: &str| {
        let found_out =
            |entry: &&Json| entry["recovered_by"].is_string() && text(entry, "outcome") == state;
        entries.iter().filter(found_out).count()
    };
    (found("done"), found("failed"))
}

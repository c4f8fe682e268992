//! The bounded run: the same inputs each time, so that failures are reproducible.

use std::panic;
use std::time::{Duration, Instant};

use fastrand::Rng;

use super::{ENTRIES, Entry, mutate, seeds};

/// The default number of inputs per entry; `ONEROW_FUZZED` overrides it.
const INPUTS: u64 = 200;

/// The time limit for one input, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

#[test]
fn whatever_comes_in_is_taken_or_refused() {
    let given = std::env::var("ONEROW_FUZZED").ok();
    let inputs = given.as_deref().map_or(INPUTS, |number| number.parse().unwrap());
    let slips: Vec<String> = ENTRIES.iter().filter_map(|entry| slip(entry, inputs).err()).collect();
    assert!(slips.is_empty(), "{}", slips.join("\n"));
}

/// The first input that an entry does not handle.
fn slip(entry: &Entry, inputs: u64) -> Result<(), String> {
    let began = Instant::now();
    let seeds = seeds::of(entry.name);
    for seed in &seeds {
        attempt(entry, "a seed itself", seed)?;
    }
    for number in 0..inputs {
        let input = mutate::mutated(&mut Rng::with_seed(number), &seeds);
        attempt(entry, &format!("seed {number}"), &input)?;
    }
    eprintln!("{}: {} inputs in {:?}", entry.name, inputs, began.elapsed());
    Ok(())
}

/// A stack overflow ends the process; with `--nocapture` the last line names the input.
fn attempt(entry: &Entry, from: &str, input: &[u8]) -> Result<(), String> {
    if std::env::var_os("ONEROW_FUZZED").is_some() {
        eprintln!("{}: {from}", entry.name);
    }
    let began = Instant::now();
    let ended = panic::catch_unwind(|| (entry.run)(input));
    let lasted = began.elapsed();
    let start = input[..input.len().min(2000)].escape_ascii();
    match ended {
        Err(_) => Err(format!("{}, {from}, panics on: {start}", entry.name)),
        Ok(()) if lasted > LONGEST => {
            Err(format!("{}, {from}, takes {lasted:?} on: {start}", entry.name))
        }
        Ok(()) => Ok(()),
    }
}

#[test]
fn each_entry_has_a_target() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let mut targets: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut entries = ENTRIES.map(|entry| entry.name);
    targets.sort_unstable();
    entries.sort_unstable();
    assert_eq!(targets, entries);
}

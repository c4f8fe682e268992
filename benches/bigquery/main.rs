//! A year of dates against an emulator that takes 300 ms for each answer:
//! `tests/with-tools cargo bench --bench bigquery`. The whole command's time is compared with
//! the longest chain of calls that have to wait for each other, and with what `plan --forecast` would say where jobs
//! take so long. Exits 1 when a bound does not hold. With the argument `rules`, it is about [many rules](many) instead.

#[path = "../../tests/common/mod.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod common;
#[path = "../../tests/bigquery/emulator.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod emulator;
#[path = "../../tests/bigquery/fixture.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod fixture;
mod many;
#[path = "../speed/measured.rs"]
#[allow(dead_code, reason = "the benchmarks of speed use the rest")]
mod measured;
#[path = "../../tests/bigquery/proxy/mod.rs"]
#[allow(dead_code, reason = "the tests use the rest")]
mod proxy;
#[path = "../speed/run.rs"]
#[allow(dead_code, reason = "the benchmarks of speed use the rest")]
mod run;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use fixture::{Fixture, a_year};
use onerow::run::{Basis, StepCost};
use onerow::warehouse::Estimate;
use proxy::Call;

/// How long each answer takes.
const ANSWER: Duration = Duration::from_millis(300);
/// How long it takes where the model is looked at.
const LONG: Duration = Duration::from_secs(2);
/// BigQuery runs this many mutating statements of one table at a time, and queues the rest.
const UPDATES_AT_A_TIME: usize = 2;
const DIRTY: usize = 10;
const BOUND: f64 = 1.5;
const TURNS: usize = 3;
/// What the whole command may take of what the model says: it leaves out metadata and the ledger.
const MODEL: std::ops::RangeInclusive<f64> = 0.8..=1.6;

fn main() -> ExitCode {
    // `cargo test --benches` runs this file too, without this argument; a benchmark is no test.
    let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    if measured::measured() || !has("--bench") {
        return ExitCode::SUCCESS;
    }
    if has("rules") {
        return if many::table().is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let Some(fixture) = Fixture::new("") else { return ExitCode::FAILURE };
    let fixture = fixture.rows(&a_year());
    // The first run creates the ledger's table; those that are measured find it.
    apply(&fixture);
    fixture.proxy.habits(|habits| habits.delay = ANSWER);
    let (time, chain) = (median(&fixture), ANSWER * unavoidable());
    let ratio = time.as_secs_f64() / chain.as_secs_f64();
    println!("365 dates, {DIRTY} of them dirty; each answer takes {} ms\n", ANSWER.as_millis());
    println!("calls of a run:                 {:>8}", fixture.proxy.names().len());
    println!("calls that wait for each other: {:>8}", unavoidable());
    println!("the longest unavoidable chain:  {:>8.2} s", chain.as_secs_f64());
    println!("the whole command (median of {TURNS}): {:>7.2} s", time.as_secs_f64());
    println!("ratio:                          {ratio:>8.2} (bound {BOUND})\n");
    fixture.proxy.habits(|habits| habits.delay = LONG);
    let (time, forecast) = (turn(&fixture).as_secs_f64(), forecast());
    let of_model = time / forecast;
    println!(
        "each answer takes {} s, beside which the emulator's own time is little\n",
        LONG.as_secs()
    );
    println!("forecast of the model:          {forecast:>8.2} s");
    println!("the whole command:              {time:>8.2} s");
    println!("ratio:                          {of_model:>8.2} (bounds {MODEL:?})");
    match ratio <= BOUND && MODEL.contains(&of_model) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

/// How long the command takes.
fn median(fixture: &Fixture) -> Duration {
    let mut times: Vec<Duration> = (0..TURNS).map(|_| turn(fixture)).collect();
    times.sort_unstable();
    times[TURNS / 2]
}

/// The calls of which none can be made before the one before it was answered.
fn unavoidable() -> u32 {
    // Of the table, of the ledger, and of the removal log.
    let metadata = 3;
    // A query is a job and a page of rows.
    let (detect, verify) = (2, 2);
    // The record of a date, and its UPDATE.
    let updates = 2 * DIRTY.div_ceil(UPDATES_AT_A_TIME) as u32;
    let ledger = 1;
    metadata + detect + updates + verify + ledger
}

/// How long the run takes by the model, where each answer takes so long: a query is a job and a page of rows.
fn forecast() -> f64 {
    let answer = LONG.as_secs_f64();
    let step =
        |answers: f64| StepCost { estimate: Estimate::of(None, 1), seconds: answers * answer };
    let basis = Basis {
        dates: 365,
        concurrency: UPDATES_AT_A_TIME,
        detect: step(2.0),
        record: step(1.0),
        recorded: step(2.0),
        removal: step(1.0),
        verify: step(2.0),
    };
    basis.forecast(DIRTY, 1).seconds
}

/// One measured run over a table that is as dirty as before.
fn turn(fixture: &Fixture) -> Duration {
    let table = fixture.table("predictions");
    fixture.emulator.query(&format!("UPDATE {table} SET is_active = TRUE WHERE TRUE"));
    fixture.proxy.forget();
    let begun = Instant::now();
    apply(fixture);
    let time = begun.elapsed();
    let updates = fixture
        .proxy
        .seen()
        .into_iter()
        .filter(|(call, _)| matches!(call, Call::Insert { step, .. } if step == "deactivate"));
    assert_eq!(updates.count(), DIRTY);
    time
}

fn apply(fixture: &Fixture) {
    let year = "apply --from 2025-01-01 --to 2025-12-31 --format json";
    let report = fixture.project.onerow(year).exits(0).json();
    assert_eq!(report["totals"]["deactivated"], DIRTY);
}

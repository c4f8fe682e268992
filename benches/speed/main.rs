//! Speed as ratios, in one run: `cargo bench --bench speed`. Ours and the baseline take turns, so
//! that noise hits both; medians are compared. Exits 1 when a bound does not hold.

mod run;
mod status;
mod templates;

use std::process::ExitCode;

use run::Row;

fn main() -> ExitCode {
    // `cargo test --benches` runs this file too, without this argument; a benchmark is no test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return ExitCode::SUCCESS;
    }
    println!("{} cores, {} {}\n", cores(), std::env::consts::OS, std::env::consts::ARCH);
    println!("| what | ours (median) | baseline (median) | figure | bound | holds |");
    println!("| --- | ---: | ---: | ---: | ---: | --- |");
    let mut rows = vec![templates::render_and_check()];
    rows.push(status::million_rows());
    rows.extend(run::start_up());
    for row in &rows {
        println!("{row}");
    }
    match rows.iter().all(Row::holds) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

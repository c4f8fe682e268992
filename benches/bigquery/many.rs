//! 2,000 rules on 20 tables: what commands about all of them take, in all and for each rule.

use std::path::Path;

use super::common::RULE;
use super::fixture::{Fixture, ROWS};
use super::measured::Work;
use super::proxy::Call;

const RULES: usize = 2_000;
const TABLES: usize = 20;
const DATE: &str = "--date 2026-01-28";
const COMMANDS: [&str; 5] = [
    "render --all",
    "check --all",
    "status --all",
    "apply --all --jobs 8",
    "apply --all --jobs 8 --changed",
];

/// Prints the table. `None`: there is no emulator.
pub fn table() -> Option<()> {
    let fixture = Fixture::with_rules(&rules(), "")?;
    let books = fixture.table("partitions");
    fixture.emulator.query(&format!(
        "CREATE TABLE {books} (table_name STRING, partition_id STRING, last_modified_time TIMESTAMP, \
         total_rows INT64, total_logical_bytes INT64)"
    ));
    for table in 0..TABLES {
        fixture.fill(&format!("t{table}"), ROWS);
        fixture.emulator.query(&format!(
            "INSERT INTO {books} VALUES ('t{table}', '20260128', TIMESTAMP '2026-01-30 00:00:00', 4, 400)"
        ));
    }
    println!("{RULES} rules on {TABLES} tables, one date\n");
    println!(
        "| command | time | most memory | jobs for each rule | metadata for each rule | the ledger is read |"
    );
    println!("| --- | --- | --- | --- | --- | --- |");
    COMMANDS.iter().for_each(|command| println!("{}", line(&fixture, command)));
    Some(())
}

fn line(fixture: &Fixture, command: &str) -> String {
    fixture.proxy.forget();
    let words = format!("{command} {DATE}");
    let work = Work {
        program: Path::new(env!("CARGO_BIN_EXE_onerow")).to_owned(),
        arguments: words.split(' ').map(str::to_owned).collect(),
        folder: fixture.project.path(""),
        input: None,
    };
    let measured = work.measure();
    let (mut jobs, mut metadata, mut read) = (0, 0, 0);
    for (call, _) in fixture.proxy.seen() {
        match call {
            Call::Insert { step, .. } if step == "log" => read += 1,
            Call::Insert { .. } => jobs += 1,
            Call::Table { .. } => metadata += 1,
            _ => {}
        }
    }
    let each = |count: usize| count as f64 / RULES as f64;
    format!(
        "| `{command}` | {:.1} s | {:.0} MiB | {:.2} | {:.2} | {read} × |",
        measured.time.as_secs_f64(),
        measured.kilobytes as f64 / 1024.0,
        each(jobs),
        each(metadata),
    )
}

fn rules() -> String {
    let Some((warehouse, rule)) = RULE.split_once("[rule.predictions]") else {
        return String::new();
    };
    let each = (0..RULES).map(|number| {
        let of_rule = rule.replace("rule.predictions", &format!("rule.r{number}"));
        let of_rule = of_rule.replace("nba.predictions", &format!("DATASET.t{}", number % TABLES));
        format!("[rule.r{number}]{of_rule}")
    });
    format!("{warehouse}{}", each.collect::<String>())
}

//! The case that onerow grew from, from beginning to end, on the embedded warehouse:
//!
//! - `cargo run --example player_props` loads the table, shows it, plans, applies, shows it again.
//! - `cargo run --example player_props -- race` plays the race with the streaming buffer.
//! - `cargo run --example player_props -- data FOLDER` only writes the data files.

mod data;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use onerow::cli::{self, Effects};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/player_props");
const RULE: &str = "player_prop_predictions";
const DATES: &str = "--from 2026-01-20 --to 2026-01-29";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let story = Story { folder: Path::new(PROJECT).join(".onerow") };
    let told = match arguments.as_slice() {
        [] => story.clean_up(),
        ["race"] => story.race(),
        ["data", folder] => write_data(Path::new(folder)).map(|()| 0),
        _ => Err("usage: player_props [race | data FOLDER]".to_owned()),
    };
    match told {
        Ok(code) => ExitCode::from(code),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

struct Story {
    folder: PathBuf,
}

impl Story {
    /// The table as it was on the evening of 2026-01-30, and how it gets clean.
    fn clean_up(&self) -> Result<u8, String> {
        self.start_over()?;
        tell("The table: every row of ten days, in the embedded warehouse.");
        self.expect(0, &format!("load {RULE} .onerow/predictions.csv"))?;
        tell("Before: how many active rows, keys and duplicates each date has.");
        self.expect(0, &format!("status {RULE} {DATES}"))?;
        tell("The plan: what apply would do. Nothing is changed.");
        self.expect(0, &format!("plan {RULE} {DATES}"))?;
        tell("The run: detect, deactivate, verify; every statement goes to the ledger.");
        self.expect(0, &format!("apply {RULE} {DATES}"))?;
        tell("After: every date is clean, and active rows equal keys.");
        self.expect(0, &format!("status {RULE} {DATES}"))?;
        tell("The ledger: what was sent, newest first.");
        self.expect(0, &format!("log --rule {RULE}"))?;
        println!("\nThe ledger and the table: {}", self.folder.join("local.db").display());
        println!("The SQL that ran, from the ledger:  onerow log --sql --project-dir {PROJECT}");
        println!(
            "The SQL for review, from templates: onerow render {RULE} {DATES} --project-dir {PROJECT}"
        );
        println!("(`cargo run -- log --sql …` where onerow is not installed)");
        Ok(0)
    }

    /// The race: rows are still in the streaming buffer when the clean-up comes.
    fn race(&self) -> Result<u8, String> {
        self.start_over()?;
        tell("The history of the table has settled.");
        self.expect(0, &format!("load {RULE} .onerow/history.csv"))?;
        tell("08:37:08 UTC: a backfill streams new rows for old dates.");
        self.expect(
            0,
            &format!("load {RULE} .onerow/backfill.csv --streamed --now 2026-01-30T08:37:08Z"),
        )?;
        tell("Two seconds later: apply cleans what is settled, reports the rest, exits 75.");
        self.expect(75, &format!("apply {RULE} {DATES} --now 2026-01-30T08:37:10Z"))?;
        tell("Two hours later: the same command cleans the rest, exits 0.");
        self.expect(0, &format!("apply {RULE} {DATES} --now 2026-01-30T10:37:10Z"))?;
        tell("After: every date is clean.");
        self.expect(0, &format!("status {RULE} {DATES}"))?;
        Ok(0)
    }

    /// A fresh database and fresh data files.
    fn start_over(&self) -> Result<(), String> {
        let database = self.folder.join("local.db");
        if database.exists() {
            std::fs::remove_file(&database).map_err(|e| format!("{}: {e}", database.display()))?;
        }
        write_data(&self.folder)
    }

    /// Runs one onerow command and insists on its exit code.
    fn expect(&self, code: u8, command: &str) -> Result<(), String> {
        println!("$ onerow {command}");
        let arguments = std::iter::once("onerow").chain(command.split(' ')).map(|word| match word
            .strip_prefix(".onerow/")
        {
            Some(file) => self.folder.join(file).into_os_string(),
            None => OsString::from(word),
        });
        let project = ["--project-dir", PROJECT].map(OsString::from);
        match cli::run(arguments.chain(project), &Effects::real()) {
            got if got == code => Ok(()),
            got => Err(format!("`onerow {command}` exited with {got} instead of {code}")),
        }
    }
}

fn tell(sentence: &str) {
    println!("\n# {sentence}");
}

fn write_data(folder: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    for (name, text) in [
        ("predictions.csv", data::csv()),
        ("history.csv", data::history_csv()),
        ("backfill.csv", data::backfill_csv()),
    ] {
        std::fs::write(folder.join(name), text).map_err(failed)?;
    }
    Ok(())
}

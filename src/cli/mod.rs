//! The command line: one file per command. stdout carries data, stderr carries messages.

mod apply;
mod check;
mod common;
mod completions;
mod consent;
mod consolidate;
mod doctor;
mod each;
mod effects;
mod execute;
mod explain;
mod init;
mod load;
mod log;
mod out;
mod outcome;
mod plan;
mod progress;
mod render;
mod report;
mod review;
mod run;
mod schedule;
mod schema;
mod serve;
mod staging;
mod status;
mod tell;
mod test;
mod undo;
mod view;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::log::LogFormat;

pub use effects::Effects;
use outcome::Outcome;

/// For every key, on every date, exactly one active row.
///
/// onerow finds duplicate rows of a BigQuery table by a rule that you can review, deactivates the
/// older ones, verifies the result and records every statement in a ledger.
#[derive(Parser)]
#[command(name = "onerow", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Log each statement to stderr
    #[arg(short, long, global = true)]
    verbose: bool,
    /// How messages on stderr are written; `json` is what Cloud Logging reads
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        env = "ONEROW_LOG_FORMAT"
    )]
    log_format: LogFormat,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done without duplicates left, 1 failed, 2 usage or configuration, 3 check findings,
4 duplicates found (only with --exit-code), 75 buffered rows remain, try again later,
130 interrupted";

#[derive(Subcommand)]
enum Command {
    Render(render::Args),
    Check(check::Args),
    Status(status::Args),
    Plan(plan::Args),
    Explain(explain::Args),
    Consolidate(consolidate::Args),
    Apply(apply::Args),
    Run(run::Args),
    Undo(undo::Args),
    Log(log::Args),
    Report(report::Args),
    Schedule(schedule::Args),
    Doctor(doctor::Args),
    Review(review::Args),
    Test(test::Args),
    View(view::Args),
    Load(load::Args),
    Serve(serve::Args),
    Init(init::Args),
    Schema(schema::Args),
    Completions(completions::Args),
}

/// Runs one command line and returns its exit code. All effects go through `effects`, so it can be called
/// more than once in a process.
pub fn run(arguments: impl IntoIterator<Item = OsString>, effects: &Effects) -> u8 {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return effects.usage(&error),
    };
    effects.log_as(cli.log_format);
    effects.trace(cli.verbose);
    match dispatch(cli.command, effects) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            effects.report(&error);
            error.exit_code()
        }
    }
}

fn dispatch(command: Command, effects: &Effects) -> Result<Outcome> {
    match command {
        Command::Render(args) => render::run(&args, effects),
        Command::Check(args) => check::run(&args, effects),
        Command::Status(args) => status::run(&args, effects),
        Command::Plan(args) => plan::run(&args, effects),
        Command::Explain(args) => explain::run(&args, effects),
        Command::Consolidate(args) => consolidate::run(&args, effects),
        Command::Apply(args) => apply::run(&args, effects),
        Command::Run(args) => run::run(&args, effects),
        Command::Undo(args) => undo::run(&args, effects),
        Command::Log(args) => log::run(&args, effects),
        Command::Report(args) => report::run(&args, effects),
        Command::Schedule(args) => schedule::run(&args, effects),
        Command::Doctor(args) => doctor::run(&args, effects),
        Command::Review(args) => review::run(&args, effects),
        Command::Test(args) => test::run(&args, effects),
        Command::View(args) => view::run(&args, effects),
        Command::Serve(args) => serve::run(&args, effects),
        Command::Load(args) => load::run(&args, effects),
        Command::Init(args) => init::run(&args, effects),
        Command::Schema(args) => schema::run(&args, effects),
        Command::Completions(args) => completions::run(&args, effects),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn every_command_has_an_example_and_every_argument_its_help() {
        let mut cli = Cli::command();
        cli.build();
        cli.clone().debug_assert();
        for command in cli.get_subcommands().filter(|command| command.get_name() != "help") {
            let name = command.get_name();
            let example = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(example.contains(&format!("onerow {name}")), "{name} has no example");
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{name} {} has no help", argument.get_id());
            }
        }
    }
}

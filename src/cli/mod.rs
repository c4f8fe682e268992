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
mod fmt;
mod global;
mod groups;
mod init;
mod load;
mod log;
mod man;
mod out;
mod outcome;
mod plan;
mod planned;
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
mod try_file;
mod undo;
mod usage;
mod view;

use std::ffi::OsString;

use clap::builder::Resettable;
use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Error, Kind, Result};

use common::ProjectArgs;
pub use completions::complete;
pub use effects::Effects;
use global::Messages;
use outcome::Outcome;

/// For every key, on every date, exactly one active row.
///
/// onerow finds duplicate rows of a BigQuery table by a rule that you can review, deactivates the
/// older ones, verifies the result and records every statement in a ledger.
#[derive(Parser)]
#[command(
    name = "onerow",
    version = VERSION,
    max_term_width = groups::WIDTH,
    after_help = EXIT_CODES
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Commands that are about a project have these too, and read them there.
    #[command(flatten)]
    _project: ProjectArgs,
    #[command(flatten)]
    messages: Messages,
}

/// The version, and in a release the commit that it is built from, where that is known.
const VERSION: &str = match option_env!("ONEROW_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

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
    Fmt(fmt::Args),
    Serve(serve::Args),
    Init(init::Args),
    Try(try_file::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

/// Runs one command line and returns its exit code. All effects go through `effects`, so it can be called
/// more than once in a process.
pub fn run(arguments: impl IntoIterator<Item = OsString>, effects: &Effects) -> u8 {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut onerow = groups::grouped(ungrouped());
    let (cli, matches) = match parsed(&mut onerow, &arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            effects.show_as(Messages::looked_up(&arguments));
            let Some(error) = usage::explained(&error, &onerow, &arguments) else {
                return effects.usage(&error);
            };
            effects.report(&error);
            return error.exit_code();
        }
    };
    effects.show_as(cli.messages);
    effects.trace();
    match refuse_without_use(&matches).and_then(|()| dispatch(cli.command, effects)) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            effects.report(&error);
            error.exit_code()
        }
    }
}

fn parsed(
    onerow: &mut clap::Command,
    arguments: &[OsString],
) -> Result<(Cli, clap::ArgMatches), clap::Error> {
    let matches = onerow.try_get_matches_from_mut(arguments)?;
    let cli = Cli::from_arg_matches(&matches).map_err(|error| error.format(onerow))?;
    Ok((cli, matches))
}

/// Options of every command that some have no use for: given for one of those, they were meant otherwise. Their
/// variables are set for other commands.
const WITHOUT_USE: [(&str, &str, &str, &str); 3] = [
    (
        "init",
        "project_dir",
        "`onerow init` has no use for --project-dir",
        "name the folder: onerow init DIR",
    ),
    (
        "test",
        "warehouse",
        "`onerow test` has no use for --warehouse: tests run on a database in memory",
        "leave it out",
    ),
    (
        "test",
        "now",
        "`onerow test` has no use for --now: the time of a test is its `now`",
        "leave it out",
    ),
];

fn refuse_without_use(matches: &clap::ArgMatches) -> Result<()> {
    let Some((name, given)) = matches.subcommand() else { return Ok(()) };
    let of_command = WITHOUT_USE.iter().filter(|(command, ..)| *command == name);
    let from = |option: &str| given.value_source(option);
    match of_command.into_iter().find(|(_, id, ..)| from(id) == Some(ValueSource::CommandLine)) {
        Some((_, _, why, help)) => Err(Error::new(Kind::Usage, *why).help(*help)),
        None => Ok(()),
    }
}

/// All that can be said on the command line. A variable that is set and empty counts as not set.
fn ungrouped() -> clap::Command {
    without_empty_variables(Cli::command())
}

fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty = |argument: &clap::Arg| {
        argument.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty())
    };
    let command = command.mut_args(|argument| match is_empty(&argument) {
        true => argument.env(Resettable::Reset),
        false => argument,
    });
    command.mut_subcommands(without_empty_variables)
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
        Command::Fmt(args) => fmt::run(&args, effects),
        Command::Init(args) => init::run(&args, effects),
        Command::Try(args) => try_file::run(&args, effects),
        Command::Schema(args) => schema::run(&args, effects),
        Command::Completions(args) => completions::run(&args, effects),
        Command::Man(args) => man::run(&args, effects),
    }
}

#[cfg(test)]
mod tests {
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

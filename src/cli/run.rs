//! `onerow run`

use clap_complete::engine::ArgValueCompleter;

use super::common::{Common, StatementArgs};
use super::execute::{RunSettings, execute};
use super::{Effects, Outcome, completions};
use crate::engine::Task;
use crate::error::{Error, Kind, Result};
use crate::report::Format;
use crate::statement::StepName;
use crate::step::Runs;

/// Run one step by itself, shipped or the project's own, with its ledger entries
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow run late_rows --date YESTERDAY
  onerow run detect orders --last 7 --format json")]
pub(super) struct Args {
    /// The step
    #[arg(value_name = "STEP", value_parser = StepName::parse, add = ArgValueCompleter::new(completions::steps_to_run))]
    step: StepName,
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    statements: StatementArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Delete rows without asking, where the step deletes rows
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    match args.step.row().runs {
        Runs::WithAnother => {
            let message = format!("the step {} cannot be run alone", args.step);
            return Err(Error::new(Kind::Usage, message).help(
                "`onerow apply` removes duplicates, `onerow undo RUN` restores them, and `onerow consolidate --drop` drops staging tables",
            ));
        }
        Runs::ApplyOrCommand => {
            let message = format!("{} is a command of its own", args.step);
            return Err(Error::new(Kind::Usage, message)
                .help(format!("write `onerow {}`: it counts before and afterwards", args.step)));
        }
        Runs::Apply | Runs::Alone => {}
    }
    let task = Task::Step(args.step.clone());
    let settings = RunSettings {
        dates_per_statement: args.statements.dates_per_statement,
        ..RunSettings::of("run", task, args.format, args.yes)
    };
    execute(&args.common, effects, &settings)
}

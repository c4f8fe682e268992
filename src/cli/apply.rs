//! `onerow apply`

use std::num::NonZeroUsize;
use std::time::Duration;

use super::common::{ChangedArgs, Common, StatementArgs};
use super::execute::{RunSettings, execute};
use super::{Effects, Outcome, plan};
use crate::engine::Task;
use crate::error::{Error, Kind, Result};
use crate::report::Format;
use crate::rule::Rule;

/// Remove the duplicate rows of the dates, and verify the result
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow apply --changed
  onerow apply --date YESTERDAY
  onerow apply orders --from 2026-01-20 --to 2026-01-29
  onerow apply --all --last 30 --dry-run
  onerow apply --all --date YESTERDAY --warehouse prod --jobs 4 --wait 2h")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: ChangedArgs,
    #[command(flatten)]
    statements: StatementArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Change nothing: show what would be done, as `plan` does
    #[arg(long)]
    dry_run: bool,
    /// Delete rows without asking, where a rule's strategy deletes rows
    #[arg(long)]
    yes: bool,
    /// Stay until buffered rows have settled, at most this long, such as 2h or 90m
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "dry_run")]
    wait: Option<Duration>,
    /// How many tables to work on at a time
    #[arg(long, value_name = "N", default_value_t = NonZeroUsize::MIN)]
    jobs: NonZeroUsize,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    match args.dry_run {
        true => {
            let window = |rule: &Rule| args.common.window_of(&Task::Apply, rule, effects);
            let shown = plan::Shown {
                statements: &args.statements,
                changed: args.which.changed,
                format: args.format,
                exit_code: false,
            };
            plan::show(&args.common, &window, &shown, effects)
        }
        false => {
            let settings = RunSettings {
                wait: args.common.project.wait(args.wait)?,
                jobs: args.jobs.get(),
                dates_per_statement: args.statements.dates_per_statement,
                changed: args.which.changed,
                ..RunSettings::of("apply", Task::Apply, args.format, args.yes)
            };
            execute(&args.common, effects, &settings)
        }
    }
}

pub(super) fn duration(text: &str) -> Result<Duration> {
    let read = text.parse::<jiff::SignedDuration>().ok();
    read.and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| Error::new(Kind::Usage, "not a duration").help("write it as `90m` or `2h`"))
}

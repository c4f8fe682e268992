//! `onerow apply`

use super::common::Common;
use super::execute::execute;
use super::{Effects, Outcome, plan};
use crate::error::Result;
use crate::plan::steps_of;
use crate::run;

/// Deactivate the superseded rows of the dates, and verify the result
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow apply --date YESTERDAY
  onerow apply player_prop_predictions --from 2026-01-20 --to 2026-01-29
  onerow apply --all --last 30 --dry-run")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Change nothing: show what would be done, as `plan` does
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    match args.dry_run {
        true => plan::show(&args.common, false, effects),
        false => execute(&args.common, effects, steps_of, run::apply),
    }
}

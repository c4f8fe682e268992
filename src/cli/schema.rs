//! `onerow schema`

use super::{Effects, Outcome};
use crate::error::Result;
use crate::{report, rule};

/// Print the JSON Schema of onerow.toml, for editors
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  onerow schema > onerow.schema.json")]
pub(super) struct Args {}

pub(super) fn run(_: &Args, effects: &Effects) -> Result<Outcome> {
    effects.print(&report::json(&rule::schema()))?;
    Ok(Outcome::Done)
}

//! `onerow completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Effects, Outcome};
use crate::error::Result;

/// Print the completion script of a shell
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  onerow completions bash > ~/.local/share/bash-completion/completions/onerow")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "onerow", &mut script);
    effects.print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

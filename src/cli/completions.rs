//! `onerow completions`, and what a shell is answered that asks.

mod names;

use std::ffi::OsString;
use std::process::ExitCode;

use clap_complete::Shell;
use clap_complete::env::{CompleteEnv, Shells};

use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};

pub(super) use names::{presets, rules, rules_and_files, steps, steps_to_run, warehouses};

/// With this variable set to the name of a shell, the program says what could come next on its command line.
const VARIABLE: &str = "ONEROW_COMPLETE";

/// Print the completion script of a shell; it knows presets, and the project's rules, steps and warehouses
#[derive(clap::Args)]
#[command(after_help = "\
The script asks onerow itself, so print it again after an update.

Examples:
  source <(onerow completions bash)
  onerow completions bash > ~/.local/share/bash-completion/completions/onerow")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let name = args.shell.to_string();
    let shells = Shells::builtins();
    let shell = shells.completer(&name).ok_or_else(|| {
        Error::new(Kind::Internal, format!("there is no completion script for {name}"))
    })?;
    let mut script = Vec::new();
    shell
        .write_registration(VARIABLE, "onerow", "onerow", "onerow", &mut script)
        .map_err(|cause| Error::io("cannot write the completion script", cause))?;
    effects.print(&String::from_utf8_lossy(&script))?;
    Ok(Outcome::Done)
}

/// Answers a shell that asks what could come next; `None` where none asks.
pub fn complete(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let is_question = arguments.get(1).is_some_and(|first| first == "--");
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(super::ungrouped).var(VARIABLE);
    // What goes wrong is not for the middle of somebody's line.
    match asked.try_complete(arguments, here.as_deref()) {
        Ok(false) => None,
        Ok(true) => Some(ExitCode::SUCCESS),
        // Nothing is written into a line that is being typed.
        Err(_) if is_question => Some(ExitCode::FAILURE),
        Err(error) => {
            eprintln!("error[{}]: {VARIABLE}: {}", Kind::Usage, error.render().to_string().trim());
            Some(ExitCode::FAILURE)
        }
    }
}

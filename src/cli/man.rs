//! `onerow man`

use std::path::{Path, PathBuf};

use clap::Command;
use clap_mangen::Man;

use super::{Effects, Outcome};
use crate::error::{Error, Result};
use crate::files::Folder;

/// Print the manual page, or write those of all commands to files
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow man | man -l -
  onerow man --out ~/.local/share/man/man1")]
pub(super) struct Args {
    /// Write onerow.1, and a page for each command, to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let mut onerow = super::ungrouped().disable_help_subcommand(true);
    onerow.build();
    let Some(folder) = &args.out else {
        effects.print(&page(&onerow)?.1)?;
        return Ok(Outcome::Done);
    };
    let place = Folder::create(folder)?;
    let commands: Vec<&Command> =
        std::iter::once(&onerow).chain(onerow.get_subcommands()).collect();
    for command in &commands {
        let (name, text) = page(command)?;
        place.write(Path::new(&name), &text)?;
    }
    effects.say(&format!("wrote {} pages to {}", commands.len(), folder.display()));
    Ok(Outcome::Done)
}

/// The name of a command's page, and its text.
fn page(command: &Command) -> Result<(String, String)> {
    let page = Man::new(command.clone()).source(format!("onerow {}", env!("CARGO_PKG_VERSION")));
    let mut text = Vec::new();
    page.render(&mut text).map_err(|cause| Error::io("cannot write a manual page", cause))?;
    Ok((page.get_filename(), String::from_utf8_lossy(&text).into_owned()))
}

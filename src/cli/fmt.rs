//! `onerow fmt`

use std::path::PathBuf;

use taplo::formatter::{Options, format};

use super::common::ProjectArgs;
use super::{Effects, Outcome, out};
use crate::error::{Error, Kind, Result};
use crate::project::{self, RULE_FILE};
use crate::report;
use crate::rule;

/// Format the rule file and the files of tests; their values stay as they are
#[derive(clap::Args)]
#[command(after_help = "\
It sorts nothing and changes no comment: blanks around `=`, indentation, blank lines, long and short lists.

Examples:
  onerow fmt
  onerow fmt --check")]
pub(super) struct Args {
    /// Write nothing: fail with a diff when a file is not formatted
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let folder = project::folder_of(&args.project.folder())?;
    let mut files = vec![PathBuf::from(RULE_FILE)];
    files.extend(project::test_paths(&folder)?);
    // All are read before one is written, so that a mistake in one leaves all as they are.
    let mut differing = Vec::new();
    for path in &files {
        let text = folder.text(path)?;
        let formatted = formatted(&folder.path_of(path).display().to_string(), &text)?;
        if formatted != text {
            differing.push((path, text, formatted));
        }
    }
    let checked = report::count(files.len() as u64, "file");
    if differing.is_empty() {
        effects.say(&format!("nothing to format in {checked}"));
        return Ok(Outcome::Done);
    }
    if args.check {
        for (path, text, formatted) in &differing {
            effects.print(&out::diff(&path.display().to_string(), text, formatted))?;
        }
        let count = differing.len();
        effects.say(&format!("not formatted: {count} of {checked}; run `onerow fmt`"));
        return Ok(Outcome::Failed);
    }
    for (path, _, formatted) in &differing {
        folder.write(path, formatted)?;
        effects.say(&format!("formatted {}", folder.path_of(path).display()));
    }
    Ok(Outcome::Done)
}

/// The formatted text. Errors: it is not TOML.
fn formatted(name: &str, text: &str) -> Result<String> {
    let before = rule::toml(name, text)?;
    let options = Options { column_width: 118, align_comments: true, ..Options::default() };
    let formatted = format(text, options);
    // The formatter skips what it cannot parse, and must change no value.
    match rule::toml(name, &formatted) {
        Ok(after) if after == before => Ok(formatted),
        _ => Err(Error::new(
            Kind::Unsupported,
            format!(
                "`{name}` cannot be formatted without changing its values; it was left as it is"
            ),
        )
        .help("format it by hand")),
    }
}

//! `onerow init`

mod from_dbt;
mod preset;

use std::path::{Path, PathBuf};

use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::project::RULE_FILE;

/// Start a project: a commented rule file and an example of an own template, a ready rule for a tool's tables, or the
/// rules that a dbt project implies
#[derive(clap::Args)]
#[command(after_help = "\
It changes no file that is there already.

Examples:
  onerow init my_project
  onerow init --preset
  onerow init --preset fivetran my_project
  onerow init --dbt ../shop/target/manifest.json my_project")]
pub(super) struct Args {
    /// The folder; created if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// A ready rule for the tables that a tool makes, with data and tests; without a name, their list
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    preset: Option<String>,
    /// The manifest of a dbt project on BigQuery, `target/manifest.json`: a rule for each table with a unique key
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    dbt: Option<PathBuf>,
}

const FILES: [(&str, &str); 3] = [
    (RULE_FILE, include_str!("init/onerow.toml")),
    ("sql/null_keys.sql", include_str!("init/null_keys.sql")),
    ("sql/events/current.sql", include_str!("init/current.sql")),
];

const NEXT: &str = "next: describe your table in onerow.toml, then `onerow check` and `onerow render --date YESTERDAY`";

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if let Some(manifest) = &args.dbt {
        return from_dbt::run(manifest, &args.folder, effects);
    }
    let preset = match args.preset.as_deref() {
        None => None,
        Some("") => {
            effects.print(&preset::list())?;
            effects.say("next: `onerow init --preset NAME DIR`");
            return Ok(Outcome::Done);
        }
        Some(name) => Some(preset::find(name)?),
    };
    write_all(&args.folder, preset.map_or(&FILES, |preset| &preset.files), effects)?;
    let Some(preset) = preset else {
        effects.say(NEXT);
        return Ok(Outcome::Done);
    };
    effects.say("next, with the data that is there:");
    if args.folder != Path::new(".") {
        effects.say(&format!("  cd {}", args.folder.display()));
    }
    preset.commands().for_each(|command| effects.say(&format!("  {command}")));
    effects.say("README.md says what they print; onerow.toml, which names are yours to change");
    Ok(Outcome::Done)
}

/// Writes the files. Errors: one of them exists; then none is written.
fn write_all(folder: &Path, files: &[(&str, &str)], effects: &Effects) -> Result<()> {
    let path = |name: &str| folder.join(name);
    if let Some((name, _)) = files.iter().find(|(name, _)| path(name).exists()) {
        return Err(Error::new(
            Kind::Usage,
            format!("`{}` already exists; nothing was written", path(name).display()),
        )
        .help("name another folder: onerow init DIR"));
    }
    let place = Folder::create(folder)?;
    for (name, text) in files {
        place.write_first(Path::new(name), text)?;
        effects.say(&format!("wrote {}", path(name).display()));
    }
    Ok(())
}

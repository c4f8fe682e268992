//! `onerow init`

use std::path::{Path, PathBuf};

use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};
use crate::project::RULE_FILE;

/// Start a project: a commented rule file and an example of an own template
#[derive(clap::Args)]
#[command(after_help = "\
It changes no file that is there already.

Example:
  onerow init my_project")]
pub(super) struct Args {
    /// The folder; created if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

const FILES: [(&str, &str); 3] = [
    (RULE_FILE, include_str!("init/onerow.toml")),
    ("sql/null_keys.sql", include_str!("init/null_keys.sql")),
    ("sql/events/current.sql", include_str!("init/current.sql")),
];

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let path = |name: &str| args.folder.join(name);
    if let Some((name, _)) = FILES.iter().find(|(name, _)| path(name).exists()) {
        return Err(Error::new(
            Kind::Usage,
            format!("`{}` is there already; nothing was written", path(name).display()),
        )
        .help("name another folder: onerow init DIR"));
    }
    for (name, text) in FILES {
        write(&path(name), text)?;
        effects.say(&format!("wrote {}", path(name).display()));
    }
    effects.say("next: describe your table in onerow.toml, then `onerow check` and `onerow render --date YESTERDAY`");
    Ok(Outcome::Done)
}

fn write(path: &Path, text: &str) -> Result<()> {
    let failed = |cause| Error::io(format!("cannot write `{}`", path.display()), cause);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

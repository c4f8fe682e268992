//! `onerow init`

mod from_dbt;
mod preset;
mod proposed;
mod skeleton;

use std::path::{Path, PathBuf};

use clap_complete::engine::ArgValueCompleter;

pub(super) use self::preset::presets;
use self::proposed::Ask;
pub(super) use self::proposed::{FromFile, WishArgs, from_file, quoted};
use super::{Effects, Outcome, completions};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::googlesql::TableName;

/// Start a project: a sample that works, a rule for a table or file that is there, a ready rule for a tool's tables, or
/// the rules that a dbt project implies
#[derive(clap::Args)]
#[command(after_help = "\
It changes no file that is there already, but for a rule file to which it adds a rule. A rule for a table is
proposed from its columns, its declared key, and counts of its latest partition; what that bills is said first.

Examples:
  onerow init my_project
  onerow init --table my-project.shop.orders my_project
  onerow init --table shop.orders --warehouse prod
  onerow init --file orders.csv --key order_id --keep 'updated_at DESC'
  onerow init --preset
  onerow init --preset fivetran my_project
  onerow init --dbt ../shop/target/manifest.json my_project")]
pub(super) struct Args {
    /// The folder; created if it is not there
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// A rule for this table: project.dataset.table, or dataset.table of a warehouse in the rule file
    #[arg(long, value_name = "TABLE", value_parser = TableName::parse, conflicts_with = "preset")]
    table: Option<TableName>,
    /// A rule for the rows of this file, CSV, JSON or Parquet; with --table, which names its table
    #[arg(long, value_name = "FILE", conflicts_with = "preset")]
    file: Option<PathBuf>,
    #[command(flatten)]
    wishes: WishArgs,
    /// The warehouse of the table, by its name in the rule file; in a new rule file it gets this name
    #[arg(long, value_name = "NAME", env = "ONEROW_WAREHOUSE", hide_env_values = true, add = ArgValueCompleter::new(completions::warehouses))]
    warehouse: Option<String>,
    /// A ready rule for the tables that a tool makes, with data and tests; without a name, their list
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "", add = ArgValueCompleter::new(completions::presets))]
    preset: Option<String>,
    /// The manifest of a dbt project on BigQuery, `target/manifest.json`: a rule for each table with a unique key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["preset", "table", "file", "key", "keep", "partition", "active", "row_id"])]
    dbt: Option<PathBuf>,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if let Some(manifest) = &args.dbt {
        return from_dbt::run(manifest, &args.folder, args.warehouse.as_deref(), effects);
    }
    if args.table.is_some() || args.file.is_some() {
        let ask = Ask {
            table: args.table.as_ref(),
            file: args.file.as_deref(),
            folder: &args.folder,
            warehouse: args.warehouse.as_deref(),
            wishes: args.wishes.wishes(),
        };
        return proposed::run(&ask, effects).map(|()| Outcome::Done);
    }
    if !args.wishes.is_empty() {
        return Err(Error::new(Kind::Usage, "a key, an order or a column is given, but no table")
            .help("say which table or file they are of: --table TABLE or --file FILE"));
    }
    let preset = match args.preset.as_deref() {
        None => return skeleton::run(&args.folder, effects).map(|()| Outcome::Done),
        Some("") => {
            effects.print(&preset::list())?;
            effects.say("next: `onerow init --preset NAME DIR`");
            return Ok(Outcome::Done);
        }
        Some(name) => preset::find(name)?,
    };
    write_all(&args.folder, &preset.files, effects)?;
    effects.say("next, with the data that is there:");
    if args.folder != Path::new(".") {
        effects.say(&format!("  cd {}", quoted(&args.folder.display().to_string())));
    }
    preset.commands().for_each(|command| effects.say(&format!("  {command}")));
    effects.say("README.md says what they print; onerow.toml, which names are yours to change");
    Ok(Outcome::Done)
}

/// Writes the files. Errors: one of them exists; then none is written.
fn write_all(folder: &Path, files: &[(&str, &str)], effects: &Effects) -> Result<()> {
    let path = |name: &str| folder.join(name);
    if let Some((name, _)) = files.iter().find(|(name, _)| path(name).exists()) {
        return Err(is_there(&path(name)));
    }
    let place = Folder::create(folder)?;
    for (name, text) in files {
        place.write_first(Path::new(name), text)?;
        effects.say(&format!("wrote {}", path(name).display()));
    }
    Ok(())
}

/// The error for a file or folder that is in the way.
fn is_there(path: &Path) -> Error {
    let message = format!("`{}` already exists; nothing was written", path.display());
    Error::new(Kind::Usage, message).help(
        "to add a rule to a project: onerow init --table TABLE; to start another project: onerow init DIR",
    )
}

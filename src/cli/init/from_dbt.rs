//! `onerow init --dbt`

use std::path::Path;

use super::super::{Effects, Outcome};
use super::{quoted, skeleton, write_all};
use crate::dbt;
use crate::error::{Error, Kind, Result, read_utf8};
use crate::files::Folder;
use crate::project::RULE_FILE;

/// The catalog's name; it lies beside the manifest.
const CATALOG: &str = "catalog.json";

pub(super) fn run(
    manifest: &Path,
    folder: &Path,
    warehouse: Option<&str>,
    effects: &Effects,
) -> Result<Outcome> {
    let text = manifest_text(manifest)?;
    let catalog = manifest.with_file_name(CATALOG);
    let catalog = match catalog.is_file() {
        true => Some((catalog.display().to_string(), read_utf8(&catalog)?)),
        false => None,
    };
    let named = catalog.as_ref().map(|(file, text)| (file.as_str(), text.as_str()));
    let proposal = dbt::propose((&manifest.display().to_string(), &text), named, warehouse)?;
    let text = skeleton::with_schema(&proposal.text);
    write_all(folder, &[(RULE_FILE, &text)], effects)?;
    skeleton::beside(&Folder::open(folder)?, effects)?;
    for left in &proposal.left_out {
        effects.say(&format!("left out: {left}"));
    }
    let rules = match proposal.rules {
        1 => "1 rule".to_owned(),
        rules => format!("{rules} rules"),
    };
    let enter = match folder == Path::new(".") {
        true => String::new(),
        false => format!("`cd {}`, ", quoted(&folder.display().to_string())),
    };
    effects.say(&format!(
        "{rules}; next: {enter}read each line with `guess` in {RULE_FILE}, then `onerow check --all` and `onerow doctor --all`"
    ));
    Ok(Outcome::Done)
}

fn manifest_text(manifest: &Path) -> Result<String> {
    const HELP: &str =
        "name the file `target/manifest.json` of the dbt project; `dbt parse` writes it";
    if manifest.is_dir() {
        let message = format!("`{}` is a folder, not a manifest of dbt", manifest.display());
        return Err(Error::new(Kind::Usage, message).help(HELP));
    }
    read_utf8(manifest).map_err(|error| match manifest.exists() {
        true => error,
        false => error.help(HELP),
    })
}

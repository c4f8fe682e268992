//! dbt: rules from the models, snapshots and sources of a dbt project; and rules as a dbt model with tests.

mod accept;
mod catalog;
mod columns;
mod dates;
mod export;
mod jinja;
mod key;
mod left_out;
mod manifest;
mod name;
mod order;
mod partition;
mod propose;
mod proposed;
mod snapshot;
mod source;
mod text;

pub(crate) use export::{Exported, WRITTEN_BY, exported};
pub(crate) use left_out::LeftOut;

use crate::error::{Error, Kind, Result};
use crate::rule::{RuleFile, WarehouseName};
use manifest::Manifest;

/// What a dbt project gives: the text of a rule file, and what is not in it.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// The text of `onerow.toml`.
    pub text: String,
    /// The number of rules in it.
    pub rules: usize,
    /// What has no rule, with the reason.
    pub left_out: Vec<LeftOut>,
}

/// Reads a manifest of dbt, and the catalog beside it, if there is one. `manifest` and `catalog` are the name and the
/// text of the file, and `warehouse` what the warehouse is called.
///
/// # Errors
/// A file is not what dbt writes, is of another version, or of a project of another adapter; no model, snapshot or
/// source has a key that a rule can be made of.
pub(crate) fn propose(
    manifest: (&str, &str),
    catalog: Option<(&str, &str)>,
    warehouse: Option<&str>,
) -> Result<Proposal> {
    let warehouse = WarehouseName::parse(warehouse.unwrap_or("prod"))?;
    let (file, text) = manifest;
    let manifest = Manifest::read(file, text)?;
    let catalog = catalog.map(|(file, text)| catalog::read(file, text)).transpose()?;
    let found = propose::all(&manifest, catalog.as_ref());
    if found.rules.is_empty() {
        return Err(nothing(file, &found.left_out));
    }
    let text = text::file(&manifest, catalog.is_some(), &warehouse, &found);
    RuleFile::parse("onerow.toml", &text)?;
    Ok(Proposal { text, rules: found.rules.len(), left_out: found.left_out })
}

fn nothing(file: &str, left_out: &[LeftOut]) -> Error {
    const SHOWN: usize = 10;
    let message =
        format!("`{file}` gives no rule: nothing in it has a key that a rule can be made of");
    let reasons = left_out.iter().take(SHOWN).map(|left| format!("\n  {left}"));
    let more = match left_out.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("\n  and {more} more"),
    };
    Error::new(Kind::DataFile, message).help(format!(
        "give a model a `unique_key` or a `unique` test, write the manifest again with `dbt parse`, or describe the table \
         by hand: `onerow init DIR`{}{more}",
        reasons.collect::<String>()
    ))
}

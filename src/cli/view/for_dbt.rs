//! `onerow view show --dbt`

use std::collections::BTreeMap;
use std::path::Path;

use super::super::{Effects, Outcome};
use super::{Action, Args};
use crate::dbt::{Exported, WRITTEN_BY, exported};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::report::Format;
use crate::rule::Rule;

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if args.act != Action::Show {
        return Err(Error::new(Kind::Usage, "--dbt writes files, and sends nothing")
            .help("write `onerow view show RULE --dbt`; dbt makes the view"));
    }
    if args.replace {
        let message =
            "--replace is for `create`; --dbt always replaces the files that onerow wrote";
        return Err(Error::new(Kind::Usage, message).help("remove --replace"));
    }
    if args.common.dates.given().is_some() {
        let message = "files of dbt are about no dates of their own";
        return Err(Error::new(Kind::Usage, message).help(
            "remove --date, --from, --to and --last; dbt's variables `onerow_from` and `onerow_to` say the dates of a test",
        ));
    }
    if args.format != Format::Table {
        return Err(Error::new(Kind::Usage, "files of dbt have one format")
            .help("remove --format, or unset the variable ONEROW_FORMAT"));
    }
    let engine = args.common.engine(effects)?;
    let mut all: Vec<(&Rule, Exported)> = Vec::new();
    for rule in args.common.rules(engine.project())? {
        if args.common.all && rule.partition.is_sharded() {
            effects.say(&format!(
                "left out: rule {} has a table for each date, and no view",
                rule.name
            ));
            continue;
        }
        all.push((rule, exported(&engine, rule)?));
    }
    refuse_one_place(&all)?;
    match &args.out {
        None => print(&all, effects)?,
        Some(folder) => write(folder, &all, effects)?,
    }
    Ok(Outcome::Done)
}

/// Errors: two rules have one file. The names of models and of tests are those of views and of rules, and case makes no
/// difference on some file systems.
fn refuse_one_place(all: &[(&Rule, Exported)]) -> Result<()> {
    let mut known: BTreeMap<String, &Rule> = BTreeMap::new();
    for (rule, exported) in all {
        for (path, _) in &exported.files {
            let Some(other) = known.insert(path.to_lowercase(), rule) else { continue };
            if other.name == rule.name {
                continue;
            }
            let message =
                format!("rules {} and {} would both be `{path}` in dbt", other.name, rule.name);
            return Err(Error::new(Kind::RuleFile, message).help(format!(
                "set `view` in one of them, whose name the model has (here {}), or rename the rule",
                exported.model
            )));
        }
    }
    Ok(())
}

fn print(all: &[(&Rule, Exported)], effects: &Effects) -> Result<()> {
    let files = all.iter().flat_map(|(_, exported)| &exported.files);
    let texts: Vec<String> = files.map(|(path, text)| format!("==> {path} <==\n{text}")).collect();
    effects.print(&texts.join("\n"))
}

/// Errors: a file is there that onerow did not write; then none is written.
fn write(folder: &Path, all: &[(&Rule, Exported)], effects: &Effects) -> Result<()> {
    let place = Folder::create(folder)?;
    let files: Vec<&(String, String)> =
        all.iter().flat_map(|(_, exported)| &exported.files).collect();
    for (path, _) in &files {
        let path = Path::new(path);
        let is_ours =
            |text: &str| text.lines().next().is_some_and(|line| line.contains(WRITTEN_BY));
        if place.is_file(path)? && !is_ours(&place.text(path)?) {
            let message = format!(
                "`{}` is there, and onerow did not write it; nothing was written",
                folder.join(path).display()
            );
            return Err(Error::new(Kind::Usage, message)
                .help("rename it, or name another folder with --out"));
        }
    }
    for (path, text) in files {
        place.write(Path::new(path), text)?;
        effects.say(&format!("wrote {}", folder.join(path).display()));
    }
    Ok(())
}

//! `onerow load`

use std::fs::File;
use std::io::{BufReader, Seek};
use std::path::{Path, PathBuf};

use super::common::ProjectArgs;
use super::{Effects, Outcome};
use crate::engine::Streaming;
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::TableName;
use crate::load::{Columns, FileFormat, Rows};

/// Load CSV or NDJSON files into the embedded warehouse
#[derive(clap::Args)]
#[command(after_help = "\
The types are those of the rule's columns. An empty CSV field is NULL, a quoted one a STRING. Either all files are
loaded or nothing of them.

Examples:
  onerow load predictions.csv --rule player_prop_predictions
  onerow load batch.csv --into nba_predictions.staging_worker_1
  onerow load backfill.ndjson --streamed --now 2026-01-30T08:37:08Z")]
pub(super) struct Args {
    /// The files: .csv, .ndjson, .jsonl or .json (one object a line)
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The rule whose table the rows go to; may be left out where there is only one
    #[arg(long, value_name = "RULE")]
    rule: Option<String>,
    /// A staging table of the rule, instead of its table
    #[arg(long, value_name = "TABLE", value_parser = TableName::parse)]
    into: Option<TableName>,
    /// Put the rows into the imitated streaming buffer, as of now
    #[arg(long)]
    streamed: bool,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.engine(effects)?;
    let project = engine.project();
    let rules = &project.file.rules;
    let rule = match (&args.rule, rules.as_slice()) {
        (Some(name), _) => project.file.rule(name)?,
        (None, [only]) => only,
        (None, all) => {
            let names: Vec<&str> = all.iter().map(|rule| rule.name.as_str()).collect();
            return Err(Error::new(Kind::Usage, "the rule file holds several rules")
                .help(format!("name one with --rule: {}", names.join(", "))));
        }
    };
    if rule.columns.is_empty() {
        return Err(Error::new(
            Kind::Configuration,
            format!("rule {} lists no columns, so the types of the file are unknown", rule.name),
        )
        .help(format!("add a section [rule.{}.columns] with a type for each column", rule.name)));
    }
    let table = args.into.as_ref().unwrap_or(&rule.table);
    let staged = rule.staging.iter().flat_map(|staging| &staging.tables);
    if *table != rule.table && !staged.clone().any(|known| known == table) {
        let message = format!("`{}` is no staging table of rule {}", table.dotted(), rule.name);
        let names: Vec<String> = staged.map(TableName::dotted).collect();
        return Err(Error::new(Kind::Usage, message)
            .help(did_you_mean(&table.dotted(), names.iter().map(String::as_str))));
    }
    // A staging table need not have the row id and the flag that the table has.
    let needed: Vec<String> = match *table == rule.table {
        true => rule.deciding.iter().map(|(_, column)| column.clone()).collect(),
        false => Vec::new(),
    };
    let columns = Columns { known: &rule.columns, needed: &needed };
    let mut files = Vec::new();
    for path in &args.files {
        files.push((path.display().to_string(), opened(path, columns)?));
    }
    let warehouse = engine.loader()?;
    let streaming = if args.streamed { Streaming::Streamed } else { Streaming::Settled };
    let mut counts = vec![0_u64; files.len()];
    let (names, files): (Vec<_>, Vec<_>) = files.into_iter().unzip();
    let counted = files.into_iter().zip(&mut counts);
    let mut rows = counted.flat_map(|(rows, count)| rows.inspect(|_| *count += 1));
    warehouse.load(table, &rule.columns, &mut rows, streaming)?;
    warehouse.index(table, &rule.partition.column)?;
    let buffered = if args.streamed { ", into the streaming buffer" } else { "" };
    for (name, count) in names.iter().zip(counts) {
        effects.say(&format!("{name}: {count} rows into {}{buffered}", table.dotted()));
    }
    Ok(Outcome::Done)
}

/// The rows of a file. They are read twice, so that no warehouse is created and no lock is held for a file that
/// cannot be loaded; from a pipe, which gives them only once, they are not.
fn opened<'a>(path: &Path, columns: Columns<'a>) -> Result<Rows<'a, BufReader<File>>> {
    let name = path.display().to_string();
    let failed = |cause| Error::io(format!("cannot read `{name}`"), cause);
    let mut file = File::open(path).map_err(failed)?;
    let format = FileFormat::of_path(path)?;
    if file.metadata().map_err(failed)?.is_file() {
        Rows::new(&name, BufReader::new(&file), format, columns)
            .try_for_each(|row| row.map(drop))?;
        file.rewind().map_err(failed)?;
    }
    Ok(Rows::new(&name, BufReader::new(file), format, columns))
}

//! `onerow load`

mod opened;

use std::path::{Path, PathBuf};

use clap_complete::engine::ArgValueCompleter;
use googlesql_sqlite::storage;

use self::opened::{FormatArg, Opened, STDIN, ask_about_known, opened};
use super::common::ProjectArgs;
use super::{Effects, Outcome, completions};
use crate::engine::{Files, Streaming};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Ident, Nested, SqlType, TableName};
use crate::load::{Columns, Ignored, Separator};
use crate::report;
use crate::rule::{Rule, RuleFile};

/// Load CSV, JSON or Parquet files into the embedded warehouse
#[derive(clap::Args)]
#[command(
    override_usage = "onerow load [OPTIONS] [RULE] <FILE>...",
    after_help = "\
The types are those of the rule's columns. An empty CSV field is NULL, a quoted one a STRING. Either all files are
loaded or nothing of them. What separates the fields of a CSV file is found in its header. Files may be compressed
with gzip. A file that was loaded into the table before is asked about.

Examples:
  onerow load predictions.csv
  onerow load predictions.csv --replace
  zcat export/*.gz | onerow load orders -
  onerow load orders monday.csv tuesday.csv
  onerow load batch.csv --into shop.staging_worker_1
  onerow load events.ndjson --ignore event_params --ignore \"User Properties\"
  onerow load backfill.ndjson --streamed --now 2026-01-30T08:37:08Z"
)]
pub(super) struct Args {
    /// The rule whose table the rows go to; may be left out where there is only one
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules_and_files))]
    first: Option<PathBuf>,
    /// The files: .csv, .tsv, .json, .jsonl or .ndjson, each also with .gz, or .parquet; - is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// What the files are, whatever their names end in
    #[arg(long, value_name = "FORMAT", value_enum)]
    file_format: Option<FormatArg>,
    /// What separates the fields of a CSV file: , ; | or tab [default: what the header has most of]
    #[arg(long, value_name = "SIGN", value_parser = Separator::parse)]
    separator: Option<Separator>,
    /// Remove the rows that the table has; nothing is removed if a file has a mistake
    #[arg(long)]
    replace: bool,
    /// Load a file again that was loaded before, without asking
    #[arg(long)]
    yes: bool,
    /// A staging table of the rule, instead of its table
    #[arg(long, value_name = "TABLE", value_parser = TableName::parse)]
    into: Option<TableName>,
    /// Put the rows into the imitated streaming buffer, as of now
    #[arg(long)]
    streamed: bool,
    /// A column of the files that is left out; repeatable. One that the rule reads cannot be
    #[arg(long, value_name = "COLUMN", value_parser = Ident::parse)]
    ignore: Vec<Ident>,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.engine(effects)?;
    let project = engine.project();
    let (rule, files) = rule_and_files(args, &project.file)?;
    if rule.columns.is_empty() {
        return Err(Error::new(
            Kind::RuleFile,
            format!("rule {} lists no columns, so the types of the file are unknown", rule.name),
        )
        .help(format!("add a section [rule.{}.columns] with a type for each column", rule.name)));
    }
    let table = args.into.as_ref().unwrap_or(&rule.table);
    let staged = rule.staging.iter().flat_map(|staging| &staging.tables);
    let is_own = rule.has_table(table);
    if rule.partition.is_sharded() && !is_own {
        let shards = rule.table.dotted();
        let message = match &args.into {
            None => format!("`{shards}` stands for tables that each hold one date"),
            Some(table) => {
                format!("`{}` is none of `{shards}`, whose names end in a date", table.dotted())
            }
        };
        let example = rule.table.shard("20260128").dotted();
        return Err(Error::new(Kind::Usage, message)
            .help(format!("say which date's table the rows are of: --into {example}")));
    }
    if !is_own && !staged.clone().any(|known| known == table) {
        let message = format!("`{}` is not a staging table of rule {}", table.dotted(), rule.name);
        let names: Vec<String> = staged.map(TableName::dotted).collect();
        return Err(Error::new(Kind::Usage, message)
            .help(did_you_mean(&table.dotted(), names.iter().map(String::as_str))));
    }
    // A staging table may lack the table's row id and flag.
    let needed: Vec<String> = match is_own {
        true => rule.deciding.iter().map(|(_, column)| column.clone()).collect(),
        false => Vec::new(),
    };
    let ignored = ignored(&args.ignore, rule)?;
    let known: Vec<(Ident, SqlType)> = rule
        .columns
        .iter()
        .filter(|(column, _)| {
            !args.ignore.iter().any(|ignored| ignored.same_column(column.as_str()))
        })
        .cloned()
        .collect();
    can_be_held(&known, &rule.nested)?;
    let columns =
        Columns { known: &known, nested: &rule.nested, needed: &needed, ignored: &ignored };
    let files = files.into_iter().map(|path| opened(path, args, columns));
    let files = files.collect::<Result<Vec<_>>>()?;
    let loader = engine.loader()?;
    ask_about_known(&files, table, &loader, args, effects)?;
    let hashed = files.iter().filter_map(|file| Some((file.name.clone(), file.sha256.clone()?)));
    let hashed: Vec<(String, String)> = hashed.collect();
    let streaming = if args.streamed { Streaming::Streamed } else { Streaming::Settled };
    let mut counts = vec![0_u64; files.len()];
    let (names, files): (Vec<_>, Vec<_>) =
        files.into_iter().map(|Opened { name, rows, .. }| (name, rows)).unzip();
    let counted = files.into_iter().zip(&mut counts);
    let mut rows = counted.flat_map(|(rows, count)| rows.inspect(|_| *count += 1));
    let how = Files { replace: args.replace, of: &hashed };
    loader.load_files(table, &known, &rule.nested, &mut rows, streaming, how)?;
    if let Some(column) = rule.partition.column() {
        loader.index(table, column)?;
    }
    let buffered = if args.streamed { ", into the streaming buffer" } else { "" };
    for (name, count) in names.iter().zip(counts) {
        let rows = report::count(count, "row");
        effects.say(&format!("{name}: {rows} into {}{buffered}", table.dotted()));
    }
    Ok(Outcome::Done)
}

/// The rule and the files of the command line, whose first word may be either. Errors: it is neither, or both; no
/// rule is named where there are several; no file is.
fn rule_and_files<'a>(args: &'a Args, file: &'a RuleFile) -> Result<(&'a Rule, Vec<&'a Path>)> {
    let usage = |message: String, help: String| Err(Error::new(Kind::Usage, message).help(help));
    let Some(first) = args.first.as_deref() else {
        return usage(
            "no file is named".to_owned(),
            "name the files to load: onerow load rows.csv".to_owned(),
        );
    };
    let shown = first.display();
    let others = args.files.iter().map(PathBuf::as_path);
    let names = || file.rules.iter().map(|rule| rule.name.as_str());
    if let Some(rule) = first.to_str().and_then(|name| file.rule(name).ok()) {
        return match (first.is_file(), args.files.is_empty()) {
            (true, _) => usage(
                format!("`{shown}` is a rule, and a file of this folder"),
                format!("write `./{shown}` for the file; for the rule, rename the file"),
            ),
            (false, true) => usage(
                format!("`{shown}` is a rule, and no file is named"),
                format!("name the files after it: onerow load {shown} rows.csv"),
            ),
            (false, false) => Ok((rule, others.collect())),
        };
    }
    let is_name = first.extension().is_none() && first.components().count() == 1;
    if is_name && first != Path::new(STDIN) && !first.exists() {
        let name = first.to_str().unwrap_or_default();
        return Err(Error::new(
            Kind::UnknownName,
            format!("there is no rule `{}`, and no file of this name", name.escape_debug()),
        )
        .help(did_you_mean(name, names())));
    }
    match file.rules.as_slice() {
        [only] => Ok((only, std::iter::once(first).chain(others).collect())),
        _ => Err(file.several_rules(|names| format!("name one of {names} before the files"))),
    }
}

/// The columns to leave out. Errors: the rule works with one of them.
fn ignored(names: &[Ident], rule: &Rule) -> Result<Vec<Ignored>> {
    let deciding = rule.deciding.iter().map(|(role, column)| (column.as_str(), *role));
    let in_use: Vec<(&str, &str)> = deciding.chain(rule.columns_in_use()).collect();
    let role = |name: &Ident| in_use.iter().find(|(used, _)| name.same_column(used));
    if let Some((name, (_, role))) = names.iter().find_map(|name| Some((name, role(name)?))) {
        let message =
            format!("{name} cannot be ignored: it is read by `{role}` of rule {}", rule.name);
        return Err(Error::new(Kind::Usage, message)
            .help("leave out `--ignore` for it: without it the rows cannot be compared"));
    }
    let is_listed =
        |name: &Ident| rule.columns.iter().any(|(known, _)| known.same_column(name.as_str()));
    let of_name = |name: &Ident| Ignored { name: name.clone(), must_be_there: !is_listed(name) };
    Ok(names.iter().map(of_name).collect())
}

/// Errors: the embedded warehouse cannot store one of the columns.
fn can_be_held(columns: &[(Ident, SqlType)], nested: &[(Ident, Nested)]) -> Result<()> {
    let whole =
        |column: &Ident| nested.iter().find(|(known, _)| known.same_column(column.as_str()));
    let mut without = columns.iter().filter_map(|(column, sql_type)| {
        let of = match (storage::is_opaque(*sql_type), whole(column)) {
            _ if *sql_type == SqlType::Json => return None,
            (true, None) => format!("{sql_type} of what the rule does not say"),
            (true, Some((_, of))) => {
                of.unknown().map(|inner| format!("{of} with {inner} in it"))?
            }
            (false, _) => storage::class(*sql_type).is_err().then(|| sql_type.to_string())?,
        };
        Some((column, of))
    });
    match without.next() {
        None => Ok(()),
        Some((column, of)) => {
            let message =
                format!("the embedded warehouse cannot hold {column}, which is of type {of}");
            let option = column.as_str();
            let option = if option.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
                format!("\"{option}\"")
            } else {
                option.to_owned()
            };
            Err(Error::new(Kind::Usage, message).help(format!(
                "leave it out with `--ignore {option}`; a rule that reads it runs on BigQuery"
            )))
        }
    }
}

//! A rule for a table or file that is there already.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::skeleton;
use crate::cli::Effects;
use crate::clock::Clock;
use crate::engine::{Engine, Settings, Streaming};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::googlesql::{Ident, SqlType, TableName};
use crate::load::{Columns, FileFormat, columns_of, rows};
use crate::project::{Project, RULE_FILE};
use crate::propose::{Proposal, Wishes, quoted as toml_text, rule_name};
use crate::report;
use crate::rule::{RuleFile, Warehouse, WarehouseName, WarehouseType};
use crate::template::Template;

/// What a person has already decided of the rule.
#[derive(clap::Args, Default)]
pub(in crate::cli) struct WishArgs {
    /// The key: columns or expressions, with commas between, or repeatable [default: what names and counts suggest]
    #[arg(long, value_name = "COLUMNS")]
    key: Vec<String>,
    /// The order of survival, such as 'updated_at DESC'; the first row stays; repeatable
    #[arg(long, value_name = "ORDER")]
    keep: Vec<String>,
    /// The column that says which date a row is of; none: a key has one row in the whole table
    #[arg(long, value_name = "COLUMN")]
    partition: Option<String>,
    /// Which rows count: a BOOL column or a condition, such as 'deleted_at IS NULL'
    #[arg(long, value_name = "CONDITION")]
    active: Option<String>,
    /// The column that names a row
    #[arg(long, value_name = "COLUMN")]
    row_id: Option<String>,
}

impl WishArgs {
    pub fn wishes(&self) -> Wishes {
        Wishes {
            key: self.key.iter().flat_map(|entries| entries_of(entries)).collect(),
            keep: self.keep.clone(),
            partition: self.partition.clone(),
            active: self.active.clone(),
            row_id: self.row_id.clone(),
        }
    }

    /// The options as they were given, to be repeated in a command.
    pub fn options(&self) -> String {
        let Self { key, keep, partition, active, row_id } = self;
        let each = |name: &'static str, values: &[String]| {
            let values = values.iter().map(|value| format!(" --{name} {}", quoted(value)));
            values.collect::<String>()
        };
        let one = |name, value: &Option<String>| each(name, value.as_slice());
        [
            each("key", key),
            each("keep", keep),
            one("partition", partition),
            one("active", active),
            one("row-id", row_id),
        ]
        .concat()
    }

    /// Whether nothing was decided.
    pub fn is_empty(&self) -> bool {
        let Self { key, keep, partition, active, row_id } = self;
        let options = [partition, active, row_id];
        key.is_empty() && keep.is_empty() && options.iter().all(|option| option.is_none())
    }
}

/// A word of a command line, in quotes if it needs them.
pub(in crate::cli) fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}

/// The entries between commas that are in no brackets and no quotes.
fn entries_of(text: &str) -> Vec<String> {
    let (mut entries, mut depth, mut quote) = (vec![String::new()], 0_usize, None);
    for c in text.chars() {
        match (c, quote) {
            (',', None) if depth == 0 => {
                entries.push(String::new());
                continue;
            }
            ('(' | '[', None) => depth += 1,
            (')' | ']', None) => depth = depth.saturating_sub(1),
            ('\'' | '"' | '`', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            _ => {}
        }
        if let Some(last) = entries.last_mut() {
            last.push(c);
        }
    }
    entries.into_iter().map(|entry| entry.trim().to_owned()).collect()
}

/// The rows of a file, on a warehouse in memory, with a rule about them.
pub(in crate::cli) struct FromFile {
    pub engine: Engine,
    pub proposal: Proposal,
    pub rows: u64,
}

/// Reads a file, and proposes a rule about it.
pub(in crate::cli) fn from_file(
    path: &Path,
    table: Option<&TableName>,
    wishes: &Wishes,
    clock: Clock,
) -> Result<FromFile> {
    let name = path.display().to_string();
    let format = FileFormat::of_path(path)?;
    let open = || {
        let opened = File::open(path).and_then(regular);
        opened.map_err(|cause| Error::io(format!("cannot read `{name}`"), cause))
    };
    let columns: Vec<(Ident, SqlType)> = columns_of(&name, open()?, format)?;
    let table = match table {
        Some(table) => table.clone(),
        None => named_after(path)?,
    };
    let engine = Engine::in_memory(project("", Path::new("."))?, Vec::new(), clock)?;
    let known = Columns { known: &columns, nested: &[], needed: &[], ignored: &[] };
    let mut given = rows(&name, open()?, format, known)?;
    let loader = engine.loader()?;
    let count = loader.load(&table, &columns, &[], &mut given, Streaming::Settled)?;
    let proposal = engine.propose(&table, wishes, &|_| {})?;
    let engine = engine.with_rules(RuleFile::parse("the proposed rule", &proposal.text())?);
    Ok(FromFile { engine, proposal, rows: count })
}

/// Errors: it is a folder or a pipe, which cannot be read twice.
fn regular(file: File) -> io::Result<File> {
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
    }
}

/// `local.orders` for `data/orders.csv.gz`.
fn named_after(path: &Path) -> Result<TableName> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').next().unwrap_or_default();
    let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut table: String = stem.chars().map(|c| if is_letter(c) { c } else { '_' }).collect();
    if table.chars().all(|c| c == '_') {
        "rows".clone_into(&mut table);
    }
    Ok(TableName::parse(&format!("local.{table}"))?)
}

/// A project of this rule file, which may have no rules, without templates of its own.
fn project(rules: &str, folder: &Path) -> Result<Project> {
    let path = folder.join(RULE_FILE).display().to_string();
    Project::started(folder, &Template { path, text: rules.to_owned() })
}

/// A table or file, and the folder where its rule goes.
pub(super) struct Ask<'a> {
    pub table: Option<&'a TableName>,
    pub file: Option<&'a Path>,
    pub folder: &'a Path,
    pub warehouse: Option<&'a str>,
    pub wishes: Wishes,
}

/// Proposes a rule and writes it into the rule file of the folder: a new one, or behind the rules that are there.
pub(super) fn run(ask: &Ask<'_>, effects: &Effects) -> Result<()> {
    let there = match ask.folder.join(RULE_FILE).is_file() {
        true => {
            let text = Folder::open(ask.folder)?.text(Path::new(RULE_FILE))?;
            Some(project(&text, ask.folder)?)
        }
        false => None,
    };
    let tell = |text: &str| effects.say(text);
    if let (Some(project), Some(table)) = (&there, ask.table) {
        // Before anything is billed.
        is_free(project, rule_name(table)?.as_str(), ask.folder)?;
    }
    let (proposal, head) = match (ask.file, ask.table) {
        (Some(path), table) => {
            let found = from_file(path, table, &ask.wishes, effects.clock)?;
            effects.say(&format!(
                "{}: {} looked at",
                path.display(),
                report::count(found.rows, "row")
            ));
            (found.proposal, embedded(ask.warehouse)?)
        }
        (None, Some(table)) => {
            let (project, head) = match &there {
                Some(project) => (project.clone(), String::new()),
                None => {
                    // Queries run where the table is, which its metadata says.
                    let (project, _) = bigquery(table, ask.warehouse, None)?;
                    let location = engine(project, ask, effects).location(table)?;
                    bigquery(table, ask.warehouse, location.as_deref())?
                }
            };
            (engine(project, ask, effects).propose(table, &ask.wishes, &tell)?, head)
        }
        (None, None) => return Err(Error::new(Kind::Usage, "neither a table nor a file is named")),
    };
    write(ask, there.as_ref(), &proposal, &head, effects)?;
    next(ask, there.as_ref(), &proposal, effects);
    Ok(())
}

fn engine(project: Project, ask: &Ask<'_>, effects: &Effects) -> Engine {
    let warehouse = ask.warehouse.map(str::to_owned);
    let (vars, interrupt) = (Vec::new(), effects.interrupt.clone());
    let settings = Settings { warehouse, vars, clock: effects.clock, interrupt };
    let engine = Engine::open(project, settings);
    if engine.is_remote() {
        effects.install_signal_handlers();
    }
    engine
}

/// The head of a new rule file about a file's rows.
fn embedded(name: Option<&str>) -> Result<String> {
    let name = WarehouseName::parse(name.unwrap_or("local"))?;
    Ok(format!("[warehouse.{name}]\ntype = \"sqlite\"\npath = \".onerow/local.db\"\n\n"))
}

/// A project that does not exist yet, with a warehouse that the table's name and location say.
fn bigquery(
    table: &TableName,
    warehouse: Option<&str>,
    location: Option<&str>,
) -> Result<(Project, String)> {
    let name = table.dotted();
    let [project_id, _, _] = name.splitn(3, '.').collect::<Vec<_>>()[..] else {
        return Err(Error::new(
            Kind::NoProject,
            format!("there is no {RULE_FILE} yet, so it is unknown which project holds `{name}`"),
        )
        .help("name the table with its project, project.dataset.table, or run this in a folder with a rule file"));
    };
    let ledger = format!("{}.onerow_ledger", name.split('.').nth(1).unwrap_or_default());
    let location = location
        .map_or_else(String::new, |location| format!("location = {}\n", toml_text(location)));
    let head = format!(
        "[warehouse.{}]\ntype = \"bigquery\"\nproject = {}\n{location}# The ledger's table; its dataset has to exist.\nledger = {}\n\n",
        WarehouseName::parse(warehouse.unwrap_or("prod"))?,
        toml_text(project_id),
        toml_text(&ledger),
    );
    Ok((project(&head, Path::new("."))?, head))
}

fn write(
    ask: &Ask<'_>,
    there: Option<&Project>,
    proposal: &Proposal,
    head: &str,
    effects: &Effects,
) -> Result<()> {
    let rule_file = Path::new(RULE_FILE);
    let path = ask.folder.join(rule_file);
    let section = format!("{}\n{}", MARKS, proposal.text());
    match there {
        None => {
            let text = skeleton::with_schema(&format!("{TITLE}{head}{section}"));
            // What is written can be read.
            project(&text, ask.folder)?;
            let folder = Folder::create(ask.folder)?;
            folder.write_first(rule_file, &text)?;
            skeleton::beside(&folder, effects)?;
            effects.say(&format!("wrote {} with a rule `{}`", path.display(), proposal.name));
        }
        Some(project) => {
            is_free(project, proposal.name.as_str(), ask.folder)?;
            let folder = Folder::open(ask.folder)?;
            let text = folder.text(rule_file)?;
            let text = format!("{}\n\n{section}", text.trim_end());
            self::project(&text, ask.folder)?;
            folder.write(rule_file, &text)?;
            effects.say(&format!("added a rule `{}` to {}", proposal.name, path.display()));
        }
    }
    Ok(())
}

/// Errors: the project has a rule of this name.
fn is_free(project: &Project, name: &str, folder: &Path) -> Result<()> {
    if project.file.rule(name).is_err() {
        return Ok(());
    }
    let message = format!("{} has a rule `{name}` already", folder.join(RULE_FILE).display());
    Err(Error::new(Kind::Usage, message)
        .help("rename that rule first, or write into another folder: onerow init DIR"))
}

const TITLE: &str = "# onerow: for every key, on every date, exactly one active row.\n\n";
const MARKS: &str = "# A proposal. Above each setting stands why it has its value; `guess` marks what only you can tell to be right.";

/// What to do next.
fn next(ask: &Ask<'_>, there: Option<&Project>, proposal: &Proposal, effects: &Effects) {
    let guesses: Vec<&str> = proposal.guesses().map(|setting| setting.name).collect();
    if !guesses.is_empty() {
        effects.say(&format!("look at: {}; the comments say why they are so", guesses.join(", ")));
    }
    proposal.notes.iter().for_each(|note| effects.say(&format!("note: {note}")));
    let Some(warehouse) = warehouse_option(ask, there) else {
        effects.say(
            "note: this project has no embedded warehouse, which `onerow load` needs: add [warehouse.local] with \
             type = \"sqlite\", and use --warehouse local",
        );
        return;
    };
    effects.say("next:");
    if ask.folder != Path::new(".") {
        effects.say(&format!("  cd {}", quoted(&ask.folder.display().to_string())));
    }
    let name = proposal.name.as_str();
    let of_rule = match there.is_some_and(|project| !project.file.rules.is_empty()) {
        true => format!(" {name}"),
        false => String::new(),
    };
    let mut commands = vec![format!("onerow check{of_rule} --date YESTERDAY")];
    if let Some(file) = ask.file {
        let file = from_folder(file, ask.folder);
        let file = quoted(&file.display().to_string());
        commands = vec![format!("onerow load{of_rule} {file}{warehouse}")];
    }
    if ask.file.is_none() && there.is_none() {
        commands.push("onerow doctor".to_owned());
    }
    let dates = match (ask.file.is_some(), proposal.value("partition").as_deref()) {
        (_, Some("\"none\"")) => "",
        (true, _) => " --changed",
        (false, _) => " --last 7",
    };
    commands.push(format!("onerow status{of_rule}{dates}{warehouse}"));
    commands.push(format!("onerow plan{of_rule}{dates}{warehouse}"));
    for command in commands {
        effects.say(&format!("  {command}"));
    }
}

/// The option that names the warehouse of the next commands, where the default is another one; `None` if they need an
/// embedded warehouse, and the project has none.
fn warehouse_option(ask: &Ask<'_>, there: Option<&Project>) -> Option<String> {
    let Some(Project { file, .. }) = there else { return Some(String::new()) };
    let wanted = match ask.file {
        None => ask.warehouse,
        Some(_) => {
            let is_embedded = |of: &&Warehouse| matches!(of.kind, WarehouseType::Sqlite { .. });
            Some(file.warehouses.iter().find(is_embedded)?.name.as_str())
        }
    };
    let default = file.warehouse(None).ok().map(|warehouse| warehouse.name.as_str());
    Some(match wanted.filter(|wanted| default != Some(*wanted)) {
        Some(wanted) => format!(" --warehouse {wanted}"),
        None => String::new(),
    })
}

/// The path of a file as it is called from a folder: the other way round where the folder is below here.
fn from_folder(file: &Path, folder: &Path) -> PathBuf {
    if file.is_absolute() || folder == Path::new(".") {
        return file.to_owned();
    }
    let is_below = !folder.is_absolute()
        && folder.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    match is_below {
        true => folder.components().map(|_| "..").collect::<PathBuf>().join(file),
        false => std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_project_has_the_location_of_the_table() {
        let table = TableName::parse("my-project.shop.orders").unwrap();
        let (project, head) = bigquery(&table, None, Some("us-west2")).unwrap();
        let warehouse = project.file.warehouse(None).unwrap();
        let WarehouseType::BigQuery(settings) = &warehouse.kind else { panic!("{head}") };
        assert_eq!(settings.location.as_deref(), Some("us-west2"), "{head}");
        assert_eq!(settings.project, "my-project");
        assert_eq!(settings.ledger.dotted(), "shop.onerow_ledger");
        assert!(bigquery(&TableName::parse("shop.orders").unwrap(), None, None).is_err());
    }

    #[test]
    fn a_key_is_split_at_commas_that_are_in_no_brackets_and_no_quotes() {
        assert_eq!(entries_of("a, b"), ["a", "b"]);
        assert_eq!(entries_of("COALESCE(a, b), 'x,y'"), ["COALESCE(a, b)", "'x,y'"]);
    }

    #[test]
    fn a_file_is_called_from_the_folder_of_the_project() {
        let path = |file: &str, folder: &str| from_folder(Path::new(file), Path::new(folder));
        assert_eq!(path("a.csv", "."), Path::new("a.csv"));
        assert_eq!(path("a.csv", "x/y"), Path::new("../../a.csv"));
        assert_eq!(path("/d/a.csv", "x"), Path::new("/d/a.csv"));
        assert!(path("a.csv", "../x").is_absolute());
    }
}

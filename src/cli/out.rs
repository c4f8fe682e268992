//! `render --out`: a folder of rendered SQL that is kept in a repository.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use similar::TextDiff;

use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::rule::RuleName;
use crate::statement::{Fingerprint, Statement, StepName};
use crate::window::Day;

/// The files in the folder that onerow wrote: a fingerprint and a path per line, in the format of `sha256sum
/// --check`.
const LIST: &str = ".onerow-rendered";
const LIST_HEADER: &str =
    "# Files that `onerow render --out` wrote; it removes what it no longer renders.";
const BETWEEN: &str = "  ";

/// Rendered SQL by its path in the folder: `<rule>/<step>_<dates>.sql`; the guard of a custom step is
/// `<rule>/<custom>.<step>_<dates>.sql`.
pub(super) type Files = BTreeMap<String, String>;

/// The part of a folder that a command renders; it removes no other files.
pub(super) struct Scope {
    /// `None`: all rules, including those removed from the rule file.
    pub rules: Option<Vec<RuleName>>,
    /// `None`: all steps.
    pub step: Option<StepName>,
}

impl Scope {
    fn holds(&self, path: &str) -> bool {
        let Some((rule, file)) = path.split_once('/') else { return false };
        let rules = self.rules.as_ref();
        rules.is_none_or(|rules| rules.iter().any(|known| known.as_str() == rule))
            && self.step.as_ref().is_none_or(|step| is_of(step, file))
    }
}

/// Whether the file belongs to this step, and not to one whose name has it as a prefix.
fn is_of(step: &StepName, file: &str) -> bool {
    let Some(rest) = file.strip_prefix(step.as_str()) else { return false };
    let date = rest.strip_prefix('_').and_then(|dates| dates.get(..10));
    rest.starts_with('.') || date.is_some_and(|date| Day::parse(date).is_ok())
}

/// The files of one rule's statements.
pub(super) fn files(rule: &RuleName, statements: &[Statement]) -> Files {
    let name = |s: &Statement| match &s.guards {
        // Step names have no dots.
        Some(custom) => format!("{rule}/{custom}.{}_{}.sql", s.step, dates(s)),
        None => format!("{rule}/{}_{}.sql", s.step, dates(s)),
    };
    statements.iter().map(|statement| (name(statement), statement.sql.clone())).collect()
}

fn dates(statement: &Statement) -> String {
    let window = &statement.window;
    match (window.days().len(), window.runs().len()) {
        (1, _) => window.first().to_string(),
        (_, 1) => format!("{}_to_{}", window.first(), window.last()),
        (count, _) => format!("{}_to_{}_{count}_dates", window.first(), window.last()),
    }
}

/// The result of removing files that are no longer rendered.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// The number of removed files.
    pub removed: usize,
    /// Files changed since onerow wrote them, which are kept.
    pub kept: Vec<String>,
}

/// Writes the files, each atomically, and removes files that are no longer rendered.
pub(super) fn write(folder: &Path, files: &Files, scope: &Scope) -> Result<Swept> {
    let folder = Folder::create(folder)?;
    let mut list = list(&folder)?;
    let stale = stale(&folder, &list, files, scope)?;
    for (path, sql) in files {
        folder.write(Path::new(path), sql)?;
    }
    for path in stale.written.keys() {
        folder.remove(Path::new(path))?;
    }
    let swept = Swept { removed: stale.written.len(), kept: stale.others };
    list.retain(|path, _| !stale.written.contains_key(path) && !swept.kept.contains(path));
    list.extend(files.iter().map(|(path, sql)| (path.clone(), Fingerprint::of(sql).to_string())));
    let lines = list.iter().map(|(path, fingerprint)| match fingerprint.as_str() {
        "" => path.clone(),
        fingerprint => format!("{fingerprint}{BETWEEN}{path}"),
    });
    let lines = std::iter::once(LIST_HEADER.to_owned()).chain(lines);
    folder.write(Path::new(LIST), &(lines.collect::<Vec<_>>().join("\n") + "\n"))?;
    Ok(swept)
}

/// The changes that [`write`] would make, as a diff; empty when the folder is up to date. Read-only.
pub(super) fn differences(folder: &Path, files: &Files, scope: &Scope) -> Result<(Files, Swept)> {
    let mut differences = Files::new();
    // A missing folder has no files.
    let opened = if folder.is_dir() { Some(Folder::open(folder)?) } else { None };
    for (path, sql) in files {
        let file = Path::new(path);
        let found = match &opened {
            Some(folder) if folder.is_file(file)? => folder.text(file)?,
            _ => String::new(),
        };
        if found != *sql {
            differences.insert(path.clone(), diff(path, &found, sql));
        }
    }
    let Some(folder) = opened else { return Ok((differences, Swept::default())) };
    let stale = stale(&folder, &list(&folder)?, files, scope)?;
    let swept = Swept { removed: stale.written.len(), kept: stale.others };
    for (path, text) in stale.written {
        let text = diff(&path, &text, "");
        differences.insert(path, text);
    }
    Ok((differences, swept))
}

pub(super) fn diff(path: &str, old: &str, new: &str) -> String {
    let name = |there: &str, prefix: &str| match there.is_empty() {
        true => "/dev/null".to_owned(),
        false => format!("{prefix}/{path}"),
    };
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&name(old, "a"), &name(new, "b"))
        .to_string()
}

/// Existing files that are no longer rendered.
struct Stale {
    /// Unchanged since onerow wrote them, with their texts.
    written: Files,
    /// Written or changed by others.
    others: Vec<String>,
}

fn stale(folder: &Folder, list: &List, files: &Files, scope: &Scope) -> Result<Stale> {
    let mut stale = Stale { written: Files::new(), others: Vec::new() };
    let gone = list.iter().filter(|(path, _)| !files.contains_key(*path) && scope.holds(path));
    for (path, fingerprint) in gone {
        if !folder.is_file(Path::new(path))? {
            continue;
        }
        match folder.text(Path::new(path)) {
            Ok(text) if Fingerprint::of(&text).as_str() == fingerprint => {
                stale.written.insert(path.clone(), text);
            }
            Err(error) if error.kind() != Kind::DataFile => return Err(error),
            // onerow writes only UTF-8.
            Ok(_) | Err(_) => stale.others.push(path.clone()),
        }
    }
    Ok(stale)
}

/// Files that onerow once wrote, each with its fingerprint, which is empty where the list comes from a version
/// that kept none.
type List = BTreeMap<String, String>;

/// Errors: the list names a file that is not onerow's.
fn list(folder: &Folder) -> Result<List> {
    let list = Path::new(LIST);
    if !folder.is_file(list)? {
        return Ok(List::new());
    }
    let text = folder.text(list)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (fingerprint, path) = line.split_once(BETWEEN).unwrap_or(("", line));
            match is_ours(path) {
                true => Ok((path.to_owned(), fingerprint.to_owned())),
                false => Err(Error::new(
                    Kind::DataFile,
                    format!(
                        "`{}` names `{}`, which onerow cannot have written",
                        folder.path_of(list).display(),
                        line.escape_debug()
                    ),
                )
                .help("remove the line; nothing was changed")),
            }
        })
        .collect()
}

/// `<rule>/<file>.sql`, without parent folders.
fn is_ours(path: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    plain && parts.len() == 2 && path.ends_with(".sql") && !path.contains('\\')
}

//! `render --out`: a folder of rendered SQL that is kept in a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use similar::TextDiff;

use crate::error::{Error, Kind, Result, read_utf8};
use crate::rule::RuleName;
use crate::statement::{Statement, StepName};
use crate::window::Day;

/// What the folder holds because onerow wrote it: one path a line.
const LIST: &str = ".onerow-rendered";
const LIST_HEADER: &str =
    "# Files that `onerow render --out` wrote; it removes what it no longer renders.";

/// Rendered SQL by its path in the folder: `<rule>/<step>_<dates>.sql`; what guards a custom step is
/// `<rule>/<custom>.<step>_<dates>.sql`.
pub(super) type Files = BTreeMap<String, String>;

/// What a command renders of a folder; only files of these are its own to remove.
pub(super) struct Scope {
    /// `None`: all rules, those too that are no longer in the rule file.
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

/// Whether the file is of this step, and not of another whose name begins with the same.
fn is_of(step: &StepName, file: &str) -> bool {
    let Some(rest) = file.strip_prefix(step.as_str()) else { return false };
    let date = rest.strip_prefix('_').and_then(|dates| dates.get(..10));
    rest.starts_with('.') || date.is_some_and(|date| Day::parse(date).is_ok())
}

/// The files of one rule's statements.
pub(super) fn files(rule: &RuleName, statements: &[Statement]) -> Files {
    let name = |s: &Statement| match &s.guards {
        // No step has a dot in its name.
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

/// Writes the files, each whole or not at all, and removes what was once written and is no longer
/// rendered. Returns how many were removed.
pub(super) fn write(folder: &Path, files: &Files, scope: &Scope) -> Result<usize> {
    let written = list(folder)?;
    for (path, sql) in files {
        write_file(&folder.join(path), sql)?;
    }
    let stale = stale(&written, files, scope);
    for path in &stale {
        remove(folder, path)?;
    }
    let left = written.into_iter().filter(|path| !stale.contains(path));
    let all: BTreeSet<String> = left.chain(files.keys().cloned()).collect();
    let lines = std::iter::once(LIST_HEADER.to_owned()).chain(all);
    write_file(&folder.join(LIST), &(lines.collect::<Vec<_>>().join("\n") + "\n"))?;
    Ok(stale.len())
}

/// What [`write`] would change, as a diff; empty when the folder is up to date. Changes nothing.
pub(super) fn differences(folder: &Path, files: &Files, scope: &Scope) -> Result<Files> {
    let mut differences = Files::new();
    for (path, sql) in files {
        let file = folder.join(path);
        let found = if file.is_file() { read_utf8(&file)? } else { String::new() };
        if found != *sql {
            differences.insert(path.clone(), diff(path, &found, sql));
        }
    }
    for path in stale(&list(folder)?, files, scope) {
        let file = folder.join(&path);
        if file.is_file() {
            let text = diff(&path, &read_utf8(&file)?, "");
            differences.insert(path, text);
        }
    }
    Ok(differences)
}

fn diff(path: &str, old: &str, new: &str) -> String {
    let name = |there: &str, prefix: &str| match there.is_empty() {
        true => "/dev/null".to_owned(),
        false => format!("{prefix}/{path}"),
    };
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(&name(old, "a"), &name(new, "b"))
        .to_string()
}

fn stale(written: &BTreeSet<String>, files: &Files, scope: &Scope) -> BTreeSet<String> {
    let stale = written.iter().filter(|path| !files.contains_key(*path) && scope.holds(path));
    stale.cloned().collect()
}

/// The files that onerow once wrote. Errors: the list names a file that is none of onerow's.
fn list(folder: &Path) -> Result<BTreeSet<String>> {
    let path = folder.join(LIST);
    if !path.is_file() {
        return Ok(BTreeSet::new());
    }
    let text = read_utf8(&path)?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| match is_ours(line) {
            true => Ok(line.to_owned()),
            false => Err(Error::new(
                Kind::Input,
                format!(
                    "`{}` names `{}`, which onerow cannot have written",
                    path.display(),
                    line.escape_debug()
                ),
            )
            .help("remove the line; nothing was changed")),
        })
        .collect()
}

/// `<rule>/<file>.sql` and nothing that leads elsewhere.
fn is_ours(path: &str) -> bool {
    let parts: Vec<Component<'_>> = Path::new(path).components().collect();
    let plain = parts.iter().all(|part| matches!(part, Component::Normal(_)));
    plain && parts.len() == 2 && path.ends_with(".sql") && !path.contains('\\')
}

pub(super) fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|cause| unwritten(path, cause))?;
    }
    write_whole(path, text)
}

/// Writes a file into a folder that is there, whole or not at all: it is written beside, and leaves
/// nothing behind when that fails.
pub(super) fn write_whole(path: &Path, text: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let written = std::fs::write(&beside, text).and_then(|()| std::fs::rename(&beside, path));
    written.map_err(|cause| {
        // What could not be written may not even be there.
        let _ = std::fs::remove_file(&beside);
        unwritten(path, cause)
    })
}

fn unwritten(path: &Path, cause: std::io::Error) -> Error {
    Error::io(format!("cannot write `{}`", path.display()), cause)
}

/// Removes a file, and its folder if that is empty then.
fn remove(folder: &Path, path: &str) -> Result<()> {
    let file = folder.join(path);
    match std::fs::remove_file(&file) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::io(format!("cannot remove `{}`", file.display()), cause));
        }
        _ => {}
    }
    if let Some(folder) = file.parent() {
        // A folder that still holds files stays.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}

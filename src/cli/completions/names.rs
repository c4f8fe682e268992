//! The names of a project, for a shell that asks.

use std::ffi::OsStr;
use std::path::Path;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

use crate::cli::global::value_of;
use crate::project::Project;

/// The project that the line is about, where there is one.
fn project() -> Option<Project> {
    let words: Vec<_> = std::env::args_os().collect();
    let named = value_of(&words, "--project-dir", "ONEROW_PROJECT_DIR");
    Project::open(&Project::folder(named.as_deref().map(Path::new))).ok()
}

fn beginning<'a>(
    typed: &OsStr,
    names: impl Iterator<Item = (&'a str, String)>,
) -> Vec<CompletionCandidate> {
    let typed = typed.to_str().unwrap_or_default();
    let fitting = names.filter(|(name, _)| name.starts_with(typed));
    fitting.map(|(name, about)| CompletionCandidate::new(name).help(Some(about.into()))).collect()
}

/// The rules whose names begin so, each with its table.
pub fn rules(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(project) = project() else { return Vec::new() };
    let rules = project.file.rules.iter();
    beginning(typed, rules.map(|rule| (rule.name.as_str(), rule.table.dotted())))
}

/// The same, and files.
pub fn rules_and_files(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut all = rules(typed);
    all.extend(PathCompleter::file().complete(typed));
    all
}

/// The warehouses whose names begin so.
pub fn warehouses(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(project) = project() else { return Vec::new() };
    let warehouses = project.file.warehouses.iter();
    beginning(typed, warehouses.map(|it| (it.name.as_str(), "warehouse".to_owned())))
}

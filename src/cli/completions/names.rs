//! The names of a project and of presets, for a shell that asks.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

use clap_complete::engine::{CompletionCandidate, PathCompleter, ValueCompleter};

use crate::cli::global::value_of;
use crate::cli::init;
use crate::project::Project;
use crate::statement::StepName;
use crate::step::{Runs, Step};

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

/// The presets whose names begin so, each with what it is about.
pub fn presets(typed: &OsStr) -> Vec<CompletionCandidate> {
    beginning(typed, init::presets().map(|(name, about)| (name, about.to_owned())))
}

/// The steps of the project's rules whose names begin so.
pub fn steps(typed: &OsStr) -> Vec<CompletionCandidate> {
    steps_that(typed, |_| true)
}

/// Those of them that `onerow run` takes.
pub fn steps_to_run(typed: &OsStr) -> Vec<CompletionCandidate> {
    steps_that(typed, |step| matches!(step.row().runs, Runs::Apply | Runs::Alone))
}

fn steps_that(typed: &OsStr, fits: impl Fn(&StepName) -> bool) -> Vec<CompletionCandidate> {
    let Some(project) = project() else { return Vec::new() };
    let of_rules = project.file.rules.iter().flat_map(|rule| project.templates.steps(rule));
    let about = |step: &StepName| match step.step() {
        Step::Custom => "custom step",
        _ => "built-in step",
    };
    let steps: BTreeMap<String, &str> = of_rules
        .filter(|step| fits(step))
        .map(|step| (step.as_str().to_owned(), about(&step)))
        .collect();
    beginning(typed, steps.iter().map(|(name, about)| (name.as_str(), (*about).to_owned())))
}

//! Templates: the shipped ones, the project's own, and rendering them for a rule and a window.

mod custom;
mod environment;
mod failure;
mod limits;
mod literal;
mod origin;
mod possible;
mod qualify;
mod render;
mod values;
mod whole;

#[cfg(test)]
mod bounded;

use std::collections::BTreeMap;

use crate::rule::{Rule, RuleName};
use crate::statement::StepName;
use crate::step::{Needs, SHIPPED};

pub use render::Renderer;

/// The files of macros that the shipped steps import, and the query that is no step.
const MACROS: [(&str, &str); 6] = [
    ("_custom.sql", include_str!("../../sql/_custom.sql")),
    ("_merged.sql", include_str!("../../sql/_merged.sql")),
    ("_removals.sql", include_str!("../../sql/_removals.sql")),
    ("_staging.sql", include_str!("../../sql/_staging.sql")),
    ("_superseded.sql", include_str!("../../sql/_superseded.sql")),
    ("_survivors.sql", include_str!("../../sql/_survivors.sql")),
];

/// The shipped templates, by file name.
fn shipped() -> impl Iterator<Item = (String, &'static str)> {
    let macros = MACROS.iter().map(|(name, text)| ((*name).to_owned(), *text));
    macros.chain(SHIPPED.iter().map(|row| (format!("{}.sql", row.name), row.template)))
}

/// The suffix of a built-in template's path.
const BUILT_IN: &str = " (built in)";

/// A template, and its name in messages.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its path in the project, or a note that it is built in.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All templates of a project: the shipped ones, with overrides and additions.
#[derive(Debug, Clone)]
pub struct Templates {
    general: BTreeMap<String, Template>,
    of_rules: BTreeMap<RuleName, BTreeMap<String, Template>>,
}

/// The steps of these files, except those rendered together with the UPDATE that they guard.
fn steps<'f>(files: impl Iterator<Item = &'f str>) -> Vec<StepName> {
    let names = files.filter_map(|file| StepName::parse(file.strip_suffix(".sql")?).ok());
    names.filter(|step| step.row().needs != Needs::CustomUpdate).collect()
}

impl Templates {
    /// The templates built into onerow.
    pub fn shipped() -> Self {
        let template = |(name, text): (String, &str)| {
            let path = format!("sql/{name}{BUILT_IN}");
            (name, Template { path, text: text.to_owned() })
        };
        let general = shipped().map(template).collect();
        Self { general, of_rules: BTreeMap::new() }
    }

    /// Adds the project's `sql/<file>`, for all rules or, as `sql/<rule>/<file>`, for one.
    #[must_use]
    pub fn with(mut self, rule: Option<RuleName>, file: &str, template: Template) -> Self {
        match rule {
            None => self.general.insert(file.to_owned(), template),
            Some(rule) => self.of_rules.entry(rule).or_default().insert(file.to_owned(), template),
        };
        self
    }

    /// The text of a shipped template, as a starting point for a project.
    pub fn shipped_text(file: &str) -> Option<&'static str> {
        shipped().find(|(name, _)| name == file).map(|(_, text)| text)
    }

    /// The effective templates of a rule, by file name: its own take precedence over the general ones; steps
    /// that need settings which the rule lacks are omitted.
    fn of(&self, rule: &Rule) -> BTreeMap<&str, &Template> {
        let own = self.of_rules.get(&rule.name).into_iter().flatten();
        let all = self.general.iter().chain(own).map(|(name, found)| (name.as_str(), found));
        let own = rule.strategy.step();
        let brings = rule.staging.as_ref().is_some_and(|staging| !staging.columns.is_empty());
        let stages = rule.stages() && brings;
        let has = |step: &StepName| match step.row().needs {
            Needs::Nothing | Needs::CustomUpdate => true,
            Needs::Strategy => step.as_str() == own,
            Needs::DeletedRows => rule.strategy.is_destructive(),
            Needs::Staging => stages,
        };
        let step = |file: &str| StepName::parse(file.strip_suffix(".sql")?).ok();
        all.filter(|(file, _)| step(file).is_none_or(|step| has(&step))).collect()
    }

    /// The steps with templates for a rule, by name.
    pub fn steps(&self, rule: &Rule) -> Vec<StepName> {
        steps(self.of(rule).into_keys())
    }
}

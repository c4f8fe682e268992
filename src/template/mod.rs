//! Templates: the shipped ones, the project's own, and rendering them for a rule and a window.

mod environment;
mod failure;
mod limits;
mod literal;
mod origin;
mod qualify;
mod render;
mod values;

#[cfg(test)]
mod bounded;

use std::collections::BTreeMap;

use crate::rule::{Rule, RuleName};
use crate::statement::StepName;

pub use render::Renderer;

const SHIPPED: &[(&str, &str)] = &[
    ("_removals.sql", include_str!("../../sql/_removals.sql")),
    ("_staging.sql", include_str!("../../sql/_staging.sql")),
    ("_survivors.sql", include_str!("../../sql/_survivors.sql")),
    ("before_image.sql", include_str!("../../sql/before_image.sql")),
    ("consolidate.sql", include_str!("../../sql/consolidate.sql")),
    ("correct.sql", include_str!("../../sql/correct.sql")),
    ("create_view.sql", include_str!("../../sql/create_view.sql")),
    ("current.sql", include_str!("../../sql/current.sql")),
    ("deactivate.sql", include_str!("../../sql/deactivate.sql")),
    ("delete.sql", include_str!("../../sql/delete.sql")),
    ("detect.sql", include_str!("../../sql/detect.sql")),
    ("drop_staging.sql", include_str!("../../sql/drop_staging.sql")),
    ("drop_view.sql", include_str!("../../sql/drop_view.sql")),
    ("explain.sql", include_str!("../../sql/explain.sql")),
    ("record.sql", include_str!("../../sql/record.sql")),
    ("removed.sql", include_str!("../../sql/removed.sql")),
    ("rewrite.sql", include_str!("../../sql/rewrite.sql")),
    ("staged.sql", include_str!("../../sql/staged.sql")),
    ("staging_dates.sql", include_str!("../../sql/staging_dates.sql")),
    ("undo.sql", include_str!("../../sql/undo.sql")),
    ("verify.sql", include_str!("../../sql/verify.sql")),
];

/// The end of the path of a template that is built in.
const BUILT_IN: &str = " (built in)";

/// A template as messages show it.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its path in the project, or a note that it is built in.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All templates of a project: the shipped ones and what overrides or joins them.
#[derive(Debug, Clone)]
pub struct Templates {
    general: BTreeMap<String, Template>,
    of_rules: BTreeMap<RuleName, BTreeMap<String, Template>>,
}

impl Templates {
    /// The templates built into onerow.
    pub fn shipped() -> Self {
        let template = |name: &str, text: &str| Template {
            path: format!("sql/{name}{BUILT_IN}"),
            text: text.to_owned(),
        };
        let general =
            SHIPPED.iter().map(|(name, text)| ((*name).to_owned(), template(name, text))).collect();
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

    /// The text of a shipped template, for a project that wants to start from it.
    pub fn shipped_text(file: &str) -> Option<&'static str> {
        SHIPPED.iter().find(|(name, _)| *name == file).map(|(_, text)| *text)
    }

    /// The templates in force for a rule, by file name: its own before the general ones, of the
    /// cures only that of its strategy, `before_image` where rows can be gone, and those about staging tables where
    /// it has any.
    fn of(&self, rule: &Rule) -> BTreeMap<&str, &Template> {
        let own = self.of_rules.get(&rule.name).into_iter().flatten();
        let all = self.general.iter().chain(own).map(|(name, found)| (name.as_str(), found));
        let cure = rule.strategy.step();
        let brings = rule.staging.as_ref().is_some_and(|staging| !staging.columns.is_empty());
        let stages = rule.stages() && brings;
        let other = |step: &str| {
            (step != cure && StepName::CURES.contains(&step))
                || (step == StepName::BEFORE_IMAGE && !rule.strategy.is_destructive())
                || (!stages && StepName::ABOUT_STAGING.contains(&step))
        };
        all.filter(|(name, _)| !name.strip_suffix(".sql").is_some_and(other)).collect()
    }

    /// The steps a rule has templates for, by name.
    pub fn steps(&self, rule: &Rule) -> Vec<StepName> {
        let names = self.of(rule).into_keys().filter_map(|file| file.strip_suffix(".sql"));
        names.filter_map(|name| StepName::parse(name).ok()).collect()
    }
}

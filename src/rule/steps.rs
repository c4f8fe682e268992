//! The steps of a rule, in the order of `apply`.

use toml::Spanned;

use super::document::{DetailedStep, StepSection};
use super::validate::RuleReader;
use super::{Scope, Step};
use crate::error::{Error, Kind, Result};
use crate::statement::StepName;

impl RuleReader<'_> {
    /// Checks that an entry of `steps` is valid after the steps before it.
    fn check_step<T>(&self, entry: &Spanned<T>, next: &Step, before: &[Step]) -> Result<()> {
        let (message, help) = if next.name.is_dependent() {
            (
                format!("step `{}` cannot be run alone", next.name),
                "remove it: it is sent with the step that it belongs to",
            )
        } else if next.name != *StepName::CONSOLIDATE {
            return Ok(());
        } else if self.section.staging.is_none() {
            (
                "the rule has no staging tables to consolidate".to_owned(),
                "add a section `staging` with `tables`",
            )
        } else if before.iter().any(|step| step.name == *StepName::DETECT) {
            (
                "`consolidate` comes after `detect`".to_owned(),
                "put it first: what it merges has to be counted",
            )
        } else {
            return Ok(());
        };
        Err(self.source.error(entry, message).help(help))
    }

    /// The steps of the rule file, or by default detect, the strategy's and verify.
    pub(super) fn steps(&self) -> Result<Vec<Step>> {
        let required = [StepName::DETECT, self.strategy.step(), StepName::VERIFY];
        let Some(entries) = &self.section.steps else {
            return required.iter().map(|name| step(name, None, false)).collect();
        };
        let mut steps: Vec<Step> = Vec::new();
        for entry in entries.get_ref() {
            let next = match entry.get_ref().clone() {
                StepSection::Name(name) => step(&name, None, false),
                StepSection::Detailed(DetailedStep { name, per, may_remove_keys }) => {
                    step(&name, Some(per), may_remove_keys)
                }
            }
            .map_err(|error| self.at(entry, error))?;
            if steps.iter().any(|known| known.name == next.name) {
                return Err(self
                    .source
                    .error(entry, format!("step `{}` is listed twice", next.name)));
            }
            self.check_step(entry, &next, &steps)?;
            steps.push(next);
        }
        let ours =
            |step: &&Step| required.contains(&step.name.as_str()) || step.name.removes_duplicates();
        if !steps.iter().filter(ours).map(|step| step.name.as_str()).eq(required) {
            let [detect, removal, verify] = required;
            let message =
                format!("`steps` must hold {detect}, {removal} and {verify}, in that order");
            return Err(self
                .source
                .error(entries, message)
                .help("put steps of your own before, between or after them"));
        }
        Ok(steps)
    }
}

fn step(name: &str, scope: Option<Scope>, may_remove_keys: bool) -> Result<Step> {
    let name = StepName::parse(name)?;
    if name.row().is_of_apply() && scope.is_some() {
        let message = format!("how often `{name}` is rendered is fixed");
        return Err(Error::new(Kind::RuleFile, message).help(format!("write it as \"{name}\"")));
    }
    let scope = scope.unwrap_or_else(|| name.row().scope);
    Ok(Step { name, scope, may_remove_keys })
}

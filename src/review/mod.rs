//! The meaning of changes to rules and templates: two versions of a project, rendered for the same dates and
//! compared as text and as trees. Pure, except for reading a git revision.

mod features;
mod impact;
mod meaning;
mod revision;

use std::collections::BTreeMap;

use similar::TextDiff;

use crate::check::{self, Finding, Severity};
use crate::error::{Error, Result};
use crate::plan;
use crate::project::Project;
use crate::rule::{Rule, RuleName};
use crate::statement::{Statement, StepName};
use crate::template::Renderer;
use crate::window::Window;

pub use impact::{Example, Impact, ImpactDay, impact};
pub use meaning::Meaning;
pub use revision::Revision;

/// The change of one rule.
#[derive(Debug)]
pub struct RuleReview {
    /// The rule.
    pub rule: RuleName,
    /// The change.
    pub change: RuleChange,
}

/// The kind of a rule's change.
#[derive(Debug)]
pub enum RuleChange {
    /// The rule is new.
    Added,
    /// The rule was removed.
    Removed,
    /// The rule or its templates changed.
    Changed(Changes),
    /// One of the versions cannot be rendered.
    Broken(Error),
}

/// The changes of a rule.
#[derive(Debug, Default)]
pub struct Changes {
    /// Changes in the rule file that do not affect the SQL, a sentence each.
    pub settings: Vec<String>,
    /// The findings of the new rule, a sentence each.
    pub findings: Vec<String>,
    /// The steps whose SQL changed, in the order in which they run.
    pub steps: Vec<StepReview>,
}

/// The change of a step's SQL.
#[derive(Debug)]
pub struct StepReview {
    /// The step.
    pub step: StepName,
    /// Both versions as a unified diff.
    pub diff: String,
    /// The meaning of the change.
    pub meaning: Meaning,
    /// The findings of the new version, a sentence each.
    pub findings: Vec<String>,
}

/// Compares two versions of a project, rendered for the dates of `window`. Unchanged rules are omitted.
pub fn review(old: Option<&Project>, new: &Project, window: &Window) -> Vec<RuleReview> {
    let mut names: Vec<&RuleName> = new.file.rules.iter().map(|rule| &rule.name).collect();
    let gone = old.into_iter().flat_map(|old| &old.file.rules).map(|rule| &rule.name);
    names.extend(gone.filter(|name| new.file.rule(name.as_str()).is_err()));
    let reviews = names.into_iter().filter_map(|name| {
        let old = old.and_then(|old| Some((old, old.file.rule(name.as_str()).ok()?)));
        let new = new.file.rule(name.as_str()).ok().map(|rule| (new, rule));
        let change = match (old, new) {
            (None, _) => RuleChange::Added,
            (_, None) => RuleChange::Removed,
            (Some(old), Some(new)) => match changes(old, new, window) {
                Ok(changes) if changes.settings.is_empty() && changes.steps.is_empty() => {
                    return None;
                }
                Ok(changes) => RuleChange::Changed(changes),
                Err(error) => RuleChange::Broken(error),
            },
        };
        Some(RuleReview { rule: name.clone(), change })
    });
    reviews.collect()
}

fn changes(old: (&Project, &Rule), new: (&Project, &Rule), window: &Window) -> Result<Changes> {
    let before = rendered(old, window).map_err(|error| error.while_doing("rendering the base"))?;
    let after = rendered(new, window)?;
    let mut steps: Vec<StepName> = new.1.steps.iter().map(|step| step.name.clone()).collect();
    for step in before.keys().chain(after.keys()) {
        if !steps.contains(step) {
            steps.push(step.clone());
        }
    }
    let mut changes = Changes {
        settings: settings(old.1, new.1),
        findings: sentences(&check::rule(new.1)),
        steps: Vec::new(),
    };
    for step in steps {
        let (old_sql, new_sql) = (before.get(&step), after.get(&step));
        let text = |sql: Option<&Vec<Statement>>| -> String {
            sql.into_iter().flatten().map(|statement| statement.sql.as_str()).collect()
        };
        let (old_text, new_text) = (text(old_sql), text(new_sql));
        if old_text != new_text {
            changes.steps.push(StepReview {
                diff: diff(&old_text, &new_text),
                meaning: step_meaning(old, new, old_sql, new_sql),
                findings: findings(new.1, new_sql),
                step,
            });
        }
    }
    Ok(changes)
}

/// Every step's statements, except built-in ones that follow from others.
fn rendered(
    (project, rule): (&Project, &Rule),
    window: &Window,
) -> Result<BTreeMap<StepName, Vec<Statement>>> {
    let renderer = Renderer::new(rule, &project.templates, &[])?;
    let mut all = BTreeMap::new();
    for step in renderer.steps() {
        if step.row().repeats_others && renderer.is_built_in(&step) {
            continue;
        }
        let statements = plan::render(&renderer, std::slice::from_ref(&step), window)?;
        all.insert(step, statements);
    }
    Ok(all)
}

fn step_meaning(
    (_, old_rule): (&Project, &Rule),
    (_, new_rule): (&Project, &Rule),
    old: Option<&Vec<Statement>>,
    new: Option<&Vec<Statement>>,
) -> Meaning {
    let sentence = |text: &str| Meaning { sentences: vec![text.to_owned()], unjudged: Vec::new() };
    // The guard of an UPDATE follows from the UPDATE.
    let own = |s: &'_ Vec<Statement>| s.iter().find(|s| s.guards.is_none()).cloned();
    let (old, new) = match (old.and_then(own), new.and_then(own)) {
        (Some(old), Some(new)) => (old, new),
        (None, _) => return sentence("the step is new; read its SQL"),
        (_, None) => return sentence("the step was removed"),
    };
    let parsed = |rule: &Rule, statement: &Statement| check::parsed(rule, statement);
    meaning::of(parsed(old_rule, &old).as_ref(), parsed(new_rule, &new).as_ref())
}

fn findings(rule: &Rule, statements: Option<&Vec<Statement>>) -> Vec<String> {
    let statements = statements.into_iter().flatten();
    let found = statements.flat_map(|statement| check::inspect(rule, statement.clone()).findings);
    sentences(&found.collect::<Vec<_>>())
}

/// Each finding once.
fn sentences(findings: &[Finding]) -> Vec<String> {
    let mut said = Vec::new();
    for finding in findings {
        let word = match finding.code.severity() {
            Severity::Error => "it would not run",
            Severity::Warning => "a warning",
        };
        let sentence = format!("{word}, `{}`: {}", finding.code, finding.reason);
        if !said.contains(&sentence) {
            said.push(sentence);
        }
    }
    said
}

/// Changes of settings that do not affect the SQL.
fn settings(old: &Rule, new: &Rule) -> Vec<String> {
    let mut said = Vec::new();
    let steps = |rule: &Rule| {
        let names = rule.steps.iter().map(|step| step.name.as_str().to_owned());
        names.collect::<Vec<_>>().join(", ")
    };
    if steps(old) != steps(new) {
        said.push(format!("apply runs {}, and ran {}", steps(new), steps(old)));
    }
    if old.strategy != new.strategy {
        let done = [new, old].map(|rule| rule.strategy.done());
        said.push(match done[0] == done[1] {
            true => format!("duplicates are {} in another way", done[0]),
            false => format!("duplicates are {}, and were {}", done[0], done[1]),
        });
    }
    if old.view != new.view {
        let (old, new) = (old.view.dotted(), new.view.dotted());
        said.push(format!(
            "the read-side view is `{new}`, and was `{old}`: create the one, drop the other"
        ));
    }
    if old.settle != new.settle {
        let effect = if new.settle < old.settle { "sooner" } else { "later" };
        said.push(format!(
            "settle changed from {:#} to {:#}: rows count as settled {effect}",
            old.settle, new.settle
        ));
    }
    if old.time_zone != new.time_zone {
        said.push("the time zone changed: TODAY and YESTERDAY may be other dates".to_owned());
    }
    said
}

fn diff(old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new).unified_diff().header("base", "work tree").to_string()
}

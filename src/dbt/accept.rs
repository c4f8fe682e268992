//! Whether a proposed rule is one that `onerow check` takes.

use std::path::Path;

use jiff::Timestamp;

use super::proposed::Proposed;
use super::{dates, text};
use crate::check::{Finding, Severity};
use crate::clock::Clock;
use crate::engine::{Engine, Settings};
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::project::Project;
use crate::template::Template;

/// Reads the rule and checks every statement of it.
///
/// # Errors
/// A phrase: why the rule cannot be.
pub(super) fn accepted(rule: &Proposed) -> std::result::Result<(), String> {
    match findings(rule) {
        Ok(None) => Ok(()),
        Ok(Some(finding)) => Err(format!("`onerow check` would refuse it: {}", finding.reason)),
        Err(error) => Err(match error.remedy() {
            Some(help) => format!("{}: {help}", error.headline()),
            None => error.headline(),
        }),
    }
}

/// The same rule without a list of columns.
pub(super) fn without_columns(rule: &Proposed) -> Proposed {
    Proposed { columns: Vec::new(), ..rule.clone() }
}

fn findings(rule: &Proposed) -> Result<Option<Finding>> {
    let rules = Template { path: "onerow.toml".to_owned(), text: text::rule(rule) };
    let project = Project::of(Path::new("."), &rules, Vec::new())?;
    let settings = Settings {
        warehouse: None,
        vars: Vec::new(),
        // No statement is sent, so that no time counts.
        clock: Clock::Fixed(Timestamp::UNIX_EPOCH),
        interrupt: Interrupt::default(),
    };
    let engine = Engine::open(project, settings);
    let Some(rule) = engine.project().file.rules.first() else {
        return Err(Error::new(crate::error::Kind::Internal, "the rule was not read back"));
    };
    let found = engine.check(rule, None, &dates::any(rule)?)?.findings;
    Ok(found.into_iter().find(|finding| finding.code.severity() == Severity::Error))
}

//! Where links lead: to pages of the service, or to parts of one file.

use std::collections::BTreeSet;

use crate::ledger::Entry;
use crate::rule::{Rule, RuleName};
use crate::run::RunId;
use crate::window::Day;

/// Where links lead.
#[derive(Debug, Clone, Copy)]
pub(super) enum Links<'a> {
    /// To pages of their own.
    Pages,
    /// To parts of the same file, if it has them.
    Anchors(&'a Anchors),
}

/// The parts of a file, besides its rules.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    pub runs: BTreeSet<RunId>,
    pub dates: BTreeSet<(RuleName, Day)>,
}

impl Links<'_> {
    /// Whether links lead to pages, so that more than what is shown can be asked for.
    pub fn are_pages(self) -> bool {
        matches!(self, Self::Pages)
    }

    pub fn rule(self, rule: &Rule) -> String {
        match self {
            Self::Pages => format!("/rules/{}", rule.name),
            Self::Anchors(_) => format!("#{}", rule_anchor(rule)),
        }
    }

    pub fn date(self, rule: &RuleName, day: Day) -> Option<String> {
        match self {
            Self::Pages => Some(date_address(rule, day)),
            Self::Anchors(of) => {
                let is_there = of.dates.contains(&(rule.clone(), day));
                is_there.then(|| format!("#{}", date_anchor(rule, day)))
            }
        }
    }

    pub fn run(self, id: &RunId) -> Option<String> {
        match self {
            Self::Pages => Some(run_address(id)),
            Self::Anchors(of) => of.runs.contains(id).then(|| format!("#{}", run_anchor(id))),
        }
    }
}

/// The address of a date's page.
pub(super) fn date_address(rule: &RuleName, day: Day) -> String {
    format!("/rules/{rule}/dates/{day}")
}

/// The address of a run's page. An id needs no escaping.
pub(super) fn run_address(id: &RunId) -> String {
    format!("/runs/{id}")
}

/// The anchor of a rule.
pub(super) fn rule_anchor(rule: &Rule) -> String {
    format!("rule-{}", rule.name)
}

/// The anchor of a date.
pub(super) fn date_anchor(rule: &RuleName, day: Day) -> String {
    format!("date-{rule}-{day}")
}

/// The anchor of a run.
pub(super) fn run_anchor(id: &RunId) -> String {
    format!("run-{id}")
}

/// The anchor of a statement.
pub(super) fn statement_anchor(entry: &Entry) -> String {
    format!("{}-{}", run_anchor(&entry.run), entry.sequence)
}

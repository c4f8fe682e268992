//! Undoing a run.

use super::{Engine, RunOptions};
use crate::error::{Error, Kind, Result};
use crate::ledger::Filter;
use crate::rule::Rule;
use crate::run::{self, Undone, Which};

impl Engine {
    /// The rule of the run to undo: the one with this name; otherwise the one that the run belongs to, or the
    /// only one.
    ///
    /// # Errors
    /// There is no such rule or run, or there are several.
    pub fn rule_of(&self, which: &Which, name: Option<&str>) -> Result<&Rule> {
        let file = &self.project().file;
        match (which, name, file.rules.as_slice()) {
            (_, Some(name), _) => file.rule(name),
            (Which::Id(id), None, _) => self.rule_of_run(id),
            (Which::Last, None, [only]) => Ok(only),
            (Which::Last, None, _) => {
                Err(file.several_rules(|names| format!("write one of {names} after `last`")))
            }
        }
    }

    /// The rule of a run, from the ledger; a prefix of the run's id is enough.
    ///
    /// Errors: the ledger has no such run, or several of different rules.
    fn rule_of_run(&self, run: &str) -> Result<&Rule> {
        let entries = self.reading()?.ledger.entries(&Filter::run(run))?;
        let mut rules: Vec<&str> = entries.iter().map(|entry| entry.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let usage = |message: String| Error::new(Kind::UnknownRun, message);
        match rules.as_slice() {
            [rule] => self.project().file.rule(rule),
            [] => Err(usage(format!("the ledger has no run `{}`", run.escape_debug()))
                .help("`onerow log` lists the runs; the start of an id is enough")),
            _ => Err(usage(format!("runs of several rules start with `{}`", run.escape_debug()))
                .help("write more of the id")),
        }
    }

    /// What an undo of this rule's run would do, from the ledger and the table's columns. Changes nothing.
    ///
    /// # Errors
    /// There is no such run, it removed nothing, or the table lacks a column that the rule uses.
    pub fn undo_plan(&self, rule: &Rule, which: &Which) -> Result<Undone> {
        let from = self.reading()?;
        run::undo_plan(&self.renderer(rule)?, &*from.warehouse, &*from.ledger, which)
    }

    /// Restores the rows that a run of this rule removed.
    ///
    /// # Errors
    /// The run cannot be undone. Failures of single dates are in the result.
    pub fn undo(&self, rule: &Rule, which: &Which, options: RunOptions<'_>) -> Result<Undone> {
        self.with_context(&self.renderer(rule)?, options, |context| run::undo(context, which))
    }
}

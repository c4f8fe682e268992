//! Taking a run back.

use super::{Engine, RunOptions};
use crate::error::{Error, Kind, Result};
use crate::ledger::Filter;
use crate::rule::Rule;
use crate::run::{self, Undone};

impl Engine {
    /// The rule that a run was of, as the ledger has it; the start of the run's id is enough.
    ///
    /// Errors: the ledger has no such run, or several of different rules.
    pub fn rule_of_run(&self, run: &str) -> Result<&Rule> {
        let entries = self.reading()?.ledger.entries(&Filter::run(run))?;
        let mut rules: Vec<&str> = entries.iter().map(|entry| entry.rule.as_str()).collect();
        rules.sort_unstable();
        rules.dedup();
        let usage = |message: String| Error::new(Kind::Usage, message);
        match rules.as_slice() {
            [rule] => self.project().file.rule(rule),
            [] => Err(usage(format!("the ledger has no run `{}`", run.escape_debug()))
                .help("`onerow log` lists the runs; the start of an id is enough")),
            _ => Err(usage(format!("runs of several rules start with `{}`", run.escape_debug()))
                .help("write more of the id")),
        }
    }

    /// Brings back the rows that a run of this rule removed.
    ///
    /// Errors: the run cannot be undone. What goes wrong with a date is in the result.
    pub fn undo(&self, rule: &Rule, run: &str, options: RunOptions<'_>) -> Result<Undone> {
        self.with_context(&self.renderer(rule)?, options, |context| run::undo(context, run))
    }
}

//! The steps that can be rendered for a rule, and reasons why others cannot.

use super::render::Renderer;
use crate::error::{Error, Kind, Result};
use crate::rule::Scope;
use crate::statement::StepName;
use crate::step::Step;
use crate::window::Window;

impl Renderer<'_> {
    /// Whether a step can be rendered for the rule.
    pub(super) fn can_have(&self, step: &StepName) -> bool {
        !self.is_about_no_shard(step) && !self.names_unknown_columns(step)
    }

    /// Whether the step needs a single table but the table is date-sharded. Removed rows are in the removal
    /// log.
    fn is_about_no_shard(&self, step: &StepName) -> bool {
        let is_of_table = self.rule.scope_of(step) == Scope::Table && step.step() != Step::Removed;
        self.rule.partition.is_sharded() && is_of_table
    }

    /// Whether it inserts rows again but the table's columns are not listed.
    fn names_unknown_columns(&self, step: &StepName) -> bool {
        let inserts = step.step() == Step::Undo && self.rule.strategy.is_destructive();
        inserts && self.rule.stored_columns().next().is_none()
    }

    /// Errors: the step needs column names, and the rule lists none.
    pub(super) fn refuse_unknown_columns(&self, step: &StepName) -> Result<()> {
        if !self.names_unknown_columns(step) {
            return Ok(());
        }
        let rule = &self.rule.name;
        let message = format!(
            "{step} names the columns of the table, and rule {rule} lists none: they are looked up when it is sent"
        );
        Err(Error::new(Kind::Usage, message).help(format!(
            "to see the statement, list the columns in a section [rule.{rule}.columns]"
        )))
    }

    /// Errors: the table is date-sharded, and the step has no date.
    pub(super) fn refuse_all_shards(&self, step: &StepName, window: &Window) -> Result<()> {
        let rule = self.rule;
        if !rule.partition.is_sharded() {
            return Ok(());
        }
        let (message, help) = match (self.is_about_no_shard(step), window.has_undated()) {
            (true, _) => (
                format!(
                    "rule {} has a table for each date, and {step} is about one table",
                    rule.name
                ),
                "read the tables themselves: after `apply` each key has one active row in each",
            ),
            (false, true) => (
                format!("each row of {} has the date of its table", rule.table.dotted()),
                "name a date",
            ),
            (false, false) => return Ok(()),
        };
        Err(Error::new(Kind::Usage, message).help(help))
    }
}

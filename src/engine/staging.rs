//! Staging tables as they are now, before a plan is made of them.

use super::{Engine, Task};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::rule::RuleName;
use crate::run;

/// What the caller says of staging tables, beside the rule file.
#[derive(Debug, Clone, Default)]
pub struct StagingOptions {
    /// Staging tables instead of the rule's; none means the rule's.
    pub tables: Vec<TableName>,
    /// Whether to drop each staging table once all of its rows are merged.
    pub drop: bool,
}

impl Engine {
    /// Looks at the staging tables of those rules whose task merges them: from now on they are what
    /// they are in the warehouse. Returns what the reader should know, in sentences.
    ///
    /// Errors: a staging table that cannot be read or merged.
    pub fn look_at_staging(
        &mut self,
        rules: &[RuleName],
        task: &Task,
        options: &StagingOptions,
    ) -> Result<Vec<String>> {
        let file = &self.project.file;
        let meant = file.rules.iter().filter(|rule| rules.contains(&rule.name));
        let meant = meant.filter(|rule| task.merges(rule));
        let names: Vec<String> = meant.map(|rule| rule.name.to_string()).collect();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut staged = self.project.file.rules.clone();
        for rule in staged.iter_mut().filter(|rule| names.contains(&rule.name.to_string())) {
            let Some(staging) = &mut rule.staging else { continue };
            staging.drop |= options.drop;
            if !options.tables.is_empty() {
                staging.tables.clone_from(&options.tables);
            }
        }
        let from = self.reading()?;
        let notes = run::stage(&mut staged, &names, &*from.warehouse, &*from.ledger)?;
        self.project.file.rules = staged;
        Ok(notes)
    }
}

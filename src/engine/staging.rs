//! Reading the current staging tables, before a plan is made.

use super::{Engine, Task};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::rule::RuleName;
use crate::run;

/// The caller's settings for staging tables, besides the rule file.
#[derive(Debug, Clone, Default)]
pub struct StagingOptions {
    /// Staging tables that replace the rule's; empty means the rule's.
    pub tables: Vec<TableName>,
    /// Whether to drop each staging table after all of its rows are merged.
    pub drop: bool,
}

impl Engine {
    /// Reads the staging tables of the rules whose task merges them, and keeps their schemas. Returns notes
    /// for the reader.
    ///
    /// # Errors
    /// A staging table cannot be read or merged.
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

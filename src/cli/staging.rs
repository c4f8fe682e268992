//! Staging tables of the command line.

use super::Effects;
use crate::engine::{Engine, StagingOptions, Task};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::rule::RuleName;

/// What the command line says of staging tables.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct StagingArgs {
    /// A staging table, as dataset.table, instead of those of the rule file; repeatable
    #[arg(long = "staging", value_name = "TABLE", value_parser = TableName::parse)]
    pub tables: Vec<TableName>,
    /// Drop each staging table once all of its rows are merged
    #[arg(long)]
    pub drop: bool,
}

/// Reads the schemas of the staging tables of these rules, and prints notes for the reader.
pub(super) fn look(
    engine: &mut Engine,
    rules: &[RuleName],
    task: &Task,
    args: &StagingArgs,
    effects: &Effects,
) -> Result<()> {
    let options = StagingOptions { tables: args.tables.clone(), drop: args.drop };
    for note in engine.look_at_staging(rules, task, &options)? {
        effects.say(&note);
    }
    Ok(())
}

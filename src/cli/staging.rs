//! Staging tables as the command line has them.

use super::Effects;
use crate::connection::Connection;
use crate::error::Result;
use crate::googlesql::TableName;
use crate::project::Project;
use crate::run;

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

/// Looks at the staging tables of these rules, and says what the reader should know.
pub(super) fn look(
    project: &mut Project,
    names: &[String],
    args: &StagingArgs,
    connection: &Connection,
    effects: &Effects,
) -> Result<()> {
    let rules = &mut project.file.rules;
    let meant = rules.iter_mut().filter(|rule| names.iter().any(|name| name == rule.name.as_str()));
    for staging in meant.filter_map(|rule| rule.staging.as_mut()) {
        staging.drop |= args.drop;
        if !args.tables.is_empty() {
            staging.tables.clone_from(&args.tables);
        }
    }
    for note in run::stage(rules, names, &*connection.warehouse, &*connection.ledger)? {
        effects.say(&note);
    }
    Ok(())
}

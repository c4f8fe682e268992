//! Looking at the staging tables of rules, before their plans are made.

use super::Effects;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::project::Project;
use crate::rule::{Described, Rule};
use crate::warehouse::Warehouse;

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

/// Looks at the staging tables of these rules, which from now on are what they are there. A table
/// that is to be dropped and is not there was dropped by an earlier run.
pub(super) fn look(
    project: &mut Project,
    names: &[String],
    args: &StagingArgs,
    warehouse: &dyn Warehouse,
    effects: &Effects,
) -> Result<()> {
    for rule in &mut project.file.rules {
        if names.iter().any(|name| name == rule.name.as_str()) {
            look_at(rule, args, warehouse, effects)?;
        }
    }
    Ok(())
}

fn look_at(
    rule: &mut Rule,
    args: &StagingArgs,
    warehouse: &dyn Warehouse,
    effects: &Effects,
) -> Result<()> {
    if let Some(staging) = &mut rule.staging {
        staging.drop |= args.drop;
        if !args.tables.is_empty() {
            staging.tables.clone_from(&args.tables);
        }
        if staging.tables.contains(&rule.table) {
            let message = format!("`{}` is the rule's own table", rule.table.dotted());
            return Err(Error::new(Kind::Usage, message).help("name its staging tables"));
        }
    }
    let tables = rule.staging.iter().flat_map(|staging| &staging.tables);
    let mut staged: Vec<Described> = Vec::new();
    for table in tables {
        match warehouse.describe(table) {
            Ok(described) => staged.push((table.clone(), described.columns)),
            Err(error)
                if error.kind() == Kind::NotFound
                    && rule.staging.as_ref().is_some_and(|staging| staging.drop) =>
            {
                effects.say(&format!("{}: not there, so nothing of it is merged", table.dotted()));
            }
            Err(error) => return Err(error.during("looking at the staging tables")),
        }
    }
    let main = (rule.table.clone(), warehouse.describe(&rule.table)?.columns);
    let found = rule.stage(&main, &staged)?;
    for (table, column) in &found.left_out {
        effects.say(&format!("{}: its column {column} is not merged", table.dotted()));
    }
    rule.staging = Some(found);
    Ok(())
}

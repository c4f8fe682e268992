//! Looking at the staging tables of rules, before their plans are made.

use super::Effects;
use super::connect::Connection;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::ledger::Ledger;
use crate::project::Project;
use crate::rule::{Described, Rule, Staging};
use crate::statement::StepName;

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
    connection: &Connection,
    effects: &Effects,
) -> Result<()> {
    let is_meant = |rule: &Rule| names.iter().any(|name| name == rule.name.as_str());
    for rule in project.file.rules.iter_mut().filter(|rule| is_meant(rule)) {
        if let Some(staging) = &mut rule.staging {
            staging.drop |= args.drop;
            if !args.tables.is_empty() {
                staging.tables.clone_from(&args.tables);
            }
        }
    }
    refuse_shared(&project.file.rules, is_meant)?;
    for rule in project.file.rules.iter_mut().filter(|rule| is_meant(rule)) {
        look_at(rule, connection, effects)?;
    }
    Ok(())
}

/// A staging table of several rules is dropped by none: it would be gone for the others.
fn refuse_shared(rules: &[Rule], is_meant: impl Fn(&Rule) -> bool) -> Result<()> {
    let drops = |rule: &&Rule| rule.staging.as_ref().is_some_and(|staging| staging.drop);
    for rule in rules.iter().filter(|rule| is_meant(rule)).filter(drops) {
        for other in rules.iter().filter(|other| other.name != rule.name) {
            let tables = |rule: &'_ Rule| -> Vec<TableName> {
                rule.staging.iter().flat_map(|staging| staging.tables.clone()).collect()
            };
            let theirs = tables(other);
            let shared =
                tables(rule).into_iter().find(|table| theirs.iter().any(|t| t.may_be(table)));
            if let Some(table) = shared {
                let message = format!(
                    "`{}` is a staging table of the rules {} and {}, and would be dropped by the first",
                    table.dotted(),
                    rule.name,
                    other.name
                );
                return Err(Error::new(Kind::Usage, message)
                    .help("merge it without `drop`, and drop it when all of them have it"));
            }
        }
    }
    Ok(())
}

/// Whether the ledger has it that the table was dropped after a merge, or was about to be.
fn was_dropped(rule: &Rule, table: &TableName, ledger: &dyn Ledger) -> Result<bool> {
    let entries = ledger.entries(None, Some(rule.name.as_str()))?;
    let name = table.to_string();
    Ok(entries.iter().any(|e| e.step == *StepName::DROP_STAGING && e.sql.contains(&name)))
}

fn look_at(rule: &mut Rule, connection: &Connection, effects: &Effects) -> Result<()> {
    let (warehouse, ledger) = (&connection.warehouse, &*connection.ledger);
    if let Some(staging) = &rule.staging {
        Staging::refuse_own(&staging.tables, &rule.table, &rule.audit_tables).map_err(
            |problem| Error::new(Kind::Usage, problem).help("name the rule's staging tables"),
        )?;
    }
    let tables = rule.staging.iter().flat_map(|staging| &staging.tables);
    let mut staged: Vec<Described> = Vec::new();
    for table in tables {
        match warehouse.describe(table) {
            Ok(described) => staged.push((table.clone(), described.columns)),
            Err(error) if error.kind() == Kind::NotFound && was_dropped(rule, table, ledger)? => {
                let name = table.dotted();
                effects
                    .say(&format!("{name}: dropped by an earlier run, so nothing of it is merged"));
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

//! Reading the staging tables of rules, before their plans are made.

use jiff::Timestamp;

use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::ledger::{Detail, Entry, Filter, Ledger};
use crate::rule::{Described, Rule, Staging};
use crate::warehouse::Warehouse;

/// Reads the staging tables of these rules and stores their schemas in the rules. A missing table that is to
/// be dropped was dropped by an earlier run. Returns notes for the reader, in sentences.
pub fn stage(
    rules: &mut [Rule],
    names: &[String],
    warehouse: &dyn Warehouse,
    ledger: &dyn Ledger,
) -> Result<Vec<String>> {
    let is_meant = |rule: &Rule| names.iter().any(|name| name == rule.name.as_str());
    refuse_shared(rules, is_meant)?;
    let mut notes = Vec::new();
    for rule in rules.iter_mut().filter(|rule| is_meant(rule)) {
        look_at(rule, warehouse, ledger, &mut notes)?;
    }
    Ok(notes)
}

/// Refuses to drop a staging table of several rules, since the other rules would lose its rows.
fn refuse_shared(rules: &[Rule], is_meant: impl Fn(&Rule) -> bool) -> Result<()> {
    let drops = |rule: &&Rule| rule.staging.as_ref().is_some_and(|staging| staging.drop);
    for rule in rules.iter().filter(|rule| is_meant(rule)).filter(drops) {
        for other in rules.iter().filter(|other| other.name != rule.name) {
            let tables = |rule: &'_ Rule| -> Vec<TableName> {
                rule.staging.iter().flat_map(|staging| staging.tables.clone()).collect()
            };
            let theirs = tables(other);
            let shared = tables(rule)
                .into_iter()
                .find(|table| theirs.iter().any(|t| t.could_name_same_table(table)));
            if let Some(table) = shared {
                let message = format!(
                    "`{}` is a staging table of the rules {} and {}, so the first rule to finish would drop it for the other",
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

/// Whether the ledger shows that the table was dropped after a merge, or was about to be.
fn was_dropped(rule: &Rule, table: &TableName, ledger: &dyn Ledger) -> Result<bool> {
    // However long ago: this is read only if a table is missing.
    let since = Some(Timestamp::UNIX_EPOCH);
    let entries = ledger.entries(&Filter { since, ..Filter::rule(rule.name.as_str()) })?;
    let drops = |entry: &Entry| match &entry.detail {
        Some(Detail::DropTable { table: dropped }) => dropped == table,
        _ => false,
    };
    Ok(entries.iter().any(drops))
}

fn look_at(
    rule: &mut Rule,
    warehouse: &dyn Warehouse,
    ledger: &dyn Ledger,
    notes: &mut Vec<String>,
) -> Result<()> {
    if let Some(staging) = &rule.staging {
        Staging::refuse_own(&staging.tables, &rule.table, &rule.removal_logs).map_err(
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
                notes
                    .push(format!("{name}: dropped by an earlier run, so nothing of it is merged"));
            }
            Err(error) => return Err(error.while_doing("looking at the staging tables")),
        }
    }
    let main = (rule.table.clone(), warehouse.describe(&rule.table)?.columns);
    let found = rule.stage(&main, &staged)?;
    for (table, column) in &found.left_out {
        notes.push(format!("{}: its column {column} is not merged", table.dotted()));
    }
    rule.staging = Some(found);
    Ok(())
}

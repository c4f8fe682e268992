//! Relations of a FROM clause: the table that a name may refer to, and the names of its columns in
//! conditions.

use sqlparser::ast::{ObjectName, TableFactor, TableWithJoins};

use super::dotted;
use crate::googlesql::TableName;

/// Whether the name may refer to the table: with or without its project, in any quotes and case, without its
/// dataset, with a decorator or a path into it, or matched by a wildcard. BigQuery's table names are
/// case-sensitive unless their dataset says otherwise.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#case_sensitivity>
pub(super) fn could_name_same_table(name: &ObjectName, table: &TableName) -> bool {
    let name = dotted(name);
    let parts: Vec<&str> = name.split('.').collect();
    match parts.as_slice() {
        [only] => is_table(only, table),
        parts => (1..parts.len()).any(|at| {
            let project = if at > 1 { parts.get(..at - 1) } else { None };
            is_table(parts[at], table)
                && parts[at - 1].eq_ignore_ascii_case(table.dataset())
                && project
                    .zip(table.project())
                    .is_none_or(|(project, own)| project.join(".").eq_ignore_ascii_case(own))
        }),
    }
}

fn is_table(part: &str, table: &TableName) -> bool {
    let part = part.split(['$', '@']).next().unwrap_or_default();
    match part.strip_suffix('*') {
        Some(start) => {
            let own = table.table().get(..start.len());
            own.is_some_and(|own| own.eq_ignore_ascii_case(start))
        }
        None => part.eq_ignore_ascii_case(table.table()),
    }
}

/// Whether the name may refer to one or more of the tables of `shards`: the common part is followed by a
/// date.
pub(super) fn may_be_shard(name: &ObjectName, shards: &TableName) -> bool {
    const DATE: usize = 8;
    let called = dotted(name);
    let last = called.rsplit('.').next().unwrap_or_default();
    let last = last.split(['$', '@']).next().unwrap_or_default();
    let start = shards.table().trim_end_matches('*');
    let is_called_so = match last.strip_suffix('*') {
        Some(wild) => starts_with(wild, start) || starts_with(start, wild),
        None => {
            let date = last.get(start.len()..).unwrap_or_default();
            starts_with(last, start)
                && date.len() == DATE
                && date.bytes().all(|byte| byte.is_ascii_digit())
        }
    };
    is_called_so && could_name_same_table(name, &shards.renamed(last))
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start))
}

/// Whether the name is a wildcard for several tables.
pub(super) fn is_wildcard(name: &ObjectName) -> bool {
    dotted(name).ends_with('*')
}

/// The relations of a FROM, including joins in brackets.
pub(super) fn relations(from: &[TableWithJoins]) -> Vec<&TableFactor> {
    let mut found = Vec::new();
    let mut open: Vec<&TableFactor> = from.iter().flat_map(factors).collect();
    while let Some(factor) = open.pop() {
        match factor {
            TableFactor::NestedJoin { table_with_joins, .. } => {
                open.extend(factors(table_with_joins));
            }
            factor => found.push(factor),
        }
    }
    found
}

fn factors(from: &TableWithJoins) -> impl Iterator<Item = &TableFactor> {
    std::iter::once(&from.relation).chain(from.joins.iter().map(|join| &join.relation))
}

/// The names by which the rest of the query may refer to a relation, or to the positions in it.
pub(super) fn names(factor: &TableFactor) -> Vec<String> {
    let alias = match factor {
        TableFactor::Table { alias: None, name, .. } => {
            return dotted(name).rsplit('.').next().map(str::to_owned).into_iter().collect();
        }
        TableFactor::UNNEST { alias, with_offset, with_offset_alias, .. } => {
            let offset = match with_offset_alias {
                Some(offset) => Some(offset.value.clone()),
                None => with_offset.then(|| "offset".to_owned()),
            };
            let element = alias.iter().map(|alias| alias.name.value.clone());
            return element.chain(offset).collect();
        }
        TableFactor::Table { alias, .. }
        | TableFactor::Derived { alias, .. }
        | TableFactor::TableFunction { alias, .. }
        | TableFactor::Function { alias, .. }
        | TableFactor::JsonTable { alias, .. }
        | TableFactor::OpenJsonTable { alias, .. }
        | TableFactor::NestedJoin { alias, .. }
        | TableFactor::Pivot { alias, .. }
        | TableFactor::Unpivot { alias, .. }
        | TableFactor::MatchRecognize { alias, .. }
        | TableFactor::XmlTable { alias, .. }
        | TableFactor::SemanticView { alias, .. } => alias,
        TableFactor::UnpivotExpr { value_alias, attribute_alias, .. } => {
            let attribute = attribute_alias.iter().map(|alias| alias.value.clone());
            return std::iter::once(value_alias.value.clone()).chain(attribute).collect();
        }
    };
    alias.iter().map(|alias| alias.name.value.clone()).collect()
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::Ident;

    use super::*;

    fn name(parts: &[&str]) -> ObjectName {
        ObjectName::from(parts.iter().map(|part| Ident::new(*part)).collect::<Vec<_>>())
    }

    #[test]
    fn a_name_may_be_one_of_the_tables_of_dates_in_many_ways() {
        let shards = TableName::parse_shards("web.events_*").unwrap();
        for parts in [
            &["web", "events_20260129"][..],
            &["web.events_20260129"],
            &["proj", "web", "Events_20260129"],
            &["events_20260129"],
            &["web.events_20260129@1769590800000"],
            &["web.events_*"],
            &["web.events_2026*"],
            &["web.ev*"],
            &["web.*"],
        ] {
            assert!(may_be_shard(&name(parts), &shards), "{parts:?}");
        }
        for parts in [
            &["web", "events_intraday_20260129"][..],
            &["web", "events_2026"],
            &["web", "events_"],
            &["other", "events_20260129"],
            &["web", "pages_20260129"],
            &["web.pages_*"],
        ] {
            assert!(!may_be_shard(&name(parts), &shards), "{parts:?}");
        }
    }

    #[test]
    fn a_name_may_be_a_table_in_many_ways() {
        let table = TableName::parse("nba.predictions").unwrap();
        let own = TableName::parse("proj.nba.predictions").unwrap();
        for parts in [
            &["nba", "predictions"][..],
            &["nba.predictions"],
            &["proj.nba.predictions"],
            &["proj.nba", "predictions"],
            &["proj", "nba.predictions"],
            &["NBA", "Predictions"],
            &["predictions"],
            &["nba.pred*"],
            &["nba.*"],
            &["proj", "nba", "*"],
            &["nba.predictions$20260128"],
            &["nba.predictions@-3600000"],
            &["nba", "predictions", "items"],
        ] {
            assert!(could_name_same_table(&name(parts), &table), "{parts:?}");
            assert!(could_name_same_table(&name(parts), &own), "{parts:?}");
        }
        assert!(
            could_name_same_table(&name(&["other", "nba", "predictions"]), &table),
            "a project is unsaid"
        );
        assert!(could_name_same_table(&name(&["example.com:proj.nba.predictions"]), &table));
        assert!(!could_name_same_table(&name(&["other", "nba", "predictions"]), &own));
        for parts in [
            &["nba", "archive"][..],
            &["ops", "predictions"],
            &["nba.predictions_old*"],
            &["nba.predictions_current"],
            &["p", "items"],
            &["nba.INFORMATION_SCHEMA.PARTITIONS"],
        ] {
            assert!(!could_name_same_table(&name(parts), &table), "{parts:?}");
        }
    }
}

//! Staging tables, whose rows are merged into the rule's table.

use std::collections::BTreeSet;

use toml::Spanned;

use super::document::StagingSection;
use super::expression::parse_key;
use super::validate::RuleReader;
use super::{Active, Partition, Rule};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Fragment, Ident, SqlType, TableName, columns};
use crate::removals::RemovalLog;
use crate::statement::StepName;
use crate::visible::visible_line;

/// The staging tables of a rule.
#[derive(Debug, Clone)]
pub struct Staging {
    /// The tables.
    pub tables: Vec<TableName>,
    /// The arriving columns: those that the rule file names, otherwise those that all of the tables share,
    /// where known.
    pub columns: Vec<Ident>,
    /// Whether the rule file names the columns.
    pub declared: bool,
    /// Further columns that a matched row keeps, besides those that the rule itself reads.
    pub untouched: Vec<Ident>,
    /// The deletion markers among staged rows; `None` if there are none.
    pub deleted: Option<Deleted>,
    /// Whether a staging table is dropped after its rows are merged.
    pub drop: bool,
    /// Columns of staging tables that are not merged, without a setting that says so.
    pub left_out: Vec<(TableName, String)>,
}

/// The condition for staged rows that are deletion markers.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// The condition, over the columns of a staging table.
    pub condition: Fragment,
    /// The columns that it reads. They need not be arriving columns.
    pub columns: BTreeSet<String>,
}

impl Staging {
    /// Refuses tables that cannot be staging tables: the rule's own, and onerow's own. The error is a phrase.
    pub(crate) fn refuse_own(
        tables: &[TableName],
        table: &TableName,
        removal_logs: &[RemovalLog],
    ) -> Result<(), String> {
        for staged in tables {
            if staged.could_name_same_table(table) {
                return Err(format!("`{}` is the rule's own table", staged.dotted()));
            }
            if removal_logs.iter().any(|log| log.holds(staged)) {
                let message = format!("`{}` is where onerow keeps what it did", staged.dotted());
                return Err(message);
            }
        }
        Ok(())
    }

    /// Whether the column is an arriving one.
    pub fn brings(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.same_column(column))
    }

    /// Whether the arriving columns determine whether a row is active.
    pub fn brings_active(&self, active: &Active) -> bool {
        active.columns.iter().all(|column| self.brings(column))
    }

    /// Whether a staged row may be left out of a merge: it is inactive, or a marker without a position.
    pub fn may_leave_out(&self, rule: &Rule) -> bool {
        self.deleted.is_some()
            || rule.active.as_ref().is_some_and(|active| self.brings_active(active))
    }

    /// The first missing column without which active rows cannot be recognised. If `active` reads a single
    /// column with a known value, that value is written to arriving rows, and nothing is missing.
    fn lacks_for_active<'a>(&self, rule: &'a Rule) -> Option<&'a str> {
        let active = rule.active.as_ref()?;
        if active.columns.len() == 1 && active.flag.is_some() {
            return None;
        }
        active.columns.iter().find(|column| !self.brings(column)).map(String::as_str)
    }

    /// A column of the marker condition that this table lacks.
    fn unreadable(&self, table: &Described) -> Option<&String> {
        let deleted = self.deleted.as_ref()?;
        deleted.columns.iter().find(|name| type_of(table, name).is_none())
    }

    /// Whether the condition for deletion markers reads the column.
    fn tells_markers(&self, column: &str) -> bool {
        let columns = self.deleted.iter().flat_map(|deleted| &deleted.columns);
        columns.into_iter().any(|known| known.eq_ignore_ascii_case(column))
    }
}

impl RuleReader<'_> {
    /// The staging section.
    pub(super) fn staging(&self, of: &TableName, partition: &Partition) -> Result<Option<Staging>> {
        let Some(section) = &self.section.staging else { return Ok(None) };
        let StagingSection { tables: names, columns, untouched, deleted, drop } = section;
        if partition.is_by_arrival() {
            let message = "a staged row has no ingestion time, so nothing says which partition of the table it \
                           belongs to";
            return Err(self
                .source
                .error(names, message)
                .help("merge staging tables into a table that is partitioned by a column"));
        }
        let mut tables: Vec<TableName> = Vec::new();
        for name in names.get_ref() {
            let table = TableName::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
            Staging::refuse_own(std::slice::from_ref(&table), of, self.removal_logs)
                .map_err(|problem| self.source.error(name, problem))?;
            if tables.contains(&table) {
                let message = format!("staging table `{}` is listed twice", table.dotted());
                return Err(self.source.error(name, message));
            }
            tables.push(table);
        }
        if tables.is_empty() {
            return Err(self.source.error(names, "`tables` is empty").help("name a staging table"));
        }
        let known = |name: &Spanned<String>| {
            let ident = Ident::parse(name.get_ref()).map_err(|error| self.at(name, error))?;
            self.listed(name, ident.as_str()).map(|_| ident)
        };
        let declared = columns
            .as_ref()
            .map(|columns| columns.get_ref().iter().map(known).collect::<Result<Vec<Ident>>>());
        let declared = declared.transpose()?;
        Ok(Some(Staging {
            tables,
            declared: declared.is_some(),
            columns: declared
                .unwrap_or_else(|| self.columns.iter().map(|(column, _)| column.clone()).collect()),
            untouched: untouched.iter().map(known).collect::<Result<_>>()?,
            deleted: deleted.as_ref().map(|deleted| self.deleted(deleted)).transpose()?,
            drop: *drop,
            left_out: Vec::new(),
        }))
    }

    /// The condition for deletion markers. A column that the rule does not list may exist in the staging
    /// tables only.
    fn deleted(&self, condition: &Spanned<String>) -> Result<Deleted> {
        let text = condition.get_ref().trim();
        let wrong = |problem: String| {
            let message = format!("`deleted` is `{}`: {problem}", visible_line(text));
            self.source.error(condition, message).help("write a condition, such as \"op = 'D'\"")
        };
        let parsed = parse_key(condition.get_ref()).map_err(wrong)?;
        if let Some(constant) = parsed.constant {
            return Err(wrong(constant));
        }
        let column = parsed.plain_column.as_deref();
        let listed =
            self.columns.iter().find(|(known, _)| column.is_some_and(|c| known.same_column(c)));
        if let Some((name, sql_type)) = listed.filter(|(_, sql_type)| *sql_type != SqlType::Bool) {
            let message =
                format!("`deleted` is {name}, which is of type {sql_type}; it must be BOOL");
            return Err(self
                .source
                .error(condition, message)
                .help("write a condition, such as \"op = 'D'\""));
        }
        Ok(Deleted { condition: Fragment::trusted(text), columns: parsed.columns })
    }

    /// Checks that the ranking's columns are arriving columns.
    pub(super) fn check_arriving(&self, rule: &Rule) -> Result<()> {
        let Some((staging, section)) = rule.staging.as_ref().zip(self.section.staging.as_ref())
        else {
            return Ok(());
        };
        if let (Some(deleted), Some(active)) = (&section.deleted, &rule.active)
            && active.flag.is_none()
        {
            let message = "a deletion marker makes rows inactive, and nothing says how";
            return Err(self.source.error(deleted, message).help(
                "add `deactivate` to the rule, or leave `active` out: then rows are deleted",
            ));
        }
        if let Some(column) = staging.lacks_for_active(rule).filter(|_| !staging.columns.is_empty())
        {
            let at = section.columns.as_ref().map_or(section.tables.span(), Spanned::span);
            let message =
                format!("`{column}`, which `active` reads, does not arrive with staged rows");
            return Err(Error::new(Kind::RuleFile, message)
                .at(self.source.place(at))
                .help("rows arrive with every column that tells whether they are active"));
        }
        let Some(columns) = &section.columns else { return Ok(()) };
        let is_column = |name: &String| {
            self.columns.is_empty() || self.columns.iter().any(|(c, _)| c.same_column(name))
        };
        let missing = rule.ranked_by().into_iter().filter(is_column);
        match missing.into_iter().find(|name| !staging.brings(name)) {
            None => Ok(()),
            Some(name) => Err(self
                .source
                .error(columns, format!("`columns` lacks `{name}`, by which rows are ranked"))
                .help("rows arrive with their key, the columns of `keep` and their row id")),
        }
    }
}

/// A table and its columns; the type is `None` if onerow does not support it.
pub type Described = (TableName, Vec<(String, Option<SqlType>)>);

impl Rule {
    /// Whether there are staging tables to merge.
    pub fn stages(&self) -> bool {
        self.staging.as_ref().is_some_and(|staging| !staging.tables.is_empty())
    }

    /// Whether staged rows may be deletion markers.
    pub fn stages_deletions(&self) -> bool {
        self.staging.as_ref().is_some_and(|staging| staging.deleted.is_some())
    }

    /// Whether `apply` merges staging tables first.
    pub fn consolidates(&self) -> bool {
        self.steps.iter().any(|step| step.name == *StepName::CONSOLIDATE)
    }

    /// The rule's staging tables with these schemas: the arriving columns are those that all of them share
    /// with the table, unless the rule file names them.
    ///
    /// # Errors
    /// A column that the rule reads or names is missing, or has another type than in the table.
    pub fn stage(&self, main: &Described, staged: &[Described]) -> Result<Staging> {
        let Some(staging) = &self.staging else {
            return Err(Error::new(
                Kind::Usage,
                format!("rule {} has no staging tables", self.name),
            )
            .help(format!("name them in a section [rule.{}.staging]", self.name)));
        };
        // In the order of the rule file, so that the text rendered without a warehouse is the text that runs.
        let mut columns = staging.columns.clone();
        if !staging.declared {
            let others = main.1.iter().filter(|(name, _)| !staging.brings(name));
            columns
                .extend(others.map(|(name, _)| Ident::parse(name)).collect::<Result<Vec<_>, _>>()?);
        }
        let all = || std::iter::once(main).chain(staged);
        columns.retain(|column| all().all(|table| type_of(table, column.as_str()).is_some()));
        let mut left_out = Vec::new();
        let arrives = |name: &str| columns.iter().any(|column: &Ident| column.same_column(name));
        let declared = staging.columns.iter().filter(|_| staging.declared);
        let needed = self.ranked_by().into_iter();
        let needed = needed.filter(|name| type_of(main, name).is_some() || self.row_id.reads(name));
        for name in declared.map(|column| column.as_str().to_owned()).chain(needed) {
            if !arrives(&name) {
                return Err(missing(&name, main, staged));
            }
        }
        for table in staged {
            if let Some(name) = staging.unreadable(table) {
                return Err(no_marker(name, table));
            }
            for (name, sql_type) in &table.1 {
                match type_of(main, name) {
                    Some(known) if arrives(name) && differ(*sql_type, known) => {
                        return Err(other_type(name, table, main));
                    }
                    _ if !arrives(name) && !staging.declared && !staging.tells_markers(name) => {
                        left_out.push((table.0.clone(), name.clone()));
                    }
                    _ => {}
                }
            }
        }
        let tables = staged.iter().map(|(table, _)| table.clone()).collect();
        let staging = Staging { tables, columns, left_out, ..staging.clone() };
        match staging.lacks_for_active(self) {
            Some(column) => Err(missing(column, main, staged)),
            None => Ok(staging),
        }
    }

    /// The columns that a matched row takes over from the staged one: all arriving ones, except its row id,
    /// its creation time (`written_at`), the columns it is matched by, and untouched ones.
    pub fn arriving_values(&self) -> Vec<&Ident> {
        let Some(staging) = &self.staging else { return Vec::new() };
        staging.columns.iter().filter(|column| !self.stays(column.as_str())).collect()
    }

    /// Whether a merge leaves this column of a matched row as it is.
    pub fn stays(&self, column: &str) -> bool {
        let touched_at = self.touched_at.as_ref().map(|(column, _)| column);
        // Any other value would make the row inactive.
        let flag = self.active.as_ref().and_then(|active| active.flag.as_ref());
        let flag = flag.filter(|flag| flag.is_exact).map(|flag| &flag.column);
        let own = [self.partition.column(), flag];
        let own = own.into_iter().chain([touched_at, self.written_at.as_ref()]).flatten();
        let untouched = self.staging.iter().flat_map(|staging| &staging.untouched);
        own.chain(untouched).any(|known| known.same_column(column))
            || self.row_id.stays(column)
            || self.key.iter().any(|key| {
                Ident::of_sql(key.as_str()).is_some_and(|known| known.same_column(column))
            })
    }

    /// The columns that the ranking reads.
    pub fn ranked_by(&self) -> BTreeSet<String> {
        // Rows of several dates are ranked by added columns, which are computed from these.
        let grouping = self.grouping.iter().flat_map(|(_, expr)| columns(expr));
        let read = columns(&self.ranking).into_iter().chain(grouping).map(|column| column.value);
        let read = read.filter(|column| !self.grouping.iter().any(|(added, _)| added == column));
        read.chain(self.row_id.columns.iter().cloned()).collect()
    }
}

fn type_of(table: &Described, column: &str) -> Option<Option<SqlType>> {
    let found = table.1.iter().find(|(name, _)| name.eq_ignore_ascii_case(column));
    found.map(|(_, sql_type)| *sql_type)
}

fn differ(one: Option<SqlType>, other: Option<SqlType>) -> bool {
    one.zip(other).is_some_and(|(one, other)| one != other)
}

fn missing(name: &str, main: &Described, staged: &[Described]) -> Error {
    let lacks = std::iter::once(main).chain(staged).find(|table| type_of(table, name).is_none());
    let table = lacks.map_or_else(|| main.0.dotted(), |table| table.0.dotted());
    Error::new(Kind::RuleFile, format!("table `{table}` has no column `{name}`")).help(
        "rows arrive with their key, the columns of `keep`, their row id, what tells whether they are active, and what `columns` of the staging section names",
    )
}

fn no_marker(name: &str, table: &Described) -> Error {
    let message =
        format!("table `{}` has no column `{name}`, which `deleted` reads", table.0.dotted());
    Error::new(Kind::RuleFile, message)
        .help(did_you_mean(name, table.1.iter().map(|(known, _)| known.as_str())))
}

fn other_type(name: &str, table: &Described, main: &Described) -> Error {
    let shown = |table: &Described| {
        type_of(table, name).flatten().map_or("unknown".to_owned(), |known| known.to_string())
    };
    let message = format!(
        "column `{name}` is {} in `{}` and {} in `{}`",
        shown(table),
        table.0.dotted(),
        shown(main),
        main.0.dotted()
    );
    Error::new(Kind::RuleFile, message)
        .help("give it one type, or leave it out of `columns` of the staging section")
}

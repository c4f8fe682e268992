//! Survivors whose values are merged from all rows of their key, per column.

use super::document::MergeSection;
use super::validate::RuleReader;
use super::{Rule, Strategy, is_nested};
use crate::error::Result;
use crate::googlesql::{Ident, SqlType, is_pseudo_column};

impl RuleReader<'_> {
    /// The columns of which a survivor takes the last non-NULL value: those that do not decide which row
    /// survives. ARRAY and STRUCT keep the survivor's value: an ARRAY is never NULL, and the fields of a
    /// STRUCT cannot be merged separately. Errors: another setting excludes merging; there is no such column.
    pub(super) fn merged(&self, deciding: &[(&str, String)]) -> Result<Vec<Ident>> {
        let Some(merge) = &self.section.merge else { return Ok(Vec::new()) };
        let MergeSection::LastNonNull = merge.get_ref();
        if self.strategy != Strategy::Rewrite {
            let step = self.strategy.step();
            let message = format!("`merge` has no effect with strategy {step}");
            return Err(self.source.error(merge, message).help(
                "set `strategy = \"rewrite\"`: a survivor that takes values of other rows is written anew",
            ));
        }
        let beside = |key: &str, reason: &str| {
            let message = format!("`merge` cannot be combined with `{key}`, {reason}");
            self.source.error(merge, message).help(format!("remove `merge` or `{key}`"))
        };
        if self.section.across.is_some() {
            return Err(beside("across", "which keeps a survivor as it is"));
        }
        if self.section.staging.is_some() {
            return Err(beside(
                "staging",
                "whose rows replace the ones that are there, NULLs and all",
            ));
        }
        if self.columns.is_empty() {
            return Err(self
                .source
                .error(merge, "`merge` needs to know the table's columns")
                .help("list them with their types in the rule's [columns]"));
        }
        let may_take = |(column, sql_type): &&(Ident, SqlType)| {
            let decides = deciding.iter().any(|(_, known)| column.same_column(known));
            !decides && !is_nested(*sql_type) && !is_pseudo_column(column.as_str())
        };
        let merged: Vec<Ident> =
            self.columns.iter().filter(may_take).map(|(column, _)| column.clone()).collect();
        match merged.is_empty() {
            false => Ok(merged),
            true => Err(self
                .source
                .error(merge, "`merge` has nothing to do: every listed column decides which row survives, or is nested")
                .help("remove it, or list the other columns of the table")),
        }
    }
}

impl Rule {
    /// The reason why the rule must list every column of its table, as the end of a sentence; `None` if it
    /// need not.
    pub(crate) fn lists_all_since(&self) -> Option<&'static str> {
        match self.partition.is_by_arrival() {
            _ if self.strategy != Strategy::Rewrite => None,
            _ if self.puts_together() => Some("survivors are put together column by column"),
            true => {
                Some("in a table partitioned by ingestion time rows are written column by column")
            }
            false => None,
        }
    }

    /// Whether survivors are merged from all rows of their key.
    pub fn puts_together(&self) -> bool {
        !self.merged.is_empty()
    }

    /// Whether a survivor takes the column's value from other rows of its key too.
    pub fn merges(&self, column: &str) -> bool {
        self.merged.iter().any(|known| known.same_column(column))
    }
}

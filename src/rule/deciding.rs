//! The columns that decide which row survives, and entries of key and keep that decide nothing.

use sqlparser::ast::Visit;
use toml::Spanned;

use super::expression::{Expression, parse_keep, parse_key};
use super::validate::{Parse, RuleReader};
use super::{Constant, FindVolatile, Partition};
use crate::error::{Error, Result};
use crate::googlesql::Ident;
use crate::visible::visible_line;

impl RuleReader<'_> {
    /// The entries of key and keep that are constant.
    pub(super) fn constants(&self, partition: &Partition) -> Result<Vec<Constant>> {
        let section = self.section;
        let keys = section.key.get_ref().iter().map(|entry| ("key", entry, parse_key as Parse));
        let keep = section.keep.get_ref().iter().map(|entry| ("keep", entry, parse_keep as Parse));
        let mut constants = Vec::new();
        for (role, entry, parse) in keys.chain(keep) {
            if let Some(constant) = self.entry(entry, role, parse)?.constant {
                let text = visible_line(entry.get_ref());
                let problem = format!("{role} entry `{text}` cannot be used: {constant}");
                constants.push(Constant { problem, place: self.source.place(entry.span()) });
            }
        }
        if constants.is_empty() && self.is_keyed_by_date(partition)? {
            let problem = format!(
                "the key reads {} alone, which is the same for every row of a date",
                partition.column().map_or("", Ident::as_str)
            );
            constants.push(Constant { problem, place: self.source.place(section.key.span()) });
        }
        Ok(constants)
    }

    /// Whether the key has a single value per date.
    fn is_keyed_by_date(&self, partition: &Partition) -> Result<bool> {
        let mut columns = Vec::new();
        for entry in self.section.key.get_ref() {
            columns.extend(self.entry(entry, "key", parse_key)?.columns);
        }
        Ok(partition.cut.is_point() && columns.iter().all(|column| partition.is_by(column)))
    }

    /// Checks that an expression depends only on the row. Errors: it does not; `wrong` builds the message.
    pub(super) fn of_the_row<T>(
        &self,
        at: &Spanned<T>,
        parsed: std::result::Result<Expression, String>,
        wrong: impl Fn(String) -> Error,
    ) -> Result<Expression> {
        let mut parsed = parsed.map_err(&wrong)?;
        if let Some(constant) = parsed.constant.take() {
            return Err(wrong(constant));
        }
        if let Some((what, _)) = parsed.tree.visit(&mut FindVolatile { clock: true }).break_value()
        {
            return Err(wrong(format!("{what} differs from run to run")));
        }
        for column in &parsed.columns {
            self.listed(at, column)?;
        }
        Ok(parsed)
    }

    /// The columns that decide which row survives, each with its role.
    pub(super) fn deciding(&self) -> Result<Vec<(&'static str, String)>> {
        let section = self.section;
        let roles =
            self.section.written_at.iter().map(|name| ("written_at", name.get_ref().clone()));
        let partition = self.partition_column().map(|column| ("partition", column.to_owned()));
        let mut deciding: Vec<(&str, String)> = partition.into_iter().chain(roles).collect();
        deciding.extend(self.row_id_reads().into_iter().map(|column| ("row_id", column)));
        deciding.extend(self.active_columns().into_iter().map(|column| ("active", column)));
        for entry in section.key.get_ref() {
            let columns = self.entry(entry, "key", parse_key)?.columns;
            deciding.extend(columns.into_iter().map(|column| ("key", column)));
        }
        for entry in section.keep.get_ref() {
            let columns = self.entry(entry, "keep", parse_keep)?.columns;
            deciding.extend(columns.into_iter().map(|column| ("keep", column)));
        }
        Ok(deciding)
    }
}

//! The identity of a row: a column, several, an expression, or one derived from the rule.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use toml::Spanned;

use super::expression::{Expression, parse_key, unless_column};
use super::validate::RuleReader;
use super::{Keep, Partition, Strategy, row};
use crate::error::Result;
use crate::googlesql::{Fragment, Ident, SqlType};
use crate::visible::visible_line;

/// The row id as the rule file has it.
#[derive(Debug, Clone, Deserialize, schemars::JsonSchema)]
#[serde(untagged, expecting = "a row id is a column, a list of columns, or an expression")]
pub(super) enum RowIdSection {
    /// A column, or an expression.
    One(String),
    /// Columns that name a row together.
    Several(Vec<String>),
}

/// The identity of a row.
#[derive(Debug, Clone, PartialEq)]
pub struct RowId {
    /// The kind of identity.
    pub kind: RowIdKind,
    /// Its value in a statement. For several columns it is JSON text, never NULL, and equal for two rows
    /// exactly if their values are equal, with NULL equal to NULL.
    pub value: Fragment,
    /// The expressions for PARTITION BY that are equal for rows that share their id. Empty if the whole row
    /// is the id: rows are either equal or not.
    pub parts: Vec<Fragment>,
    /// The columns that it reads; empty if the whole row is the id.
    pub columns: BTreeSet<String>,
}

/// The kind of a row's identity.
#[derive(Debug, Clone, PartialEq)]
pub enum RowIdKind {
    /// A column.
    Column(Ident),
    /// Several columns.
    Columns(Vec<Ident>),
    /// An expression.
    Expression,
    /// The key and the values of the keep order.
    KeyAndKeep,
    /// All of its columns.
    WholeRow,
}

impl RowId {
    /// Whether the id is this column alone.
    pub fn is_column(&self, column: &str) -> bool {
        matches!(&self.kind, RowIdKind::Column(known) if known.same_column(column))
    }

    /// Whether the id reads the column.
    pub fn reads(&self, column: &str) -> bool {
        self.columns.iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    /// Whether the id is the whole row.
    pub fn is_whole_row(&self) -> bool {
        self.kind == RowIdKind::WholeRow
    }

    /// Whether the value is JSON already.
    pub fn is_json(&self) -> bool {
        !matches!(self.kind, RowIdKind::Column(_) | RowIdKind::Expression)
    }

    /// The value as JSON, as in the removal log.
    pub fn json(&self) -> Fragment {
        match self.is_json() {
            true => self.value.clone(),
            false => Fragment::trusted(format!("TO_JSON_STRING({})", self.value)),
        }
    }

    /// Whether a matched row keeps this column in a merge because the column identifies it. False for an id
    /// that changes with the row's values.
    pub(super) fn stays(&self, column: &str) -> bool {
        !matches!(self.kind, RowIdKind::KeyAndKeep | RowIdKind::WholeRow) && self.reads(column)
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            RowIdKind::Column(column) => f.write_str(column.as_str()),
            RowIdKind::Columns(columns) => {
                let names: Vec<&str> = columns.iter().map(Ident::as_str).collect();
                f.write_str(&names.join(", "))
            }
            RowIdKind::Expression => self.value.fmt(f),
            RowIdKind::KeyAndKeep => f.write_str("key and keep"),
            RowIdKind::WholeRow => f.write_str("the whole row"),
        }
    }
}

impl RuleReader<'_> {
    pub(super) fn row_id(
        &self,
        partition: &Partition,
        key: &[Fragment],
        keep: &[Keep],
    ) -> Result<RowId> {
        match &self.section.row_id {
            None if self.strategy == Strategy::Rewrite => Ok(RowId {
                kind: RowIdKind::WholeRow,
                value: row(partition, &self.columns, "_PARTITIONTIME"),
                parts: Vec::new(),
                columns: BTreeSet::new(),
            }),
            None => self.key_and_keep(key, keep),
            Some(section) => match section.get_ref() {
                RowIdSection::One(text) => match unless_column(text, &self.columns) {
                    None => self.row_id_column(section, text),
                    Some(parsed) => self.row_id_expression(section, text, parsed),
                },
                RowIdSection::Several(names) => match names.as_slice() {
                    [] => Err(self
                        .source
                        .error(section, "`row_id` is empty")
                        .help("name the columns that name one row, or remove it")),
                    [only] => self.row_id_column(section, only),
                    names => self.row_id_columns(section, names),
                },
            },
        }
    }

    /// The columns of the id, as given in the rule file.
    pub(super) fn row_id_reads(&self) -> BTreeSet<String> {
        match self.section.row_id.as_ref().map(Spanned::get_ref) {
            None => BTreeSet::new(),
            Some(RowIdSection::Several(names)) => names.iter().cloned().collect(),
            Some(RowIdSection::One(text)) => match unless_column(text, &self.columns) {
                Some(Ok(parsed)) => parsed.columns,
                _ => BTreeSet::from([text.clone()]),
            },
        }
    }

    fn row_id_column(&self, at: &Spanned<RowIdSection>, name: &str) -> Result<RowId> {
        let column = self.id_column(at, name)?;
        Ok(RowId {
            value: Fragment::trusted(column.to_string()),
            parts: vec![Fragment::trusted(column.to_string())],
            columns: BTreeSet::from([column.as_str().to_owned()]),
            kind: RowIdKind::Column(column),
        })
    }

    fn row_id_columns(&self, at: &Spanned<RowIdSection>, names: &[String]) -> Result<RowId> {
        let mut columns: Vec<Ident> = Vec::new();
        for name in names {
            let column = self.id_column(at, name)?;
            if columns.iter().any(|known| known.same_column(column.as_str())) {
                return Err(self.source.error(at, format!("`{column}` is in `row_id` twice")));
            }
            columns.push(column);
        }
        let parts: Vec<Fragment> =
            columns.iter().map(|column| Fragment::trusted(column.to_string())).collect();
        Ok(RowId {
            value: json_of(&parts),
            parts,
            columns: columns.iter().map(|column| column.as_str().to_owned()).collect(),
            kind: RowIdKind::Columns(columns),
        })
    }

    fn id_column(&self, at: &Spanned<RowIdSection>, name: &str) -> Result<Ident> {
        let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name);
        let column = Ident::parse(name).map_err(|error| self.at(at, error))?;
        match self.listed(at, column.as_str())? {
            Some(listed) if !listed.can_be_key() => Err(self
                .source
                .error(at, format!("`row_id` is {column}, which is of type {listed}"))
                .help("a row id must be comparable for equality, such as STRING or INT64")),
            _ => Ok(column),
        }
    }

    fn row_id_expression(
        &self,
        at: &Spanned<RowIdSection>,
        text: &str,
        parsed: Result<Expression, String>,
    ) -> Result<RowId> {
        let wrong = |problem: String| {
            let message = format!("`row_id` is `{}`: {problem}", visible_line(text));
            self.source
                .error(at, message)
                .help("name a column, a list of columns, or an expression over columns of the row")
        };
        let parsed = self.of_the_row(at, parsed, wrong)?;
        let value = match &parsed.tree {
            sqlparser::ast::Expr::Function(_) => text.trim().to_owned(),
            _ => format!("({})", text.trim()),
        };
        Ok(RowId {
            kind: RowIdKind::Expression,
            parts: vec![Fragment::trusted(value.clone())],
            value: Fragment::trusted(value),
            columns: parsed.columns,
        })
    }

    /// The id of a row without an id column: two rows that are equal in key and keep order share it.
    fn key_and_keep(&self, key: &[Fragment], keep: &[Keep]) -> Result<RowId> {
        for (entry, text) in keep.iter().zip(self.section.keep.get_ref()) {
            if let Some(column) = &entry.column
                && let Some(listed) = self.listed(text, column)?
                && !listed.can_be_key()
            {
                let message = format!(
                    "the rule has no `row_id`, and `keep` orders by {column}, which is of type {listed}: nothing names one row"
                );
                return Err(self
                    .source
                    .error(text, message)
                    .help("say in `row_id` what names one row: a column, or a list of columns"));
            }
        }
        let mut parts: Vec<Fragment> = key.to_vec();
        for entry in keep {
            if !parts.contains(&entry.value) {
                parts.push(entry.value.clone());
            }
        }
        let deciding = self.deciding()?.into_iter();
        let columns = deciding.filter(|(role, _)| ["key", "keep"].contains(role));
        Ok(RowId {
            kind: RowIdKind::KeyAndKeep,
            value: json_of(&parts),
            parts,
            columns: columns.map(|(_, column)| column).collect(),
        })
    }

    /// Why two rows of a key can be equal in all of `keep` without sharing their id, as a phrase.
    pub(super) fn undetermined(
        &self,
        row_id: &RowId,
        key: &[Fragment],
        keep: &[Keep],
    ) -> Option<String> {
        let last = keep.last()?;
        let ends_in = |column: &str| {
            last.column.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(column))
        };
        let in_keep = |column: &str| {
            let mut columns = keep.iter().filter_map(|entry| entry.column.as_deref());
            columns.any(|known| known.eq_ignore_ascii_case(column)) && self.is_exact(column)
        };
        let in_key = |column: &str| {
            key.iter().any(|key| key.as_str().trim_matches('`').eq_ignore_ascii_case(column))
        };
        let tells = |columns: &BTreeSet<String>| {
            columns.iter().any(|column| in_keep(column))
                && columns.iter().all(|column| in_keep(column) || in_key(column))
        };
        let determined = match &row_id.kind {
            RowIdKind::Column(column) => ends_in(column.as_str()),
            RowIdKind::Columns(_) => tells(&row_id.columns),
            RowIdKind::Expression => is_text(row_id, last) || tells(&row_id.columns),
            RowIdKind::KeyAndKeep | RowIdKind::WholeRow => true,
        };
        (!determined).then(|| {
            format!(
                "keep ends in `{}`, which two rows can share: which of them survives would be chance",
                last.order
            )
        })
    }

    /// Whether values of the column that compare as equal are identical, unlike 0.0 and -0.0.
    fn is_exact(&self, column: &str) -> bool {
        let known = self.columns.iter().find(|(known, _)| known.same_column(column));
        known.is_none_or(|(_, sql_type)| sql_type.can_be_key() && *sql_type != SqlType::Interval)
    }
}

/// Whether the entry of keep orders by the row id itself.
fn is_text(row_id: &RowId, entry: &Keep) -> bool {
    let text = parse_key(row_id.value.as_str()).map(|parsed| parsed.text);
    let value = entry.value.as_str();
    text.is_ok_and(|text| text == value || text == format!("({value})"))
}

/// The values as one text, equal exactly if all values are. A column keeps its name; other values get one.
fn json_of(parts: &[Fragment]) -> Fragment {
    let named = parts.iter().enumerate().map(|(at, part)| {
        let is_column = parse_key(part.as_str()).is_ok_and(|parsed| parsed.plain_column.is_some());
        match is_column || Ident::parse(part.as_str().trim_matches('`')).is_ok() {
            true => part.to_string(),
            false => format!("{part} AS value_{}", at + 1),
        }
    });
    Fragment::trusted(format!("TO_JSON_STRING(STRUCT({}))", named.collect::<Vec<_>>().join(", ")))
}

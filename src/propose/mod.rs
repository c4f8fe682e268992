//! Proposing a rule for a table that has none, from its metadata, its columns' names and types, and counts of
//! its rows. Pure: what is known goes in, a rule with a reason for each setting comes out.

mod counts;
mod key;
pub(crate) mod names;
mod order;
mod partition;
mod text;

use crate::error::{Error, Kind, Result, did_you_mean};
use crate::googlesql::{Ident, SqlType, TableName};
use crate::rule::RuleName;
use crate::warehouse::{Description, TableKind};

pub use counts::{Counts, Tally};
pub use names::rule as rule_name;
pub use text::schema_line;
pub(crate) use text::{quoted, toml_key};

/// What is known of a table.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The table.
    pub table: TableName,
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// Its columns that are left out: names or types that onerow does not know.
    pub left_out: Vec<String>,
    /// Its metadata.
    pub description: Description,
    /// Whether its name may be that of one of the tables that each hold a date.
    pub may_be_sharded: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: Ident,
    /// Its type without the types nested in it.
    pub sql_type: SqlType,
    /// Its type as GoogleSQL writes it, with the types nested in it.
    pub full_type: String,
}

/// What a person has already decided.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The key: columns or expressions.
    pub key: Vec<String>,
    /// The order of survival.
    pub keep: Vec<String>,
    /// The partition column, or `none`.
    pub partition: Option<String>,
    /// The condition of active rows.
    pub active: Option<String>,
    /// The column that names a row.
    pub row_id: Option<String>,
}

/// A proposed rule.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The rule's name.
    pub name: RuleName,
    /// The settings, in the order of the rule file.
    pub settings: Vec<Setting>,
    /// The columns, as the rule lists them: name and type.
    pub columns: Vec<(Ident, String)>,
    /// What a person should know about the table, a sentence each.
    pub notes: Vec<String>,
}

/// One setting of a rule, with the reason for its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// Its name in the rule file.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// Why it has this value.
    pub why: String,
    /// Whether only a person can tell that it is right.
    pub look: bool,
}

/// The value of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A list of texts.
    List(Vec<String>),
    /// Yes or no.
    Flag(bool),
}

impl Setting {
    fn certain(name: &'static str, value: impl Into<Value>, why: impl Into<String>) -> Self {
        Self { name, value: value.into(), why: why.into(), look: false }
    }

    fn guess(name: &'static str, value: impl Into<Value>, why: impl Into<String>) -> Self {
        Self { name, value: value.into(), why: why.into(), look: true }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<Vec<String>> for Value {
    fn from(list: Vec<String>) -> Self {
        Self::List(list)
    }
}

impl Seen {
    /// The columns of this description; `full_types` has them with nested types, in the same order.
    ///
    /// # Errors
    /// It is not a table whose rows can be changed, or it has no columns.
    pub fn of(
        table: TableName,
        description: Description,
        full_types: impl Iterator<Item = String>,
    ) -> Result<Self> {
        let what = match &description.details.kind {
            TableKind::Table => None,
            TableKind::View => Some("a view"),
            TableKind::MaterializedView => Some("a materialized view"),
            TableKind::External => Some("an external table"),
            TableKind::Snapshot => Some("a snapshot"),
            TableKind::Other(_) => Some("not a table that onerow knows"),
        };
        if let Some(what) = what {
            let message = format!("`{}` is {what}: its rows cannot be changed", table.dotted());
            return Err(Error::new(Kind::Usage, message).help("name the table that holds the rows"));
        }
        let (mut columns, mut left_out) = (Vec::new(), Vec::new());
        for ((name, sql_type), full_type) in description.columns.iter().zip(full_types) {
            match (Ident::parse(name), sql_type) {
                (Ok(name), Some(sql_type)) => {
                    columns.push(Column { name, sql_type: *sql_type, full_type });
                }
                _ => left_out.push(format!("{} {full_type}", name.escape_debug())),
            }
        }
        if columns.is_empty() {
            let message = format!("`{}` has no columns", table.dotted());
            return Err(Error::new(Kind::Usage, message).help("create its columns first"));
        }
        Ok(Self { table, columns, left_out, description, may_be_sharded: false })
    }

    fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.same_column(name))
    }

    /// The error for a name that a person gave.
    fn unknown(&self, name: &str) -> Error {
        let message = format!("`{}` has no column `{name}`", self.table.dotted());
        let known = self.columns.iter().map(|column| column.name.as_str());
        Error::new(Kind::UnknownName, message).help(did_you_mean(name, known))
    }

    /// Refuses a wish that names a column that is not there. Expressions are for the rule's own checks.
    fn knows(&self, wishes: &Wishes) -> Result<()> {
        let Wishes { key, keep, partition, active, row_id } = wishes;
        let first_words = keep.iter().filter_map(|order| order.split_whitespace().next());
        let named = key.iter().map(String::as_str).chain(first_words);
        let named = named.chain([active, row_id].into_iter().flatten().map(String::as_str));
        let named = named.filter_map(Ident::of_sql).map(|column| column.as_str().to_owned());
        let partition = partition.iter().filter(|name| !name.eq_ignore_ascii_case("none")).cloned();
        match named.chain(partition).find(|name| self.column(name).is_none()) {
            Some(unknown) => Err(self.unknown(&unknown)),
            None => Ok(()),
        }
    }
}

impl Column {
    /// Whether BigQuery can group by it, so that it can be part of a key.
    fn is_groupable(&self) -> bool {
        !matches!(
            self.sql_type,
            SqlType::Float64
                | SqlType::Json
                | SqlType::Array
                | SqlType::Struct
                | SqlType::Geography
                | SqlType::Interval
                | SqlType::Range
        )
    }

    /// Whether it holds an instant or a time of day without a zone.
    fn is_time(&self) -> bool {
        matches!(self.sql_type, SqlType::Timestamp | SqlType::Datetime)
    }
}

/// Proposes a rule. Without counts, names and metadata decide alone.
///
/// # Errors
/// No column could be part of a key.
pub fn propose(seen: &Seen, counts: Option<&Counts>, wishes: &Wishes) -> Result<Proposal> {
    seen.knows(wishes)?;
    let partition = partition::propose(seen, wishes)?;
    let active = order::active(seen, wishes);
    let chosen = key::propose(seen, counts, wishes, partition.column.as_deref(), active.is_some())?;
    let times = order::times(seen, &chosen);
    let mut settings = vec![Setting::certain("table", partition.table.dotted(), "")];
    let strategy = strategy(active.as_ref(), &chosen, counts);
    settings.push(strategy.clone());
    settings.extend(partition.settings);
    settings.push(chosen.key.clone());
    settings.push(order::keep(seen, &chosen, &times, &strategy, wishes));
    if let Some(row_id) = &chosen.row_id
        && strategy.value != Value::from("rewrite")
    {
        settings.push(row_id.clone());
    }
    if strategy.value == Value::from("delete") {
        let why = "the removal log keeps deleted rows, so that undo can restore them";
        settings.push(Setting::certain("keep_rows", true, why));
    }
    settings.extend(active);
    settings.extend(order::written_at(&times));
    settings.extend(partition.column.is_some().then(|| partition::time_zone(seen)));
    let mut columns: Vec<(Ident, String)> =
        seen.columns.iter().map(|column| (column.name.clone(), column.full_type.clone())).collect();
    columns.splice(0..0, partition.pseudo_column);
    let mut notes = Vec::new();
    if !seen.left_out.is_empty() {
        notes.push(format!(
            "onerow does not know these columns, and the rule does not list them: {}. A rewrite of a table that is partitioned by the time of arrival needs all of them.",
            seen.left_out.join(", ")
        ));
    }
    if let Some(copies) = counts.and_then(Counts::copies) {
        let exact = counts.is_some_and(|counts| counts.exact);
        notes.push(format!(
            "{} in every column. No key and no order can tell them apart, so the rule rewrites dates.",
            equal_rows(copies, exact),
        ));
    }
    notes.extend(chosen.notes);
    notes.extend(names::tool(seen));
    notes.extend(order::operation(seen));
    let name = names::rule(&partition.table)?;
    Ok(Proposal { name, settings, columns, notes })
}

fn equal_rows(copies: u64, exact: bool) -> String {
    let about = if exact { "" } else { "about " };
    match copies {
        1 => format!("{about}1 row is equal to another"),
        copies => format!("{about}{copies} rows are equal to others"),
    }
}

/// What happens to duplicates.
fn strategy(active: Option<&Setting>, chosen: &key::Chosen, counts: Option<&Counts>) -> Setting {
    let copies = counts.and_then(|counts| Some((counts.copies()?, counts.exact)));
    match (copies, active, &chosen.row_id) {
        (Some((copies, exact)), _, _) => Setting {
            look: !exact,
            ..Setting::certain(
                "strategy",
                "rewrite",
                format!(
                    "{} in every column, which only a rewrite can tell apart",
                    equal_rows(copies, exact)
                ),
            )
        },
        (None, Some(active), _) => Setting {
            look: active.look,
            ..Setting::certain(
                "strategy",
                "deactivate",
                "a column says which rows count, so that duplicates can stay",
            )
        },
        (None, None, Some(_)) => Setting::guess(
            "strategy",
            "delete",
            "no column says which rows count, so duplicates go; each has an id of its own",
        ),
        (None, None, None) => Setting::guess(
            "strategy",
            "rewrite",
            "no column says which rows count, and none names a row: a date's rows are replaced by those that stay",
        ),
    }
}

#[cfg(test)]
mod tests;

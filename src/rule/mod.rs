//! The rule: what 'one row' means for one table. Validated when read, trusted afterwards.

mod across;
mod active;
mod batch;
mod deciding;
mod document;
mod expression;
mod file;
mod format;
mod merge;
mod misread;
mod name;
mod partition;
mod row_id;
mod schema;
mod secret;
mod staging;
mod steps;
mod strategy;
mod validate;
mod vars;
mod volatile;
mod warehouse;
mod webhook;
mod written;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use sqlparser::ast::Expr;

use crate::error::{Place, Result};
use crate::googlesql::{Fragment, Ident, Nested, SqlType, SqlValue, TableName, is_pseudo_column};
use crate::removals::RemovalLog;
use crate::statement::StepName;
pub use crate::step::Scope;
use crate::window::{Day, Window, WindowArg};

pub use across::Across;
pub(crate) use across::Added;
pub use active::{Active, Flag};
pub use batch::DatesPerStatement;
pub(crate) use document::Source;
pub(crate) use expression::{is_literal, unless_column};
pub use file::RuleFile;
pub(crate) use file::toml;
pub use format::{Numbers, Texts};
pub use name::{RoutineName, RuleName, WarehouseName, WebhookName};
pub use partition::{Cut, LocalDays, Partition, Period};
pub use row_id::{RowId, RowIdKind};
pub use schema::schema;
pub use staging::{Deleted, Described, Staging};
pub use strategy::Strategy;
pub use vars::VarArg;
pub(crate) use volatile::{FindVolatile, Volatile};
pub(crate) use warehouse::SMALLEST_BILL;
pub use warehouse::{BigQuerySettings, Credentials, Priority, Warehouse, WarehouseType};
pub use webhook::Webhook;
pub use written::{Unit, WrittenAs};

/// One rule of the rule file.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: RuleName,
    /// The table; the wildcard name of date-sharded tables.
    pub table: TableName,
    /// The read-side view.
    pub view: TableName,
    /// Whether the removal log stores removed rows in full.
    pub keep_rows: bool,
    /// The removal logs of the rule file's warehouses.
    pub removal_logs: Vec<RemovalLog>,
    /// What happens to duplicates.
    pub strategy: Strategy,
    /// The columns of which a survivor takes the last non-NULL value of its key, in file order. Empty unless
    /// the rule has `merge`.
    pub merged: Vec<Ident>,
    /// The staging tables to merge into the table.
    pub staging: Option<Staging>,
    /// How rows are assigned to dates.
    pub partition: Partition,
    /// The number of dates before and after its own on which a row is compared with rows of its key.
    pub across: Option<Across>,
    /// Columns or expressions that identify one thing; at least one.
    pub key: Vec<Fragment>,
    /// The order of survival; the first row stays. At least one entry.
    pub keep: Vec<Keep>,
    /// The entries of key and keep that are constant; `check` refuses them.
    pub(crate) constants: Vec<Constant>,
    /// The window function that partition, key and keep define, parsed: a statement's own ranking is compared
    /// with it.
    pub ranking: Expr,
    /// The expressions of the groups in a ranking across dates.
    pub(crate) grouping: Vec<Added>,
    /// The same for the ranking of all rows, active ones first, used for counting.
    pub(crate) counted_grouping: Vec<Added>,
    /// The ranking of all rows, active ones first, used for counting.
    pub counted_ranking: Expr,
    /// The ranking together with staged rows: of equal rows, the existing one is first.
    pub staged_ranking: Expr,
    /// The identity of a row.
    pub row_id: RowId,
    /// Why two rows of a key can be equal in all of `keep` without sharing their id, as a phrase.
    pub(crate) undetermined: Option<String>,
    /// The definition of active rows. If absent, which `deactivate` does not allow, every row is active.
    pub active: Option<Active>,
    /// The reaction to keys that have rows on a date but no active one.
    pub on_keyless: OnKeyless,
    /// The column that is set to the current time on deactivation, and its type.
    pub touched_at: Option<(Ident, SqlType)>,
    /// The column with the time at which a row reached the table.
    pub written_at: Option<Ident>,
    /// The same column, if rows are rewritten and `keep` does not order by it: of rows that are equal in all
    /// of `keep`, the one written first ranks first.
    pub(crate) settles: Option<Ident>,
    /// Whether all counts depend only on the columns of the rule, if rows are rewritten.
    pub(crate) counts_narrowly: bool,
    /// The type in which `written_at` stores the time.
    pub written_as: WrittenAs,
    /// How long after `written_at` a row may still be buffered.
    pub settle: SignedDuration,
    /// The time zone of TODAY and YESTERDAY.
    pub time_zone: TimeZone,
    /// The number of dates per statement that removes rows.
    pub dates_per_statement: DatesPerStatement,
    /// Whether the account that runs onerow sees every row and the true value of every column, despite row
    /// access policies or policy tags.
    pub full_access: bool,
    /// The columns that decide which row survives, each with its role: partition, key, keep, row_id, active,
    /// written_at.
    pub(crate) deciding: Vec<(&'static str, String)>,
    /// Functions and table functions that statements may call besides those of GoogleSQL.
    pub routines: Vec<RoutineName>,
    /// The listed columns of the table, in file order.
    pub columns: Vec<(Ident, SqlType)>,
    /// The full types of nested columns, where given.
    pub nested: Vec<(Ident, Nested)>,
    /// The project's variables for its templates.
    pub vars: Vec<(Ident, SqlValue)>,
    /// The steps of `apply`, in order; includes detect, the strategy's step and verify, in that order.
    pub steps: Vec<Step>,
}

impl Rule {
    /// How often a step's template is rendered for a window.
    pub fn scope_of(&self, step: &StepName) -> Scope {
        let scope = match self.steps.iter().find(|known| known.name == *step) {
            Some(known) => known.scope,
            None => step.row().scope,
        };
        match scope {
            Scope::Window if self.partition.is_sharded() => Scope::Date,
            scope => scope,
        }
    }

    /// The table of this date: the shard of a date-sharded table, otherwise the rule's table.
    pub fn table_on(&self, day: Day) -> TableName {
        match day.date() {
            Some(date) => self.table.shard(&date.strftime("%Y%m%d").to_string()),
            None => self.table.clone(),
        }
    }

    /// The table of a statement about these dates.
    pub fn table_of(&self, window: &Window) -> TableName {
        window.only().map_or_else(|| self.table.clone(), |day| self.table_on(day))
    }

    /// Whether it is the rule's table, or one of its date shards.
    pub fn has_table(&self, table: &TableName) -> bool {
        if !self.partition.is_sharded() {
            return *table == self.table;
        }
        let ending = table.table().get(self.table.table().len() - 1..);
        let date = ending.and_then(|ending| Date::strptime("%Y%m%d", ending).ok());
        date.is_some_and(|date| self.table_on(Day::from(date)) == *table)
    }

    /// Whether the column decides which row survives.
    pub(crate) fn is_decided_by(&self, column: &str) -> bool {
        self.deciding.iter().any(|(_, known)| known.eq_ignore_ascii_case(column))
    }

    /// The listed columns that the table stores, in file order.
    pub fn stored_columns(&self) -> impl Iterator<Item = &Ident> {
        stored(&self.columns)
    }

    /// The stored columns that are not nested.
    pub(crate) fn plain_columns(&self) -> impl Iterator<Item = &Ident> {
        let plain = |(_, sql_type): &&(Ident, SqlType)| !is_nested(*sql_type);
        let plain = self.columns.iter().filter(plain).map(|(column, _)| column);
        plain.filter(|column| !is_pseudo_column(column.as_str()))
    }

    /// The whole row as JSON, for a statement that calls it `onerow_row`. For an ingestion-time partitioned
    /// table it includes the ingestion time, which is not a column.
    pub(crate) fn row(&self) -> Fragment {
        row(&self.partition, &self.columns, "_PARTITIONTIME")
    }

    /// The whole row as JSON, for a row of a before image.
    pub(crate) fn row_set_aside(&self) -> Fragment {
        row(&self.partition, &self.columns, "onerow_arrived")
    }

    /// The columns that the table must have, each with its role.
    pub(crate) fn columns_in_use(&self) -> impl Iterator<Item = (&str, &'static str)> {
        let by_arrival = self.partition.is_by_arrival();
        let deciding = self.deciding.iter().map(|(role, column)| (column.as_str(), *role));
        let touched_at = self.touched_at.iter().map(|(column, _)| (column.as_str(), "touched_at"));
        deciding.filter(move |(_, role)| !(by_arrival && *role == "partition")).chain(touched_at)
    }

    /// Resolves dates at the instant `now` to the periods of the table's partitions: one per month or year
    /// for those formats; all rows if the rule has no dates.
    ///
    /// # Errors
    /// Those of [`WindowArg::resolve`].
    pub fn window(&self, dates: &WindowArg, now: Timestamp) -> Result<Window> {
        match self.partition.is_whole() {
            true => Ok(Window::whole()),
            false => self.periods(&dates.resolve(now, &self.time_zone)?),
        }
    }

    /// The dates of a window, as periods of the table's partitions.
    pub(crate) fn periods(&self, window: &Window) -> Result<Window> {
        Window::of_days(window.days().iter().map(|day| self.partition.period(*day)).collect())
    }

    /// Whether a statement of the rule may name this column.
    pub fn reads(&self, column: &str) -> bool {
        let listed = self.columns.iter().map(|(column, _)| column);
        let staged = self.staging.iter().flat_map(|staging| &staging.columns);
        let roles = [self.partition.column(), self.written_at.as_ref()];
        let touched_at = self.touched_at.as_ref().map(|(column, _)| column);
        let roles = roles.into_iter().chain([touched_at]).flatten();
        listed.chain(staged).chain(roles).any(|known| known.same_column(column))
            || self.active.as_ref().is_some_and(|active| active.reads(column))
            || self.ranked_by().iter().any(|known| known.eq_ignore_ascii_case(column))
    }

    /// Whether statements may call the routine of this name. BigQuery's routine names are case-sensitive.
    /// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/lexical#case_sensitivity>
    pub(crate) fn may_call(&self, routine: &str) -> bool {
        self.routines.iter().any(|known| known.as_str() == routine)
    }

    /// Whether the UPDATE of a custom step may remove the last active row of a key.
    pub(crate) fn may_remove_keys(&self, step: &StepName) -> bool {
        self.steps.iter().any(|known| known.name == *step && known.may_remove_keys)
    }
}

/// One entry of the order of survival.
#[derive(Debug, Clone)]
pub struct Keep {
    /// `created_at DESC`, as in the rule file.
    pub order: Fragment,
    /// `created_at`: the sort expression.
    pub value: Fragment,
    /// The column, if the entry is one and not an expression.
    pub column: Option<String>,
    /// The place in the rule file.
    pub place: Place,
}

/// A constant entry of key or keep.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    /// The problem, as a sentence.
    pub problem: String,
    /// The place in the rule file.
    pub place: Place,
}

/// A step of a rule.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name; its template is `<name>.sql`.
    pub name: StepName,
    /// How often it is rendered for a window.
    pub scope: Scope,
    /// Whether its UPDATE may remove the last active row of a key.
    pub may_remove_keys: bool,
}

/// What is made of keys that have rows on a date and no active one: ended on purpose, or removed by
/// mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnKeyless {
    /// Nothing: such keys are meant to end.
    Ignore,
    /// The date is called `keyless`, and the command succeeds.
    #[default]
    Warn,
    /// The date is called `keyless`, and the command fails.
    Fail,
}

fn is_nested(sql_type: SqlType) -> bool {
    matches!(sql_type, SqlType::Array | SqlType::Struct)
}

fn stored(columns: &[(Ident, SqlType)]) -> impl Iterator<Item = &Ident> {
    columns.iter().map(|(column, _)| column).filter(|column| !is_pseudo_column(column.as_str()))
}

fn row(partition: &Partition, columns: &[(Ident, SqlType)], arrived: &str) -> Fragment {
    Fragment::trusted(match partition.is_by_arrival() {
        false => "TO_JSON_STRING(onerow_row)".to_owned(),
        true => {
            let mut columns: Vec<&Ident> = stored(columns).collect();
            // Sorted: this text identifies a row, whatever the order in the rule file.
            columns.sort_by_key(|column| column.as_str().to_ascii_lowercase());
            let columns: String = columns.into_iter().map(|column| format!("{column}, ")).collect();
            format!("TO_JSON_STRING(STRUCT({columns}{arrived} AS onerow_arrived))")
        }
    })
}

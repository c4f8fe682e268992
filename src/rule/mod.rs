//! The rule: what 'one row' means for one table. Checked when it is read, trusted afterwards.

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
pub use file::RuleFile;
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
    /// The table it is about; where each date has a table of its own, what stands for all of them.
    pub table: TableName,
    /// The read-side view.
    pub view: TableName,
    /// Whether the removal log keeps removed rows as a whole.
    pub keep_rows: bool,
    /// The removal logs of the rule file's warehouses.
    pub removal_logs: Vec<RemovalLog>,
    /// What happens to superseded rows.
    pub strategy: Strategy,
    /// The columns of which a survivor has the last value of its key that is not NULL, in file order. None,
    /// unless the rule has `merge`.
    pub merged: Vec<Ident>,
    /// Where rows wait to be merged into the table.
    pub staging: Option<Staging>,
    /// How the table is cut into dates.
    pub partition: Partition,
    /// On how many dates before and after its own a row is compared with the rows of its key.
    pub across: Option<Across>,
    /// Columns or expressions that name one thing; at least one.
    pub key: Vec<Fragment>,
    /// The order of survival; the first row stays. At least one entry.
    pub keep: Vec<Keep>,
    /// The entries of key and keep that are the same for every row; `check` refuses them.
    pub(crate) constants: Vec<Constant>,
    /// The window function that partition, key and keep define, parsed: what a statement's own
    /// ranking is compared with.
    pub ranking: Expr,
    /// Where the rule looks across dates: what defines the groups that the ranking names.
    pub(crate) grouping: Vec<Added>,
    /// The same over all rows, the active ones first, as they are counted.
    pub(crate) counted_grouping: Vec<Added>,
    /// The same over all rows, the active ones first, as they are counted.
    pub counted_ranking: Expr,
    /// The same together with staged rows: of equal rows, the one that is there already is first.
    pub staged_ranking: Expr,
    /// What names one row.
    pub row_id: RowId,
    /// Why two rows of a key can be equal in all that `keep` looks at and not share their id, as a phrase.
    pub(crate) undetermined: Option<String>,
    /// Which rows count. Where nothing says so, which `deactivate` does not allow, every row is active.
    pub active: Option<Active>,
    /// What is made of keys that have rows on a date and no active one.
    pub on_keyless: OnKeyless,
    /// The column that is set to the current time on deactivation, and its type.
    pub touched_at: Option<(Ident, SqlType)>,
    /// The column that says when a row reached the table.
    pub written_at: Option<Ident>,
    /// The same column, where rows are rewritten and `keep` does not order by it: of rows that are alike in all of
    /// `keep`, the one that was written first is first.
    pub(crate) settles: Option<Ident>,
    /// Whether no count depends on more of a row than the columns of the rule, where rows are rewritten.
    pub(crate) counts_narrowly: bool,
    /// How it says so.
    pub written_as: WrittenAs,
    /// How long after `written_at` a row may still be buffered.
    pub settle: SignedDuration,
    /// The zone in which TODAY and YESTERDAY are meant.
    pub time_zone: TimeZone,
    /// How many dates share one statement that removes rows.
    pub dates_per_statement: DatesPerStatement,
    /// Whether the account that runs onerow sees every row and the true value of every column, although the
    /// table has row access policies or policy tags.
    pub full_access: bool,
    /// The columns on which it depends which row survives, each with its role: partition, key, keep, row_id,
    /// active, written_at.
    pub(crate) deciding: Vec<(&'static str, String)>,
    /// Functions and table functions that statements may call besides those of GoogleSQL.
    pub routines: Vec<RoutineName>,
    /// The table's columns as far as the rule lists them, in file order.
    pub columns: Vec<(Ident, SqlType)>,
    /// The whole types of those that are nested, where the rule says them.
    pub nested: Vec<(Ident, Nested)>,
    /// Values of the project's own, for its templates.
    pub vars: Vec<(Ident, SqlValue)>,
    /// What `apply` does, in order; holds detect, the strategy's step and verify in that order.
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

    /// The table that holds the rows of this date; where each date has none of its own, the rule's.
    pub fn table_on(&self, day: Day) -> TableName {
        match day.date() {
            Some(date) => self.table.shard(&date.strftime("%Y%m%d").to_string()),
            None => self.table.clone(),
        }
    }

    /// The table that a statement about these dates is about.
    pub fn table_of(&self, window: &Window) -> TableName {
        window.only().map_or_else(|| self.table.clone(), |day| self.table_on(day))
    }

    /// Whether it is the rule's table; where each date has one, whether it is that of a date.
    pub fn has_table(&self, table: &TableName) -> bool {
        if !self.partition.is_sharded() {
            return *table == self.table;
        }
        let ending = table.table().get(self.table.table().len() - 1..);
        let date = ending.and_then(|ending| Date::strptime("%Y%m%d", ending).ok());
        date.is_some_and(|date| self.table_on(Day::from(date)) == *table)
    }

    /// Whether which row survives depends on the column.
    pub(crate) fn is_decided_by(&self, column: &str) -> bool {
        self.deciding.iter().any(|(_, known)| known.eq_ignore_ascii_case(column))
    }

    /// The listed columns that the table stores, in file order.
    pub fn stored_columns(&self) -> impl Iterator<Item = &Ident> {
        stored(&self.columns)
    }

    /// Those of them that are not nested.
    pub(crate) fn plain_columns(&self) -> impl Iterator<Item = &Ident> {
        let plain = |(_, sql_type): &&(Ident, SqlType)| !is_nested(*sql_type);
        let plain = self.columns.iter().filter(plain).map(|(column, _)| column);
        plain.filter(|column| !is_pseudo_column(column.as_str()))
    }

    /// The whole row as JSON, for a statement that calls it `onerow_row`. Where the table is partitioned by the
    /// time of arrival, which is no column, that is in it too.
    pub(crate) fn row(&self) -> Fragment {
        row(&self.partition, &self.columns, "_PARTITIONTIME")
    }

    /// The same, of a row that was set aside.
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

    /// The dates that people mean at the instant `now`, as the table's partitions have them: one for each
    /// month or year, where the partition column says no more; all rows, where the rule has no dates. Errors: those of [`WindowArg::resolve`].
    pub fn window(&self, dates: &WindowArg, now: Timestamp) -> Result<Window> {
        match self.partition.is_whole() {
            true => Ok(Window::whole()),
            false => self.periods(&dates.resolve(now, &self.time_zone)?),
        }
    }

    /// The dates of a window as the table's partitions have them.
    pub(crate) fn periods(&self, window: &Window) -> Result<Window> {
        Window::of_days(window.days().iter().map(|day| self.partition.period(*day)).collect())
    }

    /// Whether a statement about the rule may name this column.
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

    /// Whether statements may call the routine of this name. BigQuery tells names of routines apart by case.
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
    /// `created_at DESC`, as the rule file has it.
    pub order: Fragment,
    /// `created_at`: what is ordered by.
    pub value: Fragment,
    /// The column, where the entry is one and not an expression.
    pub column: Option<String>,
    /// Where the rule file says so.
    pub place: Place,
}

/// An entry of key or keep that is the same for every row.
#[derive(Debug, Clone)]
pub(crate) struct Constant {
    /// What is wrong with it, as a sentence.
    pub problem: String,
    /// Where the rule file says so.
    pub place: Place,
}

/// A step of a rule.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name; its template is `<name>.sql`.
    pub name: StepName,
    /// How often it is rendered.
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
    Fragment::vouched(match partition.is_by_arrival() {
        false => "TO_JSON_STRING(onerow_row)".to_owned(),
        true => {
            let mut columns: Vec<&Ident> = stored(columns).collect();
            // In an order of their own: a row is known by this text, whatever the order in the rule file.
            columns.sort_by_key(|column| column.as_str().to_ascii_lowercase());
            let columns: String = columns.into_iter().map(|column| format!("{column}, ")).collect();
            format!("TO_JSON_STRING(STRUCT({columns}{arrived} AS onerow_arrived))")
        }
    })
}

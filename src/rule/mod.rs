//! The rule: what 'one row' means for one table. Checked when it is read, trusted afterwards.

mod document;
mod expression;
mod file;
mod name;
mod schema;
mod secret;
mod staging;
mod steps;
mod strategy;
mod validate;
mod vars;
mod warehouse;
mod webhook;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use sqlparser::ast::Expr;

use crate::error::Place;
use crate::googlesql::{Fragment, Ident, SqlType, SqlValue, TableName};
use crate::removals::RemovalLog;
use crate::statement::StepName;
pub use crate::step::Scope;
use crate::window::{Day, Window};

pub(crate) use document::Source;
pub use file::RuleFile;
pub use name::{RuleName, WarehouseName, WebhookName};
pub use schema::schema;
pub use staging::{Described, Staging};
pub use strategy::Strategy;
pub use vars::VarArg;
pub use warehouse::{BigQuerySettings, Credentials, Priority, Warehouse, WarehouseType};
pub use webhook::Webhook;

/// One rule of the rule file.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: RuleName,
    /// The table it is about.
    pub table: TableName,
    /// The read-side view.
    pub view: TableName,
    /// Whether the removal log keeps removed rows as a whole.
    pub keep_rows: bool,
    /// The removal logs of the rule file's warehouses.
    pub removal_logs: Vec<RemovalLog>,
    /// What happens to superseded rows.
    pub strategy: Strategy,
    /// Where rows wait to be merged into the table.
    pub staging: Option<Staging>,
    /// How the table is cut into dates.
    pub partition: Partition,
    /// Columns or expressions that name one thing; at least one.
    pub key: Vec<Fragment>,
    /// The order of survival; the first row stays. At least one entry.
    pub keep: Vec<Keep>,
    /// The window function that partition, key and keep define, parsed: what a statement's own
    /// ranking is compared with.
    pub ranking: Expr,
    /// The same together with staged rows: of equal rows, the one that is there already is first.
    pub staged_ranking: Expr,
    /// The column that names one row.
    pub row_id: Ident,
    /// The BOOL column that is true for rows that count. Without one, which `deactivate` does not
    /// allow, every row counts as active.
    pub active: Option<Ident>,
    /// The column that is set to the current time on deactivation, and its type.
    pub touched_at: Option<(Ident, SqlType)>,
    /// The TIMESTAMP column that says when a row reached the table.
    pub written_at: Option<Ident>,
    /// How long after `written_at` a row may still be buffered.
    pub settle: SignedDuration,
    /// The zone in which TODAY and YESTERDAY are meant.
    pub time_zone: TimeZone,
    /// The table's columns as far as the rule lists them, in file order.
    pub columns: Vec<(Ident, SqlType)>,
    /// Values of the project's own, for its templates.
    pub vars: Vec<(Ident, SqlValue)>,
    /// What `apply` does, in order; holds detect, the strategy's step and verify in that order.
    pub steps: Vec<Step>,
}

impl Rule {
    /// How often a step's template is rendered for a window.
    pub fn scope_of(&self, step: &StepName) -> Scope {
        match self.steps.iter().find(|known| known.name == *step) {
            Some(known) => known.scope,
            None => step.row().scope,
        }
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

/// The partition column and how it writes a date.
#[derive(Debug, Clone)]
pub struct Partition {
    /// The column.
    pub column: Ident,
    /// Its type.
    pub kind: PartitionType,
}

/// The type of a partition column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum PartitionType {
    /// A calendar date.
    #[default]
    Date,
    /// A date and time without zone; its calendar date counts.
    Datetime,
    /// An instant; its date in UTC counts, as BigQuery cuts its partitions.
    Timestamp,
    /// A number, 20260128 for 2026-01-28.
    Int64,
}

impl PartitionType {
    /// The column type that goes with it.
    pub fn sql_type(self) -> SqlType {
        match self {
            Self::Date => SqlType::Date,
            Self::Datetime => SqlType::Datetime,
            Self::Timestamp => SqlType::Timestamp,
            Self::Int64 => SqlType::Int64,
        }
    }
}

impl Partition {
    /// Whether rows are cut by the time of their arrival, which no statement sets.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#query_an_ingestion-time_partitioned_table>
    pub fn is_by_arrival(&self) -> bool {
        ["_PARTITIONDATE", "_PARTITIONTIME"].iter().any(|name| self.column.same_column(name))
    }

    /// The expression that says which date a row belongs to.
    pub fn date(&self) -> Fragment {
        match self.kind {
            PartitionType::Date | PartitionType::Int64 => {
                Fragment::vouched(self.column.to_string())
            }
            PartitionType::Datetime | PartitionType::Timestamp => {
                Fragment::vouched(format!("DATE({})", self.column))
            }
        }
    }

    /// The predicate that holds for the rows of these dates and no others. It compares the
    /// column itself with constants, so that BigQuery reads only the partitions it names.
    /// Source: <https://cloud.google.com/bigquery/docs/querying-partitioned-tables#best_practices_for_partition_pruning>
    pub fn filter(&self, window: &Window) -> Fragment {
        let runs = window.runs();
        let has_points = matches!(self.kind, PartitionType::Date | PartitionType::Int64);
        Fragment::vouched(match runs.as_slice() {
            [run] => self.run_filter(*run),
            runs if has_points && runs.iter().all(|(first, last)| first == last) => {
                let days: Vec<String> = runs.iter().map(|(day, _)| self.literal(*day)).collect();
                format!("{} IN ({})", self.column, days.join(", "))
            }
            runs => {
                let runs: Vec<String> =
                    runs.iter().map(|run| format!("({})", self.run_filter(*run))).collect();
                any_of(&runs)
            }
        })
    }

    fn run_filter(&self, (first, last): (Day, Day)) -> String {
        let column = &self.column;
        match self.kind {
            PartitionType::Date | PartitionType::Int64 if first == last => {
                format!("{column} = {}", self.literal(first))
            }
            PartitionType::Date | PartitionType::Int64 => {
                format!("{column} BETWEEN {} AND {}", self.literal(first), self.literal(last))
            }
            PartitionType::Datetime | PartitionType::Timestamp => match last.next() {
                Some(end) => {
                    let (from, to) = (self.literal(first), self.literal(end));
                    format!("{column} >= {from} AND {column} < {to}")
                }
                None => format!("{column} >= {}", self.literal(first)),
            },
        }
    }

    /// The start of the day as a literal of the column's type.
    fn literal(&self, day: Day) -> String {
        match self.kind {
            PartitionType::Date => format!("DATE '{day}'"),
            PartitionType::Int64 => day.as_yyyymmdd().to_string(),
            PartitionType::Datetime => format!("DATETIME '{day} 00:00:00'"),
            PartitionType::Timestamp => format!("TIMESTAMP '{day} 00:00:00+00'"),
        }
    }
}

/// The conditions with OR between. Many are put in brackets of so many: a chain of ORs is a tree as
/// deep as it is long, and engines take no tree of any depth.
fn any_of(conditions: &[String]) -> String {
    const CHAIN: usize = 100;
    if conditions.len() <= CHAIN {
        return format!("({})", conditions.join(" OR "));
    }
    let groups: Vec<String> = conditions.chunks(CHAIN).map(any_of).collect();
    format!("({})", groups.join(" OR "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(kind: PartitionType, days: &[&str]) -> String {
        let column = Ident::parse("d").unwrap();
        let days = days.iter().map(|d| Day::parse(d).unwrap()).collect();
        Partition { column, kind }.filter(&Window::of_days(days).unwrap()).to_string()
    }

    #[test]
    fn a_filter_compares_the_column_itself_with_constants() {
        use PartitionType::*;
        let cases = [
            (Date, &["2026-01-28"][..], "d = DATE '2026-01-28'"),
            (
                Date,
                &["2026-01-28", "2026-01-29"],
                "d BETWEEN DATE '2026-01-28' AND DATE '2026-01-29'",
            ),
            (Date, &["2026-01-28", "2026-01-30"], "d IN (DATE '2026-01-28', DATE '2026-01-30')"),
            (
                Date,
                &["2026-01-28", "2026-01-29", "2026-02-01"],
                "((d BETWEEN DATE '2026-01-28' AND DATE '2026-01-29') OR (d = DATE '2026-02-01'))",
            ),
            (Int64, &["2026-01-28"], "d = 20260128"),
            (
                Timestamp,
                &["2026-01-28"],
                "d >= TIMESTAMP '2026-01-28 00:00:00+00' AND d < TIMESTAMP '2026-01-29 00:00:00+00'",
            ),
            (Datetime, &["9999-12-31"], "d >= DATETIME '9999-12-31 00:00:00'"),
        ];
        for (kind, days, expected) in cases {
            assert_eq!(filter(kind, days), expected);
        }
    }
    #[test]
    fn many_ranges_make_no_long_chain() {
        let first = Day::parse("2000-01-01").unwrap();
        let days = std::iter::successors(Some(first), |day| day.next()).take(15_000);
        let pairs = days.enumerate().filter(|(i, _)| i % 3 < 2).map(|(_, day)| day);
        let window = Window::of_days(pairs.collect()).unwrap();
        let column = Ident::parse("d").unwrap();
        let filter = Partition { column, kind: PartitionType::Date }.filter(&window).to_string();
        assert_eq!(filter.matches(" BETWEEN ").count(), 5000);
        let tokens = crate::googlesql::tokens(&filter).unwrap();
        let parsed = crate::googlesql::parse(tokens, sqlparser::parser::Parser::parse_expr);
        assert!(parsed.is_ok(), "no chain is too long");
    }
}

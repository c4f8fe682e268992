//! Counting what columns have of different values, in one query.

use super::key::Candidates;
use super::{Column, Seen};
use crate::error::{Error, Kind, Result};
use crate::googlesql::{Fragment, Ident, SqlValue};

/// Counts of a table's rows, approximate on BigQuery.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Which rows were counted, such as ` of 2026-01-28`; empty for all.
    pub of: String,
    /// Their number.
    pub rows: u64,
    /// Whether the counts are exact.
    pub exact: bool,
    /// The number of rows that differ in any column.
    pub different: u64,
    /// The columns that were counted.
    pub columns: Vec<Tally>,
    /// The numbers of different values of several columns together.
    pub sets: Vec<(Vec<Ident>, u64)>,
}

/// What a column has.
#[derive(Debug, Clone)]
pub struct Tally {
    /// The column.
    pub column: Ident,
    /// Its different values, without NULL.
    pub values: u64,
    /// Its NULLs.
    pub nulls: u64,
}

/// A query that counts.
#[derive(Debug, Clone)]
pub struct Question {
    /// Its text.
    pub sql: String,
    columns: Vec<Ident>,
    sets: Vec<Vec<Ident>>,
    exact: bool,
}

/// HyperLogLog++ is off by about one percent; what differs by less is equal.
/// Source: <https://cloud.google.com/bigquery/docs/reference/standard-sql/hll_functions>
const TOLERANCE: f64 = 0.98;

impl Seen {
    /// The query that counts the rows for which all `filters` hold. With a `date`, values are different if they are of
    /// different dates. Exact counts are for a warehouse that does not charge for them.
    /// `partition` is the rule's partition column.
    pub fn question(
        &self,
        partition: Option<&str>,
        filters: &[String],
        date: Option<&Fragment>,
        exact: bool,
    ) -> Question {
        let candidates = Candidates::of(self, partition);
        let counted = |columns: Vec<&Column>| -> Vec<Ident> {
            columns.into_iter().map(|column| column.name.clone()).collect()
        };
        let columns = counted(candidates.all());
        let sets: Vec<Vec<Ident>> = candidates.sets().into_iter().map(counted).collect();
        let distinct = |of: &[Ident]| {
            let names = of.iter().map(Ident::to_string);
            let all: Vec<String> = date.iter().map(ToString::to_string).chain(names).collect();
            let value = match all.as_slice() {
                [only] => only.clone(),
                all => format!("TO_JSON_STRING(STRUCT({}))", all.join(", ")),
            };
            match exact {
                true => format!("COUNT(DISTINCT {value})"),
                false => format!("APPROX_COUNT_DISTINCT({value})"),
            }
        };
        let whole = "TO_JSON_STRING(onerow_row)";
        let mut selected = vec![
            "COUNT(*) AS all_rows".to_owned(),
            match exact {
                true => format!("COUNT(DISTINCT {whole}) AS different"),
                false => format!("APPROX_COUNT_DISTINCT({whole}) AS different"),
            },
        ];
        for (number, column) in columns.iter().enumerate() {
            let values = distinct(std::slice::from_ref(column));
            selected.push(format!("{values} AS values_{number}"));
            selected.push(format!("COUNTIF({column} IS NULL) AS nulls_{number}"));
        }
        for (number, set) in sets.iter().enumerate() {
            selected.push(format!("{} AS set_{number}", distinct(set)));
        }
        let filter = match filters {
            [] => String::new(),
            filters => format!("\nWHERE {}", filters.join("\n  AND ")),
        };
        let sql = format!(
            "SELECT\n  {}\nFROM {} AS onerow_row{filter}\n",
            selected.join(",\n  "),
            self.table
        );
        Question { sql, columns, sets, exact }
    }
}

impl Question {
    /// The counts in the answer's row. `of` says which rows were counted.
    ///
    /// # Errors
    /// The row has another form.
    pub fn read(self, row: &[SqlValue], of: String) -> Result<Counts> {
        let mut numbers = row.iter().map(|value| match value {
            SqlValue::Int64(number) => u64::try_from(*number).ok(),
            _ => None,
        });
        let mut next = || {
            numbers.next().flatten().ok_or_else(|| {
                Error::new(Kind::UnexpectedAnswer, "a query that counts returned no number")
            })
        };
        let (rows, different) = (next()?, next()?);
        let mut columns = Vec::new();
        for column in self.columns {
            columns.push(Tally { column, values: next()?, nulls: next()? });
        }
        let mut sets = Vec::new();
        for set in self.sets {
            sets.push((set, next()?));
        }
        Ok(Counts { of, rows, exact: self.exact, different, columns, sets })
    }
}

impl Counts {
    /// How many rows are equal to another one in every column; `None` if none are, as far as counts tell.
    pub(super) fn copies(&self) -> Option<u64> {
        (!self.is_all(self.different)).then(|| self.rows.saturating_sub(self.different))
    }

    /// Whether so many different values are one for each row.
    pub(super) fn is_all(&self, values: u64) -> bool {
        match self.exact {
            true => values >= self.rows,
            false => values as f64 >= self.rows as f64 * TOLERANCE,
        }
    }

    /// The share of rows that would stay if there were one for each of so many values.
    pub(super) fn share(&self, values: u64) -> f64 {
        values as f64 / (self.rows.max(1)) as f64
    }

    pub(super) fn tally(&self, column: &Column) -> Option<&Tally> {
        self.columns.iter().find(|tally| tally.column.same_column(column.name.as_str()))
    }

    /// Whether the column names each row.
    pub(super) fn is_unique(&self, column: &Column) -> bool {
        self.tally(column).is_some_and(|tally| tally.nulls == 0 && self.is_all(tally.values))
    }

    /// The number of different values of these columns together.
    pub(super) fn together(&self, columns: &[&Column]) -> Option<u64> {
        if let [only] = columns {
            return self.tally(only).map(|tally| tally.values);
        }
        let is_these = |set: &[Ident]| {
            set.len() == columns.len()
                && columns
                    .iter()
                    .all(|column| set.iter().any(|name| name.same_column(column.name.as_str())))
        };
        self.sets.iter().find(|(set, _)| is_these(set)).map(|(_, values)| *values)
    }
}

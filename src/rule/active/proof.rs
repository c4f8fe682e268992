//! Tests that an assignment ends a condition and that its reverse restores it: typed by the embedded engine's
//! *bind*, and evaluated for values of each type, including NULL.

use std::fmt::Write;
use std::ops::ControlFlow;

use googlesql_sqlite::check::refusal;
use googlesql_sqlite::error::{Error, Kind};
use googlesql_sqlite::{Catalog, Relation, Table, functions, lower};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use sqlparser::ast::{DataType, Expr, Value, Visit, Visitor};
use sqlparser::parser::Parser;

use super::{Active, Flag};
use crate::googlesql::{Fragment, Ident, Params, SqlType, columns, parse, tokens};
use crate::visible::visible_line;

/// The most sample rows.
const ROWS: usize = 4096;

/// The most columns of which every combination is tried.
const COLUMNS: usize = 6;

/// The problem, as a phrase.
pub(super) fn refute(active: &Active, types: &[(String, SqlType)]) -> Result<(), String> {
    let Some(condition) = tree(active.condition.as_str()) else { return Ok(()) };
    let tables = match types {
        [] => Vec::new(),
        types => vec![("onerow_table".to_owned(), types.to_vec())],
    };
    let is_refused = |sql: &str| match query(sql) {
        Some(parsed) => {
            refusal(sql, &parsed, &tables, &Params::none()).err().map(|e| e.message().to_owned())
        }
        None => None,
    };
    let asked = format!("SELECT 1 AS one FROM onerow_table WHERE {}", active.condition);
    if let Some(refused) = is_refused(&asked) {
        return Err(format!("`active` is not a condition that BigQuery accepts: {refused}"));
    }
    let Some(flag) = &active.flag else { return Ok(()) };
    for value in [&flag.inactive, &flag.active] {
        let set = format!("UPDATE onerow_table SET {} = {value} WHERE TRUE", flag.column);
        if let Some(refused) = is_refused(&set) {
            return Err(format!("BigQuery refuses `{} = {value}`: {refused}", flag.column));
        }
    }
    let read = columns(&condition).into_iter().map(|column| column.value);
    let read = read.chain(read_by(&flag.inactive)).chain(read_by(&flag.active));
    let Some(samples) = Samples::of(read, types, &condition) else { return Ok(()) };
    if let Some(row) = first(&samples.not_ended(active, flag)) {
        return Err(format!(
            "after `{} = {}`, `active` is not FALSE for the row {}",
            flag.column,
            flag.inactive,
            visible_line(&row)
        ));
    }
    if let Some(row) = first(&samples.not_restored(active, flag)) {
        return Err(format!(
            "after `{} = {}`, which `undo` sets, `active` is not TRUE again for the row {}",
            flag.column,
            flag.active,
            visible_line(&row)
        ));
    }
    Ok(())
}

fn tree(text: &str) -> Option<Expr> {
    parse(tokens(text).ok()?, Parser::parse_expr).ok()
}

fn query(sql: &str) -> Option<sqlparser::ast::Statement> {
    parse(tokens(sql).ok()?, Parser::parse_statement).ok()
}

fn read_by(value: &Fragment) -> Vec<String> {
    let tree = tree(value.as_str());
    tree.iter().flat_map(columns).map(|column| column.value).collect()
}

/// The columns read, each with sample values.
struct Samples(Vec<(Ident, SqlType, Vec<String>)>);

impl Samples {
    /// `None` if a column's type is unknown, or there are too many columns.
    fn of(
        read: impl Iterator<Item = String>,
        types: &[(String, SqlType)],
        condition: &Expr,
    ) -> Option<Self> {
        let mut samples: Vec<(Ident, SqlType, Vec<String>)> = Vec::new();
        let mut literals = Literals::default();
        _ = condition.visit(&mut literals);
        for name in read {
            if samples.iter().any(|(known, ..)| known.same_column(&name)) {
                continue;
            }
            let (_, sql_type) =
                types.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name))?;
            let mut values = vec![format!("CAST(NULL AS {sql_type})")];
            values.extend(literals.of(*sql_type));
            values.extend(of_type(*sql_type).iter().map(|v| format!("CAST({v} AS {sql_type})")));
            samples.push((Ident::parse(&name).ok()?, *sql_type, values));
        }
        let count = u32::try_from(samples.len()).ok().filter(|_| samples.len() <= COLUMNS)?;
        let most = (1..=ROWS).rev().find(|most| most.pow(count) <= ROWS).unwrap_or(1);
        samples.iter_mut().for_each(|(.., values)| values.truncate(most));
        Some(Self(samples))
    }

    /// The rows, as a query.
    fn rows(&self) -> String {
        let mut sql = String::from("SELECT * FROM ");
        for (at, (column, _, values)) in self.0.iter().enumerate() {
            let cross = if at > 0 { " CROSS JOIN " } else { "" };
            let values: Vec<String> =
                values.iter().map(|value| format!("SELECT {value} AS {column}")).collect();
            _ = write!(sql, "{cross}({}) AS onerow_{at}", values.join(" UNION ALL "));
        }
        sql
    }

    /// The rows after the assignment.
    fn assigned(&self, flag: &Flag, value: &Fragment, of: &str) -> String {
        let columns = self.0.iter().map(|(column, sql_type, _)| match *column == flag.column {
            true => format!("CAST({value} AS {sql_type}) AS {column}"),
            false => column.to_string(),
        });
        format!("SELECT {} FROM ({of}) AS onerow_row", columns.collect::<Vec<_>>().join(", "))
    }

    fn shown(&self, of: &str, condition: &str) -> String {
        let columns: Vec<String> = self.0.iter().map(|(column, ..)| column.to_string()).collect();
        let columns = columns.join(", ");
        format!(
            "SELECT TO_JSON_STRING(STRUCT({columns})) AS shown FROM ({of}) AS onerow_row WHERE {condition} LIMIT 1"
        )
    }

    fn not_ended(&self, active: &Active, flag: &Flag) -> String {
        let after = self.assigned(flag, &flag.inactive, &self.rows());
        self.shown(&after, &format!("COALESCE({}, TRUE)", active.condition))
    }

    fn not_restored(&self, active: &Active, flag: &Flag) -> String {
        let before =
            format!("SELECT * FROM ({}) AS onerow_before WHERE {}", self.rows(), active.condition);
        let after = self.assigned(flag, &flag.inactive, &before);
        let again = self.assigned(flag, &flag.active, &after);
        self.shown(&again, &format!("NOT COALESCE({}, FALSE)", active.condition))
    }
}

/// Sample values of a type, as texts for CAST.
fn of_type(sql_type: SqlType) -> &'static [&'static str] {
    match sql_type {
        SqlType::Bool => &["TRUE", "FALSE"],
        SqlType::Int64 | SqlType::Numeric | SqlType::BigNumeric => &["0", "1", "-1", "9"],
        SqlType::Float64 => &["0.0", "1.0", "'NaN'", "-1.5"],
        SqlType::String => &["''", "'a'", "'Z'", "'0'"],
        SqlType::Date => &["'1970-01-01'", "'2026-01-28'", "'9999-12-31'"],
        SqlType::Datetime => &["'1970-01-01 00:00:00'", "'9999-12-31 00:00:00'"],
        SqlType::Timestamp => &["'1970-01-01 00:00:00+00'", "'9999-12-31 00:00:00+00'"],
        SqlType::Time => &["'00:00:00'", "'12:00:00'"],
        _ => &[],
    }
}

/// The literals of a condition, each with its type; `None` for a text, which may have several types.
#[derive(Default)]
struct Literals(Vec<(String, Literal)>);

#[derive(Clone, Copy, PartialEq)]
enum Literal {
    Text,
    Number,
    Of(SqlType),
}

impl Literals {
    fn of(&self, sql_type: SqlType) -> impl Iterator<Item = String> {
        let fits = move |literal: Literal| match literal {
            Literal::Text => matches!(
                sql_type,
                SqlType::String
                    | SqlType::Date
                    | SqlType::Datetime
                    | SqlType::Timestamp
                    | SqlType::Time
            ),
            Literal::Number => matches!(
                sql_type,
                SqlType::Int64 | SqlType::Float64 | SqlType::Numeric | SqlType::BigNumeric
            ),
            Literal::Of(known) => known == sql_type,
        };
        let found = self.0.iter().filter(move |(_, literal)| fits(*literal));
        found.map(move |(text, literal)| match literal {
            Literal::Of(_) => text.clone(),
            _ => format!("SAFE_CAST({text} AS {sql_type})"),
        })
    }
}

impl Visitor for Literals {
    type Break = ();

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        let literal = match expr {
            Expr::Value(value) => match &value.value {
                Value::SingleQuotedString(_) | Value::DoubleQuotedString(_) => Literal::Text,
                Value::Number(..) => Literal::Number,
                _ => return ControlFlow::Continue(()),
            },
            Expr::TypedString(typed) => match &typed.data_type {
                DataType::Date => Literal::Of(SqlType::Date),
                DataType::Datetime(_) => Literal::Of(SqlType::Datetime),
                DataType::Timestamp(..) => Literal::Of(SqlType::Timestamp),
                _ => return ControlFlow::Continue(()),
            },
            _ => return ControlFlow::Continue(()),
        };
        let text = expr.to_string();
        if !self.0.iter().any(|(known, _)| *known == text) {
            self.0.push((text, literal));
        }
        ControlFlow::Continue(())
    }
}

/// The problem in the first row of the result. None if the embedded engine cannot run the query; then
/// `verify` checks with BigQuery's own counts.
fn first(sql: &str) -> Option<String> {
    let parsed = query(sql)?;
    let now = Timestamp::constant(1_769_758_890, 0);
    let lowered = lower(&NoTables, sql, &parsed, &Params::none(), now).ok()?;
    let connection = Connection::open_in_memory().ok()?;
    functions::register(&connection).ok()?;
    let [part] = lowered.parts.as_slice() else { return None };
    let binds = rusqlite::params_from_iter(&lowered.binds);
    connection.query_row(&part.sql, binds, |row| row.get(0)).optional().ok()?
}

/// A catalog without tables.
struct NoTables;

impl Catalog for NoTables {
    fn table(&self, dotted: &str) -> googlesql_sqlite::error::Result<Table> {
        Err(Error::new(Kind::NotFound, dotted))
    }

    fn relation(&self, _: &str) -> googlesql_sqlite::error::Result<Option<Relation>> {
        Ok(None)
    }

    fn note_column(&self, _: &str, _: usize, _: &str, _: &str) -> String {
        String::new()
    }

    fn forget_columns(&self, _: &str) -> String {
        String::new()
    }
}

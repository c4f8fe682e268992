//! Embedded warehouses: one in memory, for tests of SQL, and rows for any of them.

use std::sync::{Arc, OnceLock};

use jiff::SignedDuration;

use super::{Connections, Engine, Rows, Settings, Streaming};
use crate::check;
use crate::clock::Clock;
use crate::connection::Connection;
use crate::error::{Error, Kind, Result};
use crate::files;
use crate::googlesql::{Ident, Nested, SqlType, SqlValue, TableName};
use crate::interrupt::Interrupt;
use crate::project::Project;
use crate::rule::{Rule, VarArg, WarehouseType};
use crate::statement::{Params, Statement, StepName};
use crate::warehouse::sqlite::{Access, Sqlite};
use crate::warehouse::{Job, JobId, Returned};
use crate::window::Window;

/// As long as BigQuery keeps a row in the streaming buffer at most.
const DRAIN: SignedDuration = SignedDuration::from_mins(90);

/// An embedded warehouse, for loading rows into it.
pub struct Loader(Arc<Sqlite>);

impl Loader {
    /// Loads rows into a table, which is created if there is none. Returns their number.
    /// `nested` has the whole types of ARRAY and STRUCT columns.
    ///
    /// Errors: a row does not fit the columns; the file cannot be written.
    pub fn load(
        &self,
        table: &TableName,
        columns: &[(Ident, SqlType)],
        nested: &[(Ident, Nested)],
        rows: &mut dyn Iterator<Item = Result<Vec<SqlValue>>>,
        streaming: Streaming,
    ) -> Result<u64> {
        self.0.load(table, columns, nested, rows, streaming)
    }

    /// Makes an index of a column, unless there is one.
    ///
    /// Errors: no such table or column; the file cannot be written.
    pub fn index(&self, table: &TableName, column: &Ident) -> Result<()> {
        self.0.index(table, column)
    }
}

impl Engine {
    /// An engine whose warehouse is an embedded one in memory, whatever warehouses the rule file has. It
    /// lasts as long as the engine.
    ///
    /// Errors: SQLite cannot begin.
    pub fn in_memory(project: Project, vars: Vec<VarArg>, clock: Clock) -> Result<Self> {
        let sqlite = Arc::new(Sqlite::in_memory(clock, DRAIN)?);
        let connection =
            || Connection { warehouse: sqlite.clone(), ledger: sqlite.clone(), tariff: None };
        let connections = Connections {
            reading: OnceLock::from(connection()),
            writing: OnceLock::from(connection()),
            memory: Some(sqlite.clone()),
        };
        let interrupt = Interrupt::default();
        let settings = Settings { warehouse: None, vars, clock, interrupt };
        let connections = Arc::new(connections);
        Ok(Self { project, settings, connections, observer: None, remembered: None })
    }

    /// The embedded warehouse, whose file is created if there is none.
    ///
    /// Errors: it is of another type; the file cannot be opened.
    pub fn loader(&self) -> Result<Loader> {
        if let Some(memory) = &self.connections.memory {
            return Ok(Loader(memory.clone()));
        }
        let warehouse = self.warehouse()?;
        match &warehouse.kind {
            WarehouseType::Sqlite { path, drain } => {
                let path = files::named(&self.project.folder, path)?;
                let sqlite = Sqlite::open(&path, Access::Create, self.clock(), *drain)?;
                Ok(Loader(Arc::new(sqlite)))
            }
            WarehouseType::BigQuery(_) => Err(Error::new(
                Kind::Usage,
                format!("warehouse `{}` is of type bigquery", warehouse.name),
            )
            .help("`load` fills the embedded warehouse; for BigQuery there is `bq load`")),
        }
    }

    /// All rows of a rule's table.
    ///
    /// Errors: the warehouse does not answer.
    pub fn rows(&self, rule: &Rule, window: &Window) -> Result<Rows> {
        let columns: Vec<String> =
            rule.columns.iter().map(|(column, _)| column.to_string()).collect();
        let sql =
            format!("SELECT {} FROM {} AS onerow_row\n", columns.join(", "), rule.table_of(window));
        let statement = Statement::new(StepName::parse("rows")?, window.clone(), sql);
        let id = JobId::derive("rows", 0, &statement.step, window.first());
        let statement = check::run(rule, statement)?;
        let job = Job { id: &id, run: "rows", rule: &rule.name };
        match self.reading()?.warehouse.submit(&job, &statement, &Params::none())?.result {
            Returned::Rows(rows) => Ok(rows),
            Returned::Affected(_) | Returned::Nothing => {
                Err(Error::new(Kind::UnexpectedAnswer, "a query returned no rows"))
            }
        }
    }
}

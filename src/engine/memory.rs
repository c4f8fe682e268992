//! Embedded warehouses: one in memory, for tests of SQL, and loading rows into any.

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
use crate::rule::{Rule, RuleFile, VarArg, WarehouseType};
use crate::statement::{Params, Statement, StepName};
use crate::warehouse::sqlite::{Access, Before, Files, Sqlite};
use crate::warehouse::{Job, JobId, Returned};
use crate::window::Window;

/// The longest time that BigQuery keeps a row in the streaming buffer.
const DRAIN: SignedDuration = SignedDuration::from_mins(90);

/// Loads rows into an embedded warehouse.
pub struct Loader(Arc<Sqlite>);

impl Loader {
    /// Loads rows into a table, creating it if necessary. Returns their number. `nested` has the full types
    /// of ARRAY and STRUCT columns.
    ///
    /// # Errors
    /// A row does not fit the columns, or the file cannot be written.
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

    /// Loads rows of files, as [`Self::load`] does; `files` says which, and whether they replace the table's rows.
    ///
    /// # Errors
    /// A row does not fit the columns, or the file cannot be written.
    pub fn load_files(
        &self,
        table: &TableName,
        columns: &[(Ident, SqlType)],
        nested: &[(Ident, Nested)],
        rows: &mut dyn Iterator<Item = Result<Vec<SqlValue>>>,
        streaming: Streaming,
        files: Files<'_>,
    ) -> Result<u64> {
        self.0.load_files(table, columns, nested, rows, streaming, files)
    }

    /// The earlier load into this table of a file of this SHA-256, as hexadecimal digits.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn loaded_before(&self, table: &TableName, sha256: &str) -> Result<Option<Before>> {
        self.0.loaded_before(table, sha256)
    }

    /// Creates an index of a column, if it does not exist.
    ///
    /// # Errors
    /// The table or column does not exist, or the file cannot be written.
    pub fn index(&self, table: &TableName, column: &Ident) -> Result<()> {
        self.0.index(table, column)
    }
}

impl Engine {
    /// Opens an engine on an embedded warehouse in memory, whatever warehouses the rule file has. The
    /// warehouse lives as long as the engine.
    ///
    /// # Errors
    /// SQLite cannot be opened.
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

    /// The same warehouse with other rules.
    #[must_use]
    pub fn with_rules(mut self, file: RuleFile) -> Self {
        self.project.file = file;
        self
    }

    /// Opens the embedded warehouse, creating its file if necessary.
    ///
    /// # Errors
    /// The warehouse is of another type, or the file cannot be opened.
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
    /// # Errors
    /// The warehouse does not answer.
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

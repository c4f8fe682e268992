//! The engine, which the command line, the service and the tests of SQL call. It is the only place where a
//! warehouse, a ledger and a plan meet.

mod changed;
mod forecast;
mod memory;
mod plan;
mod propose;
mod read;
mod recent;
mod run;
mod staging;
mod undo;

use std::sync::{Arc, OnceLock};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::connection::{Connection, connect};
use crate::error::Result;
use crate::interrupt::Interrupt;
use crate::ledger::Observer;
use crate::project::Project;
use crate::removals::RemovalLog;
use crate::rule::{DatesPerStatement, Rule, RuleName, VarArg, Warehouse, WarehouseType};
use crate::template::Renderer;
use crate::warehouse::sqlite::{Access, Sqlite};

pub use crate::warehouse::sqlite::{Before, Files, Streaming};
pub use crate::warehouse::{Returned, Rows};
pub use forecast::Outlook;
pub use memory::Loader;
pub(crate) use plan::SLOT_DAYS;
pub use plan::{Plan, PlanSummary, Preview, Task};
pub use run::RunOptions;
pub use staging::StagingOptions;

/// Settings of an engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The warehouse's name in the rule file; `None` is the default.
    pub warehouse: Option<String>,
    /// Template variables that override or extend the rules' own.
    pub vars: Vec<VarArg>,
    /// The clock.
    pub clock: Clock,
    /// Whether the user asked to stop. No statement is sent after that.
    pub interrupt: Interrupt,
}

/// A project on one of its warehouses.
///
/// Connects lazily: rendering and checking need no warehouse. Reads have a separate connection, so that they
/// do not wait for a run; if a writable one is already open, it is used for both. Clones share their
/// connections.
#[derive(Clone)]
pub struct Engine {
    project: Project,
    settings: Settings,
    connections: Arc<Connections>,
    observer: Option<Arc<Observer>>,
    /// The ledger's entries, if it is read once for all rules.
    remembered: Option<Arc<recent::Remembered>>,
}

#[derive(Default)]
struct Connections {
    reading: OnceLock<Connection>,
    writing: OnceLock<Connection>,
    /// The warehouse of an in-memory engine, which is not in a rule file.
    memory: Option<Arc<Sqlite>>,
}

impl Engine {
    /// Creates an engine for a project, without connecting.
    pub fn open(project: Project, settings: Settings) -> Self {
        Self { project, settings, connections: Arc::default(), observer: None, remembered: None }
    }

    /// Sets an observer that is called with each entry of its runs once it is in the ledger.
    #[must_use]
    pub fn observed_by(self, observer: Arc<Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// Overrides the rules' number of dates per statement that removes rows.
    #[must_use]
    pub fn sharing_statements(mut self, dates: Option<DatesPerStatement>) -> Self {
        if let Some(dates) = dates {
            self.project.file.rules.iter_mut().for_each(|rule| rule.share_statements(dates));
        }
        self
    }

    /// The project, with its staging tables as last read.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The rule of this name.
    ///
    /// # Errors
    /// There is no such rule.
    pub fn rule(&self, name: &RuleName) -> Result<&Rule> {
        self.project.file.rule(name.as_str())
    }

    /// The clock.
    pub fn clock(&self) -> Clock {
        self.settings.clock
    }

    /// The current instant, or that of a rehearsal.
    pub fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// The interrupt, which stops runs gracefully.
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// Whether the warehouse is remote.
    pub fn is_remote(&self) -> bool {
        let kind = self.warehouse().map(|warehouse| &warehouse.kind);
        matches!(kind, Ok(WarehouseType::BigQuery(_)))
    }

    /// Connects for runs, if not yet connected.
    ///
    /// # Errors
    /// The warehouse or its ledger cannot be opened.
    pub fn connect_for_runs(&self) -> Result<()> {
        self.writing().map(drop)
    }

    /// Connects for reading, separate from runs, if not yet connected.
    ///
    /// # Errors
    /// The warehouse or its ledger cannot be opened.
    pub fn connect_for_reading(&self) -> Result<()> {
        self.connected(&self.connections.reading, Access::ReadOnly).map(drop)
    }

    /// The warehouse's entry in the rule file.
    fn warehouse(&self) -> Result<&Warehouse> {
        self.project.file.warehouse(self.settings.warehouse.as_deref())
    }

    fn reading(&self) -> Result<&Connection> {
        let Connections { reading, writing, .. } = &*self.connections;
        match reading.get().or_else(|| writing.get()) {
            Some(open) => Ok(open),
            None => self.connected(reading, Access::ReadOnly),
        }
    }

    fn writing(&self) -> Result<&Connection> {
        self.connected(&self.connections.writing, Access::ReadWrite)
    }

    fn connected<'c>(
        &self,
        place: &'c OnceLock<Connection>,
        access: Access,
    ) -> Result<&'c Connection> {
        if let Some(open) = place.get() {
            return Ok(open);
        }
        let Settings { clock, interrupt, .. } = &self.settings;
        let opened = connect(self.warehouse()?, &self.project.folder, *clock, interrupt, access)?;
        Ok(place.get_or_init(|| opened))
    }

    /// The templates of a rule of this project, with the removal log of the target warehouse.
    fn renderer<'e>(&'e self, rule: &'e Rule) -> Result<Renderer<'e>> {
        let renderer = Renderer::new(rule, &self.project.templates, &self.settings.vars)?;
        Ok(match (&self.connections.memory, self.warehouse()) {
            (Some(_), _) => renderer.with_removals(RemovalLog::embedded()),
            (None, Ok(warehouse)) => renderer.with_removals(warehouse.removal_log()),
            // Without a warehouse, nothing could run.
            (None, Err(_)) => renderer,
        })
    }
}

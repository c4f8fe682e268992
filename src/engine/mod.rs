//! The engine: what the command line, the service and the tests of SQL all call. It is the only place
//! where a warehouse, a ledger and a plan meet.

mod changed;
mod forecast;
mod memory;
mod plan;
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

pub use crate::warehouse::sqlite::Streaming;
pub use crate::warehouse::{Returned, Rows};
pub use forecast::Outlook;
pub use memory::Loader;
pub(crate) use plan::SLOT_DAYS;
pub use plan::{Plan, PlanSummary, Preview, Task};
pub use run::RunOptions;
pub use staging::StagingOptions;

/// What an engine is opened with, beside its project.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The warehouse, by its name in the rule file; `None` is the rule file's default.
    pub warehouse: Option<String>,
    /// Template variables, instead of or beside the rules' own values.
    pub vars: Vec<VarArg>,
    /// The time of day.
    pub clock: Clock,
    /// Whether the user asked to stop. No statement is sent after that.
    pub interrupt: Interrupt,
}

/// A project on one of its warehouses.
///
/// It connects when it first has to: rendering and checking need no warehouse. What only reads has a
/// connection of its own, so that it does not wait for a run; where one that may write is open already,
/// it is used for both. Copies share their connections.
#[derive(Clone)]
pub struct Engine {
    project: Project,
    settings: Settings,
    connections: Arc<Connections>,
    observer: Option<Arc<Observer>>,
    /// What the ledger said, where it is asked once for all rules.
    remembered: Option<Arc<recent::Remembered>>,
}

#[derive(Default)]
struct Connections {
    reading: OnceLock<Connection>,
    writing: OnceLock<Connection>,
    /// The warehouse of an engine in memory, which no rule file names.
    memory: Option<Arc<Sqlite>>,
}

impl Engine {
    /// An engine for a project. Connects to nothing yet.
    pub fn open(project: Project, settings: Settings) -> Self {
        Self { project, settings, connections: Arc::default(), observer: None, remembered: None }
    }

    /// The same engine; `observer` is told of each entry of its runs once it is in the ledger.
    #[must_use]
    pub fn observed_by(self, observer: Arc<Observer>) -> Self {
        Self { observer: Some(observer), ..self }
    }

    /// The same engine; so many dates share a statement that removes rows, whatever the rules say.
    #[must_use]
    pub fn sharing_statements(mut self, dates: Option<DatesPerStatement>) -> Self {
        if let Some(dates) = dates {
            self.project.file.rules.iter_mut().for_each(|rule| rule.share_statements(dates));
        }
        self
    }

    /// The project, with its staging tables as they were last looked at.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// A rule by its name. Errors: there is none of that name.
    pub fn rule(&self, name: &RuleName) -> Result<&Rule> {
        self.project.file.rule(name.as_str())
    }

    /// The time of day.
    pub fn clock(&self) -> Clock {
        self.settings.clock
    }

    /// The present instant, or that of a rehearsal.
    pub fn now(&self) -> Timestamp {
        self.settings.clock.now()
    }

    /// Makes runs stop in good order.
    pub fn interrupt(&self) -> &Interrupt {
        &self.settings.interrupt
    }

    /// Whether the warehouse is reached over a network.
    pub fn is_remote(&self) -> bool {
        let kind = self.warehouse().map(|warehouse| &warehouse.kind);
        matches!(kind, Ok(WarehouseType::BigQuery(_)))
    }

    /// Connects for runs, unless that is done already.
    ///
    /// Errors: the warehouse or its ledger cannot be opened.
    pub fn connect_for_runs(&self) -> Result<()> {
        self.writing().map(drop)
    }

    /// Connects for reading, apart from runs, unless that is done already.
    ///
    /// Errors: the warehouse or its ledger cannot be opened.
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

    /// The templates of a rule of this project, with the removal log of the warehouse that they are
    /// rendered for.
    fn renderer<'e>(&'e self, rule: &'e Rule) -> Result<Renderer<'e>> {
        let renderer = Renderer::new(rule, &self.project.templates, &self.settings.vars)?;
        Ok(match (&self.connections.memory, self.warehouse()) {
            (Some(_), _) => renderer.with_removals(RemovalLog::embedded()),
            (None, Ok(warehouse)) => renderer.with_removals(warehouse.removal_log()),
            // Without a warehouse there is nothing that could run.
            (None, Err(_)) => renderer,
        })
    }
}

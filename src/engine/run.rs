//! Runs: the one place where a run's context is created.

use std::sync::Arc;
use std::time::Duration;

use super::{Engine, Plan, Task};
use crate::connection::Connection;
use crate::error::Result;
use crate::ledger::{Entry, Ledger, Observed};
use crate::run::{self, Context, Limits, Progress, Report, RunId};
use crate::template::Renderer;

/// Options of a run, besides its plan.
pub struct RunOptions<'o> {
    /// Its id.
    pub id: RunId,
    /// The user who runs it, for the ledger.
    pub who: &'o str,
    /// How long to wait for buffered rows.
    pub wait: Duration,
    /// Receives the progress.
    pub progress: &'o dyn Progress,
}

impl Engine {
    /// Runs a plan from beginning to end.
    ///
    /// # Errors
    /// The warehouse or the ledger cannot be opened, or the run could not begin. Later failures are in the
    /// report.
    pub fn run(&self, plan: &Plan<'_>, options: RunOptions<'_>) -> Result<Report> {
        self.with_context(&plan.renderer, options, |context| match plan.task {
            Task::Apply => run::apply(context, &plan.plan),
            Task::Consolidate => run::consolidate(context, &plan.plan),
            Task::Step(_) => run::run_step(context, &plan.plan),
        })
    }

    /// Calls a function with the context of a run.
    pub(super) fn with_context<T>(
        &self,
        renderer: &Renderer<'_>,
        options: RunOptions<'_>,
        act: impl FnOnce(&Context<'_>) -> Result<T>,
    ) -> Result<T> {
        let connection = self.writing()?;
        let bytes = connection.tariff.and_then(|tariff| tariff.max_bytes);
        act(&Context {
            renderer,
            warehouse: &*connection.warehouse,
            ledger: &*self.observed(connection),
            clock: self.clock(),
            who: options.who,
            progress: options.progress,
            interrupt: self.interrupt(),
            limits: Limits { bytes, wait: options.wait },
            run: Some(options.id),
        })
    }

    fn observed(&self, connection: &Connection) -> Arc<dyn Ledger + Send> {
        let ledger = connection.ledger.clone();
        match self.observer.clone() {
            None => ledger,
            Some(observer) => {
                let observer = Box::new(move |entry: &Entry| observer(entry));
                Arc::new(Observed { ledger, observer })
            }
        }
    }
}

//! A run in progress: its actions so far, and the state of each date.

use std::collections::BTreeMap;

use super::cutoff::Cutoff;
use super::date::DateState;
use super::journal::Journal;
use super::report::StepReport;
use super::tables::Tables;
use super::{Consolidated, Context, Counts, RunId, access};
use crate::error::{Error, Result};
use crate::partitions::Books;
use crate::plan::Plan;
use crate::warehouse::{Buffer, TableState};
use crate::window::{Day, Window};

/// A run in progress.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub journal: Journal<'a>,
    /// The streaming buffer, from the table's metadata.
    pub buffer: Buffer,
    /// The state of the tables of its dates.
    pub tables: Tables,
    pub cutoff: Cutoff,
    pub days: BTreeMap<Day, DateState>,
    /// Rows without a date.
    pub undated: Counts,
    /// The runs that removed rows of keys without an active row now, with the number of such keys.
    pub keyless_runs: Vec<(RunId, u64)>,
    pub consolidated: Consolidated,
    /// The state of the staging tables to be dropped, before counting.
    pub stood: BTreeMap<String, TableState>,
    pub steps: Vec<StepReport>,
    /// The state of its dates' partitions before any query, if known.
    pub books: Books,
    /// Custom statements that the streaming buffer refused.
    pub buffered: Vec<String>,
    pub problems: Vec<Error>,
    /// The maximum billed bytes of the sent statements, if there is a limit.
    pub billed: Option<u64>,
}

impl<'a> Run<'a> {
    /// Begins a run: delivers and completes the ledger entries of earlier runs, and reads the streaming
    /// buffer of the tables of the dates in `window` once. The caller holds the lock.
    pub fn begin(
        context: &'a Context<'a>,
        window: impl FnOnce() -> Result<Window>,
    ) -> Result<Self> {
        let now = context.clock.now();
        let rule = context.renderer.rule();
        let journal = Journal::open(context, now);
        context.ledger.deliver()?;
        for note in journal.recover()? {
            context.progress.note(&note);
        }
        let tables = Tables::of(context.warehouse, rule, &window()?)?;
        access::columns(rule, &tables.protected, false)?;
        let (buffer, cutoff) = (tables.buffer, Cutoff::new(rule, now, tables.buffer));
        let state = |day: &Day| (*day, DateState::new(rule, Counts::default(), cutoff, now));
        let days = tables.absent.iter().map(state).collect();
        Ok(Self {
            context,
            journal,
            buffer,
            tables,
            cutoff,
            days,
            undated: Counts::default(),
            keyless_runs: Vec::new(),
            consolidated: Consolidated::default(),
            stood: BTreeMap::new(),
            steps: Vec::new(),
            books: Books::default(),
            buffered: Vec::new(),
            problems: Vec::new(),
            billed: None,
        })
    }

    /// Sets the state of the partitions before the run, from its plan.
    pub fn with_books(mut self, plan: &Plan) -> Self {
        self.books = plan.books.clone();
        self
    }

    /// Delivers the ledger's entries. Entries that cannot be delivered wait for the next run, and are a
    /// problem of this one.
    ///
    /// # Errors
    /// The ledger could not be written, after which nothing was sent.
    pub fn end(mut self) -> Result<Self> {
        self.journal.finish()?;
        if let Err(error) = self.context.ledger.deliver() {
            self.fail(error);
        }
        self.context.progress.end();
        Ok(self)
    }
}

impl Run<'_> {
    /// Whether nothing more is to be sent: the user asked to stop, or the ledger cannot be written.
    pub fn stops(&self) -> bool {
        self.interrupted() || self.journal.is_broken()
    }

    /// Whether the user asked to stop.
    pub fn interrupted(&self) -> bool {
        self.context.interrupt.requested()
    }

    /// Adds a failure that does not concern single dates.
    pub fn fail(&mut self, error: Error) {
        self.problems.push(error);
    }

    /// Adds a failure of these dates.
    pub fn fail_days(&mut self, days: &[Day], error: Error) {
        for day in days {
            if let Some(state) = self.days.get_mut(day) {
                state.failed = true;
            }
        }
        self.problems.push(error);
    }
}

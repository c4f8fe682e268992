//! A run under way: what it has done, and what it knows of each date so far.

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
use crate::warehouse::{Buffer, Standing};
use crate::window::{Day, Window};

/// A run under way.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub journal: Journal<'a>,
    /// What the table's metadata says of its streaming buffer.
    pub buffer: Buffer,
    /// What is known of the tables of its dates.
    pub tables: Tables,
    pub cutoff: Cutoff,
    pub days: BTreeMap<Day, DateState>,
    /// Rows without a date.
    pub undated: Counts,
    /// The runs that removed rows of keys that have no active row now, each with the number of such keys.
    pub keyless_runs: Vec<(RunId, u64)>,
    pub consolidated: Consolidated,
    /// How the staging tables that are to be dropped stood before anything of them was counted.
    pub stood: BTreeMap<String, Standing>,
    pub steps: Vec<StepReport>,
    /// How the partitions of its dates stood before anything was asked, where that was looked up.
    pub books: Books,
    /// custom statements that the streaming buffer refused.
    pub buffered: Vec<String>,
    pub problems: Vec<Error>,
    /// What was sent is billed at most for, where there is a limit.
    pub billed: Option<u64>,
}

impl<'a> Run<'a> {
    /// Begins a run: delivers and completes what earlier runs have left in the ledger, and looks
    /// at the streaming buffer of the tables of its dates once, which `window` says. The caller holds the
    /// lock.
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

    /// The same run; its plan says how the partitions of its dates stood before it.
    pub fn with_books(mut self, plan: &Plan) -> Self {
        self.books = plan.books.clone();
        self
    }

    /// Delivers the ledger's entries. What cannot be delivered waits for the next run, and is a problem
    /// of this one. Errors: the ledger could not be written, after which nothing was sent.
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

    /// Something went wrong that concerns no single date.
    pub fn fail(&mut self, error: Error) {
        self.problems.push(error);
    }

    /// Something went wrong with these dates.
    pub fn fail_days(&mut self, days: &[Day], error: Error) {
        for day in days {
            if let Some(state) = self.days.get_mut(day) {
                state.failed = true;
            }
        }
        self.problems.push(error);
    }
}

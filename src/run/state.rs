//! A run under way: what it has done, and what it knows of each date so far.

use std::collections::BTreeMap;

use super::cutoff::Cutoff;
use super::journal::Journal;
use super::report::StepReport;
use super::{Consolidated, Context, Counts};
use crate::check::Checked;
use crate::error::{Error, Result};
use crate::plan::{Plan, PlannedStep};
use crate::rule::Strategy;
use crate::warehouse::{Audit, Buffer};
use crate::window::Day;

/// A run under way.
pub(super) struct Run<'a> {
    pub context: &'a Context<'a>,
    pub plan: &'a Plan,
    pub journal: Journal<'a>,
    /// What the table's metadata says of its streaming buffer.
    pub buffer: Buffer,
    pub cutoff: Cutoff,
    pub days: BTreeMap<Day, Progressing>,
    pub consolidated: Consolidated,
    pub steps: Vec<StepReport>,
    /// Own statements that the streaming buffer refused.
    pub buffered: Vec<String>,
    pub problems: Vec<Error>,
}

impl<'a> Run<'a> {
    /// Begins a run: delivers and completes what earlier runs have left in the ledger, and looks
    /// at the streaming buffer once. The caller holds the claim.
    pub fn begin(context: &'a Context<'a>, plan: &'a Plan) -> Result<Self> {
        let now = context.clock.now();
        let rule = context.renderer.rule();
        let journal = Journal::open(context, now);
        context.ledger.deliver()?;
        for note in journal.recover()? {
            context.progress.note(&note);
        }
        let buffer = context.warehouse.buffer(&rule.table)?;
        Ok(Self {
            context,
            plan,
            journal,
            buffer,
            cutoff: Cutoff::new(rule, now, buffer),
            days: BTreeMap::new(),
            consolidated: Consolidated::default(),
            steps: Vec::new(),
            buffered: Vec::new(),
            problems: Vec::new(),
        })
    }

    /// Delivers the ledger's entries. What cannot be delivered waits for the next run, and is a
    /// problem of this one.
    pub fn end(mut self) -> Self {
        if let Err(error) = self.context.ledger.deliver() {
            self.fail(error);
        }
        self.context.progress.end();
        self
    }
}

impl Run<'_> {
    /// Runs the statements of a step as they are. One that the streaming buffer refuses is sent
    /// once more with an earlier cutoff, if it has one to spare rows by.
    pub fn own(&mut self, step: &PlannedStep) -> Result<()> {
        for statement in &step.statements {
            if self.interrupted() {
                break;
            }
            self.own_statement(statement)?;
            self.context.progress.advance();
        }
        Ok(())
    }

    /// Runs one statement of an own step.
    pub fn own_statement(&mut self, statement: &Checked) -> Result<()> {
        let rule = self.context.renderer.rule();
        let title = statement.statement().title();
        let spares = statement.statement().sql.contains("@cutoff");
        let earlier = self.cutoff.earlier(rule, self.journal.now).filter(|_| spares);
        match self.journal.send_around_buffer(
            statement,
            self.plan.audit_of(statement).map(Audit::of),
            self.cutoff,
            earlier,
        )? {
            Ok(Some(answer)) => self.steps.push(StepReport { title, answer }),
            Ok(None) => self.buffered.push(title),
            Err(error) => self.fail(error),
        }
        Ok(())
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

/// What the run knows of a date so far.
pub(super) struct Progressing {
    strategy: Strategy,
    /// Keys that had an active row when the run began.
    pub keys: u64,
    /// The figures as last detected, and the cutoff they were counted with.
    pub baseline: Counts,
    pub cutoff: Cutoff,
    /// Rows deactivated since the baseline was counted, and in all.
    pub since_baseline: u64,
    pub deactivated: u64,
    /// Whether an UPDATE may have changed the date since it was last verified.
    pub touched: bool,
    /// Whether something went wrong with the date.
    pub failed: bool,
}

impl Progressing {
    pub fn new(strategy: Strategy, counts: Counts, cutoff: Cutoff) -> Self {
        Self {
            strategy,
            keys: counts.keys,
            baseline: counts,
            cutoff,
            since_baseline: 0,
            deactivated: 0,
            touched: false,
            failed: false,
        }
    }

    /// Clean dates cost nothing; buffered ones wait; shared ids are left alone.
    pub fn needs_update(&self) -> bool {
        self.baseline.calls_for(self.strategy)
            && self.since_baseline < self.baseline.settled_duplicates()
    }

    /// The figures before this run deactivated anything.
    pub fn as_found(&self) -> Counts {
        self.baseline.before(self.deactivated - self.since_baseline)
    }

    pub fn rebase(&mut self, counts: Counts, cutoff: Cutoff) {
        self.baseline = counts;
        self.cutoff = cutoff;
        self.since_baseline = 0;
    }

    pub fn add(&mut self, affected: u64) {
        self.since_baseline += affected;
        self.deactivated += affected;
        self.touched = true;
    }
}

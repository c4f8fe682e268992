//! What can be asked without changing anything.

use super::Engine;
use crate::connection::Tariff;
use crate::doctor;
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::ledger::{self, Entry, Filter};
use crate::notify::{Channel, RunEvent};
use crate::plan;
use crate::project::Project;
use crate::review::{self, Impact};
use crate::rule::{Rule, RuleName, WarehouseType};
use crate::run::{self, PastRun, RemovedRows, Report, Superseded, Which};
use crate::statement::StepName;
use crate::window::Window;

impl Engine {
    /// Counts the dates of a rule. Leaves no entry in the ledger.
    ///
    /// Errors: the detect step is not fit to run; the warehouse does not answer.
    pub fn status(&self, rule: &Rule, window: &Window) -> Result<Report> {
        let renderer = self.renderer(rule)?;
        run::standing(&renderer, &*self.reading()?.warehouse, self.now(), window)
    }

    /// Which row would supersede which. Leaves no entry in the ledger.
    ///
    /// Errors: the explain step is not fit to run; the warehouse does not answer.
    pub fn explain(&self, rule: &Rule, window: &Window) -> Result<Vec<Superseded>> {
        let renderer = self.renderer(rule)?;
        let plan = plan::make(&renderer, &[StepName::parse(StepName::EXPLAIN)?], window)?;
        run::explain(&renderer, &*self.reading()?.warehouse, self.now(), &plan)
    }

    /// For how many bytes [`Self::explain`] is billed at most; `None` where the warehouse does not say.
    ///
    /// Errors: as there.
    pub fn explain_bytes(&self, rule: &Rule, window: &Window) -> Result<Option<u64>> {
        let renderer = self.renderer(rule)?;
        let plan = plan::make(&renderer, &[StepName::parse(StepName::EXPLAIN)?], window)?;
        let warehouse = &*self.reading()?.warehouse;
        let plan = run::there(warehouse, rule, &plan)?;
        let estimates = run::estimate(warehouse, self.now(), &plan)?;
        Ok(estimates.iter().map(|(_, estimate)| estimate.billed).sum())
    }

    /// Which rows an earlier run of this rule removed, each with its survivor. Leaves no entry in the
    /// ledger.
    ///
    /// Errors: there is no such run; it removed nothing; the warehouse does not answer.
    pub fn removed_rows(&self, rule: &Rule, which: &Which) -> Result<RemovedRows> {
        let from = self.reading()?;
        let (warehouse, ledger) = (&*from.warehouse, &*from.ledger);
        run::removed_rows(&self.renderer(rule)?, warehouse, ledger, self.now(), which)
    }

    /// Entries of the ledger, oldest first.
    ///
    /// Errors: the ledger does not answer.
    pub fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        self.reading()?.ledger.entries(wanted)
    }

    /// The newest of these entries of the ledger, oldest first: no further back than it takes until they
    /// are enough.
    ///
    /// Errors: the ledger does not answer.
    pub fn newest(
        &self,
        wanted: &Filter<'_>,
        enough: impl Fn(&[Entry]) -> bool,
    ) -> Result<Vec<Entry>> {
        ledger::newest(&*self.reading()?.ledger, wanted, enough)
    }

    /// One run with its entries, oldest first; `None` where the ledger has no such run.
    ///
    /// Errors: the ledger does not answer.
    pub fn past(&self, id: &str) -> Result<Option<(PastRun, Vec<Entry>)>> {
        run::past(&*self.reading()?.ledger, id)
    }

    /// The runs of the last so many days, newest first.
    ///
    /// Errors: the ledger does not answer.
    pub fn history(&self, rule: Option<&RuleName>, days: u32) -> Result<Vec<PastRun>> {
        let wanted = Filter::recent(rule.map(RuleName::as_str), self.now(), days);
        Ok(run::history(&self.entries(&wanted)?))
    }

    /// What the warehouse charges; `None` where that is nothing.
    ///
    /// Errors: the warehouse cannot be opened.
    pub fn tariff(&self) -> Result<Option<Tariff>> {
        Ok(self.reading()?.tariff)
    }

    /// Whether the warehouse has a table or view of this name.
    ///
    /// Errors: the warehouse does not answer.
    pub fn has_table(&self, table: &TableName) -> Result<bool> {
        match self.reading()?.warehouse.describe(table) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Whether the warehouse answers, and has the table of each rule.
    ///
    /// Errors: it does not.
    pub fn is_ready(&self) -> Result<()> {
        for rule in &self.project.file.rules {
            let warehouse = &*self.reading()?.warehouse;
            match rule.partition.is_sharded() {
                true => warehouse.dataset(&rule.table).map(drop)?,
                false => warehouse.describe(&rule.table).map(drop)?,
            }
        }
        Ok(())
    }

    /// Compares the rules with their tables, and tries every permission.
    ///
    /// Errors: the warehouse cannot be opened; a template that does not parse.
    pub fn doctor(&self, rules: &[(&Rule, Window)]) -> Result<Vec<doctor::Line>> {
        let from = self.reading()?;
        let (warehouse, ledger) = (&*from.warehouse, &*from.ledger);
        let Some((first, _)) = rules.first() else { return Ok(Vec::new()) };
        let mut lines = match doctor::connection(warehouse, ledger, first, self.clock()) {
            Ok(lines) => lines,
            Err(lines) => return Ok(lines),
        };
        lines.extend(doctor::kept(warehouse, &self.left_behind()));
        for (rule, window) in rules {
            let renderer = self.renderer(rule)?;
            lines.extend(doctor::table(&renderer, warehouse, window, self.now()));
        }
        Ok(lines)
    }

    /// The tables that runs leave behind, beside the rule's.
    fn left_behind(&self) -> Vec<(&'static str, TableName)> {
        match self.warehouse().map(|warehouse| &warehouse.kind) {
            Ok(WarehouseType::BigQuery(settings)) => vec![
                ("ledger", settings.ledger.clone()),
                ("removal log", settings.removal_log().table),
            ],
            _ => Vec::new(),
        }
    }

    /// What the change of a rule since another version of the project does to the data.
    ///
    /// Errors: a version does not have the rule; the two cannot be compared; the warehouse does not
    /// answer.
    pub fn impact(
        &self,
        old: &Project,
        rule: &RuleName,
        window: &Window,
        examples: u32,
    ) -> Result<Impact> {
        let (before, after) = (old.file.rule(rule.as_str())?, self.rule(rule)?);
        let (old, new, now) = ((old, before), (&self.project, after), self.now());
        review::impact(old, new, &*self.reading()?.warehouse, window, now, examples)
    }

    /// Looks into the ledger since when the rows wait that a run left buffered.
    ///
    /// Errors: the ledger does not answer.
    pub fn look_into(&self, event: &mut RunEvent, channels: &[Channel]) -> Result<(), Error> {
        event.look(channels, &*self.reading()?.ledger, self.now())
    }
}

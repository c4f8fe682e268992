//! Read-only operations.

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
use crate::window::{Day, Window};

impl Engine {
    /// Counts the rows of a rule per date. Writes no ledger entry.
    ///
    /// # Errors
    /// The detect step does not pass the checks, or the warehouse does not answer.
    pub fn status(&self, rule: &Rule, window: &Window) -> Result<Report> {
        let renderer = self.renderer(rule)?;
        run::read_status(&renderer, &*self.reading()?.warehouse, self.now(), window)
    }

    /// The duplicates, each with its survivor. Writes no ledger entry.
    ///
    /// # Errors
    /// The explain step does not pass the checks, or the warehouse does not answer.
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
    /// # Errors
    /// There is no such run, it removed nothing, or the warehouse does not answer.
    pub fn removed_rows(&self, rule: &Rule, which: &Which) -> Result<RemovedRows> {
        let from = self.reading()?;
        let (warehouse, ledger) = (&*from.warehouse, &*from.ledger);
        run::removed_rows(&self.renderer(rule)?, warehouse, ledger, self.now(), which, None)
    }

    /// The same of one date.
    ///
    /// # Errors
    /// As there; a run that removed nothing of this date has no rows.
    pub fn removed_rows_of(&self, rule: &Rule, which: &Which, day: Day) -> Result<RemovedRows> {
        let from = self.reading()?;
        let (warehouse, ledger) = (&*from.warehouse, &*from.ledger);
        run::removed_rows(&self.renderer(rule)?, warehouse, ledger, self.now(), which, Some(day))
    }

    /// Entries of the ledger, oldest first.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        self.reading()?.ledger.entries(wanted)
    }

    /// The newest matching entries of the ledger, oldest first. Reads back only until there are enough.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub fn newest(
        &self,
        wanted: &Filter<'_>,
        enough: impl Fn(&[Entry]) -> bool,
    ) -> Result<Vec<Entry>> {
        ledger::newest(&*self.reading()?.ledger, wanted, enough)
    }

    /// One run with its entries, oldest first; `None` if the ledger has no such run.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub fn past(&self, id: &str) -> Result<Option<(PastRun, Vec<Entry>)>> {
        run::past(&*self.reading()?.ledger, id)
    }

    /// The runs of the last `days` days, newest first.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub fn history(&self, rule: Option<&RuleName>, days: u32) -> Result<Vec<PastRun>> {
        let wanted = Filter::recent(rule.map(RuleName::as_str), self.now(), days);
        Ok(run::history(&self.entries(&wanted)?))
    }

    /// The warehouse's prices; `None` if it is free.
    ///
    /// # Errors
    /// The warehouse cannot be opened.
    pub fn tariff(&self) -> Result<Option<Tariff>> {
        Ok(self.reading()?.tariff)
    }

    /// Whether the warehouse has a table or view of this name.
    ///
    /// # Errors
    /// The warehouse does not answer.
    pub fn has_table(&self, table: &TableName) -> Result<bool> {
        match self.reading()?.warehouse.describe(table) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Succeeds if the warehouse answers, and has the table of each rule.
    ///
    /// # Errors
    /// The warehouse does not answer, or lacks a table.
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
    /// # Errors
    /// The warehouse cannot be opened, or a template does not parse.
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

    /// The tables that runs create besides the rule's.
    fn left_behind(&self) -> Vec<(&'static str, TableName)> {
        match self.warehouse().map(|warehouse| &warehouse.kind) {
            Ok(WarehouseType::BigQuery(settings)) => vec![
                ("ledger", settings.ledger.clone()),
                ("removal log", settings.removal_log().table),
            ],
            _ => Vec::new(),
        }
    }

    /// The effect of a rule's change since another version of the project on the data.
    ///
    /// # Errors
    /// A version lacks the rule, the two cannot be compared, or the warehouse does not answer.
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

    /// Looks up in the ledger since when a run's buffered rows have been waiting.
    ///
    /// # Errors
    /// The ledger does not answer.
    pub fn look_into(&self, event: &mut RunEvent, channels: &[Channel]) -> Result<(), Error> {
        event.look(channels, &*self.reading()?.ledger, self.now())
    }
}

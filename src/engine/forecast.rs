//! The forecast of a window, from the warehouse's estimates and the ledger.

use super::Engine;
use crate::check;
use crate::error::{Error, Kind, Result};
use crate::ledger::Entry;
use crate::rule::Rule;
use crate::run::{self, Basis, SECONDS, StepCost};
use crate::statement::StepName;
use crate::warehouse::Estimate;
use crate::window::Window;

/// The basis of a rule's forecast.
pub struct Outlook {
    /// The model.
    pub basis: Basis,
    /// The number of jobs in the ledger with a known duration; if 0, [`SECONDS`] is assumed per job.
    pub remembered: usize,
    /// The price of reading; `None` if the warehouse is free.
    pub tariff: Option<crate::connection::Tariff>,
}

/// How many days of the ledger are used.
const DAYS: u32 = super::SLOT_DAYS;

impl Engine {
    /// The forecast of runs over these dates. Uses four estimates for any number of dates; runs nothing.
    ///
    /// # Errors
    /// Each date is a separate table, a template does not render, or the warehouse does not answer.
    pub fn outlook(&self, rule: &Rule, window: &Window) -> Result<Outlook> {
        if rule.partition.is_sharded() {
            let message = format!(
                "rule {}: each date is a table of its own, of which there is no forecast",
                rule.name
            );
            return Err(Error::new(Kind::Usage, message).help("`onerow plan` shows each statement"));
        }
        let renderer = self.renderer(rule)?;
        let steps = [StepName::DETECT, StepName::RECORD, rule.strategy.step(), StepName::VERIFY];
        let statements = steps.map(|step| {
            let statement = renderer.render_together(&StepName::parse(step)?, window)?;
            check::run(rule, statement)
        });
        let statements = statements.into_iter().collect::<Result<Vec<_>>>()?;
        let from = self.reading()?;
        let now = self.now();
        let estimates = run::estimate_each(&*from.warehouse, now, statements.iter().collect())?;
        let entries = self.recent(rule, DAYS)?;
        let times: Vec<(&str, f64)> =
            entries.iter().filter_map(|e| Some((e.step.as_str(), seconds(e)?))).collect();
        let cost = |place: usize| StepCost {
            estimate: estimates[place].1,
            seconds: mean(&times, steps[place]),
        };
        let log = Estimate::of(estimates[0].1.bytes.map(|_| 0), 1);
        let basis = Basis {
            dates: window.days().len(),
            concurrency: from.warehouse.concurrency().mutations,
            detect: cost(0),
            record: cost(1),
            recorded: StepCost { estimate: log, seconds: mean(&times, StepName::RECORDED) },
            removal: cost(2),
            verify: cost(3),
        };
        Ok(Outlook { basis, remembered: times.len(), tariff: from.tariff })
    }
}

/// The duration of a job.
fn seconds(entry: &Entry) -> Option<f64> {
    let (began, ended) = (entry.usage.started?, entry.usage.ended?);
    entry.outcome.is_done().then(|| ended.duration_since(began).as_secs_f64())
}

/// The mean duration of a step's jobs; if none is known, of all steps.
fn mean(times: &[(&str, f64)], step: &str) -> f64 {
    let of = |is: &dyn Fn(&str) -> bool| {
        let known: Vec<f64> = times.iter().filter(|(of, _)| is(of)).map(|(_, t)| *t).collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    of(&|of| of == step).or_else(|| of(&|_| true)).unwrap_or(SECONDS)
}

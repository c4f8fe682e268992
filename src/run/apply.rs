//! `apply`: detect once, remove where necessary, verify the changed dates.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::batch::Batch;
use super::budget;
use super::clean::{self, Cleaned, Cleaning, Pair};
use super::cutoff::{Cutoff, future_days};
use super::date::DateState;
use super::report::{DayReport, Report, Undated};
use super::state::Run;
use super::verdict::{Judged, Verdict, verdict};
use super::{
    Context, Counts, PartitionStates, ROUNDS, checked, columns, keyless, numbers, parallel_map,
    params, rows,
};
use crate::check::Checked;
use crate::error::{Error, Kind, Result};
use crate::partitions::{Books, Stamps};
use crate::plan::{Plan, PlannedStep};
use crate::rule::OnKeyless;
use crate::statement::StepName;
use crate::template::Renderer;
use crate::window::{Day, Window};

/// Runs a plan. Dates are independent: a failure of one is a problem in the report, and the others continue.
///
/// # Errors
/// The run could not begin, or the ledger could not be written; then nothing more is sent.
pub fn apply(context: &Context<'_>, plan: &Plan) -> Result<Report> {
    let _lock = context.ledger.lock(&context.renderer.rule().table, context.interrupt)?;
    let before = before_anything(context, plan)?;
    let mut run = Run::begin(context, || Ok(plan.window.clone()))?.with_books(plan);
    run.billed = before;
    let there = run.tables.there(plan).into_owned();
    let plan = &there;
    columns::check_listed(context.renderer.rule(), context.warehouse, &plan.window)?;
    for step in &plan.steps {
        if run.stops() {
            break;
        }
        match step.name.as_str() {
            StepName::DETECT => run.detect(&step.statements),
            // Sent together with its step.
            StepName::RECORD => {}
            _ if step.name.removes_duplicates() => run.remove(plan, step),
            StepName::VERIFY => run.verify(plan),
            StepName::CONSOLIDATE => run.consolidate(plan, step),
            _ => run.custom(step),
        }
        // Until detect has counted, later steps may depend on what failed.
        if run.days.is_empty() && !run.problems.is_empty() {
            break;
        }
    }
    if !context.limits.wait.is_zero() {
        run.wait_for_buffered(plan);
    }
    if run.interrupted() {
        run.unverified();
    }
    run.drop_staging(plan);
    if !run.stops()
        && let Err(error) = run.look_for_keyless()
    {
        run.fail(error);
    }
    Ok(run.end()?.report().failing_for_counts())
}

/// The bytes billed before the dates are counted; `None` if the warehouse does not say, or there is no limit.
/// Errors: above the limit.
fn before_anything(context: &Context<'_>, plan: &Plan) -> Result<Option<u64>> {
    let Some(limit) = context.limits.bytes else { return Ok(None) };
    let first = budget::before_removal(context.warehouse, context.clock.now(), plan)?;
    let billed = budget::billed(&first);
    let about = match plan.steps.iter().all(|step| step.name.is_of_counting()) {
        true => "counting alone",
        false => "counting and the steps around it",
    };
    budget::refuse_above(limit, billed, about, "nothing was sent")?;
    Ok(billed)
}

impl Run<'_> {
    pub(super) fn detect(&mut self, statements: &[Checked]) {
        for statement in statements {
            self.detect_with(statement, self.cutoff);
        }
        let found = self.days.iter().map(|(day, state)| (*day, state.baseline)).collect();
        if let Err(error) = self.check_numbers(&found) {
            return self.fail(error);
        }
        if let Some(window) = future_days(self.buffer, &found) {
            self.context.progress.note(&format!(
                "{window}: some duplicates have a written_at in the future; the table has no \
                 streaming buffer, so they are treated as settled"
            ));
            match checked(self.context.renderer, StepName::DETECT, &window) {
                Ok(statements) => {
                    let undated = self.undated;
                    for statement in &statements {
                        self.detect_with(statement, Cutoff::everything());
                    }
                    self.undated = undated;
                }
                Err(error) => self.fail(error),
            }
        }
    }

    /// Errors: no row was found, and the partition column's numbers are not dates.
    fn check_numbers(&self, found: &BTreeMap<Day, Counts>) -> Result<()> {
        let renderer = self.context.renderer;
        for statement in numbers::doubtful(renderer, found)? {
            let answer = self.journal.send(&statement, &params(self.cutoff, &self.journal.run))?;
            numbers::check(renderer.rule(), rows(&answer)?)?;
        }
        Ok(())
    }

    fn detect_with(&mut self, statement: &Checked, cutoff: Cutoff) {
        match self.journal.count_after(statement, cutoff, &self.books.table) {
            Ok(found) => {
                let (rule, now) = (self.context.renderer.rule(), self.journal.now);
                let state = |(day, counts)| (day, DateState::new(rule, counts, cutoff, now));
                self.days.extend(found.days.into_iter().map(state));
                self.undated = found.undated;
            }
            Err(error) => self.problems.push(error),
        }
    }

    pub(super) fn remove(&mut self, plan: &Plan, step: &PlannedStep) {
        let windows = step.statements.iter().map(|checked| &checked.statement().window);
        let days: Vec<Day> = windows.flat_map(|window| window.days()).copied().collect();
        self.clean_days(plan, &days);
    }

    /// Records and removes the duplicates of the dates that have any, as many dates at a time as the
    /// warehouse accepts. A failure is a problem of its dates.
    pub(super) fn clean_days(&mut self, plan: &Plan, days: &[Day]) {
        let needed: Vec<Day> = self
            .days
            .iter()
            .filter(|(day, state)| days.contains(day) && state.needs_removal())
            .map(|(day, _)| *day)
            .collect();
        if needed.is_empty() {
            return;
        }
        if let Err(error) = self.afford(plan, &needed) {
            return self.fail(error);
        }
        let context = self.context;
        if let Err(error) = context.warehouse.prepare_removals(context.renderer.removals()) {
            return self.fail_days(&needed, error);
        }
        let (batches, journal) = (self.batches(&needed), &self.journal);
        context.progress.begin(batches.len() as u64);
        let concurrency = context.warehouse.concurrency().mutations;
        let cleaned = parallel_map(concurrency, batches, |mut batch| {
            let mut problems = Vec::new();
            if !context.interrupt.requested() && !journal.is_broken() {
                let statements: &clean::Statements<'_> =
                    &|window| planned(plan, context.renderer, window);
                let count: &clean::Counting<'_> =
                    &|window, cutoff| clean::count(journal, window, cutoff);
                let removed_by = context.renderer.rule().strategy;
                let cleaning = Cleaning { journal, statements, removed_by, count };
                problems = clean_batch(&cleaning, &mut batch);
                context.progress.advance();
            }
            (batch, problems)
        });
        for (batch, problems) in cleaned {
            self.days.extend(batch.dates);
            self.problems.extend(problems);
        }
    }

    /// Errors: with the statements sent before, removing the duplicates of these dates would be billed above
    /// the limit.
    fn afford(&mut self, plan: &Plan, days: &[Day]) -> Result<()> {
        let Some(limit) = self.context.limits.bytes else { return Ok(()) };
        let (renderer, warehouse) = (self.context.renderer, self.context.warehouse);
        let removal =
            budget::removal_of(renderer, warehouse, self.journal.now, plan, days, budget::EACH)?;
        let billed = budget::billed(&removal)
            .map(|removal| self.billed.unwrap_or(0).saturating_add(removal));
        let dates = if days.len() == 1 { "date" } else { "dates" };
        let about = format!("counting, and removing the duplicates of {} {dates},", days.len());
        budget::refuse_above(limit, billed, &about, "none of their rows was changed")?;
        self.billed = billed;
        Ok(())
    }

    /// The batches of these dates: dates of one batch were counted with the same cutoff.
    fn batches(&mut self, days: &[Day]) -> Vec<Batch> {
        let mut alike: BTreeMap<_, Vec<Day>> = BTreeMap::new();
        for day in days {
            if let Some(state) = self.days.get(day) {
                let earlier = state.earlier.map(|cutoff| cutoff.instant());
                alike.entry((state.cutoff.instant(), earlier)).or_default().push(*day);
            }
        }
        let rule = self.context.renderer.rule();
        let windows = alike.values().flat_map(|days| rule.batches(days));
        let windows: Vec<Window> = windows.collect();
        let batch = |window: &Window| {
            let take = |day: &Day| Some((*day, self.days.remove(day)?));
            Batch::new(window.days().iter().filter_map(take).collect())
        };
        windows.iter().map(batch).collect()
    }

    /// After an interrupt: changed dates that were not verified are not reported as clean.
    fn unverified(&mut self) {
        let touched = self.days.iter().filter(|(_, state)| state.touched);
        let days: Vec<Day> = touched.map(|(day, _)| *day).collect();
        let left = self.days.values().filter(|state| state.needs_removal()).count();
        let error = Error::new(
            Kind::Interrupted,
            format!(
                "interrupted: {left} dates were left as they were, {} not verified",
                days.len()
            ),
        );
        self.fail_days(
            &days,
            error.help("run the same command again: it goes on where this one stopped"),
        );
    }

    /// Verifies the changed dates. If new rows have superseded a survivor meanwhile, the date is cleaned
    /// again.
    pub(super) fn verify(&mut self, plan: &Plan) {
        // With a comparison across dates, new duplicates can move from date to date.
        let across = self.context.renderer.rule().across.is_some();
        let rounds = if across { ROUNDS.max(self.days.len()) } else { ROUNDS };
        for _ in 0..rounds {
            if self.stops() {
                return;
            }
            let mut again = Vec::new();
            for (cutoff, days) in self.touched() {
                let stamps = self.stamps_again(&plan.window);
                again.extend(self.verify_days(cutoff, &days, &stamps));
            }
            for state in self.days.values_mut() {
                state.touched = false;
            }
            if again.is_empty() {
                return;
            }
            self.clean_days(plan, &again);
        }
        let message = format!(
            "gave up after {rounds} attempts: new duplicates kept arriving while dates were being cleaned"
        );
        let help = "run again when the other process that writes to these dates is done";
        self.fail(Error::new(Kind::Verification, message).help(help));
    }

    /// The dates that an UPDATE may have changed, by the cutoff of their counts. With a comparison across
    /// dates, its removals affect other dates too.
    fn touched(&self) -> Vec<(Cutoff, Vec<Day>)> {
        let across = self.context.renderer.rule().across.is_some();
        let all = across && self.days.values().any(|state| state.touched);
        let mut touched: BTreeMap<_, (Cutoff, Vec<Day>)> = BTreeMap::new();
        for (day, state) in self.days.iter().filter(|(_, state)| state.touched || all) {
            let group = touched.entry(state.cutoff.instant());
            group.or_insert((state.cutoff, Vec::new())).1.push(*day);
        }
        touched.into_values().collect()
    }

    /// The state of the partitions after the run's changes, if it was read before and reading again is free.
    /// Dates without a state are detected again by the next run.
    pub(super) fn stamps_again(&self, window: &Window) -> Stamps {
        let (rule, warehouse) = (self.context.renderer.rule(), self.context.warehouse);
        if self.books == Books::default() || !warehouse.tells_partitions_freely() {
            return Stamps::new();
        }
        let table = warehouse.describe(&rule.table);
        let by_date = table.and_then(|table| {
            Ok(PartitionStates::of(rule, &table, &warehouse.partitions(rule, &rule.table)?))
        });
        by_date.map(|by_date| by_date.stamps(rule, window.days())).unwrap_or_default()
    }

    /// Returns the dates to clean again.
    fn verify_days(&mut self, cutoff: Cutoff, days: &[Day], stamps: &Stamps) -> Vec<Day> {
        let mut again = Vec::new();
        let statements = Window::of_days(days.to_vec())
            .and_then(|window| checked(self.context.renderer, StepName::VERIFY, &window));
        match statements {
            Ok(statements) => {
                for statement in statements {
                    match self.journal.count_after(&statement, cutoff, stamps) {
                        Ok(after) => again.extend(self.judge(&after.days)),
                        Err(error) => self.fail_days(days, error),
                    }
                }
            }
            Err(error) => self.fail_days(days, error),
        }
        again
    }

    fn judge(&mut self, after: &BTreeMap<Day, Counts>) -> Vec<Day> {
        let rule = self.context.renderer.rule();
        let mut again = Vec::new();
        for (day, after) in after {
            let Some(state) = self.days.get_mut(day) else { continue };
            let judged = Judged {
                hides_arrivals: state.cutoff.hides_arrivals() && rule.written_at.is_some(),
                across: rule.across.is_some(),
            };
            match verdict(*day, state.keys, state.baseline, state.since_baseline, *after, judged) {
                Verdict::Holds => {}
                Verdict::Again => {
                    let why = match judged.across {
                        true => "rows are duplicates of rows on other dates now",
                        false => "new duplicates arrived meanwhile",
                    };
                    self.context.progress.note(&format!("{day}: {why}; cleaning it again"));
                    state.rebase(*after, state.cutoff);
                    if judged.across {
                        // Remaining duplicates are removed next.
                        state.keys = after.keys;
                    }
                    again.push(*day);
                }
                Verdict::Broken(error) => self.fail_days(&[*day], error),
            }
        }
        again
    }

    /// Finds the runs that removed rows of the keys without an active row.
    fn look_for_keyless(&mut self) -> Result<()> {
        let renderer = self.context.renderer;
        let statuses = self.days.iter().map(|(day, state)| {
            (*day, day_report(*day, state, renderer.rule().on_keyless).status())
        });
        for statement in keyless::asked(renderer, self.context.warehouse, statuses)? {
            let answer = self.journal.send(&statement, &params(self.cutoff, &self.journal.run))?;
            self.keyless_runs.extend(keyless::read(rows(&answer)?)?);
        }
        Ok(())
    }

    /// The report of the run.
    pub(super) fn report(self) -> Report {
        let on_keyless = self.context.renderer.rule().on_keyless;
        let day = |(day, state): (Day, DateState)| day_report(day, &state, on_keyless);
        Report {
            undated: Undated::of(self.context.renderer.rule(), self.undated),
            keyless_runs: self.keyless_runs,
            rule: self.context.renderer.rule().name.clone(),
            run: Some(self.journal.run.to_string()),
            days: self.days.into_iter().map(day).collect(),
            consolidated: (!self.consolidated.days.is_empty()).then_some(self.consolidated),
            steps: self.steps,
            buffered: self.buffered,
            problems: self.problems,
        }
    }
}

/// Cleans the dates of a batch. If the streaming buffer refuses their statement, each date is tried
/// separately, so that buffered rows of one do not block the others. Returns the failures.
fn clean_batch(cleaning: &Cleaning<'_, '_>, batch: &mut Batch) -> Vec<Error> {
    match cleaning.clean(batch) {
        Cleaned::Done => return Vec::new(),
        Cleaned::Failed(error) => return vec![error],
        Cleaned::Separate => {}
    }
    let mut problems = Vec::new();
    for (day, state) in std::mem::take(&mut batch.dates) {
        let mut alone = Batch::new(BTreeMap::from([(day, state)]));
        if let Cleaned::Failed(error) = cleaning.clean(&mut alone) {
            problems.push(error);
        }
        batch.dates.extend(alone.dates);
    }
    problems
}

/// The statements of some dates: the plan's, or rendered again for fewer dates.
fn planned<'p>(plan: &'p Plan, renderer: &Renderer<'_>, window: &Window) -> Result<Pair<'p>> {
    if let Some((record, removal)) = plan.removal_of(window) {
        return Ok(Pair { record: Cow::Borrowed(record), removal: Cow::Borrowed(removal) });
    }
    let one = |step: &str| -> Result<Cow<'p, Checked>> {
        let statement = checked(renderer, step, window)?.into_iter().next();
        let statement = statement
            .ok_or_else(|| Error::new(Kind::Template, format!("there is no {step} of {window}")));
        statement.map(Cow::Owned)
    };
    let removal = renderer.rule().strategy.step();
    Ok(Pair { record: one(StepName::RECORD)?, removal: one(removal)? })
}

fn day_report(day: Day, state: &DateState, on_keyless: OnKeyless) -> DayReport {
    DayReport {
        day,
        counts: state.as_found(),
        deactivated: Some(state.removed),
        failed: state.failed,
        on_keyless,
    }
}

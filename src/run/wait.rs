//! `--wait`: waits until the buffered rows are settled, or the time is up.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;

use super::cutoff::Cutoff;
use super::date::DateState;
use super::state::Run;
use super::tables::Tables;
use super::{Context, checked};
use crate::error::Result;
use crate::plan::Plan;
use crate::statement::StepName;
use crate::warehouse::Buffer;
use crate::window::{Day, Window};

/// The first and the longest pause between two polls of the streaming buffer.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

impl Run<'_> {
    /// Waits for buffered rows and cleans their dates when they have settled, repeatedly while new ones
    /// appear and time is left.
    pub(super) fn wait_for_buffered(&mut self, plan: &Plan) {
        let until = Instant::now() + self.context.limits.wait;
        let mut seen = self.journal.now;
        // The pauses keep growing: if the metadata does not show what the warehouse refuses, each poll is
        // followed by another attempt.
        let mut pauses = pauses();
        while !self.waiting_days().is_empty()
            || !self.buffered.is_empty()
            || !self.consolidated.waiting_days().is_empty()
        {
            let buffer = match self.wait_until_settled((seen, until), &plan.window, &mut pauses) {
                Ok(Some(buffer)) => buffer,
                Ok(None) => return,
                // Work done before stays done, and is reported.
                Err(error) => return self.fail(error.while_doing("waiting for buffered rows")),
            };
            seen = self.context.clock.now();
            self.buffer = buffer;
            self.cutoff = Cutoff::new(self.context.renderer.rule(), seen, buffer);
            if self.journal.is_broken() {
                return;
            }
            if let Err(error) = self.again(plan) {
                return self.fail(error);
            }
        }
    }

    fn waiting_days(&self) -> Vec<Day> {
        let waits = |state: &DateState| state.baseline.buffered > 0 && !state.failed;
        self.days.iter().filter(|(_, state)| waits(state)).map(|(day, _)| *day).collect()
    }

    /// Polls the table's metadata until the rows present at `seen` are settled. `None`: the time is up, or
    /// the user asked to stop.
    fn wait_until_settled(
        &self,
        (seen, until): (Timestamp, Instant),
        window: &Window,
        pauses: &mut impl Iterator<Item = Duration>,
    ) -> Result<Option<Buffer>> {
        let rule = self.context.renderer.rule();
        for pause in pauses {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            say(self.context, self.waiting_rows(), left);
            if self.context.interrupt.sleep(pause.min(left)) {
                return Ok(None);
            }
            let buffer = match rule.partition.is_sharded() {
                true => Tables::of(self.context.warehouse, rule, window)?.buffer,
                false => self.context.warehouse.buffer(&rule.table)?,
            };
            let cutoff = Cutoff::new(rule, self.context.clock.now(), buffer);
            if cutoff.settles(seen) {
                return Ok(Some(buffer));
            }
        }
        Ok(None)
    }

    fn waiting_rows(&self) -> u64 {
        let superseded: u64 = self.days.values().map(|state| state.baseline.buffered).sum();
        superseded + self.consolidated.days.values().map(|day| day.waiting).sum::<u64>()
    }

    /// Sends the statements that the buffer refused again, then detects, cleans and verifies the waiting
    /// dates.
    fn again(&mut self, plan: &Plan) -> Result<()> {
        let refused = std::mem::take(&mut self.buffered);
        for step in &plan.steps {
            self.custom_again(step, &refused);
        }
        self.consolidate_days(plan, &self.consolidated.waiting_days());
        let days = self.waiting_days();
        if days.is_empty() {
            return Ok(());
        }
        let window = Window::of_days(days.clone())?;
        for statement in checked(self.context.renderer, StepName::DETECT, &window)? {
            match self.journal.count(&statement, self.cutoff) {
                Ok(found) => {
                    let rule = self.context.renderer.rule();
                    let earlier = self.cutoff.earlier(rule, self.journal.now);
                    for (day, counts) in found.days {
                        if let Some(state) = self.days.get_mut(&day) {
                            state.restart(counts, self.cutoff, earlier);
                        }
                    }
                }
                Err(error) => self.fail_days(&days, error),
            }
        }
        self.clean_days(plan, &days);
        self.verify(plan);
        Ok(())
    }
}

/// The pauses between polls.
fn pauses() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(PAUSES.0)
        .with_max_delay(PAUSES.1)
        .without_max_times()
        .build()
}

fn say(context: &Context<'_>, rows: u64, left: Duration) {
    let left = jiff::SignedDuration::from_secs(left.as_secs().max(1).cast_signed());
    let plural = if rows == 1 { "" } else { "s" };
    context.progress.waiting(&format!(
        "{}: waiting for {rows} row{plural} in the streaming buffer to settle, at most {left:#} more",
        context.renderer.rule().name,
    ));
}

//! Progress on stderr: a bar for long windows on a terminal, and messages.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::Effects;
use crate::run::{Progress, RunId};

/// The number of statements from which a progress bar is shown.
const LONG: u64 = 5;

pub(super) struct Bar<'a> {
    effects: &'a Effects,
    /// Whether the terminal's last line belongs to this run.
    alone: bool,
    run: RunId,
    bar: Mutex<Option<ProgressBar>>,
}

impl<'a> Bar<'a> {
    pub fn new(effects: &'a Effects, run: RunId, alone: bool) -> Self {
        Self { effects, alone, run, bar: Mutex::new(None) }
    }

    fn bar(&self) -> MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, sentence: &str) {
        self.effects.say_of(Some(self.run.as_str()), sentence);
    }

    fn shown(&self) -> bool {
        self.alone && self.effects.shows_progress()
    }
}

impl Progress for Bar<'_> {
    fn begin(&self, total: u64) {
        if total < LONG || !self.shown() {
            return;
        }
        let bar = ProgressBar::new(total);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos}/{len} statements, {eta} left")
        {
            bar.set_style(style);
        }
        *self.bar() = Some(bar);
    }

    fn advance(&self) {
        if let Some(bar) = &*self.bar() {
            bar.inc(1);
        }
    }

    fn note(&self, sentence: &str) {
        match &*self.bar() {
            Some(bar) => bar.suspend(|| self.say(sentence)),
            None => self.say(sentence),
        }
    }

    fn waiting(&self, sentence: &str) {
        if !self.shown() {
            self.say(sentence);
            return;
        }
        let mut bar = self.bar();
        let line = bar.take().unwrap_or_else(ProgressBar::new_spinner);
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            line.set_style(style);
        }
        line.enable_steady_tick(Duration::from_millis(200));
        line.set_message(sentence.to_owned());
        *bar = Some(line);
    }

    fn end(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }
}

//! Progress on stderr: a bar on long windows where there is a terminal, and sentences.

use std::cell::RefCell;

use indicatif::{ProgressBar, ProgressStyle};

use super::Effects;
use crate::run::Progress;

/// Fewer statements than these are over before a bar could be read.
const LONG: u64 = 5;

pub(super) struct Bar<'a> {
    effects: &'a Effects,
    bar: RefCell<Option<ProgressBar>>,
}

impl<'a> Bar<'a> {
    pub fn new(effects: &'a Effects) -> Self {
        Self { effects, bar: RefCell::new(None) }
    }
}

impl Progress for Bar<'_> {
    fn begin(&self, total: u64) {
        if total < LONG || !self.effects.shows_progress() {
            return;
        }
        let bar = ProgressBar::new(total);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {pos}/{len} statements, {eta} left")
        {
            bar.set_style(style);
        }
        *self.bar.borrow_mut() = Some(bar);
    }

    fn advance(&self) {
        if let Some(bar) = &*self.bar.borrow() {
            bar.inc(1);
        }
    }

    fn note(&self, sentence: &str) {
        match &*self.bar.borrow() {
            Some(bar) => bar.suspend(|| self.effects.say(sentence)),
            None => self.effects.say(sentence),
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.borrow_mut().take() {
            bar.finish_and_clear();
        }
    }
}

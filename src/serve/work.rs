//! What the service does with the engine, without HTTP. What blocks says so.

use std::time::Duration;

use super::Service;
use crate::engine::{RunOptions, StagingOptions, Task};
use crate::error::{Error, Kind, Result};
use crate::log::{Line, Log, Severity};
use crate::partitions::Books;
use crate::report::{self, Format, Style};
use crate::rule::{Rule, RuleName};
use crate::run::{Changed, Progress, Report, RunId};
use crate::window::{Window, WindowArg};

impl Service {
    /// The rule of this name, or the one that is meant where none is named.
    pub(super) fn rule(&self, name: Option<&str>) -> Result<&Rule> {
        let name = name.or(self.default_rule.as_ref().map(RuleName::as_str));
        let file = &self.engine.project().file;
        match name {
            Some(name) => file.rule(name),
            None => {
                let names: Vec<&str> = file.rules.iter().map(|rule| rule.name.as_str()).collect();
                Err(Error::new(Kind::UnknownName, "no rule given")
                    .help(format!("name one of {}", names.join(", "))))
            }
        }
    }

    /// The dates that are meant now, in the rule's zone.
    pub(super) fn window(&self, rule: &Rule, dates: &WindowArg) -> Result<Window> {
        rule.window(dates, self.engine.now())
    }

    /// Whether a run of the rule would delete rows that nobody has allowed to be deleted.
    pub(super) fn forbids(&self, rule: &Rule) -> bool {
        rule.strategy.is_destructive() && !self.may_delete
    }

    /// How the dates of a rule stand. Blocks.
    pub(super) fn status(&self, rule: &RuleName, window: &Window) -> Result<Report> {
        self.engine.status(self.engine.rule(rule)?, window)
    }

    /// What a run would send and what that would cost, in a sentence or two, where the dates stand
    /// like this. Changes nothing. Blocks.
    pub(super) fn plan(&self, rule: &RuleName, window: &Window, status: &Report) -> Result<String> {
        let mut engine = self.engine.clone();
        engine.look_at_staging(
            std::slice::from_ref(rule),
            &Task::Apply,
            &StagingOptions::default(),
        )?;
        let plan = engine.plan(engine.rule(rule)?, &Task::Apply, window)?;
        let style = Style::plain(Format::Table);
        let summary = engine.summary(&plan, status)?;
        Ok(report::plan(style, &summary).trim_end().to_owned())
    }

    /// Which of these dates, or of all that the table has, a task has to look at. Changes nothing. Blocks.
    pub(super) fn changed(
        &self,
        rule: &RuleName,
        task: &Task,
        given: Option<&Window>,
    ) -> Result<Changed> {
        let mut engine = self.engine.clone();
        engine.look_at_staging(std::slice::from_ref(rule), task, &StagingOptions::default())?;
        let found = engine.changed(engine.rule(rule)?, task, given)?;
        for note in &found.notes {
            self.log.line(Line::new(Severity::Notice, note));
        }
        Ok(found)
    }

    /// A run, from beginning to end; the partitions of its dates stood so before it. Blocks.
    pub(super) fn apply(
        &self,
        rule: &RuleName,
        window: &Window,
        books: &Books,
        id: &RunId,
        who: &str,
    ) -> Result<Report> {
        if self.engine.interrupt().requested() {
            return Err(Error::new(Kind::Interrupted, "interrupted before it began"));
        }
        let progress = Messages { log: &self.log, run: id };
        let mut engine = self.engine.clone();
        let rules = std::slice::from_ref(rule);
        for note in engine.look_at_staging(rules, &Task::Apply, &StagingOptions::default())? {
            progress.note(&note);
        }
        let plan = engine.plan_with(engine.rule(rule)?, &Task::Apply, window, books)?;
        let (id, wait) = (id.clone(), Duration::ZERO);
        engine.run(&plan, RunOptions { id, who, wait, progress: &progress })
    }
}

/// What a run has to say, as log lines.
struct Messages<'a> {
    log: &'a Log,
    run: &'a RunId,
}

impl Progress for Messages<'_> {
    fn begin(&self, _total: u64) {}

    fn advance(&self) {}

    fn note(&self, sentence: &str) {
        self.log.line(Line::new(Severity::Notice, sentence).run(Some(self.run.as_str())));
    }

    fn waiting(&self, sentence: &str) {
        self.note(sentence);
    }

    fn end(&self) {}
}

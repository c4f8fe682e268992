//! The service's use of the engine, without HTTP. Blocking functions say so.

use std::time::Duration;

use super::Service;
use crate::engine::{RunOptions, StagingOptions, Task};
use crate::error::{Error, Kind, Result};
use crate::log::{Line, Log, Severity};
use crate::partitions::Books;
use crate::report::{self, Format, Style};
use crate::rule::{Rule, RuleName};
use crate::run::{Changed, Progress, Report, RunId, Undone, Which};
use crate::statement::Fingerprint;
use crate::window::{Window, WindowArg};

impl Service {
    /// The rule of this name, or the default rule.
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

    /// The dates at the current time, in the rule's zone.
    pub(super) fn window(&self, rule: &Rule, dates: &WindowArg) -> Result<Window> {
        rule.window(dates, self.engine.now())
    }

    /// Whether a run of the rule would delete rows without permission.
    pub(super) fn forbids(&self, rule: &Rule) -> bool {
        rule.strategy.is_destructive() && !self.may_delete
    }

    /// The status of a rule's dates. Blocks.
    pub(super) fn status(&self, rule: &RuleName, window: &Window) -> Result<Report> {
        self.engine.status(self.engine.rule(rule)?, window)
    }

    /// The statements of a run and their cost, given this status. Changes nothing. Blocks.
    pub(super) fn plan(
        &self,
        rule: &RuleName,
        window: &Window,
        status: &Report,
    ) -> Result<Planned> {
        let mut engine = self.engine.clone();
        engine.look_at_staging(
            std::slice::from_ref(rule),
            &Task::Apply,
            &StagingOptions::default(),
        )?;
        let plan = engine.plan(engine.rule(rule)?, &Task::Apply, window)?;
        let style = Style::plain(Format::Table);
        let summary = engine.summary(&plan, status)?;
        let statements = summary.statements.iter().map(|(checked, _)| {
            let statement = checked.statement();
            format!("{} {}", statement.title(), Fingerprint::of(&statement.sql))
        });
        Ok(Planned {
            summary: report::plan(style, &summary).trim_end().to_owned(),
            statements: statements.collect(),
        })
    }

    /// The dates, of the given ones or of all in the table, that a task has to process. Changes nothing.
    /// Blocks.
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

    /// Undoes a run of this rule. Blocks.
    pub(super) fn undo(
        &self,
        rule: &RuleName,
        undone: &RunId,
        id: &RunId,
        who: &str,
    ) -> Result<Undone> {
        if self.engine.interrupt().requested() {
            return Err(Error::new(Kind::Interrupted, "interrupted before it began"));
        }
        let progress = Messages { log: &self.log, run: id };
        let which = Which::Id(undone.to_string());
        let options = RunOptions { id: id.clone(), who, wait: Duration::ZERO, progress: &progress };
        self.engine.undo(self.engine.rule(rule)?, &which, options)
    }

    /// Executes a run from beginning to end, with the earlier state of its dates' partitions. Blocks.
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

/// What a run would send.
pub(super) struct Planned {
    /// The statements and their cost, in a sentence or two.
    pub summary: String,
    /// The title and the fingerprint of each statement.
    pub statements: Vec<String>,
}

/// The messages of a run, as log lines.
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

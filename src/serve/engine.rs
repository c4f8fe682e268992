//! What the service does with the project's table, without HTTP. Everything here blocks.

use crate::clock::Clock;
use crate::connection::Connection;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::ledger::{Entry, Filter};
use crate::log::{Line, Log, Severity};
use crate::plan;
use crate::project::Project;
use crate::report::{self, Format, PlanSummary, Style};
use crate::rule::{self, Rule, RuleName};
use crate::run::{self, Context, Limits, PastRun, Progress, Report, RunId};
use crate::template::Renderer;
use crate::window::{Window, WindowArg};

/// A project, and its warehouse twice: reading does not wait for a run.
pub struct Engine {
    /// The project.
    pub project: Project,
    /// The rule that is meant where none is named; `None` where there are several.
    pub default_rule: Option<RuleName>,
    /// The warehouse's entry in the rule file.
    pub warehouse: rule::Warehouse,
    /// For looking; changes nothing.
    pub reading: Connection,
    /// For runs.
    pub writing: Connection,
    /// The time of day.
    pub clock: Clock,
    /// Makes runs stop in good order.
    pub interrupt: Interrupt,
    /// Where messages go.
    pub log: Log,
    /// Whether runs may delete rows.
    pub may_delete: bool,
}

impl Engine {
    /// The rule of this name, or the one that is meant where none is named.
    pub fn rule(&self, name: Option<&str>) -> Result<&Rule> {
        let name = name.or(self.default_rule.as_ref().map(RuleName::as_str));
        let file = &self.project.file;
        match name {
            Some(name) => file.rule(name),
            None => {
                let names: Vec<&str> = file.rules.iter().map(|rule| rule.name.as_str()).collect();
                Err(Error::new(Kind::Usage, "no rule given")
                    .help(format!("name one of {}", names.join(", "))))
            }
        }
    }

    /// The dates that are meant now, in the rule's zone.
    pub fn window(&self, rule: &Rule, dates: &WindowArg) -> Result<Window> {
        dates.resolve(self.clock.now(), &rule.time_zone)
    }

    /// Whether a run of the rule would delete rows that nobody has allowed to be deleted.
    pub fn forbids(&self, rule: &Rule) -> bool {
        rule.strategy.is_destructive() && !self.may_delete
    }

    /// How the dates of a rule stand. Changes nothing, and leaves no entry in the ledger.
    pub fn status(&self, rule: &RuleName, window: &Window) -> Result<Report> {
        let rule = self.project.file.rule(rule.as_str())?;
        let renderer = self.renderer(&self.project, rule)?;
        run::standing(&renderer, &*self.reading.warehouse, self.clock.now(), window)
    }

    /// What a run would send and what that would cost, in a sentence or two, where the dates stand
    /// like this. Changes nothing.
    pub fn prospect(&self, rule: &RuleName, window: &Window, standing: &Report) -> Result<String> {
        let now = self.clock.now();
        let warehouse = &*self.reading.warehouse;
        let project = self.staged(rule, &self.reading, &|_| {})?;
        let renderer = self.renderer(&project, project.file.rule(rule.as_str())?)?;
        let plan = plan::make(&renderer, &plan::steps_of(&renderer), window)?;
        let merged = match renderer.rule().consolidates() {
            true => Some(run::staged(&renderer, warehouse, now, window)?),
            false => None,
        };
        let (strategy, days) = (renderer.rule().strategy, &standing.days);
        let estimates = run::estimate(warehouse, now, &plan)?;
        let summary =
            PlanSummary::new(strategy, days, merged.as_ref(), estimates, self.reading.tariff);
        let style = Style { format: Format::Table, colour: false };
        Ok(report::plan(style, &summary).trim_end().to_owned())
    }

    /// The project as a run of the rule finds it: with the staging tables that are there.
    fn staged(&self, rule: &RuleName, from: &Connection, note: &dyn Fn(&str)) -> Result<Project> {
        let mut project = self.project.clone();
        if project.file.rule(rule.as_str())?.consolidates() {
            let (rules, names) = (&mut project.file.rules, [rule.to_string()]);
            for found in run::stage(rules, &names, &*from.warehouse, &*from.ledger)? {
                note(&found);
            }
        }
        Ok(project)
    }

    /// A run, from beginning to end.
    pub fn apply(&self, rule: &RuleName, window: &Window, id: &RunId, who: &str) -> Result<Report> {
        if self.interrupt.requested() {
            return Err(Error::new(Kind::Interrupted, "interrupted before it began"));
        }
        let progress = Messages { log: &self.log, run: id };
        let project = self.staged(rule, &self.writing, &|found| progress.note(found))?;
        let renderer = self.renderer(&project, project.file.rule(rule.as_str())?)?;
        let plan = plan::make(&renderer, &plan::steps_of(&renderer), window)?;
        let context = Context {
            renderer: &renderer,
            warehouse: &*self.writing.warehouse,
            ledger: &*self.writing.ledger,
            clock: self.clock,
            who,
            progress: &progress,
            interrupt: &self.interrupt,
            limits: Limits {
                bytes: self.writing.tariff.and_then(|tariff| tariff.max_bytes),
                ..Limits::default()
            },
            run: Some(id.clone()),
        };
        run::apply(&context, &plan)
    }

    /// The runs of the last so many days, newest first.
    pub fn history(&self, rule: Option<&RuleName>, days: u32) -> Result<Vec<PastRun>> {
        let wanted = Filter::recent(rule.map(RuleName::as_str), self.clock.now(), days);
        Ok(run::history(&self.reading.ledger.entries(&wanted)?))
    }

    /// One run with its entries, oldest first; `None` where the ledger has no such run.
    pub fn past(&self, id: &str) -> Result<Option<(PastRun, Vec<Entry>)>> {
        run::past(&*self.reading.ledger, id)
    }

    /// Whether the warehouse answers, and has the table of each rule.
    pub fn is_ready(&self) -> Result<()> {
        for rule in &self.project.file.rules {
            self.reading.warehouse.describe(&rule.table)?;
        }
        Ok(())
    }

    fn renderer<'p>(&self, project: &'p Project, rule: &'p Rule) -> Result<Renderer<'p>> {
        let renderer = Renderer::new(rule, &project.templates, &[])?;
        Ok(renderer.with_removals(self.warehouse.removal_log()))
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

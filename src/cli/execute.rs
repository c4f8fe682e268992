//! Running plans: all plans are made before anything is sent, then rules are run in turn and the reports are
//! printed.

use std::time::Duration;

use indexmap::IndexMap;

use super::common::Common;
use super::planned::{PlanOf, Planned, Plans};
use super::progress::Bar;
use super::staging::{self, StagingArgs};
use super::tell::Notifier;
use super::{Effects, Outcome, consent, each};
use crate::engine::{Engine, RunOptions, Task};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::partitions::Books;
use crate::report::{self, Format};
use crate::rule::{DatesPerStatement, Rule, RuleName};
use crate::run::{Report, RunId, RunOutcome, parallel_map};
use crate::window::Window;

/// Settings of a run.
pub(super) struct RunSettings {
    /// The command.
    pub command: &'static str,
    /// The task of each rule.
    pub task: Task,
    /// How long to wait for buffered rows.
    pub wait: Duration,
    /// The number of tables processed at a time.
    pub jobs: usize,
    /// The format of results.
    pub format: Format,
    /// Whether rows may be deleted without confirmation.
    pub yes: bool,
    /// The staging tables of the command line.
    pub staging: StagingArgs,
    /// The number of dates per statement, if given on the command line.
    pub dates_per_statement: Option<DatesPerStatement>,
    /// Whether only changed dates are processed.
    pub changed: bool,
}

impl RunSettings {
    /// One table at a time, without waiting.
    pub fn of(command: &'static str, task: Task, format: Format, yes: bool) -> Self {
        let staging = StagingArgs::default();
        Self {
            command,
            task,
            wait: Duration::ZERO,
            jobs: 1,
            format,
            yes,
            staging,
            dates_per_statement: None,
            changed: false,
        }
    }
}

/// Runs every rule of the command, prints the results and sends notifications.
pub(super) fn execute(
    common: &Common,
    effects: &Effects,
    settings: &RunSettings,
) -> Result<Outcome> {
    let engine = common.connecting(effects)?;
    let mut engine = engine.sharing_statements(settings.dates_per_statement);
    let rules: Vec<Rule> = common.rules(engine.project())?.into_iter().cloned().collect();
    engine = engine.reading_ledger_once(rules.len());
    let telling = engine.clone();
    let teller = Notifier::new(&telling, rules.iter().map(|rule| &rule.name), effects)?;
    let runs = run_all(common, &mut engine, &rules, effects, settings).inspect_err(|error| {
        let ended = rules.iter().map(|rule| {
            let window = common.window(rule, effects).ok();
            RunOutcome::failed(settings.command, &rule.name, window.as_ref(), None, error)
        });
        teller.notify_of_error(error, ended);
    })?;
    // A rule without changed dates has no event to notify.
    let ran = runs.iter().filter(|run| run.window.is_some());
    let ended = ran.map(|run| run.ended(settings.command)).collect();
    let shown = show(runs, settings.format, effects);
    teller.tell(ended);
    let outcome = shown?;
    Ok(if effects.interrupt.requested() { Outcome::Interrupted } else { outcome })
}

/// Makes every plan, then runs them.
fn run_all(
    common: &Common,
    engine: &mut Engine,
    rules: &[Rule],
    effects: &Effects,
    settings: &RunSettings,
) -> Result<Vec<RuleRun>> {
    look_at_staging(common, engine, rules, effects, settings)?;
    let engine = &*engine;
    let mut unchanged = Vec::new();
    let task = &settings.task;
    let planned = rules.iter().enumerate().filter_map(|(index, rule)| {
        let of = engine.rule(&rule.name).and_then(|rule| {
            if settings.changed {
                let changed = common.changed(engine, rule, task, effects)?;
                let books = changed.books;
                return Ok(changed.window.map(|window| PlanOf { index, rule, window, books }));
            }
            let window = common.window_of(task, rule, effects)?;
            Ok(Some(PlanOf { index, rule, window, books: Books::default() }))
        });
        if matches!(of, Ok(None)) {
            unchanged.push(RuleRun::nothing(engine, index, rule));
        }
        of.transpose()
    });
    let Plans { plans, deletes } = Plans::make(engine, task, planned)?;
    if !settings.yes {
        consent::ask(&deletes, effects)?;
    }
    effects.install_signal_handlers();
    engine.connect_for_runs()?;
    let groups = by_table(plans);
    let alone = settings.jobs <= 1 || groups.len() <= 1;
    let runs = parallel_map(settings.jobs, groups, |group| {
        let run = |planned: Planned<'_>| run(engine, planned, task, effects, alone, settings.wait);
        group.into_iter().map(run).collect::<Vec<_>>()
    });
    let mut runs: Vec<RuleRun> = runs.into_iter().flatten().chain(unchanged).collect();
    runs.sort_by_key(|run| run.index);
    Ok(runs)
}

/// The columns of staging tables are known only after reading their schemas.
fn look_at_staging(
    common: &Common,
    engine: &mut Engine,
    rules: &[Rule],
    effects: &Effects,
    settings: &RunSettings,
) -> Result<()> {
    // With --all, the rules that have staging tables.
    let left_out = |rule: &Rule| common.all && rule.staging.is_none();
    let merging = rules.iter().filter(|rule| settings.task.merges(rule) && !left_out(rule));
    let merging: Vec<RuleName> = merging.map(|rule| rule.name.clone()).collect();
    if merging.is_empty() {
        return Ok(());
    }
    engine.connect_for_runs()?;
    staging::look(engine, &merging, &settings.task, &settings.staging, effects)
}

/// Prints the reports and their notes. Errors: the only run's.
fn show(runs: Vec<RuleRun>, format: Format, effects: &Effects) -> Result<Outcome> {
    let count = runs.len();
    let (mut reports, mut outcome) = (Vec::new(), Outcome::Done);
    for RuleRun { rule, id, report, .. } in runs {
        match report {
            Ok(mut report) => {
                outcome = outcome.max(report.ending().into());
                if count > 1 {
                    let problems = report.problems.into_iter();
                    let of_rule =
                        problems.map(|error| error.while_doing(format!("running rule {rule}")));
                    report.problems = of_rule.collect();
                }
                reports.push(report);
            }
            // A rule that cannot run does not stop the others.
            Err(error) if count > 1 => {
                effects.report_of(
                    Some(id.as_str()),
                    &error.while_doing(format!("running rule {rule}")),
                );
                outcome = Outcome::Failed;
            }
            Err(error) => return Err(error),
        }
    }
    let style = effects.style(format);
    let text = match format {
        Format::Json => {
            report::json(&report::one_or_all(reports.iter().map(report::ran_json).collect()))
        }
        Format::Csv => report::ran_csv(&reports),
        _ => {
            let texts = reports.iter().map(|report| report::ran(style, report));
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
    };
    effects.print(&text)?;
    if format == Format::Csv {
        each::say_beyond_csv(&reports, effects);
    }
    for report in &reports {
        explain(report, effects);
    }
    Ok(outcome)
}

/// Rules of one table run in sequence: each would see the other's rows change. Each plan keeps its position
/// in the command.
fn by_table(plans: Vec<Planned<'_>>) -> Vec<Vec<Planned<'_>>> {
    let mut groups: IndexMap<&TableName, Vec<Planned<'_>>> = IndexMap::new();
    for planned in plans {
        groups.entry(planned.table()).or_default().push(planned);
    }
    groups.into_values().collect()
}

/// The finished run of one rule, and its position in the command.
struct RuleRun {
    index: usize,
    rule: RuleName,
    /// The dates; `None` if there were none.
    window: Option<Window>,
    id: RunId,
    report: Result<Report>,
}

impl RuleRun {
    /// The result for a rule without changed dates.
    fn nothing(engine: &Engine, index: usize, rule: &Rule) -> Self {
        Self {
            index,
            rule: rule.name.clone(),
            window: None,
            id: RunId::new(engine.now()),
            report: Ok(Report::nothing(rule)),
        }
    }

    fn ended(&self, command: &'static str) -> RunOutcome {
        match &self.report {
            Ok(report) => RunOutcome::of(command, self.window.as_ref(), report),
            Err(error) => {
                RunOutcome::failed(command, &self.rule, self.window.as_ref(), Some(&self.id), error)
            }
        }
    }
}

fn run<'e>(
    engine: &'e Engine,
    planned: Planned<'e>,
    task: &Task,
    effects: &Effects,
    alone: bool,
    wait: Duration,
) -> RuleRun {
    let id = RunId::new(engine.now());
    let progress = Bar::new(effects, id.clone(), alone);
    let options = RunOptions { id: id.clone(), who: &effects.who, wait, progress: &progress };
    let (of, plan) = planned.plan(engine, task);
    let report = plan.and_then(|plan| engine.run(&plan, options));
    let (index, rule, window) = (of.index, of.rule.name.clone(), Some(of.window));
    RuleRun { index, rule, window, id, report }
}

/// Prints notes on the counts to stderr.
fn explain(report: &Report, effects: &Effects) {
    let run = report.run.as_deref();
    let say = |text: String| effects.say_of(run, &text);
    for problem in &report.problems {
        effects.report_of(run, problem);
    }
    for note in report.notes() {
        say(each::sentence(&report.rule, &note));
    }
    if let Some(found) = &report.consolidated {
        report::left_out(&report.rule, found).into_iter().for_each(say);
        for table in &found.dropped {
            say(format!("{table}: dropped, all of its rows are merged"));
        }
        for (table, reason) in &found.kept {
            say(format!("{table}: not dropped: {reason}"));
        }
        if found.waits() {
            say(format!(
                "{}: staged rows wait: rows that they would update are in the streaming \
                 buffer; run the same command again when it has drained (within 90 minutes)",
                report.rule
            ));
        }
    }
    for title in &report.buffered {
        say(format!(
            "{title}: refused because of rows in the streaming buffer; nothing was changed"
        ));
    }
    let buffered = report.totals().buffered;
    if buffered > 0 {
        say(format!(
            "{}: {} in the streaming buffer; \
             run the same command again when it has drained (within 90 minutes)",
            report.rule,
            report::count(buffered, "duplicate"),
        ));
    }
}

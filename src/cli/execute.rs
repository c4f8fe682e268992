//! Running plans: every plan is made before anything is sent, then rule after rule is run, and the
//! reports are printed.

use std::time::Duration;

use indexmap::IndexMap;

use super::common::Common;
use super::progress::Bar;
use super::staging::{self, StagingArgs};
use super::tell::Teller;
use super::{Effects, Outcome, consent};
use crate::connection::Connection;
use crate::error::Result;
use crate::googlesql::TableName;
use crate::plan::{self, Plan};
use crate::project::Project;
use crate::report::{self, Format};
use crate::rule::{Rule, RuleName};
use crate::run::{Context, Ended, Limits, Report, RunId, Status, side_by_side};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::sqlite::Access;
use crate::window::Window;

/// How one plan is run.
type Act = fn(&Context<'_>, &Plan) -> Result<Report>;

/// How rules are run.
pub(super) struct Manner {
    /// The command.
    pub command: &'static str,
    /// How long buffered rows are waited for.
    pub wait: Duration,
    /// How many tables are worked on at a time.
    pub jobs: usize,
    /// How results are written.
    pub format: Format,
    /// Whether rows may be deleted without a question.
    pub yes: bool,
    /// Which rules merge their staging tables.
    pub merges: fn(&Rule) -> bool,
    /// What the command line says of staging tables.
    pub staging: StagingArgs,
}

impl Manner {
    /// One table at a time, without waiting and without merging.
    pub fn of(command: &'static str, format: Format, yes: bool) -> Self {
        Self {
            command,
            wait: Duration::ZERO,
            jobs: 1,
            format,
            yes,
            merges: |_| false,
            staging: StagingArgs::default(),
        }
    }
}

/// Runs these steps of every rule that the command is about, shows what came of it, and tells whom
/// it concerns.
pub(super) fn execute(
    common: &Common,
    effects: &Effects,
    manner: &Manner,
    steps: impl Fn(&Renderer<'_>) -> Vec<StepName>,
    act: Act,
) -> Result<Outcome> {
    let mut project = common.project.open()?;
    let rules = common.rules(&project)?.into_iter().cloned().collect::<Vec<Rule>>();
    let names = rules.iter().map(|rule| &rule.name);
    let teller = Teller::new(&project, names, &common.project, effects)?;
    let (connection, ran) = run_all(common, &mut project, effects, manner, steps, act)
        .inspect_err(|error| {
            let ended = rules.iter().map(|rule| {
                let window = common.window(rule, effects).ok();
                Ended::failed(manner.command, &rule.name, window.as_ref(), None, error)
            });
            teller.tell_in_vain(error, ended);
        })?;
    let ended = ran.iter().map(|ran| ran.ended(manner.command)).collect();
    let shown = show(ran, manner, effects);
    teller.tell(ended, &*connection.ledger);
    let outcome = shown?;
    Ok(if effects.interrupt.requested() { Outcome::Interrupted } else { outcome })
}

/// Makes every plan, then runs them.
fn run_all(
    common: &Common,
    project: &mut Project,
    effects: &Effects,
    manner: &Manner,
    steps: impl Fn(&Renderer<'_>) -> Vec<StepName>,
    act: Act,
) -> Result<(Connection, Vec<Ran>)> {
    let connect = |project: &Project| common.project.connect(project, effects, Access::ReadWrite);
    let rules = common.rules(project)?.into_iter().filter(|rule| (manner.merges)(rule));
    let merging: Vec<String> = rules.map(|rule| rule.name.to_string()).collect();
    // What staging tables bring is known only when they have been looked at.
    let early = match merging.as_slice() {
        [] => None,
        names => {
            let connection = connect(project)?;
            staging::look(project, names, &manner.staging, &connection, effects)?;
            Some(connection)
        }
    };
    let plans = plans(common, project, effects, steps)?;
    if !manner.yes {
        consent::ask(plans.iter().map(|(renderer, plan)| (renderer.rule(), plan)), effects)?;
    }
    effects.heed_interrupts();
    let connection = early.map_or_else(|| connect(project), Ok)?;
    let groups = by_table(plans);
    let alone = manner.jobs <= 1 || groups.len() <= 1;
    let ran = side_by_side(manner.jobs, groups, |group| {
        let run = |planned: Planned<'_>| {
            run(common, effects, &connection, &planned, alone, manner.wait, act)
        };
        group.into_iter().map(run).collect::<Vec<_>>()
    });
    let mut ran: Vec<Ran> = ran.into_iter().flatten().collect();
    ran.sort_by_key(|ran| ran.place);
    Ok((connection, ran))
}

/// Prints the reports, and says what they do not say by themselves. Errors: the only run's.
fn show(ran: Vec<Ran>, manner: &Manner, effects: &Effects) -> Result<Outcome> {
    let count = ran.len();
    let (mut reports, mut outcome) = (Vec::new(), Outcome::Done);
    for Ran { rule, id, report, .. } in ran {
        match report {
            Ok(report) => {
                outcome = outcome.max(report.ending().into());
                reports.push(report);
            }
            // One rule that cannot run does not stop the others.
            Err(error) if count > 1 => {
                effects.report_of(Some(id.as_str()), &error.during(format!("rule {rule}")));
                outcome = Outcome::Failed;
            }
            Err(error) => return Err(error),
        }
    }
    let style = effects.style(manner.format);
    let text = match manner.format {
        Format::Json => {
            report::json(&report::one_or_all(reports.iter().map(report::ran_json).collect()))
        }
        _ => {
            let texts = reports.iter().map(|report| report::ran(style, report));
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
        }
    };
    effects.print(&text)?;
    for report in &reports {
        explain(report, effects);
    }
    Ok(outcome)
}

/// A plan, its renderer, and its place among the rules of the command.
type Planned<'p> = (usize, Renderer<'p>, Plan);

/// Rules of one table are run one after another: each would see the other's rows change.
fn by_table(plans: Vec<(Renderer<'_>, Plan)>) -> Vec<Vec<Planned<'_>>> {
    let mut groups: IndexMap<TableName, Vec<Planned<'_>>> = IndexMap::new();
    for (place, (renderer, plan)) in plans.into_iter().enumerate() {
        let table = renderer.rule().table.clone();
        groups.entry(table).or_default().push((place, renderer, plan));
    }
    groups.into_values().collect()
}

fn plans<'p>(
    common: &Common,
    project: &'p Project,
    effects: &Effects,
    steps: impl Fn(&Renderer<'_>) -> Vec<StepName>,
) -> Result<Vec<(Renderer<'p>, Plan)>> {
    let rules = common.rules(project)?.into_iter();
    rules
        .map(|rule| {
            let renderer = common.renderer(project, rule)?;
            let steps = steps(&renderer);
            let window = common.window_of(&steps, rule, effects)?;
            let plan = plan::make(&renderer, &steps, &window)?;
            Ok((renderer, plan))
        })
        .collect()
}

/// A run that has ended, and its place among those of the command.
struct Ran {
    place: usize,
    rule: RuleName,
    window: Window,
    id: RunId,
    report: Result<Report>,
}

impl Ran {
    fn ended(&self, command: &'static str) -> Ended {
        match &self.report {
            Ok(report) => Ended::of(command, &self.window, report),
            Err(error) => {
                Ended::failed(command, &self.rule, Some(&self.window), Some(&self.id), error)
            }
        }
    }
}

fn run(
    common: &Common,
    effects: &Effects,
    connection: &Connection,
    (place, renderer, plan): &Planned<'_>,
    alone: bool,
    wait: Duration,
    act: Act,
) -> Ran {
    let id = RunId::new(common.project.clock(effects).now());
    let progress = Bar::new(effects, id.clone(), alone);
    let context = Context {
        renderer,
        warehouse: &*connection.warehouse,
        ledger: &*effects.watched(connection),
        clock: common.project.clock(effects),
        who: &effects.who,
        progress: &progress,
        interrupt: &effects.interrupt,
        limits: Limits { bytes: connection.tariff.and_then(|tariff| tariff.max_bytes), wait },
        run: Some(id.clone()),
    };
    Ran {
        place: *place,
        rule: renderer.rule().name.clone(),
        window: plan.window.clone(),
        id,
        report: act(&context, plan),
    }
}

/// What the figures do not say by themselves, on stderr.
fn explain(report: &Report, effects: &Effects) {
    let run = report.run.as_deref();
    let say = |text: String| effects.say_of(run, &text);
    for problem in &report.problems {
        effects.report_of(run, problem);
    }
    for day in report.days.iter().filter(|day| day.status() == Status::SharedIds) {
        say(format!(
            "{}: not touched: {} active rows have a row id that is NULL or not theirs alone, \
             and a statement by row id could take a survivor down with them; \
             a rule with `strategy = \"rewrite\"` can tell them apart",
            day.day, day.counts.shared_ids
        ));
    }
    if let Some(found) = &report.consolidated {
        for table in &found.dropped {
            say(format!("{table}: dropped, all of its rows are merged"));
        }
        for (table, reason) in &found.kept {
            say(format!("{table}: not dropped: {reason}"));
        }
        if found.waits() {
            say(format!(
                "{}: staged rows wait, since rows that they would update are in the streaming \
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
            "{}: {buffered} superseded rows wait in the streaming buffer; \
             run the same command again when it has drained (within 90 minutes)",
            report.rule
        ));
    }
}

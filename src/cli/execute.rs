//! Running plans: every plan is made before anything is sent, then rule after rule is run, and the
//! reports are printed.

use std::time::Duration;

use indexmap::IndexMap;

use super::common::Common;
use super::progress::Bar;
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome, consent};
use crate::connection::Connection;
use crate::error::Result;
use crate::googlesql::TableName;
use crate::plan::{self, Plan};
use crate::project::Project;
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run::{Context, Limits, Report, RunId, Status, side_by_side};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::sqlite::Access;

/// How one plan is run.
type Act = fn(&Context<'_>, &Plan) -> Result<Report>;

/// How rules are run.
pub(super) struct Manner {
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
    pub fn of(format: Format, yes: bool) -> Self {
        Self {
            wait: Duration::ZERO,
            jobs: 1,
            format,
            yes,
            merges: |_| false,
            staging: StagingArgs::default(),
        }
    }
}

/// Runs these steps of every rule that the command is about.
pub(super) fn execute(
    common: &Common,
    effects: &Effects,
    manner: &Manner,
    steps: impl Fn(&Renderer<'_>) -> Vec<StepName>,
    act: Act,
) -> Result<Outcome> {
    let mut project = common.project.open()?;
    let connect = |project: &Project| common.project.connect(project, effects, Access::ReadWrite);
    let rules = common.rules(&project)?.into_iter().filter(|rule| (manner.merges)(rule));
    let merging: Vec<String> = rules.map(|rule| rule.name.to_string()).collect();
    // What staging tables bring is known only when they have been looked at.
    let early = match merging.as_slice() {
        [] => None,
        names => {
            let connection = connect(&project)?;
            staging::look(&mut project, names, &manner.staging, &connection, effects)?;
            Some(connection)
        }
    };
    let plans = plans(common, &project, effects, steps)?;
    if !manner.yes {
        consent::ask(plans.iter().map(|(renderer, plan)| (renderer.rule(), plan)), effects)?;
    }
    effects.heed_interrupts();
    let connection = early.map_or_else(|| connect(&project), Ok)?;
    let groups = by_table(plans);
    let alone = manner.jobs <= 1 || groups.len() <= 1;
    let ended = side_by_side(manner.jobs, groups, |group| {
        let run = |(_, renderer, plan): &Planned<'_>| {
            run(common, effects, &connection, renderer, plan, alone, manner.wait, act)
        };
        group.into_iter().map(|planned| (run(&planned), planned)).collect::<Vec<_>>()
    });
    let mut ended: Vec<_> = ended.into_iter().flatten().collect();
    ended.sort_by_key(|(_, (place, _, _))| *place);
    let count = ended.len();
    let (mut reports, mut outcome) = (Vec::new(), Outcome::Done);
    for (report, (_, renderer, _)) in ended {
        match report {
            Ok(report) => {
                outcome = outcome.max(report.ending().into());
                reports.push(report);
            }
            // One rule that cannot run does not stop the others.
            Err(error) if count > 1 => {
                effects.report(&error.during(format!("rule {}", renderer.rule().name)));
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
    Ok(if effects.interrupt.requested() { Outcome::Interrupted } else { outcome })
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

#[allow(clippy::too_many_arguments, reason = "one call; a struct would only rename them")]
fn run(
    common: &Common,
    effects: &Effects,
    connection: &Connection,
    renderer: &Renderer<'_>,
    plan: &Plan,
    alone: bool,
    wait: Duration,
    act: Act,
) -> Result<Report> {
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
        run: Some(id),
    };
    act(&context, plan)
}

/// What the figures do not say by themselves, on stderr.
fn explain(report: &Report, effects: &Effects) {
    let run = report.run.as_deref();
    let say = |text: String| effects.say_of(run, &text);
    for problem in &report.problems {
        effects.report_of(run, problem);
    }
    for day in report.days.iter().filter(|day| day.status() == Status::Twins) {
        say(format!(
            "{}: not touched: {} active rows have a row id that is NULL or not theirs alone, \
             and a statement by row id could take a survivor down with them; \
             a rule with `strategy = \"rewrite\"` can tell them apart",
            day.day, day.counts.twins
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

//! Running plans: every plan is made before anything is sent, then rule after rule is run, and the
//! reports are printed.

use super::common::Common;
use super::plan::make_plan;
use super::progress::Bar;
use super::{Effects, Outcome};
use crate::error::Result;
use crate::plan::Plan;
use crate::project::Project;
use crate::report::{self, Format};
use crate::run::{Context, Report, Status};
use crate::statement::StepName;
use crate::template::Renderer;
use crate::warehouse::sqlite::{Access, Sqlite};

/// How one plan is run.
type Act = fn(&Context<'_>, &Plan) -> Result<Report>;

/// Runs these steps of every rule that the command is about.
pub(super) fn execute(
    common: &Common,
    effects: &Effects,
    steps: impl Fn(&Renderer<'_>) -> Vec<StepName>,
    act: Act,
) -> Result<Outcome> {
    let project = common.project.open()?;
    let plans = plans(common, &project, effects, steps)?;
    let warehouse = common.project.warehouse(&project, effects, Access::ReadWrite)?;
    let (mut reports, mut outcome) = (Vec::new(), Outcome::Done);
    for (renderer, plan) in &plans {
        match run(common, effects, &warehouse, renderer, plan, act) {
            Ok(report) => {
                outcome = outcome.max(report.ending().into());
                reports.push(report);
            }
            // One rule that cannot run does not stop the others.
            Err(error) if plans.len() > 1 => {
                effects.report(&error.during(format!("rule {}", renderer.rule().name)));
                outcome = Outcome::Failed;
            }
            Err(error) => return Err(error),
        }
    }
    let style = effects.style(common.format);
    let text = match common.format {
        Format::Json => report::json(&report::one_or_all(reports.iter().map(document).collect())),
        _ => reports.iter().map(|report| text(style, report)).collect::<Vec<_>>().join("\n"),
    };
    effects.print(&text)?;
    for report in &reports {
        explain(report, effects);
    }
    Ok(outcome)
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
            let window = common.window(rule, effects)?;
            let plan = make_plan(&renderer, &steps(&renderer), &window)?;
            Ok((renderer, plan))
        })
        .collect()
}

fn run(
    common: &Common,
    effects: &Effects,
    warehouse: &Sqlite,
    renderer: &Renderer<'_>,
    plan: &Plan,
    act: Act,
) -> Result<Report> {
    let progress = Bar::new(effects);
    let context = Context {
        renderer,
        warehouse,
        ledger: warehouse,
        clock: common.project.clock(effects),
        who: &effects.who,
        progress: &progress,
    };
    act(&context, plan)
}

/// The dates, where there are any, and what own steps gave back.
fn text(style: report::Style, report: &Report) -> String {
    let steps = report::steps(style, &report.steps);
    match (report.days.is_empty(), steps.is_empty()) {
        (true, _) => steps,
        (false, true) => report::days(style, report),
        (false, false) => format!("{}\n{steps}", report::days(style, report)),
    }
}

fn document(report: &Report) -> serde_json::Value {
    let mut document = report::days_json(report);
    if !report.steps.is_empty() {
        document["steps"] = report::steps_json(&report.steps);
    }
    document
}

/// What the figures do not say by themselves, on stderr.
fn explain(report: &Report, effects: &Effects) {
    for problem in &report.problems {
        effects.report(problem);
    }
    for day in report.days.iter().filter(|day| day.status() == Status::Twins) {
        effects.say(&format!(
            "{}: not touched: {} active rows have a row id that is NULL or not theirs alone, \
             and an UPDATE by row id could take a survivor down with them",
            day.day, day.counts.twins
        ));
    }
    for title in &report.buffered {
        effects.say(&format!(
            "{title}: refused because of rows in the streaming buffer; nothing was changed"
        ));
    }
    let buffered = report.totals().buffered;
    if buffered > 0 {
        effects.say(&format!(
            "{}: {buffered} superseded rows wait in the streaming buffer; \
             run the same command again when it has drained (within 90 minutes)",
            report.rule
        ));
    }
}

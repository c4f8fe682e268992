//! `onerow apply`

use super::common::Common;
use super::plan::{self, make_plan};
use super::progress::Bar;
use super::{Effects, Outcome};
use crate::error::Result;
use crate::plan::{Plan, steps_of};
use crate::project::Project;
use crate::report::{self, Format};
use crate::run::{self, Context, Report, Status};
use crate::template::Renderer;
use crate::warehouse::sqlite::{Access, Sqlite};

/// Deactivate the superseded rows of the dates, and verify the result
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow apply --date YESTERDAY
  onerow apply player_prop_predictions --from 2026-01-20 --to 2026-01-29
  onerow apply --all --last 30 --dry-run")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Change nothing: show what would be done, as `plan` does
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let common = &args.common;
    if args.dry_run {
        return plan::show(common, false, effects);
    }
    let project = common.project.open()?;
    let plans = plans(common, &project, effects)?;
    let warehouse = common.project.warehouse(&project, effects, Access::ReadWrite)?;
    let (mut reports, mut outcome) = (Vec::new(), Outcome::Done);
    for (renderer, plan) in &plans {
        match apply(common, renderer, plan, &warehouse, effects) {
            Ok(report) => {
                outcome = outcome.max(report.ending().into());
                reports.push(report);
            }
            // One rule that cannot run does not stop the others.
            Err(error) if plans.len() > 1 => {
                let rule = &renderer.rule().name;
                effects.report(&error.during(format!("rule {rule}")));
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

/// All plans, before anything is sent.
fn plans<'p>(
    common: &Common,
    project: &'p Project,
    effects: &Effects,
) -> Result<Vec<(Renderer<'p>, Plan)>> {
    let rules = common.rules(project)?.into_iter();
    rules
        .map(|rule| {
            let renderer = common.renderer(project, rule)?;
            let window = common.window(rule, effects)?;
            let plan = make_plan(&renderer, &steps_of(&renderer), &window)?;
            Ok((renderer, plan))
        })
        .collect()
}

fn apply(
    common: &Common,
    renderer: &Renderer<'_>,
    plan: &Plan,
    warehouse: &Sqlite,
    effects: &Effects,
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
    run::apply(&context, plan)
}

fn text(style: report::Style, report: &Report) -> String {
    let steps = report::steps(style, &report.steps);
    let gap = if steps.is_empty() { "" } else { "\n" };
    format!("{}{gap}{steps}", report::days(style, report))
}

fn document(report: &Report) -> serde_json::Value {
    let mut document = report::days_json(report);
    if !report.steps.is_empty() {
        document["steps"] = report::steps_json(&report.steps);
    }
    document
}

/// What the figures do not say by themselves, on stderr.
pub(super) fn explain(report: &Report, effects: &Effects) {
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

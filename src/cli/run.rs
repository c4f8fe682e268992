//! `onerow run`

use super::apply::explain;
use super::common::Common;
use super::plan::make_plan;
use super::progress::Bar;
use super::{Effects, Outcome};
use crate::error::Result;
use crate::report::{self, Format};
use crate::run::{Context, Report, run_step};
use crate::statement::StepName;
use crate::warehouse::sqlite::Access;

/// Run one step by itself, shipped or the project's own, with its ledger entries
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow run late_rows --date YESTERDAY
  onerow run detect player_prop_predictions --last 7 --format json")]
pub(super) struct Args {
    /// The step
    #[arg(value_name = "STEP", value_parser = StepName::parse)]
    step: StepName,
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let common = &args.common;
    let project = common.project.open()?;
    let mut plans = Vec::new();
    for rule in common.rules(&project)? {
        let renderer = common.renderer(&project, rule)?;
        let window = common.window(rule, effects)?;
        let plan = make_plan(&renderer, std::slice::from_ref(&args.step), &window)?;
        plans.push((renderer, plan));
    }
    let warehouse = common.project.warehouse(&project, effects, Access::ReadWrite)?;
    let mut outcome = Outcome::Done;
    let mut reports = Vec::new();
    for (renderer, plan) in &plans {
        let progress = Bar::new(effects);
        let context = Context {
            renderer,
            warehouse: &warehouse,
            ledger: &warehouse,
            clock: common.project.clock(effects),
            who: &effects.who,
            progress: &progress,
        };
        match run_step(&context, plan) {
            Ok(report) => {
                outcome = outcome.max(report.ending().into());
                reports.push(report);
            }
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

/// What each statement gave back; after deactivate also what is left.
fn text(style: report::Style, report: &Report) -> String {
    let steps = report::steps(style, &report.steps);
    match report.days.is_empty() {
        true => steps,
        false => format!("{steps}\n{}", report::days(style, report)),
    }
}

fn document(report: &Report) -> serde_json::Value {
    let mut document = report::days_json(report);
    document["steps"] = report::steps_json(&report.steps);
    document
}

//! `onerow run`

use super::common::Common;
use super::plan::make_plan;
use super::progress::Bar;
use super::{Effects, Outcome};
use crate::error::Result;
use crate::report::{self, Format};
use crate::run::{Context, run_step};
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
    let mut ends = Vec::new();
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
        let end = run_step(&context, plan)?;
        for title in &end.buffered {
            effects.say(&format!(
                "{title}: rows in the streaming buffer; nothing was changed, run it again later"
            ));
            outcome = outcome.max(Outcome::Buffered);
        }
        ends.push((&renderer.rule().name, end));
    }
    let style = effects.style(common.format);
    let text = match common.format {
        Format::Json => {
            let documents = ends.iter().map(|(rule, end)| {
                serde_json::json!({
                    "rule": rule.as_str(),
                    "run_id": end.run,
                    "steps": report::steps_json(&end.reports),
                })
            });
            report::json(&report::one_or_all(documents.collect()))
        }
        _ => ends
            .iter()
            .map(|(_, end)| report::steps(style, &end.reports))
            .collect::<Vec<_>>()
            .join("\n"),
    };
    effects.print(&text)?;
    Ok(outcome)
}

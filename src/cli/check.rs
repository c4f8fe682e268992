//! `onerow check`

use super::common::Common;
use super::{Effects, Outcome};
use crate::check::Finding;
use crate::error::Result;
use crate::plan;
use crate::report::{self, Format};
use crate::statement::StepName;

/// Parse and safety-check every statement of a plan
#[derive(clap::Args)]
#[command(after_help = "\
Without dates it checks the plan of yesterday. Exits 3 when there are findings.

Examples:
  onerow check --all
  onerow check player_prop_predictions --format json")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let project = args.common.project.open()?;
    let mut findings: Vec<Finding> = Vec::new();
    let mut checked = 0;
    for rule in args.common.rules(&project)? {
        let renderer = args.common.renderer(&project, rule)?;
        let window = args.common.window_or_last(1, rule, effects)?;
        let mut steps = plan::steps_of(&renderer);
        let others = renderer.steps().into_iter().filter(|step| !steps.contains(step));
        steps.extend(others.collect::<Vec<StepName>>());
        match plan::plan(&renderer, &steps, &window)? {
            Ok(plan) => checked += plan.statements().count(),
            Err(found) => findings.extend(found),
        }
    }
    let style = effects.style(args.common.format);
    match args.common.format {
        Format::Json => effects.print(&report::json(&report::findings_json(&findings)))?,
        _ => effects.print(&report::findings(style, &findings))?,
    }
    if findings.is_empty() {
        effects.say(&format!("{checked} statements checked, no findings"));
        return Ok(Outcome::Done);
    }
    effects.say(&format!("{} findings", findings.len()));
    Ok(Outcome::Findings)
}

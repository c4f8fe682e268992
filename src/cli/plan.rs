//! `onerow plan`

use super::common::Common;
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome};
use crate::engine::{Preview, Task};
use crate::error::Result;
use crate::report::{self, Format};
use crate::rule::RuleName;
use crate::run::Report;

/// Show what apply would do, with counts and cost; changes nothing
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow plan --date YESTERDAY
  onerow plan --all --last 30 --format markdown")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Exit with 4 when there are duplicates
    #[arg(long)]
    exit_code: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    show(&args.common, args.format, args.exit_code, effects)
}

/// Shows what apply would do.
pub(super) fn show(
    common: &Common,
    format: Format,
    exit_code: bool,
    effects: &Effects,
) -> Result<Outcome> {
    let mut engine = common.connecting(effects)?;
    let rules = common.rules(engine.project())?;
    let names: Vec<RuleName> = rules.iter().map(|rule| rule.name.clone()).collect();
    staging::look(&mut engine, &names, &Task::Apply, &StagingArgs::default(), effects)?;
    let style = effects.style(format);
    let (mut texts, mut documents, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for name in &names {
        let rule = engine.rule(name)?;
        let plan = engine.plan(rule, &Task::Apply, &common.window(rule, effects)?)?;
        let Preview { report, summary } = engine.preview(&plan)?;
        if format == Format::Json {
            let mut document = report::ran_json(&report);
            document["statements"] = report::plan_json(&summary);
            documents.push(document);
        } else {
            let figures = report::ran(style, &report);
            texts.push(format!("{figures}{}", report::plan(style, &summary)));
        }
        reports.push(report);
    }
    match format {
        Format::Json => effects.print(&report::json(&report::one_or_all(documents)))?,
        _ => effects.print(&texts.join("\n"))?,
    }
    Ok(outcome(exit_code, &reports))
}

/// The outcome of looking: duplicates matter only to whom asked for an exit code.
pub(super) fn outcome(exit_code: bool, reports: &[Report]) -> Outcome {
    match exit_code && reports.iter().any(|report| report.totals().duplicates > 0) {
        true => Outcome::Duplicates,
        false => Outcome::Done,
    }
}

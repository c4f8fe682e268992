//! `onerow plan`

use super::common::Common;
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome};
use crate::error::Result;
use crate::plan;
use crate::report::{self, Format, PlanSummary};
use crate::run::{self, Report};
use crate::statement::StepName;
use crate::warehouse::sqlite::Access;

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
    let mut project = common.project.open()?;
    let names: Vec<String> =
        common.rules(&project)?.iter().map(|rule| rule.name.to_string()).collect();
    let connection = common.project.connect(&project, effects, Access::ReadOnly)?;
    let merging = project.file.rules.iter().filter(|rule| rule.consolidates());
    let merging: Vec<String> =
        merging.map(|rule| rule.name.to_string()).filter(|name| names.contains(name)).collect();
    let staging = StagingArgs::default();
    staging::look(&mut project, &merging, &staging, &connection, effects)?;
    let now = common.project.clock(effects).now();
    let style = effects.style(format);
    let (mut texts, mut documents, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for name in &names {
        let rule = project.file.rule(name)?;
        let renderer = common.renderer(&project, rule)?;
        let window = common.window(rule, effects)?;
        let plan = plan::make(&renderer, &plan::steps_of(&renderer), &window)?;
        let estimates = run::estimate(&*connection.warehouse, now, &plan)?;
        let mut report = run::status(&renderer, &*connection.warehouse, now, &plan)?;
        if plan.steps.iter().any(|step| step.name == *StepName::CONSOLIDATE) {
            let found = run::staged(&renderer, &*connection.warehouse, now, &window)?;
            report.consolidated = Some(found);
        }
        let (strategy, merged) = (renderer.rule().strategy, report.consolidated.as_ref());
        let summary =
            PlanSummary::new(strategy, &report.days, merged, estimates, connection.tariff);
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

//! `onerow plan`

use serde_json::Value as Json;

use super::common::{ChangedArgs, Common, StatementArgs};
use super::each::{self, Looked, look_at_each, say_notes};
use super::staging::{self, StagingArgs};
use super::{Effects, Outcome};
use crate::engine::{Preview, Task};
use crate::error::Result;
use crate::report::{self, Format};
use crate::rule::{Rule, RuleName};
use crate::run::Report;
use crate::window::Window;

/// Show what apply would do, with counts and cost, of the last 14 dates by default (read-only)
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow plan
  onerow plan --date YESTERDAY
  onerow plan --all --last 30 --format markdown
  onerow plan --from 2016-01-01 --forecast")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    which: ChangedArgs,
    #[command(flatten)]
    statements: StatementArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Exit with 4 when there are duplicates
    #[arg(long)]
    exit_code: bool,
    /// Count nothing: show what a run would take, by how many dates have duplicates
    #[arg(long, conflicts_with_all = ["changed", "exit_code"])]
    forecast: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if args.forecast {
        return forecast(args, effects);
    }
    let window = |rule: &Rule| args.common.window_to_look(rule, effects);
    let shown = Shown {
        statements: &args.statements,
        changed: args.which.changed,
        format: args.format,
        exit_code: args.exit_code,
    };
    show(&args.common, &window, &shown, effects)
}

/// Prints a forecast of runs over these dates of each rule.
fn forecast(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.common.connecting(effects)?;
    let engine = engine.sharing_statements(args.statements.dates_per_statement);
    let rules = args.common.rules(engine.project())?;
    let names: Vec<RuleName> = rules.iter().map(|rule| rule.name.clone()).collect();
    let engine = engine.reading_ledger_once(names.len());
    let style = effects.style(args.format);
    let Looked { seen, failed } = look_at_each(&names, effects, |name| {
        let rule = engine.rule(name)?;
        let window = args.common.window_to_look(rule, effects)?;
        let outlook = engine.outlook(rule, &window)?;
        Ok((rule, window, outlook))
    })?;
    let outcome = outcome(false, &[], &failed);
    let text = match args.format {
        Format::Json => {
            let seen =
                seen.iter().map(|(rule, dates, found)| report::forecast_json(rule, dates, found));
            report::json(&report::one_or_all(seen.chain(failed).collect()))
        }
        Format::Csv => report::forecast_csv(&seen),
        _ => {
            let seen =
                seen.iter().map(|(rule, dates, found)| report::forecast(style, rule, dates, found));
            seen.collect::<Vec<_>>().join("\n")
        }
    };
    effects.print(&text)?;
    Ok(outcome)
}

/// How a plan is printed.
pub(super) struct Shown<'a> {
    pub statements: &'a StatementArgs,
    /// Whether only changed dates are included.
    pub changed: bool,
    pub format: Format,
    /// Whether duplicates set the exit code.
    pub exit_code: bool,
}

/// Prints what apply would do to these dates of each rule.
pub(super) fn show(
    common: &Common,
    window: &dyn Fn(&Rule) -> Result<Window>,
    shown: &Shown<'_>,
    effects: &Effects,
) -> Result<Outcome> {
    let &Shown { statements, changed, format, exit_code } = shown;
    let engine = common.connecting(effects)?;
    let mut engine = engine.sharing_statements(statements.dates_per_statement);
    let rules = common.rules(engine.project())?;
    let names: Vec<RuleName> = rules.iter().map(|rule| rule.name.clone()).collect();
    engine = engine.reading_ledger_once(names.len());
    let style = effects.style(format);
    let Looked { seen, failed } = look_at_each(&names, effects, |name| {
        let only = std::slice::from_ref(name);
        staging::look(&mut engine, only, &Task::Apply, &StagingArgs::default(), effects)?;
        let rule = engine.rule(name)?;
        if let Some(why) = rule.partition.reads_all() {
            effects.say(&format!("{name}: each statement reads the whole table: {why}"));
        }
        let dates = match changed {
            true => common.changed(&engine, rule, &Task::Apply, effects)?.window,
            false => Some(window(rule)?),
        };
        let Some(dates) = dates else { return Ok(Preview::nothing(rule)) };
        let plan = engine.plan(rule, &Task::Apply, &dates)?;
        engine.preview(&plan)
    })?;
    let (mut texts, mut documents, mut reports) = (Vec::new(), Vec::new(), Vec::new());
    for Preview { report, summary } in seen {
        let left_out =
            report.consolidated.as_ref().and_then(|found| report::left_out(&report.rule, found));
        left_out.iter().for_each(|sentence| effects.say(sentence));
        if format == Format::Json {
            let mut document = report::ran_json(&report);
            document["statements"] = report::plan_json(&summary);
            if summary.tariff.is_some() {
                document["billed_if_every_date_had_duplicates"] = Json::from(summary.at_most);
            }
            if let Some(slots) = report::slots_json(&summary) {
                document["slot_ms_of_last_runs"] = slots;
            }
            documents.push(document);
        } else {
            let figures = report::ran(style, &report);
            texts.push(format!("{figures}{}", report::plan(style, &summary)));
        }
        reports.push(report);
    }
    let outcome = outcome(exit_code, &reports, &failed);
    documents.extend(failed);
    match format {
        Format::Json => effects.print(&report::json(&report::one_or_all(documents)))?,
        Format::Csv => {
            effects.print(&report::ran_csv(&reports))?;
            each::say_beyond_csv(&reports, effects);
        }
        _ => effects.print(&texts.join("\n"))?,
    }
    say_notes(&reports, effects);
    Ok(outcome)
}

/// The outcome of a read-only command: duplicates count only with `--exit-code`.
pub(super) fn outcome(exit_code: bool, reports: &[Report], failed: &[Json]) -> Outcome {
    match exit_code && reports.iter().any(Report::has_duplicates) {
        _ if !failed.is_empty() => Outcome::Failed,
        true => Outcome::Duplicates,
        false => Outcome::Done,
    }
}

//! `onerow view`

mod for_dbt;

use std::path::PathBuf;

use clap::ValueEnum;

use super::common::{Common, refuse_csv_of_sql};
use super::execute::{RunSettings, execute};
use super::{Effects, Outcome, render};
use crate::engine::Task;
use crate::error::{Error, Kind, Result};
use crate::report::Format;
use crate::statement::StepName;

/// Create, drop or show the read-side view: the survivors, while duplicates wait
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow view show orders
  onerow view show orders --dbt --out ../shop
  onerow view create orders --warehouse prod
  onerow view create orders --warehouse prod --replace
  onerow view drop orders")]
pub(super) struct Args {
    /// What to do with the view
    #[arg(value_enum)]
    act: Action,
    #[command(flatten)]
    common: Common,
    /// With create: replace an existing view
    #[arg(long)]
    replace: bool,
    /// With show: as files of a dbt project: the view as a model, and tests that the key is unique
    #[arg(long)]
    dbt: bool,
    /// With --dbt: write them below this folder, which is the dbt project
    #[arg(long, value_name = "DIR", requires = "dbt")]
    out: Option<PathBuf>,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Action {
    /// Make the view
    Create,
    /// Remove the view; the table stays as it is
    Drop,
    /// Print the statement that makes it
    Show,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    if args.dbt {
        return for_dbt::run(args, effects);
    }
    let step = match args.act {
        Action::Create => StepName::parse(StepName::CREATE_VIEW)?,
        Action::Drop => StepName::parse(StepName::DROP_VIEW)?,
        Action::Show => return show(&args.common, args.format, effects),
    };
    if args.act == Action::Create {
        refuse_others(&args.common, args.replace, effects)?;
    }
    let settings = RunSettings::of("view", Task::Step(step), args.format, false);
    execute(&args.common, effects, &settings)
}

fn show(common: &Common, format: Format, effects: &Effects) -> Result<Outcome> {
    refuse_csv_of_sql(format)?;
    let engine = common.engine(effects)?;
    let task = Task::Step(StepName::parse(StepName::CREATE_VIEW)?);
    let mut shown = Vec::new();
    for rule in common.rules(engine.project())? {
        let plan = engine.plan(rule, &task, &common.window_of(&task, rule, effects)?)?;
        shown.push((&rule.name, plan.statements().cloned().collect::<Vec<_>>()));
    }
    match format {
        // As it is sent.
        Format::Table => {
            let statements = shown.iter().flat_map(|(_, statements)| statements);
            effects
                .print(&statements.map(|statement| statement.sql.as_str()).collect::<String>())?;
        }
        _ => effects.print(&render::text(&shown, format, effects))?,
    }
    Ok(Outcome::Done)
}

/// Refuses to replace a view of that name that onerow did not create.
fn refuse_others(common: &Common, replace: bool, effects: &Effects) -> Result<()> {
    let engine = common.connecting(effects)?;
    let project = engine.project();
    let rules = common.rules(project)?;
    for rule in &rules {
        let others = project.file.rules.iter().filter(|other| other.name != rule.name);
        if let Some(other) = others.into_iter().find(|other| other.view == rule.view) {
            let message = format!(
                "rules {} and {} would both be the view `{}`",
                rule.name,
                other.name,
                rule.view.dotted()
            );
            return Err(Error::new(Kind::RuleFile, message)
                .help("set `view` in one of them, as `dataset.view`"));
        }
    }
    if replace {
        return Ok(());
    }
    for rule in rules {
        if engine.has_table(&rule.view)? {
            let message = format!("there is a `{}` already", rule.view.dotted());
            return Err(Error::new(Kind::Usage, message)
                .help("replace it with --replace, or set `view` in the rule to another name"));
        }
    }
    Ok(())
}

//! `onerow render`

use std::path::{Path, PathBuf};

use clap_complete::engine::ArgValueCompleter;

use super::common::{Common, StatementArgs, refuse_csv_of_sql};
use super::out::{self, Files, Scope, Swept};
use super::{Effects, Outcome, completions};
use crate::engine::Task;
use crate::error::Result;
use crate::project::Project;
use crate::report::{self, Format};
use crate::rule::{self, RuleName};
use crate::statement::{Statement, StepName};

/// Print the SQL of a plan, or write it to files
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow render --date 2026-01-28
  onerow render orders --from 2026-01-20 --to 2026-01-29 --step detect
  onerow render --all --date 2026-01-28 --out rendered
  onerow render --all --date 2026-01-28 --out rendered --check")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    statements: StatementArgs,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    /// Only this step; also one that the rule's steps do not name, such as `current`
    #[arg(long, value_name = "STEP", value_parser = StepName::parse, add = ArgValueCompleter::new(completions::steps))]
    step: Option<StepName>,
    /// Write each statement to a file of this folder, and remove what is no longer rendered
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write nothing: fail with a diff when the folder is not up to date
    #[arg(long, requires = "out")]
    check: bool,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    refuse_csv_of_sql(args.format)?;
    let engine = args.common.engine(effects)?;
    let engine = engine.sharing_statements(args.statements.dates_per_statement);
    let project = engine.project();
    let mut rendered = Vec::new();
    for rule in args.common.rules(project)? {
        let (steps, needs_dates) = match &args.step {
            Some(step) => (vec![step.clone()], rule.scope_of(step) != rule::Scope::Table),
            None => (Task::Apply.steps(rule), Task::Apply.needs_dates(rule)),
        };
        let window = match needs_dates {
            true => args.common.window(rule, effects)?,
            false => args.common.window_or_last(1, rule, effects)?,
        };
        rendered.push((&rule.name, engine.render(rule, &steps, &window)?));
    }
    match &args.out {
        Some(folder) => to_folder(args, project, folder, &rendered, effects),
        None => {
            effects.print(&text(&rendered, args.format, effects))?;
            Ok(Outcome::Done)
        }
    }
}

fn to_folder(
    args: &Args,
    project: &Project,
    folder: &Path,
    rendered: &[(&RuleName, Vec<Statement>)],
    effects: &Effects,
) -> Result<Outcome> {
    let files: Files =
        rendered.iter().flat_map(|(rule, statements)| out::files(rule, statements)).collect();
    let every = rendered.len() == project.file.rules.len();
    let rules = rendered.iter().map(|(rule, _)| (*rule).clone()).collect();
    let scope = Scope { rules: (!every).then_some(rules), step: args.step.clone() };
    let place = folder.display();
    if args.check {
        let (differences, swept) = out::differences(folder, &files, &scope)?;
        say_kept(folder, &swept, effects);
        effects.print(&differences.values().map(String::as_str).collect::<String>())?;
        if differences.is_empty() {
            effects.say(&format!("{place} is up to date"));
            return Ok(Outcome::Done);
        }
        let (count, differ) = match differences.len() {
            1 => ("1 file".to_owned(), "differs"),
            many => (report::count(many as u64, "file"), "differ"),
        };
        effects.say(&format!(
            "{place} is not up to date: {count} {differ}; run the same command without --check"
        ));
        return Ok(Outcome::Failed);
    }
    let swept = out::write(folder, &files, &scope)?;
    say_kept(folder, &swept, effects);
    let removed = match swept.removed {
        0 => String::new(),
        removed => format!(", removed {removed}"),
    };
    let wrote = report::count(files.len() as u64, "file");
    effects.say(&format!("wrote {wrote} to {place}{removed}"));
    Ok(Outcome::Done)
}

fn say_kept(folder: &Path, swept: &Swept, effects: &Effects) {
    for path in &swept.kept {
        effects.say(&format!(
            "note: {} is no longer rendered, but was changed since onerow wrote it, so it was kept; remove it if it is not needed",
            folder.join(path).display()
        ));
    }
}

pub(super) fn text(
    rendered: &[(&RuleName, Vec<Statement>)],
    format: Format,
    effects: &Effects,
) -> String {
    let style = effects.style(format);
    match format {
        Format::Json => {
            let all = rendered.iter().flat_map(|(rule, s)| report::statements_json(rule, s));
            report::json(&all.collect())
        }
        _ => {
            let blocks = rendered.iter().map(|(rule, s)| report::statements(style, rule, s));
            blocks.collect::<Vec<_>>().join("\n")
        }
    }
}

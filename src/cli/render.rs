//! `onerow render`

use std::path::{Path, PathBuf};

use super::common::Common;
use super::{Effects, Outcome};
use crate::error::{Error, Result};
use crate::plan;
use crate::report::{self, Format};
use crate::rule::RuleName;
use crate::statement::{Statement, StepName};

/// Print the SQL of a plan, or write it to files
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  onerow render --date 2026-01-28
  onerow render player_prop_predictions --from 2026-01-20 --to 2026-01-29 --step detect
  onerow render --all --date YESTERDAY --out build/sql")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only this step; also one that the rule's steps do not name, such as `current`
    #[arg(long, value_name = "STEP", value_parser = StepName::parse)]
    step: Option<StepName>,
    /// Write each statement to a file of this folder instead of stdout
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let project = args.common.project.open()?;
    let mut rendered = Vec::new();
    for rule in args.common.rules(&project)? {
        let renderer = args.common.renderer(&project, rule)?;
        let window = args.common.window(rule, effects)?;
        let steps = match &args.step {
            Some(step) => vec![step.clone()],
            None => plan::steps_of(&renderer),
        };
        rendered.push((&rule.name, plan::render(&renderer, &steps, &window)?));
    }
    match &args.out {
        Some(folder) => write_files(folder, &rendered, effects)?,
        None => effects.print(&text(&rendered, args.format, effects))?,
    }
    Ok(Outcome::Done)
}

fn text(rendered: &[(&RuleName, Vec<Statement>)], format: Format, effects: &Effects) -> String {
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

/// `<rule>/<step>_<dates>.sql` for each statement; a file is whole or not there.
fn write_files(
    folder: &Path,
    rendered: &[(&RuleName, Vec<Statement>)],
    effects: &Effects,
) -> Result<()> {
    let mut count = 0;
    for (rule, statements) in rendered {
        let folder = folder.join(rule.as_str());
        let failed = |cause| Error::io(format!("cannot write into `{}`", folder.display()), cause);
        std::fs::create_dir_all(&folder).map_err(failed)?;
        for statement in statements {
            let path = folder.join(format!("{}_{}.sql", statement.step, dates(statement)));
            let beside = path.with_extension("sql.partial");
            std::fs::write(&beside, &statement.sql).map_err(failed)?;
            std::fs::rename(&beside, &path).map_err(failed)?;
            count += 1;
        }
    }
    effects.say(&format!("wrote {count} files to {}", folder.display()));
    Ok(())
}

fn dates(statement: &Statement) -> String {
    let window = &statement.window;
    match (window.days().len(), window.runs().len()) {
        (1, _) => window.first().to_string(),
        (_, 1) => format!("{}_to_{}", window.first(), window.last()),
        (count, _) => format!("{}_to_{}_{count}_dates", window.first(), window.last()),
    }
}

//! `onerow doctor`

use std::time::Duration;

use super::common::Common;
use super::{Effects, Outcome};
use crate::doctor::{self, Line, Verdict};
use crate::error::Result;
use crate::notify;
use crate::project::Project;
use crate::report::{self, Format};
use crate::rule::{Rule, WarehouseType};

/// How long a transient failure is retried: the user is waiting.
const PATIENCE: Duration = Duration::from_secs(10);

/// The default number of dates to check.
const SAMPLE: u32 = 7;

/// Compare the rules with the real tables, and try every permission; changes nothing
#[derive(clap::Args)]
#[command(after_help = "\
Looks at every rule unless one is named, and at the row ids of the last 7 dates unless others are
given. Exits with 1 when a run would fail or do harm.

Examples:
  onerow doctor
  onerow doctor orders --warehouse prod --last 30")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let common = &args.common;
    let mut project = common.project.open()?;
    for warehouse in &mut project.file.warehouses {
        if let WarehouseType::BigQuery(settings) = &mut warehouse.kind {
            settings.retry_for = settings.retry_for.min(PATIENCE);
        }
    }
    let engine = common.connecting_for(project, effects);
    let rules = match &common.rule {
        Some(_) => common.rules(engine.project())?,
        None => engine.project().file.rules.iter().collect(),
    };
    let windows = |rule| Ok((rule, common.window_or_last(SAMPLE, rule, effects)?));
    let looked = rules.iter().copied().map(windows).collect::<Result<Vec<_>>>()?;
    let mut lines = engine.doctor(&looked)?;
    lines.extend(webhooks(engine.project(), &rules));
    effects.print(&match args.format {
        Format::Json => report::json(&report::doctor_json(&lines)),
        Format::Csv => report::doctor_csv(&lines),
        _ => report::doctor(effects.style(args.format), &lines),
    })?;
    match lines.iter().any(|line| line.verdict == Verdict::Bad) {
        true => Ok(Outcome::Failed),
        false => Ok(Outcome::Done),
    }
}

/// Whether the webhooks of these rules are usable.
fn webhooks(project: &Project, rules: &[&Rule]) -> Vec<Line> {
    let webhooks = project.file.webhooks.iter();
    let concerned = webhooks.filter(|webhook| rules.iter().any(|r| webhook.concerns(&r.name)));
    concerned
        .flat_map(|webhook| {
            let told = notify::address(webhook, &|name| std::env::var_os(name));
            doctor::webhook(webhook, &told.map(|address| address.is_some()))
        })
        .collect()
}

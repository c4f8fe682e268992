//! `onerow undo`

use std::time::Duration;

use super::common::ProjectArgs;
use super::progress::Bar;
use super::tell::Teller;
use super::{Effects, Outcome};
use crate::engine::RunOptions;
use crate::error::Result;
use crate::report::{self, Format};
use crate::run::{Ended, RunId, Undone};

/// Take a run back: the rows that it took out come back, and no others
#[derive(clap::Args)]
#[command(after_help = "\
An undo is a run itself: it is in the ledger, and verified. `onerow apply` removes the rows again.

Examples:
  onerow undo 20260130T074130Z-0a1b2c3d
  onerow undo 20260130T0741 --warehouse prod")]
pub(super) struct Args {
    /// The run; the start of its id is enough
    #[arg(value_name = "RUN")]
    run: String,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.engine(effects)?;
    effects.heed_interrupts();
    engine.connect_for_runs()?;
    let rule = engine.rule_of_run(&args.run)?;
    let teller = Teller::new(&engine, [&rule.name], effects)?;
    let id = RunId::new(engine.now());
    let progress = Bar::new(effects, id.clone(), true);
    let (who, wait) = (effects.who.as_str(), Duration::ZERO);
    let options = RunOptions { id: id.clone(), who, wait, progress: &progress };
    let undone = engine.undo(rule, &args.run, options).inspect_err(|error| {
        let ended = Ended::failed("undo", &rule.name, None, Some(&id), error);
        teller.tell_in_vain(error, [ended]);
    })?;
    let printed = effects.print(&match args.format {
        Format::Json => report::json(&report::undone_json(&undone)),
        _ => report::undone(effects.style(args.format), &undone),
    });
    explain(&undone, effects);
    teller.tell(vec![Ended::of_undo(&undone)]);
    printed?;
    Ok(match () {
        () if effects.interrupt.requested() => Outcome::Interrupted,
        () if !undone.problems.is_empty() => Outcome::Failed,
        () if undone.waits() => Outcome::Buffered,
        () => Outcome::Done,
    })
}

fn explain(undone: &Undone, effects: &Effects) {
    for problem in &undone.problems {
        effects.report_of(Some(&undone.run), problem);
    }
    let left = undone.left_alone();
    if left > 0 {
        effects.say(&format!(
            "{left} rows have changed since run {}, or are gone, and were left alone",
            undone.undone
        ));
    }
    if undone.waits() {
        effects.say(
            "rows are in the streaming buffer; nothing was changed on their dates: run the same command again later",
        );
    }
}

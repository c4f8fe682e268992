//! `onerow undo`

use std::time::Duration;

use clap_complete::engine::ArgValueCompleter;

use super::common::ProjectArgs;
use super::progress::Bar;
use super::tell::Notifier;
use super::{Effects, Outcome, completions};
use crate::engine::RunOptions;
use crate::error::Result;
use crate::report::{self, Format};
use crate::run::{RunId, RunOutcome, Undone, Which};

/// Undo a run: restore exactly the rows it removed
#[derive(clap::Args)]
#[command(after_help = "\
An undo is a run itself: it is in the ledger, and verified.

Examples:
  onerow undo last --dry-run
  onerow undo last orders
  onerow undo 20260130T074130Z-0a1b2c3d
  onerow undo 20260130T0741 --warehouse prod")]
pub(super) struct Args {
    /// The run: its id, the start of its id, or `last` for the last one that removed rows
    #[arg(value_name = "RUN")]
    run: String,
    /// The rule, where `last` could be of several
    #[arg(value_name = "RULE", add = ArgValueCompleter::new(completions::rules))]
    rule: Option<String>,
    /// Show what would be restored; change nothing
    #[arg(long)]
    dry_run: bool,
    /// How results are written
    #[arg(long, value_enum, default_value_t, env = "ONEROW_FORMAT", hide_env_values = true)]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let engine = args.project.engine(effects)?;
    effects.install_signal_handlers();
    let which = Which::parse(&args.run);
    if args.dry_run {
        let rule = engine.rule_of(&which, args.rule.as_deref())?;
        let planned = engine.undo_plan(rule, &which)?.unless_refused()?;
        print(args, effects, &planned)?;
        explain(&planned, effects);
        let is_possible = planned.problems.is_empty();
        return Ok(if is_possible { Outcome::Done } else { Outcome::Failed });
    }
    engine.connect_for_runs()?;
    let rule = engine.rule_of(&which, args.rule.as_deref())?;
    let teller = Notifier::new(&engine, [&rule.name], effects)?;
    let id = RunId::new(engine.now());
    let progress = Bar::new(effects, id.clone(), true);
    let (who, wait) = (effects.who.as_str(), Duration::ZERO);
    let options = RunOptions { id: id.clone(), who, wait, progress: &progress };
    let undone = engine.undo(rule, &which, options).inspect_err(|error| {
        let ended = RunOutcome::failed("undo", &rule.name, None, Some(&id), error);
        teller.notify_of_error(error, [ended]);
    })?;
    let printed = print(args, effects, &undone);
    explain(&undone, effects);
    teller.tell(vec![RunOutcome::of_undo(&undone)]);
    printed?;
    Ok(match () {
        () if effects.interrupt.requested() => Outcome::Interrupted,
        () if !undone.problems.is_empty() => Outcome::Failed,
        () if undone.waits() => Outcome::Buffered,
        () => Outcome::Done,
    })
}

fn print(args: &Args, effects: &Effects, undone: &Undone) -> Result<()> {
    effects.print(&match args.format {
        Format::Json => report::json(&report::undone_json(undone)),
        Format::Csv => report::undone_csv(undone),
        _ => report::undone(effects.style(args.format), undone),
    })
}

fn explain(undone: &Undone, effects: &Effects) {
    for problem in &undone.problems {
        effects.report_of(undone.run.as_deref(), problem);
    }
    if undone.is_planned() {
        effects.say("the rows were not compared with the table: the undo leaves alone those that have changed since, and says how many");
    }
    report::changed_columns(undone).iter().for_each(|sentence| effects.say(sentence));
    let left = undone.left_alone();
    if left > 0 {
        let (were, they) = if left == 1 { ("was", "it was") } else { ("were", "they were") };
        effects.say(&format!(
            "{} {were} left alone: since run {} {they} changed, deleted or made active again",
            report::count(left, "row"),
            undone.undone
        ));
    }
    if undone.waits() {
        effects.say(
            "rows are in the streaming buffer; nothing was changed on their dates: run the same command again later",
        );
    }
}

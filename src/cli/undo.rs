//! `onerow undo`

use super::common::ProjectArgs;
use super::progress::Bar;
use super::tell::Teller;
use super::{Effects, Outcome};
use crate::error::{Error, Kind, Result};
use crate::ledger::{Entry, Filter};
use crate::project::Project;
use crate::report::{self, Format};
use crate::rule::Rule;
use crate::run::{self, Context, Ended, Limits, RunId, Undone, Which};
use crate::template::Renderer;
use crate::warehouse::sqlite::Access;

/// Undo a run: restore exactly the rows it removed
#[derive(clap::Args)]
#[command(after_help = "\
An undo is a run itself: it is in the ledger, and verified.

Examples:
  onerow undo last --dry-run
  onerow undo last player_prop_predictions
  onerow undo 20260130T074130Z-0a1b2c3d
  onerow undo 20260130T0741 --warehouse prod")]
pub(super) struct Args {
    /// The run: its id, the start of its id, or `last` for the last one that removed rows
    #[arg(value_name = "RUN")]
    run: String,
    /// The rule, where `last` could be of several
    #[arg(value_name = "RULE")]
    rule: Option<String>,
    /// Show what would be restored; change nothing
    #[arg(long)]
    dry_run: bool,
    /// How results are written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    project: ProjectArgs,
}

pub(super) fn run(args: &Args, effects: &Effects) -> Result<Outcome> {
    let project = args.project.open()?;
    let warehouse = project.file.warehouse(args.project.warehouse.as_deref())?;
    effects.heed_interrupts();
    let access = if args.dry_run { Access::ReadOnly } else { Access::ReadWrite };
    let connection = args.project.connect(&project, effects, access)?;
    let which = match args.run.as_str() {
        "last" => Which::Last,
        id => Which::Id(id.to_owned()),
    };
    let rule = match (&which, &args.rule, project.file.rules.as_slice()) {
        (_, Some(name), _) => project.file.rule(name)?,
        (Which::Last, None, [only]) => only,
        (Which::Last, None, several) => {
            let names: Vec<&str> = several.iter().map(|rule| rule.name.as_str()).collect();
            return Err(Error::new(Kind::Usage, "the rule file holds several rules")
                .help(format!("name one of {}: `onerow undo last RULE`", names.join(", "))));
        }
        (Which::Id(id), None, _) => {
            rule_of(&project, id, &connection.ledger.entries(&Filter::run(id))?)?
        }
    };
    if args.dry_run {
        let planned = run::undo_plan(rule, &*connection.ledger, &which)?;
        print(args, effects, &planned)?;
        return Ok(if planned.is_inexact() { Outcome::Failed } else { Outcome::Done });
    }
    let teller = Teller::new(&project, [&rule.name], &args.project, effects)?;
    let renderer =
        Renderer::new(rule, &project.templates, &[])?.with_removals(warehouse.removal_log());
    let id = RunId::new(args.project.clock(effects).now());
    let progress = Bar::new(effects, id.clone(), true);
    let context = Context {
        renderer: &renderer,
        warehouse: &*connection.warehouse,
        ledger: &*effects.watched(&connection),
        clock: args.project.clock(effects),
        who: &effects.who,
        progress: &progress,
        interrupt: &effects.interrupt,
        limits: Limits::default(),
        run: Some(id.clone()),
    };
    let undone = run::undo(&context, &which).inspect_err(|error| {
        let ended = Ended::failed("undo", &rule.name, None, Some(&id), error);
        teller.tell_in_vain(error, [ended]);
    })?;
    let printed = print(args, effects, &undone);
    explain(&undone, effects);
    teller.tell(vec![Ended::of_undo(&undone)], &*connection.ledger);
    printed?;
    Ok(match () {
        () if effects.interrupt.requested() => Outcome::Interrupted,
        () if !undone.problems.is_empty() || undone.is_inexact() => Outcome::Failed,
        () if undone.waits() => Outcome::Buffered,
        () => Outcome::Done,
    })
}

fn print(args: &Args, effects: &Effects, undone: &Undone) -> Result<()> {
    effects.print(&match args.format {
        Format::Json => report::json(&report::undone_json(undone)),
        _ => report::undone(effects.style(args.format), undone),
    })
}

/// The rule that the run was of, as the ledger has it.
fn rule_of<'p>(project: &'p Project, run: &str, entries: &[Entry]) -> Result<&'p Rule> {
    let mut rules: Vec<&str> = entries.iter().map(|entry| entry.rule.as_str()).collect();
    rules.sort_unstable();
    rules.dedup();
    match rules.as_slice() {
        [rule] => project.file.rule(rule),
        [] => {
            Err(Error::new(Kind::Usage, format!("the ledger has no run `{}`", run.escape_debug()))
                .help("`onerow log` lists the runs; the start of an id is enough"))
        }
        _ => Err(Error::new(
            Kind::Usage,
            format!("runs of several rules start with `{}`", run.escape_debug()),
        )
        .help("write more of the id")),
    }
}

fn explain(undone: &Undone, effects: &Effects) {
    for problem in &undone.problems {
        effects.report_of(undone.run.as_deref(), problem);
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

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
use crate::run::{self, Context, Ended, Limits, RunId, Undone};
use crate::template::Renderer;
use crate::warehouse::sqlite::Access;

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
    let project = args.project.open()?;
    let warehouse = project.file.warehouse(args.project.warehouse.as_deref())?;
    effects.heed_interrupts();
    let connection = args.project.connect(&project, effects, Access::ReadWrite)?;
    let entries = connection.ledger.entries(&Filter::run(&args.run))?;
    let rule = rule_of(&project, &args.run, &entries)?;
    let teller = Teller::new(&project, [&rule.name], &args.project, effects)?;
    let renderer =
        Renderer::new(rule, &project.templates, &[])?.with_audit(warehouse.audit_table());
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
    let undone = run::undo(&context, &args.run).inspect_err(|error| {
        let ended = Ended::failed("undo", &rule.name, None, Some(&id), error);
        teller.tell_in_vain(error, [ended]);
    })?;
    let printed = effects.print(&match args.format {
        Format::Json => report::json(&report::undone_json(&undone)),
        _ => report::undone(effects.style(args.format), &undone),
    });
    explain(&undone, effects);
    teller.tell(vec![Ended::of_undo(&undone)], &*connection.ledger);
    printed?;
    Ok(match () {
        () if effects.interrupt.requested() => Outcome::Interrupted,
        () if !undone.problems.is_empty() => Outcome::Failed,
        () if undone.waits() => Outcome::Buffered,
        () => Outcome::Done,
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

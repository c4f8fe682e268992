//! Leave to take rows out of a table for good: `--yes`, or a yes at the terminal.

use dialoguer::Confirm;
use dialoguer::console::Term;

use super::Effects;
use crate::error::{Error, Kind, Result};
use crate::plan::Plan;
use crate::rule::Rule;

/// Asks for leave where a plan takes rows out of its table. Errors: nobody said yes.
pub(super) fn ask<'a>(
    plans: impl Iterator<Item = (&'a Rule, &'a Plan)>,
    effects: &Effects,
) -> Result<()> {
    let takes_out = |(rule, plan): &(&Rule, &Plan)| {
        rule.strategy.is_destructive() && plan.steps.iter().any(|step| step.name.is_cure())
    };
    let deletes: Vec<String> = plans
        .filter(takes_out)
        .map(|(rule, plan)| format!("{} ({})", rule.table.dotted(), plan.window))
        .collect();
    to_delete(&deletes, effects)
}

/// Asks for leave to delete superseded rows of these tables. Errors: nobody said yes.
pub(super) fn to_delete(tables: &[String], effects: &Effects) -> Result<()> {
    if tables.is_empty() {
        return Ok(());
    }
    let tables = tables.join(", ");
    if !effects.has_person() {
        return Err(Error::new(Kind::Usage, format!("this deletes superseded rows of {tables}"))
            .help("say that you mean it with `--yes`; `onerow explain` shows the rows"));
    }
    let question = format!("Delete superseded rows of {tables}?");
    let answer = Confirm::new().with_prompt(question).default(false).interact_on(&Term::stderr());
    match answer {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(Kind::Usage, "not confirmed: nothing was changed")),
        Err(dialoguer::Error::IO(cause)) => Err(Error::io("cannot ask for leave", cause)),
    }
}

//! Leave to take rows out of a table for good: `--yes`, or a yes at the terminal.

use dialoguer::Confirm;
use dialoguer::console::Term;

use super::Effects;
use crate::engine::Plan;
use crate::error::{Error, Kind, Result};

/// Asks for leave where a plan takes rows out of its table. Errors: nobody said yes.
pub(super) fn ask(plans: &[Plan<'_>], effects: &Effects) -> Result<()> {
    let deletes = plans.iter().filter(|plan| plan.is_destructive());
    let deletes: Vec<String> =
        deletes.map(|plan| format!("{} ({})", plan.rule().table.dotted(), plan.window())).collect();
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

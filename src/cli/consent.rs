//! Confirmation: `--yes`, or a prompt at the terminal.

use dialoguer::Confirm;
use dialoguer::console::Term;

use super::Effects;
use crate::engine::Plan;
use crate::error::{Error, Kind, Result};

/// What a plan deletes from its table, in words; `None` if it deletes nothing.
pub(super) fn deletes(plan: &Plan<'_>) -> Option<String> {
    plan.is_destructive().then(|| {
        let (rows, table) = (plan.removes_for_good().join(" and "), plan.rule().table.dotted());
        format!("{rows} of {table} ({})", plan.window())
    })
}

/// Asks for confirmation if there is anything to delete. Errors: not confirmed.
pub(super) fn ask(deletes: &[String], effects: &Effects) -> Result<()> {
    let deletes = deletes.join(", ");
    if deletes.is_empty() {
        return Ok(());
    }
    if !effects.has_person() {
        return Err(Error::new(Kind::NotConfirmed, format!("this deletes {deletes}"))
            .help("pass `--yes` to confirm; `onerow explain` with the same dates shows the rows"));
    }
    confirm(&format!("Delete {deletes}?"), "nothing was changed")
}

/// Prompts the person at the terminal. Errors: not confirmed; `otherwise` says what did not happen.
pub(super) fn confirm(question: &str, otherwise: &str) -> Result<()> {
    let answer = Confirm::new().with_prompt(question).default(false).interact_on(&Term::stderr());
    match answer {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::new(Kind::NotConfirmed, format!("not confirmed: {otherwise}"))),
        Err(dialoguer::Error::IO(cause)) => Err(Error::io("cannot prompt for confirmation", cause)),
    }
}

//! Undos that the service runs.

use super::access::Caller;
use super::cleanup::{self, DELETES};
use super::problem::{Code, Problem};
use super::{Shared, blocking};
use crate::error::Result;
use crate::rule::Rule;
use crate::run::{RunId, RunOutcome, Undone};
use crate::window::Window;

/// Starts the undo of a run, which continues if the caller disconnects. Errors: a run of the rule with one of the
/// dates is in progress; the rule deletes rows, which is not allowed; the service is busy or shutting down.
pub(super) fn begin(
    service: &Shared,
    rule: &Rule,
    undone: &RunId,
    window: &Window,
    caller: Caller,
) -> Result<RunId, Problem> {
    if service.forbids(rule) {
        return Err(Problem::new(Code::Forbidden).detail(DELETES));
    }
    let (run, ticket) = cleanup::register(service, rule, window, &caller, Some(undone))?;
    let id = run.id.clone();
    let (service, rule, undone) = (service.clone(), rule.clone(), undone.clone());
    tokio::spawn(async move {
        let _ticket = ticket;
        let _turn = service.running.turn(&rule).await;
        let (working, name, of) = (service.clone(), rule.name.clone(), run.id.clone());
        let ran = blocking(move || working.undo(&name, &undone, &of, &caller.who)).await;
        service.glances.ran(&rule);
        let ended = match &ran {
            // The caller was told this id, also where nothing was sent.
            Ok(undone) => {
                RunOutcome { run: Some(run.id.to_string()), ..RunOutcome::of_undo(undone) }
            }
            Err(error) => {
                RunOutcome::failed("undo", &rule.name, Some(&run.window), Some(&run.id), error)
            }
        };
        let problems = match &ran {
            Ok(undone) => undone.problems.as_slice(),
            Err(error) => std::slice::from_ref(error),
        };
        let problem = problem(&ran);
        cleanup::end(&service, run, ended, problems, problem).await;
    });
    Ok(id)
}

/// The reason why an undo failed, if it did.
fn problem(ran: &Result<Undone>) -> Option<Problem> {
    match ran {
        Err(error) => Some(Problem::of_run(error)),
        Ok(undone) => undone.problems.first().map(Problem::of_run),
    }
}

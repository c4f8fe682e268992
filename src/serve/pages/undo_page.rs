//! Undoing a run: what would come back, and the button.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::super::page::shown;
use super::super::problem::{Code, Problem};
use super::super::runs::{KnownRun, known_run};
use super::super::session::{Session, see_other};
use super::super::{RunOfAnswer, Shared, blocking, cleanup, confirmed, read_failed, undoing};
use super::{form, rule};
use crate::error::Error;
use crate::report::html;
use crate::rule::Rule;
use crate::run::{PastRun, Undone, Which};
use crate::window::Window;

/// What an undo would do. Changes nothing.
pub(super) async fn undo_page(
    State(service): State<Shared>,
    session: Session,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let (run, rule) = run_to_undo(&service, id).await?;
    let plan = planned(&service, rule, &run).await?;
    page(&service, &session, rule, &run, &plan, false)
}

fn page(
    service: &Shared,
    session: &Session,
    rule: &Rule,
    run: &PastRun,
    plan: &Undone,
    has_changed: bool,
) -> Result<Response, Problem> {
    let fingerprint = confirmed::undo(plan);
    let page = html::UndoPage {
        rule,
        run: &run.id,
        plan,
        fingerprint: fingerprint.as_str(),
        has_changed,
        refusal: service.forbids(rule).then_some(cleanup::DELETES),
        now: service.engine.now(),
        viewer: session.viewer(),
    };
    shown(service, html::undo_page(&page))
}

/// The run of an address, with its rule. Errors: there is no such run, or the rule file has no such rule any more.
async fn run_to_undo(
    service: &Shared,
    id: Result<Path<String>, PathRejection>,
) -> Result<(PastRun, &Rule), Problem> {
    match known_run(service, id).await? {
        KnownRun::Past { run, active: false, .. } => {
            let rule = rule(service, Some(run.rule.as_str()))?;
            Ok((*run, rule))
        }
        _ => Err(Problem::new(Code::InvalidRequest)
            .detail("the run is under way, or sent nothing: it cannot be undone")),
    }
}

/// The plan of an undo, as of now.
async fn planned(service: &Shared, rule: &Rule, run: &PastRun) -> Result<Undone, Problem> {
    let (looking, name, which) =
        (service.clone(), rule.name.clone(), Which::Id(run.id.to_string()));
    let look = move || looking.engine.undo_plan(looking.engine.rule(&name)?, &which);
    blocking(look).await.map_err(|error| match error.kind() {
        crate::error::Kind::UnknownRun => {
            Problem::new(Code::InvalidRequest).detail(error.headline().to_owned())
        }
        _ => read_failed(service, &error),
    })
}

/// The form of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    csrf: String,
    run: String,
    plan: String,
    confirm: Option<String>,
}

/// Begins an undo, and redirects to its page; shows the plan instead, if it is not the confirmed one.
pub(super) async fn undo(
    State(service): State<Shared>,
    session: Session,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let form: Undo = form(&headers, request).await?;
    session.made(&service, &form.csrf)?;
    session.caller.may_apply()?;
    if form.confirm.as_deref() != Some("yes") {
        return Err(Problem::new(Code::InvalidRequest)
            .detail("tick the box to confirm how many rows will be brought back"));
    }
    let (run, rule) = run_to_undo(&service, Ok(Path(form.run))).await?;
    if service.forbids(rule) {
        return Err(Problem::new(Code::Forbidden).detail(cleanup::DELETES));
    }
    let plan = planned(&service, rule, &run).await?;
    if *confirmed::undo(&plan).as_str() != *form.plan {
        let page = page(&service, &session, rule, &run, &plan, true)?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    if !plan.is_planned() {
        let already = || "the run is undone already".to_owned();
        let reason = plan.problems.first().map_or_else(already, Error::headline);
        return Err(Problem::new(Code::InvalidRequest).detail(reason));
    }
    let days = plan.days.iter().map(|day| day.day).collect();
    let window = Window::of_days(days).map_err(|error| Problem::of(&error))?;
    let id = undoing::begin(&service, rule, &run.id, &window, session.caller)?;
    let mut response = see_other(&format!("/runs/{id}"));
    response.extensions_mut().insert(RunOfAnswer(id.to_string()));
    Ok(response)
}

//! The HTML pages: the status of rules, a dry run, a run; and applying, for callers with permission.

mod date_page;
mod history_page;
mod overview;
mod rule_page;
mod undo_page;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::body::{self, FORM};
use super::keys::KeyHash;
use super::page::{notice, sentence, shown};
use super::problem::{Code, Problem, SEND_A_KEY};
use super::running::Active;
use super::runs::{self, KnownRun};
use super::session::{self, Session, see_other};
use super::work::Planned;
use super::{
    RunOfAnswer, Shared, admission, api, blocking, cleanup, confirmed, limits, read_failed,
};
use crate::partitions::Books;
use crate::report::html;
use crate::rule::Rule;
use crate::run::Report;
use crate::window::{Window, WindowArg};

/// The addresses of the pages.
pub(super) const ALL: [&str; 11] = [
    "/",
    "/rules/{name}",
    "/rules/{name}/dates/{date}",
    "/history",
    "/plan",
    "/apply",
    "/runs/{id}",
    "/runs/{id}/undo",
    "/undo",
    "/sign-in",
    "/sign-out",
];

pub(super) fn router() -> Router<Shared> {
    let [
        home,
        of_rule,
        of_date,
        history,
        planned,
        applied,
        past,
        undo,
        undone,
        signed_in,
        signed_out,
    ] = ALL;
    Router::new()
        .route(home, get(overview::overview))
        .route(of_rule, get(rule_page::rule_page))
        .route(of_date, get(date_page::date_page))
        .route(history, get(history_page::history_page))
        .route(planned, get(plan))
        .route(applied, post(apply))
        .route(past, get(run))
        .route(undo, get(undo_page::undo_page))
        .route(undone, post(undo_page::undo))
        .route(signed_in, get(ask_for_key).post(sign_in))
        .route(signed_out, post(sign_out))
}

/// The query of a page. An empty form field counts as omitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    rule: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl Asked {
    fn of(query: Result<Query<Self>, QueryRejection>) -> Result<Self, Problem> {
        query.map(|Query(asked)| asked).map_err(|error| api::unreadable(&error))
    }

    fn rule(&self) -> Option<&str> {
        Some(self.rule.as_str()).filter(|name| !name.is_empty())
    }

    fn dates(&self) -> Result<WindowArg, Problem> {
        let [from, to] =
            [&self.from, &self.to].map(|day| Some(day.as_str()).filter(|day| !day.is_empty()));
        Ok(api::dates(None, (from, to), None)?.unwrap_or(WindowArg::Last(limits::LAST)))
    }
}

/// The dry run.
async fn plan(
    State(service): State<Shared>,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::of(query)?;
    let rule = rule(&service, asked.rule())?;
    let window = api::window(&service, &rule.name, &asked.dates()?)?;
    let report = api::status_of(&service, &rule.name, &window).await?;
    let planned = planned(&service, rule, &window, &report).await?;
    plan_page(&service, &session, rule, &window, (&report, &planned), None)
}

/// What a run would send, given these counts.
async fn planned(
    service: &Shared,
    rule: &Rule,
    window: &Window,
    report: &Arc<Report>,
) -> Result<Planned, Problem> {
    let (looking, name) = (service.clone(), rule.name.clone());
    let (dates, found) = (window.clone(), report.clone());
    let planned = blocking(move || looking.plan(&name, &dates, &found)).await;
    planned.map_err(|error| read_failed(service, &error))
}

/// The page of a dry run; `confirmed` are the rows of another one, which was confirmed.
fn plan_page(
    service: &Shared,
    session: &Session,
    rule: &Rule,
    window: &Window,
    (report, planned): (&Report, &Planned),
    confirmed: Option<u64>,
) -> Result<Response, Problem> {
    let fingerprint = confirmed::apply(report, planned);
    let page = html::PlanPage {
        rule,
        window,
        report,
        plan_summary: &planned.summary,
        fingerprint: fingerprint.as_str(),
        confirmed,
        refusal: service.forbids(rule).then_some(cleanup::DELETES),
        now: service.engine.now(),
        viewer: session.viewer(),
    };
    shown(service, html::plan(&page))
}

/// The form of the dry run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    csrf: String,
    rule: String,
    from: String,
    to: String,
    /// The fingerprint of the dry run that is confirmed.
    plan: String,
    /// The rows that it would remove.
    rows: u64,
    confirm: Option<String>,
}

/// Starts a run, and redirects to its page; shows the dry run instead, if it is not the confirmed one any more.
async fn apply(
    State(service): State<Shared>,
    session: Session,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let form: Apply = form(&headers, request).await?;
    session.made(&service, &form.csrf)?;
    session.caller.may_apply()?;
    if form.confirm.as_deref() != Some("yes") {
        return Err(Problem::new(Code::InvalidRequest)
            .detail("tick the box to confirm how many rows will be removed"));
    }
    let rule = rule(&service, Some(&form.rule))?;
    let asked = Asked { rule: String::new(), from: form.from, to: form.to };
    let window = api::window(&service, &rule.name, &asked.dates()?)?;
    if service.forbids(rule) {
        return Err(Problem::new(Code::Forbidden).detail(cleanup::DELETES));
    }
    if let Some(other) = service.running.conflict(&rule.name, &window) {
        return Err(Problem::new(Code::RunUnderWay).run(&other));
    }
    let (looking, name, dates) = (service.clone(), rule.name.clone(), window.clone());
    let report = blocking(move || looking.status(&name, &dates)).await;
    let report = Arc::new(report.map_err(|error| read_failed(&service, &error))?);
    let planned = planned(&service, rule, &window, &report).await?;
    if confirmed::apply(&report, &planned).as_str() != form.plan {
        let shown = (&*report, &planned);
        let page = plan_page(&service, &session, rule, &window, shown, Some(form.rows))?;
        return Ok((StatusCode::CONFLICT, page).into_response());
    }
    let begun = cleanup::begin(&service, rule, &window, &Books::default(), session.caller)?;
    let mut response = see_other(&format!("/runs/{}", begun.id));
    response.extensions_mut().insert(RunOfAnswer(begun.id.to_string()));
    Ok(response)
}

/// A run, in progress or finished.
async fn run(
    State(service): State<Shared>,
    session: Session,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let viewer = session.viewer();
    match runs::known_run(&service, id).await? {
        KnownRun::Past { run, entries, failure, active } => {
            // A rule that was removed from the file has no time zone.
            let utc = TimeZone::UTC;
            let failure = failure.map(|failure| sentence(&failure.problem));
            let page = html::RunPage {
                run: &run,
                entries: &entries,
                zone: rule(&service, Some(run.rule.as_str())).map_or(&utc, |rule| &rule.time_zone),
                now: service.engine.now(),
                tariff: service.tariff,
                viewer,
                failure: failure.as_deref(),
                refreshing: active,
                has_rule: rule(&service, Some(run.rule.as_str())).is_ok(),
            };
            shown(&service, html::run(&page))
        }
        KnownRun::Waiting(run) => {
            let detail = format!("{} has not sent a statement yet.", named(&run));
            notice(&service, &viewer, "The run has begun", &detail, true)
        }
        KnownRun::Failed(failure) => {
            let what = sentence(&failure.problem);
            let detail = format!("{} sent no statement. {what}", named(&failure.run));
            notice(&service, &viewer, "The run failed", &detail, false)
        }
    }
}

fn named(run: &Active) -> String {
    format!("Run {} of {}, {},", run.id, run.rule, run.window)
}

/// The address to open after signing in.
#[derive(Debug, Deserialize)]
struct NextPage {
    #[serde(default)]
    next: String,
}

async fn ask_for_key(
    State(service): State<Shared>,
    query: Result<Query<NextPage>, QueryRejection>,
) -> Result<Response, Problem> {
    let next =
        session::after_sign_in(&query.map_or_else(|_| String::new(), |Query(asked)| asked.next));
    match service.access.is_open() {
        true => Ok(see_other(&next)),
        false => shown(&service, html::sign_in(&html::SignIn { problem: None, next: &next })),
    }
}

/// The sign-in form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    key: String,
    #[serde(default)]
    next: String,
}

async fn sign_in(
    State(service): State<Shared>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let origin = admission::origin(&request);
    let form: SignIn = form(&headers, request).await?;
    let next = session::after_sign_in(&form.next);
    let key = KeyHash::of(form.key.trim());
    // A correct key is accepted after any number of wrong attempts, so that others cannot lock its owner out;
    // its length protects it from guessing.
    if service.access.by_hash(&key).is_ok() {
        let mut response = see_other(&next);
        session::keep(&service, &mut response, &headers, &key)?;
        return Ok(response);
    }
    service.tries.count(origin)?;
    let problem = Some("The service does not know this key.");
    let page = shown(&service, html::sign_in(&html::SignIn { problem, next: &next }))?;
    Ok((StatusCode::UNAUTHORIZED, [SEND_A_KEY], page).into_response())
}

/// The form of the sign-out button.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignOut {
    csrf: String,
}

async fn sign_out(
    State(service): State<Shared>,
    session: Session,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let form: SignOut = form(&headers, request).await?;
    session.made(&service, &form.csrf)?;
    session.end(&service);
    let mut response = see_other("/sign-in");
    session::forget(&mut response, &headers);
    Ok(response)
}

/// The content of a form sent by a page of this service.
async fn form<T: DeserializeOwned>(headers: &HeaderMap, request: Request) -> Result<T, Problem> {
    session::from_here(headers)?;
    let bytes = body::read(headers, FORM, request.into_body()).await?;
    serde_urlencoded::from_bytes(&bytes)
        .map_err(|error| Problem::new(Code::InvalidRequest).detail(error.to_string()))
}

fn rule<'s>(service: &'s Shared, name: Option<&str>) -> Result<&'s Rule, Problem> {
    service.rule(name).map_err(|error| Problem::of(&error))
}

/// The rule of an address.
fn named_rule(
    service: &Shared,
    name: Result<Path<String>, PathRejection>,
) -> Result<&Rule, Problem> {
    let known = name.ok().and_then(|Path(name)| service.engine.project().file.rule(&name).ok());
    known.ok_or_else(|| Problem::new(Code::NotFound).detail("there is no rule of this name"))
}

/// The number of a page in an address; the first if it is omitted.
fn page_number(text: &str) -> Result<usize, Problem> {
    match text {
        "" => Ok(1),
        text => {
            text.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
                Problem::new(Code::InvalidRequest).detail("`page` is a number from 1")
            })
        }
    }
}

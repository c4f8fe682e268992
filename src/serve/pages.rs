//! The HTML pages: the status of rules, a dry run, a run; and applying, for callers with permission.

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
use super::{RunOfAnswer, Shared, admission, api, blocking, cleanup, limits, looked_in_vain};
use crate::partitions::Books;
use crate::report::html;
use crate::rule::{Rule, RuleName};
use crate::window::{Window, WindowArg};

/// The addresses of the pages.
pub(super) const ALL: [&str; 6] = ["/", "/plan", "/apply", "/runs/{id}", "/sign-in", "/sign-out"];

pub(super) fn router() -> Router<Shared> {
    let [home, planned, applied, past, signed_in, signed_out] = ALL;
    Router::new()
        .route(home, get(overview))
        .route(planned, get(plan))
        .route(applied, post(apply))
        .route(past, get(run))
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

async fn overview(
    State(service): State<Shared>,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let asked = Asked::of(query)?;
    let chosen = asked.rule().map(|name| rule(&service, Some(name))).transpose()?;
    let rules: Vec<&Rule> = match chosen {
        Some(rule) => vec![rule],
        None => service.engine.project().file.rules.iter().collect(),
    };
    let dates = asked.dates()?;
    let windows = rules.iter().map(|rule| api::window(&service, &rule.name, &dates));
    let windows = windows.collect::<Result<Vec<Window>, Problem>>()?;
    let names: Vec<&RuleName> = rules.iter().map(|rule| &rule.name).collect();
    let standings = api::standings(&service, &names, &windows).await;
    let runs =
        runs::past_runs(&service, chosen.map(|rule| rule.name.clone()), limits::RECENT).await?;
    let standing = rules.iter().zip(&windows).zip(&standings);
    let page = html::Overview {
        rules: standing
            .map(|((rule, window), status)| html::RuleOverview {
                rule,
                window,
                status: status.as_deref().map_err(sentence),
                runs: runs.iter().filter(|run| run.rule == rule.name).collect(),
            })
            .collect(),
        names: service.engine.project().file.rules.iter().map(|rule| &rule.name).collect(),
        chosen: chosen.map(|rule| &rule.name),
        window: windows.first().ok_or_else(|| Problem::new(Code::RuleNotReady))?,
        most_runs: limits::RUNS_LISTED,
        now: service.engine.now(),
        tariff: service.tariff,
        viewer: session.viewer(),
        links: true,
    };
    shown(&service, html::overview(&page))
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
    let report = api::standing(&service, &rule.name, &window).await?;
    let (looking, name) = (service.clone(), rule.name.clone());
    let (dates, standing) = (window.clone(), report.clone());
    let plan_summary = blocking(move || looking.plan(&name, &dates, &standing)).await;
    let plan_summary = plan_summary.map_err(|error| looked_in_vain(&service, &error))?;
    let refusal = service.forbids(rule).then_some(cleanup::DELETES);
    let now = service.engine.now();
    let viewer = session.viewer();
    let page = html::PlanPage {
        rule,
        window: &window,
        report: &report,
        plan_summary: &plan_summary,
        refusal,
        now,
        viewer,
    };
    shown(&service, html::plan(&page))
}

/// The form of the dry run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Apply {
    csrf: String,
    rule: String,
    from: String,
    to: String,
    confirm: Option<String>,
}

/// Starts a run, and redirects to its page.
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
struct GoOn {
    #[serde(default)]
    next: String,
}

async fn ask_for_key(
    State(service): State<Shared>,
    query: Result<Query<GoOn>, QueryRejection>,
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

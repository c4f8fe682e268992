//! Looking: how the rules stand, what runs did, and whether the service is well.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{RunAnswer, RunSummary, RunsAnswer, SentStatement, StatusAnswer};
use super::problem::{Code, Problem};
use super::running::Active;
use super::{Shared, blocking, limits, looked_in_vain};
use crate::error::{Error, Result};
use crate::ledger::Entry;
use crate::report::RuleFigures;
use crate::rule::RuleName;
use crate::run::{PastRun, Report, history};
use crate::window::{DayArg, Window, WindowArg};

/// How a date is written in a request.
pub(super) const DAY: &str = r"^(\d{4}-\d{2}-\d{2}|TODAY|YESTERDAY)$";

/// The dates of a request. Errors: several kinds of them, half a range, no date, too many.
pub(super) fn dates(
    date: Option<&str>,
    range: (Option<&str>, Option<&str>),
    last: Option<u32>,
) -> Result<Option<WindowArg>, Problem> {
    let wrong = |what: &str| Err(Problem::new(Code::InvalidRequest).detail(what));
    let day = |text: &str| text.parse::<DayArg>().map_err(|error| Problem::of(&error));
    Ok(Some(match (date, range, last) {
        (None, (None, None), None) => return Ok(None),
        (Some(date), (None, None), None) => WindowArg::Dates(vec![day(date)?]),
        (None, (Some(from), Some(to)), None) => WindowArg::Range(day(from)?, day(to)?),
        (None, (None, None), Some(0)) => return wrong("`last` is at least 1"),
        (None, (None, None), Some(last)) => WindowArg::Last(last),
        (None, (_, _), None) => return wrong("`from` and `to` belong together"),
        _ => return wrong("give one date, or `from` and `to`, or `last`"),
    }))
}

/// The window of a rule, not longer than a request may ask for.
pub(super) fn window(
    service: &Shared,
    rule: &RuleName,
    dates: &WindowArg,
) -> Result<Window, Problem> {
    let engine = &service.engine;
    let rule = engine.rule(Some(rule.as_str())).map_err(|error| Problem::of(&error))?;
    let window = engine.window(rule, dates).map_err(|error| Problem::of(&error))?;
    match window.days().len() > limits::DATES {
        true => Err(Problem::new(Code::InvalidRequest)
            .detail(format!("a request may have at most {} dates", limits::DATES))),
        false => Ok(window),
    }
}

/// How the dates of a rule stand, looked at once for all who ask at the same time.
pub(super) async fn standing(
    service: &Shared,
    rule: &RuleName,
    window: &Window,
) -> Result<Arc<Report>, Problem> {
    let key = (service.changes.load(Ordering::SeqCst), rule.clone(), window.clone());
    let (looking, rule, window) = (service.clone(), rule.clone(), window.clone());
    let look =
        async move { blocking(move || looking.engine.status(&rule, &window)).await.map(Arc::new) };
    let found = service.statuses.try_get_with(key, look).await;
    found.map_err(|error: Arc<Error>| looked_in_vain(service, &error))
}

/// How the dates of several rules stand, looked at side by side.
pub(super) async fn standings(
    service: &Shared,
    rules: &[&RuleName],
    windows: &[Window],
) -> Vec<Result<Arc<Report>, Problem>> {
    let look = |(rule, window): (&&RuleName, &Window)| {
        let (service, rule, window) = (service.clone(), (*rule).clone(), window.clone());
        tokio::spawn(async move { standing(&service, &rule, &window).await })
    };
    let looks: Vec<_> = rules.iter().zip(windows).map(look).collect();
    let mut found = Vec::with_capacity(looks.len());
    for look in looks {
        found.push(look.await.unwrap_or_else(|_| Err(Problem::new(Code::Internal))));
    }
    found
}

/// The runs of the last so many days, read once for all who ask at the same time.
pub(super) async fn past_runs(
    service: &Shared,
    rule: Option<RuleName>,
    days: u32,
) -> Result<Arc<Vec<PastRun>>, Problem> {
    let (looking, of) = (service.clone(), rule.clone());
    let look = async move {
        blocking(move || looking.engine.history(of.as_ref(), days)).await.map(Arc::new)
    };
    let key = (service.changes.load(Ordering::SeqCst), rule, days);
    let found = service.histories.try_get_with(key, look).await;
    found.map_err(|error: Arc<Error>| looked_in_vain(service, &error))
}

/// The question of `GET /api/status`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StatusQuery {
    /// The rule. Default: all of them.
    rule: Option<String>,
    /// One date: `YYYY-MM-DD`, `TODAY` or `YESTERDAY`.
    #[schemars(regex(pattern = DAY))]
    date: Option<String>,
    /// The first date of a range.
    #[schemars(regex(pattern = DAY))]
    from: Option<String>,
    /// The last date of a range, included.
    #[schemars(regex(pattern = DAY))]
    to: Option<String>,
    /// The dates up to and including yesterday. Default: 14.
    #[schemars(range(min = 1, max = limits::DATES))]
    last: Option<u32>,
}

pub(super) async fn status(
    State(service): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Result<Json<StatusAnswer>, Problem> {
    service.access.caller(&headers).await?;
    let Query(query) = query.map_err(|error| unreadable(&error))?;
    let range = (query.from.as_deref(), query.to.as_deref());
    let given = dates(query.date.as_deref(), range, query.last)?.unwrap_or(WindowArg::Last(14));
    let rules = asked_for(&service, query.rule.as_deref())?;
    let windows = rules.iter().map(|rule| window(&service, rule, &given));
    let windows = windows.collect::<Result<Vec<Window>, Problem>>()?;
    let standings = standings(&service, &rules, &windows).await.into_iter();
    let figures = standings.map(|report| report.map(|report| RuleFigures::of(&report)));
    Ok(Json(StatusAnswer { rules: figures.collect::<Result<_, Problem>>()? }))
}

fn asked_for<'s>(service: &'s Shared, name: Option<&str>) -> Result<Vec<&'s RuleName>, Problem> {
    match name {
        Some(name) => {
            let rule = service.engine.rule(Some(name)).map_err(|error| Problem::of(&error))?;
            Ok(vec![&rule.name])
        }
        None => Ok(service.engine.project.file.rules.iter().map(|rule| &rule.name).collect()),
    }
}

/// The question of `GET /api/runs`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RunsQuery {
    /// Only this rule.
    rule: Option<String>,
    /// How far back they may lie. Default: 30.
    #[schemars(range(min = 1, max = limits::RUN_DAYS))]
    days: Option<u32>,
    /// At most so many. Default: 50.
    #[schemars(range(min = 1, max = limits::RUN_COUNT))]
    limit: Option<usize>,
}

pub(super) async fn runs(
    State(service): State<Shared>,
    headers: HeaderMap,
    query: Result<Query<RunsQuery>, QueryRejection>,
) -> Result<Json<RunsAnswer>, Problem> {
    service.access.caller(&headers).await?;
    let Query(query) = query.map_err(|error| unreadable(&error))?;
    let (days, limit) = (query.days.unwrap_or(30), query.limit.unwrap_or(50));
    if !(1..=limits::RUN_DAYS).contains(&days) || !(1..=limits::RUN_COUNT).contains(&limit) {
        return Err(Problem::new(Code::InvalidRequest).detail(format!(
            "`days` is between 1 and {}, `limit` between 1 and {}",
            limits::RUN_DAYS,
            limits::RUN_COUNT
        )));
    }
    let rule = match &query.rule {
        Some(name) => asked_for(&service, Some(name))?.pop().cloned(),
        None => None,
    };
    let found = past_runs(&service, rule, days).await?;
    Ok(Json(RunsAnswer { runs: found.iter().take(limit).map(RunSummary::of).collect() }))
}

pub(super) async fn run(
    State(service): State<Shared>,
    headers: HeaderMap,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RunAnswer>, Problem> {
    service.access.caller(&headers).await?;
    let found = known_run(&service, &run_id(id)?).await?;
    let run = match (&found.past, &found.active) {
        (Some(run), _) => RunSummary::of(run),
        (None, Some(waiting)) => RunSummary::of_active(waiting),
        (None, None) => return Err(no_such_run()),
    };
    Ok(Json(RunAnswer { run, sent: SentStatement::all(&found.entries) }))
}

/// A run, as far as anything is known of it.
#[derive(Default)]
pub(super) struct KnownRun {
    /// What the ledger has of it.
    pub past: Option<PastRun>,
    /// Its entries in the ledger.
    pub entries: Vec<Entry>,
    /// Whether it is under way.
    pub active: Option<Active>,
}

pub(super) fn no_such_run() -> Problem {
    Problem::new(Code::NotFound).detail("the ledger has no such run")
}

/// The id in an address. Errors: it is no run's id.
pub(super) fn run_id(id: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let is_id =
        |id: &String| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    id.ok().map(|Path(id)| id).filter(is_id).ok_or_else(no_such_run)
}

/// What is known of a run. Errors: the ledger does not answer.
pub(super) async fn known_run(service: &Shared, id: &str) -> Result<KnownRun, Problem> {
    // Looked for first: a run that ends in between is in the ledger then.
    let active = service.running.find(id);
    let (looking, id) = (service.clone(), id.to_owned());
    let entries = blocking(move || looking.engine.entries(&id)).await;
    let entries = entries.map_err(|error| looked_in_vain(service, &error))?;
    let runs = history(&entries).map_err(|error| looked_in_vain(service, &error))?;
    Ok(KnownRun { past: runs.into_iter().next(), entries, active })
}

/// The process is there.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The process is there, is not about to stop, and its warehouse answers.
pub(super) async fn readyz(State(service): State<Shared>) -> Result<&'static str, Problem> {
    if service.draining.load(Ordering::SeqCst) {
        return Err(Problem::new(Code::Unavailable).detail("about to stop"));
    }
    let looking = service.clone();
    let look = async move { blocking(move || looking.engine.is_ready()).await };
    match service.ready.try_get_with((), look).await {
        Ok(()) => Ok("ready\n"),
        Err(error) => {
            service.engine.log.line(crate::log::Line::of_error(&error));
            Err(Problem::new(Code::WarehouseUnavailable))
        }
    }
}

/// The figures for Prometheus.
pub(super) async fn metrics(
    State(service): State<Shared>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    service.access.caller(&headers).await?;
    let mut response = service.metrics.text().into_response();
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    Ok(response)
}

/// The question in an address is not what it should be.
pub(super) fn unreadable(error: &QueryRejection) -> Problem {
    use std::error::Error as _;
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(Code::InvalidRequest).detail(text)
}

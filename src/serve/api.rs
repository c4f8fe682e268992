//! Read-only requests: the status of rules, and the health of the service.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::access::Caller;
use super::answer::StatusAnswer;
use super::problem::{Code, Problem};
use super::{Shared, blocking, ledger_view, limits, read_failed};
use crate::engine::Task;
use crate::error::{Error, Result};
use crate::log::Line;
use crate::report::RuleFigures;
use crate::rule::RuleName;
use crate::run::{Changed, Report};
use crate::window::{DayArg, Window, WindowArg};

/// The pattern of a date in a request, with valid months and days.
pub(super) const DAY: &str = "^(TODAY|YESTERDAY|\
    (000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})-\
    ((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|\
    ([0-9]{2}(0[48]|[2468][048]|[13579][26])|(0[48]|[2468][048]|[13579][26])00)-02-29)$";

/// A whole number, also with a zero fraction, which JSON Schema treats as an integer.
/// Source: <https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3>
pub(super) fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(from)? else { return Ok(None) };
    let is_whole =
        |number: &f64| number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(number);
    let whole =
        number.as_u64().or_else(|| number.as_f64().filter(is_whole).map(|number| number as u64));
    let whole = whole.and_then(|whole| u32::try_from(whole).ok());
    whole.map(Some).ok_or_else(|| D::Error::custom(format!("{number} is not a number of dates")))
}

/// The dates of a request. Errors: several kinds of dates, half a range, an invalid date, too many dates.
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

/// The window of a rule, within the limit of a request.
pub(super) fn window(
    service: &Shared,
    rule: &RuleName,
    dates: &WindowArg,
) -> Result<Window, Problem> {
    let rule = service.rule(Some(rule.as_str())).map_err(|error| Problem::of(&error))?;
    let window = service.window(rule, dates).map_err(|error| Problem::of(&error))?;
    match window.days().len() > limits::DATES {
        true => Err(Problem::new(Code::InvalidRequest)
            .detail(format!("a request may have at most {} dates", limits::DATES))),
        false => Ok(window),
    }
}

/// The status of a rule's dates, computed once for concurrent requests, also for those of other dates.
pub(super) async fn status_of(
    service: &Shared,
    rule: &RuleName,
    window: &Window,
) -> Result<Arc<Report>, Problem> {
    let changes = service.changes.load(Ordering::SeqCst);
    let key = (changes, rule.clone(), window.clone());
    let (looking, rule, window) = (service.clone(), rule.clone(), window.clone());
    let look = async move {
        let (service, of) = (looking.clone(), rule.clone());
        let look = move |window: &Window| service.status(&of, window);
        let merged = looking.merged.ask((changes, rule.clone()), window.clone(), look).await;
        let found = match merged {
            Some(found) => found,
            None => blocking(move || looking.status(&rule, &window)).await,
        };
        found.map(Arc::new)
    };
    let found = service.statuses.try_get_with(key, look).await;
    found.map_err(|error: Arc<Error>| read_failed(service, &error))
}

/// The dates, of the given ones or of all in the table, that were written since they were last found clean,
/// computed once for concurrent requests.
async fn changed(
    service: &Shared,
    rule: &RuleName,
    given: Option<Window>,
) -> Result<Arc<Changed>, Problem> {
    let key = (service.changes.load(Ordering::SeqCst), rule.clone(), given.clone());
    let (looking, rule) = (service.clone(), rule.clone());
    let look = async move {
        let look = move || looking.changed(&rule, &Task::detect(), given.as_ref());
        blocking(look).await.map(Arc::new)
    };
    let found = service.changed.try_get_with(key, look).await;
    found.map_err(|error: Arc<Error>| read_failed(service, &error))
}

/// The status of several rules, computed concurrently.
pub(super) async fn statuses_of(
    service: &Shared,
    rules: &[&RuleName],
    windows: &[Window],
) -> Vec<Result<Arc<Report>, Problem>> {
    let look = |(rule, window): (&&RuleName, &Window)| {
        let (service, rule, window) = (service.clone(), (*rule).clone(), window.clone());
        tokio::spawn(async move { status_of(&service, &rule, &window).await })
    };
    let looks: Vec<_> = rules.iter().zip(windows).map(look).collect();
    let mut found = Vec::with_capacity(looks.len());
    for look in looks {
        found.push(look.await.unwrap_or_else(|_| Err(Problem::new(Code::Internal))));
    }
    found
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
    /// The dates up to and including yesterday. Default: 14; with `changed`, all that the table has.
    #[schemars(range(min = 1, max = limits::DATES))]
    last: Option<u32>,
    /// Of the dates, only those that were written since they were last found clean.
    #[serde(default)]
    changed: bool,
}

pub(super) async fn status(
    State(service): State<Shared>,
    _caller: Caller,
    query: Result<Query<StatusQuery>, QueryRejection>,
) -> Result<Json<StatusAnswer>, Problem> {
    let Query(query) = query.map_err(|error| unreadable(&error))?;
    let range = (query.from.as_deref(), query.to.as_deref());
    let given = dates(query.date.as_deref(), range, query.last)?;
    let rules = asked_for(&service, query.rule.as_deref())?;
    if query.changed {
        return of_changed(&service, &rules, given.as_ref()).await;
    }
    let given = given.unwrap_or(WindowArg::Last(limits::LAST));
    let windows = rules.iter().map(|rule| window(&service, rule, &given));
    let windows = windows.collect::<Result<Vec<Window>, Problem>>()?;
    let reports = statuses_of(&service, &rules, &windows).await.into_iter();
    let figures = reports.map(|report| report.map(|report| RuleFigures::of(&report)));
    Ok(Json(StatusAnswer { rules: figures.collect::<Result<_, Problem>>()? }))
}

/// The status of the changed dates of the rules.
async fn of_changed(
    service: &Shared,
    rules: &[&RuleName],
    given: Option<&WindowArg>,
) -> Result<Json<StatusAnswer>, Problem> {
    let mut figures = Vec::with_capacity(rules.len());
    for name in rules {
        let given = given.map(|given| window(service, name, given)).transpose()?;
        let found = changed(service, name, given).await?;
        let rule = service.rule(Some(name.as_str())).map_err(|error| Problem::of(&error))?;
        figures.push(match &found.window {
            Some(window) => RuleFigures::of(&*status_of(service, name, window).await?),
            None => RuleFigures::of(&Report::nothing(rule)),
        });
    }
    Ok(Json(StatusAnswer { rules: figures }))
}

pub(super) fn asked_for<'s>(
    service: &'s Shared,
    name: Option<&str>,
) -> Result<Vec<&'s RuleName>, Problem> {
    match name {
        Some(name) => {
            let rule = service.rule(Some(name)).map_err(|error| Problem::of(&error))?;
            Ok(vec![&rule.name])
        }
        None => Ok(service.engine.project().file.rules.iter().map(|rule| &rule.name).collect()),
    }
}

/// Liveness: the process is running.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Readiness: the process is running, is not shutting down, and its warehouse answers.
pub(super) async fn readyz(State(service): State<Shared>) -> Result<&'static str, Problem> {
    if service.running.is_closed() {
        return Err(Problem::new(Code::Unavailable).detail("about to stop"));
    }
    let asked = |age: Duration| {
        let last = service.ready.last().filter(|last| last.at.elapsed() < age);
        last.map(|last| last.found)
    };
    // A negative result is cached too: the endpoint needs no key.
    if asked(limits::FRESH).is_none() {
        look_whether_ready(&service);
        service.ready.settled(limits::PROBE).await;
    }
    match asked(limits::STALE) {
        Some(true) => Ok("ready\n"),
        _ => Err(Problem::new(Code::WarehouseUnavailable)),
    }
}

/// Starts a check of whether the warehouse answers.
pub(super) fn look_whether_ready(service: &Shared) {
    let looking = service.clone();
    service.ready.begin(async move {
        let looked = blocking({
            let looking = looking.clone();
            move || looking.engine.is_ready()
        });
        looked.await.map_err(|error| looking.log.line(Line::of_error(&error))).is_ok()
    });
}

/// The metrics for Prometheus.
pub(super) async fn metrics(
    State(service): State<Shared>,
    _caller: Caller,
) -> Result<Response, Problem> {
    if let Some(view) = ledger_view::of_late(&service).await {
        service.metrics.ledger(&view.rules);
    }
    let mut response = service.metrics.text().into_response();
    let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    Ok(response)
}

/// The error for an invalid query string.
pub(super) fn unreadable(error: &QueryRejection) -> Problem {
    use std::error::Error as _;
    let text = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    Problem::new(Code::InvalidRequest).detail(text)
}

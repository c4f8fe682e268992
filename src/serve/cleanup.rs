//! `POST /cleanup-duplicates`.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::Caller;
use super::answer::{CleanupAnswer, Outcome};
use super::api::{self, DAY};
use super::body::{self, JSON};
use super::problem::{Code, Problem};
use super::running::{Active, Refused, Ticket};
use super::runs::Failure;
use super::{RunOfAnswer, Shared, blocking, limits, notifications, read_failed};
use crate::engine::Task;
use crate::error::{Error, Kind, Result};
use crate::log::Line;
use crate::partitions::Books;
use crate::rule::{Rule, RuleName};
use crate::run::{Changed, Report, RunId, RunOutcome};
use crate::window::{Window, WindowArg};

/// The body of `POST /cleanup-duplicates`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CleanupRequest {
    /// The rule. May be left out where there is one, or where the service was given one.
    rule: Option<String>,
    /// One date: `YYYY-MM-DD`, `TODAY` or `YESTERDAY`.
    #[schemars(regex(pattern = DAY))]
    date: Option<String>,
    /// The same by its first name, which callers of the service before this one send.
    #[schemars(skip)]
    game_date: Option<String>,
    /// The first date of a range.
    #[schemars(regex(pattern = DAY))]
    from: Option<String>,
    /// The last date of a range, included.
    #[schemars(regex(pattern = DAY))]
    to: Option<String>,
    /// The dates up to and including yesterday.
    #[schemars(range(min = 1, max = limits::DATES))]
    #[serde(default, deserialize_with = "api::whole")]
    last: Option<u32>,
    /// Of the dates, or of all that the table has, only those that were written since they were last found clean.
    #[serde(default)]
    changed: bool,
    /// Change nothing: say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Answer 503 instead of 202 while rows are buffered, for schedulers to which every 2xx is a
    /// success.
    #[serde(default)]
    fail_when_buffered: bool,
}

impl CleanupRequest {
    /// The date, and whether it was given as `game_date`.
    fn day(&self) -> Result<(Option<&str>, bool), Problem> {
        match (self.date.as_deref(), self.game_date.as_deref()) {
            (Some(_), Some(_)) => Err(Problem::new(Code::InvalidRequest)
                .detail("give `date` alone: `game_date` is its former name")),
            (date, None) => Ok((date, false)),
            (None, date) => Ok((date, true)),
        }
    }
}

/// The reason for refusing to run a rule that deletes.
pub(super) const DELETES: &str =
    "the rule's strategy deletes rows; the service does that only where it was started with --yes";

pub(super) async fn cleanup(
    State(service): State<Shared>,
    caller: Caller,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let asked = parse(&body::read(&headers, JSON, request.into_body()).await?)?;
    if !asked.dry_run {
        caller.may_apply()?;
    }
    let rule = service.rule(asked.rule.as_deref()).map_err(|error| Problem::of(&error))?;
    let range = (asked.from.as_deref(), asked.to.as_deref());
    let (day, by_first_name) = asked.day()?;
    let dates = api::dates(day, range, asked.last)?;
    // A rule without dates covers its whole table, whatever dates the request has.
    let dates = dates.or(rule.partition.is_whole().then_some(WindowArg::Last(1)));
    let given = dates.map(|dates| api::window(&service, &rule.name, &dates)).transpose()?;
    let changed = match asked.changed {
        true => look_for_changes(&service, &rule.name, given).await?,
        false => Changed { window: Some(given.ok_or_else(no_dates)?), ..Changed::default() },
    };
    let left_out = asked.changed.then_some(changed.unchanged);
    let Some(window) = &changed.window else {
        let answer = CleanupAnswer::nothing(rule, asked.dry_run);
        return Ok(axum::Json(answer.leaving_out(left_out)).into_response());
    };
    let about = About { window, left_out, by_first_name };
    if asked.dry_run {
        let report = api::status_of(&service, &rule.name, window).await?;
        return Ok(axum::Json(about.answer(&report, None)).into_response());
    }
    let begun = begin(&service, rule, window, &changed.books, caller)?;
    answer(&service, begun, &about, asked.fail_when_buffered).await
}

/// The parts of a response besides the counts.
struct About<'w> {
    window: &'w Window,
    /// The number of unchanged dates left out, if only changed ones were requested.
    left_out: Option<usize>,
    /// Whether the date was given as `game_date`.
    by_first_name: bool,
}

impl About<'_> {
    fn answer(&self, report: &Report, run: Option<&RunId>) -> CleanupAnswer {
        let answer = CleanupAnswer::of(report, self.window, run);
        answer.leaving_out(self.left_out).naming_game_date(self.by_first_name)
    }
}

fn no_dates() -> Problem {
    Problem::new(Code::InvalidRequest).detail(
        "no dates given; give `date` as YYYY-MM-DD, TODAY or YESTERDAY, or `from` and `to`, or `last`, or `changed`",
    )
}

/// The dates for a run, of the given ones or of all in the table.
async fn look_for_changes(
    service: &Shared,
    rule: &RuleName,
    given: Option<Window>,
) -> Result<Changed, Problem> {
    let (looking, name) = (service.clone(), rule.clone());
    let look = move || looking.changed(&name, &Task::Apply, given.as_ref());
    blocking(look).await.map_err(|error| read_failed(service, &error))
}

fn parse(bytes: &Bytes) -> Result<CleanupRequest, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        let code = if error.is_data() { Code::InvalidRequest } else { Code::InvalidJson };
        Problem::new(code).detail(error.to_string())
    })
}

/// A started run, independent of waiting callers.
pub(super) struct Begun {
    pub id: RunId,
    ended: tokio::task::JoinHandle<Arc<Result<Report>>>,
}

/// Starts a run, which continues if the caller disconnects. Errors: a run of the rule with one of the dates
/// is in progress; the rule deletes rows, which is not allowed; the service is busy or shutting down.
pub(super) fn begin(
    service: &Shared,
    rule: &Rule,
    window: &Window,
    books: &Books,
    caller: Caller,
) -> Result<Begun, Problem> {
    if service.forbids(rule) {
        return Err(Problem::new(Code::Forbidden).detail(DELETES));
    }
    let (active, ticket) = register(service, rule, window, &caller, None)?;
    let id = active.id.clone();
    let (service, rule, books) = (service.clone(), rule.clone(), books.clone());
    let ended = tokio::spawn(async move {
        let _ticket = ticket;
        let _turn = service.running.turn(&rule).await;
        let began = Instant::now();
        let (working, name) = (service.clone(), rule.name.clone());
        let (days, of) = (active.window.clone(), active.id.clone());
        let ran = blocking(move || working.apply(&name, &days, &books, &of, &caller.who)).await;
        let now = service.engine.now();
        service.metrics.run(rule.name.as_str(), ran.as_ref(), began.elapsed(), now);
        service.glances.ran(&rule);
        let ended = match &ran {
            Ok(report) => RunOutcome::of("apply", Some(&active.window), report),
            Err(error) => RunOutcome::failed(
                "apply",
                &active.rule,
                Some(&active.window),
                Some(&active.id),
                error,
            ),
        };
        let problems = match &ran {
            Ok(report) => report.problems.as_slice(),
            Err(error) => std::slice::from_ref(error),
        };
        end(&service, active, ended, problems, Problem::of_end(&ran)).await;
        Arc::new(ran)
    });
    Ok(Begun { id, ended })
}

/// Registers a run, which begins now. Errors: a run of the rule with one of the dates is in progress; the service is
/// busy or shutting down.
pub(super) fn register(
    service: &Shared,
    rule: &Rule,
    window: &Window,
    caller: &Caller,
    undoes: Option<&RunId>,
) -> Result<(Active, Ticket), Problem> {
    let now = service.engine.now();
    let active = Active {
        id: RunId::new(now),
        rule: rule.name.clone(),
        window: window.clone(),
        began: now,
        who: caller.who.clone(),
        undoes: undoes.cloned(),
    };
    let ticket = service.running.begin(active.clone()).map_err(|refused| match refused {
        Refused::UnderWay(other) => Problem::new(Code::RunUnderWay).run(&other),
        Refused::Full => Problem::new(Code::Unavailable).detail("too many runs wait"),
        Refused::Closed => Problem::new(Code::Unavailable).detail("about to stop"),
    })?;
    Ok((active, ticket))
}

/// Logs and notifies the end of a run, and keeps the reason of a failure.
pub(super) async fn end(
    service: &Shared,
    run: Active,
    ended: RunOutcome,
    problems: &[Error],
    problem: Option<Problem>,
) {
    for problem in problems {
        let line = Line::of_error(problem).run(ended.run.as_deref());
        service.log.line(line.with("rule", ended.rule.as_str()));
    }
    service.log.line(Line::of_ended(&ended));
    if let Some(problem) = problem {
        let (id, ended) = (run.id.to_string(), service.engine.now());
        service.failures.insert(id, Arc::new(Failure { run, ended, problem })).await;
    }
    service.changes.fetch_add(1, Ordering::SeqCst);
    notifications::begin(service, ended);
}

/// Waits for the run, within the time limit of a request.
async fn answer(
    service: &Shared,
    begun: Begun,
    about: &About<'_>,
    fail_when_buffered: bool,
) -> Result<Response, Problem> {
    let Begun { id, ended } = begun;
    let mut leaving = service.leaving.subscribe();
    let ran = tokio::select! {
        ran = tokio::time::timeout(service.answer_within, ended) => ran,
        _ = leaving.wait_for(|leaving| *leaving) => {
            return Err(Problem::new(Code::Unavailable)
                .detail("the service stops before the run has ended; the next run finds out what became of it")
                .run(&id));
        }
    };
    let ran = match ran {
        Err(_) => return Err(Problem::new(Code::RunGoesOn).run(&id)),
        Ok(Err(_)) => return Err(Problem::new(Code::Internal).run(&id)),
        Ok(Ok(ran)) => ran,
    };
    let report = match &*ran {
        Ok(report) => report,
        Err(error) => return Err(Problem::of_run(error).run(&id)),
    };
    if let Some(error) = report.problems.iter().find(|e| e.kind() == Kind::Interrupted) {
        return Err(Problem::of_run(error).run(&id));
    }
    let answer = about.answer(report, Some(&id));
    let status = match answer.status {
        Outcome::Success => StatusCode::OK,
        Outcome::Buffered if fail_when_buffered => StatusCode::SERVICE_UNAVAILABLE,
        Outcome::Buffered => StatusCode::ACCEPTED,
        Outcome::Error => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let buffered = answer.status == Outcome::Buffered;
    let mut response = (status, axum::Json(answer)).into_response();
    response.extensions_mut().insert(RunOfAnswer(id.to_string()));
    if buffered {
        let after = HeaderValue::from(limits::BUFFER_DRAINS.as_secs());
        response.headers_mut().insert(header::RETRY_AFTER, after);
    }
    Ok(response)
}

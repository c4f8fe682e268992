//! Runs: in the ledger, in progress, or failed before their first ledger entry.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::Caller;
use super::answer::{RunAnswer, RunsAnswer, SentStatement, of_active, of_failed};
use super::api::{asked_for, unreadable};
use super::problem::{Code, Problem};
use super::running::Active;
use super::{Shared, blocking, limits, read_failed};
use crate::error::{Error, Result};
use crate::ledger::Entry;
use crate::report::RunSummary;
use crate::rule::RuleName;
use crate::run::{PastOutcome, PastRun};

/// A failed run with its reason, which may not be in the ledger.
pub(super) struct Failure {
    pub run: Active,
    pub ended: Timestamp,
    pub problem: Problem,
}

/// A run, as far as known.
pub(super) enum KnownRun {
    /// The run is in the ledger.
    Past { run: Box<PastRun>, entries: Vec<Entry>, failure: Option<Arc<Failure>>, active: bool },
    /// The run is in progress, and has sent nothing yet.
    Waiting(Active),
    /// The run failed before sending anything.
    Failed(Arc<Failure>),
}

/// The runs of the last days, read once for concurrent requests. A run in progress is unfinished, whatever
/// its statements' outcomes.
pub(super) async fn past_runs(
    service: &Shared,
    rule: Option<RuleName>,
    days: u32,
) -> Result<Vec<PastRun>, Problem> {
    let active = service.running.all();
    let (looking, of) = (service.clone(), rule.clone());
    let look = async move {
        blocking(move || looking.engine.history(of.as_ref(), days)).await.map(Arc::new)
    };
    let key = (service.changes.load(Ordering::SeqCst), rule, days);
    let found = service.histories.try_get_with(key, look).await;
    let found = found.map_err(|error: Arc<Error>| read_failed(service, &error))?;
    let known = found.iter().map(|run| {
        let is_active = active.iter().any(|active| active.id == run.id);
        seen(run.clone(), is_active)
    });
    Ok(known.collect())
}

fn seen(run: PastRun, is_active: bool) -> PastRun {
    match is_active {
        true => PastRun { outcome: PastOutcome::Unfinished, ..run },
        false => run,
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
    _caller: Caller,
    query: Result<Query<RunsQuery>, QueryRejection>,
) -> Result<Json<RunsAnswer>, Problem> {
    let Query(query) = query.map_err(|error| unreadable(&error))?;
    let (days, limit) = (query.days.unwrap_or(limits::RECENT), query.limit.unwrap_or(50));
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
    let waiting = service.running.all();
    let found = past_runs(&service, rule.clone(), days).await?;
    let waiting = waiting.iter().filter(|run| {
        let of_rule = rule.as_ref().is_none_or(|rule| *rule == run.rule);
        of_rule && !found.iter().any(|found| found.id == run.id)
    });
    let runs = waiting.map(of_active).chain(found.iter().map(RunSummary::of));
    Ok(Json(RunsAnswer { runs: runs.take(limit).collect() }))
}

pub(super) async fn run(
    State(service): State<Shared>,
    _caller: Caller,
    id: Result<Path<String>, PathRejection>,
) -> Result<Json<RunAnswer>, Problem> {
    let (run, failure, entries) = match known_run(&service, id).await? {
        KnownRun::Past { run, entries, failure, .. } => (RunSummary::of(&run), failure, entries),
        KnownRun::Waiting(active) => (of_active(&active), None, Vec::new()),
        KnownRun::Failed(failure) => (of_failed(&failure), Some(failure), Vec::new()),
    };
    let problem = failure.map(|failure| failure.problem.code());
    Ok(Json(RunAnswer { run, problem, sent: SentStatement::all(&entries) }))
}

/// The state of a run. Errors: there is no such run; the ledger does not answer.
pub(super) async fn known_run(
    service: &Shared,
    id: Result<Path<String>, PathRejection>,
) -> Result<KnownRun, Problem> {
    let unknown = || Problem::new(Code::NotFound).detail("the ledger has no such run");
    let is_id =
        |id: &String| id.len() <= 64 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let id = id.ok().map(|Path(id)| id).filter(is_id).ok_or_else(unknown)?;
    // Checked first: a run that ends in between is then in the ledger.
    let active = service.running.find(&id);
    let (looking, of) = (service.clone(), id.clone());
    let past = blocking(move || looking.engine.past(&of)).await;
    let past = past.map_err(|error| read_failed(service, &error))?;
    let failure = service.failures.get(&id).await;
    match (past, active, failure) {
        (Some((run, entries)), active, failure) => {
            let active = active.is_some();
            Ok(KnownRun::Past { run: Box::new(seen(run, active)), entries, failure, active })
        }
        (None, Some(active), _) => Ok(KnownRun::Waiting(active)),
        (None, None, Some(failure)) => Ok(KnownRun::Failed(failure)),
        (None, None, None) => Err(unknown()),
    }
}

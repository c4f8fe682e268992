//! The page of one date: its counts, its duplicates by key, and what runs removed of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::keys::Right;
use super::super::page::{sentence, shown};
use super::super::problem::{Code, Problem};
use super::super::session::Session;
use super::super::{Shared, api, blocking, limits, read_failed, runs};
use super::{named_rule, page_number};
use crate::error::{Error, Result};
use crate::report::html::{self, DateFacts, RemovedBy, Rows};
use crate::rule::Rule;
use crate::run::{PastRun, RemovedRows, Report, Superseded, Which};
use crate::window::{Day, Window, WindowArg};

/// The query of the page. An empty field counts as omitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    page: String,
    /// The run whose removed rows are shown.
    #[serde(default)]
    run: String,
    /// The page of the removed rows.
    #[serde(default)]
    removed_page: String,
}

pub(super) async fn date_page(
    State(service): State<Shared>,
    session: Session,
    path: Result<Path<(String, String)>, PathRejection>,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let unknown = || Problem::new(Code::NotFound).detail("there is no rule of this name");
    let Path((name, date)) = path.map_err(|_| unknown())?;
    let rule = named_rule(&service, Ok(Path(name)))?;
    let Query(asked) = query.map_err(|error| api::unreadable(&error))?;
    let page = page_number(&asked.page)?;
    let removed_page = page_number(&asked.removed_page)?;
    let window = window(&service, rule, &date)?;
    let day = window.first();
    let report = api::status_of(&service, &rule.name, &window).await;
    let past = runs::past_runs(&service, Some(rule.name.clone()), limits::RECENT).await?;
    let of_date: Vec<&PastRun> = past.iter().filter(|run| run.window.contains(day)).collect();
    let chosen = chosen(&of_date, day, &asked.run)?;
    let superseded = superseded(&service, rule, &window, report.as_deref()).await;
    let removed = match chosen {
        Some(run) => Some((run, removed(&service, rule, run, day).await)),
        None => None,
    };
    let removed = removed.as_ref().map(|(run, rows)| {
        let rows = borrowed(rows, |rows| &**rows);
        RemovedBy { run, rows }
    });
    let date = DateFacts {
        rule,
        day,
        status: report.as_deref().map_err(sentence),
        superseded: borrowed(&superseded, |rows| rows.as_slice()),
        runs: of_date,
        removed,
    };
    let page = html::DatePage {
        date,
        page,
        removed_page,
        sees_values: session.caller.right == Right::Apply,
        now: service.engine.now(),
        tariff: service.tariff,
        viewer: session.viewer(),
    };
    shown(&service, html::date_page(&page))
}

/// The window of the date in the address. Errors: it is not a date, or not one of this rule.
fn window(service: &Shared, rule: &Rule, date: &str) -> Result<Window, Problem> {
    let day = Day::parse(date).map_err(|error| Problem::of(&error))?;
    match (rule.partition.is_whole(), day) {
        (true, Day::WHOLE) => Ok(Window::whole()),
        (true, _) => Err(Problem::new(Code::NotFound)
            .detail("the rule has no dates: the address of its table ends in `all`")),
        (false, _) => {
            let day = date.parse().map_err(|error: Error| Problem::of(&error))?;
            api::window(service, &rule.name, &WindowArg::Dates(vec![day]))
        }
    }
}

/// The run whose removed rows are shown: the one that was asked for, or the last that removed any of this date.
fn chosen<'r>(runs: &[&'r PastRun], day: Day, id: &str) -> Result<Option<&'r PastRun>, Problem> {
    if id.is_empty() {
        return Ok(html::last_removal(runs, day));
    }
    let found = runs.iter().find(|run| run.id.as_str() == id && run.removed_of(day) > 0).copied();
    let unknown = || {
        Problem::new(Code::NotFound).detail(format!(
            "no run of the last {} days with this id removed rows of this date",
            limits::RECENT
        ))
    };
    found.map(Some).ok_or_else(unknown)
}

/// The duplicates of the date, read once for concurrent requests.
async fn superseded(
    service: &Shared,
    rule: &Rule,
    window: &Window,
    report: Result<&Report, &Problem>,
) -> Rows<Arc<Vec<Superseded>>> {
    let duplicates = match report {
        Ok(report) => report.totals().duplicates,
        Err(problem) => return Rows::Failed(sentence(problem)),
    };
    if duplicates == 0 {
        return Rows::Known(Arc::default());
    }
    if duplicates > html::MOST_ROWS {
        return Rows::TooMany(duplicates);
    }
    let key = (service.changes.load(Ordering::SeqCst), rule.name.clone(), window.clone());
    let (looking, name, window) = (service.clone(), rule.name.clone(), window.clone());
    let look = async move {
        let look = move || looking.engine.explain(looking.engine.rule(&name)?, &window);
        blocking(look).await.map(Arc::new)
    };
    match service.explained.try_get_with(key, look).await {
        Ok(rows) => Rows::Known(rows),
        Err(error) => Rows::Failed(sentence(&read_failed(service, &error))),
    }
}

/// The rows that a run removed of the date, read once for concurrent requests.
async fn removed(service: &Shared, rule: &Rule, run: &PastRun, day: Day) -> Rows<Arc<RemovedRows>> {
    let rows = run.removed_of(day);
    if rows > html::MOST_ROWS {
        return Rows::TooMany(rows);
    }
    let changes = service.changes.load(Ordering::SeqCst);
    let key = (changes, rule.name.clone(), run.id.to_string(), day);
    let (looking, name, which) =
        (service.clone(), rule.name.clone(), Which::Id(run.id.to_string()));
    let look = async move {
        let look = move || looking.engine.removed_rows_of(looking.engine.rule(&name)?, &which, day);
        blocking(look).await.map(Arc::new)
    };
    match service.removed.try_get_with(key, look).await {
        Ok(rows) => Rows::Known(rows),
        Err(error) => Rows::Failed(sentence(&read_failed(service, &error))),
    }
}

fn borrowed<'a, T, U: ?Sized>(rows: &'a Rows<T>, of: impl Fn(&'a T) -> &'a U) -> Rows<&'a U> {
    match rows {
        Rows::Known(rows) => Rows::Known(of(rows)),
        Rows::TooMany(rows) => Rows::TooMany(*rows),
        Rows::LeftOut(rows) => Rows::LeftOut(*rows),
        Rows::Failed(problem) => Rows::Failed(problem.clone()),
        Rows::NotRead => Rows::NotRead,
    }
}

//! The page of one rule: how the dates of any range stand.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::page::{sentence, shown};
use super::super::problem::{Code, Problem};
use super::super::session::Session;
use super::super::{Shared, api, blocking, limits, read_failed, runs};
use super::named_rule;
use crate::report::html::{self, Range};
use crate::rule::Rule;
use crate::window::{Window, WindowArg};

/// The dates of the page: a range by its word, or the first and the last. An empty field counts as omitted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dates {
    #[serde(default)]
    pub range: String,
    #[serde(default)]
    pub from: String,
    #[serde(default)]
    pub to: String,
}

impl Dates {
    fn range(&self) -> Result<Option<Range>, Problem> {
        let wrong = |what: String| Err(Problem::new(Code::InvalidRequest).detail(what));
        match (self.range.as_str(), self.from.is_empty() && self.to.is_empty()) {
            ("", _) => Ok(None),
            (_, false) => wrong("give `range`, or `from` and `to`".to_owned()),
            (word, true) => match Range::parse(word) {
                None => wrong(format!("`range` is one of {}", Range::words())),
                range => Ok(range),
            },
        }
    }
}

/// The address of a rule's page with these dates.
pub(super) fn address(rule: &Rule, dates: &Dates) -> String {
    let fields = [("range", &dates.range), ("from", &dates.from), ("to", &dates.to)];
    let given: Vec<_> = fields.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    match serde_urlencoded::to_string(given) {
        Ok(query) if !query.is_empty() => format!("/rules/{}?{query}", rule.name),
        _ => format!("/rules/{}", rule.name),
    }
}

pub(super) async fn rule_page(
    State(service): State<Shared>,
    session: Session,
    name: Result<Path<String>, PathRejection>,
    query: Result<Query<Dates>, QueryRejection>,
) -> Result<Response, Problem> {
    let rule = named_rule(&service, name)?;
    let Query(dates) = query.map_err(|error| api::unreadable(&error))?;
    of(&service, &session, rule, &dates).await
}

/// The page of this rule.
pub(super) async fn of(
    service: &Shared,
    session: &Session,
    rule: &Rule,
    dates: &Dates,
) -> Result<Response, Problem> {
    let range = dates.range()?;
    let (window, note) = match range {
        Some(Range::All) => every_date(service, rule).await?,
        Some(range) => (last(service, rule, range.dates().unwrap_or(limits::LAST))?, None),
        None => (given(service, rule, dates)?, None),
    };
    let status = api::status_of(service, &rule.name, &window).await;
    let runs = runs::past_runs(service, Some(rule.name.clone()), limits::RECENT).await?;
    let only = html::RuleOverview {
        rule,
        window: &window,
        status: status.as_deref().map_err(sentence),
        runs: runs.iter().collect(),
    };
    let page = html::RulePage {
        rules: html::Rules {
            rules: vec![only],
            window: &window,
            most_runs: limits::RUNS_LISTED,
            now: service.engine.now(),
            tariff: service.tariff,
            viewer: session.viewer(),
        },
        range,
        note,
        has_others: service.engine.project().file.rules.len() > 1,
    };
    shown(service, html::rule_page(&page))
}

fn last(service: &Shared, rule: &Rule, dates: u32) -> Result<Window, Problem> {
    api::window(service, &rule.name, &WindowArg::Last(dates))
}

fn given(service: &Shared, rule: &Rule, dates: &Dates) -> Result<Window, Problem> {
    let [from, to] =
        [&dates.from, &dates.to].map(|day| Some(day.as_str()).filter(|d| !d.is_empty()));
    let dates = api::dates(None, (from, to), None)?.unwrap_or(WindowArg::Last(limits::LAST));
    api::window(service, &rule.name, &dates)
}

/// Every date that the table has, at most as many as a request may have; and what is left out.
async fn every_date(service: &Shared, rule: &Rule) -> Result<(Window, Option<String>), Problem> {
    let (looking, name) = (service.clone(), rule.name.clone());
    let look = move || looking.engine.dates(looking.engine.rule(&name)?);
    let dates = blocking(look).await.map_err(|error| read_failed(service, &error))?;
    let Some(dates) = dates.filter(|dates| !dates.is_empty()) else {
        let note = "The warehouse does not say which dates the table has; these are the last ones.";
        let window = last(service, rule, Range::Quarter.dates().unwrap_or(limits::LAST))?;
        let note = (!rule.partition.is_whole()).then(|| note.to_owned());
        return Ok((window, note));
    };
    let left_out = dates.len().saturating_sub(limits::DATES);
    let (first, all) = (dates.first().copied(), dates.len());
    let shown = dates.into_iter().skip(left_out).collect();
    let window = Window::of_days(shown).map_err(|error| Problem::of(&error))?;
    let note = first.filter(|_| left_out > 0).map(|first| {
        format!(
            "The table has {all} dates since {first}; these are the last {}. Ask for earlier ones by `from` and `to`.",
            limits::DATES
        )
    });
    Ok((window, note))
}

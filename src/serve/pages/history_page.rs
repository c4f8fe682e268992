//! The page of the last days: what the runs found, removed and cost.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::super::page::shown;
use super::super::problem::Problem;
use super::super::session::Session;
use super::super::{Shared, api, ledger_view, limits};
use super::rule;
use crate::report::html;
use crate::rule::RuleName;
use crate::run::{DayFigures, Known};

/// The query of the page. An empty field counts as omitted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    rule: String,
}

pub(super) async fn history_page(
    State(service): State<Shared>,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| api::unreadable(&error))?;
    let chosen = match asked.rule.as_str() {
        "" => None,
        name => Some(&rule(&service, Some(name))?.name),
    };
    let view = ledger_view::view(&service, limits::PATIENCE).await?;
    let of_choice = view.rules.iter().filter(|(name, _)| chosen.is_none_or(|rule| rule == *name));
    let of_choice: Vec<(&RuleName, &Known)> = of_choice.collect();
    let days = last_days(TimeZone::UTC.to_datetime(view.at).date(), limits::RECENT);
    let days = days.into_iter().map(|day| {
        let mut all = DayFigures::default();
        let figures = of_choice.iter().filter_map(|(_, known)| known.by_day.get(&day));
        figures.for_each(|figures| all += *figures);
        (day, all)
    });
    let rules = of_choice.iter().filter(|_| chosen.is_none());
    let page = html::HistoryPage {
        rule: chosen,
        days: days.collect(),
        rules: rules.map(|(name, known)| (*name, known.total())).collect(),
        read: view.at,
        tariff: service.tariff,
        viewer: session.viewer(),
    };
    shown(&service, html::history_page(&page))
}

/// So many days up to this one, the oldest first.
fn last_days(last: Date, count: u32) -> Vec<Date> {
    let before = std::iter::successors(Some(last), |day| day.yesterday().ok());
    let mut days: Vec<Date> = before.take(count as usize).collect();
    days.reverse();
    days
}

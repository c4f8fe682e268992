//! The page of all rules: sorted, filtered and paged by its address.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::super::glance::{Glance, glances};
use super::super::page::{sentence, shown};
use super::super::problem::{Code, Problem};
use super::super::session::{Session, see_other};
use super::super::{Shared, api, ledger_view, limits};
use super::{page_number, rule, rule_page};
use crate::report::html::{self, Choice, OverviewOrder, RuleLine};
use crate::rule::Rule;
use crate::run::Known;
use crate::window::{Window, WindowArg};

/// The query of the page. An empty field of the form counts as omitted.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(default)]
    sort: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    page: String,
    /// A rule, whose page is at another address.
    #[serde(default)]
    rule: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
}

impl Asked {
    fn choice(&self) -> Result<Choice, Problem> {
        let wrong = |what: String| Problem::new(Code::InvalidRequest).detail(what);
        let sort = OverviewOrder::parse(&self.sort)
            .ok_or_else(|| wrong(format!("`sort` is one of {}", OverviewOrder::words())))?;
        let status = html::Wanted::parse(&self.status)
            .ok_or_else(|| wrong(format!("`status` is one of {}", html::Wanted::words())))?;
        if self.name.chars().count() > limits::NAME {
            return Err(wrong(format!("`name` has at most {} characters", limits::NAME)));
        }
        let page = page_number(&self.page)?;
        Ok(Choice { sort, status, name: self.name.clone(), page })
    }
}

/// All rules, or the page of the only one.
pub(super) async fn overview(
    State(service): State<Shared>,
    session: Session,
    query: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(asked) = query.map_err(|error| api::unreadable(&error))?;
    let dates =
        rule_page::Dates { from: asked.from.clone(), to: asked.to.clone(), ..Default::default() };
    if !asked.rule.is_empty() {
        let rule = rule(&service, Some(&asked.rule))?;
        return Ok(see_other(&rule_page::address(rule, &dates)));
    }
    let choice = asked.choice()?;
    if let [only] = service.engine.project().file.rules.as_slice() {
        return rule_page::of(&service, &session, only, &dates).await;
    }
    if !asked.from.is_empty() || !asked.to.is_empty() {
        return Err(Problem::new(Code::InvalidRequest)
            .detail("`from` and `to` belong to the page of one rule: add `rule`"));
    }
    all(&service, &session, choice).await
}

/// A rule, its window, and what is known of it before it is counted.
struct Candidate<'r> {
    rule: &'r Rule,
    window: Window,
    known: &'r Known,
    last: Option<Glance>,
}

async fn all(service: &Shared, session: &Session, choice: Choice) -> Result<Response, Problem> {
    let rules = &service.engine.project().file.rules;
    let patience = match rules.len() > html::RULES_OF_A_PAGE {
        true => limits::GLANCE,
        false => limits::PATIENCE,
    };
    let view = ledger_view::view(service, patience).await?;
    let nothing = Known::default();
    let mut candidates = Vec::with_capacity(rules.len());
    for rule in rules {
        let window = service.window(rule, &WindowArg::Last(limits::LAST));
        let window = window.map_err(|error| Problem::of(&error))?;
        let last = service.glances.last(rule, &window).await;
        let known = view.rules.get(&rule.name).unwrap_or(&nothing);
        candidates.push(Candidate { rule, window, known, last });
    }
    let lines = candidates.iter().map(|of| line(of, of.last.as_ref(), false)).collect();
    let mut listed = html::Listed::of(lines, choice);
    // Only the rules of this page are counted.
    let places: Vec<usize> = listed.shown().iter().map(|line| line.index).collect();
    let asked: Vec<(&Rule, &Window)> =
        places.iter().map(|index| (candidates[*index].rule, &candidates[*index].window)).collect();
    let counted = glances(service, &asked, patience).await;
    let counted = places.iter().zip(counted).map(|(index, glance)| {
        let of = &candidates[*index];
        let is_pending = glance.is_none();
        RuleLine { index: *index, ..line(of, glance.as_ref(), is_pending) }
    });
    listed.show(counted.collect());
    let page = html::Overview {
        listed,
        read: view.at,
        now: service.engine.now(),
        days: limits::RECENT,
        dates: limits::LAST,
        tariff: service.tariff,
        viewer: session.viewer(),
    };
    shown(service, html::overview(&page))
}

fn line<'r>(of: &Candidate<'r>, glance: Option<&Glance>, is_pending: bool) -> RuleLine<'r> {
    let report = glance.and_then(|glance| glance.report.as_ref().ok());
    let problem = glance.and_then(|glance| glance.report.as_ref().err()).map(sentence);
    RuleLine {
        index: 0,
        rule: of.rule,
        known: of.known,
        latest: of.known.latest_status(of.rule, report.map(|report| &**report)),
        counted: report.and(glance).map(|glance| glance.at),
        problem,
        is_pending,
    }
}

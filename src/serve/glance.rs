//! The counts of rules on a list of rules: counted just now, or a short while ago.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::problem::{Code, Problem};
use super::{Shared, api, limits};
use crate::googlesql::TableName;
use crate::rule::{Rule, RuleName};
use crate::run::Report;
use crate::window::Window;

/// The counts of a rule, and when they were counted.
#[derive(Clone)]
pub(super) struct Glance {
    /// The counts, or why there are none.
    pub report: Result<Arc<Report>, Problem>,
    /// When they were counted.
    pub at: Timestamp,
    began: Instant,
}

/// The last counts of rules.
pub(super) struct Glances {
    kept: Cache<(RuleName, Window), Glance>,
    /// When the last run of a table ended: what was counted before that is not shown.
    ended: Mutex<HashMap<TableName, Instant>>,
    /// The rules that are counted at a time for lists.
    places: Semaphore,
}

impl Glances {
    pub fn new() -> Self {
        let kept = Cache::builder().max_capacity(limits::GLANCES).time_to_live(limits::GLANCE_AGE);
        Self {
            kept: kept.build(),
            ended: Mutex::default(),
            places: Semaphore::new(limits::GLANCES_AT_ONCE),
        }
    }

    /// A run of this rule has ended, or failed.
    pub fn ran(&self, rule: &Rule) {
        let mut ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        ended.insert(rule.table.clone(), Instant::now());
    }

    /// The last counts of a rule, if they are still valid.
    pub async fn last(&self, rule: &Rule, window: &Window) -> Option<Glance> {
        let found = self.kept.get(&(rule.name.clone(), window.clone())).await?;
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let is_before = ended.get(&rule.table).is_some_and(|ended| found.began <= *ended);
        (!is_before).then_some(found)
    }
}

/// The counts of these rules, each in the same place; `None` for those that are still being counted after this
/// time, for the next request.
pub(super) async fn glances(
    service: &Shared,
    rules: &[(&Rule, &Window)],
    within: Duration,
) -> Vec<Option<Glance>> {
    let until = tokio::time::Instant::now() + within;
    let counting = rules.iter().map(|(rule, window)| {
        let (service, rule, window) = (service.clone(), (*rule).clone(), (*window).clone());
        tokio::spawn(async move { glance(&service, &rule, &window).await })
    });
    let counting: Vec<_> = counting.collect();
    let mut found = Vec::with_capacity(counting.len());
    for counted in counting {
        found.push(tokio::time::timeout_at(until, counted).await.ok().and_then(Result::ok));
    }
    found
}

async fn glance(service: &Shared, rule: &Rule, window: &Window) -> Glance {
    let glances = &service.glances;
    if let Some(last) = glances.last(rule, window).await {
        return last;
    }
    let began = Instant::now();
    let failed = |_| Problem::new(Code::Internal);
    let report = match glances.places.acquire().await.map_err(failed) {
        Ok(_place) => api::status_of(service, &rule.name, window).await,
        Err(problem) => Err(problem),
    };
    let glance = Glance { report, at: service.engine.now(), began };
    glances.kept.insert((rule.name.clone(), window.clone()), glance.clone()).await;
    glance
}

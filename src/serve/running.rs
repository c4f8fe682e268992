//! Runs in progress: at most one per rule and date, and one at a time per table.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::limits;
use crate::googlesql::TableName;
use crate::rule::{Rule, RuleName};
use crate::run::RunId;
use crate::window::Window;

/// The reason why a run was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// This run is in progress for the same rule and one of the dates.
    UnderWay(RunId),
    /// Too many runs are waiting.
    Full,
    /// The service is shutting down.
    Closed,
}

/// A run in progress, or waiting for its table.
#[derive(Debug, Clone)]
pub(super) struct Active {
    pub id: RunId,
    pub rule: RuleName,
    pub window: Window,
    pub began: Timestamp,
    pub who: String,
    /// The run that it undoes.
    pub undoes: Option<RunId>,
}

/// The runs of this process.
#[derive(Default)]
pub(super) struct Running {
    runs: Mutex<Runs>,
    tables: Mutex<HashMap<TableName, Arc<tokio::sync::Mutex<()>>>>,
    ended: Notify,
}

#[derive(Default)]
struct Runs {
    active: Vec<Active>,
    closed: bool,
}

impl Runs {
    fn conflict(&self, rule: &RuleName, window: &Window) -> Option<RunId> {
        let same = |other: &&Active| {
            other.rule == *rule && other.window.days().iter().any(|day| window.contains(*day))
        };
        self.active.iter().find(same).map(|other| other.id.clone())
    }
}

/// The registration of a run in progress, released on drop.
pub(super) struct Ticket {
    running: Arc<Running>,
    id: RunId,
}

impl Running {
    /// Registers a run for the rule's dates, unless another run has one of them.
    pub fn begin(self: &Arc<Self>, run: Active) -> Result<Ticket, Refused> {
        let mut runs = self.runs();
        if runs.closed {
            return Err(Refused::Closed);
        }
        if let Some(other) = runs.conflict(&run.rule, &run.window) {
            return Err(Refused::UnderWay(other));
        }
        let active = &mut runs.active;
        if active.len() >= limits::RUNS {
            return Err(Refused::Full);
        }
        let id = run.id.clone();
        active.push(run);
        Ok(Ticket { running: self.clone(), id })
    }

    /// The run in progress of this rule and one of these dates.
    pub fn conflict(&self, rule: &RuleName, window: &Window) -> Option<RunId> {
        self.runs().conflict(rule, window)
    }

    /// Waits until no other run of this process uses the rule's table.
    pub async fn turn(&self, rule: &Rule) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
            tables.entry(rule.table.clone()).or_default().clone()
        };
        lock.lock_owned().await
    }

    /// The run with this id, if in progress.
    pub fn find(&self, id: &str) -> Option<Active> {
        self.runs().active.iter().find(|run| run.id.as_str() == id).cloned()
    }

    /// All runs in progress.
    pub fn all(&self) -> Vec<Active> {
        self.runs().active.clone()
    }

    /// Refuses further runs.
    pub fn close(&self) {
        self.runs().closed = true;
    }

    /// Whether further runs are refused.
    pub fn is_closed(&self) -> bool {
        self.runs().closed
    }

    /// The number of runs in progress.
    pub fn count(&self) -> usize {
        self.runs().active.len()
    }

    /// Waits until no run is in progress.
    pub async fn idle(&self) {
        loop {
            let ended = self.ended.notified();
            if self.count() == 0 {
                return;
            }
            ended.await;
        }
    }

    fn runs(&self) -> MutexGuard<'_, Runs> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.running.runs().active.retain(|run| run.id != self.id);
        self.running.ended.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;
    use crate::window::Day;

    fn run(rule: &str, from: &str, to: &str) -> Active {
        let text = format!(
            "[rule.{rule}]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\n\
             keep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n"
        );
        let day = |text| Day::parse(text).unwrap();
        Active {
            id: RunId::new(Timestamp::UNIX_EPOCH),
            rule: RuleFile::parse("onerow.toml", &text).unwrap().rules[0].name.clone(),
            window: Window::range(day(from), day(to)).unwrap(),
            began: Timestamp::UNIX_EPOCH,
            who: "test".to_owned(),
            undoes: None,
        }
    }

    #[test]
    fn a_rule_and_date_have_one_run_at_a_time() {
        let running = Arc::new(Running::default());
        let first = run("a", "2026-01-20", "2026-01-22");
        let id = first.id.clone();
        let ticket = running.begin(first).unwrap();
        let again = running.begin(run("a", "2026-01-22", "2026-01-23"));
        assert_eq!(again.err(), Some(Refused::UnderWay(id)));
        assert!(running.begin(run("a", "2026-01-23", "2026-01-23")).is_ok());
        assert!(running.begin(run("b", "2026-01-22", "2026-01-22")).is_ok());
        drop(ticket);
        assert!(running.begin(run("a", "2026-01-22", "2026-01-22")).is_ok());
        assert_eq!(running.count(), 0);
        running.close();
        assert_eq!(
            running.begin(run("a", "2026-01-22", "2026-01-22")).err(),
            Some(Refused::Closed)
        );
    }

    #[test]
    fn there_is_an_end_to_how_many_wait() {
        let running = Arc::new(Running::default());
        let names: Vec<String> = (0..=limits::RUNS).map(|i| format!("r{i}")).collect();
        let mut tickets: Vec<_> =
            names.iter().map(|name| running.begin(run(name, "2026-01-22", "2026-01-22"))).collect();
        assert_eq!(tickets.pop().unwrap().err(), Some(Refused::Full));
        assert!(tickets.iter().all(Result::is_ok));
    }
}

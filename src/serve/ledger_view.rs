//! What the ledger knows of all rules, read once for all viewers and read again in the background.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::lookup::Found;
use super::problem::{Code, Problem};
use super::{Shared, blocking, limits, read_failed};
use crate::rule::RuleName;
use crate::run::{self, Known};

/// What the ledger knows of all rules.
pub(super) struct LedgerView {
    /// What is known of each rule with runs in the last days.
    pub rules: BTreeMap<RuleName, Known>,
    /// When the ledger was read.
    pub at: Timestamp,
    /// The number of runs of this process that had ended by then.
    changes: usize,
    took: Duration,
}

/// The last reading, or why there is none.
pub(super) type Read = Result<Arc<LedgerView>, Problem>;

/// What the ledger knew at most ten minutes ago, for metrics: they are asked for often, and each reading may cost.
pub(super) async fn of_late(service: &Shared) -> Option<Arc<LedgerView>> {
    let is_late = |last: &Found<Read>| last.at.elapsed() >= limits::SCRAPED;
    if service.ledger_view.last().is_none_or(|last| is_late(&last)) {
        begin(service);
        service.ledger_view.settled(limits::GLANCE).await;
    }
    service.ledger_view.last().and_then(|last| last.found.ok())
}

fn begin(service: &Shared) {
    let reading = service.clone();
    service.ledger_view.begin(async move { read(&reading).await });
}

/// What the ledger knows of the last days. A reading that is too old is replaced, and waited for this long; after
/// that, the one before is returned. Errors: the ledger does not answer, or its first reading takes longer.
pub(super) async fn view(service: &Shared, within: Duration) -> Read {
    let until = Instant::now() + within;
    // A reading that began before a run ended does not have its end.
    for _ in 0..2 {
        if is_new(service) {
            break;
        }
        begin(service);
        service.ledger_view.settled(until.saturating_duration_since(Instant::now())).await;
    }
    match service.ledger_view.last() {
        Some(last) => last.found,
        None => Err(Problem::new(Code::Unavailable)
            .detail("the ledger is being read for the first time; reload the page")),
    }
}

/// Whether the last reading can be shown. A ledger that takes long to read is read less often.
fn is_new(service: &Shared) -> bool {
    let Some(last) = service.ledger_view.last() else { return false };
    match last.found {
        Ok(view) => {
            let is_of_all = view.changes == service.changes.load(Ordering::SeqCst);
            is_of_all && last.at.elapsed() < limits::FRESH.max(view.took * limits::READING_SHARE)
        }
        Err(_) => false,
    }
}

async fn read(service: &Shared) -> Read {
    let (changes, began) = (service.changes.load(Ordering::SeqCst), Instant::now());
    let at = service.engine.now();
    let reading = service.clone();
    let read = blocking(move || {
        let runs = reading.engine.history(None, limits::RECENT)?;
        Ok(run::known(&runs, at))
    });
    let rules = read.await.map_err(|error| read_failed(service, &error))?;
    Ok(Arc::new(LedgerView { rules, at, changes, took: began.elapsed() }))
}

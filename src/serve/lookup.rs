//! A background lookup, shared by concurrent requests.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The last result, and whether a lookup is in progress.
pub(super) struct Lookup<T>(Arc<watch::Sender<State<T>>>);

struct State<T> {
    last: Option<Found<T>>,
    under_way: bool,
}

/// A result and its time.
#[derive(Clone)]
pub(super) struct Found<T> {
    pub found: T,
    pub at: Instant,
}

impl<T: Clone + Send + Sync + 'static> Lookup<T> {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State { last: None, under_way: false })))
    }

    /// The last result.
    pub fn last(&self) -> Option<Found<T>> {
        self.0.borrow().last.clone()
    }

    /// Starts a lookup, unless one is in progress. It continues if the caller disconnects.
    pub fn begin(&self, look: impl Future<Output = T> + Send + 'static) {
        let begun = self.0.send_if_modified(|state| !std::mem::replace(&mut state.under_way, true));
        if begun {
            let state = self.0.clone();
            tokio::spawn(async move {
                // A lookup that panics leaves no result, but has ended.
                let found = tokio::spawn(look).await.ok();
                let found = found.map(|found| Found { found, at: Instant::now() });
                state.send_modify(|state| {
                    state.last = found.or(state.last.take());
                    state.under_way = false;
                });
            });
        }
    }

    /// Waits until no lookup is in progress, at most this long.
    pub async fn settled(&self, within: Duration) {
        let mut state = self.0.subscribe();
        let _ = tokio::time::timeout(within, state.wait_for(|state| !state.under_way)).await;
    }
}

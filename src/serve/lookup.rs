//! Something that is looked up in the background, once for all who ask at the same time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// What was found last, and whether somebody looks.
pub(super) struct Lookup<T>(Arc<watch::Sender<State<T>>>);

struct State<T> {
    last: Option<Found<T>>,
    under_way: bool,
}

/// What was found, and when.
#[derive(Clone)]
pub(super) struct Found<T> {
    pub found: T,
    pub at: Instant,
}

impl<T: Clone + Send + Sync + 'static> Lookup<T> {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(State { last: None, under_way: false })))
    }

    /// What was found last.
    pub fn last(&self) -> Option<Found<T>> {
        self.0.borrow().last.clone()
    }

    /// Begins to look, unless somebody does already. It goes on if whoever began it leaves.
    pub fn begin(&self, look: impl Future<Output = T> + Send + 'static) {
        let begun = self.0.send_if_modified(|state| !std::mem::replace(&mut state.under_way, true));
        if begun {
            let state = self.0.clone();
            tokio::spawn(async move {
                // Of one that panics, nothing is known but that it has ended.
                let found = tokio::spawn(look).await.ok();
                let found = found.map(|found| Found { found, at: Instant::now() });
                state.send_modify(|state| {
                    state.last = found.or(state.last.take());
                    state.under_way = false;
                });
            });
        }
    }

    /// Waits until nobody looks, at most so long.
    pub async fn settled(&self, within: Duration) {
        let mut state = self.0.subscribe();
        let _ = tokio::time::timeout(within, state.wait_for(|state| !state.under_way)).await;
    }
}

//! Notifying webhooks of finished runs, in the background: neither a response nor the next run of the same
//! dates waits for it.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::{Shared, limits};
use crate::error::{Error, Kind};
use crate::log::Line;
use crate::notify::{self, Channel, RunEvent};
use crate::run::RunOutcome;

/// The webhooks, and the pending messages.
pub(super) struct Notifications {
    channels: Vec<Channel>,
    places: Arc<Semaphore>,
}

impl Notifications {
    pub fn new(channels: Vec<Channel>) -> Self {
        Self { channels, places: Arc::new(Semaphore::new(limits::NOTIFICATIONS as usize)) }
    }

    /// The names of the webhooks, separated by commas.
    pub fn names(&self) -> Option<String> {
        let names: Vec<&str> = self.channels.iter().map(|c| c.webhook().name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    /// Waits until no messages are pending.
    pub async fn idle(&self) {
        // The semaphore is never closed.
        let _ = self.places.acquire_many(limits::NOTIFICATIONS).await;
    }
}

/// Starts notifying the end of a run, without waiting.
pub(super) fn begin(service: &Shared, ended: RunOutcome) {
    let notifications = &service.notifications;
    if notifications.channels.is_empty() || ended.is_quiet() {
        return;
    }
    let Ok(place) = notifications.places.clone().try_acquire_owned() else {
        let error =
            Error::new(Kind::Webhook, "webhooks were not called: too many messages are queued");
        let line = Line::of_error(&error).run(ended.run.as_deref());
        return service.log.line(line.with("rule", ended.rule.as_str()));
    };
    let service = service.clone();
    tokio::spawn(async move {
        tell(&service, ended).await;
        drop(place);
    });
}

async fn tell(service: &Shared, ended: RunOutcome) {
    let (run, rule) = (ended.run.clone(), ended.rule.clone());
    let not_told = |error: &Error| {
        let line = Line::of_error(error).run(run.as_deref());
        service.log.line(line.with("rule", rule.as_str()));
    };
    let looking = service.clone();
    let looked = tokio::task::spawn_blocking(move || {
        let mut event = RunEvent::of(ended);
        let looked = looking.engine.look_into(&mut event, &looking.notifications.channels);
        (event, looked)
    });
    let Ok((event, looked)) = looked.await else {
        return not_told(&Error::new(Kind::Webhook, "webhooks were not called: a worker panicked"));
    };
    if let Err(error) = looked {
        not_told(&error);
    }
    let now = service.engine.now();
    for lost in notify::send(notify::messages(&service.notifications.channels, &[event], now)).await
    {
        not_told(&lost.error);
    }
}

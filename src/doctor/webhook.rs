//! Whether a webhook is usable. Sends nothing.

use super::{Line, Lines, Topic};
use crate::error::Result;
use crate::rule::Webhook;

/// Checks a webhook whose address was read: `told` is whether it is enabled, or the problem.
pub fn webhook(webhook: &Webhook, told: &Result<bool>) -> Vec<Line> {
    let mut lines = Lines::about(None);
    let (name, variable) = (&webhook.name, &webhook.url_env);
    match told {
        Ok(true) => lines.good(
            Topic::Webhook,
            format!("`{name}`: {variable} holds an address; nothing was sent to it"),
        ),
        Ok(false) => {
            lines.skipped(Topic::Webhook, format!("`{name}`: {variable} is `off`: nothing is sent"))
        }
        Err(error) => lines.failed(Topic::Webhook, error),
    }
    lines.lines
}

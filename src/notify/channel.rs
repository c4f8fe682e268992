//! A webhook and its address.

use std::ffi::OsString;

use super::address::{Address, address};
use crate::error::Result;
use crate::rule::{RuleName, Webhook};

/// An enabled webhook.
#[derive(Debug, Clone)]
pub struct Channel {
    webhook: Webhook,
    address: Address,
}

impl Channel {
    /// The webhook's settings.
    pub fn webhook(&self) -> &Webhook {
        &self.webhook
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }
}

/// The webhooks for runs of these rules, with their addresses. Webhooks whose variable is `off` are omitted.
///
/// # Errors
/// A variable is missing, or is not a usable address.
pub fn channels<'a>(
    webhooks: &[Webhook],
    rules: impl IntoIterator<Item = &'a RuleName>,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Vec<Channel>> {
    let rules: Vec<&RuleName> = rules.into_iter().collect();
    let mut channels = Vec::new();
    for webhook in webhooks {
        if rules.iter().any(|rule| webhook.concerns(rule))
            && let Some(address) = address(webhook, env)?
        {
            channels.push(Channel { webhook: webhook.clone(), address });
        }
    }
    Ok(channels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(name: &str, variable: &str, rule: Option<&str>) -> Webhook {
        let rules = rule.map(|rule| vec![RuleName::parse(rule).unwrap()]);
        Webhook { rules, ..Webhook::fixed(name, variable) }
    }

    fn env(name: &str) -> Option<OsString> {
        match name {
            "GOOD" => Some("https://hooks.example/SECRET".into()),
            "BAD" => Some("hooks.example/SECRET".into()),
            "EMPTY" => Some("".into()),
            "OFF" => Some("off".into()),
            _ => None,
        }
    }

    #[test]
    fn a_channel_is_a_webhook_that_is_told_of_one_of_the_rules_and_is_not_off() {
        let rules = ["events", "visits"].map(|rule| RuleName::parse(rule).unwrap());
        let webhooks = [
            webhook("all", "GOOD", None),
            webhook("off", "OFF", None),
            webhook("other", "MISSING", Some("others")),
            webhook("one", "GOOD", Some("visits")),
        ];
        let found = channels(&webhooks, &rules, &env).unwrap();
        let names: Vec<&str> = found.iter().map(|c| c.webhook().name.as_str()).collect();
        assert_eq!(names, ["all", "one"]);
    }

    #[test]
    fn a_variable_without_a_usable_address_is_named_and_not_quoted() {
        let rules = [RuleName::parse("events").unwrap()];
        for (variable, what) in
            [("MISSING", "is not set"), ("EMPTY", "is empty"), ("BAD", "holds no address")]
        {
            let error = channels(&[webhook("ops", variable, None)], &rules, &env).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(&format!("webhook `ops`: {variable} {what}")), "{text}");
            assert!(!text.contains("SECRET"), "{text}");
            assert_eq!(error.exit_code(), 2);
        }
    }
}

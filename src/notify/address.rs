//! The address of a webhook: a secret from an environment variable.

use std::ffi::OsString;
use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use super::reach::is_local;
use crate::error::{Error, Kind, Result};
use crate::rule::Webhook;

/// The value of a variable that disables its webhook.
const OFF: &str = "off";

/// The address of a webhook: https, or http on this machine. Never displayed.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl Address {
    /// Parses an address. The error does not repeat it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let url = Url::parse(text.trim()).map_err(|_| "no address")?;
        let address = Self(url);
        match address.0.scheme() {
            _ if !address.0.has_host() => Err("no address of a host"),
            "https" => Ok(address),
            "http" if address.is_here() => Ok(address),
            "http" => Err("an http address, which anybody on the way could read"),
            _ => Err("no https address"),
        }
    }

    /// Whether it is on this machine.
    pub(super) fn is_here(&self) -> bool {
        self.ip().map_or(self.host() == "localhost", |ip| ip.is_loopback())
    }

    /// Whether the host is a local IP address or `localhost`. Other names are resolved when a message is sent.
    fn is_local(&self) -> bool {
        self.ip().map_or(self.host() == "localhost", is_local)
    }

    /// The host's name, or its IP address.
    pub(super) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// The IP address, if the host is not a name.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    pub(super) fn url(&self) -> &Url {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(hidden)")
    }
}

/// Reads the address of a webhook; `None` if its variable is `off`.
///
/// # Errors
/// The variable is missing, is not a usable address, or is a local one that the rule file does not allow.
pub fn address(
    webhook: &Webhook,
    env: &dyn Fn(&str) -> Option<OsString>,
) -> Result<Option<Address>> {
    let (name, variable) = (&webhook.name, webhook.url_env.as_str());
    let wrong = |what: &str| {
        Error::new(Kind::WebhookAddress, format!("webhook `{name}`: {variable} {what}")).help(
            format!("put the address that Slack gave into {variable}, or `{OFF}` to send nothing"),
        )
    };
    let Some(value) = env(variable) else { return Err(wrong("is not set")) };
    let text = value.into_string().map_err(|_| wrong("is not UTF-8"))?;
    match text.trim() {
        "" => Err(wrong("is empty")),
        OFF => Ok(None),
        text => {
            let address = Address::parse(text).map_err(|what| wrong(&format!("holds {what}")))?;
            match address.is_local() && !webhook.allow_local {
                true => Err(wrong("holds a loopback, link-local or metadata address").help(
                    format!("where that is meant, write allow_local = true in [webhook.{name}]"),
                )),
                false => Ok(Some(address)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_https_or_on_this_machine() {
        for good in [
            "https://hooks.example/T0/B0",
            " https://hooks.example/T0/B0\n",
            "http://localhost:8080/x",
            "http://127.0.0.1/x",
            "http://127.9.9.9/x",
            "http://[::1]:1/x",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "hooks.example/T0",
            "http://hooks.example/T0",
            "http://localhost.example/T0",
            "http://127.0.0.1.example/T0",
            "http://10.0.0.1/T0",
            "http://0.0.0.0/T0",
            "file:///etc/passwd",
            "ftp://hooks.example",
            "https://",
            "javascript:alert(1)",
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_of_this_machine_or_its_link_is_refused_unless_the_rule_file_allows_it() {
        let webhook = |allow_local| Webhook { allow_local, ..Webhook::fixed("ops", "OPS_URL") };
        for local in [
            "http://127.0.0.1:8080/SECRET",
            "https://localhost/SECRET",
            "https://[::1]/SECRET",
            "https://169.254.169.254/SECRET",
            "https://2852039166/SECRET",
            "https://0x7f.1/SECRET",
            "https://0/SECRET",
            "https://[::ffff:169.254.169.254]/SECRET",
        ] {
            let env = |_: &str| Some(OsString::from(local));
            let error = address(&webhook(false), &env).unwrap_err();
            assert_eq!(error.exit_code(), 2);
            let text = error.to_string();
            assert!(text.contains("allow_local = true in [webhook.ops]"), "{local}: {text}");
            assert!(!text.contains("SECRET"), "{text}");
            assert!(address(&webhook(true), &env).unwrap().is_some(), "{local}");
        }
    }

    #[test]
    fn an_address_never_shows_itself() {
        let address = Address::parse("https://hooks.example/SECRET").unwrap();
        assert_eq!(format!("{address:?}"), "Address(hidden)");
    }
}

//! Sending notifications, with a time limit and retries for transient failures.

use std::net::SocketAddr;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Message;
use super::address::Address;
use super::channel::Channel;
use super::reach::is_local;
use crate::error::{Error, Kind};

/// The time limit for all notifications.
pub const BUDGET: Duration = Duration::from_secs(10);
const CONNECT: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// A message that was not delivered.
#[derive(Debug)]
pub struct NotTold {
    /// The run, if the message is about only one.
    pub run: Option<String>,
    /// The reason, of kind [`Kind::Webhook`]. It does not contain the webhook's address.
    pub error: Error,
}

/// Sends all messages concurrently, within [`BUDGET`]. Returns those that were not delivered.
pub async fn send(messages: Vec<Message>) -> Vec<NotTold> {
    let until = Instant::now() + BUDGET;
    let mut under_way: JoinSet<Option<NotTold>> = JoinSet::new();
    for message in messages {
        under_way.spawn(async move {
            let sent = deliver(&message, until).await;
            let error = sent.err().map(|failure| failure.error(&message))?;
            Some(NotTold { run: message.run, error })
        });
    }
    let ended = under_way.join_all().await;
    ended.into_iter().flatten().collect()
}

/// Like [`send`], but blocks until done.
pub fn send_and_wait(messages: Vec<Message>) -> Vec<NotTold> {
    if messages.is_empty() {
        return Vec::new();
    }
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(cause) => {
            let error = Error::new(Kind::Webhook, "cannot send notifications").caused_by(cause);
            return vec![NotTold { run: None, error }];
        }
    };
    let lost = runtime.block_on(send(messages));
    // A pending name lookup does not delay the return.
    runtime.shutdown_background();
    lost
}

/// The reason why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// A response without success.
    Status(StatusCode, Option<Duration>),
    /// The server could not be reached.
    Unreachable(Option<std::io::ErrorKind>),
    /// The connection was closed before a response.
    Lost,
    /// No response in time: the message may have arrived.
    Late,
    /// The message could not be sent at all.
    Unsendable,
    /// The name resolves to a local address.
    Local,
}

async fn deliver(message: &Message, until: Instant) -> Result<(), Failure> {
    let left = || until.saturating_duration_since(Instant::now());
    let pauses =
        ExponentialBuilder::default().with_jitter().with_min_delay(FIRST_PAUSE).without_max_times();
    (|| attempt(message, left()))
        .retry(pauses)
        .when(Failure::may_pass)
        .adjust(|failure, pause| {
            let pause = pause?.max(failure.asks_to_wait());
            (pause < left()).then_some(pause)
        })
        .await
}

/// The addresses of a webhook's name. Resolved once per attempt and checked before anything is sent; the
/// client connects only to these addresses, so a later change of the name has no effect. `None` if there is
/// no name to resolve, or only the proxy resolves it.
async fn leads_to(channel: &Channel, left: Duration) -> Result<Option<Vec<SocketAddr>>, Failure> {
    let address = channel.address();
    let allowed = channel.webhook().allow_local;
    if let Some(ip) = address.ip() {
        return if is_local(ip) && !allowed { Err(Failure::Local) } else { Ok(None) };
    }
    let port = address.url().port_or_known_default().unwrap_or_default();
    let asked = tokio::net::lookup_host((address.host(), port));
    let found: Vec<SocketAddr> = match tokio::time::timeout(left.min(CONNECT), asked).await {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(_)) | Err(_) if is_proxied() => return Ok(None),
        Ok(Err(cause)) => return Err(Failure::Unreachable(Some(cause.kind()))),
        Err(_) => return Err(Failure::Unreachable(Some(std::io::ErrorKind::TimedOut))),
    };
    match found.iter().any(|found| is_local(found.ip())) && !allowed {
        true => Err(Failure::Local),
        false => Ok(Some(found)),
    }
}

/// Whether a proxy, which resolves names itself, is used.
fn is_proxied() -> bool {
    let names = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];
    names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// A client that connects only to these addresses of the host.
fn client(address: &Address, leads_to: Option<&[SocketAddr]>) -> Result<Client, Failure> {
    let builder = Client::builder()
        .connect_timeout(CONNECT)
        .redirect(Policy::none())
        .user_agent(concat!("onerow/", env!("CARGO_PKG_VERSION")));
    let builder = if address.is_here() { builder.no_proxy() } else { builder };
    let builder = match leads_to {
        Some(addresses) => builder.resolve_to_addrs(address.host(), addresses),
        None => builder,
    };
    builder.build().map_err(|_| Failure::Unsendable)
}

async fn attempt(message: &Message, left: Duration) -> Result<(), Failure> {
    let began = Instant::now();
    let leads_to = leads_to(&message.channel, left).await?;
    let left = left.saturating_sub(began.elapsed());
    let request = client(message.channel.address(), leads_to.as_deref())?
        .post(message.channel.address().url().clone())
        .header(CONTENT_TYPE, "application/json")
        .timeout(left)
        .body(message.body.clone());
    let answer = request.send().await.map_err(|error| Failure::of(&error))?;
    let seconds = answer.headers().get(RETRY_AFTER).and_then(|after| after.to_str().ok());
    let after = seconds.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    match answer.status() {
        status if status.is_success() => Ok(()),
        status => Err(Failure::Status(status, after)),
    }
}

impl Failure {
    /// Uses only the kind of the error, whose text may contain the address.
    fn of(error: &reqwest::Error) -> Self {
        match () {
            () if error.is_connect() => Self::Unreachable(io_kind(error)),
            () if error.is_builder() => Self::Unsendable,
            () if error.is_timeout() => Self::Late,
            () => Self::Lost,
        }
    }

    /// Whether a retry may succeed. A duplicate notification is better than none.
    fn may_pass(&self) -> bool {
        match self {
            Self::Status(status, _) => {
                *status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
            }
            Self::Unreachable(_) | Self::Lost => true,
            Self::Late | Self::Unsendable | Self::Local => false,
        }
    }

    fn asks_to_wait(&self) -> Duration {
        match self {
            Self::Status(_, after) => after.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }

    fn error(self, message: &Message) -> Error {
        let webhook = message.channel.webhook();
        let (name, variable) = (&webhook.name, &webhook.url_env);
        let message = match self {
            Self::Status(status, _) => format!("it answered with HTTP {}", status.as_u16()),
            Self::Unreachable(Some(kind)) => format!("it cannot be reached: {kind}"),
            Self::Unreachable(None) => "it cannot be reached".to_owned(),
            Self::Lost => "the connection was closed".to_owned(),
            Self::Late => format!("it did not answer within {} seconds", BUDGET.as_secs()),
            Self::Unsendable => "nothing can be sent to it".to_owned(),
            Self::Local => {
                "its host name resolves to a loopback, link-local or metadata address".to_owned()
            }
        };
        let help = match self {
            Self::Status(status, _) if status.is_redirection() => {
                format!(
                    "the URL redirects, and redirects are not followed: set {variable} to the final URL"
                )
            }
            Self::Status(status, _) if status.is_client_error() && !self.may_pass() => {
                format!("check that {variable} still holds its address")
            }
            Self::Local => {
                format!("where that is meant, write allow_local = true in [webhook.{name}]")
            }
            _ => "the run itself is not affected".to_owned(),
        };
        Error::new(Kind::Webhook, format!("could not notify webhook `{name}`: {message}"))
            .help(help)
    }
}

/// The kind of the underlying I/O error, if any.
fn io_kind(error: &reqwest::Error) -> Option<std::io::ErrorKind> {
    let first = std::error::Error::source(error);
    let mut causes = std::iter::successors(first, |cause| cause.source());
    causes.find_map(|cause| cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_arrive_is_sent_again_and_what_was_refused_is_not() {
        let status = |code: u16| Failure::Status(StatusCode::from_u16(code).unwrap(), None);
        for code in [429, 500, 502, 503, 504] {
            assert!(status(code).may_pass(), "{code}");
        }
        for code in [301, 302, 307, 308, 400, 401, 403, 404, 410] {
            assert!(!status(code).may_pass(), "{code}");
        }
        assert!(Failure::Unreachable(None).may_pass());
        assert!(Failure::Lost.may_pass());
        assert!(!Failure::Late.may_pass());
        assert!(!Failure::Local.may_pass());
    }

    #[test]
    fn what_is_connected_to_is_what_was_looked_at_whatever_the_name_leads_to_by_then() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let here = listener.local_addr().unwrap();
        let url = format!("https://hooks.example:{}/T0", here.port());
        let client = client(&Address::parse(&url).unwrap(), Some(&[here])).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let reached = std::thread::spawn(move || listener.accept().is_ok());
        let sent = async { client.post(&url).timeout(Duration::from_secs(5)).send().await };
        assert!(runtime.block_on(sent).is_err(), "nobody answers there");
        assert!(reached.join().unwrap());
    }
}

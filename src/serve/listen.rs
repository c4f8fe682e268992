//! Connections: their number, time limits, and shutdown.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::Instant;
use tokio_io_timeout::TimeoutWriter;

use super::admission::Connection;
use super::crowd::Origin;
use super::keys::Right;
use super::written::Written;
use super::{Shared, api, blocking, limits, router};
use crate::error::{Error, Kind, Result};
use crate::log::{Line, Severity};

/// How the service ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All runs had ended.
    Complete,
    /// A run had not stopped in time: the ledger has it as started, and the next run looks up its outcome.
    HandedOver,
}

/// A listener on the address, with room for clients that connect at the same time: one that finds no room tries
/// again only after a second.
/// Source: <https://datatracker.ietf.org/doc/html/rfc6298#section-2>
fn listener(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows, this would let another process listen on the same address.
    socket.set_reuseaddr(cfg!(not(windows)))?;
    socket.bind(address)?;
    socket.listen(limits::CONNECTING)
}

/// Listens and answers until SIGTERM or SIGINT.
pub(super) async fn listen(address: SocketAddr, service: Shared) -> Result<Stopped> {
    let cannot = |cause| Error::io(format!("cannot listen on {address}"), cause);
    let listener = listener(address).map_err(cannot)?;
    let address = listener.local_addr().map_err(cannot)?;
    // Before any client can connect.
    let mut asked = std::pin::pin!(asked_to_terminate()?);
    greet(&service, address);
    remember(&service);
    let graceful = GracefulShutdown::new();
    let answering = TowerToHyperService::new(router(service.clone()));
    let mut server = http1::Builder::new();
    server
        .timer(TokioTimer::new())
        .header_read_timeout(limits::ARRIVAL)
        .max_buf_size(limits::HEAD)
        .max_headers(limits::HEADERS);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut asked => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The client disconnected before it was accepted.
            Err(cause) if cause.kind() == std::io::ErrorKind::ConnectionAborted => continue,
            // No file descriptors are left.
            Err(cause) => {
                let message = format!("cannot take a connection: {cause}");
                service.log.line(Line::new(Severity::Warning, message));
                service.strangers.turn_one_out();
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (connection, turned_out) = Connection::enter(&service, Origin::of(peer.ip()));
        let (reader, writer) = stream.into_split();
        // A client that does not read its response is not waited for.
        let mut writer = TimeoutWriter::new(writer);
        writer.set_timeout(Some(limits::PROGRESS));
        let stream = tokio::io::join(Written::new(reader), Box::pin(writer));
        let answering = answering.clone();
        let answering = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(connection.clone());
            answering.call(request)
        });
        let answered = graceful.watch(server.serve_connection(TokioIo::new(stream), answering));
        tokio::spawn(async move {
            tokio::select! {
                // Errors of a connection concern only its client.
                _ = answered => {}
                () = turned_out => {}
            }
        });
    }
    drop(listener);
    Ok(end(&service, graceful).await)
}

fn greet(service: &Shared, address: SocketAddr) {
    let log = &service.log;
    let keys = &service.access.keys;
    log.line(Line::new(Severity::Info, format!("listening on http://{address}")));
    if let Some(names) = service.notifications.names() {
        log.line(Line::new(Severity::Info, format!("webhooks that are notified of runs: {names}")));
    }
    log.line(match service.access.is_open() {
        true => Line::new(
            Severity::Notice,
            "no API keys are configured: serving localhost only, where everyone may apply",
        ),
        false => Line::new(
            Severity::Info,
            format!(
                "keys that may apply: {}, that may only read: {}",
                keys.count(Right::Apply),
                keys.count(Right::Read)
            ),
        ),
    });
}

/// Preloads the signing keys of tokens, the state of the warehouse, and the last successes in the ledger, so
/// that a restart does not look like an outage.
fn remember(service: &Shared) {
    if let Some(oidc) = &service.access.oidc {
        oidc.fetch();
    }
    api::look_whether_ready(service);
    let service = service.clone();
    tokio::spawn(async move {
        let looking = service.clone();
        match blocking(move || looking.engine.history(None, limits::RECENT)).await {
            Ok(runs) => service.metrics.remember(&runs),
            Err(error) => service.log.line(Line::of_error(&error)),
        }
    });
}

/// Lets runs finish, then stops them gracefully, then returns.
async fn end(service: &Shared, graceful: GracefulShutdown) -> Stopped {
    service.running.close();
    let log = &service.log;
    let count = service.running.count();
    log.line(Line::new(
        Severity::Notice,
        format!("asked to terminate; {count} runs are under way"),
    ));
    let until = Instant::now() + limits::FINISH + limits::STOP;
    let answered = tokio::spawn(graceful.shutdown());
    if tokio::time::timeout(limits::FINISH, service.running.idle()).await.is_err() {
        service.engine.interrupt().request();
        let stopped = tokio::time::timeout(limits::STOP - limits::LEAVE, service.running.idle());
        if stopped.await.is_err() {
            service.leaving.send_replace(true);
            let _ = tokio::time::timeout_at(until, answered).await;
            told(service, until).await;
            log.line(Line::new(
                Severity::Warning,
                "a run has not stopped yet; the next one finds out what became of it",
            ));
            return Stopped::HandedOver;
        }
    }
    told(service, until).await;
    // The last responses are still being sent.
    let _ = tokio::time::timeout_at(until, answered).await;
    log.line(Line::new(Severity::Info, "stopped"));
    Stopped::Complete
}

/// Waits for pending messages to webhooks, and logs if they take too long.
async fn told(service: &Shared, until: Instant) {
    if tokio::time::timeout_at(until, service.notifications.idle()).await.is_err() {
        let error = Error::new(Kind::Webhook, "a webhook did not answer before the service ended");
        service.log.line(Line::of_error(&error));
    }
}

/// Ends on SIGTERM or SIGINT; listens from the call on.
#[cfg(unix)]
fn asked_to_terminate() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let cannot = |cause| Error::io("cannot listen for signals", cause);
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ends on a request to terminate.
#[cfg(not(unix))]
fn asked_to_terminate() -> Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn five_hundred_clients_that_connect_at_the_same_time_find_room() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _entered = runtime.enter();
        let listener = listener(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let address = listener.local_addr().unwrap();
        // Linux before 5.4 allows 128.
        let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn");
        let most = most.ok().and_then(|most| most.trim().parse().ok()).unwrap_or(128);
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(900));
        let connected: Vec<TcpStream> =
            (0..most.min(500)).map(connect).map(Result::unwrap).collect();
        assert!(connected.len() >= 128);
    }
}

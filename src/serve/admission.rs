//! Admission to the service's resources: callers with a key have reserved places, and all unauthenticated
//! callers share a few.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderName, HeaderValue, Version, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::OwnedSemaphorePermit;

use super::access::Caller;
use super::crowd::{Origin, Place};
use super::problem::{Code, Problem};
use super::{Shared, pages, session};

/// A connection, as seen by its requests: unauthenticated until one of them has a key.
#[derive(Clone)]
pub(super) struct Connection {
    origin: Origin,
    admission: Arc<Mutex<Admission>>,
}

enum Admission {
    Stranger(#[expect(dead_code, reason = "held")] Place),
    Known(#[expect(dead_code, reason = "held")] OwnedSemaphorePermit),
}

impl Connection {
    /// Creates a connection. The returned future ends when the connection must be closed for others.
    pub fn enter(
        service: &Shared,
        origin: Origin,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (place, turned_out) = service.strangers.enter(origin);
        let admission = Arc::new(Mutex::new(Admission::Stranger(place)));
        (Self { origin, admission }, turned_out)
    }

    /// Marks the connection as authenticated. Returns whether there is a place for it.
    fn vouch(&self, service: &Shared) -> bool {
        let mut admission = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        if let Admission::Known(_) = *admission {
            return true;
        }
        let permit = service.connections.clone().try_acquire_owned();
        permit.map(|permit| *admission = Admission::Known(permit)).is_ok()
    }

    fn is_strange(&self) -> bool {
        let admission = self.admission.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(*admission, Admission::Stranger(_))
    }
}

/// The origin of a request.
pub(super) fn origin(request: &Request) -> Origin {
    let connection = request.extensions().get::<Connection>();
    let unknown = || Origin::of(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    connection.map_or_else(unknown, |connection| connection.origin)
}

/// The sender of a request, by its key or token.
#[derive(Clone)]
struct Sender(Result<Caller, Problem>);

impl Caller {
    /// Authenticates the request of these parts.
    ///
    /// # Errors
    /// The caller is unknown.
    pub fn of(parts: &Parts) -> Result<Self, Problem> {
        let sender = parts.extensions.get::<Sender>().cloned();
        sender.map_or_else(|| Err(Problem::new(Code::Unauthorized)), |Sender(caller)| caller)
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Problem> {
        Self::of(parts)
    }
}

/// The response to a request. Closes an unauthenticated connection.
pub(super) async fn answered(
    service: &Shared,
    request: Request,
    next: Next,
    path: &str,
    probe: bool,
) -> Response {
    let connection = request.extensions().get::<Connection>().cloned();
    // The bytes after a chunked body have not been checked: see `written`.
    let in_chunks = request.headers().contains_key(header::TRANSFER_ENCODING);
    let (mut response, is_written) = match (written(&request), probe) {
        (Err(problem), _) => (problem.into_response(), false),
        (Ok(()), true) => (next.run(request).await, true),
        (Ok(()), false) => (admitted(service, request, next, path).await, true),
    };
    let strange = connection.is_some_and(|connection| connection.is_strange());
    if strange || in_chunks || !is_written {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

async fn admitted(service: &Shared, mut request: Request, next: Next, path: &str) -> Response {
    let (access, origin) = (&service.access, origin(&request));
    let crowded = || {
        Problem::new(Code::TooManyRequests)
            .detail("too many requests without a valid key at a time")
            .into_response()
    };
    let caller = match access.caller_at_once(request.headers()) {
        Some(caller) => caller,
        None => {
            let caller = access.caller(request.headers());
            match service.strange_requests.admit(origin, caller).await {
                Some(caller) => caller,
                None => return crowded(),
            }
        }
    };
    let is_page = pages::ALL.contains(&path);
    let known = caller.is_ok() || is_page && session::kept(access, request.headers()).is_some();
    request.extensions_mut().insert(Sender(caller));
    if !known {
        let answer = service.strange_requests.admit(origin, next.run(request)).await;
        return answer.unwrap_or_else(crowded);
    }
    let busy = |what: &str| Problem::new(Code::Unavailable).detail(what).into_response();
    let connection = request.extensions().get::<Connection>().cloned();
    if connection.is_some_and(|connection| !connection.vouch(service)) {
        return busy("too many connections at a time");
    }
    match service.requests.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => busy("too many requests at a time"),
    }
}

/// Headers allowed only once.
const ONCE: [HeaderName; 4] = [
    header::HOST,
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("x-api-key"),
];

/// Refuses requests that a proxy in front of the service may have parsed differently.
/// Source: <https://www.rfc-editor.org/rfc/rfc9112#section-3.2>
fn written(request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    let wrong = |what: String| Err(Problem::new(Code::MalformedRequest).detail(what));
    if let Some(name) = ONCE.iter().find(|name| headers.get_all(*name).iter().count() > 1) {
        return wrong(format!("send the header {name} once"));
    }
    match headers.get(header::HOST) {
        None if request.version() == Version::HTTP_11 => wrong("send the header Host".to_owned()),
        Some(host) if !is_host(host) => wrong("the header Host is not a host name".to_owned()),
        _ => Ok(()),
    }
}

/// A host name or address with optional port; empty if the request's address has none.
fn is_host(host: &HeaderValue) -> bool {
    let host = host.as_bytes();
    host.is_empty() || !host.contains(&b'@') && Authority::try_from(host).is_ok()
}

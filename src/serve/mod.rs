//! The HTTP service: the cleanup API for schedulers and other services, and status pages.

mod access;
mod admission;
mod answer;
mod api;
mod body;
mod cleanup;
mod confirmed;
mod crowd;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod glance;
mod keys;
mod ledger_view;
mod limits;
mod listen;
mod lookup;
mod merged;
mod metrics;
mod notifications;
mod oidc;
mod openapi;
mod page;
mod pages;
mod problem;
mod running;
mod runs;
mod session;
mod sessions;
mod tries;
mod undoing;
mod work;
mod written;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use moka::future::Cache;
use tokio::sync::{Semaphore, watch};

use crate::engine::Engine;
use crate::error::{Error, Kind, Result};
use crate::ledger::Entry;
use crate::log::{Line, Log, Severity};
use crate::notify::Channel;
use crate::report::Tariff;
use crate::rule::RuleName;
use crate::run::{Changed, PastRun, RemovedRows, Report, Superseded};
use crate::window::{Day, Window};
use access::Access;
use crowd::Crowd;
use glance::Glances;
use lookup::Lookup;
use merged::Merged;
use metrics::Metrics;
use notifications::Notifications;
use oidc::Oidc;
use problem::{Code, Problem};
use running::Running;
use runs::Failure;
use sessions::Sessions;
use tries::Tries;

pub use keys::{Keys, Right};
pub use listen::Stopped;
pub use oidc::{GOOGLE_KEYS, OidcSettings};

/// The address and the access settings of the service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address to listen on.
    pub listen: std::net::SocketAddr,
    /// The API keys.
    pub keys: Keys,
    /// The accepted tokens, if configured.
    pub oidc: Option<OidcSettings>,
    /// How long a request waits for its run.
    pub answer_within: Duration,
    /// The host name recorded with runs.
    pub host: String,
    /// The webhooks to notify.
    pub channels: Vec<Channel>,
    /// The rule of a request that names none; `None` if there are several.
    pub default_rule: Option<RuleName>,
    /// Whether runs may delete rows.
    pub may_delete: bool,
}

/// The shared state of all requests.
struct Service {
    engine: Engine,
    /// The log of messages.
    log: Log,
    default_rule: Option<RuleName>,
    may_delete: bool,
    tariff: Option<Tariff>,
    access: Access,
    answer_within: Duration,
    metrics: Arc<Metrics>,
    running: Arc<Running>,
    notifications: Notifications,
    /// Concurrent requests of callers with a key.
    requests: Semaphore,
    /// Connections of callers with a key.
    connections: Arc<Semaphore>,
    /// Connections of callers that have not sent a key yet.
    strangers: Arc<Crowd>,
    /// Concurrent requests of callers without a key.
    strange_requests: Arc<Crowd>,
    /// Sign-in attempts with wrong keys.
    tries: Tries,
    /// Set when callers that wait for a run must be answered immediately.
    leaving: watch::Sender<bool>,
    /// The number of finished runs: earlier results are not served after it changes.
    changes: AtomicUsize,
    statuses: Cache<(usize, RuleName, Window), Arc<Report>>,
    merged: Arc<Merged>,
    changed: Cache<(usize, RuleName, Option<Window>), Arc<Changed>>,
    histories: Cache<(usize, Option<RuleName>, u32), Arc<Vec<PastRun>>>,
    /// The duplicates of single dates.
    explained: Cache<(usize, RuleName, Window), Arc<Vec<Superseded>>>,
    /// The rows that runs removed of single dates.
    removed: Cache<(usize, RuleName, String, Day), Arc<RemovedRows>>,
    /// The reasons of failed runs that may not be in the ledger.
    failures: Cache<String, Arc<Failure>>,
    ready: Lookup<bool>,
    /// What the ledger knows of all rules.
    ledger_view: Lookup<ledger_view::Read>,
    /// The last counts of rules, for lists of rules.
    glances: Glances,
}

type Shared = Arc<Service>;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// The address is reachable by others and there are no keys, or the address cannot be listened on.
pub fn serve(settings: Settings, engine: Engine, log: Log) -> Result<Stopped> {
    let open = settings.keys.is_empty() && settings.oidc.is_none();
    if open && !settings.listen.ip().is_loopback() {
        return Err(Error::new(
            Kind::Service,
            format!(
                "{} is reachable from other machines, and no keys are configured",
                settings.listen
            ),
        )
        .help("give keys in ONEROW_APPLY_KEYS or --apply-keys FILE, or listen on 127.0.0.1"));
    }
    let listen = settings.listen;
    let service = Arc::new(service(settings, engine, log)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|cause| Error::io("cannot start the service", cause))?;
    let ended = runtime.block_on(listen::listen(listen, service));
    // A run that did not stop when interrupted is in the ledger as started.
    runtime.shutdown_background();
    ended
}

fn service(settings: Settings, engine: Engine, log: Log) -> Result<Service> {
    let metrics = Arc::new(Metrics::new()?);
    let (told, counted) = (log.clone(), metrics.clone());
    let engine = engine.observed_by(Arc::new(move |entry: &Entry| {
        counted.statement(entry);
        told.line(Line::of_entry(entry));
    }));
    // If the warehouse cannot be opened now, the first request could not open it either.
    engine.connect_for_runs()?;
    engine.connect_for_reading()?;
    let access = Access {
        keys: settings.keys,
        oidc: settings.oidc.map(|oidc| Oidc::new(oidc, log.clone())).transpose()?,
        host: settings.host,
        sessions: Sessions::new()?,
    };
    Ok(Service {
        tariff: engine.tariff()?,
        engine,
        log,
        default_rule: settings.default_rule,
        may_delete: settings.may_delete,
        access,
        answer_within: settings.answer_within,
        metrics,
        running: Arc::new(Running::default()),
        notifications: Notifications::new(settings.channels),
        requests: Semaphore::new(limits::REQUESTS),
        connections: Arc::new(Semaphore::new(limits::CONNECTIONS)),
        strangers: Crowd::of(limits::STRANGERS),
        strange_requests: Crowd::of(limits::STRANGE_REQUESTS),
        tries: Tries::new(),
        leaving: watch::Sender::new(false),
        changes: AtomicUsize::new(0),
        statuses: Cache::builder().max_capacity(256).time_to_live(limits::FRESH).build(),
        merged: Arc::default(),
        changed: Cache::builder().max_capacity(256).time_to_live(limits::FRESH).build(),
        histories: Cache::builder().max_capacity(64).time_to_live(limits::FRESH).build(),
        explained: Cache::builder()
            .max_capacity(limits::ROWS_OF_DATES)
            .time_to_live(limits::ROWS_KEPT)
            .build(),
        removed: Cache::builder()
            .max_capacity(limits::ROWS_OF_DATES)
            .time_to_live(limits::ROWS_KEPT)
            .build(),
        failures: Cache::builder().max_capacity(256).time_to_live(limits::REMEMBERED).build(),
        ready: Lookup::new(),
        ledger_view: Lookup::new(),
        glances: Glances::new(),
    })
}

fn router(service: Shared) -> Router {
    Router::new()
        .route("/cleanup-duplicates", post(cleanup::cleanup))
        .route("/api/status", get(api::status))
        .route("/api/runs", get(runs::runs))
        .route("/api/runs/{id}", get(runs::run))
        .route("/api/openapi.json", get(openapi::openapi))
        .route("/healthz", get(api::healthz))
        .route("/readyz", get(api::readyz))
        .route("/metrics", get(api::metrics))
        .merge(pages::router())
        .fallback(|| async { Problem::new(Code::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Code::MethodNotAllowed) })
        .layer(middleware::from_fn_with_state(service.clone(), page::for_people))
        .layer(middleware::from_fn_with_state(service.clone(), around))
        .with_state(service)
}

/// Middleware of every request: admission, headers that keep browsers from guessing types and caching, a log
/// line, a metric.
async fn around(State(service): State<Shared>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>();
    let path = path.map_or("(none)", MatchedPath::as_str).to_owned();
    let probe = path == "/healthz" || path == "/readyz";
    let mut response = admission::answered(&service, request, next, &path, probe).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let status = response.status();
    service.metrics.request(&path, status.as_u16());
    // Unauthenticated requests must not fill the log.
    if !probe && status != StatusCode::TOO_MANY_REQUESTS {
        let severity = match status.as_u16() {
            500.. => Severity::Error,
            401 | 403 => Severity::Warning,
            _ => Severity::Info,
        };
        let run = response.extensions().get::<RunOfAnswer>().map(|run| run.0.clone());
        service.log.line(
            Line::new(severity, format!("{method} {path}: {}", status.as_u16()))
                .run(run.as_deref())
                .with("took_ms", u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)),
        );
    }
    response
}

/// The run of a response, for the log.
#[derive(Clone)]
struct RunOfAnswer(String);

/// Runs a blocking function. Errors: it panicked, which is reported like other failures.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "internal error: a worker panicked")))
}

/// Logs a failure of a read-only request; callers receive the code.
fn read_failed(service: &Service, error: &Error) -> Problem {
    let problem = Problem::of(error);
    if problem.code() != Code::InvalidRequest {
        service.log.line(Line::of_error(error));
    }
    problem
}

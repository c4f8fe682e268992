//! The HTTP service: the clean-up for schedulers and other services, and how the table stands.

mod access;
mod admission;
mod answer;
mod api;
mod body;
mod cleanup;
mod crowd;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzed;
mod keys;
mod limits;
mod listen;
mod lookup;
mod metrics;
mod oidc;
mod openapi;
mod page;
mod pages;
mod problem;
mod running;
mod runs;
mod session;
mod sessions;
mod telling;
mod tries;
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
use crate::run::{Changed, PastRun, Report};
use crate::window::Window;
use access::Access;
use crowd::Crowd;
use lookup::Lookup;
use metrics::Metrics;
use oidc::Oidc;
use problem::{Code, Problem};
use running::Running;
use runs::Failure;
use sessions::Sessions;
use telling::Telling;
use tries::Tries;

pub use keys::{Keys, Right};
pub use listen::Ended;
pub use oidc::{GOOGLE_KEYS, OidcSettings};

/// How the service is reached, and by whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it listens.
    pub listen: std::net::SocketAddr,
    /// Who may call.
    pub keys: Keys,
    /// Tokens that are taken, if any are.
    pub oidc: Option<OidcSettings>,
    /// How long a request waits for its run.
    pub answer_within: Duration,
    /// The host that runs are recorded with.
    pub host: String,
    /// Who is told of runs.
    pub channels: Vec<Channel>,
    /// The rule that is meant where none is named; `None` where there are several.
    pub default_rule: Option<RuleName>,
    /// Whether runs may delete rows.
    pub may_delete: bool,
}

/// What every request may use.
struct Service {
    engine: Engine,
    /// Where messages go.
    log: Log,
    default_rule: Option<RuleName>,
    may_delete: bool,
    tariff: Option<Tariff>,
    access: Access,
    answer_within: Duration,
    metrics: Arc<Metrics>,
    running: Arc<Running>,
    telling: Telling,
    /// Places for requests of callers with a key that are worked on.
    requests: Semaphore,
    /// Places for connections of callers with a key.
    connections: Arc<Semaphore>,
    /// Those who have not sent a key yet, by their connections.
    strangers: Arc<Crowd>,
    /// Requests of strangers that are worked on.
    strange_requests: Arc<Crowd>,
    /// Wrong keys that were sent to sign in with.
    tries: Tries,
    /// Whoever still waits for a run is answered now.
    leaving: watch::Sender<bool>,
    /// How many runs have ended: what was looked at before is not told after.
    changes: AtomicUsize,
    statuses: Cache<(usize, RuleName, Window), Arc<Report>>,
    changed: Cache<(usize, RuleName, Option<Window>), Arc<Changed>>,
    histories: Cache<(usize, Option<RuleName>, u32), Arc<Vec<PastRun>>>,
    /// Why runs failed of which the ledger may have nothing.
    failures: Cache<String, Arc<Failure>>,
    ready: Lookup<bool>,
}

type Shared = Arc<Service>;

/// Serves until the process is asked to terminate. Errors: without keys, an address that others
/// can reach; an address that cannot be listened on.
pub fn serve(settings: Settings, engine: Engine, log: Log) -> Result<Ended> {
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
    // What still runs was asked to stop and did not: it is in the ledger as begun.
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
    // What does not open now would not open at the first request either.
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
        telling: Telling::new(settings.channels),
        requests: Semaphore::new(limits::REQUESTS),
        connections: Arc::new(Semaphore::new(limits::CONNECTIONS)),
        strangers: Crowd::of(limits::STRANGERS),
        strange_requests: Crowd::of(limits::STRANGE_REQUESTS),
        tries: Tries::new(),
        leaving: watch::Sender::new(false),
        changes: AtomicUsize::new(0),
        statuses: Cache::builder().max_capacity(256).time_to_live(limits::FRESH).build(),
        changed: Cache::builder().max_capacity(256).time_to_live(limits::FRESH).build(),
        histories: Cache::builder().max_capacity(64).time_to_live(limits::FRESH).build(),
        failures: Cache::builder().max_capacity(256).time_to_live(limits::REMEMBERED).build(),
        ready: Lookup::new(),
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

/// What every request has in common: who may use how much, headers that keep browsers from
/// guessing and storing, a line in the log, a count.
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
    // Strangers fill no log.
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

/// The run that an answer is about, for the log.
#[derive(Clone)]
struct RunOfAnswer(String);

/// Does something that blocks. Errors: it panicked, which is told like any other failure.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|_| Err(Error::new(Kind::Internal, "internal error: a worker panicked")))
}

/// What went wrong while looking, for the log; callers get the code.
fn looked_in_vain(service: &Service, error: &Error) -> Problem {
    let problem = Problem::of(error);
    if problem.code() != Code::InvalidRequest {
        service.log.line(Line::of_error(error));
    }
    problem
}

//! Arbitrary requests: the first line is the query string or the rest of the path, the others are the body.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use hyper::service::Service as _;
use hyper_util::service::TowerToHyperService;
use jiff::Timestamp;

use super::{Keys, Settings, body, router, service};
use crate::clock::Clock;
use crate::engine::{Engine, Streaming};
use crate::fuzzed::project;
use crate::log::{Log, LogFormat};

const ADDRESSES: [(&str, &str); 8] = [
    ("POST", "/cleanup-duplicates?"),
    ("GET", "/api/status?"),
    ("GET", "/api/runs?"),
    ("GET", "/api/runs/"),
    ("GET", "/?"),
    ("GET", "/rules/"),
    ("POST", "/sign-in?"),
    ("GET", "/"),
];

/// Sends one request to a service of the rules. The first byte chooses the path.
pub(crate) fn request(bytes: &[u8]) {
    let Some((choice, rest)) = bytes.split_first() else { return };
    let (method, address) = ADDRESSES[usize::from(*choice) % ADDRESSES.len()];
    let line = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let (query, content) = rest.split_at(line);
    let uri = [address.as_bytes(), query].concat();
    let kind = if address.starts_with("/sign-in") { body::FORM } else { body::JSON };
    let request = Request::builder()
        .method(method)
        .uri(uri.as_slice())
        .header(header::HOST, "127.0.0.1")
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(content.get(1..).unwrap_or_default().to_vec()));
    // hyper itself refuses invalid addresses.
    let Ok(request) = request else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let status = match (runtime, answering()) {
        (Ok(runtime), Ok(service)) => runtime.block_on(async {
            let answer = TowerToHyperService::new(router(Arc::new(service))).call(request);
            match answer.await {
                Ok(answer) => answer.status(),
                Err(never) => match never {},
            }
        }),
        _ => panic!("the service does not start"),
    };
    assert!(!status.is_server_error(), "{status}");
}

fn answering() -> crate::error::Result<super::Service> {
    let project = project();
    let clock = Clock::Fixed(Timestamp::UNIX_EPOCH);
    let to: Arc<Mutex<Box<dyn std::io::Write + Send>>> =
        Arc::new(Mutex::new(Box::new(std::io::sink())));
    let log = Log { format: LogFormat::Json, clock, to };
    let default_rule = project.file.rules.first().map(|rule| rule.name.clone());
    let engine = Engine::in_memory(project, Vec::new(), clock)?;
    let tables = engine.loader()?;
    for rule in &engine.project().file.rules {
        tables.load(
            &rule.table,
            &rule.columns,
            &rule.nested,
            &mut std::iter::empty(),
            Streaming::Settled,
        )?;
    }
    let settings = Settings {
        listen: ([127, 0, 0, 1], 0).into(),
        keys: Keys::default(),
        oidc: None,
        answer_within: Duration::from_secs(60),
        host: "host".to_owned(),
        channels: Vec::new(),
        default_rule,
        may_delete: true,
    };
    service(settings, engine, log)
}

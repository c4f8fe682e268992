//! A server on loopback that gives out tokens as a CI's, Google's token services and a machine's
//! metadata server do, and writes down who asked.

use std::io::Write;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value as Json, json};

use super::proxy::TOKEN;
use super::proxy::call::{Request, read};

/// The token of the other party.
pub const SUBJECT: &str = "subject-token-of-the-job";

/// What Google's token exchange gives for it.
pub const FEDERATED: &str = "federated-token";

/// What a test says instead of the answer to calls whose path ends so.
type Refusal = (&'static str, u16, Json);

#[derive(Default)]
struct State {
    seen: Vec<Request>,
    refusals: Vec<Refusal>,
}

pub struct TokenServer {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl TokenServer {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                serve(&shared, stream);
            }
        });
        Self { url, state }
    }

    /// Host and port.
    pub fn host(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// Answers calls whose path ends in `path` with this.
    pub fn refuse(self, path: &'static str, status: u16, body: Json) -> Self {
        self.state.lock().unwrap().refusals.push((path, status, body));
        self
    }

    /// What was asked, in order.
    pub fn seen(&self) -> Vec<Request> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The method and path of what was asked, without queries.
    pub fn asked(&self) -> Vec<String> {
        let line =
            |request: Request| format!("{} {}", request.method, without_query(&request.path));
        self.seen().into_iter().map(line).collect()
    }
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap()
}

fn serve(state: &Mutex<State>, mut stream: TcpStream) {
    let Some(request) = read(&stream) else { return };
    let mut state = state.lock().unwrap();
    let refusal =
        state.refusals.iter().find(|(path, ..)| without_query(&request.path).ends_with(path));
    let (status, body) = match refusal {
        Some((_, status, body)) => (*status, body.clone()),
        None => answer(&request),
    };
    state.seen.push(request);
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
    let _ = stream.shutdown(Shutdown::Both);
}

fn answer(request: &Request) -> (u16, Json) {
    let bearer = |token: &str, lasts: u32| json!({ "access_token": token, "expires_in": lasts, "token_type": "Bearer" });
    let mut federated = bearer(FEDERATED, 3599);
    federated["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token".into();
    match (request.method.as_str(), without_query(&request.path)) {
        // Source: <https://docs.github.com/en/actions/reference/security/oidc>
        ("GET", "/oidc") => (200, json!({ "count": 1, "value": SUBJECT })),
        // Source: <https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token>
        ("POST", "/v1/token") => (200, federated),
        // Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>
        ("POST", path) if path.ends_with(":generateAccessToken") => {
            let expires = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
            (200, json!({ "accessToken": TOKEN, "expireTime": expires.to_string() }))
        }
        // Source: <https://developers.google.com/identity/protocols/oauth2/web-server#offline>
        ("POST", "/token") => (200, bearer(TOKEN, 3599)),
        // Source: <https://cloud.google.com/compute/docs/access/authenticate-workloads#applications>
        ("GET", "/computeMetadata/v1/instance/service-accounts/default/token") => {
            (200, bearer(TOKEN, 3599))
        }
        (method, path) => (404, json!({ "error": format!("no {method} {path} here") })),
    }
}

//! What the emulator cannot do, a proxy between client and emulator does, over real HTTP: it
//! refuses a second job with the same id, has a streaming buffer, is slow, breaks off, lies.

use std::collections::{BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use onerow::googlesql::{SqlType, SqlValue};
use serde_json::{Value as Json, json};

use super::emulator::Emulator;

/// The token that the proxy gives out.
pub const TOKEN: &str = "let-me-in";

/// A call as BigQuery's API knows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `jobs.insert`
    Insert { id: String, step: String, sql: String, horizon: Option<Timestamp>, dry_run: bool },
    /// `jobs.get`
    Get { id: String },
    /// `jobs.cancel`
    Cancel { id: String },
    /// `jobs.getQueryResults`
    Results { id: String },
    /// `tables.get`
    Table { name: String },
    /// `tables.insert`
    CreateTable,
    /// `datasets.get`
    Dataset,
    /// A token server, or a machine's metadata server: who may ask.
    Token,
    /// Anything else.
    Other,
}

impl Call {
    /// A short name: `insert deactivate`, `results verify`, `table`.
    pub fn name(&self) -> String {
        match self {
            Self::Insert { step, dry_run: true, .. } => format!("dry run {step}"),
            Self::Insert { step, .. } => format!("insert {step}"),
            Self::Get { id } => format!("get {}", step_of(id)),
            Self::Cancel { id } => format!("cancel {}", step_of(id)),
            Self::Results { id } => format!("results {}", step_of(id)),
            Self::Table { .. } => "table".to_owned(),
            Self::CreateTable => "create table".to_owned(),
            Self::Dataset => "dataset".to_owned(),
            Self::Token => "token".to_owned(),
            Self::Other => "other".to_owned(),
        }
    }
}

/// The step of a derived job id: `onerow_<run>_<sequence>_<step>_<date>`.
fn step_of(id: &str) -> String {
    match id.split('_').collect::<Vec<_>>().as_slice() {
        ["onerow", "ledger", ..] => "ledger".to_owned(),
        ["onerow", _, _, step @ .., _] => step.join("_"),
        _ => "other".to_owned(),
    }
}

/// What is done with a call instead of passing it on.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Refused with this status and reason; nothing was executed.
    Refuse(u16, &'static str),
    /// Executed, and answered with this status all the same.
    ExecuteAndRefuse(u16, &'static str),
    /// The connection is cut; nothing was executed.
    CutBefore,
    /// Executed; the connection is cut before the answer.
    CutAfter,
    /// Executed; the connection is cut in the middle of the answer.
    CutMidBody,
    /// Executed; the answer is no JSON.
    Malformed,
    /// Executed; the answer comes this much later.
    Slow(Duration),
    /// The connection is cut, and the call arrives only when the next one of its kind does.
    Late,
    /// The job ends with this reason and message, and has changed nothing.
    End(&'static str, &'static str),
    /// Executed, and said to be running for so many looks.
    Running(u32),
    /// The job runs until it is cancelled, and then has changed nothing.
    Endless,
    /// The job runs until it is cancelled, and was done before that had an effect.
    DoneBeforeCancel,
}

type Matcher = Box<dyn Fn(&Call) -> bool + Send>;

/// What holds for every call.
#[derive(Default)]
pub struct Habits {
    /// Each answer takes this long at least.
    pub delay: Duration,
    /// What a dry run says it would read, instead of 0.
    pub dry_run_bytes: Option<u64>,
    /// Leaves out how many rows a statement changed, and all figures on what it used.
    pub hides_figures: bool,
    /// Rows written since then are in the streaming buffer: an UPDATE that reaches them is refused.
    pub buffer_since: Option<Timestamp>,
    /// Whether the metadata does not tell of the buffer.
    pub hides_buffer: bool,
    /// The sentence of refusals.
    pub said: String,
    /// What is added to the metadata of the rule's tables.
    pub table: Json,
    /// What is added to the metadata of datasets.
    pub dataset: Json,
    /// When jobs say that they began, instead of when they did.
    pub began: Option<Timestamp>,
}

#[derive(Default)]
struct State {
    faults: Vec<(Matcher, Fault, u32)>,
    habits: Habits,
    /// Every call in order, and whether it was executed.
    seen: Vec<(Call, bool)>,
    /// Calls that come late.
    late: Vec<Request>,
    /// What the calls were authorized by.
    authorized_by: BTreeSet<String>,
    jobs: HashMap<String, Held>,
}

/// A job that is not what the emulator says it is.
#[derive(Clone)]
enum Held {
    /// Passed on: the emulator knows.
    Known,
    /// Passed on, and said to be running for so many looks.
    Running(u32),
    /// Not passed on; it runs until it is cancelled. Then it is executed, or it is not.
    UntilCancelled(Request, bool),
    /// Ended with this error without being passed on.
    Ended(Json),
}

#[derive(Debug, Clone)]
struct Request {
    method: String,
    path: String,
    authorization: String,
    body: String,
}

pub struct Proxy {
    pub endpoint: String,
    state: Arc<Mutex<State>>,
}

impl Proxy {
    pub fn start(emulator: &'static Emulator) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State::default()));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let server = Server { emulator, state: shared.clone() };
                std::thread::spawn(move || server.serve(stream));
            }
        });
        Self { endpoint, state }
    }

    /// Does this to the next `times` calls of this name, such as `insert deactivate`.
    pub fn arm(&self, name: &'static str, fault: Fault, times: u32) {
        let matcher: Matcher = Box::new(move |call| call.name() == name);
        self.state.lock().unwrap().faults.push((matcher, fault, times));
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.state.lock().unwrap().faults.clear();
    }

    /// Changes what holds for every call.
    pub fn habits(&self, change: impl FnOnce(&mut Habits)) {
        change(&mut self.state.lock().unwrap().habits);
    }

    /// Every call so far, and whether it was executed.
    pub fn seen(&self) -> Vec<(Call, bool)> {
        self.state.lock().unwrap().seen.clone()
    }

    /// The names of the calls so far, in order.
    pub fn names(&self) -> Vec<String> {
        self.seen().iter().map(|(call, _)| call.name()).collect()
    }

    /// The statements that were executed, dry runs left out: job id and text.
    pub fn executed(&self) -> Vec<(String, String)> {
        let executed = self.seen().into_iter().filter(|(_, executed)| *executed);
        let jobs = executed.filter_map(|(call, _)| match call {
            Call::Insert { id, sql, dry_run: false, .. } => Some((id, sql)),
            _ => None,
        });
        jobs.collect()
    }

    /// What the calls to BigQuery were authorized by.
    pub fn authorized_by(&self) -> Vec<String> {
        self.state.lock().unwrap().authorized_by.iter().cloned().collect()
    }

    pub fn forget(&self) {
        self.state.lock().unwrap().seen.clear();
    }
}

/// How an answer is sent.
enum Answer {
    Whole(u16, String),
    Half(u16, String),
    Nothing,
}

struct Server {
    emulator: &'static Emulator,
    state: Arc<Mutex<State>>,
}

impl Server {
    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = read(&stream) else { return };
        let begun = Instant::now();
        let delay = self.state.lock().unwrap().habits.delay;
        let answer = self.answer(&request);
        std::thread::sleep(delay.saturating_sub(begun.elapsed()));
        let (status, body, whole) = match &answer {
            Answer::Whole(status, body) => (status, body, body.as_str()),
            Answer::Half(status, body) => (status, body, &body[..body.len() / 2]),
            Answer::Nothing => {
                let _ = stream.shutdown(Shutdown::Both);
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(whole.as_bytes());
        let _ = stream.shutdown(Shutdown::Both);
    }

    fn answer(&self, request: &Request) -> Answer {
        let call = call(request);
        if call != Call::Token {
            self.state.lock().unwrap().authorized_by.insert(request.authorization.clone());
        }
        match self.fault(&call) {
            None => {
                let (status, body) = self.habitual(&call, request);
                Answer::Whole(status, body)
            }
            Some(fault) => self.faulty(&fault, &call, request),
        }
    }

    /// The fault that is meant for this call, once less.
    fn fault(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state.lock().unwrap();
        let armed =
            state.faults.iter_mut().find(|(matches, _, left)| *left > 0 && matches(call))?;
        armed.2 -= 1;
        Some(armed.1.clone())
    }

    fn faulty(&self, fault: &Fault, call: &Call, request: &Request) -> Answer {
        let executed = || self.habitual(call, request);
        match fault {
            Fault::Refuse(status, reason) => {
                self.saw(call, false);
                Answer::Whole(*status, self.refusal(*status, reason))
            }
            Fault::ExecuteAndRefuse(status, reason) => {
                executed();
                Answer::Whole(*status, self.refusal(*status, reason))
            }
            Fault::CutBefore => {
                self.saw(call, false);
                Answer::Nothing
            }
            Fault::CutAfter => {
                executed();
                Answer::Nothing
            }
            Fault::CutMidBody => {
                let (status, body) = executed();
                Answer::Half(status, body)
            }
            Fault::Malformed => {
                executed();
                Answer::Whole(200, "<html>it works".to_owned())
            }
            Fault::Slow(duration) => {
                let (status, body) = executed();
                std::thread::sleep(*duration);
                Answer::Whole(status, body)
            }
            Fault::Late => {
                self.saw(call, false);
                self.state.lock().unwrap().late.push(request.clone());
                Answer::Nothing
            }
            Fault::End(reason, message) => {
                self.saw(call, false);
                self.held(call, Held::Ended(ended(call, reason, message)))
            }
            Fault::Running(looks) => {
                executed();
                self.held(call, Held::Running(*looks))
            }
            Fault::Endless | Fault::DoneBeforeCancel => {
                self.saw(call, false);
                let done = *fault == Fault::DoneBeforeCancel;
                self.held(call, Held::UntilCancelled(request.clone(), done))
            }
        }
    }

    fn refusal(&self, status: u16, reason: &str) -> String {
        let said = self.state.lock().unwrap().habits.said.clone();
        refusal(status, reason, if said.is_empty() { "said the proxy" } else { &said })
    }

    fn held(&self, call: &Call, held: Held) -> Answer {
        let Call::Insert { id, .. } = call else { panic!("{call:?} is no job") };
        let answer = match &held {
            Held::Ended(job) => job.to_string(),
            _ => running(id).to_string(),
        };
        self.state.lock().unwrap().jobs.insert(id.clone(), held);
        Answer::Whole(200, answer)
    }

    fn saw(&self, call: &Call, executed: bool) {
        self.state.lock().unwrap().seen.push((call.clone(), executed));
    }

    /// What BigQuery does where nothing goes wrong.
    fn habitual(&self, call: &Call, request: &Request) -> (u16, String) {
        match call {
            Call::Insert { id, dry_run: false, .. } if !id.is_empty() => {
                self.insert(call, id, request)
            }
            Call::Get { id } | Call::Cancel { id } => self.look(call, id, request),
            Call::Token => {
                self.saw(call, true);
                let token =
                    json!({ "access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer" });
                (200, token.to_string())
            }
            _ => {
                self.saw(call, true);
                let (status, body) = self.pass(request);
                (status, self.amended(call, body))
            }
        }
    }

    fn insert(&self, call: &Call, id: &str, request: &Request) -> (u16, String) {
        self.arrive_late(id);
        let mut state = self.state.lock().unwrap();
        if state.jobs.contains_key(id) {
            state.seen.push((call.clone(), false));
            return (409, refusal(409, "duplicate", &format!("Already Exists: Job demo:US.{id}")));
        }
        let refused = refuses_update(call, state.habits.buffer_since);
        let held = match refused {
            true => Held::Ended(ended(call, "invalidQuery", BUFFERED)),
            false => Held::Known,
        };
        state.jobs.insert(id.to_owned(), held.clone());
        state.seen.push((call.clone(), !refused));
        drop(state);
        match held {
            Held::Ended(job) => (200, job.to_string()),
            _ => {
                let (status, body) = self.pass(request);
                (status, self.amended(call, body))
            }
        }
    }

    /// A call that was cut off arrives before the one that repeats it.
    fn arrive_late(&self, id: &str) {
        let mut state = self.state.lock().unwrap();
        let late = state.late.iter().position(|late| late.body.contains(id));
        let Some(late) = late.map(|at| state.late.remove(at)) else { return };
        state.jobs.insert(id.to_owned(), Held::Known);
        state.seen.push((self::call(&late), true));
        drop(state);
        self.pass(&late);
    }

    fn look(&self, call: &Call, id: &str, request: &Request) -> (u16, String) {
        self.saw(call, true);
        let held = self.state.lock().unwrap().jobs.get(id).cloned();
        let cancels = matches!(call, Call::Cancel { .. });
        let next = match held {
            Some(Held::Ended(job)) => return (200, job.to_string()),
            Some(Held::Running(looks)) if looks > 1 => Held::Running(looks - 1),
            Some(Held::UntilCancelled(insert, done)) if cancels => {
                if done {
                    self.saw(&self::call(&insert), true);
                    self.pass(&insert);
                    Held::Known
                } else {
                    let stopped = "Job execution was cancelled: User requested cancellation";
                    Held::Ended(ended(&self::call(&insert), "stopped", stopped))
                }
            }
            Some(Held::UntilCancelled(..)) => return (200, running(id).to_string()),
            Some(Held::Known | Held::Running(_)) | None => {
                let (status, body) = self.pass(request);
                return (status, self.amended(call, body));
            }
        };
        self.state.lock().unwrap().jobs.insert(id.to_owned(), next);
        let job = running(id);
        (200, if cancels { json!({ "job": job }) } else { job }.to_string())
    }

    fn pass(&self, request: &Request) -> (u16, String) {
        self.emulator.call(&request.method, &request.path, &request.body)
    }

    /// The emulator's answer with what BigQuery would add or leave out.
    fn amended(&self, call: &Call, body: String) -> String {
        let state = self.state.lock().unwrap();
        let habits = &state.habits;
        let Ok(mut answer) = serde_json::from_str::<Json>(&body) else { return body };
        match call {
            Call::Insert { dry_run: true, .. } => {
                if let Some(bytes) = habits.dry_run_bytes {
                    answer["statistics"]["totalBytesProcessed"] = json!(bytes.to_string());
                    answer["statistics"]["query"]["totalBytesProcessed"] = json!(bytes.to_string());
                }
            }
            Call::Insert { .. } | Call::Get { .. } if habits.hides_figures => {
                answer.as_object_mut().unwrap().remove("statistics");
            }
            Call::Insert { .. } | Call::Get { .. } => {
                if let Some(began) = habits.began {
                    answer["statistics"]["startTime"] = json!(began.as_millisecond().to_string());
                }
            }
            Call::Dataset => amend(&mut answer, &habits.dataset),
            Call::Table { name } if !name.contains("ledger") => {
                amend(&mut answer, &habits.table);
                if let (Some(since), false) = (habits.buffer_since, habits.hides_buffer) {
                    answer["streamingBuffer"] = json!({
                        "estimatedRows": "3", "estimatedBytes": "300",
                        "oldestEntryTime": since.as_millisecond().to_string(),
                    });
                }
            }
            _ => {}
        }
        answer.to_string()
    }
}

fn amend(answer: &mut Json, with: &Json) {
    for (key, value) in with.as_object().into_iter().flatten() {
        answer[key] = value.clone();
    }
}

const BUFFERED: &str = "UPDATE or DELETE statement over table demo.nba.predictions would affect \
                        rows in the streaming buffer, which is not supported";

/// Whether an UPDATE would touch rows in the buffer: it spares what was written at or after its
/// horizon, and everything written before the buffer began.
fn refuses_update(call: &Call, buffer_since: Option<Timestamp>) -> bool {
    let Call::Insert { sql, horizon, .. } = call else { return false };
    let updates = sql.lines().any(|line| line.starts_with("UPDATE"));
    let spares = sql.contains("@horizon");
    match buffer_since {
        Some(since) if updates => !spares || horizon.is_none_or(|horizon| horizon > since),
        _ => false,
    }
}

fn refusal(status: u16, reason: &str, message: &str) -> String {
    let error = json!({ "domain": "global", "reason": reason, "message": message });
    let body = json!({ "code": status, "message": message, "errors": [error], "status": "" });
    json!({ "error": body }).to_string()
}

fn ended(call: &Call, reason: &str, message: &str) -> Json {
    let Call::Insert { id, .. } = call else { panic!("{call:?} is no job") };
    let error = json!({ "reason": reason, "message": message });
    json!({
        "jobReference": { "projectId": "demo", "jobId": id },
        "configuration": { "query": { "query": "" } },
        "status": { "state": "DONE", "errorResult": error, "errors": [error] },
    })
}

fn running(id: &str) -> Json {
    json!({
        "jobReference": { "projectId": "demo", "jobId": id },
        "configuration": { "query": { "query": "" } },
        "status": { "state": "RUNNING" },
    })
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = value.trim().to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request { method, path, authorization, body: String::from_utf8(body).ok()? })
}

fn call(request: &Request) -> Call {
    let path = request.path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let text = |id: &str| id.to_owned();
    match (request.method.as_str(), &parts[..]) {
        ("POST", [.., "jobs"]) => insert(&request.body),
        ("GET", [.., "jobs", id]) => Call::Get { id: text(id) },
        ("POST", [.., "jobs", id, "cancel"]) => Call::Cancel { id: text(id) },
        ("GET", [.., "queries", id]) => Call::Results { id: text(id) },
        ("GET", [.., "tables", name]) => Call::Table { name: text(name) },
        ("POST", [.., "tables"]) => Call::CreateTable,
        ("GET", [.., "datasets", _]) => Call::Dataset,
        (_, [.., "token"]) => Call::Token,
        _ => Call::Other,
    }
}

fn insert(body: &str) -> Call {
    let job: Json = serde_json::from_str(body).unwrap();
    let configuration = &job["configuration"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let parameters = configuration["query"]["queryParameters"].as_array();
    let horizon = parameters.into_iter().flatten().find(|p| p["name"] == "horizon");
    Call::Insert {
        id: text(&job["jobReference"]["jobId"]),
        step: text(&configuration["labels"]["step"]),
        sql: text(&configuration["query"]["query"]),
        horizon: horizon.and_then(|p| instant(p["parameterValue"]["value"].as_str()?)),
        dry_run: configuration["dryRun"] == true,
    }
}

fn instant(text: &str) -> Option<Timestamp> {
    match SqlValue::parse(text, SqlType::Timestamp) {
        Ok(SqlValue::Timestamp(instant)) => Some(instant),
        _ => None,
    }
}

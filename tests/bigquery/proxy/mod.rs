//! What the emulator cannot do, a proxy between client and emulator does, over real HTTP: it
//! refuses a second job with the same id, has a streaming buffer, is slow, breaks off, lies.

mod answers;
pub mod call;
mod server;
mod tripwire;

use std::collections::{BTreeSet, HashMap};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

pub use self::call::Call;
use self::call::Request;
use self::server::Server;
pub use self::tripwire::Moment;
use self::tripwire::Tripwire;

use super::emulator::Emulator;

/// The token that the proxy gives out.
pub const TOKEN: &str = "let-me-in";

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
    /// The call arrives when [`Proxy::release`] is called.
    Held,
    /// The connection is cut, and the call arrives only when the next one of its kind does.
    Late,
    /// The job ends with this reason and message, and has changed nothing.
    End(&'static str, &'static str),
    /// Executed, and said to be running for so many looks.
    Running(u32),
    /// Executed, and said to be queued for so many looks.
    Queued(u32),
    /// The job is queued until it is cancelled, and then has changed nothing.
    Stuck,
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
    /// The slot time that each job says it took.
    pub slot_ms: Option<u64>,
    /// Leaves out how many rows a statement changed, and all figures on what it used.
    pub hides_figures: bool,
    /// Rows written since then are in the streaming buffer: an UPDATE that reaches them is refused.
    pub buffer_since: Option<Timestamp>,
    /// The dates that have rows in the buffer: an UPDATE that names none of them is not refused. Empty: any.
    pub buffered_dates: Vec<&'static str>,
    /// Whether the metadata does not tell of the buffer.
    pub hides_buffer: bool,
    /// The sentence of refusals.
    pub said: String,
    /// What is added to the metadata of the rule's tables.
    pub table: Json,
    /// Each look at the metadata of a table says that it was changed since the last one.
    pub ages: bool,
    /// What is added to the metadata of datasets.
    pub dataset: Json,
    /// The columns that a dry run says a query of an earlier time returns.
    pub then: Json,
    /// When jobs say that they began, instead of when they did.
    pub began: Option<Timestamp>,
    /// Where jobs say that they are, when they are inserted.
    pub located: Option<&'static str>,
    /// Jobs say that row access policies applied to what they read.
    pub row_policies: bool,
    /// The columns of the rule's tables that policy tags protect.
    pub protected: Vec<&'static str>,
}

#[derive(Default)]
struct State {
    faults: Vec<(Matcher, Fault, u32)>,
    habits: Habits,
    /// Every call in order, and whether it was executed.
    seen: Vec<(Call, bool)>,
    /// Whether calls that were held may arrive.
    released: bool,
    /// Calls that come late.
    late: Vec<Request>,
    /// What the calls were authorized by.
    authorized_by: BTreeSet<String>,
    /// The projects whose quota the calls used, where they said one.
    quota_projects: BTreeSet<Option<String>>,
    /// Where jobs were looked for, by the name of the call.
    looked: BTreeSet<(String, Option<String>)>,
    /// The projects in the addresses of the calls.
    projects: BTreeSet<String>,
    /// The reservations of the jobs, dry runs too.
    reservations: BTreeSet<Option<String>>,
    /// How many UPDATEs wait for an answer, and the most that ever did.
    updates: (usize, usize),
    jobs: HashMap<String, Held>,
    tripwire: Tripwire,
}

/// A job that is not what the emulator says it is.
#[derive(Clone)]
enum Held {
    /// Passed on: the emulator knows.
    Known,
    /// Passed on, and said to be running for so many looks.
    Running(u32),
    /// Passed on, and said to be queued for so many looks.
    Queued(u32),
    /// Not passed on; it is queued until it is cancelled.
    Stuck(Request),
    /// Not passed on; it runs until it is cancelled. Then it is executed, or it is not.
    UntilCancelled(Request, bool),
    /// Ended with this error without being passed on.
    Ended(Json),
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

    /// Whether a fault still waits for its call.
    pub fn is_armed(&self) -> bool {
        self.state.lock().unwrap().faults.iter().any(|(_, _, left)| *left > 0)
    }

    /// Lets calls that are held arrive.
    pub fn release(&self) {
        self.state.lock().unwrap().released = true;
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

    /// The projects whose quota the calls to BigQuery used; `None` where they said none.
    pub fn quota_projects(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().quota_projects.iter().cloned().collect()
    }

    /// The projects in the addresses of the calls.
    pub fn projects(&self) -> Vec<String> {
        self.state.lock().unwrap().projects.iter().cloned().collect()
    }

    /// The reservations of the jobs, dry runs too; `None` where they named none.
    pub fn reservations(&self) -> Vec<Option<String>> {
        self.state.lock().unwrap().reservations.iter().cloned().collect()
    }

    /// Where jobs were looked at, by the call's name; `None` where it did not say.
    pub fn looked(&self) -> Vec<(String, Option<String>)> {
        self.state.lock().unwrap().looked.iter().cloned().collect()
    }

    /// The most UPDATEs that waited for an answer at a time.
    pub fn updates_at_a_time(&self) -> usize {
        self.state.lock().unwrap().updates.1
    }

    pub fn forget(&self) {
        self.state.lock().unwrap().seen.clear();
    }
}

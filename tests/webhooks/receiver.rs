//! A local HTTP server in Slack's place, and projects whose webhook it is.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::common::{Ended, Project, RULE};

/// The part of the address that must never be seen.
pub const SECRET: &str = "T0SECRET";
/// Two rows of one key on 2026-01-28: one is superseded.
pub const PAIR: &str = "r1,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nr2,2026-01-28,g1,p1,,true,2026-01-28T08:00:00Z";
/// Two rows of one key that share their id: the date is left alone, and the run fails.
pub const SHARED_IDS: &str = "r1,2026-01-28,g1,p1,,true,2026-01-28T07:00:00Z\nr1,2026-01-28,g1,p1,,true,2026-01-28T08:00:00Z";

/// How a call is answered.
#[derive(Clone)]
pub enum Reply {
    Status(u16),
    With(u16, String),
    After(Duration),
    HangUp,
}

#[derive(Default)]
pub struct State {
    replies: VecDeque<Reply>,
    calls: Vec<(Instant, Json)>,
}

#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    pub state: Arc<Mutex<State>>,
}

impl Receiver {
    /// Answers with 200.
    pub fn new() -> Self {
        Self::replying([])
    }

    /// Answers with these first, then with 200.
    pub fn replying(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/services/{SECRET}", listener.local_addr().unwrap());
        let replies = replies.into_iter().collect();
        let state = Arc::new(Mutex::new(State { replies, ..State::default() }));
        let kept = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let state = kept.clone();
                std::thread::spawn(move || serve(stream.unwrap(), &state));
            }
        });
        Self { url, state }
    }

    /// What it was told, oldest first.
    pub fn messages(&self) -> Vec<Json> {
        self.state.lock().unwrap().calls.iter().map(|(_, body)| body.clone()).collect()
    }

    /// The text of the only message.
    #[track_caller]
    pub fn text(&self) -> String {
        let messages = self.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        messages[0]["text"].as_str().unwrap().to_owned()
    }

    /// The text of the only message, which takes a moment to come.
    pub fn text_soon(&self) -> String {
        self.wait_for(1);
        self.text()
    }

    /// Waits until it was told so often.
    pub fn wait_for(&self, count: usize) {
        let until = Instant::now() + Duration::from_secs(10);
        while self.messages().len() < count && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The pauses between calls.
    pub fn pauses(&self) -> Vec<Duration> {
        let state = self.state.lock().unwrap();
        state.calls.windows(2).map(|two| two[1].0 - two[0].0).collect()
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
        let header = line.to_ascii_lowercase();
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    let reply = {
        let mut state = state.lock().unwrap();
        state.calls.push((Instant::now(), body));
        state.replies.pop_front().unwrap_or(Reply::Status(200))
    };
    let (status, headers) = match reply {
        Reply::Status(status) => (status, String::new()),
        Reply::With(status, header) => (status, format!("{header}\r\n")),
        Reply::After(pause) => {
            std::thread::sleep(pause);
            (200, String::new())
        }
        Reply::HangUp => return,
    };
    let _ = write!(
        stream,
        "HTTP/1.1 {status} -\r\n{headers}content-length: 2\r\nconnection: close\r\n\r\nok"
    );
}

/// The small table's project with a webhook `ops`, whose address is in OPS_URL.
pub fn project(keys: &str) -> Project {
    Project::new(&format!(
        "{RULE}\n[webhook.ops]\nurl_env = \"OPS_URL\"\nallow_local = true\n{keys}\n"
    ))
}

/// Runs a command that tells this receiver. The address is nowhere to be seen.
#[track_caller]
pub fn run(project: &Project, receiver: &Receiver, command: &str) -> Ended {
    let arguments: Vec<&str> = command.split_whitespace().collect();
    let ended = project.onerow_in(&arguments, &[("OPS_URL", &receiver.url)]);
    assert!(!ended.to_string().contains(SECRET), "{ended}");
    ended
}

//! Google's own analyzer and reference implementation, asked through Python.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

/// The process that is asked. It ends when its input is closed, which the system does when this process ends.
struct Google {
    process: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Asks `tests/googlesql/ask.py`, which says what it can be asked; `None` where there is nobody to ask:
/// then a test says so and ends. It takes a while to start, so one process answers all tests in turn.
pub fn ask(request: &Json) -> Option<Json> {
    static STARTED: Mutex<Option<Google>> = Mutex::new(None);
    let Some(python) = std::env::var_os("ONEROW_ZETASQL") else {
        eprintln!("skipped: this test needs Google's analyzer; `tests/run` prepares it");
        return None;
    };
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    // Put back once it has answered: after a failure the next test starts another one.
    let mut google = started.take().unwrap_or_else(|| Google::start(&python));
    let answer = google.answer(request);
    *started = Some(google);
    Some(answer)
}

impl Google {
    fn start(python: &OsStr) -> Self {
        let mut process = Command::new(python)
            .arg("tests/googlesql/ask.py")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (asked, answers) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Self { process, asked, answers: BufReader::new(answers) }
    }

    fn answer(&mut self, request: &Json) -> Json {
        self.asked.write_all(format!("{request}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        if self.answers.read_line(&mut answer).unwrap() == 0 {
            panic!("it has ended, with {}; why is on stderr", self.process.wait().unwrap());
        }
        serde_json::from_str(&answer).unwrap()
    }
}

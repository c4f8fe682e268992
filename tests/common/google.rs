//! Google's own analyzer and reference implementation, asked through Python.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::Value as Json;

/// What it is asked, and its answers. It ends when its input is closed, which the system does when this
/// process ends.
struct Google {
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Asks `tests/googlesql/ask.py`, which says what it can be asked; `None` where there is nobody to ask:
/// then a test says so and ends. It takes a while to start, so one process answers all tests in turn.
pub fn ask(request: &Json) -> Option<Json> {
    static STARTED: OnceLock<Option<Mutex<Google>>> = OnceLock::new();
    let Some(google) = STARTED.get_or_init(started) else {
        eprintln!("skipped: this test needs Google's analyzer; `tests/run` prepares it");
        return None;
    };
    let mut google = google.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(google.asked, "{request}").unwrap();
    let mut answer = String::new();
    google.answers.read_line(&mut answer).unwrap();
    Some(serde_json::from_str(&answer).expect("its answer; an error is on stderr"))
}

fn started() -> Option<Mutex<Google>> {
    let python = std::env::var_os("ONEROW_ZETASQL")?;
    let mut child = Command::new(python)
        .arg("tests/googlesql/ask.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (asked, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    Some(Mutex::new(Google { asked, answers: BufReader::new(answers) }))
}

//! Google's own analyzer and reference implementation, asked through Python.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// Asks `tests/googlesql/ask.py`, which says what it can be asked; `None` where there is nobody to ask:
/// then a test says so and ends.
pub fn ask(request: &Json) -> Option<Json> {
    let Some(python) = std::env::var_os("ONEROW_ZETASQL") else {
        eprintln!("skipped: this test needs Google's analyzer; `tests/run` prepares it");
        return None;
    };
    let mut child = Command::new(python)
        .arg("tests/googlesql/ask.py")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

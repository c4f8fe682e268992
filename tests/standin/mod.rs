//! Stand-ins for commands: each writes down its words, then does as it is told.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use tempfile::TempDir;

/// Enough of Airflow for a DAG file: what it makes.
pub const AIRFLOW: &str = r#"
DAGS = []


class DAG:
    def __init__(self, dag_id, schedule, start_date, catchup, max_active_runs, default_args, tags):
        DAGS.append({
            "id": dag_id, "schedule": schedule, "catchup": catchup, "zone": str(start_date.tzinfo),
            "active": max_active_runs, "retries": default_args["retries"],
            "delay": default_args["retry_delay"].total_seconds(),
        })

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


class BashOperator:
    def __init__(self, task_id, bash_command):
        DAGS[-1]["command"] = bash_command
"#;

/// Enough of pendulum for a DAG file.
pub const PENDULUM: &str = r#"
import datetime as python
from zoneinfo import ZoneInfo


def datetime(year, month, day, tz):
    return python.datetime(year, month, day, tzinfo=ZoneInfo(tz))
"#;

/// A folder of stand-ins, first on the PATH of what it starts.
pub struct Bin(TempDir);

impl Bin {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A stand-in that writes down its words, and then does this.
    pub fn add(&self, name: &str, then: &str) {
        let log = self.0.path().join("log").display().to_string();
        let script = format!(
            "#!/bin/sh\n{{ for word in {name} \"$@\"; do printf '%s\\0' \"$word\"; done; printf '\\n'; }} >> '{log}'\n{then}\n"
        );
        self.write(name, &script);
    }

    /// A `date` at whose time it is always `$NOW`, in seconds since 1970.
    pub fn add_clock(&self) {
        self.write("date", "#!/bin/sh\nexec /bin/date -d \"@$NOW\" \"$@\"\n");
    }

    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, script: &str) {
        let path = self.0.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    }

    /// The words of each call, the command's name first.
    pub fn asked(&self) -> Vec<Vec<String>> {
        let log = std::fs::read_to_string(self.0.path().join("log")).unwrap_or_default();
        let calls = log.split("\0\n").filter(|call| !call.is_empty());
        calls.map(|call| call.split('\0').map(str::to_owned).collect()).collect()
    }

    pub fn forget(&self) {
        let _ = std::fs::remove_file(self.0.path().join("log"));
    }

    /// A step in the bash of a GitHub runner, which stops at the first failure.
    pub fn runner(&self, script: &Path) -> Command {
        let mut command = Command::new("bash");
        command.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(script);
        self.first_on_path(&mut command);
        command
    }

    /// A script, which has to see to its failures itself.
    pub fn bash(&self, script: &Path) -> Command {
        let mut command = Command::new("bash");
        command.arg(script);
        self.first_on_path(&mut command);
        command
    }

    /// A command line in the shell of cron, at this time.
    pub fn sh(&self, line: &str, now: Timestamp) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", line]).env("NOW", now.as_second().to_string());
        self.first_on_path(&mut command);
        command
    }

    fn first_on_path(&self, command: &mut Command) {
        let path = std::env::var("PATH").unwrap();
        command.env("PATH", format!("{}:{path}", self.0.path().display()));
        command.stdin(Stdio::null());
    }
}

/// Whether it succeeded, and all that it said.
pub fn ran(command: &mut Command) -> (bool, String) {
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// Whether a tool is there; says so where it is not.
pub fn found(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: {tool} is not installed");
    }
    there
}

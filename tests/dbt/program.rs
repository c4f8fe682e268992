//! dbt itself.

use std::path::Path;
use std::process::Command;

use crate::common::part;

/// dbt, or `None` where there is none: then a test that needs it says so and ends.
pub struct Dbt(std::ffi::OsString);

/// What a command of dbt said.
pub struct Said {
    pub code: Option<i32>,
    pub text: String,
}

impl Dbt {
    /// `None` where there is none, or where it is another test's day.
    pub fn on_turn(turn: usize) -> Option<Self> {
        if !part::is_turn(turn, 3) {
            return None;
        }
        let program = std::env::var_os("ONEROW_DBT");
        if program.is_none() {
            eprintln!("skipped: this test needs dbt; `tests/run` prepares it");
        }
        program.map(Self)
    }

    /// Runs a command in a project that has its own `profiles.yml`.
    pub fn run(&self, project: &Path, arguments: &[&str]) -> Said {
        let output = Command::new(&self.0)
            .args(["--no-use-colors", "--no-send-anonymous-usage-stats"])
            .args(arguments)
            .args(["--profiles-dir", "."])
            .current_dir(project)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        Said { code: output.status.code(), text }
    }
}

impl Said {
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}", self.text);
        self
    }

    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.text.contains(part), "dbt does not say `{part}`: {}", self.text);
        }
        self
    }
}

//! A project in a temporary folder, and the real `onerow` binary run in it.

pub mod counted;
pub mod cuts;
pub mod document;
pub mod faulty;
pub mod google;
pub mod honest;
pub mod mortal;
pub mod oracle;
pub mod part;
pub mod silent;
pub mod whole;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use onerow::window::{Day, Window};
use serde_json::Value as Json;
use tempfile::TempDir;

/// A rule over a small table; most tests need nothing else.
pub const RULE: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.predictions]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "player"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
touched_at = "updated_at"
written_at = "created_at"
time_zone = "America/New_York"

[rule.predictions.columns]
id = "STRING"
game_date = "DATE"
game_id = "STRING"
player = "STRING"
points_line = "NUMERIC"
is_active = "BOOL"
created_at = "TIMESTAMP"
updated_at = "TIMESTAMP"
"#;

pub const HEADER: &str = "id,game_date,game_id,player,points_line,is_active,created_at\n";

pub struct Project {
    folder: TempDir,
}

impl Project {
    /// A project with this rule file.
    pub fn new(rule_file: &str) -> Self {
        let project = Self { folder: tempfile::tempdir().unwrap() };
        project.write("onerow.toml", rule_file);
        project
    }

    /// The example project's rule file and templates, without data.
    pub fn example() -> Self {
        let project = Self::new(include_str!("../../examples/player_props/onerow.toml"));
        let null_lines = include_str!("../../examples/player_props/sql/by_line/null_lines.sql");
        project.write("sql/by_line/null_lines.sql", null_lines);
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Loads these CSV rows (without header) of the small table, as settled.
    pub fn rows(&self, rows: &str) -> &Self {
        self.write("rows.csv", format!("{HEADER}{rows}\n"));
        self.onerow("load rows.csv").exits(0);
        self
    }

    /// Loads these CSV rows into the streaming buffer at this time.
    pub fn streamed(&self, now: &str, rows: &str) -> &Self {
        self.write("rows.csv", format!("{HEADER}{rows}\n"));
        self.onerow(&format!("load rows.csv --streamed --now {now}")).exits(0);
        self
    }

    /// Runs the binary in the project's folder.
    pub fn onerow(&self, arguments: &str) -> Ended {
        self.onerow_with(&arguments.split_whitespace().collect::<Vec<_>>())
    }

    pub fn onerow_with(&self, arguments: &[&str]) -> Ended {
        self.onerow_in(arguments, &[])
    }

    /// Runs the binary with these environment variables.
    pub fn onerow_in(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
        let environment = environment.iter().copied();
        let output = self.command(arguments).envs(environment).output().unwrap();
        Ended::of(&arguments.join(" "), output)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onerow"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Begins a command; what came of it is [`Ended::of_child`].
    pub fn begin(&self, arguments: &str) -> Child {
        let mut command = self.command(&arguments.split(' ').collect::<Vec<_>>());
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The database, opened without onerow.
    pub fn database(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.path(".onerow/local.db")).unwrap()
    }

    /// The ids of the active rows, in order, read without onerow.
    pub fn active(&self) -> Vec<String> {
        let database = self.database();
        let sql =
            r#"SELECT coalesce(id, 'NULL') FROM "nba.predictions" WHERE is_active ORDER BY 1"#;
        let mut statement = database.prepare(sql).unwrap();
        let ids = statement.query_map([], |row| row.get(0)).unwrap();
        ids.collect::<Result<_, _>>().unwrap()
    }

    /// The steps in the ledger that came to an end, oldest first: `deactivate 2026-01-28 done`.
    pub fn ledger(&self) -> Vec<String> {
        let entries = self.onerow("log --statements --format json --limit 100000").exits(0).json();
        let entries = entries.as_array().unwrap().iter().rev();
        let ended = entries.filter(|entry| entry["outcome"] != "started");
        let text = |entry: &Json, key: &str| entry[key].as_str().unwrap().to_owned();
        ended.map(|e| format!("{} {} {}", text(e, "step"), dates(e), text(e, "outcome"))).collect()
    }
}

/// The dates of an entry of the ledger, as people read them.
pub fn dates(entry: &Json) -> String {
    let days = entry["dates"].as_array().unwrap().iter();
    let days = days.map(|day| Day::parse(day.as_str().unwrap()).unwrap());
    Window::of_days(days.collect()).unwrap().to_string()
}

/// A command that has ended.
pub struct Ended {
    command: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    pub fn of_child(child: Child) -> Self {
        Self::of("what was begun", child.wait_with_output().unwrap())
    }

    pub fn of(command: &str, output: std::process::Output) -> Self {
        Self {
            command: command.to_owned(),
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// stderr holds all of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stderr.contains(part), "stderr lacks `{part}`: {self}");
        }
        self
    }

    /// stdout holds all of these.
    #[track_caller]
    pub fn prints(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.stdout.contains(part), "stdout lacks `{part}`: {self}");
        }
        self
    }

    #[track_caller]
    pub fn prints_nothing(self) -> Self {
        assert!(self.stdout.is_empty(), "{self}");
        self
    }

    #[track_caller]
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr } = self;
        write!(
            f,
            "`onerow {command}` exited with {code:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        )
    }
}

/// Every example project in the repository.
pub fn example_projects() -> Vec<PathBuf> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folders = std::fs::read_dir(examples).unwrap().map(|entry| entry.unwrap().path());
    let mut projects: Vec<PathBuf> =
        folders.filter(|folder| folder.join("onerow.toml").is_file()).collect();
    projects.sort();
    projects
}

//! The service as a process, and what is asked of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use crate::common::Project;

pub const APPLY: &str = "a-key-that-may-apply-all";
pub const READ: &str = "a-key-that-may-only-read";
/// Five hours after midnight in New York: YESTERDAY is 2026-01-30.
pub const NOW: &str = "2026-01-31T10:00:00Z";

pub struct Service {
    child: Child,
    pub address: String,
    log: Arc<Mutex<String>>,
}

/// An answer: its status, its body, and its headers.
pub struct Answer {
    pub status: u16,
    pub json: Json,
    pub text: String,
    pub headers: ureq::http::HeaderMap,
}

impl Service {
    /// The example's table, served with one key of each kind.
    pub fn of(project: &Project) -> Self {
        Self::start(
            project.path("").as_path(),
            &["--now", NOW],
            &[("ONEROW_APPLY_KEYS", APPLY), ("ONEROW_READ_KEYS", READ)],
        )
    }

    pub fn start(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_onerow"))
            .args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(folder)
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = lines.next().expect("the service says where it listens").unwrap();
        let line: Json = serde_json::from_str(&first).unwrap_or_else(|_| panic!("{first}"));
        let message = line["message"].as_str().unwrap();
        let address = message.strip_prefix("listening on http://").expect(message).to_owned();
        let log = Arc::new(Mutex::new(format!("{first}\n")));
        let kept = log.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { child, address, log }
    }

    pub fn get(&self, path: &str, key: Option<&str>) -> Answer {
        match key {
            Some(key) => self.get_with(path, &[("X-API-Key", key)]),
            None => self.get_with(path, &[]),
        }
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = agent().get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.call())
    }

    /// Sends a form, as a browser does.
    pub fn send(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Answer {
        let mut request = agent().post(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        answer(request.send_form(fields.iter().copied()))
    }

    pub fn cleanup(&self, body: impl AsRef<str>, key: Option<&str>) -> Answer {
        let url = format!("http://{}/cleanup-duplicates", self.address);
        let mut request = agent().post(url).header("Content-Type", "application/json");
        if let Some(key) = key {
            request = request.header("X-API-Key", key);
        }
        answer(request.send(body.as_ref()))
    }

    pub fn apply(&self, body: impl AsRef<str>) -> Answer {
        self.cleanup(body, Some(APPLY))
    }

    /// What it has written to its log so far.
    pub fn log(&self) -> String {
        // The line is written after the answer.
        std::thread::sleep(Duration::from_millis(200));
        self.log.lock().unwrap().clone()
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks the process to terminate; its exit code.
    pub fn terminate(&mut self) -> Option<i32> {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(60))).max_redirects(0).build().into()
}

fn answer(result: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = result.unwrap();
    let text = response.body_mut().read_to_string().unwrap();
    Answer {
        status: response.status().as_u16(),
        json: serde_json::from_str(&text).unwrap_or(Json::Null),
        headers: response.headers().clone(),
        text,
    }
}

/// The example's project with its table of ten days.
pub fn example() -> Project {
    let project = Project::example();
    project.write("predictions.csv", crate::predictions::csv());
    project.onerow("load player_prop_predictions predictions.csv").exits(0);
    project
}

/// 42 keys of 2026-01-30 with one duplicate each, settled.
pub fn forty_two(project: &Project) {
    let header = "prediction_id,game_id,game_date,player_lookup,system_id,current_points_line,\
                  predicted_points,is_active,created_at,updated_at\n";
    let mut rows = header.to_owned();
    for i in 0..42 {
        for hour in [8, 9] {
            rows.push_str(&format!(
                "p{i}-{hour},g{i},2026-01-30,player-{i},s1,,20.5,true,2026-01-30T{hour:02}:00:00Z,\n"
            ));
        }
    }
    project.write("more.csv", rows);
    project.onerow("load player_prop_predictions more.csv").exits(0);
}

/// For tests that measure how long a crowd waits, and those that would make it wait: one of them runs at a time.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sends these bytes and reads until the service closes the connection.
pub fn raw(service: &Service, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = TcpStream::connect(&service.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let _ = stream.write_all(bytes.as_ref());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Keeps runs of the table waiting while the lock is held.
pub fn hold(project: &Project) -> std::fs::File {
    let name = ".onerow/local.db.nba_predictions.player_prop_predictions.lock";
    let lock = std::fs::File::create(project.path(name)).unwrap();
    lock.lock().unwrap();
    lock
}

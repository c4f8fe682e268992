//! Real BigQuery emulators, two unrelated ones: a process of each for all tests, ended when they are. They
//! are spoken to without onerow and without onerow's client.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use serde_json::{Value as Json, json};

/// The project that the emulator serves.
pub const PROJECT: &str = "demo";

pub struct Emulator {
    /// Such as `http://127.0.0.1:9050`.
    pub endpoint: String,
    agent: ureq::Agent,
    /// The emulator ends when its input is closed, which the system does when this process ends.
    _shell: (Child, ChildStdin),
}

/// An emulator, or `None` where there is none: then a test that needs it says so and ends.
/// Where `tests/run` has prepared one, one that does not start is a failure. A process does one thing at a
/// time, so there are two of them, which take turns.
pub fn emulator() -> Option<&'static Emulator> {
    static TURN: AtomicUsize = AtomicUsize::new(0);
    static POOL: [OnceLock<Option<Emulator>>; 2] = [OnceLock::new(), OnceLock::new()];
    let turn = TURN.fetch_add(1, Ordering::Relaxed) % POOL.len();
    Flavor::BqEmulator.started(&POOL[turn])
}

/// An emulator that one of the tests' tools is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavor {
    BqEmulator,
    LocalBigQuery,
}

impl Flavor {
    pub const ALL: [Self; 2] = [Self::BqEmulator, Self::LocalBigQuery];

    /// As [`emulator`], of this one.
    pub fn emulator(self) -> Option<&'static Emulator> {
        static EMULATORS: [OnceLock<Option<Emulator>>; 2] = [OnceLock::new(), OnceLock::new()];
        self.started(&EMULATORS[self as usize])
    }

    fn started(self, process: &OnceLock<Option<Emulator>>) -> Option<&Emulator> {
        let emulator = process.get_or_init(|| {
            let program = std::env::var_os(self.variable())?;
            Some(Emulator::start(self, program.to_str().unwrap()))
        });
        if emulator.is_none() {
            eprintln!("skipped: this test needs a BigQuery emulator; `tests/run` prepares it");
        }
        emulator.as_ref()
    }

    fn variable(self) -> &'static str {
        match self {
            Self::BqEmulator => "ONEROW_BQEMULATOR",
            Self::LocalBigQuery => "ONEROW_LOCALBIGQUERY",
        }
    }

    /// A script that starts it, and ends it when the pipe that it reads is closed.
    fn script(self, program: &str) -> String {
        match self {
            Self::BqEmulator => format!(
                "'{program}' start --ephemeral --project {PROJECT} --rest-port 0 --grpc-port 0 \
                 --log-level info & read -r _; kill $!"
            ),
            // It is told to keep nothing by giving it a folder that goes when it does.
            Self::LocalBigQuery => format!(
                "folder=$(mktemp -d) && {{ '{program}' --host 127.0.0.1 --port 0 --grpc-port 0 \
                 --project {PROJECT} --data-dir \"$folder\" & }}; read -r _; kill $!; wait $!; \
                 rm -rf \"$folder\""
            ),
        }
    }

    /// The port in a line of its log that says where it listens.
    fn port(self, line: &str) -> Option<u16> {
        match self {
            Self::BqEmulator => {
                let event: Json = serde_json::from_str(line).ok()?;
                let listens = event["event"] == "rest.listen";
                listens.then(|| u16::try_from(event["port"].as_u64().unwrap()).unwrap())
            }
            Self::LocalBigQuery => {
                let (_, address) = line.split_once("Uvicorn running on http://127.0.0.1:")?;
                address.split_whitespace().next()?.parse().ok()
            }
        }
    }
}

impl Emulator {
    fn start(flavor: Flavor, program: &str) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", &flavor.script(program)])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lifeline = shell.stdin.take().unwrap();
        let log = BufReader::new(shell.stderr.take().unwrap());
        let (found, port) = mpsc::channel();
        std::thread::spawn(move || {
            let mut said = String::new();
            for line in log.lines().map_while(Result::ok) {
                if let Some(port) = flavor.port(&line) {
                    let _ = found.send(Ok(port));
                }
                said.push_str(&line);
                said.push('\n');
            }
            let _ = found.send(Err(said));
        });
        let port = match port.recv_timeout(Duration::from_secs(60)) {
            Ok(Ok(port)) => port,
            Ok(Err(said)) => panic!("the emulator ended:\n{said}"),
            Err(_) => panic!("the emulator does not listen after a minute"),
        };
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let endpoint = format!("http://127.0.0.1:{port}");
        let emulator = Self { endpoint, agent: config.into(), _shell: (shell, lifeline) };
        for _ in 0..200 {
            if emulator.try_call("GET", "/bigquery/v2/projects/demo/datasets", "").is_ok() {
                return emulator;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the emulator does not answer");
    }

    fn try_call(&self, method: &str, path: &str, body: &str) -> Result<(u16, String), ureq::Error> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json");
        let mut response = match body {
            "" => self.agent.run(request.body(()).unwrap())?,
            body => self.agent.run(request.body(body.to_owned()).unwrap())?,
        };
        Ok((response.status().as_u16(), response.body_mut().read_to_string()?))
    }

    /// One call to its REST API: status and body. `path` includes the query.
    pub fn call(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.try_call(method, path, body).unwrap()
    }

    fn resource(&self, method: &str, path: &str, body: &Json) -> Json {
        let path = format!("/bigquery/v2/projects/{PROJECT}{path}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.call(method, &path, &body);
        assert_eq!(status, 200, "{method} {path}: {text}");
        serde_json::from_str(&text).unwrap_or(Json::Null)
    }

    pub fn create_dataset(&self, dataset: &str) {
        let reference = json!({ "projectId": PROJECT, "datasetId": dataset });
        let body = json!({ "datasetReference": reference, "location": "US" });
        self.resource("POST", "/datasets", &body);
    }

    /// Creates a table, partitioned by day and clustered.
    pub fn create_table(
        &self,
        table: &str,
        columns: &[(&str, &str)],
        partition: &str,
        clustering: &str,
    ) {
        let (dataset, name) = table.split_once('.').unwrap();
        let fields =
            columns.iter().map(|(name, sql_type)| json!({ "name": name, "type": sql_type }));
        let reference = json!({ "projectId": PROJECT, "datasetId": dataset, "tableId": name });
        let body = json!({
            "tableReference": reference,
            "schema": { "fields": fields.collect::<Vec<_>>() },
            "timePartitioning": { "type": "DAY", "field": partition },
            "clustering": { "fields": [clustering] },
        });
        self.resource("POST", &format!("/datasets/{dataset}/tables"), &body);
    }

    /// The table's metadata.
    pub fn table(&self, table: &str) -> Json {
        let (dataset, name) = table.split_once('.').unwrap();
        self.resource("GET", &format!("/datasets/{dataset}/tables/{name}"), &Json::Null)
    }

    /// Puts the rows of a CSV with a header into a table; an empty cell is NULL.
    pub fn load(&self, table: &str, csv: &str) {
        let (dataset, name) = table.split_once('.').unwrap();
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let header = reader.headers().unwrap().clone();
        let rows = reader.records().map(|record| {
            let record = record.unwrap();
            let cells = header.iter().zip(record.iter()).filter(|(_, cell)| !cell.is_empty());
            let cell = |cell: &str| match cell {
                "true" => json!(true),
                "false" => json!(false),
                text => json!(text),
            };
            let row: serde_json::Map<String, Json> =
                cells.map(|(name, value)| (name.to_owned(), cell(value))).collect();
            json!({ "json": row })
        });
        let rows: Vec<Json> = rows.collect();
        for rows in rows.chunks(5_000) {
            let path = format!("/datasets/{dataset}/tables/{name}/insertAll");
            let answer = self.resource("POST", &path, &json!({ "rows": rows }));
            let errors = answer["insertErrors"].as_array();
            assert!(errors.is_none_or(Vec::is_empty), "{answer}");
        }
    }

    /// The rows of a query, each cell as text; NULL is `NULL`.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        let query = json!({ "query": sql, "useLegacySql": false, "maxResults": 1_000_000 });
        let answer = self.resource("POST", "/queries", &query);
        assert_eq!(answer["jobComplete"], true, "{sql}: {answer}");
        let rows = answer["rows"].as_array().cloned().unwrap_or_default();
        let cell = |cell: &Json| cell["v"].as_str().unwrap_or("NULL").to_owned();
        let row = |row: &Json| row["f"].as_array().unwrap().iter().map(cell).collect();
        rows.iter().map(row).collect()
    }

    /// The jobs that the emulator has, oldest first: id and text. Those of one run begin with `prefix`.
    pub fn jobs(&self, prefix: &str) -> Vec<(String, String)> {
        let (mut jobs, mut page) = (Vec::new(), String::new());
        loop {
            let path = format!("/jobs?projection=full&allUsers=true&maxResults=1000{page}");
            let answer = self.resource("GET", &path, &Json::Null);
            for job in answer["jobs"].as_array().unwrap() {
                let id = job["jobReference"]["jobId"].as_str().unwrap();
                if id.starts_with(prefix) {
                    let sql = job["configuration"]["query"]["query"].as_str().unwrap();
                    jobs.push((id.to_owned(), sql.to_owned()));
                }
            }
            match answer["nextPageToken"].as_str() {
                Some(token) => page = format!("&pageToken={token}"),
                None => break,
            }
        }
        jobs.reverse();
        jobs
    }
}

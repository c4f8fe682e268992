//! Requests, and what they are to BigQuery's API.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;

use jiff::Timestamp;
use onerow::googlesql::{SqlType, SqlValue};
use serde_json::Value as Json;

/// A call as BigQuery's API knows it.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// `jobs.insert`; the location is empty where BigQuery is to tell it by the tables.
    Insert {
        id: String,
        location: String,
        step: String,
        sql: String,
        cutoff: Option<Timestamp>,
        dry_run: bool,
    },
    /// `jobs.get`
    Get { id: String },
    /// `jobs.cancel`
    Cancel { id: String },
    /// `jobs.getQueryResults`
    Results { id: String },
    /// `tables.get`
    Table { name: String },
    /// `tables.insert`
    CreateTable,
    /// `datasets.get`
    Dataset,
    /// A token server, or a machine's metadata server: who may ask.
    Token,
    /// Anything else.
    Other,
}

impl Call {
    /// What the request asks for.
    pub fn of(request: &Request) -> Self {
        let path = request.path.split('?').next().unwrap_or_default();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let text = |id: &str| id.to_owned();
        match (request.method.as_str(), &parts[..]) {
            ("POST", [.., "jobs"]) => insert(&request.body),
            ("GET", [.., "jobs", id]) => Self::Get { id: text(id) },
            ("POST", [.., "jobs", id, "cancel"]) => Self::Cancel { id: text(id) },
            ("GET", [.., "queries", id]) => Self::Results { id: text(id) },
            ("GET", [.., "tables", name]) => Self::Table { name: text(name) },
            ("POST", [.., "tables"]) => Self::CreateTable,
            ("GET", [.., "datasets", _]) => Self::Dataset,
            (_, [.., "token"]) => Self::Token,
            _ => Self::Other,
        }
    }

    /// A short name: `insert deactivate`, `results verify`, `table`.
    pub fn name(&self) -> String {
        match self {
            Self::Insert { step, dry_run: true, .. } => format!("dry run {step}"),
            Self::Insert { step, .. } => format!("insert {step}"),
            Self::Get { id } => format!("get {}", step_of(id)),
            Self::Cancel { id } => format!("cancel {}", step_of(id)),
            Self::Results { id } => format!("results {}", step_of(id)),
            Self::Table { .. } => "table".to_owned(),
            Self::CreateTable => "create table".to_owned(),
            Self::Dataset => "dataset".to_owned(),
            Self::Token => "token".to_owned(),
            Self::Other => "other".to_owned(),
        }
    }
}

/// The step of a derived job id: `onerow_<run>_<sequence>_<step>_<date>`.
fn step_of(id: &str) -> String {
    match id.split('_').collect::<Vec<_>>().as_slice() {
        ["onerow", "ledger", ..] => "ledger".to_owned(),
        ["onerow", _, _, step @ .., _] => step.join("_"),
        _ => "other".to_owned(),
    }
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub authorization: String,
    /// The project whose quota is used: `x-goog-user-project`.
    pub quota_project: Option<String>,
    pub body: String,
}

impl Request {
    /// The project in the request's address.
    pub fn project(&self) -> Option<String> {
        let (_, rest) = self.path.split_once("/projects/")?;
        rest.split('/').next().map(|project| project.replace("%3A", ":"))
    }

    /// The reservation of the job that is inserted.
    pub fn reservation(&self) -> Option<String> {
        let job: Json = serde_json::from_str(&self.body).ok()?;
        job["configuration"]["reservation"].as_str().map(str::to_owned)
    }

    /// The location in the query of the request's address.
    pub fn location(&self) -> Option<String> {
        let (_, query) = self.path.split_once('?')?;
        let mut pairs = query.split('&');
        pairs.find_map(|pair| pair.strip_prefix("location=")).map(str::to_owned)
    }
}

pub fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization, mut quota_project) = (0, String::new(), None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "authorization" => authorization = value.trim().to_owned(),
            "x-goog-user-project" => quota_project = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Request { method, path, authorization, quota_project, body })
}

fn insert(body: &str) -> Call {
    let job: Json = serde_json::from_str(body).unwrap();
    let configuration = &job["configuration"];
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let parameters = configuration["query"]["queryParameters"].as_array();
    let cutoff = parameters.into_iter().flatten().find(|p| p["name"] == "cutoff");
    Call::Insert {
        id: text(&job["jobReference"]["jobId"]),
        location: text(&job["jobReference"]["location"]),
        step: text(&configuration["labels"]["step"]),
        sql: text(&configuration["query"]["query"]),
        cutoff: cutoff.and_then(|p| {
            instant(p["parameterType"]["type"].as_str()?, p["parameterValue"]["value"].as_str()?)
        }),
        dry_run: configuration["dryRun"] == true,
    }
}

/// A cutoff as the rule's column says an instant; a number counts microseconds.
fn instant(sql_type: &str, text: &str) -> Option<Timestamp> {
    match sql_type {
        "INT64" => return Timestamp::from_microsecond(text.parse().ok()?).ok(),
        "DATETIME" => return format!("{}Z", text.replacen(' ', "T", 1)).parse().ok(),
        _ => {}
    }
    match SqlValue::parse(text, SqlType::Timestamp) {
        Ok(SqlValue::Timestamp(instant)) => Some(instant),
        _ => None,
    }
}

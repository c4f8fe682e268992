//! A secret is never repeated: not in output, not in errors, not in what `--verbose` tells.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::common::whole::{Transcript, whole};
use crate::common::{Project, RULE};

const SECRET: &str = "MIIEvSECRETkeymaterial";

/// A warehouse whose credentials are in `key.json`, on an endpoint where nobody listens.
fn with_key(key: &str) -> Project {
    let project = Project::new(&format!(
        "default_warehouse = \"prod\"\n{RULE}\n[warehouse.prod]\ntype = \"bigquery\"\n\
         project = \"demo\"\nendpoint = \"http://127.0.0.1:9\"\nledger = \"ops.ledger\"\n\
         key_file = \"key.json\"\nretry_for = \"1s\"\n"
    ));
    project.write("key.json", key);
    project
}

/// Key files that are broken in ways that make a parser quote what it has read.
fn keys() -> Vec<String> {
    let whole = format!(
        r#"{{"type": "service_account", "project_id": "demo", "private_key_id": "1",
            "private_key": "-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n",
            "client_email": "onerow@demo.test", "client_id": "1",
            "auth_uri": "http://127.0.0.1:9/auth", "token_uri": "http://127.0.0.1:9/token"}}"#
    );
    vec![
        whole.replace("\"client_email\"", "\"client_mail\""),
        whole.replace("\"private_key\": \"", "\"private_key\": [\""),
        whole.replacen('{', &format!("{SECRET}{{"), 1),
        whole.replace("\"token_uri\": ", "\"token_uri\": 7, \"other\": "),
        format!("\"{SECRET}\""),
        whole.replace("\"private_key\": \"", "\"private_key\": 7, \"other\": \""),
        format!("{{\"type\": \"authorized_user\", \"client_id\": [\"{SECRET}\"]}}"),
        whole.replace("\"type\": \"service_account\"", &format!("\"type\": \"{SECRET}\"")),
        whole,
    ]
}

#[test]
fn a_key_file_that_is_broken_is_named_and_not_quoted() {
    let mut said = Transcript::default();
    for key in keys() {
        let project = with_key(&key);
        for command in ["status", "plan", "apply", "doctor"] {
            let ended = project.onerow(&format!("{command} --date 2026-01-28 --verbose")).exits(1);
            let text = ended.to_string();
            assert!(!text.contains("SECRET"), "{command} with {key}:\n{text}");
            if command == "status" {
                said.add(&ended);
            }
        }
        for file in walk(&project.path(".onerow")) {
            let bytes = std::fs::read(&file).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("SECRET"), "{}", file.display());
        }
    }
    whole!(said, @"
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json`, of type service_account, lacks `client_email`
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json` is not JSON: line 3, column 27
      help: it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json` is not JSON: line 1, column 1
      help: it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `./key.json` (service_account): cannot sign with `private_key`: unexpected error: failed to parse private key as RSA, ECDSA, or EdDSA
      note: while reading the metadata of nba.predictions
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json` has no `type`, so it holds no credentials
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json`, of type service_account, lacks `private_key`
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json`, of type authorized_user, lacks `client_id`
      help: run `gcloud auth application-default login`

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `./key.json` holds no credentials of a known type
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `./key.json` (service_account): cannot sign with `private_key`: unexpected error: failed to parse private key as RSA, ECDSA, or EdDSA
      note: while reading the metadata of nba.predictions
      help: create a new key, and download it as JSON
    ");
}

#[test]
fn a_variable_that_names_a_broken_key_file_is_named_and_the_file_not_quoted() {
    let mut said = Transcript::default();
    for key in keys() {
        let project = with_key(&key);
        let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
        let default = "credentials = \"application_default\"";
        project.write("onerow.toml", rules.replace("key_file = \"key.json\"", default));
        let file = project.path("key.json").display().to_string();
        let arguments = ["status", "--date", "2026-01-28", "--verbose"];
        let variables = [("GOOGLE_APPLICATION_CREDENTIALS", file.as_str())];
        let ended = project.onerow_in(&arguments, &variables);
        assert!(!ended.to_string().contains("SECRET"), "{ended}");
        said.add(&ended);
    }
    whole!(said, @"
    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json`, of type service_account, lacks `client_email`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json` is not JSON: line 3, column 27
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json` is not JSON: line 1, column 1
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: it has to be a credentials file as Google's tools write it; see docs/bigquery.md#who-asks

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `[DIR]/key.json` (service_account): cannot sign with `private_key`: unexpected error: failed to parse private key as RSA, ECDSA, or EdDSA
      note: while reading the metadata of nba.predictions
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json` has no `type`, so it holds no credentials
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json`, of type service_account, lacks `private_key`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: create a new key, and download it as JSON

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json`, of type authorized_user, lacks `client_id`
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: run `gcloud auth application-default login`

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: `[DIR]/key.json` holds no credentials of a known type
      note: while reading GOOGLE_APPLICATION_CREDENTIALS
      help: known are service_account, authorized_user, external_account, impersonated_service_account; on a Google machine, unset GOOGLE_APPLICATION_CREDENTIALS

    $ onerow status --date 2026-01-28 --verbose
    exit code 1
    -- stderr
    error[credentials]: no token for BigQuery from `[DIR]/key.json` (service_account): cannot sign with `private_key`: unexpected error: failed to parse private key as RSA, ECDSA, or EdDSA
      note: while reading the metadata of nba.predictions
      help: create a new key, and download it as JSON
    ");
}

/// A server, or a proxy before it, that has a table and a dataset and refuses statements with a sentence that quotes
/// what it was sent, the token among it. Returns its address.
fn echoes() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || while echo(&stream).is_some() {});
        }
    });
    address
}

const TABLE: &str = r#"{"kind": "bigquery#table", "type": "TABLE", "id": "t", "schema": {"fields": []},
  "tableReference": {"projectId": "demo", "datasetId": "nba", "tableId": "predictions"}}"#;
const DATASET: &str = r#"{"kind": "bigquery#dataset", "id": "demo:ops", "location": "US", "access": [],
  "datasetReference": {"projectId": "demo", "datasetId": "ops"}}"#;

fn refusal(code: u16, message: &str, reason: &str) -> serde_json::Value {
    let error = serde_json::json!({ "message": message, "reason": reason });
    serde_json::json!({ "error": { "code": code, "message": message, "status": reason, "errors": [error] } })
}

fn echo(mut stream: &TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let lower = line.to_ascii_lowercase();
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (path, is_get) = (head.lines().next()?.to_owned(), head.starts_with("GET "));
    let (status, answer) = if is_get && path.contains("/tables/predictions") {
        (200, serde_json::from_str(TABLE).ok()?)
    } else if is_get && path.contains("/tables/") {
        (404, refusal(404, "Not found", "notFound"))
    } else if is_get && path.contains("/datasets/ops") {
        (200, serde_json::from_str(DATASET).ok()?)
    } else {
        (400, refusal(400, &format!("invalid request: {head}"), "invalid"))
    };
    let answer = answer.to_string();
    write!(
        stream,
        "HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
        answer.len()
    )
    .ok()
}

#[test]
fn a_token_that_an_answer_quotes_is_neither_said_nor_kept() {
    let address = echoes();
    let project = with_key("");
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    project.write("onerow.toml", rules.replace("127.0.0.1:9", &address));
    let key = serde_json::json!({
        "type": "service_account", "project_id": "demo", "private_key_id": "1",
        "private_key": include_str!("bigquery/throwaway_key.pem"),
        "client_email": "onerow@demo.test", "client_id": "1",
        "auth_uri": format!("http://{address}/auth"), "token_uri": format!("http://{address}/token"),
    });
    project.write("key.json", key.to_string());
    let ended = project.onerow("apply --date 2026-01-28 --verbose").exits(1);
    assert!(ended.stderr.contains("invalid request"), "the answer is not quoted at all: {ended}");
    let mut kept = 0;
    let mut texts = vec![("output".to_owned(), ended.to_string())];
    for file in walk(&project.path(".onerow")) {
        let bytes = std::fs::read(&file).unwrap();
        kept += usize::from(String::from_utf8_lossy(&bytes).contains("invalid request"));
        texts.push((file.display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
    }
    assert!(kept > 0, "no entry was kept: {ended}");
    for (place, text) in texts {
        // Every signed token begins so.
        assert!(!text.contains("eyJ"), "{place}: {text}");
        assert!(!text.contains("PRIVATE KEY"), "{place}: {text}");
    }
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

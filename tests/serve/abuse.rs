//! Callers who mean no good, or make mistakes: the right status, nothing run, nothing leaked.

use std::time::{Duration, Instant};

use serde_json::json;

use super::service::{APPLY, READ, Service, raw};
use crate::common::{Project, RULE};

fn post(headers: &str, body: &str) -> String {
    format!(
        "POST /cleanup-duplicates HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-API-Key: {APPLY}\r\n{headers}\r\n{body}"
    )
}

fn project() -> Project {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    project
}

#[test]
fn a_body_that_is_not_what_it_should_be_is_refused_and_nothing_is_run() {
    let project = project();
    let service = Service::of(&project);
    let sql = "'; DROP TABLE predictions; --";
    let cases = [
        ("", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("game_date=2026-01-30", 400, "invalid_json"),
        ("[]", 422, "invalid_request"),
        ("null", 422, "invalid_request"),
        ("{}", 422, "invalid_request"),
        (r#"{"date": 20260130}"#, 422, "invalid_request"),
        (r#"{"date": "2026-02-30"}"#, 422, "invalid_request"),
        (r#"{"date": "yesterday"}"#, 422, "invalid_request"),
        (r#"{"date": ""}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "dry_run": "no"}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "dryrun": true}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "date": "2026-01-29"}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "game_date": "2026-01-30"}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "last": 3}"#, 422, "invalid_request"),
        (r#"{"from": "2026-01-30"}"#, 422, "invalid_request"),
        (r#"{"from": "2026-01-30", "to": "2026-01-29"}"#, 422, "invalid_request"),
        (r#"{"from": "0001-01-01", "to": "9999-12-31"}"#, 422, "invalid_request"),
        (r#"{"from": "2020-01-01", "to": "2026-01-29"}"#, 422, "invalid_request"),
        (r#"{"last": 0}"#, 422, "invalid_request"),
        (r#"{"last": -1}"#, 422, "invalid_request"),
        (r#"{"last": 4294967295}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "rule": "../../etc/passwd"}"#, 422, "invalid_request"),
        (r#"{"date": "2026-01-30", "rule": ""}"#, 422, "invalid_request"),
    ];
    for (body, status, code) in cases {
        let answer = service.apply(body);
        assert_eq!((answer.status, &answer.json["code"]), (status, &json!(code)), "{body}");
        assert_eq!(answer.headers["content-type"], "application/problem+json");
    }
    for field in ["date", "from", "to", "rule", "last", "dry_run"] {
        let body = json!({"to": "2026-01-30", "from": "2026-01-30", field: sql}).to_string();
        assert_eq!(service.apply(&body).status, 422, "{body}");
    }
    assert_eq!(project.active(), ["r1", "r2"]);
    assert_eq!(project.ledger(), [""; 0]);
}

#[test]
fn a_request_that_is_too_large_or_undeclared_is_refused() {
    let project = project();
    let service = Service::of(&project);
    let large = format!("{{\"rule\": \"{}\"}}", "x".repeat(20_000));
    assert_eq!(service.apply(&large).status, 413);
    let text = r#"{"date": "2026-01-30"}"#;
    let undeclared = raw(&service, post(&format!("Content-Length: {}\r\n", text.len()), text));
    assert!(undeclared.starts_with("HTTP/1.1 415"), "{undeclared}");
    let head = post(&format!("X-Large: {}\r\nContent-Length: 0\r\n", "x".repeat(40_000)), "");
    assert!(raw(&service, head).starts_with("HTTP/1.1 431"));
    let many: String = (0..100).map(|i| format!("X-{i}: 1\r\n")).collect();
    assert!(raw(&service, post(&many, "")).starts_with("HTTP/1.1 431"));
    assert!(raw(&service, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400"));
}

#[test]
fn slow_senders_are_not_waited_for() {
    let project = project();
    let service = Service::of(&project);
    let began = Instant::now();
    let head = std::thread::scope(|scope| {
        let slow_head =
            scope.spawn(|| raw(&service, "POST /cleanup-duplicates HTTP/1.1\r\nHost: h"));
        let headers = "Content-Type: application/json\r\nContent-Length: 100\r\n";
        let body = raw(&service, post(headers, "{\"game_"));
        assert!(body.starts_with("HTTP/1.1 408"), "{body}");
        slow_head.join().unwrap()
    });
    assert!(head.is_empty() || head.starts_with("HTTP/1.1 408"), "{head}");
    assert!(began.elapsed() < Duration::from_secs(25), "{:?}", began.elapsed());
}

#[test]
fn slow_readers_are_not_waited_for() {
    let project = project();
    let service = Service::of(&project);
    let mut stream = std::net::TcpStream::connect(&service.address).unwrap();
    stream.set_write_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = "GET /api/openapi.json HTTP/1.1\r\nHost: h\r\n\r\n";
    let began = Instant::now();
    // Nobody reads the answers, until the service has enough of it.
    while std::io::Write::write_all(&mut stream, request.as_bytes()).is_ok() {
        assert!(began.elapsed() < Duration::from_secs(25), "it still waits");
    }
    assert_eq!(service.get("/healthz", None).status, 200);
}

#[test]
fn addresses_lead_nowhere_but_where_they_should() {
    let project = project();
    let service = Service::of(&project);
    for path in [
        "/nowhere",
        "/../../etc/passwd",
        "/api/runs/..%2f..%2fetc%2fpasswd",
        "/api/runs/%ff",
        "/api/runs/x'%20OR%201=1",
        "/api/runs/%25",
        "/api/runs/20260130",
        "/cleanup-duplicates/",
        "//",
    ] {
        let answer = service.get(path, Some(READ));
        assert_eq!((answer.status, &answer.json["code"]), (404, &json!("not_found")), "{path}");
    }
    for query in
        ["date=x", "rule=x", "last=x", "date=2026-01-30&date=2026-01-29", "nope=1", "from=TODAY"]
    {
        let answer = service.get(&format!("/api/status?{query}"), Some(READ));
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
    }
    for query in ["limit=0", "days=0", "days=9999", "limit=-1", "rule=%27"] {
        assert_eq!(service.get(&format!("/api/runs?{query}"), Some(READ)).status, 422, "{query}");
    }
    let wrong = service.get("/cleanup-duplicates", Some(APPLY));
    assert_eq!((wrong.status, &wrong.json["code"]), (405, &json!("method_not_allowed")));
    assert_eq!(wrong.headers["allow"], "POST");
}

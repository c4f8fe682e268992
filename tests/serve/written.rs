//! HTTP as it is written: what can be read in two ways is refused.

use super::service::{APPLY, READ, Service, raw};
use crate::common::{Project, RULE};

fn service(project: &Project) -> Service {
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z");
    Service::of(project)
}

/// The statuses of all answers of a connection on which this is sent.
fn statuses(service: &Service, sent: &str) -> Vec<u16> {
    let answers = raw(service, sent);
    let status = |rest: &str| rest.get(..3)?.parse().ok();
    answers.split("HTTP/1.1 ").skip(1).filter_map(status).collect()
}

#[test]
fn what_a_request_says_twice_is_refused() {
    let project = Project::new(RULE);
    let service = service(&project);
    let key = format!("X-API-Key: {READ}\r\n");
    let bearer = format!("Authorization: Bearer {READ}\r\n");
    let host = "Host: h\r\n".to_owned();
    let closing = "Connection: close\r\n".to_owned();
    let json = "Content-Type: application/json\r\n".to_owned();
    let ask = |headers: &[&String]| {
        let headers: String = headers.iter().map(|header| header.as_str()).collect();
        statuses(&service, &format!("GET /api/status HTTP/1.1\r\n{headers}\r\n"))
    };
    assert_eq!(ask(&[&host, &key, &closing]), [200]);
    assert_eq!(ask(&[&host, &bearer, &closing]), [200]);
    let other = format!("x-api-key: {APPLY}\r\n");
    assert_eq!(ask(&[&host, &key, &key]), [400]);
    assert_eq!(ask(&[&host, &key, &other]), [400]);
    assert_eq!(ask(&[&host, &bearer, &bearer]), [400]);
    assert_eq!(ask(&[&host, &host, &key]), [400]);
    assert_eq!(ask(&[&host, &key, &json, &json]), [400]);
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n".to_owned();
    assert_eq!(ask(&[&host, &key, &both])[0], 400);
    assert_eq!(
        ask(&[&host, &key, &"Content-Length: 0\r\nContent-Length: 1\r\n".to_owned()]),
        [400]
    );
}

#[test]
fn a_request_without_a_host_is_refused() {
    let project = Project::new(RULE);
    let service = service(&project);
    for path in ["/api/status", "/healthz", "/sign-in"] {
        let ask = |version: &str, host: &str| {
            let key = format!("X-API-Key: {READ}\r\nConnection: close\r\n");
            statuses(&service, &format!("GET {path} HTTP/{version}\r\n{host}{key}\r\n"))
        };
        assert_eq!(ask("1.1", ""), [400], "{path}");
        assert_eq!(ask("1.1", "Host: a b\r\n"), [400], "{path}");
        assert_eq!(ask("1.1", "Host: user@h/x\r\n"), [400], "{path}");
        assert_eq!(ask("1.1", "Host: h:1\r\n"), [200], "{path}");
    }
    let old = raw(&service, "GET /healthz HTTP/1.0\r\n\r\n");
    assert!(old.contains(" 200 OK"), "{old}");
}

#[test]
fn a_line_that_does_not_end_as_http_lines_do_is_refused() {
    let project = Project::new(RULE);
    let service = service(&project);
    let whole = format!("GET /api/status HTTP/1.1\r\nHost: h\r\nX-API-Key: {READ}\r\n\r\n");
    let closing = whole.replace("Host: h\r\n", "Host: h\r\nConnection: close\r\n");
    assert_eq!(statuses(&service, &format!("{whole}{closing}")), [200, 200]);
    for (at, _) in whole.match_indices("\r\n") {
        let bare = format!("{}{}", &whole[..at], &whole[at + 1..]);
        assert_eq!(statuses(&service, &bare), [400], "{bare:?}");
        // Also behind another request, on the same connection.
        assert_eq!(statuses(&service, &format!("{whole}{bare}")), [200, 400], "{bare:?}");
    }
    assert_eq!(statuses(&service, &format!("\n{whole}")), [400]);
    // A body may hold what it likes, and the next head is looked at again.
    let body = "{\"dry_run\": true,\n\"game_date\":\n\"2026-01-30\"}\n";
    let post = format!(
        "POST /cleanup-duplicates HTTP/1.1\r\nHost: h\r\nX-API-Key: {READ}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(statuses(&service, &format!("{post}{post}{closing}")), [200, 200, 200]);
    let bare = closing.replace("Host: h\r\n", "Host: h\n");
    assert_eq!(statuses(&service, &format!("{post}{bare}")), [200, 400]);
    let chunked = post
        .replace(&format!("Content-Length: {}", body.len()), "Transfer-Encoding: chunked")
        .replace(body, &format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
    let behind = statuses(&service, &format!("{chunked}{bare}"));
    assert!(behind == [200] || behind == [200, 400], "{behind:?}");
}

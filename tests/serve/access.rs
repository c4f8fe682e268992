//! Who may call: nobody without a key, readers only look, and nothing runs that was refused.

use onerow::statement::Fingerprint;
use serde_json::json;

use super::service::{APPLY, READ, Service, raw};
use crate::common::whole::whole;
use crate::common::{Project, RULE};

const BODY: &str = r#"{"date": "2026-01-30"}"#;
const ROWS: &str = "r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z";

fn project() -> Project {
    let project = Project::new(RULE);
    project.rows(ROWS);
    project
}

#[test]
fn without_the_right_key_nothing_is_told_and_nothing_is_run() {
    let project = project();
    let service = Service::of(&project);
    for key in [None, Some(""), Some("wrong"), Some(&APPLY[1..])] {
        let refused = service.cleanup(BODY, key);
        assert_eq!((refused.status, &refused.json["code"]), (401, &json!("unauthorized")));
        assert!(refused.headers.contains_key("www-authenticate"));
        for path in ["/api/status", "/api/runs", "/api/runs/x", "/metrics"] {
            assert_eq!(service.get(path, key).status, 401, "{path}");
        }
    }
    assert_eq!(service.cleanup(BODY, Some(READ)).status, 403);
    assert_eq!(project.active(), ["r1", "r2"]);
    assert_eq!(project.ledger(), [""; 0]);
    let log = service.log();
    assert!(!log.contains(APPLY) && !log.contains(READ), "{log}");
    for path in ["/healthz", "/readyz", "/api/openapi.json"] {
        assert_eq!(service.get(path, None).status, 200, "{path}");
    }
}

#[test]
fn several_keys_are_known_at_a_time_as_text_and_as_hashes() {
    let project = project();
    let hash = format!("sha256:{}", Fingerprint::of("another-key-of-some-length"));
    let keys = project.write("keys", format!("# two\n{APPLY}\n{hash}\n"));
    let arguments = ["--apply-keys", keys.to_str().unwrap()];
    let service = Service::start(&project.path(""), &arguments, &[]);
    for key in [APPLY, "another-key-of-some-length"] {
        let dry = format!("{{\"dry_run\": true, {}", &BODY[1..]);
        assert_eq!(service.cleanup(&dry, Some(key)).status, 200);
    }
    assert_eq!(service.get("/api/status", Some(&hash)).status, 401);
}

#[test]
fn without_any_key_only_this_machine_is_answered_and_it_says_so() {
    let project = project();
    whole!(project.onerow("serve --listen 0.0.0.0:0"), @"
    $ onerow serve --listen 0.0.0.0:0
    exit code 2
    -- stderr
    error[service]: 0.0.0.0:0 is reachable from other machines, and no keys are configured
      help: give keys in ONEROW_APPLY_KEYS or --apply-keys FILE, or listen on 127.0.0.1
    ");
    let service = Service::start(&project.path(""), &[], &[]);
    assert!(
        service.log().contains("no API keys are configured: serving localhost only"),
        "{}",
        service.log()
    );
    assert_eq!(service.get("/api/status?date=2026-01-30", None).status, 200);
    let rebound = raw(
        &service,
        "GET /api/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert!(rebound.starts_with("HTTP/1.1 403"), "{rebound}");
    let forwarded = service.get_with("/api/status", &[("X-Forwarded-For", "203.0.113.7")]);
    assert_eq!(forwarded.status, 403);
    assert_eq!(service.cleanup(BODY, None).status, 200);
    assert_eq!(project.active(), ["r2"]);
}

#[test]
fn keys_that_are_none_are_refused_before_anything_listens() {
    let project = project();
    let not_utf8 = std::os::unix::ffi::OsStrExt::from_bytes(b"0123456789abcdefghij\xff");
    let not_utf8: &std::ffi::OsStr = not_utf8;
    for (keys, told) in
        [("short".as_ref(), "fewer than 20"), ("".as_ref(), "holds no key"), (not_utf8, "ASCII")]
    {
        let mut command = project.command(&["serve", "--listen", "127.0.0.1:0"]);
        let ended = command.env("ONEROW_APPLY_KEYS", keys).output().unwrap();
        let text = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{text}");
        assert!(text.contains(told) && text.contains("ONEROW_APPLY_KEYS"), "{text}");
    }
    whole!(project.onerow("serve --apply-keys nowhere"), @"
    $ onerow serve --apply-keys nowhere
    exit code 1
    -- stderr
    error[file]: cannot read `nowhere`: No such file or directory (os error 2)
      help: check the path, and that the folder still exists
    ");
    whole!(project.onerow("serve no_such_rule"), @"
    $ onerow serve no_such_rule
    exit code 2
    -- stderr
    error[unknown-name]: there is no rule `no_such_rule`
      help: known: predictions
    ");
}

/// Every address of the pages, with the status for a caller with no key, with a read-only one, and with one that may
/// apply.
const PAGES: [(&str, [u16; 3]); 8] = [
    ("/", [303, 200, 200]),
    ("/rules/predictions", [303, 200, 200]),
    ("/rules/predictions?range=all", [303, 200, 200]),
    ("/rules/predictions/dates/2026-01-30", [303, 200, 200]),
    ("/plan?rule=predictions&from=2026-01-30&to=2026-01-30", [303, 200, 200]),
    ("/history", [303, 200, 200]),
    ("/runs/RUN", [303, 200, 200]),
    ("/runs/RUN/undo", [303, 200, 200]),
];

#[test]
fn each_page_is_for_who_may_see_it() {
    let project = project();
    let service = Service::of(&project);
    let run = service.cleanup(BODY, Some(APPLY)).json;
    let run = run["run_id"].as_str().unwrap();
    for (path, statuses) in PAGES {
        let path = path.replace("RUN", run);
        let found = [None, Some(READ), Some(APPLY)].map(|key| service.get(&path, key));
        assert_eq!(found.each_ref().map(|page| page.status), statuses, "{path}");
        let led = found[0].headers["location"].to_str().unwrap();
        assert!(led.starts_with("/sign-in?next=%2F"), "{path} leads to {led}");
        assert_eq!(found[0].text, "", "nothing is told to strangers");
        let next = led.split_once("next=").unwrap().1;
        let signed_in = service.get(&format!("/sign-in?next={next}"), None);
        let kept = signed_in.text.contains("value=\"&#x2f;\"");
        assert_eq!(kept, path == "/", "{path}: signing in leads back: {}", signed_in.text);
        for wrong in ["wrong", ""] {
            assert_eq!(service.get(&path, Some(wrong)).status, 303, "{path}");
        }
    }
}

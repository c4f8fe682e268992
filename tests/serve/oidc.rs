//! Tokens that a signer vouches for, with a key of the tests' own in place of Google's.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value as Json, json};

use super::service::Service;
use crate::common::whole::whole;
use crate::common::{Project, RULE};

const AUDIENCE: &str = "https://onerow.example.run.app";
const BODY: &str = r#"{"date": "2026-01-30"}"#;

/// Serves the signer's keys, and counts how often they are fetched.
fn signer() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/certs", listener.local_addr().unwrap());
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = fetched.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            count.fetch_add(1, Ordering::SeqCst);
            let keys = include_str!("signer.jwks.json");
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{keys}", keys.len());
        }
    });
    (url, fetched)
}

fn token(kid: &str, changes: Json) -> String {
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "iss": "https://accounts.google.com", "aud": AUDIENCE, "exp": now + 600, "iat": now,
        "email": "scheduler@project.iam.gserviceaccount.com", "email_verified": true,
    });
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::RS256) };
    encode(&header, &claims, &EncodingKey::from_rsa_der(include_bytes!("signer.der"))).unwrap()
}

fn call(service: &Service, token: &str) -> u16 {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent: ureq::Agent = config.build().into();
    agent
        .post(format!("http://{}/cleanup-duplicates", service.address))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json")
        .send(BODY)
        .unwrap()
        .status()
        .as_u16()
}

#[test]
fn a_token_is_taken_from_the_right_account_for_the_right_audience_while_it_lasts() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    let (url, fetched) = signer();
    let environment = [
        ("ONEROW_OIDC_AUDIENCE", AUDIENCE),
        ("ONEROW_OIDC_APPLY", "scheduler@project.iam.gserviceaccount.com"),
        ("ONEROW_OIDC_READ", "reader@project.iam.gserviceaccount.com"),
        ("ONEROW_OIDC_KEYS_URL", &url),
    ];
    let service = Service::start(&project.path(""), &[], &environment);
    let now = jiff::Timestamp::now().as_second();
    for (wrong, status) in [
        (json!({"aud": "https://other.example"}), 401),
        (json!({"iss": "https://evil.example"}), 401),
        (json!({"exp": now - 3600}), 401),
        (json!({"exp": now - 45}), 401),
        (json!({"nbf": now + 3600}), 401),
        (json!({"nbf": now + 45}), 401),
        (json!({"iat": now + 3600}), 401),
        (json!({"email_verified": false}), 401),
        (json!({"email": "stranger@project.iam.gserviceaccount.com"}), 401),
        (json!({"email": "reader@project.iam.gserviceaccount.com"}), 403),
    ] {
        assert_eq!(call(&service, &token("test", wrong.clone())), status, "{wrong}");
    }
    let good = token("test", json!({}));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    assert_eq!(call(&service, &forged), 401);
    assert_eq!(call(&service, "a.b.c"), 401);
    assert_eq!(project.active(), ["r1", "r2"]);
    assert_eq!(call(&service, &good), 200);
    assert_eq!(project.active(), ["r2"]);
    for close in [json!({"exp": now - 10}), json!({"nbf": now + 10}), json!({"nbf": now - 60})] {
        assert_eq!(call(&service, &token("test", close.clone())), 200, "{close}");
    }
    let log = project.onerow("log --statements --format json").exits(0).json();
    assert_eq!(log[0]["who"], "scheduler@project.iam.gserviceaccount.com");
    for _ in 0..3 {
        assert_eq!(call(&service, &token("unknown", json!({}))), 401);
    }
    assert_eq!(fetched.load(Ordering::SeqCst), 1, "unknown keys make it fetch again and again");
}

#[test]
fn while_the_keys_cannot_be_fetched_tokens_are_refused_at_once_and_seldom_asked_about() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z");
    let failing = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/certs", failing.local_addr().unwrap());
    let fetched = Arc::new(AtomicUsize::new(0));
    let count = fetched.clone();
    std::thread::spawn(move || {
        failing.incoming().for_each(|_| {
            count.fetch_add(1, Ordering::SeqCst);
        })
    });
    let environment = [
        ("ONEROW_OIDC_AUDIENCE", AUDIENCE),
        ("ONEROW_OIDC_APPLY", "scheduler@project.iam.gserviceaccount.com"),
        ("ONEROW_OIDC_KEYS_URL", &url),
    ];
    let service = Service::start(&project.path(""), &[], &environment);
    let began = std::time::Instant::now();
    for _ in 0..50 {
        assert_eq!(call(&service, &token("test", json!({}))), 503);
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
    let fetched = fetched.load(Ordering::SeqCst);
    assert!((1..=2).contains(&fetched), "the keys were asked for {fetched} times");
}

#[test]
fn an_audience_without_accounts_is_refused() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z");
    let ended = project.onerow("serve --listen 127.0.0.1:0 --oidc-audience https://a.example");
    whole!(ended, @"
    $ onerow serve --listen 127.0.0.1:[PORT] --oidc-audience https://a.example
    exit code 2
    -- stderr
    error[service]: --oidc-audience is given, but no account is allowed
      help: name accounts with --oidc-apply EMAIL or --oidc-read EMAIL
    ");
    let ended = project.onerow("serve --listen 127.0.0.1:0 --oidc-apply a@b");
    whole!(ended, @"
    $ onerow serve --listen 127.0.0.1:[PORT] --oidc-apply a@b
    exit code 2
    -- stderr
    error[usage]: `--oidc-audience <URL>` is missing
      help: `onerow serve --help` has examples
    ");
}

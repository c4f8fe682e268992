//! The service tells as the command line does, and nobody waits for it.

use std::time::{Duration, Instant};

use super::receiver::{PAIR, Receiver, Reply, SECRET, SHARED_IDS, project};
use crate::common::Project;
use crate::serve::service::{APPLY, NOW, Service};

const BODY: &str = r#"{"game_date": "2026-01-28"}"#;

fn serving(project: &Project, receiver: &Receiver) -> Service {
    let environment = [("ONEROW_APPLY_KEYS", APPLY), ("OPS_URL", &receiver.url)];
    Service::start(&project.path(""), &["--now", NOW], &environment)
}

#[test]
fn a_run_that_fails_is_told_and_closed_in_the_log() {
    let (project, receiver) = (project("duplicates_over = 0"), Receiver::new());
    project.rows(SHARED_IDS);
    let service = serving(&project, &receiver);
    let answer = service.apply(BODY);
    assert_eq!(answer.status, 500, "{}", answer.text);
    let (text, id) = (receiver.text_soon(), answer.json["run_id"].as_str().unwrap());
    assert!(text.starts_with("*predictions: apply failed*"), "{text}");
    assert!(text.contains(&format!("apply of 2026-01-28, run `{id}`")), "{text}");
    let log = service.log();
    let closing = log.lines().find(|line| line.contains("run ended: failed")).expect(&log);
    let closing: serde_json::Value = serde_json::from_str(closing).unwrap();
    assert_eq!((&closing["severity"], &closing["run_id"]), (&"ERROR".into(), &id.into()));
    assert_eq!(
        (&closing["duplicates_found"], &closing["dates"]),
        (&1.into(), &"2026-01-28".into())
    );
    assert!(log.contains("webhooks that are notified of runs: ops"), "{log}");
    assert!(!log.contains(SECRET) && !answer.text.contains(SECRET), "{log}");
}

#[test]
fn a_dry_run_and_a_clean_run_are_not_told() {
    let (project, receiver) = (project("duplicates_over = 1"), Receiver::new());
    project.rows(PAIR);
    let service = serving(&project, &receiver);
    let dry = service.apply(r#"{"game_date": "2026-01-28", "dry_run": true}"#);
    assert_eq!((dry.status, service.apply(BODY).status), (200, 200));
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(receiver.messages().len(), 0);
    assert_eq!(project.active(), ["r2"]);
}

#[test]
fn rows_that_stay_buffered_are_told() {
    let (project, receiver) = (project("buffered_for = \"0s\""), Receiver::new());
    let row = |n: u8| format!("r{n},2026-01-28,g1,p1,,true,2026-01-31T09:3{n}:00Z");
    project.streamed("2026-01-31T09:30:00Z", &[row(1), row(2)].join("\n"));
    let service = serving(&project, &receiver);
    assert_eq!(service.apply(BODY).status, 202);
    let text = receiver.text_soon();
    assert!(text.contains("2026-01-28: buffered since at least 2026-01-31 10:00 UTC"), "{text}");
}

#[test]
fn neither_the_answer_nor_the_next_run_waits_for_a_slow_webhook() {
    let (project, receiver) =
        (project(""), Receiver::replying(vec![Reply::After(Duration::from_secs(60)); 2]));
    project.rows(SHARED_IDS);
    let mut service = serving(&project, &receiver);
    let began = Instant::now();
    assert_eq!((service.apply(BODY).status, service.apply(BODY).status), (500, 500));
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    receiver.wait_for(2);
    // Nor does the end of the service wait for longer than it may.
    let began = Instant::now();
    assert_eq!(service.terminate(), Some(0));
    let took = began.elapsed();
    assert!(took > Duration::from_secs(3) && took < Duration::from_secs(10), "{took:?}");
    let log = service.log();
    assert!(log.contains("stopped"), "{log}");
    assert!(log.contains("did not answer"), "{log}");
    assert!(!log.contains(SECRET), "{log}");
}

#[test]
fn what_was_not_told_is_a_warning_in_the_log_with_the_run() {
    let (project, receiver) = (project(""), Receiver::replying([Reply::Status(404)]));
    project.rows(SHARED_IDS);
    let service = serving(&project, &receiver);
    let answer = service.apply(BODY);
    receiver.text_soon();
    let log = service.log();
    let warning = log.lines().find(|line| line.contains("could not notify")).expect(&log);
    let warning: serde_json::Value = serde_json::from_str(warning).unwrap();
    assert_eq!(
        (&warning["severity"], &warning["run_id"]),
        (&"WARNING".into(), &answer.json["run_id"])
    );
    assert_eq!(warning["rule"], "predictions");
}

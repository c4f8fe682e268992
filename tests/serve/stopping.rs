//! A request to terminate: runs finish, or stop with an honest ledger.

use std::thread;
use std::time::{Duration, Instant};

use crate::service::{Service, example, hold};

const BODY: &str = r#"{"rule": "by_line", "from": "2026-01-20", "to": "2026-01-29"}"#;

#[test]
fn an_idle_service_stops_at_once() {
    let project = example();
    let mut service = Service::of(&project);
    let began = Instant::now();
    assert_eq!(service.terminate(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8));
    assert!(service.log().contains("stopped in good order"), "{}", service.log());
}

#[test]
fn a_run_that_is_on_is_finished_and_answered() {
    let project = example();
    let mut service = Service::of(&project);
    let lock = hold(&project);
    let asked = thread::scope(|scope| {
        let call = scope.spawn(|| service.apply(BODY));
        thread::sleep(Duration::from_millis(500));
        let id = service.id().to_string();
        std::process::Command::new("kill").arg(id).status().unwrap();
        thread::sleep(Duration::from_millis(500));
        drop(lock);
        call.join().unwrap()
    });
    assert_eq!((asked.status, &asked.json["duplicates_deactivated"]), (200, &4689.into()));
    assert_eq!(service.terminate(), Some(0));
}

#[test]
fn a_run_that_cannot_finish_is_handed_over_within_ten_seconds() {
    let project = example();
    let mut service = Service::of(&project);
    let _lock = hold(&project);
    let address = service.address.clone();
    let call = thread::spawn(move || {
        let url = format!("http://{address}/cleanup-duplicates");
        let request = ureq::post(url).header("X-API-Key", crate::service::APPLY);
        request.header("Content-Type", "application/json").send(BODY).is_ok()
    });
    thread::sleep(Duration::from_millis(500));
    let began = Instant::now();
    service.terminate();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!call.join().unwrap());
    assert_eq!(project.onerow("log --format json").exits(0).stdout, "[]\n");
}

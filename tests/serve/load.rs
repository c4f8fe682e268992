//! Many callers at once.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::service::{APPLY, READ, Service, alone, example, hold};
use crate::common::part;

const BODY: &str = r#"{"rule": "by_line", "date": "2026-01-28"}"#;

#[test]
fn two_hundred_requests_for_one_date_start_one_run() {
    let _alone = alone();
    let project = example();
    let service = Service::of(&project);
    let lock = hold(&project);
    let answers = thread::scope(|scope| {
        let calls: Vec<_> = (0..200).map(|_| scope.spawn(|| service.apply(BODY))).collect();
        thread::sleep(Duration::from_secs(3));
        drop(lock);
        calls.into_iter().map(|call| call.join().unwrap()).collect::<Vec<_>>()
    });
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    answers.iter().for_each(|answer| *statuses.entry(answer.status).or_default() += 1);
    assert_eq!(statuses, BTreeMap::from([(200, 1), (409, 199)]));
    let ran = answers.iter().find(|answer| answer.status == 200).unwrap();
    let refused = answers.iter().filter(|answer| answer.status == 409);
    for refused in refused {
        assert_eq!(refused.json["run_id"], ran.json["run_id"]);
        assert_eq!(refused.json["code"], "run_under_way");
    }
    let id = ran.json["run_id"].as_str().unwrap();
    let refusals = service
        .log()
        .lines()
        .filter(|line| line.contains(": 409"))
        .map(|line| line.contains(id))
        .collect::<Vec<_>>();
    assert_eq!(refusals, [true; 199], "a refusal's line in the log names the run");
    let runs = service.get("/api/runs", Some(READ)).json["runs"].as_array().unwrap().len();
    assert_eq!(runs, 1);
}

#[test]
fn readers_get_answers_while_a_run_is_on() {
    let project = example();
    let service = Service::of(&project);
    let lock = hold(&project);
    thread::scope(|scope| {
        let run = scope.spawn(|| service.apply(BODY));
        thread::sleep(Duration::from_millis(300));
        let read = |last: i32| service.get(&format!("/api/status?last={last}"), Some(READ)).status;
        let readers: Vec<_> = (0..50).map(|i| scope.spawn(move || read(1 + i % 10))).collect();
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 200);
        }
        assert!(!run.is_finished());
        drop(lock);
        assert_eq!(run.join().unwrap().status, 200);
    });
}

#[test]
fn readers_of_many_windows_at_once_are_told_what_each_would_be_told_alone() {
    let project = example();
    let (at_once, alone) = (Service::of(&project), Service::of(&project));
    let addresses: Vec<String> = (0..40)
        .map(|i| match i % 3 {
            0 => format!("/api/status?last={}", 1 + i % 10),
            1 => format!("/api/status?rule=by_line&date=2026-01-{}", 20 + i % 11),
            _ => format!("/api/status?from=2026-01-{}&to=2026-01-29", 18 + i % 10),
        })
        .collect();
    let read = |service: &Service, address: &str| service.get(address, Some(READ)).json;
    let told = thread::scope(|scope| {
        let readers = addresses.iter().map(|address| scope.spawn(|| read(&at_once, address)));
        let readers: Vec<_> = readers.collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect::<Vec<_>>()
    });
    for (address, told) in addresses.iter().zip(told) {
        assert_eq!(told, read(&alone, address), "{address}");
    }
}

#[test]
fn a_table_that_another_process_works_on_is_a_conflict() {
    let project = example();
    let service = Service::of(&project);
    let _lock = hold(&project);
    let refused = service.apply(BODY);
    assert_eq!((refused.status, &refused.json["code"]), (409, &json!("table_locked")));
    assert_eq!(project.onerow("log --statements --format json").exits(0).json(), json!([]));
}

#[test]
#[cfg(target_os = "linux")]
fn memory_stays_flat_over_thousands_of_requests() {
    let _alone = alone();
    let project = example();
    let service = Service::of(&project);
    let resident = || -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", service.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let address = &service.address;
    let many = |count: usize| {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || {
                    let agent = ureq::Agent::new_with_defaults();
                    for i in 0..count / 8 {
                        // Each asks for another window, so that the cache's limit is met too.
                        let (month, day) = (1 + i / 28 % 12, 1 + i % 28);
                        let date = format!("2025-{month:02}-{day:02}");
                        let url = format!("http://{address}/api/status?rule=by_line&date={date}");
                        let call = agent.get(url).header("X-API-Key", APPLY).call();
                        assert_eq!(call.unwrap().status(), 200);
                    }
                });
            }
        });
    };
    many(2_000);
    let before = resident();
    let count = part::cases(10_000, 4_000);
    many(count);
    let after = resident();
    let allowed = before + (before / 4 + 8_192) * count as u64 / 10_000;
    println!("{before} KiB before, {after} KiB after");
    assert!(after < allowed, "{before} KiB before, {after} KiB after");
}

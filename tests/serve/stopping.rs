//! A request to terminate: runs finish, or stop with an honest ledger.

use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::service::{APPLY, NOW, Service, example, hold};

const BODY: &str = r#"{"rule": "by_line", "from": "2026-01-20", "to": "2026-01-29"}"#;

#[test]
fn an_idle_service_stops_at_once() {
    let project = example();
    let mut service = Service::of(&project);
    let began = Instant::now();
    assert_eq!(service.terminate(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(8));
    assert!(service.log().contains("stopped"), "{}", service.log());
}

fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "waited a minute in vain until {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// Waits until a run has begun, and has sent this step.
fn is_under_way(service: &Service, step: Option<&str>) {
    until("a run is under way", || {
        let runs = service.get("/api/runs", Some(APPLY)).json["runs"].clone();
        runs.as_array().unwrap().iter().any(|run| {
            let steps = run["steps"].as_array().unwrap();
            run["outcome"] == "unfinished" && step.is_none_or(|step| steps.contains(&step.into()))
        })
    });
}

#[test]
fn a_run_that_is_on_is_finished_and_answered() {
    let project = example();
    let mut service = Service::of(&project);
    let lock = hold(&project);
    let asked = thread::scope(|scope| {
        let call = scope.spawn(|| service.apply(BODY));
        is_under_way(&service, None);
        let id = service.id().to_string();
        std::process::Command::new("kill").arg(id).status().unwrap();
        until("it takes no connection", || TcpStream::connect(&service.address).is_err());
        drop(lock);
        call.join().unwrap()
    });
    assert_eq!((asked.status, &asked.json["duplicates_deactivated"]), (200, &4689.into()));
    assert_eq!(service.terminate(), Some(0));
}

/// Asks for a run, and when it is under way for the end of the service; the answer, the exit code, and whether
/// it took less than the ten seconds that a platform grants.
fn ended_meanwhile(service: &mut Service, step: Option<&str>) -> (u16, Json, Option<i32>, bool) {
    let url = format!("http://{}/cleanup-duplicates", service.address);
    let call = thread::spawn(move || {
        let agent: ureq::Agent =
            ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let request = agent.post(url).header("X-API-Key", APPLY);
        let mut answer = request.header("Content-Type", "application/json").send(BODY).unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
    });
    is_under_way(service, step);
    let began = Instant::now();
    let code = service.terminate();
    let in_time = began.elapsed() < Duration::from_secs(10);
    let (status, json): (u16, Json) = call.join().unwrap();
    (status, json, code, in_time)
}

#[test]
fn a_run_that_only_waits_is_given_up() {
    let project = example();
    let mut service = Service::of(&project);
    let _lock = hold(&project);
    let (status, answer, code, in_time) = ended_meanwhile(&mut service, None);
    assert_eq!((status, &answer["code"], code), (503, &"unavailable".into(), Some(0)));
    assert!(answer["run_id"].is_string() && in_time, "{answer}");
    assert_eq!(project.onerow("log --statements --format json").exits(0).stdout, "[]\n");
}

/// Each row that is updated takes its time.
const SLOW: &str = "CREATE TRIGGER slow BEFORE UPDATE ON \"nba_predictions.player_prop_predictions\" \
    BEGIN SELECT (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400000) \
    SELECT COUNT(*) FROM n); END";

#[test]
fn a_statement_that_is_under_way_is_handed_over_and_the_caller_is_told() {
    let project = example();
    project.database().execute_batch(SLOW).unwrap();
    let mut service = Service::of(&project);
    let (status, answer, code, in_time) = ended_meanwhile(&mut service, Some("deactivate"));
    assert_eq!((status, &answer["code"], code), (503, &"unavailable".into(), Some(130)));
    assert!(answer["run_id"].is_string() && in_time, "{answer}");
    let entries = project.onerow("log --statements --format json").exits(0).json();
    assert_eq!(entries[0]["outcome"], "started", "{entries}");
    project.database().execute_batch("DROP TRIGGER slow").unwrap();
    let rest = format!("apply by_line --from 2026-01-20 --to 2026-01-29 --now {NOW} --format json");
    assert_eq!(project.onerow(&rest).exits(0).json()["totals"]["deactivated"], 4689);
}

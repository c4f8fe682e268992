//! How the table stands, what was run, and what Prometheus and programs are told.

use std::time::{Duration, Instant};

use serde_json::json;

use super::service::{READ, Service, example};
use crate::common::{Project, RULE};

#[test]
fn the_status_has_the_figures_of_each_rule_and_date() {
    let project = example();
    let service = Service::of(&project);
    let all = service.get("/api/status?from=2026-01-27&to=2026-01-28", Some(READ));
    assert_eq!(all.status, 200, "{}", all.text);
    let figures = |rule: usize| &all.json["rules"][rule]["dates"][1];
    assert_eq!(all.json["rules"][0]["rule"], "player_prop_predictions");
    assert_eq!(
        (&figures(0)["duplicates"], &figures(1)["duplicates"], &figures(0)["status"]),
        (&json!(776), &json!(632), &json!("dirty"))
    );
    let last = service.get("/api/status?rule=by_line&last=11", Some(READ));
    assert_eq!(last.json["rules"][0]["totals"]["duplicates"], 4689);
    assert_eq!(last.json["rules"].as_array().unwrap().len(), 1);
}

#[test]
fn the_status_is_new_after_a_run() {
    let project = example();
    let service = Service::of(&project);
    let duplicates = || {
        let answer = service.get("/api/status?rule=by_line&date=2026-01-28", Some(READ));
        answer.json["rules"][0]["totals"]["duplicates"].clone()
    };
    assert_eq!(duplicates(), 632);
    let ran = service.apply(r#"{"rule": "by_line", "date": "2026-01-28"}"#);
    assert_eq!(ran.status, 200, "{}", ran.text);
    assert_eq!(duplicates(), 0);
}

#[test]
fn prometheus_is_told_of_runs_statements_and_rows() {
    let project = example();
    let service = Service::of(&project);
    service.apply(r#"{"rule": "by_line", "date": "2026-01-28"}"#);
    service.apply(r#"{"rule": "by_line", "date": "2026-01-29"}"#);
    let text = service.get("/metrics", Some(READ)).text;
    for line in [
        r#"onerow_runs_total{outcome="success",rule="by_line"} 2"#,
        r#"onerow_statements_total{outcome="done",rule="by_line",step="deactivate"} 1"#,
        r#"onerow_statements_total{outcome="done",rule="by_line",step="detect"} 2"#,
        r#"onerow_duplicates_found_total{rule="by_line"} 632"#,
        r#"onerow_duplicates_deactivated_total{rule="by_line"} 632"#,
        r#"onerow_run_seconds_count{rule="by_line"} 2"#,
        r#"onerow_last_success_timestamp_seconds{rule="by_line"} 1769853600"#,
        r#"onerow_http_requests_total{path="/cleanup-duplicates",status="200"} 2"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let restarted = Service::of(&project);
    let told = (0..50).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        let text = restarted.get("/metrics", Some(READ)).text;
        text.contains(r#"onerow_last_success_timestamp_seconds{rule="by_line"} 1769853600"#)
    });
    assert!(told, "a restart forgets the last success");
}

#[test]
fn a_warehouse_that_is_gone_is_not_ready_and_the_process_is_healthy() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z");
    let service = Service::of(&project);
    project.database().execute_batch(r#"DROP TABLE "nba.predictions""#).unwrap();
    assert_eq!(service.get("/healthz", None).status, 200);
    // What was found when it began is good for a while.
    let until = Instant::now() + Duration::from_secs(20);
    let mut ready = service.get("/readyz", None);
    while ready.status == 200 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(100));
        ready = service.get("/readyz", None);
    }
    assert_eq!((ready.status, &ready.json["code"]), (503, &json!("warehouse_unavailable")));
    let status = service.get("/api/status?date=2026-01-30", Some(READ));
    assert_eq!((status.status, &status.json["code"]), (500, &json!("internal")));
}

#[test]
fn the_description_names_every_address() {
    let project = example();
    let service = Service::of(&project);
    let description = service.get("/api/openapi.json", None).json;
    let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/cleanup-duplicates",
            "/api/status",
            "/api/runs",
            "/api/runs/{id}",
            "/api/openapi.json",
            "/healthz",
            "/readyz",
            "/metrics"
        ]
    );
}

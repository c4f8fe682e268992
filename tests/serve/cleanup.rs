//! The seed's calls, and what a range, a buffer and a failure are answered.

use serde_json::json;

use super::service::{APPLY, READ, Service, example, forty_two};
use crate::common::{Project, RULE};

const MAIN: &str = "player_prop_predictions";

fn of_main(project: &Project) -> Service {
    Service::start(
        &project.path(""),
        &[MAIN, "--now", super::service::NOW],
        &[("ONEROW_APPLY_KEYS", APPLY), ("ONEROW_READ_KEYS", READ)],
    )
}

#[test]
fn the_call_of_the_service_it_replaces_gets_its_answer() {
    let project = example();
    forty_two(&project);
    let service = of_main(&project);
    let url = format!("http://{}/cleanup-duplicates", service.address);
    let key = format!("X-API-Key: {APPLY}");
    let body = r#"{"game_date": "2026-01-30", "dry_run": false}"#;
    let output = std::process::Command::new("curl")
        .args(["-s", "-X", "POST", &url, "-H", &key, "-H", "Content-Type: application/json"])
        .args(["-d", body])
        .output()
        .unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = r#"{"status":"success","duplicates_found":42,"duplicates_deactivated":42,"dry_run":false,"game_date":"2026-01-30","date":"2026-01-30","#;
    assert!(String::from_utf8(output.stdout).unwrap().starts_with(expected), "{answer}");
    assert_eq!(answer["rule"], MAIN);
    assert_eq!(answer["dates"][0]["status"], "cleaned");
    let again = service.apply(body);
    assert_eq!((again.status, &again.json["duplicates_found"]), (200, &json!(0)));
}

#[test]
fn the_published_figures_come_out_of_a_dry_run_and_of_a_run() {
    let project = example();
    let service = of_main(&project);
    let range = r#""from": "2026-01-20", "to": "2026-01-29""#;
    let dry = service.cleanup(format!("{{{range}, \"dry_run\": true}}"), Some(READ));
    assert_eq!(dry.status, 200, "{}", dry.text);
    assert_eq!(
        (&dry.json["duplicates_found"], &dry.json["duplicates_deactivated"]),
        (&json!(7865), &json!(0))
    );
    assert_eq!((&dry.json["run_id"], &dry.json["date"]), (&json!(null), &json!(null)));
    let by_line = service
        .cleanup(format!("{{{range}, \"dry_run\": true, \"rule\": \"by_line\"}}"), Some(READ));
    assert_eq!(by_line.json["duplicates_found"], 4689);
    let ran = service.apply(format!("{{{range}}}"));
    assert_eq!((ran.status, &ran.json["status"]), (200, &json!("success")));
    assert_eq!(ran.json["duplicates_deactivated"], 7865);
    let of_28 = &ran.json["dates"][8];
    assert_eq!(
        (&of_28["active"], &of_28["keys"], &of_28["deactivated"]),
        (&json!(1097), &json!(321), &json!(776))
    );
}

#[test]
fn yesterday_is_the_rules_and_the_run_is_in_the_ledger_under_the_keys_name() {
    let project = example();
    forty_two(&project);
    let service = of_main(&project);
    let answer = service.apply(r#"{"date": "YESTERDAY"}"#);
    assert_eq!(answer.json["date"], "2026-01-30");
    let id = answer.json["run_id"].as_str().unwrap();
    let run = service.get(&format!("/api/runs/{id}"), Some(READ));
    assert_eq!((run.status, &run.json["outcome"]), (200, &json!("done")), "{}", run.text);
    assert_eq!(run.json["duplicates_deactivated"], 42);
    let who = run.json["who"].as_str().unwrap();
    assert!(who.starts_with("api-key-") && !who.contains(APPLY), "{who}");
    let steps: Vec<_> = run.json["sent"].as_array().unwrap().iter().map(|s| &s["step"]).collect();
    assert_eq!(steps, ["detect", "record", "deactivate", "verify"]);
    assert!(run.json["sent"][2]["sql"].as_str().unwrap().contains("UPDATE"));
    let listed = service.get("/api/runs", Some(READ));
    assert_eq!(listed.json["runs"][0]["run_id"], id, "{}", listed.text);
    let log = service.log();
    let of_run = log.lines().filter(|line| line.contains("detect of"));
    assert!(of_run.clone().count() == 2 && of_run.clone().all(|line| line.contains(id)), "{log}");
}

#[test]
fn buffered_rows_are_answered_with_202_or_where_that_is_asked_for_with_503() {
    let project = Project::new(RULE);
    let row = |id: u8| format!("r{id},2026-01-30,g1,p1,,true,2026-01-31T09:3{id}:00Z");
    project.streamed("2026-01-31T09:59:00Z", &format!("{}\n{}", row(1), row(2)));
    let service = Service::of(&project);
    let later = service.apply(r#"{"date": "YESTERDAY"}"#);
    assert_eq!((later.status, &later.json["status"]), (202, &json!("buffered")), "{}", later.text);
    assert_eq!(later.headers["retry-after"], "1800");
    assert_eq!(later.json["duplicates_buffered"], 1);
    let failed = service.apply(r#"{"date": "YESTERDAY", "fail_when_buffered": true}"#);
    assert_eq!((failed.status, &failed.json["status"]), (503, &json!("buffered")));
    assert_eq!(failed.headers["retry-after"], "1800");
    assert_eq!(project.active(), ["r1", "r2"]);
}

#[test]
fn a_run_that_fails_is_answered_with_500_and_a_code_and_nothing_of_the_inside() {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr1,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    let service = Service::of(&project);
    let shared_ids = service.apply(r#"{"date": "YESTERDAY"}"#);
    assert_eq!(
        (shared_ids.status, &shared_ids.json["status"]),
        (500, &json!("error")),
        "{}",
        shared_ids.text
    );
    assert_eq!(shared_ids.json["dates"][0]["status"], "shared_ids");
    project.database().execute_batch(r#"DROP TABLE "nba.predictions""#).unwrap();
    let gone = service.apply(r#"{"date": "2026-01-29"}"#);
    assert_eq!(gone.status, 500, "{}", gone.text);
    for inside in ["no such table", "predictions.db", "local.db", "SELECT", "src/"] {
        assert!(!gone.text.contains(inside), "{}", gone.text);
    }
}

#[test]
fn a_rule_that_deletes_rows_is_run_only_where_that_was_allowed() {
    let deleting = "[rule.predictions]\nstrategy = \"delete\"";
    let rules =
        RULE.replace("[rule.predictions]", deleting).replace("touched_at = \"updated_at\"\n", "");
    let project = Project::new(&rules);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z\nr2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z");
    let body = r#"{"date": "2026-01-30"}"#;
    let refused = Service::of(&project).apply(body);
    assert_eq!((refused.status, &refused.json["code"]), (403, &json!("forbidden")));
    assert_eq!(project.active(), ["r1", "r2"]);
    let keys = [("ONEROW_APPLY_KEYS", APPLY)];
    let allowed = Service::start(&project.path(""), &["--yes"], &keys).apply(body);
    assert_eq!(allowed.status, 200, "{}", allowed.text);
    assert_eq!(project.active(), ["r2"]);
}

#[test]
fn a_caller_may_ask_for_the_dates_that_changed() {
    let project = Project::new(RULE);
    project.rows(
        "a1,2026-01-27,g1,p,,true,2026-01-27T01:00:00Z\n\
         b1,2026-01-28,g1,p,,true,2026-01-28T01:00:00Z\n\
         b2,2026-01-28,g1,p,,true,2026-01-28T02:00:00Z",
    );
    let service = Service::of(&project);
    let dry = service.cleanup(r#"{"changed": true, "dry_run": true}"#, Some(READ));
    assert_eq!((dry.status, &dry.json["duplicates_found"]), (200, &json!(1)), "{}", dry.text);
    assert_eq!((&dry.json["from"], &dry.json["unchanged"]), (&json!("2026-01-27"), &json!(0)));
    let body = r#"{"rule": "predictions", "changed": true, "fail_when_buffered": true}"#;
    let ran = service.apply(body);
    assert_eq!((ran.status, &ran.json["duplicates_deactivated"]), (200, &json!(1)), "{}", ran.text);
    let nothing = service.apply(body);
    assert_eq!((nothing.status, &nothing.json["status"]), (200, &json!("success")));
    assert_eq!((&nothing.json["dates"], &nothing.json["unchanged"]), (&json!([]), &json!(2)));
    for none in ["run_id", "from", "to", "date"] {
        assert_eq!(nothing.json[none], json!(null), "{none}");
    }
    project.rows("a2,2026-01-27,g1,p,,true,2026-01-27T02:00:00Z");
    let status = service.get("/api/status?changed=true", Some(READ));
    let figures = &status.json["rules"][0];
    assert_eq!(figures["dates"].as_array().unwrap().len(), 1, "{}", status.text);
    assert_eq!(figures["dates"][0]["date"], "2026-01-27");
    let of_one = service.get("/api/status?changed=true&date=2026-01-28", Some(READ));
    assert_eq!(of_one.json["rules"][0]["dates"], json!([]));
    let ran = service.apply(r#"{"changed": true, "from": "2026-01-01", "to": "2026-01-31"}"#);
    assert_eq!(
        (&ran.json["duplicates_deactivated"], &ran.json["unchanged"]),
        (&json!(1), &json!(30))
    );
    assert!(ran.json.get("undated").is_none(), "{}", ran.text);
    let named = service.apply(r#"{"date": "2026-01-28"}"#);
    assert!(named.json.get("unchanged").is_none(), "only where it was asked for: {}", named.text);
}

#[test]
fn a_whole_number_may_have_a_fraction_of_zero() {
    let project = example();
    let service = of_main(&project);
    let ask = |last: &str| {
        service.cleanup(format!("{{\"last\": {last}, \"dry_run\": true}}"), Some(READ)).status
    };
    assert_eq!([ask("3"), ask("3.0"), ask("null")], [200, 200, 422]);
    assert_eq!([ask("3.5"), ask("-1"), ask("1e300"), ask("\"3\"")], [422; 4]);
}

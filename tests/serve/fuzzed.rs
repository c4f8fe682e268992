//! A fuzzer that reads a description of the service: no answer is a 5xx, and none is one that the
//! description does not have; what fits the description of the API is not refused.

use std::ffi::OsString;
use std::process::Command;

use serde_json::{Value as Json, json};

use super::service::{APPLY, NOW, Service, example};
use crate::common::{Project, part};

/// `None`, and a word about it, where there is no fuzzer, or it is another test's turn: 0 or 1.
fn fuzzer(turn: usize) -> Option<OsString> {
    if !part::is_turn(turn, 2) {
        return None;
    }
    let fuzzer = std::env::var_os("ONEROW_FUZZER");
    if fuzzer.is_none() {
        eprintln!("skipped: this test needs a fuzzer; `tests/run` prepares it");
    }
    fuzzer
}

/// What the fuzzer prints, which finds nothing that these checks refuse.
fn fuzzed(fuzzer: &OsString, project: &Project, about: &[&str], checks: &str) -> String {
    let output = Command::new(fuzzer)
        .arg("run")
        .args(about)
        .args(["--header", &format!("X-API-Key: {APPLY}"), "--checks", checks])
        .args(["--max-examples", &part::cases(50, 15).to_string(), "--no-color"])
        .args(["--seed", "20260128"])
        // A run of 400 dates takes its time where other tests share the machine.
        .args(["--request-timeout", "60"])
        .env("SCHEMATHESIS_HOOKS", "hooks.py")
        .current_dir(project.path(""))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
    told
}

#[test]
fn a_fuzzer_that_reads_the_description_finds_nothing() {
    let Some(fuzzer) = fuzzer(0) else { return };
    let project = example();
    let arguments = ["player_prop_predictions", "--now", NOW];
    let service = Service::start(&project.path(""), &arguments, &[("ONEROW_APPLY_KEYS", APPLY)]);
    project.write("hooks.py", include_str!("hooks.py"));
    let url = format!("http://{}/api/openapi.json", service.address);
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                  response_headers_conformance,response_schema_conformance,ignored_auth,\
                  unsupported_method,positive_data_acceptance";
    let told = fuzzed(&fuzzer, &project, &[&url], checks);
    let log = service.log();
    let answered =
        |status: &str| log.matches(&format!("POST /cleanup-duplicates: {status}")).count();
    let (ran, refused) = (answered("200"), answered("422"));
    assert!(
        ran > part::cases(10, 3) && refused > part::cases(10, 3),
        "{ran} answered, {refused} refused\n{told}"
    );
}

/// The pages, which are no part of the API, described for the fuzzer: each parameter is any text, or one that fits.
fn pages(run: &str) -> Json {
    let text = |examples: &[&str]| {
        let fits: Vec<Json> = examples.iter().map(|text| json!({ "const": text })).collect();
        json!({ "anyOf": [{ "type": "string" }, { "anyOf": fits }] })
    };
    let parameter = |place: &str, name: &str, examples: &[&str]| json!({ "name": name, "in": place, "required": place == "path", "schema": text(examples) });
    let (rule, date) = (["by_line", "player_prop_predictions"], ["2026-01-28", "all", "null"]);
    let query = |name: &str, examples: &[&str]| parameter("query", name, examples);
    let in_path = |name: &str, examples: &[&str]| parameter("path", name, examples);
    let numbers = ["0", "1", "2", "18446744073709551616"];
    let look = |parameters: Vec<Json>| {
        let statuses = ["200", "303", "400", "404", "422"]
            .map(|status| (status.to_owned(), json!({ "description": status })));
        let answers: serde_json::Map<String, Json> = statuses.into_iter().collect();
        json!({ "get": { "parameters": parameters, "responses": answers } })
    };
    json!({
        "openapi": "3.1.0",
        "info": { "title": "pages", "version": "1" },
        "paths": {
            "/": look(vec![
                query("status", &["dirty", "clean", "unknown"]),
                query("name", &["by", "%"]),
                query("sort", &["name", "status", "cost"]),
                query("page", &numbers),
            ]),
            "/history": look(vec![query("rule", &rule)]),
            "/plan": look(vec![query("rule", &rule), query("from", &date), query("to", &date)]),
            "/rules/{rule}": look(vec![
                in_path("rule", &rule),
                query("range", &["week", "month", "quarter", "all"]),
                query("from", &date),
                query("to", &date),
            ]),
            "/rules/{rule}/dates/{date}": look(vec![
                in_path("rule", &rule),
                in_path("date", &date),
                query("page", &numbers),
                query("run", &[run]),
                query("removed_page", &numbers),
            ]),
            "/runs/{run}": look(vec![in_path("run", &[run, "last"])]),
            "/runs/{run}/undo": look(vec![in_path("run", &[run, "last"])]),
        }
    })
}

#[test]
fn a_fuzzer_that_asks_for_pages_finds_nothing() {
    let Some(fuzzer) = fuzzer(1) else { return };
    let project = example();
    let apply = format!("apply by_line --date 2026-01-28 --now {NOW} --format json");
    let run = project.onerow(&apply).exits(0).json();
    let run = run["run_id"].as_str().unwrap();
    let service =
        Service::start(&project.path(""), &["--now", NOW], &[("ONEROW_APPLY_KEYS", APPLY)]);
    project.write("pages.json", pages(run).to_string());
    project.write("hooks.py", "");
    let url = format!("http://{}", service.address);
    let about = ["pages.json", "--url", &url];
    let told = fuzzed(&fuzzer, &project, &about, "not_a_server_error,status_code_conformance");
    let log = service.log();
    for page in ["/rules/{name}", "/rules/{name}/dates/{date}", "/runs/{id}", "/runs/{id}/undo"] {
        let shown = log.matches(&format!("GET {page}: 200")).count();
        assert!(shown > part::cases(4, 1), "{page} was shown {shown} times\n{told}\n{log}");
    }
}

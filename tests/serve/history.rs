//! The page of the last days, the same figures for Prometheus, and the dashboard that asks for them.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::service::{APPLY, READ, Service, example};
use crate::report_html::html::{assert_is_sound, plain};

/// The cells of the line that begins with this.
fn line(page: &str, first: &str) -> Vec<String> {
    let (_, rest) = page.split_once(first).unwrap_or_else(|| panic!("{first} is not in\n{page}"));
    let row = rest.split_once("</tr>").unwrap().0;
    let cells = row.split("<td class=\"n\">").skip(1);
    let text = |cell: &str| {
        cell.replace("<span class=\"zero\">0</span>", "0").split('<').next().unwrap().to_owned()
    };
    cells.map(text).collect()
}

#[test]
fn what_runs_found_removed_and_brought_back_is_shown_by_day_and_by_rule() {
    let project = example();
    project.onerow("apply by_line --date 2026-01-28 --now 2026-01-30T09:00:00Z").exits(0);
    project.onerow("undo last by_line --now 2026-01-31T09:00:00Z").exits(0);
    let service = Service::of(&project);
    let page = |path: &str| {
        let page = service.get(path, Some(READ));
        assert_eq!(page.status, 200, "{}", page.text);
        assert_is_sound(&page.text);
        plain(&page.text)
    };
    let all = page("/history");
    assert_eq!(line(&all, ">2026-01-30</th>")[..5], ["1", "0", "632", "632", "0"]);
    assert_eq!(line(&all, ">2026-01-31</th>")[..5], ["1", "0", "0", "0", "632"]);
    assert_eq!(line(&all, ">total</th>")[..5], ["2", "0", "632", "632", "632"]);
    assert!(line(&all, ">by_line</a></th>")[0] == "2" && !all.contains("/history?rule=player"));
    assert_eq!(all.matches("<th scope=\"row\">2026-01-").count(), 30, "each day has a line");
    let one = page("/history?rule=player_prop_predictions");
    assert_eq!(line(&one, ">total</th>")[..3], ["0", "0", "0"]);
    assert_eq!(service.get("/history?rule=nowhere", Some(READ)).status, 422);
}

/// Names of metrics in the text of an expression.
fn metrics(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
    words.filter(|word| word.starts_with("onerow_"))
}

fn expressions(json: &Json, found: &mut Vec<String>) {
    match json {
        Json::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("expr" | "query" | "definition", Json::String(text)) => {
                        found.push(text.clone())
                    }
                    _ => expressions(value, found),
                }
            }
        }
        Json::Array(items) => items.iter().for_each(|item| expressions(item, found)),
        _ => {}
    }
}

const BILLED: &str = "onerow_bytes_billed_total";
const REGISTERED: &str = include_str!("../../src/serve/metrics.rs");

#[test]
fn each_metric_of_the_dashboard_is_one_of_the_service() {
    let dashboard: Json =
        serde_json::from_str(include_str!("../../deploy/grafana/onerow.json")).unwrap();
    let mut asked = Vec::new();
    expressions(&dashboard, &mut asked);
    assert!(asked.len() > 8, "{asked:?}");
    let project = example();
    let service = Service::of(&project);
    service.apply(r#"{"rule": "by_line", "date": "2026-01-28"}"#);
    service.get("/history", Some(APPLY));
    let text = service.get("/metrics", Some(READ)).text;
    let known: BTreeSet<&str> = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap())
        .collect();
    let mut used = BTreeSet::new();
    for expression in &asked {
        for metric in metrics(expression) {
            // The embedded warehouse bills nothing, and a metric without a value is not listed.
            let is_registered = metric == BILLED && REGISTERED.contains(&format!("\"{BILLED}\""));
            let is_known = known.contains(metric) || is_registered;
            assert!(is_known, "{metric} of `{expression}` is not in\n{text}");
            used.insert(metric.to_owned());
        }
    }
    assert!(used.len() > 8, "{used:?}");
    for line in [
        r#"onerow_ledger_duplicates_found{rule="by_line"} 632"#,
        r#"onerow_ledger_rows_removed{rule="by_line"} 632"#,
        r#"onerow_ledger_rows_restored{rule="by_line"} 0"#,
        r#"onerow_ledger_buffered_seconds{rule="by_line"} 0"#,
        r#"onerow_ledger_failed_runs{rule="by_line"} 0"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

/// OpenTelemetry has the same metrics, by its Collector, which is told the same address and key.
#[test]
fn the_collector_of_opentelemetry_reads_what_the_service_serves() {
    let text = include_str!("../../deploy/opentelemetry/collector.yaml");
    let collector: Json = serde_yaml_ng::from_str(text).unwrap();
    let scrape = &collector["receivers"]["prometheus"]["config"]["scrape_configs"][0];
    let pipeline = &collector["service"]["pipelines"]["metrics"];
    for (part, names) in [("receivers", "prometheus"), ("exporters", "otlphttp")] {
        assert_eq!(pipeline[part], serde_json::json!([names]));
        assert!(collector[part].get(names).is_some(), "{names} is configured");
    }
    let key = |key: &str| format!("{} {key}", scrape["authorization"]["type"].as_str().unwrap());
    let service = Service::of(&example());
    let path = scrape["metrics_path"].as_str().unwrap();
    let answered = |key: String| service.get_with(path, &[("Authorization", &key)]);
    assert_eq!(answered(key("wrong")).status, 401);
    let metrics = answered(key(READ));
    assert_eq!(metrics.status, 200);
    for line in metrics.text.lines().filter(|line| line.starts_with("# TYPE ")) {
        let kind = line.rsplit(' ').next().unwrap();
        assert!(["counter", "gauge", "histogram"].contains(&kind), "{line} has no form in OTLP");
    }
}

//! The description of the service for programs: OpenAPI 3.1.

use axum::Json;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::answer::{CleanupAnswer, RunAnswer, RunsAnswer, StatusAnswer};
use super::api::StatusQuery;
use super::cleanup::CleanupRequest;
use super::problem::Problem;
use super::runs::RunsQuery;

pub(super) async fn openapi() -> Json<Value> {
    Json(description())
}

fn description() -> Value {
    // What is always in an answer is said to be; what may be left out of a question is not.
    let mut schemas = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|s| s.definitions_path = "/components/schemas".into())
        .into_generator();
    let cleanup = question::<CleanupRequest>();
    let cleaned = schema::<CleanupAnswer>(&mut schemas);
    let status = schema::<StatusAnswer>(&mut schemas);
    let runs = schema::<RunsAnswer>(&mut schemas);
    let run = schema::<RunAnswer>(&mut schemas);
    let problem = schema::<Problem>(&mut schemas);
    let answers = |good: Vec<(&str, &str, &Value)>, problems: &[(&str, &str)]| {
        let good = good.into_iter().map(|(code, text, schema)| {
            let content = json!({"application/json": {"schema": schema}});
            (code.to_owned(), json!({"description": text, "content": content}))
        });
        let problems = problems.iter().map(|(code, text)| {
            let content = json!({"application/problem+json": {"schema": problem}});
            ((*code).to_owned(), json!({"description": text, "content": content}))
        });
        Value::Object(good.chain(problems).collect())
    };
    const COMMON: [(&str, &str); 5] = [
        ("401", "no key, or an unknown one"),
        ("403", "the key may not do this"),
        ("422", "a field is unknown or not what it should be"),
        ("500", "something went wrong; the log says what"),
        ("503", "the service is busy or about to stop, or the warehouse did not answer"),
    ];
    let mut refusals = COMMON.to_vec();
    refusals.extend([
        ("400", "the body is not JSON"),
        ("408", "the body took too long to arrive"),
        ("409", "a run of this rule and date is under way; `run_id` names it"),
        ("413", "the body is too large"),
        ("415", "the body is not declared as JSON"),
        ("504", "the run takes longer than a request may; it goes on as `run_id`"),
    ]);
    refusals.retain(|(code, _)| !["500", "503"].contains(code));
    let mut cleanup_answers = answers(
        vec![
            ("200", "no duplicates are left, or it was a dry run", &cleaned),
            ("202", "rows are buffered; call again after Retry-After", &cleaned),
        ],
        &refusals,
    );
    for (code, text) in [
        ("500", "the run failed"),
        ("503", "rows are buffered and `fail_when_buffered` was asked for, or the service is busy"),
    ] {
        cleanup_answers[code] = json!({"description": text, "content": {
            "application/json": {"schema": cleaned},
            "application/problem+json": {"schema": problem},
        }});
    }
    let mut not_found = COMMON.to_vec();
    not_found.push(("404", "the ledger has no such run"));
    let text = json!({"text/plain": {"schema": {"type": "string"}}});
    let open = |what: &str| {
        json!({"summary": what, "security": [], "responses": {
            "200": {"description": "yes", "content": text},
        }})
    };
    let mut ready = open("Whether the warehouse answers");
    ready["responses"]["503"] = json!({"description": "not now", "content": {
        "application/problem+json": {"schema": problem},
    }});
    let metrics_answers = {
        let mut answers = answers(vec![], &[COMMON[0], COMMON[1], COMMON[4]]);
        answers["200"] = json!({"description": "Prometheus's text format", "content": text});
        answers
    };
    let id = json!({"name": "id", "in": "path", "required": true, "schema": {"type": "string"}});
    json!({
        "openapi": "3.1.0",
        "info": {"title": "onerow", "version": env!("CARGO_PKG_VERSION"),
            "description": "For every key, on every date, exactly one active row."},
        "security": [{"key": []}, {"bearer": []}],
        "paths": {
            "/cleanup-duplicates": {"post": {
                "summary": "Remove the duplicate rows of the dates, and verify the result",
                "requestBody": {"required": true,
                    "content": {"application/json": {"schema": cleanup}}},
                "responses": cleanup_answers,
            }},
            "/api/status": {"get": {"summary": "How the dates stand",
                "parameters": parameters::<StatusQuery>(),
                "responses": answers(vec![("200", "the figures per date", &status)], &COMMON)}},
            "/api/runs": {"get": {"summary": "Earlier runs, newest first",
                "parameters": parameters::<RunsQuery>(),
                "responses": answers(vec![("200", "the runs", &runs)], &COMMON)}},
            "/api/runs/{id}": {"get": {"summary": "A run with its statements",
                "parameters": [id],
                "responses": answers(vec![("200", "the run", &run)], &not_found)}},
            "/api/openapi.json": {"get": {"summary": "This description", "security": [],
                "responses": answers(vec![("200", "this", &json!({"type": "object"}))], &COMMON[4..])}},
            "/healthz": {"get": open("Whether the process is there")},
            "/readyz": {"get": ready},
            "/metrics": {"get": {"summary": "Figures for Prometheus",
                "responses": metrics_answers}},
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
            "schemas": schemas.take_definitions(true),
        },
    })
}

fn schema<T: JsonSchema>(schemas: &mut SchemaGenerator) -> Value {
    schemas.subschema_for::<T>().to_value()
}

fn question<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|s| s.meta_schema = None);
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// The fields of a question as parameters of its address.
fn parameters<T: JsonSchema>() -> Value {
    let schema = question::<T>();
    let properties = schema.get("properties").and_then(Value::as_object);
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        // What is left out of an address is not null.
        if let Some(Value::Array(types)) = schema.get("type") {
            schema["type"] = types[0].clone();
        }
        json!({"name": name, "in": "query", "required": false, "schema": schema})
    };
    properties.into_iter().flatten().map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let description = description();
        let text = description.to_string();
        let mut count = 0;
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let path = reference.split('"').next().unwrap();
            assert!(description.pointer(path).is_some(), "{path}");
            count += 1;
        }
        assert!(count > 10, "{count}");
    }

    #[test]
    fn what_an_answer_may_lack_is_not_required_and_what_it_always_has_is() {
        let schemas = &description()["components"]["schemas"];
        let required = |name: &str| -> Vec<String> {
            serde_json::from_value(schemas[name]["required"].clone()).unwrap()
        };
        assert_eq!(required("RuleFigures"), ["rule", "dates", "totals"]);
        let answer = required("CleanupAnswer");
        assert!(answer.contains(&"game_date".to_owned()), "{answer:?}");
        assert!(!answer.contains(&"problems".to_owned()), "{answer:?}");
    }
}

//! The OpenAPI 3.1 description of the service.

use axum::Json;
use axum::extract::State;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::Shared;
use super::access::Caller;
use super::answer::{CleanupAnswer, RunAnswer, RunsAnswer, StatusAnswer};
use super::api::StatusQuery;
use super::cleanup::CleanupRequest;
use super::problem::Problem;
use super::runs::RunsQuery;
use crate::rule::{Rule, RuleName};

/// The description. Callers with a key also see the names of the rules.
pub(super) async fn openapi(
    State(service): State<Shared>,
    caller: Result<Caller, Problem>,
) -> Json<Value> {
    let rules = &service.engine.project().file.rules;
    Json(description(&Asked {
        rules: if caller.is_ok() { rules } else { &[] },
        default_rule: service.default_rule.as_ref(),
    }))
}

/// The values that requests may use.
struct Asked<'r> {
    /// The rules, if their names may be shown.
    rules: &'r [Rule],
    default_rule: Option<&'r RuleName>,
}

impl Asked<'_> {
    /// The schema of a rule's name, or of none.
    fn rule(&self, rules: &[&Rule], may_lack: bool) -> Value {
        let names = rules.iter().map(|rule| json!(rule.name.as_str()));
        match (self.rules.is_empty(), may_lack) {
            (true, true) => json!({"type": ["string", "null"]}),
            (true, false) => json!({"type": "string"}),
            (false, true) => json!({"enum": names.chain([Value::Null]).collect::<Vec<_>>()}),
            (false, false) => json!({"enum": names.collect::<Vec<_>>()}),
        }
    }

    /// The body of a cleanup request: one object for each way to give the dates.
    fn cleanup(&self) -> Value {
        let schema = question::<CleanupRequest>();
        let all: Vec<&Rule> = self.rules.iter().collect();
        let rule = self.rule(&all, self.default_rule.is_some());
        let ways = [&["date"][..], &["from", "to"], &["last"]];
        let mut ways: Vec<Value> =
            ways.map(|given| way(&schema, given, &rule, self.default_rule.is_none())).into();
        // A rule without dates covers its whole table.
        let whole: Vec<&Rule> =
            self.rules.iter().filter(|rule| rule.partition.is_whole()).collect();
        if !whole.is_empty() {
            let is_default = |rule: &&Rule| Some(&rule.name) == self.default_rule;
            let may_lack = whole.iter().any(is_default);
            ways.push(way(&schema, &[], &self.rule(&whole, may_lack), !may_lack));
        }
        json!({"anyOf": ways, "description":
            "One date, or `from` and `to`, or `last`. `from` is not after `to`, and at most 400 dates lie between."})
    }

    /// The query of a status request: dates that can be given together are one parameter, whose properties
    /// are the names in the query string.
    fn status(&self) -> Value {
        let schema = question::<StatusQuery>();
        let ways = [&[][..], &["date"], &["from", "to"], &["last"]].map(|given| {
            let of = |name: &&str| ((*name).to_owned(), given_property(&schema, name));
            let properties: serde_json::Map<String, Value> = given.iter().map(of).collect();
            json!({"type": "object", "properties": properties, "required": given,
                "additionalProperties": false})
        });
        let dates = json!({"type": "object", "anyOf": ways});
        let all: Vec<&Rule> = self.rules.iter().collect();
        json!([
            {"name": "rule", "in": "query", "required": false,
                "description": schema["properties"]["rule"]["description"],
                "schema": self.rule(&all, false)},
            {"name": "dates", "in": "query", "required": false, "style": "form", "explode": true,
                "description": "One date, or `from` and `to`, or `last`. Default: 14 dates up to yesterday. `from` is not after `to`, and at most 400 dates lie between.",
                "schema": dates},
        ])
    }

    /// The parameters of a request for runs.
    fn runs(&self) -> Value {
        let mut parameters = parameters::<RunsQuery>();
        let all: Vec<&Rule> = self.rules.iter().collect();
        for parameter in parameters.iter_mut().filter(|parameter| parameter["name"] == "rule") {
            parameter["schema"] = self.rule(&all, false);
        }
        Value::Array(parameters)
    }
}

/// A request with exactly these date properties.
fn way(schema: &Value, given: &[&str], rule: &Value, needs_rule: bool) -> Value {
    let mut way = schema.clone();
    if let Some(object) = way.as_object_mut() {
        object.remove("title");
        object.remove("description");
    }
    for name in ["date", "from", "to", "last"] {
        way["properties"][name] = match given.contains(&name) {
            true => given_property(schema, name),
            false => json!({"type": "null"}),
        };
    }
    way["properties"]["rule"] = rule.clone();
    let required = given.iter().copied().chain(needs_rule.then_some("rule"));
    way["required"] = required.collect();
    way
}

/// A required property: not null.
fn given_property(schema: &Value, name: &str) -> Value {
    let mut property = schema["properties"][name].clone();
    if let Some(Value::Array(types)) = property.get("type") {
        property["type"] = types[0].clone();
    }
    property
}

fn description(asked: &Asked<'_>) -> Value {
    // Fields that a response always has are required; optional fields of a request are not.
    let mut schemas = SchemaSettings::draft2020_12()
        .for_serialize()
        .with(|s| s.definitions_path = "/components/schemas".into())
        .into_generator();
    let cleanup = asked.cleanup();
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
    const COMMON: [(&str, &str); 7] = [
        (
            "422",
            "a field is unknown or not what it should be, `from` is after `to`, or more than 400 dates lie between",
        ),
        ("401", "no key, or an unknown one"),
        ("403", "the key may not do this"),
        ("400", "the request says something twice, or its body is not JSON"),
        ("429", "too many requests without a valid key"),
        ("500", "something went wrong; the log says what"),
        ("503", "the service is busy or about to stop, or the warehouse did not answer"),
    ];
    let mut refusals = COMMON.to_vec();
    refusals.extend([
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
        let mut answers = answers(vec![], &COMMON[1..]);
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
                "parameters": asked.status(),
                "responses": answers(vec![("200", "the figures per date", &status)], &COMMON)}},
            "/api/runs": {"get": {"summary": "Earlier runs, newest first",
                "parameters": asked.runs(),
                "responses": answers(vec![("200", "the runs", &runs)], &COMMON)}},
            "/api/runs/{id}": {"get": {"summary": "A run with its statements",
                "parameters": [id],
                "responses": answers(vec![("200", "the run", &run)], &not_found)}},
            "/api/openapi.json": {"get": {"summary": "This description", "security": [],
                "responses": answers(vec![("200", "this", &json!({"type": "object"}))], &COMMON[3..])}},
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

/// The fields of a query as parameters; omitted fields are not null.
fn parameters<T: JsonSchema>() -> Vec<Value> {
    let schema = question::<T>();
    let properties = schema["properties"].as_object();
    let parameter = |name: &String| {
        let property = given_property(&schema, name);
        json!({"name": name, "in": "query", "required": false, "schema": property})
    };
    properties.into_iter().flat_map(serde_json::Map::keys).map(parameter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn for_strangers() -> Value {
        description(&Asked { rules: &[], default_rule: None })
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let description = for_strangers();
        let text = description.to_string();
        let mut count = 0;
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let path = reference.split('"').next().unwrap();
            assert!(description.pointer(path).is_some(), "{path}");
            count += 1;
        }
        assert!(count > 10, "{count}");
    }

    /// The required properties of a cleanup body for each way to give the dates, and the rules.
    fn ways(asked: &Asked<'_>) -> (Vec<Value>, Value) {
        let body = asked.cleanup();
        let ways = body["anyOf"].as_array().unwrap();
        let required = ways.iter().map(|way| way["required"].clone()).collect();
        (required, ways[0]["properties"]["rule"].clone())
    }

    #[test]
    fn which_fields_go_together_is_said_and_rules_are_named_to_callers_with_a_key_alone() {
        let rule = |name: &str, partition: &str| {
            format!(
                "[rule.{name}]\ntable = \"a.{name}\"\n{partition}key = [\"k\"]\n\
                 keep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n"
            )
        };
        let text = rule("one", "partition = \"d\"\n") + &rule("other", "partition = \"d\"\n");
        let file = crate::rule::RuleFile::parse("onerow.toml", &text).unwrap();
        let name = Some(&file.rules[0].name);
        let dates = json!([["date"], ["from", "to"], ["last"]]);
        let and_rule = json!([["date", "rule"], ["from", "to", "rule"], ["last", "rule"]]);
        let asked = |rules, default_rule| ways(&Asked { rules, default_rule });
        let told = json!({"enum": ["one", "other"]});
        assert_eq!(asked(&file.rules, None), (serde_json::from_value(and_rule).unwrap(), told));
        let told = json!({"enum": ["one", "other", null]});
        let dates: Vec<Value> = serde_json::from_value(dates).unwrap();
        assert_eq!(asked(&file.rules, name), (dates.clone(), told));
        assert_eq!(asked(&[], name), (dates, json!({"type": ["string", "null"]})));
    }

    #[test]
    fn what_an_answer_may_lack_is_not_required_and_what_it_always_has_is() {
        let schemas = &for_strangers()["components"]["schemas"];
        let required = |name: &str| -> Vec<String> {
            serde_json::from_value(schemas[name]["required"].clone()).unwrap()
        };
        assert_eq!(required("RuleFigures"), ["rule", "dates", "totals"]);
        let answer = required("CleanupAnswer");
        assert!(answer.contains(&"date".to_owned()), "{answer:?}");
        assert!(!answer.contains(&"problems".to_owned()), "{answer:?}");
    }
}

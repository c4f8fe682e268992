//! What the templates need, as values that know nothing of onerow.

use std::collections::BTreeMap;

use minijinja::value::Value;
use onerow::googlesql::SqlValue;
use onerow::removals::RemovalLog;
use onerow::rule::Rule;
use onerow::window::Window;
use serde_json::{Value as Json, json};

pub fn rule(rule: &Rule) -> Json {
    let text = |value: &dyn ToString| value.to_string();
    let flag = rule.active.as_ref().and_then(|active| active.flag.as_ref());
    json!({
        "name": SqlValue::String(rule.name.to_string()).literal().to_string(),
        "table": text(&rule.table),
        "strategy": rule.strategy.step(),
        "date": text(&rule.partition.date()),
        "period": text(&rule.partition.date()),
        "key": rule.key.iter().map(|part| part.to_string()).collect::<Vec<_>>(),
        "keep": rule.keep.iter().map(|part| part.order.to_string()).collect::<Vec<_>>(),
        "row_id": text(&rule.row_id.value),
        "row_id_json": text(&rule.row_id.json()),
        "row_id_is_json": rule.row_id.is_json(),
        "row_id_parts": rule.row_id.parts.iter().map(|part| part.to_string()).collect::<Vec<_>>(),
        "active": rule.active.as_ref().map(|active| text(&active.condition)),
        "active_column": flag.map(|flag| text(&flag.column)),
        "active_value": flag.map(|flag| text(&flag.active)),
        "inactive_value": flag.map(|flag| text(&flag.inactive)),
        "touched_at": rule.touched_at.as_ref().map(|(column, _)| column.to_string()),
        "touched_now": "CURRENT_TIMESTAMP()",
        "written_at": rule.written_at.as_ref().map(|column| column.to_string()),
    })
}

pub fn removals() -> Json {
    json!({ "table": RemovalLog::embedded().table.to_string() })
}

pub fn window(rule: &Rule, window: &Window) -> Json {
    json!({
        "filter": rule.partition.filter(window).to_string(),
        "with_undated": rule.partition.filter(&window.with_undated()).to_string(),
        "first": SqlValue::from(window.first()).literal().to_string(),
        "is_one": window.only().is_some(),
        "logged": format!("date = {}", SqlValue::from(window.first()).literal()),
        "last": SqlValue::from(window.last()).literal().to_string(),
    })
}

/// A value for minijinja.
pub fn value(json: &Json) -> Value {
    match json {
        Json::Bool(flag) => Value::from(*flag),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from_iter(items.iter().map(value)),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, field)| (Value::from(name), value(field)));
            Value::from_object(fields.collect::<BTreeMap<Value, Value>>())
        }
        _ => Value::from(()),
    }
}

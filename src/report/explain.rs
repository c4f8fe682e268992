//! Duplicates and their survivors.

use serde_json::{Map, Value as Json, json};

use super::Style;
use super::grid::{Entry, grid};
use super::removed::columns;
use crate::googlesql::SqlValue;
use crate::rule::Rule;
use crate::run::Superseded;

/// The duplicates as a grid, under the rule's name; if there are none, `looked_at` says where.
pub fn explained(style: Style, rule: &Rule, looked_at: &str, rows: &[Superseded]) -> String {
    if rows.is_empty() {
        return format!("rule {}: no duplicates{looked_at}\n", rule.name);
    }
    let mut header = vec!["date"];
    header.extend(rule.key.iter().map(crate::googlesql::Fragment::as_str));
    header.extend(["row id", "survivor"]);
    header.extend(rule.across.map(|_| "survivor's date"));
    header.push("decided by");
    header.extend(rule.puts_together().then_some("survivor takes"));
    header.push("a run would");
    let text = |value: &SqlValue| Entry::from(value.to_string());
    let line = |row: &Superseded| {
        let mut line = vec![Entry::from(row.day.to_string())];
        line.extend(row.key.iter().map(text));
        line.extend([text(&row.row_id), text(&row.survivor)]);
        line.extend(row.survivor_day.map(|day| Entry::from(day.to_string())));
        line.push(decision(rule, row).into());
        line.extend(rule.puts_together().then(|| Entry::from(columns(&row.gives))));
        line.push(fate(rule, row).into());
        line
    };
    let grid = grid(style, &header, rows.iter().map(line).collect(), None);
    format!("rule {}\n{grid}", rule.name)
}

/// Why a row is superseded, with the values that decided.
pub(super) fn decision(rule: &Rule, row: &Superseded) -> String {
    let Some(i) = row.decided_by() else { return "nothing: they share their row id".to_owned() };
    let (own, survivors) = &row.keep[i];
    // The row ids have their own columns.
    if (own, survivors) == (&row.row_id, &row.survivor) {
        return rule.keep[i].order.to_string();
    }
    format!("{}: {own}, survivor {survivors}", rule.keep[i].order)
}

/// What a run would do with a row.
pub(super) fn fate(rule: &Rule, row: &Superseded) -> String {
    match row.fate {
        crate::run::Fate::Superseded => match rule.strategy.is_destructive() {
            true => "delete it".to_owned(),
            false => "deactivate it".to_owned(),
        },
        crate::run::Fate::Buffered => "wait: it is buffered".to_owned(),
        crate::run::Fate::SharedId if row.row_id == SqlValue::Null => {
            "skip its date: its row id is NULL".to_owned()
        }
        crate::run::Fate::SharedId => "skip its date: its row id is not unique".to_owned(),
        crate::run::Fate::DateSkipped => "skip it: its date has shared ids".to_owned(),
    }
}

/// Why a row is superseded, without values of rows.
pub(super) fn decisive(rule: &Rule, row: &Superseded) -> String {
    match row.decided_by() {
        None => "nothing: they share their row id".to_owned(),
        Some(i) => rule.keep[i].order.to_string(),
    }
}

/// The duplicates as a JSON document.
pub fn explained_json(rule: &Rule, rows: &[Superseded]) -> Json {
    let named = |names: Vec<String>, values: Vec<&SqlValue>| -> Json {
        let cells = names.into_iter().zip(values.into_iter().map(SqlValue::to_json));
        Json::Object(cells.collect::<Map<_, _>>())
    };
    let object = |row: &Superseded| -> Json {
        let keep = || rule.keep.iter().map(|keep| keep.value.to_string()).collect();
        let mut object = json!({
            "date": row.day.to_string(),
            "key": named(rule.key.iter().map(ToString::to_string).collect(), row.key.iter().collect()),
            "row_id": row.row_id.to_json(),
            "survivor": row.survivor.to_json(),
            "keep": named(keep(), row.keep.iter().map(|(own, _)| own).collect()),
            "survivor_keep": named(keep(), row.keep.iter().map(|(_, survivors)| survivors).collect()),
            "decided_by": row.decided_by().map(|i| rule.keep[i].order.to_string()),
            "status": row.fate.to_string(),
        });
        if let Some(day) = row.survivor_day {
            object["survivor_date"] = json!(day.to_string());
        }
        if rule.puts_together() {
            object["survivor_takes"] = json!(row.gives);
        }
        object
    };
    json!({ "rule": rule.name.as_str(), "superseded": rows.iter().map(object).collect::<Vec<_>>() })
}

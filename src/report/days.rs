//! The figures per date.

use serde_json::{Map, Value as Json, json};

use super::Style;
use super::grid::{Entry, grid};
use crate::run::{Counts, Report};

/// The figures per date as a grid, with the rule's name above and the totals below.
pub fn days(style: Style, report: &Report) -> String {
    let acted = report.days.iter().any(|day| day.deactivated.is_some());
    let mut header = vec!["date", "active", "keys", "duplicates", "buffered", "twins"];
    header.extend(acted.then_some("deactivated"));
    header.push("status");
    let row = |first: Entry, counts: Counts, deactivated: Option<u64>, last: Entry| {
        let mut row = vec![first, counts.active.into(), counts.keys.into()];
        row.extend([counts.duplicates, counts.buffered, counts.twins].map(Entry::Number));
        row.extend(acted.then(|| Entry::from(deactivated)));
        row.push(last);
        row
    };
    let rows = report.days.iter().map(|day| {
        row(day.day.to_string().into(), day.counts, day.deactivated, Entry::Status(day.status()))
    });
    let total = row("total".into(), report.totals(), report.deactivated(), Entry::Blank);
    let title = match &report.run {
        Some(run) => format!("rule {}, run {run}", report.rule),
        None => format!("rule {}", report.rule),
    };
    let title =
        if style.format == super::Format::Markdown { format!("**{title}**\n") } else { title };
    format!("{title}\n{}", grid(style, &header, rows.collect(), Some(total)))
}

/// The figures per date as the JSON document that the design names.
pub fn days_json(report: &Report) -> Json {
    let dates: Vec<Json> = report
        .days
        .iter()
        .map(|day| {
            let mut object = Map::new();
            object.insert("date".into(), day.day.to_string().into());
            object.extend(figures(day.counts, day.deactivated));
            object.insert("status".into(), day.status().as_str().into());
            Json::Object(object)
        })
        .collect();
    let mut document = Map::new();
    document.insert("rule".into(), report.rule.as_str().into());
    if let Some(run) = &report.run {
        document.insert("run_id".into(), run.as_str().into());
    }
    document.insert("dates".into(), dates.into());
    document.insert("totals".into(), figures(report.totals(), report.deactivated()).into());
    if !report.problems.is_empty() {
        let problems: Vec<String> = report.problems.iter().map(ToString::to_string).collect();
        document.insert("problems".into(), json!(problems));
    }
    Json::Object(document)
}

fn figures(counts: Counts, deactivated: Option<u64>) -> Map<String, Json> {
    let mut object = Map::new();
    for (name, figure) in [
        ("active", counts.active),
        ("keys", counts.keys),
        ("duplicates", counts.duplicates),
        ("buffered", counts.buffered),
        ("twins", counts.twins),
    ] {
        object.insert(name.into(), figure.into());
    }
    if let Some(deactivated) = deactivated {
        object.insert("deactivated".into(), deactivated.into());
    }
    object
}

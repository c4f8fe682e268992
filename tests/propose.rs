//! What `onerow init` proposes for five shapes of tables, and how many lines a person changes after that.
//! docs/find-your-table.md has the table; `ONEROW_WRITE_DOCS=1` writes it anew.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::common::Project;
use crate::common::document::section;

/// A shape: its file, and where the rule of somebody who knows the table differs from the proposal.
struct Shape {
    name: &'static str,
    of: &'static str,
    rows: &'static str,
    /// The settings that this person would change, with their values; `None` removes one.
    changes: &'static [(&'static str, Option<&'static str>)],
    duplicates: u64,
}

const SHAPES: [Shape; 5] = [
    Shape {
        name: "events",
        of: "events: a collector sends some again",
        rows: include_str!("propose/events.csv"),
        changes: &[],
        duplicates: 10,
    },
    Shape {
        name: "orders",
        of: "orders: a row for each state",
        rows: include_str!("propose/orders.csv"),
        changes: &[],
        duplicates: 71,
    },
    Shape {
        name: "customer_changes",
        of: "changes of a database (CDC), the log's position in `lsn`",
        rows: include_str!("propose/customer_changes.csv"),
        changes: &[("keep", Some("[\"lsn DESC\"]"))],
        duplicates: 71,
    },
    Shape {
        name: "account_balances",
        of: "snapshots: each account on each day, one day loaded twice",
        rows: include_str!("propose/account_balances.csv"),
        changes: &[],
        duplicates: 5,
    },
    Shape {
        name: "player_prop_predictions",
        of: "predictions: a flag says which rows count",
        rows: include_str!("propose/player_prop_predictions.csv"),
        changes: &[
            ("keep", Some("[\"created_at DESC\", \"prediction_id\"]")),
            ("touched_at", Some("\"updated_at\"")),
            ("time_zone", Some("\"America/New_York\"")),
        ],
        duplicates: 91,
    },
];

/// The rule of a rule file, without its columns.
fn settings(text: &str, rule: &str) -> BTreeMap<String, Value> {
    let file: Table = text.parse().unwrap();
    let rule = file["rule"][rule].as_table().unwrap().clone();
    rule.into_iter().filter(|(name, _)| name != "columns").collect()
}

#[test]
fn a_rule_is_proposed_for_each_shape_that_works_and_needs_few_changes() {
    let mut table = String::from("| table | proposed | to change |\n| --- | --- | --- |\n");
    for Shape { name, of, rows, changes, duplicates } in SHAPES {
        let project = Project::new("");
        std::fs::remove_file(project.path("onerow.toml")).unwrap();
        project.write(&format!("{name}.csv"), rows);
        project.onerow(&format!("init --file {name}.csv")).exits(0);
        let text = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
        let start = text.find("# A proposal").unwrap();
        insta::with_settings!({snapshot_path => "propose", prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, &text[start..]);
        });
        project.onerow("check --date 2026-01-28 --strict").exits(0);
        project.onerow(&format!("load {name}.csv")).exits(0);
        let found = settings(&text, name);
        let whole = found["partition"].as_str() == Some("none");
        let dates = if whole { "" } else { " --from 2026-01-27 --to 2026-01-29" };
        let status = project.onerow(&format!("status{dates} --format json")).exits(0).json();
        assert_eq!(status["totals"]["duplicates"], duplicates, "{name}: {status}");
        let wanted: Vec<_> = changes
            .iter()
            .filter(|(setting, value)| {
                let value: Option<Table> =
                    value.map(|value| format!("value = {value}").parse().unwrap());
                found.get(*setting) != value.as_ref().map(|table| &table["value"])
            })
            .collect();
        assert_eq!(wanted.len(), changes.len(), "{name}: a change is none");
        let line = |setting: &str| found.get(setting).map(|value| format!("`{setting} = {value}`"));
        let shown: Vec<String> = ["partition", "key", "keep", "row_id", "active", "strategy"]
            .iter()
            .filter_map(|s| line(s))
            .collect();
        let to_change: Vec<String> = changes
            .iter()
            .map(|(setting, value)| format!("`{setting} = {}`", value.unwrap_or_default()))
            .collect();
        let to_change = match to_change.len() {
            0 => "none".to_owned(),
            count => format!("{count} of {}: {}", found.len(), to_change.join(", ")),
        };
        table.push_str(&format!("| {of} | {} | {to_change} |\n", shown.join(", ")));
    }
    section("find-your-table.md", "proposed", &table);
}

#[test]
fn a_run_of_a_proposed_rule_that_deletes_can_be_undone() {
    let project = Project::new("");
    std::fs::remove_file(project.path("onerow.toml")).unwrap();
    let rows = "row_id,order_id,day,updated_at\nr1,1001,2026-01-28,2026-01-28T08:00:00Z\n\
                r2,1001,2026-01-28,2026-01-28T09:30:00Z\n";
    project.write("orders.csv", rows);
    project.onerow("init --file orders.csv").exits(0);
    let text = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    assert_eq!(settings(&text, "orders")["strategy"].as_str(), Some("delete"));
    project.onerow("load orders.csv").exits(0);
    let counts = || {
        let status = project.onerow("status --date 2026-01-28 --format json").exits(0).json();
        status["totals"]["active"].as_u64().unwrap()
    };
    project.onerow("apply --date 2026-01-28 --yes").exits(0);
    assert_eq!(counts(), 1);
    project.onerow("undo last").exits(0);
    assert_eq!(counts(), 2);
}

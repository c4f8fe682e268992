//! Every template of every rule in `examples/`, rendered for one date and for a range, is what
//! `snapshots/` holds. Templates and rules are found by walking the folders.

use std::collections::BTreeSet;

use jiff::Timestamp;
use onerow::check;
use onerow::project::Project;
use onerow::rule::Rule;
use onerow::template::Renderer;
use onerow::window::{Day, DayArg, Window, WindowArg};

use crate::common;

/// As the partitions of the rule's table have them.
fn windows(rule: &Rule) -> [(&'static str, Window); 2] {
    let day = |text| DayArg::On(Day::parse(text).unwrap());
    let window = |dates| rule.window(&dates, Timestamp::UNIX_EPOCH).unwrap();
    [
        ("date", window(WindowArg::Dates(vec![day("2026-01-28")]))),
        ("range", window(WindowArg::Range(day("2026-01-27"), day("2026-01-29")))),
    ]
}

#[test]
fn rendered_sql_is_what_was_reviewed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut expected = BTreeSet::new();
    for folder in common::example_projects() {
        let project = Project::open(&folder).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        for rule in &project.file.rules {
            let renderer = Renderer::new(rule, &project.templates, &[]).unwrap();
            for step in renderer.steps() {
                for (kind, window) in windows(rule) {
                    let statements = renderer.render(&step, &window).unwrap();
                    let sql: Vec<&str> = statements.iter().map(|s| s.sql.as_str()).collect();
                    let snapshot = format!("{name}.{}.{step}.{kind}", rule.name);
                    settings.bind(|| insta::assert_snapshot!(snapshot.as_str(), sql.join("\n")));
                    expected.insert(format!("{snapshot}.snap"));
                    for statement in statements {
                        check::run(rule, statement).unwrap_or_else(|f| panic!("{snapshot}: {f:?}"));
                    }
                }
            }
        }
    }
    let there: BTreeSet<String> = std::fs::read_dir("snapshots")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".snap") && !name.starts_with("schedule."))
        .collect();
    let stale: Vec<&String> = there.difference(&expected).collect();
    assert!(stale.is_empty(), "no template renders these snapshots any more: {stale:?}");
}

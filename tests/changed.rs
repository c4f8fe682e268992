//! `--changed` on the embedded warehouse: what loads and statements have changed since it was last found clean.

use std::collections::BTreeSet;

use jiff::Timestamp;
use onerow::clock::Clock;
use onerow::engine::{Engine, Settings};
use onerow::interrupt::Interrupt;
use onerow::project::Project as Opened;
use onerow::run::Report;
use onerow::window::{Day, Window};
use proptest::prelude::*;

use crate::common::{Project, RULE, part};

/// A row of the rule's table.
fn row(id: &str, day: u32, player: &str, hour: u32) -> String {
    format!("{id},2026-01-{day:02},g1,{player},,true,2026-01-{day:02}T{hour:02}:00:00Z")
}

#[test]
fn only_what_was_written_since_is_looked_at() {
    let project = Project::new(RULE);
    let first: Vec<String> = (1..=5).map(|day| row(&format!("a{day}"), day, "p", 1)).collect();
    project.rows(&first.join("\n"));
    let changed = |command: &str, words: &str| {
        project.onerow(&format!("{command} --changed")).exits(0).says(&[words]).stdout
    };
    changed("status", "5 dates to look at; 0 dates not");
    changed("status", "5 dates to look at; 0 dates not");
    changed("apply", "5 dates to look at; 0 dates not");
    changed("apply", "0 dates to look at; 5 dates not");
    assert!(changed("status", "0 dates to look at").contains("no date to look at"));
    assert!(changed("plan", "0 dates to look at").contains("apply would send nothing"));
    project.rows(&row("b3", 3, "p", 2));
    let status = changed("status", "1 date to look at; 4 dates not");
    assert!(status.contains("2026-01-03") && !status.contains("2026-01-02"), "{status}");
    changed("plan", "1 date to look at");
    let report = project.onerow("apply --changed --format json").exits(0).json();
    assert_eq!(report["totals"]["deactivated"], 1);
    changed("apply", "0 dates to look at; 5 dates not");
    let nothing = project.onerow("apply --changed --format json").exits(0).json();
    assert_eq!(
        (&nothing["dates"], &nothing["run_id"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    // What is restored is a duplicate again.
    project.onerow(&format!("undo {}", report["run_id"].as_str().unwrap())).exits(0);
    changed("status", "1 date to look at; 4 dates not");
    project
        .onerow("status --changed --last 3 --now 2026-01-05T00:00:00Z")
        .exits(0)
        .says(&["1 date to look at"]);
}

#[test]
fn what_is_a_duplicate_now_decides_about_every_date_anew() {
    let project = Project::new(RULE);
    project.rows(&[row("a1", 1, "p", 1), row("a2", 2, "p", 1)].join("\n"));
    project.onerow("apply --changed").exits(0);
    project.onerow("status --changed").exits(0).says(&["0 dates to look at"]);
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    project.write("onerow.toml", rules.replace("created_at DESC", "created_at ASC"));
    project.onerow("status --changed").exits(0).says(&["2 dates to look at"]);
}

#[test]
fn a_rule_that_merges_staging_tables_has_to_be_told_the_dates() {
    let staging = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]\nrow_id =";
    let rule = RULE.replace("row_id =", staging);
    let project =
        Project::new(&format!("{rule}\n[rule.predictions.staging]\ntables = [\"nba.staged\"]\n"));
    project.rows(&row("a1", 1, "p", 1));
    project
        .onerow("status --changed")
        .exits(2)
        .says(&["staging tables, whose dates `--changed` does not know", "name the dates"]);
}

/// What happens to a table between looks.
#[derive(Debug, Clone)]
enum Act {
    Load { day: u32, player: u8, hour: u32, streamed: bool },
    Apply { from: u32, to: u32 },
    ApplyChanged,
    Undo,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..=4u32, 0..2u8, 0..20u32, any::<bool>())
            .prop_map(|(day, player, hour, streamed)| Act::Load { day, player, hour, streamed }),
        1 => (1..=4u32, 0..3u32).prop_map(|(from, more)| Act::Apply { from, to: (from + more).min(4) }),
        3 => Just(Act::ApplyChanged),
        1 => Just(Act::Undo),
    ];
    prop::collection::vec(act, 1..10)
}

fn looked_at(project: &Project, minute: usize) -> (Report, BTreeSet<Day>) {
    let now: Timestamp = at(minute).parse().unwrap();
    let settings = Settings {
        warehouse: None,
        vars: Vec::new(),
        clock: Clock::Fixed(now),
        interrupt: Interrupt::default(),
    };
    let engine = Engine::open(Opened::open(&project.path("")).unwrap(), settings);
    let rule = engine.project().file.rules[0].clone();
    let day = |number: u32| Day::parse(&format!("2026-01-{number:02}")).unwrap();
    let all = Window::range(day(1), day(4)).unwrap();
    let changed = engine.changed(&rule, None).unwrap().window;
    let changed = changed.map(|window| window.days().iter().copied().collect()).unwrap_or_default();
    (engine.status(&rule, &all).unwrap(), changed)
}

/// The clock of a step: rows that were streamed leave the buffer two steps later.
fn at(minute: usize) -> String {
    let (hours, minutes) = (minute / 60, minute % 60);
    format!("2026-02-01T{hours:02}:{minutes:02}:00Z")
}

proptest! {
    #![proptest_config(part::properties(48, 12))]

    /// Whatever is written between runs, and whatever is in the streaming buffer, no date that has duplicates is
    /// left out.
    #[test]
    fn no_date_that_has_duplicates_is_skipped(
        acts in acts(),
        rule in prop::sample::select(vec!["", "across = \"1d\"", "dates_per_statement = 3"]),
    ) {
        let project = Project::new(&RULE.replace("row_id =", &format!("{rule}\nrow_id =")));
        project.rows(&row("first", 1, "p0", 0));
        for (step, act) in acts.iter().enumerate() {
            let now = at(60 * (step + 1));
            match act {
                Act::Load { day, player, hour, streamed } => {
                    let row = row(&format!("r{step}"), *day, &format!("p{player}"), *hour);
                    match streamed {
                        true => project.streamed(&now, &row),
                        false => project.rows(&row),
                    };
                }
                Act::Apply { from, to } => {
                    let window = format!("--from 2026-01-{from:02} --to 2026-01-{to:02}");
                    project.onerow(&format!("apply {window} --now {now}"));
                }
                Act::ApplyChanged => {
                    project.onerow(&format!("apply --changed --now {now}"));
                }
                Act::Undo => {
                    project.onerow(&format!("undo last --now {now}"));
                }
            }
            let (status, changed) = looked_at(&project, 60 * (step + 1) + 1);
            for date in status.days.iter().filter(|date| date.counts.duplicates > 0) {
                prop_assert!(changed.contains(&date.day), "{acts:?}: {} after {act:?}", date.day);
            }
            let done = matches!(act, Act::ApplyChanged) && step > 0;
            if done && status.days.iter().all(|date| date.counts.duplicates == 0) && rule.is_empty() {
                prop_assert!(changed.is_empty(), "what a run has cleaned is no change: {changed:?}");
            }
        }
    }
}

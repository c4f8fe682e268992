//! `--changed` on the embedded warehouse: what loads and statements have changed since it was last found clean.

use std::collections::BTreeSet;

use jiff::Timestamp;
use onerow::clock::Clock;
use onerow::engine::{Engine, Settings, StagingOptions, Task};
use onerow::interrupt::Interrupt;
use onerow::project::Project as Opened;
use onerow::run::Report;
use onerow::window::{Day, Window};
use proptest::prelude::*;

use crate::common::whole::whole;
use crate::common::{HEADER, Project, RULE, part};
use crate::shards;

/// A row of the rule's table.
fn row(id: &str, day: u32, player: &str, hour: u32) -> String {
    format!("{id},2026-01-{day:02},g1,{player},,true,2026-01-{day:02}T{hour:02}:00:00Z")
}

#[test]
fn only_what_was_written_since_is_looked_at() {
    let project = Project::new(RULE);
    let first: Vec<String> = (1..=5).map(|day| row(&format!("a{day}"), day, "p", 1)).collect();
    project.rows(&first.join("\n"));
    whole!(project.transcript([
        "status --changed",
        "status --changed",
        "apply --changed",
        "apply --changed",
        "status --changed",
        "plan --changed",
    ]), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-01        1      1            0          0            0   clean
     2026-01-02        1      1            0          0            0   clean
     2026-01-03        1      1            0          0            0   clean
     2026-01-04        1      1            0          0            0   clean
     2026-01-05        1      1            0          0            0   clean
    ────────
     total             5      5            0          0            0
    -- stderr
    predictions: 5 dates to check; 0 dates unchanged since last found clean

    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-01        1      1            0          0            0   clean
     2026-01-02        1      1            0          0            0   clean
     2026-01-03        1      1            0          0            0   clean
     2026-01-04        1      1            0          0            0   clean
     2026-01-05        1      1            0          0            0   clean
    ────────
     total             5      5            0          0            0
    -- stderr
    predictions: 5 dates to check; 0 dates unchanged since last found clean

    $ onerow apply --changed
    -- stdout
    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-01        1      1            0          0            0         0   clean
     2026-01-02        1      1            0          0            0         0   clean
     2026-01-03        1      1            0          0            0         0   clean
     2026-01-04        1      1            0          0            0         0   clean
     2026-01-05        1      1            0          0            0         0   clean
    ────────
     total             5      5            0          0            0         0
    -- stderr
    predictions: 5 dates to check; 0 dates unchanged since last found clean

    $ onerow apply --changed
    -- stderr
    predictions: 0 dates to check; 5 dates unchanged since last found clean

    $ onerow status --changed
    -- stdout
    rule predictions
    no dates to check
    -- stderr
    predictions: 0 dates to check; 5 dates unchanged since last found clean

    $ onerow plan --changed
    -- stdout
    apply would send nothing.
    -- stderr
    predictions: 0 dates to check; 5 dates unchanged since last found clean
    ");
    project.rows(&row("b3", 3, "p", 2));
    whole!(project.transcript(["status --changed", "plan --changed"]), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-03        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    -- stderr
    predictions: 1 date to check; 4 dates unchanged since last found clean

    $ onerow plan --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-03        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    apply would send 4 statements: 1 detect, 1 record, 1 deactivate, 1 verify. Cost: the embedded warehouse charges nothing.
    -- stderr
    predictions: 1 date to check; 4 dates unchanged since last found clean
    ");
    let report = project.onerow("apply --changed --format json").exits(0).json();
    assert_eq!(report["totals"]["deactivated"], 1);
    whole!(project.onerow("apply --changed"), @"
    $ onerow apply --changed
    -- stderr
    predictions: 0 dates to check; 5 dates unchanged since last found clean
    ");
    let nothing = project.onerow("apply --changed --format json").exits(0).json();
    assert_eq!(
        (&nothing["dates"], &nothing["run_id"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    // What is restored is a duplicate again.
    project.onerow(&format!("undo {}", report["run_id"].as_str().unwrap())).exits(0);
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-03        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    -- stderr
    predictions: 1 date to check; 4 dates unchanged since last found clean
    ");
    whole!(project.onerow("status --changed --last 3 --now 2026-01-05T00:00:00Z"), @"
    $ onerow status --changed --last 3 --now [TIME]
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-03        2      1            1          0            0   dirty
    ────────
     total             2      1            1          0            0
    -- stderr
    predictions: 1 date to check; 2 dates unchanged since last found clean
    ");
}

#[test]
fn what_is_a_duplicate_now_decides_about_every_date_anew() {
    let project = Project::new(RULE);
    project.rows(&[row("a1", 1, "p", 1), row("a2", 2, "p", 1)].join("\n"));
    project.onerow("apply --changed").exits(0);
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
    no dates to check
    -- stderr
    predictions: 0 dates to check; 2 dates unchanged since last found clean
    ");
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    project.write("onerow.toml", rules.replace("created_at DESC", "created_at ASC"));
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-01        1      1            0          0            0   clean
     2026-01-02        1      1            0          0            0   clean
    ────────
     total             2      2            0          0            0
    -- stderr
    predictions: 2 dates to check; 0 dates unchanged since last found clean
    ");
}

/// The rule that merges `nba.staged` before it cleans.
fn merging() -> String {
    let steps = "steps = [\"consolidate\", \"detect\", \"deactivate\", \"verify\"]\nrow_id =";
    let rule = RULE.replace("row_id =", steps);
    format!("{rule}\n[rule.predictions.staging]\ntables = [\"nba.staged\"]\n")
}

/// Stands for the rule that merges.
const MERGING: &str = "merging";

fn stage(project: &Project, rows: &str) {
    project.write("staged.csv", format!("{HEADER}{rows}\n"));
    project.onerow("load predictions staged.csv --into nba.staged").exits(0);
}

#[test]
fn what_is_staged_is_merged_where_it_or_the_table_was_written() {
    let project = Project::new(&merging());
    project.rows(&[row("a1", 1, "p", 1), row("a2", 2, "p", 1)].join("\n"));
    stage(&project, &row("s2", 2, "q", 1));
    let consolidates = |words: &str, merged: u64| {
        let ended = project.onerow("consolidate --changed --format json").exits(0).says(&[words]);
        let dates = ended.json()["dates"].as_array().unwrap().clone();
        let sum: u64 = dates.iter().map(|date| date["merged"].as_u64().unwrap()).sum();
        assert_eq!(sum, merged, "{dates:?}");
    };
    whole!(project.onerow("consolidate --changed --dry-run"), @"
    $ onerow consolidate --changed --dry-run
    -- stdout
    staging of rule predictions
     date         staged   left out   inserts   updates   deletes   buffered   status
    ────────
     2026-01-01        0          0         0         0         0          0   clean
     2026-01-02        1          0         1         0         0          0   dirty
    -- stderr
    predictions: 2 dates to check; 0 dates unchanged since last found merged
    ");
    consolidates("2 dates to check", 1);
    // What the run itself has merged is no change.
    consolidates("0 dates to check; 2 dates unchanged", 0);
    stage(&project, &row("s3", 3, "q", 1));
    consolidates("1 date to check; 2 dates unchanged", 1);
    // Whoever takes a merged row out of the table has it merged again.
    let database = project.database();
    database
        .create_scalar_function("onerow_drained", 0, Default::default(), |_| Ok(i64::MAX))
        .unwrap();
    database
        .execute_batch(
            r#"DELETE FROM "nba.predictions" WHERE player = 'q' AND game_date = '2026-01-03'"#,
        )
        .unwrap();
    consolidates("1 date to check; 2 dates unchanged", 1);
    // Another staging table is another question.
    project.write(
        "onerow.toml",
        merging().replace("[\"nba.staged\"]", "[\"nba.staged\", \"nba.more\"]"),
    );
    project.write("staged.csv", format!("{HEADER}{}\n", row("t1", 1, "r", 1)));
    project.onerow("load predictions staged.csv --into nba.more").exits(0);
    consolidates("3 dates to check; 0 dates unchanged", 1);
}

#[test]
fn apply_looks_at_dates_that_are_clean_as_long_as_something_is_staged_for_them() {
    let project = Project::new(&merging());
    project.rows(&[row("a1", 1, "p", 1), row("a2", 2, "p", 1)].join("\n"));
    stage(&project, &row("s9", 9, "q", 1));
    whole!(project.transcript(["apply --changed", "apply --changed"]), @"
    $ onerow apply --changed
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-01        0          0         0         0         0          0        0   clean
     2026-01-02        0          0         0         0         0          0        0   clean
     2026-01-09        1          0         1         0         0          0        1   merged

    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-01        1      1            0          0            0         0   clean
     2026-01-02        1      1            0          0            0         0   clean
     2026-01-09        1      1            0          0            0         0   clean
    ────────
     total             3      3            0          0            0         0
    -- stderr
    predictions: 3 dates to check; 0 dates unchanged since last found clean

    $ onerow apply --changed
    -- stderr
    predictions: 0 dates to check; 3 dates unchanged since last found clean
    ");
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
    no dates to check
    -- stderr
    predictions: 0 dates to check; 3 dates unchanged since last found clean
    ");
    stage(&project, &row("s2", 2, "q", 1));
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
    no dates to check
    -- stderr
    predictions: 0 dates to check; 3 dates unchanged since last found clean
    ");
    whole!(project.onerow("plan --changed"), @"
    $ onerow plan --changed
    -- stdout
    staging of rule predictions
     date         staged   left out   inserts   updates   deletes   buffered   status
    ────────
     2026-01-02        1          0         1         0         0          0   dirty

    rule predictions
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-02        1      1            0          0            0   clean
    ────────
     total             1      1            0          0            0
    apply would send 2 statements: 1 consolidate, 1 detect. Cost: the embedded warehouse charges nothing.
    -- stderr
    predictions: 1 date to check; 2 dates unchanged since last found clean
    ");
    whole!(project.onerow("apply --changed"), @"
    $ onerow apply --changed
    -- stdout
    staging of rule predictions, run [RUN]
     date         staged   left out   inserts   updates   deletes   buffered   merged   status
    ────────
     2026-01-02        1          0         1         0         0          0        1   merged

    rule predictions, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-02        2      2            0          0            0         0   clean
    ────────
     total             2      2            0          0            0         0
    -- stderr
    predictions: 1 date to check; 2 dates unchanged since last found clean
    ");
    assert_eq!(project.active(), ["a1", "a2", "s2", "s9"]);
}

#[test]
fn the_page_of_a_report_shows_the_dates_that_changed() {
    let project = Project::new(RULE);
    project.rows(&[row("a1", 1, "p", 1), row("a2", 2, "p", 1)].join("\n"));
    project.onerow("apply --changed").exits(0);
    let page = || project.onerow("report --changed --html -").exits(0);
    let nothing = page();
    assert!(nothing.stdout.contains("No dates to check"), "{nothing}");
    whole!(nothing.stderr, @"predictions: 0 dates to check; 2 dates unchanged since last found clean");
    project.rows(&row("b2", 2, "p", 2));
    let one = page();
    whole!(one.stderr, @"predictions: 1 date to check; 1 date unchanged since last found clean");
    let page = one.stdout;
    assert!(page.contains("2026-01-02") && !page.contains("<td>2026-01-01"), "{page}");
}

#[test]
fn of_tables_that_each_hold_a_date_those_that_were_written_are_looked_at() {
    let project = Project::new(&shards::rules("deactivate"));
    shards::fill(&project, "20260128", "a1,ann,view,1,1,true\na2,ann,view,1,2,true\n");
    shards::fill(&project, "20260130", "b1,ann,view,1,1,true\n");
    let changed = |command: &str| format!("{command} --changed --from 2026-01-27 --to 2026-01-30");
    // A table that a run has changed is looked at once more.
    let commands = ["status", "apply", "apply", "apply"].map(changed);
    whole!(project.transcript(&commands), @"
    $ onerow status --changed --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-28        2      1            1          0            0   dirty
     2026-01-30        1      1            0          0            0   clean
    ────────
     total             3      2            1          0            0
    -- stderr
    events: 2 dates to check; 2 dates unchanged since last found clean

    $ onerow apply --changed --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        2      1            1          0            0         1   cleaned
     2026-01-30        1      1            0          0            0         0   clean
    ────────
     total             3      2            1          0            0         1
    -- stderr
    events: 2 dates to check; 2 dates unchanged since last found clean

    $ onerow apply --changed --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events, run [RUN]
     date         active   keys   duplicates   buffered   shared ids   removed   status
    ────────
     2026-01-28        1      1            0          0            0         0   clean
    ────────
     total             1      1            0          0            0         0
    -- stderr
    events: 1 date to check; 3 dates unchanged since last found clean

    $ onerow apply --changed --from 2026-01-27 --to 2026-01-30
    -- stderr
    events: 0 dates to check; 4 dates unchanged since last found clean
    ");
    shards::fill(&project, "20260129", "c1,ann,view,1,1,true\nc2,ann,view,1,2,true\n");
    shards::fill(&project, "20260130", "b2,ann,view,1,2,true\n");
    whole!(project.onerow(&changed("status")), @"
    $ onerow status --changed --from 2026-01-27 --to 2026-01-30
    -- stdout
    rule events
     date         active   keys   duplicates   buffered   shared ids   status
    ────────
     2026-01-29        2      1            1          0            0   dirty
     2026-01-30        2      1            1          0            0   dirty
    ────────
     total             4      2            2          0            0
    -- stderr
    events: 2 dates to check; 2 dates unchanged since last found clean
    ");
    let report = project.onerow("apply --changed --from 2026-01-27 --to 2026-01-30 --format json");
    assert_eq!(report.exits(0).json()["totals"]["deactivated"], 2);
    whole!(project.onerow("apply --changed"), @"
    $ onerow apply --changed
    exit code 1
    -- stderr
    error[unsupported]: rule events: each date is a table of its own
      help: name the dates, such as `--last 30 --changed`
    ");
}

/// What happens to a table between looks.
#[derive(Debug, Clone)]
enum Act {
    Load { day: u32, player: u8, hour: u32, streamed: bool },
    Apply { from: u32, to: u32 },
    ApplyChanged,
    Undo,
    Stage { day: u32, player: u8, hour: u32 },
    Consolidate,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..=4u32, 0..2u8, 0..20u32, any::<bool>())
            .prop_map(|(day, player, hour, streamed)| Act::Load { day, player, hour, streamed }),
        1 => (1..=4u32, 0..3u32).prop_map(|(from, more)| Act::Apply { from, to: (from + more).min(4) }),
        3 => Just(Act::ApplyChanged),
        1 => Just(Act::Undo),
        2 => (1..=4u32, 0..2u8, 0..20u32).prop_map(|(day, player, hour)| Act::Stage { day, player, hour }),
        1 => Just(Act::Consolidate),
    ];
    prop::collection::vec(act, 1..10)
}

/// How the dates stand, for which of them something is staged, and which ones are to be looked at.
fn looked_at(project: &Project, minute: usize) -> (Report, BTreeSet<Day>, BTreeSet<Day>) {
    let now: Timestamp = at(minute).parse().unwrap();
    let settings = Settings {
        warehouse: None,
        vars: Vec::new(),
        clock: Clock::Fixed(now),
        interrupt: Interrupt::default(),
    };
    let mut engine = Engine::open(Opened::open(&project.path("")).unwrap(), settings);
    let name = engine.project().file.rules[0].name.clone();
    engine
        .look_at_staging(std::slice::from_ref(&name), &Task::Apply, &StagingOptions::default())
        .unwrap();
    let rule = engine.rule(&name).unwrap();
    let day = |number: u32| Day::parse(&format!("2026-01-{number:02}")).unwrap();
    let all = Window::range(day(1), day(4)).unwrap();
    let changed = engine.changed(rule, &Task::Apply, None).unwrap().window;
    let changed = changed.map(|window| window.days().iter().copied().collect()).unwrap_or_default();
    let plan = engine.plan(rule, &Task::Consolidate, &all).unwrap();
    let staged = match rule.staging.is_some() {
        true => engine.staged(&plan).unwrap().days,
        false => Default::default(),
    };
    let staged = staged.into_iter().filter(|(_, day)| day.found.changes() + day.found.buffered > 0);
    (engine.status(rule, &all).unwrap(), staged.map(|(day, _)| day).collect(), changed)
}

/// The clock of a step: rows that were streamed leave the buffer two steps later.
fn at(minute: usize) -> String {
    let (hours, minutes) = (minute / 60, minute % 60);
    format!("2026-02-01T{hours:02}:{minutes:02}:00Z")
}

proptest! {
    #![proptest_config(part::properties(48, 12))]

    /// Whatever is written between runs, and whatever is in the streaming buffer, no date that has duplicates, or
    /// for which something is staged, is left out.
    #[test]
    fn no_date_that_has_duplicates_is_skipped(
        acts in acts(),
        rule in prop::sample::select(vec!["", "across = \"1d\"", "dates_per_statement = 3", MERGING]),
    ) {
        let merges = rule == MERGING;
        let rules = match merges {
            true => merging(),
            false => RULE.replace("row_id =", &format!("{rule}\nrow_id =")),
        };
        let project = Project::new(&rules);
        project.rows(&row("first", 1, "p0", 0));
        if merges {
            stage(&project, &row("staged", 2, "p1", 0));
        }
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
                Act::Stage { .. } | Act::Consolidate if !merges => {}
                Act::Stage { day, player, hour } => {
                    stage(&project, &row(&format!("s{step}"), *day, &format!("p{player}"), *hour));
                }
                Act::Consolidate => {
                    project.onerow(&format!("consolidate --changed --now {now}"));
                }
            }
            let (status, staged, changed) = looked_at(&project, 60 * (step + 1) + 1);
            for date in status.days.iter().filter(|date| date.counts.duplicates > 0) {
                prop_assert!(changed.contains(&date.day), "{acts:?}: {} after {act:?}", date.day);
            }
            prop_assert!(staged.is_subset(&changed), "{acts:?}: {staged:?} after {act:?}");
            let done = matches!(act, Act::ApplyChanged) && step > 0;
            if done && status.days.iter().all(|date| date.counts.duplicates == 0) && rule.is_empty() {
                prop_assert!(changed.is_empty(), "what a run has cleaned is no change: {changed:?}");
            }
        }
    }
}

#[test]
fn rows_without_a_date_that_came_since_are_told_though_no_date_is_counted() {
    let project = Project::new(RULE);
    project.rows("p1,2026-01-28,g1,a,,true,2026-01-28T06:00:00Z");
    project.onerow("apply --changed").exits(0);
    project.rows("p2,,g1,a,,true,2026-01-28T06:00:00Z\np3,,g1,a,,true,2026-01-28T07:00:00Z");
    whole!(project.transcript(["apply --changed", "status --changed"]), @"
    $ onerow apply --changed
    -- stderr
    predictions: 2 rows have no date and were not counted; to count: onerow status predictions --date NULL
    predictions: 0 dates to check; 1 date unchanged since last found clean

    $ onerow status --changed
    -- stdout
    rule predictions
     date    active   keys   duplicates   buffered   shared ids   status
    ────────
     NULL         2      1            1          0            0   dirty
    ────────
     total        2      1            1          0            0
    -- stderr
    predictions: 1 date to check; 1 date unchanged since last found clean
    ");
    project.onerow("apply --date NULL --changed").exits(0);
    whole!(project.onerow("status --changed"), @"
    $ onerow status --changed
    -- stdout
    rule predictions
    no dates to check
    -- stderr
    predictions: 0 dates to check; 1 date unchanged since last found clean
    ");
}

//! A ledger that cannot be written from any of its entries on: each date is as it was or as it should
//! be, never something between, and the next run finishes. What comes of processes that die is in
//! `crash_points`.

use onerow::check::Checked;
use onerow::clock::Clock;
use onerow::error::{Error, Kind, Result};
use onerow::googlesql::TableName;
use onerow::ledger::Ledger;
use onerow::plan;
use onerow::project;
use onerow::run::{self, Context, Ending, Limits, Report, Undone, Which};
use onerow::statement::StepName;
use onerow::template::Renderer;
use onerow::warehouse::Warehouse;
use onerow::warehouse::sqlite::Sqlite;
use onerow::window::{Day, Window};

use crate::common::faulty::{Faulty, Notes, now, open};
use crate::common::{HEADER, Project, RULE, part};

const STRATEGIES: [&str; 3] = ["deactivate", "delete", "rewrite"];

/// One duplicate on each of two dates.
const ROWS: &str = "a1,2026-01-28,g1,a,,true,2026-01-28T01:00:00Z\n\
                    a2,2026-01-28,g1,a,,true,2026-01-28T02:00:00Z\n\
                    b1,2026-01-29,g1,a,,true,2026-01-28T01:00:00Z\n\
                    b2,2026-01-29,g1,a,,true,2026-01-28T02:00:00Z";
const DIRTY: [&str; 4] = ["a1", "a2", "b1", "b2"];
const CLEAN: [&str; 2] = ["a2", "b2"];

fn loaded(strategy: &str) -> Project {
    let strategy = format!("row_id = \"id\"\nkeep_rows = true\nstrategy = \"{strategy}\"");
    let rule = RULE.replace("row_id = \"id\"", &strategy);
    let project = Project::new(&rule.replace("touched_at = \"updated_at\"\n", ""));
    project.rows(ROWS);
    project
}

fn with_context<T>(
    project: &Project,
    faulty: &Faulty<'_>,
    act: impl FnOnce(&Context<'_>) -> T,
) -> T {
    let project = project::Project::open(&project.path("")).unwrap();
    let renderer = Renderer::new(&project.file.rules[0], &project.templates, &[]).unwrap();
    act(&Context {
        renderer: &renderer,
        warehouse: faulty,
        ledger: faulty,
        clock: Clock::Fixed(now()),
        who: "test",
        progress: &Notes::default(),
        interrupt: &faulty.interrupt,
        limits: Limits::default(),
        run: None,
    })
}

fn apply(project: &Project, faulty: &Faulty<'_>) -> Result<Report> {
    let day = |text| Day::parse(text).unwrap();
    let window = Window::range(day("2026-01-28"), day("2026-01-29")).unwrap();
    with_context(project, faulty, |context| {
        let steps = plan::steps_of(context.renderer);
        run::apply(context, &plan::plan(context.renderer, &steps, &window).unwrap().unwrap())
    })
}

fn undo(project: &Project, faulty: &Faulty<'_>, run: &str) -> Result<Undone> {
    with_context(project, faulty, |context| run::undo(context, &Which::Id(run.to_owned())))
}

/// Each date has all of its rows, or its survivor alone.
fn assert_no_mix(project: &Project, told: &str) {
    let active = project.active();
    for (date, all) in [("a", ["a1", "a2"]), ("b", ["b1", "b2"])] {
        let rows: Vec<&String> = active.iter().filter(|id| id.starts_with(date)).collect();
        assert!(rows == all || rows == all[1..], "{told}: {active:?}");
    }
}

/// Whether the run needs no more entries than it could write.
fn ends_well<T>(ended: Result<T>, at: usize) -> bool {
    assert!(ended.is_err() || at > 3, "{at} entries are all");
    ended.is_ok()
}

fn dying(sqlite: &Sqlite, at: usize) -> Faulty<'_> {
    Faulty { dies_at_append: Some(at), ..Faulty::new(sqlite) }
}

#[test]
fn a_cure_that_dies_leaves_no_mix_and_is_finished() {
    for strategy in part::of(STRATEGIES, 3) {
        for at in 0.. {
            let told = format!("{strategy}, dead at append {at}");
            let project = loaded(strategy);
            let sqlite = open(&project);
            if ends_well(apply(&project, &dying(&sqlite, at)), at) {
                break;
            }
            assert_no_mix(&project, &told);
            let report = apply(&project, &Faulty::new(&sqlite)).unwrap();
            assert_eq!(report.ending(), Ending::Clean, "{told}: {:?}", report.problems);
            assert_eq!(project.active(), CLEAN, "{told}");
            assert!(sqlite.in_doubt("predictions").unwrap().is_empty(), "{told}");
        }
    }
}

#[test]
fn an_undo_that_dies_leaves_no_mix_and_is_finished() {
    for strategy in part::of(STRATEGIES, 3) {
        for at in 0.. {
            let told = format!("{strategy}, dead at append {at}");
            let project = loaded(strategy);
            let sqlite = open(&project);
            let run = apply(&project, &Faulty::new(&sqlite)).unwrap().run.unwrap();
            if ends_well(undo(&project, &dying(&sqlite, at), &run), at) {
                break;
            }
            assert_no_mix(&project, &told);
            let undone = undo(&project, &Faulty::new(&sqlite), &run).unwrap();
            assert!(undone.problems.is_empty(), "{told}: {:?}", undone.problems);
            assert_eq!(project.active(), DIRTY, "{told}");
            assert!(sqlite.in_doubt("predictions").unwrap().is_empty(), "{told}");
        }
    }
}

const STAGED: &str = "\
s1,2026-01-28,g1,a,7,true,2026-01-28T03:00:00Z
s2,2026-01-28,g2,b,7,true,2026-01-28T03:00:00Z
s3,2026-01-29,g1,a,7,true,2026-01-28T03:00:00Z
s4,2026-01-29,g2,b,7,true,2026-01-28T03:00:00Z";

#[test]
fn a_consolidation_that_dies_leaves_no_mix_and_loses_no_staged_row() {
    let staging = "[rule.predictions.staging]\ntables = [\"nba.staging\"]\ndrop = true";
    for at in 0.. {
        let told = format!("dead at append {at}");
        let project = Project::new(&format!("{RULE}{staging}"));
        project.rows(ROWS);
        project.write("staged.csv", format!("{HEADER}{STAGED}\n"));
        project.onerow("load staged.csv --into nba.staging").exits(0);
        let sqlite = open(&project);
        if ends_well(consolidate(&project, &dying(&sqlite, at)), at) {
            break;
        }
        let merged = merged_dates(&project);
        assert!(merged.iter().all(|rows| [0, 3].contains(rows)), "{told}: {merged:?}");
        let is_there = sqlite.describe(&TableName::parse("nba.staging").unwrap()).is_ok();
        assert!(is_there || merged == [3, 3], "{told}: it is dropped before its rows are merged");
        if is_there {
            consolidate(&project, &Faulty::new(&sqlite)).unwrap();
        }
        assert_eq!(merged_dates(&project), [3, 3], "{told}");
        let is_there = sqlite.describe(&TableName::parse("nba.staging").unwrap()).is_ok();
        assert!(!is_there, "{told}: the next run drops it");
    }
}

/// The staged row loses, so that nothing is left to merge: only the ledger says what was done.
#[test]
fn a_merge_that_failed_is_not_one_after_which_a_staging_table_is_dropped() {
    let staging = "[rule.predictions.staging]\ntables = [\"nba.staging\"]\ndrop = true";
    let project = Project::new(&format!("{RULE}{staging}"));
    project.rows(ROWS);
    let old = "s1,2026-01-28,g1,a,7,true,2026-01-28T00:00:00Z";
    project.write("staged.csv", format!("{HEADER}{old}\n"));
    project.onerow("load staged.csv --into nba.staging").exits(0);
    let sqlite = open(&project);
    let fails = |statement: &Checked| match statement.statement().step.as_str() {
        StepName::CONSOLIDATE => Err(Error::new(Kind::Refused, "quota exceeded")),
        _ => Ok(()),
    };
    let faulty = Faulty { before: Box::new(fails), ..Faulty::new(&sqlite) };
    let failed = consolidate(&project, &faulty).unwrap();
    assert_eq!(failed.ending(), Ending::Failed);
    consolidate(&project, &Faulty::new(&sqlite)).unwrap();
    let ledger = project.ledger();
    let at = |line: &str| ledger.iter().position(|known| known.starts_with(line)).unwrap();
    assert!(at("consolidate 2026-01-28 done") < at("drop_staging"), "{ledger:?}");
}

/// The row loses, so that nothing is left to merge; still nobody has merged it.
#[test]
fn a_row_that_is_staged_after_the_merge_keeps_its_table() {
    let staging = "[rule.predictions.staging]\ntables = [\"nba.staging\"]\ndrop = true";
    let project = Project::new(&format!("{RULE}{staging}"));
    project.rows(ROWS);
    project.write("staged.csv", format!("{HEADER}{STAGED}\n"));
    project.onerow("load staged.csv --into nba.staging").exits(0);
    let sqlite = open(&project);
    let writes = |statement: &Checked| {
        if statement.statement().step == *StepName::STAGING_DATES {
            project.write(
                "late.csv",
                format!("{HEADER}l,2026-01-28,g1,a,1,true,2026-01-28T00:00:00Z\n"),
            );
            project.onerow("load late.csv --into nba.staging").exits(0);
        }
        Ok(())
    };
    let faulty = Faulty { before: Box::new(writes), ..Faulty::new(&sqlite) };
    let report = consolidate(&project, &faulty).unwrap();
    let (table, reason) = &report.consolidated.as_ref().unwrap().kept[0];
    assert_eq!(table, "nba.staging");
    assert!(reason.contains("it was written to since this run began"), "{reason}");
    let report = consolidate(&project, &Faulty::new(&sqlite)).unwrap();
    assert_eq!(report.consolidated.unwrap().dropped, ["nba.staging"], "nobody writes any more");
}

fn consolidate(project: &Project, faulty: &Faulty<'_>) -> Result<Report> {
    let day = |text| Day::parse(text).unwrap();
    let window = Window::range(day("2026-01-28"), day("2026-01-29")).unwrap();
    with_context(project, faulty, |context| {
        let steps = [StepName::parse(StepName::CONSOLIDATE).unwrap()];
        let plan = plan::plan(context.renderer, &steps, &window).unwrap().unwrap();
        run::consolidate(context, &plan)
    })
}

/// How many rows of each date have the staged values.
fn merged_dates(project: &Project) -> Vec<i64> {
    let database = project.database();
    let count = |date: &str| {
        let sql =
            r#"SELECT COUNT(*) FROM "nba.predictions" WHERE game_date = ?1 AND points_line = '7'"#;
        database.query_row(sql, [date], |row| row.get(0)).unwrap()
    };
    vec![count("2026-01-28"), count("2026-01-29")]
}

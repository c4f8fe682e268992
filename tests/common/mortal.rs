//! A run in a process of its own, which dies where it is told to: the test binary starts itself
//! again, with the one test that plays the run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use onerow::clock::Clock;
use onerow::connection::{self, Connection};
use onerow::error::Result;
use onerow::interrupt::Interrupt;
use onerow::plan;
use onerow::project::Project;
use onerow::run::{self, Context, Limits, Which};
use onerow::statement::StepName;
use onerow::template::Renderer;
use onerow::warehouse::sqlite::Access;
use onerow::window::Window;

use super::counted::{Counted, END};
use super::oracle::{FIRST, LAST};
use super::silent::Silent;

/// What a run does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    Apply,
    Consolidate,
    /// Takes this run back.
    Undo(String),
}

/// Plays the act on a project in a process of its own, which dies at this point; 0 is never.
/// Returns the points that it passed, the last of which is where it died.
pub fn play(project: &Path, act: &Act, dies_at: usize) -> Vec<String> {
    let trace = project.join("trace.txt");
    let act = match act {
        Act::Apply => "apply",
        Act::Consolidate => "consolidate",
        Act::Undo(run) => run,
    };
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "common::mortal::a_run_that_may_die", "--ignored", "--nocapture"])
        .env("ONEROW_MORTAL", dies_at.to_string())
        .env("ONEROW_MORTAL_ACT", act)
        .env("ONEROW_MORTAL_PROJECT", project)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let points: Vec<String> =
        std::fs::read_to_string(trace).unwrap().lines().map(str::to_owned).collect();
    let ended = points.last().is_some_and(|point| point == END);
    let died = points.len() == dies_at;
    assert!((dies_at == 0 && ended && output.status.success()) || died, "{output:?}\n{points:?}");
    assert_eq!(died, output.status.code().is_none(), "{output:?}\n{points:?}");
    points
}

#[test]
#[ignore = "played by other tests, in a process of its own"]
fn a_run_that_may_die() {
    run();
}

fn run() {
    let Some(dies_at) = std::env::var_os("ONEROW_MORTAL") else { return };
    let dies_at: usize = dies_at.to_str().unwrap().parse().unwrap();
    let folder = PathBuf::from(std::env::var_os("ONEROW_MORTAL_PROJECT").unwrap());
    let act = match std::env::var("ONEROW_MORTAL_ACT").unwrap().as_str() {
        "apply" => Act::Apply,
        "consolidate" => Act::Consolidate,
        run => Act::Undo(run.to_owned()),
    };
    let project = Project::open(&folder).unwrap();
    let warehouse = project.file.warehouse(None).unwrap();
    let interrupt = Interrupt::default();
    let connection =
        connection::connect(warehouse, &folder, Clock::System, &interrupt, Access::ReadWrite);
    let Connection { warehouse: _, .. } = connection.as_ref().unwrap();
    let counted = Counted::new(connection.unwrap(), dies_at, &folder.join("trace.txt"));
    play_on(&counted, project, &act, &interrupt).unwrap();
    counted.point(END);
}

fn play_on(
    counted: &Counted,
    mut project: Project,
    act: &Act,
    interrupt: &Interrupt,
) -> Result<()> {
    let log = project.file.warehouse(None)?.removal_log();
    if *act == Act::Consolidate {
        let names = [project.file.rules[0].name.to_string()];
        run::stage(&mut project.file.rules, &names, counted, counted)?;
    }
    let rule = &project.file.rules[0];
    let renderer = Renderer::new(rule, &project.templates, &[])?.with_removals(log);
    let context = Context {
        renderer: &renderer,
        warehouse: counted,
        ledger: counted,
        clock: Clock::System,
        who: "a run that may die",
        progress: &Silent,
        interrupt,
        limits: Limits::default(),
        run: None,
    };
    let day = |text| onerow::window::Day::parse(text).unwrap();
    let window = Window::range(day(FIRST), day(LAST))?;
    let plan = |steps: &[StepName]| -> onerow::error::Result<_> {
        Ok(plan::plan(&renderer, steps, &window)?.unwrap())
    };
    let problems = match act {
        Act::Apply => run::apply(&context, &plan(&plan::steps_of(&renderer))?)?.problems,
        Act::Consolidate => {
            let steps = [StepName::parse(StepName::CONSOLIDATE)?];
            run::consolidate(&context, &plan(&steps)?)?.problems
        }
        Act::Undo(run) => run::undo(&context, &Which::Id(run.clone()))?.problems,
    };
    assert!(problems.is_empty(), "{problems:?}");
    Ok(())
}

//! A process that dies at each point between two effects of a run. The points are found by
//! instrumentation: the run is first played without dying, while its effects are counted and named;
//! then once for each point a process plays it, dies there, and the real binary runs again.

mod scenario;

mod killed;
mod system_calls;

use std::sync::Mutex;

use scenario::{Scenario, consolidation, cures, custom_step, shared_cures, undos};

use crate::common::{document, part};

#[test]
fn a_cure_that_dies_at_any_point_is_finished_by_the_next_run() {
    die_everywhere(&cures(), "apply");
}

#[test]
fn a_cure_of_several_dates_that_dies_at_any_point_is_finished_by_the_next_run() {
    die_everywhere(&shared_cures(), "apply-shared");
}

#[test]
fn an_undo_that_dies_at_any_point_is_finished_by_the_next_run() {
    let (updates, inserts) = undos().into_iter().partition::<Vec<_>, _>(Scenario::is_update);
    die_everywhere(&updates, "undo");
    die_everywhere(&inserts, "undo-from-a-before-image");
}

#[test]
fn a_custom_step_that_dies_at_any_point_is_finished_by_the_next_run() {
    die_everywhere(&[custom_step()], "custom-step");
}

#[test]
fn a_consolidation_that_dies_at_any_point_is_finished_by_the_next_run() {
    die_everywhere(&[consolidation()], "consolidate");
}

/// Makes a table of point × outcome; what is not played today it has from the document. The scenarios
/// pass the same points.
fn die_everywhere(scenarios: &[Scenario], section: &str) {
    let points: Vec<Vec<String>> = scenarios.iter().map(Scenario::points).collect();
    for (scenario, found) in scenarios.iter().zip(&points) {
        assert_eq!(found, &points[0], "{}", scenario.name);
    }
    let plays = (1..=points[0].len()).flat_map(|at| (0..scenarios.len()).map(move |of| (at, of)));
    let plays = Mutex::new(part::of(plays, 8));
    let documented = document::rows("crashes.md", section);
    let cell = |at: usize, of: usize| documented.get(at)?.get(of + 2).cloned();
    let row = |at: usize| (0..scenarios.len()).map(|of| cell(at, of).unwrap_or_default()).collect();
    let outcomes: Vec<Vec<String>> = (0..points[0].len()).map(row).collect();
    let outcomes = Mutex::new(outcomes);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((at, of)) = plays.lock().unwrap().next() else { return };
                    let outcome = scenarios[of].die_at(at);
                    outcomes.lock().unwrap()[at - 1][of] = outcome;
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().unwrap();
    let rows: Vec<Vec<String>> = points[0]
        .iter()
        .zip(outcomes)
        .enumerate()
        .map(|(i, (point, outcomes))| [vec![(i + 1).to_string(), point.clone()], outcomes].concat())
        .collect();
    let names = scenarios.iter().map(|scenario| scenario.name);
    let header: Vec<&str> = ["", "dies before"].into_iter().chain(names).collect();
    document::section("crashes.md", section, &document::markdown(&header, &rows));
}

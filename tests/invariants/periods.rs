//! Dates that share a partition of the table share one statement, and each keeps its own rows.

use onerow::run::Ending;
use onerow::window::{DayArg, WindowArg};
use proptest::prelude::*;

use super::across::{apply, spread};
use super::cures_sent;
use super::world::{Cure, NOW, Oracle, Row, World, cures, day, file, has_worked, minute};
use crate::common::part;

/// A rule that says how the table is cut; the world's dates are all of one month.
fn world(cure: Cure, granularity: &str, rows: &[Row]) -> World {
    World::of(cure, file(cure, &format!("partition_granularity = \"{granularity}\"")), rows, NOW)
}

proptest! {
    #![proptest_config(part::properties(96, 8))]

    #[test]
    fn one_statement_leaves_one_row_of_a_key_on_each_date(
        cure in cures(),
        granularity in prop::sample::select(vec!["MONTH", "YEAR"]),
        rows in spread(),
        of_one_date in any::<bool>(),
    ) {
        let world = world(cure, granularity, &rows);
        let oracle = Oracle::at(cure, NOW, &rows);
        let mut go = Vec::new();
        for date in 1..=super::across::DAYS {
            let of_date: Vec<Row> = rows.iter().filter(|row| row.day == date).cloned().collect();
            go.extend(oracle.day(&of_date).taken_out);
        }
        // A date stands for all that share its partition.
        let [first, last] = [day(1), day(super::across::DAYS)].map(DayArg::On);
        let named = match of_one_date {
            true => WindowArg::Dates(vec![DayArg::On(day(3))]),
            false => WindowArg::Range(first, last),
        };
        let window = world.rule().window(&named, minute(NOW)).unwrap();
        prop_assert_eq!(window.to_string(), "2026-01-01");
        let report = apply(&world, &window);
        prop_assert!(has_worked(&report), "{:?}", report.problems);
        prop_assert_eq!(report.ending(), Ending::Clean);
        prop_assert_eq!(world.table(), world.without(&go));
        prop_assert_eq!(report.deactivated(), Some(go.len() as u64));
        let sent = cures_sent(&world.warehouse, report.run.as_deref().unwrap());
        prop_assert_eq!(sent, usize::from(!go.is_empty()));
        if !go.is_empty() {
            world.undo(NOW, report.run.as_deref().unwrap());
            prop_assert_eq!(world.table(), world.without(&[]));
        }
    }
}

//! Rows that are compared across dates, held against an oracle that knows no SQL: in the order of survival,
//! a row stays where no row that stays is of its key and so near.

use onerow::plan;
use onerow::run::{self, Ending, Report};
use onerow::window::Window;
use proptest::prelude::*;

use super::cures_sent;
use super::world::{Cure, NOW, Row, World, day, file, has_worked, rows, single, survival};
use crate::common::part;

pub const DAYS: u8 = 6;

/// Rows on six dates; those that are streamed or share an id are looked at elsewhere.
pub fn spread() -> impl Strategy<Value = Vec<Row>> {
    let days = prop::collection::vec(1..=DAYS, 24);
    (rows(), days).prop_map(|(rows, days)| {
        let row = |(row, day): (Row, u8)| Row {
            day,
            id: Some(row.n as u8),
            streamed: None,
            created_at: row.created_at.filter(|minute| *minute < 400),
            ..row
        };
        rows.into_iter().zip(days).map(row).collect()
    })
}

fn world(cure: Cure, across: u8, dates: u8, rows: &[Row]) -> World {
    let keys = format!("across = \"{across}d\"\ndates_per_statement = {dates}");
    World::of(cure, file(cure, &keys), rows, NOW)
}

/// The numbers of the rows that have to go.
fn superseded(cure: Cure, across: u8, rows: &[Row]) -> Vec<i64> {
    let mut active: Vec<&Row> = rows.iter().filter(|row| cure.counts(row)).collect();
    active.sort_by(|a, b| survival(a, b));
    let (mut stay, mut go): (Vec<&Row>, Vec<i64>) = (Vec::new(), Vec::new());
    for row in active {
        let near = |other: &&Row| {
            (row.k1, row.k2) == (other.k1, other.k2) && row.day.abs_diff(other.day) <= across
        };
        match stay.iter().any(near) {
            true => go.push(row.n),
            false => stay.push(row),
        }
    }
    go
}

pub fn apply(world: &World, window: &Window) -> Report {
    world.with_context(NOW, |context| {
        let plan = plan::plan(context.renderer, &plan::steps_of(context.renderer), window);
        run::apply(context, &plan.unwrap().unwrap()).unwrap()
    })
}

fn all() -> Window {
    Window::range(day(1), day(DAYS)).unwrap()
}

proptest! {
    #![proptest_config(part::properties(96, 8))]

    #[test]
    fn one_row_of_a_key_stays_on_so_many_dates(
        cure in single(),
        across in 1..=2u8,
        dates in 1..=DAYS,
        rows in spread(),
    ) {
        let world = world(cure, across, dates, &rows);
        let go = superseded(cure, across, &rows);
        let report = apply(&world, &all());
        prop_assert!(has_worked(&report), "{:?}", report.problems);
        let after = world.without(&go);
        prop_assert_eq!(world.table(), after.clone());
        prop_assert_eq!(report.deactivated(), Some(go.len() as u64));
        for date in &report.days {
            let of_date = |row: &&Row| day(row.day) == date.day && go.contains(&row.n);
            prop_assert_eq!(date.deactivated, Some(rows.iter().filter(of_date).count() as u64));
        }
        prop_assert_eq!(report.ending(), Ending::Clean);

        let second = apply(&world, &all());
        prop_assert_eq!(world.table(), after);
        prop_assert_eq!(cures_sent(&world.warehouse, second.run.as_deref().unwrap()), 0);

        if !go.is_empty() {
            world.undo(NOW, report.run.as_deref().unwrap());
            prop_assert_eq!(world.table(), world.without(&[]));
        }
    }

    /// A date by itself takes no row that the dates together would keep, whatever was cleaned before.
    #[test]
    fn the_dates_can_be_cleaned_one_by_one_in_any_order(
        cure in single(),
        across in 1..=2u8,
        rows in spread(),
        order in Just((1..=DAYS).collect::<Vec<u8>>()).prop_shuffle(),
    ) {
        let world = world(cure, across, 1, &rows);
        for date in order {
            let report = apply(&world, &Window::day(day(date)));
            prop_assert!(has_worked(&report), "{:?}", report.problems);
        }
        apply(&world, &all());
        prop_assert_eq!(world.table(), world.without(&superseded(cure, across, &rows)));
    }
}

//! The design's invariants over random tables with ties, NULLs, shared ids, inactive and buffered rows,
//! held against an oracle that knows no SQL.

mod across;
mod custom;
mod periods;
mod world;

use onerow::googlesql::SqlValue;
use onerow::ledger::{Filter, Ledger, Outcome};
use onerow::run::{Ending, Report};
use onerow::warehouse::sqlite::Sqlite;
use proptest::prelude::*;

use self::world::{Expected, NOW, Row, SETTLE, World, cures, has_worked, rows};
use crate::common::cuts::ways;
use crate::common::part;

fn figures(report: &Report) -> Vec<Expected> {
    let days = report.days.iter().map(|day| Expected {
        taken_out: Vec::new(),
        active: day.counts.active,
        keys: day.counts.keys,
        duplicates: day.counts.duplicates,
        buffered: day.counts.buffered,
        shared_ids: day.counts.shared_ids,
        deactivated: day.deactivated.unwrap(),
    });
    days.collect()
}

fn cures_sent(warehouse: &Sqlite, run: &str) -> usize {
    let entries = warehouse.entries(&Filter::run(run)).unwrap();
    entries.iter().filter(|e| e.step.removes_duplicates() && e.outcome == Outcome::Started).count()
}

proptest! {
    #![proptest_config(part::properties(192, 16))]

    #[test]
    fn apply_does_what_the_oracle_says(
        way in ways(),
        cure in cures(),
        dates in 1..=2u8,
        rows in rows(),
    ) {
        let world = World::sharing(way, cure, dates, &rows, NOW);
        let rows = &world.rows;
        let expected = world.expected(NOW);
        let report = world.apply(NOW);

        // 1. Detected = deactivated = the fall in active rows, for the settled part; and nothing
        // else changes.
        let taken_out: Vec<i64> = expected.iter().flat_map(|e| e.taken_out.clone()).collect();
        let after = world.without(&taken_out);
        prop_assert_eq!(world.table(), after.clone(), "{:?}", report.problems);
        let shared_ids = expected.iter().any(|e| e.shared_ids > 0 && e.duplicates > 0);
        let waiting = expected.iter().any(|e| e.buffered > 0);
        let bare: Vec<Expected> =
            expected.into_iter().map(|e| Expected { taken_out: Vec::new(), ..e }).collect();
        prop_assert_eq!(figures(&report), bare);

        // 8. The rows without a date are said.
        let undated = report.undated.map(|undated| undated.counts).unwrap_or_default();
        let expected = world.expected_undated(NOW);
        prop_assert_eq!(undated.total, rows.iter().filter(|row| way.group(row.day) == 0).count() as u64);
        prop_assert_eq!((undated.active, undated.keys), (expected.active, expected.keys));
        prop_assert_eq!(undated.duplicates, expected.duplicates);

        // 2. No key loses its last active row.
        let keys = |rows: &mut dyn Iterator<Item = &Row>| {
            let mut keys: Vec<_> = rows.map(|row| (way.group(row.day), row.k1, row.k2)).collect();
            keys.sort_unstable();
            keys.dedup();
            keys
        };
        let counted = || rows.iter().filter(|row| cure.counts(row));
        let left = keys(&mut counted().filter(|row| !taken_out.contains(&row.n)));
        prop_assert_eq!(keys(&mut counted()), left);

        // 7. What could not be done reaches the ending.
        let ending = match (shared_ids, waiting) {
            (true, _) => Ending::Failed,
            (_, true) => Ending::Buffered,
            _ => Ending::Clean,
        };
        prop_assert_eq!(report.ending(), ending, "{:?}", report.problems);

        // 3. A second run changes nothing, and sends no statement that could.
        let second = world.apply(NOW);
        prop_assert_eq!(world.table(), after);
        prop_assert_eq!(second.deactivated(), Some(0));
        if ending == Ending::Clean {
            prop_assert_eq!(cures_sent(&world.warehouse, second.run.as_deref().unwrap()), 0);
        }

        // 5. Every statement stands in the ledger before its outcome does.
        let entries = world.warehouse.entries(&Filter::default()).unwrap();
        for pair in entries.chunks(2) {
            prop_assert_eq!(&pair[0].outcome, &Outcome::Started);
            prop_assert_eq!(pair.len(), 2);
            prop_assert!(pair[1].outcome != Outcome::Started);
            prop_assert_eq!(&pair[0].job, &pair[1].job);
        }
    }

    /// A run and its undo give back the table; the next run gives back what the first one made.
    #[test]
    fn undo_takes_a_run_back_exactly(
        way in ways(),
        cure in cures(),
        dates in 1..=2u8,
        rows in rows(),
    ) {
        let world = World::sharing(way, cure, dates, &rows, NOW);
        let rows = &world.rows;
        let before = world.table();
        let applied = world.apply(NOW);
        let after = world.table();
        prop_assume!(applied.deactivated() > Some(0));
        // An UPDATE by row id cannot tell a row that it deactivated from one that was inactive.
        let shares = |a: &Row, b: &Row| {
            a.n != b.n && (way.group(a.day), a.id) == (way.group(b.day), b.id)
        };
        let told = |a: &Row| a.active == Some(true) || !rows.iter().any(|b| shares(a, b));
        prop_assume!(!cure.deactivates() || rows.iter().all(told));
        let undone = world.undo(NOW, applied.run.as_deref().unwrap());
        prop_assert!(undone.problems.is_empty(), "{:?}", undone.problems);
        prop_assert_eq!(world.table(), before.clone(), "{:?}", undone);
        prop_assert_eq!(undone.left_alone(), 0);
        // What was taken back is not taken back twice.
        world.undo(NOW, applied.run.as_deref().unwrap());
        prop_assert_eq!(world.table(), before);
        let again = world.apply(NOW);
        prop_assert!(has_worked(&again), "{:?}", again.problems);
        prop_assert_eq!(world.table(), after, "{:?}", again);
    }

    /// 4. The survivor does not depend on the order in which rows reached the table.
    #[test]
    fn the_survivors_do_not_depend_on_row_order(cure in cures(), (rows, shuffled) in rows().prop_flat_map(|rows| {
        (Just(rows.clone()), Just(rows).prop_shuffle())
    })) {
        let (one, other) = (World::new(cure, &rows, NOW), World::new(cure, &shuffled, NOW));
        one.apply(NOW);
        other.apply(NOW);
        prop_assert_eq!(one.table(), other.table());
    }

    /// 4. Nor on the time of day: what is cleaned in two runs, before and after the buffer has
    /// drained, is what is cleaned in one run afterwards.
    #[test]
    fn the_survivors_do_not_depend_on_when_the_buffer_drained(cure in cures(), rows in rows()) {
        let later = NOW + 2 * SETTLE;
        let in_two = World::new(cure, &rows, NOW);
        in_two.apply(NOW);
        let left = in_two.table();
        let still = |row: &Row| {
            let found = left.iter().find(|cells| cells[0] == SqlValue::Int64(row.n))?;
            let active = match found[6] {
                SqlValue::Bool(active) => Some(active),
                _ => None,
            };
            let text = |cell: &SqlValue| match cell {
                SqlValue::Null => None,
                cell => cell.to_string().split('@').next().unwrap().parse().ok(),
            };
            Some(Row { active, values: [text(&found[8]), text(&found[9])], ..row.clone() })
        };
        let left: Vec<Row> = rows.iter().filter_map(still).collect();
        let then = World::new(cure, &left, later);
        then.apply(later);
        let in_one = World::new(cure, &rows, later);
        in_one.apply(later);
        // Shared ids can go away when one of them is superseded, and only then may a date differ.
        if in_one.expected(later).iter().all(|e| e.shared_ids == 0) {
            prop_assert_eq!(then.table(), in_one.table());
        }
    }
}

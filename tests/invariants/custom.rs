//! Whatever a project's own templates say, no key loses its last active row, and what was removed can be
//! restored.

use onerow::plan;
use onerow::run::Ending;
use onerow::template::{Renderer, Template};
use onerow::window::Window;
use proptest::prelude::*;

use super::world::{Cure, NOW, Row, World, day, file, has_worked, rows};
use crate::common::part;

/// Conditions that choose rows with and without regard for their rank.
const CONDITIONS: [&str; 14] = [
    "TRUE",
    "n > 3",
    "score >= 10",
    "score IS NULL",
    "k1 = 'key 1'",
    "k1 IS NULL",
    "k2 > 0",
    "id < '128'",
    "MOD(n, 2) = 0",
    "id IN (SELECT id FROM `a.b` WHERE d = {{ window.first }} AND score = 9)",
    "id IN (SELECT row_id FROM ({{ ranked(rule, window) }}) WHERE rank = 1)",
    "id IN (SELECT row_id FROM ({{ ranked(rule, window) }}) WHERE rank > 1)",
    "{{ superseded(rule, window) }}",
    "{{ recorded(rule, window, removals) }}",
];

const IMPORTS: &str = "{%- from \"_survivors.sql\" import ranked, touchable -%}\n\
                       {%- from \"_removals.sql\" import recorded, superseded -%}\n";

fn conditions() -> impl Strategy<Value = String> {
    let one = prop::sample::select(&CONDITIONS[..]).prop_map(str::to_owned);
    one.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} AND {b})")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} OR {b})")),
            inner.prop_map(|a| format!("NOT ({a})")),
        ]
    })
}

fn update(table: &str, condition: &str) -> String {
    format!(
        "{IMPORTS}UPDATE {table}\nSET {{{{ rule.active_column }}}} = {{{{ rule.inactive_value }}}}\n\
         WHERE {{{{ touchable(rule, window) }}}}\n  AND {condition}\n"
    )
}

fn own(world: World, file: &str, text: String) -> World {
    let path = format!("sql/{file}");
    World { templates: world.templates.with(None, file, Template { path, text }), ..world }
}

/// A world whose runs begin with an UPDATE of the project's own.
fn with_custom_step(cure: Cure, rows: &[Row], table: &str, condition: &str, may: bool) -> World {
    let steps = format!(
        "steps = [{{ name = \"void\", may_remove_keys = {may} }}, \"detect\", \"{}\", \"verify\"]",
        cure.step()
    );
    own(World::of(cure, file(cure, &steps), rows, NOW), "void.sql", update(table, condition))
}

fn cures() -> impl Strategy<Value = Cure> {
    prop_oneof![
        Just(Cure::Deactivate),
        Just(Cure::Delete),
        Just(Cure::Rewrite),
        Just(Cure::DeactivateNot),
        Just(Cure::DeactivateLetter),
        Just(Cure::DeactivateTime),
        Just(Cure::DeleteLetter),
        Just(Cure::RewriteTime),
        Just(Cure::DeactivateComposite),
        Just(Cure::DeleteUnnamed),
    ]
}

proptest! {
    #![proptest_config(part::properties(192, 16))]

    #[test]
    fn a_custom_update_takes_no_keys_last_row(
        cure in cures(),
        rows in rows(),
        condition in conditions(),
        table in prop::sample::select(&["{{ rule.table }}", "{{ rule.table }} AS t"][..]),
    ) {
        let world = with_custom_step(cure, &rows, table, &condition, false);
        let keys = world.keys();
        let report = world.apply(NOW);
        prop_assert_eq!(world.keys(), keys, "{:?}", report.problems);
    }

    /// Where a step may remove keys, it does; and an undo gives back what any step removed.
    #[test]
    fn what_a_custom_update_removed_is_restored(
        cure in cures(),
        rows in rows(),
        condition in conditions(),
        may in any::<bool>(),
    ) {
        // An UPDATE by row id cannot tell a row that it deactivated from one that was inactive.
        let shares = |a: &Row, b: &Row| a.n != b.n && (a.day, a.id) == (b.day, b.id);
        prop_assume!(!rows.iter().any(|a| a.id.is_none() || rows.iter().any(|b| shares(a, b))));
        let world = with_custom_step(cure, &rows, "{{ rule.table }}", &condition, may);
        let before = world.table();
        let applied = world.apply(NOW);
        let after = world.table();
        prop_assume!(before != after);
        let undone = world.undo(NOW, applied.run.as_deref().unwrap());
        prop_assert!(undone.problems.is_empty(), "{:?}", undone.problems);
        prop_assert_eq!(world.table(), before, "{:?}", undone);
        if applied.ending() == Ending::Clean {
            let again = world.apply(NOW);
            prop_assert!(has_worked(&again), "{:?}", again.problems);
            prop_assert_eq!(world.table(), after, "{:?}", again);
        }
    }

    /// A template that replaces the one that removes duplicates is refused, or takes no survivor.
    #[test]
    fn an_override_is_refused_or_takes_no_survivor(
        deletes in any::<bool>(),
        rows in rows(),
        condition in conditions(),
        keeps in any::<bool>(),
    ) {
        let cure = if deletes { Cure::Delete } else { Cure::Deactivate };
        let shipped = "{{ superseded(rule, window) }} AND {{ recorded(rule, window, removals) }} AND ";
        let condition = format!("{}{condition}", if keeps { shipped } else { "" });
        let text = match deletes {
            true => update("x", &condition)
                .replace("UPDATE x\nSET {{ rule.active_column }} = {{ rule.inactive_value }}", "DELETE FROM {{ rule.table }}"),
            false => update("{{ rule.table }}", &condition),
        };
        let world = own(World::new(cure, &rows, NOW), &format!("{}.sql", cure.step()), text);
        let renderer = Renderer::new(world.rule(), &world.templates, &[]).unwrap();
        let window = Window::range(day(1), day(2)).unwrap();
        let refused = plan::plan(&renderer, &plan::steps_of(&renderer), &window).unwrap().is_err();
        prop_assert!(!(keeps && refused), "it keeps every condition of the shipped text");
        if !refused {
            let keys = world.keys();
            let report = world.apply(NOW);
            prop_assert_eq!(world.keys(), keys, "{:?}", report.problems);
        }
    }
}

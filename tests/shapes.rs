//! `docs/find-your-table.md`: each rule on that page can be used as it stands.

use std::collections::BTreeSet;

use onerow::check;
use onerow::rule::RuleFile;
use onerow::template::{Renderer, Templates};
use onerow::window::{Day, DayArg, WindowArg};

use crate::docs::Page;

#[test]
fn each_of_the_twelve_rules_renders_and_every_statement_of_it_may_run() {
    let blocks = Page::read("docs/find-your-table.md").texts("toml");
    assert_eq!(blocks.len(), 12);
    let mut tables = BTreeSet::new();
    for block in blocks {
        let file = RuleFile::parse("docs/find-your-table.md", &block)
            .unwrap_or_else(|e| panic!("{e}\n{block}"));
        let [rule] = file.rules.as_slice() else { panic!("one rule in each block") };
        assert!(tables.insert(rule.table.dotted()), "{block}");
        assert!(check::rule(rule).is_empty(), "{:?}\n{block}", check::rule(rule));
        let day = DayArg::On(Day::parse("2026-01-28").unwrap());
        let window =
            rule.window(&WindowArg::Dates(vec![day]), jiff::Timestamp::UNIX_EPOCH).unwrap();
        let renderer = Renderer::new(rule, &Templates::shipped(), &[]).unwrap();
        let steps = renderer.steps();
        assert!(steps.len() > 8, "{block}: {steps:?}");
        for step in steps {
            for statement in renderer.render(&step, &window).unwrap() {
                check::run(rule, statement).unwrap_or_else(|e| panic!("{e:?}\n{block}"));
            }
        }
    }
}

use std::collections::BTreeMap;

use super::*;
use crate::rule::RuleFile;
use crate::run::{Counts, LastRun, PastOutcome, RunId};

fn rules(names: &[&str]) -> Vec<Rule> {
    let section = |name: &&str| {
        format!(
            "[rule.{name}]\ntable = \"a.{name}\"\npartition = \"d\"\nkey = [\"k\"]\n\
             keep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n"
        )
    };
    let text: String = names.iter().map(section).collect();
    RuleFile::parse("onerow.toml", &text).unwrap().rules
}

fn known(duplicates: Option<u64>, buffered: u64) -> Known {
    let counts = |duplicates| Counts {
        total: 10 + duplicates,
        active: 10 + duplicates,
        keys: 10,
        duplicates,
        buffered,
        ..Counts::default()
    };
    let day = crate::window::Day::parse("2026-01-28").unwrap();
    let left: BTreeMap<_, _> = duplicates.map(|number| (day, counts(number))).into_iter().collect();
    Known { left, ..Known::default() }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn names(listed: &Listed<'_>) -> Vec<String> {
    listed.shown().iter().map(|line| line.rule.name.to_string()).collect()
}

fn lines<'a>(rules: &'a [Rule], known: &'a [Known]) -> Vec<RuleLine<'a>> {
    let each = rules.iter().zip(known).map(|(rule, known)| RuleLine {
        index: 0,
        rule,
        known,
        latest: known.latest_status(rule, None),
        counted: None,
        problem: None,
        is_pending: false,
    });
    each.collect()
}

#[test]
fn those_that_are_not_clean_come_first_and_of_those_the_most_duplicates() {
    let rules = rules(&["a", "b", "c", "d", "e", "f"]);
    let known = [Some(0), Some(3), None, Some(9), Some(2), Some(0)].map(|number| known(number, 0));
    let mut of_all = lines(&rules, &known);
    of_all[5].problem = Some("The warehouse did not answer.".to_owned());
    let listed =
        |order| names(&Listed::of(of_all.clone(), Choice { sort: order, ..Choice::default() }));
    assert_eq!(listed(OverviewOrder::Status), ["f", "d", "b", "e", "c", "a"]);
    assert_eq!(listed(OverviewOrder::Name), ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(listed(OverviewOrder::Duplicates), ["d", "b", "e", "a", "c", "f"]);
}

#[test]
fn each_order_puts_first_what_one_would_look_for() {
    let rules = rules(&["a", "b", "c"]);
    let run = |began: &str| LastRun {
        id: RunId::new(at(began)),
        outcome: PastOutcome::Done,
        began: at(began),
    };
    let mut each = [known(Some(5), 1), known(Some(5), 4), known(Some(0), 0)];
    each[0].last_clean = Some(at("2026-01-20T00:00:00Z"));
    each[1].last_clean = Some(at("2026-01-10T00:00:00Z"));
    each[0].last_run = Some(run("2026-01-28T00:00:00Z"));
    each[2].last_run = Some(run("2026-01-29T00:00:00Z"));
    let day: Date = "2026-01-28".parse().unwrap();
    each[1].by_day.entry(day).or_default().bytes_billed = Some(7);
    let listed = |order| {
        names(&Listed::of(lines(&rules, &each), Choice { sort: order, ..Choice::default() }))
            .join("")
    };
    assert_eq!(listed(OverviewOrder::Buffered), "bac");
    assert_eq!(listed(OverviewOrder::LastClean), "cba", "never, then the longest ago");
    assert_eq!(listed(OverviewOrder::LastRun), "cab");
    assert_eq!(listed(OverviewOrder::Cost), "bac");
    for (order, word) in OverviewOrder::ALL {
        assert_eq!(OverviewOrder::parse(word), Some(order));
    }
    assert_eq!(OverviewOrder::parse("other"), None);
}

#[test]
fn rules_are_chosen_by_status_and_by_a_part_of_their_name() {
    let rules = rules(&["orders", "Orders-old", "events", "users"]);
    let known = [Some(3), Some(0), None, Some(2)].map(|number| known(number, 0));
    let chosen = |status: &str, name: &str| {
        let status = Wanted::parse(status).unwrap();
        let choice = Choice { status, name: name.to_owned(), ..Choice::default() };
        names(&Listed::of(lines(&rules, &known), choice)).join(" ")
    };
    assert_eq!(chosen("not_clean", ""), "orders users events");
    assert_eq!(chosen("dirty", "ORDERS"), "orders");
    assert_eq!(chosen("", "order"), "orders Orders-old");
    assert_eq!(chosen("unknown", ""), "events");
    assert_eq!(chosen("buffered", ""), "");
    assert_eq!(Wanted::parse("fine"), None);
    for (wanted, word) in Wanted::ALL {
        assert_eq!(Wanted::parse(word), Some(wanted));
    }
}

#[test]
fn a_page_has_fifty_rules_and_one_behind_the_last_is_the_last() {
    let many: Vec<String> = (0..120).map(|i| format!("r{i:03}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (rules, known) = (rules(&many), vec![known(Some(0), 0); 120]);
    let page =
        |page| names(&Listed::of(lines(&rules, &known), Choice { page, ..Choice::default() }));
    assert_eq!(page(1).len(), RULES_OF_A_PAGE);
    assert_eq!((page(3).len(), page(3)[0].as_str()), (20, "r100"));
    assert_eq!(page(99), page(3));
    assert_eq!(page(0), page(1));
}

#[test]
fn the_address_of_a_choice_has_what_is_not_the_default() {
    let choice = Choice { page: 2, name: "a&b=<c>".to_owned(), ..Choice::default() };
    assert_eq!(choice.address(), "/?name=a%26b%3D%3Cc%3E&page=2");
    let choice =
        Choice { sort: OverviewOrder::Cost, status: Wanted::NotClean, ..Choice::default() };
    assert_eq!(choice.address(), "/?sort=cost&status=not_clean");
    assert_eq!(Choice::default().address(), "/");
}

#[test]
fn what_is_counted_now_is_among_the_numbers_of_each_status() {
    let rules = rules(&["a", "b"]);
    let known = [known(None, 0), known(Some(2), 0)];
    let mut listed = Listed::of(lines(&rules, &known), Choice::default());
    let numbers = |listed: &Listed<'_>| {
        let some = listed.of_status.iter().filter(|(_, count)| *count > 0);
        some.map(|(wanted, count)| format!("{} {count}", wanted.word())).collect::<Vec<_>>()
    };
    assert_eq!(numbers(&listed), ["dirty 1", "unknown 1"]);
    let mut counted = lines(&rules, &known);
    counted[0].latest = known[1].latest_status(&rules[0], None);
    listed.show(counted);
    assert_eq!(numbers(&listed), ["dirty 2"]);
}

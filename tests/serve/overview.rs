//! The page of all rules, with a few and with two thousand of them.

use std::time::{Duration, Instant};

use super::service::{APPLY, Answer, READ, Service, alone};
use crate::common::{Project, RULE};

/// Rules of these names, all about one table that has one duplicate on 2026-01-30; one of a missing table too.
pub fn project(names: &[String]) -> Project {
    let (table, section) = RULE.split_once("[rule.predictions]").unwrap();
    let of = |name: &str| {
        let columns = section.replace("rule.predictions", &format!("rule.{name}"));
        format!("\n[rule.{name}]{columns}")
    };
    let missing = of("z-missing").replace("nba.predictions", "nba.missing");
    let sections: String = names.iter().map(|name| of(name)).collect();
    let project = Project::new(&format!("{table}[rule.predictions]{section}{sections}{missing}"));
    project.write(
        "rows.csv",
        format!(
            "{}{}\n{}\n",
            crate::common::HEADER,
            "r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z",
            "r2,2026-01-30,g1,p1,,true,2026-01-30T09:31:00Z"
        ),
    );
    project.onerow("load predictions rows.csv").exits(0);
    project
}

fn get(service: &Service, path: &str) -> Answer {
    let page = service.get(path, Some(READ));
    assert_eq!(page.status, 200, "{path}: {}", page.text);
    page
}

/// The names of the rules on a page, in order.
fn listed(page: &Answer) -> Vec<&str> {
    let lines = page.text.split("<th scope=\"row\" class=\"name\">").skip(1);
    lines.map(|line| line.split('>').nth(1).unwrap().split('<').next().unwrap()).collect()
}

#[test]
fn several_rules_are_one_table_with_those_that_are_not_clean_first() {
    let project = project(&["a".to_owned(), "b".to_owned()]);
    let service = Service::of(&project);
    let page = get(&service, "/");
    assert_eq!(listed(&page), ["z-missing", "a", "b", "predictions"]);
    assert!(page.text.contains("not read"), "{}", page.text);
    assert!(page.text.contains("The rule, its tables or its templates are not fit to run."));
    assert_eq!(listed(&get(&service, "/?sort=name&name=RE")), ["predictions"]);
    assert_eq!(listed(&get(&service, "/?status=dirty")), ["a", "b", "predictions"]);
    assert!(get(&service, "/?status=clean").text.contains("No rule fits."));
    let ran = service.apply(r#"{"rule": "a", "date": "2026-01-30"}"#);
    assert_eq!(ran.status, 200, "{}", ran.text);
    let page = get(&service, "/");
    assert_eq!(listed(&page), ["z-missing", "a", "b", "predictions"]);
    assert_eq!(page.text.matches("<span class=\"word clean\">").count(), 3, "{}", page.text);
    let id = ran.json["run_id"].as_str().unwrap();
    assert!(page.text.contains(&format!("runs&#x2f;{id}")), "the last run is a link");
    assert!(page.text.contains("1 duplicate found in 30 days, most on 2026-01-31: 1"));
}

#[test]
fn an_address_that_makes_no_sense_is_told_so_and_an_old_one_leads_on() {
    let project = project(&[]);
    let service = Service::of(&project);
    for (query, told) in [
        ("sort=price", "is one of name, status"),
        ("status=fine", "is one of any, not_clean"),
        ("page=0", "is a number from 1"),
        ("page=-1", "is a number from 1"),
        ("from=2026-01-01&to=2026-01-02", "add `rule`"),
        ("other=1", "unknown field"),
        ("rule=nowhere", "there is no rule"),
    ] {
        let page = service.get(&format!("/?{query}"), Some(READ));
        assert_eq!(page.status, 422, "{query}: {}", page.text);
        assert!(page.text.to_lowercase().contains(told), "{query}: {}", page.text);
    }
    let long = service.get(&format!("/?name={}", "x".repeat(101)), Some(READ));
    assert_eq!(long.status, 422);
    let led = service.get("/?rule=predictions&from=2026-01-29&to=2026-01-30", Some(READ));
    assert_eq!(led.status, 303);
    assert_eq!(led.headers["location"], "/rules/predictions?from=2026-01-29&to=2026-01-30");
}

#[test]
fn a_rule_has_a_page_over_any_range() {
    let project = project(&[]);
    let service = Service::of(&project);
    let bars = |query: &str| {
        let page = get(&service, &format!("/rules/predictions{query}"));
        page.text.matches("<g><title>").count()
    };
    assert_eq!(bars(""), 14);
    for (range, dates) in [("week", 7), ("month", 30), ("quarter", 92), ("all", 1)] {
        assert_eq!(bars(&format!("?range={range}")), dates, "{range}");
    }
    assert_eq!(bars("?from=2026-01-28&to=2026-01-30"), 3);
    for (path, status) in [
        ("/rules/nowhere", 404),
        ("/rules/predictions?range=year", 422),
        ("/rules/predictions?range=week&from=2026-01-01&to=2026-01-02", 422),
        ("/rules/predictions?from=2024-01-01&to=2026-01-02", 422),
    ] {
        assert_eq!(service.get(path, Some(READ)).status, status, "{path}");
    }
    let missing = get(&service, "/rules/z-missing");
    assert!(missing.text.contains("Its status could not be read."), "{}", missing.text);
}

#[test]
fn of_two_thousand_rules_those_of_the_page_are_counted_and_it_stays_small() {
    let _alone = alone();
    let names: Vec<String> = (0..1998).map(|i| format!("r{i:04}")).collect();
    let project = project(&names);
    let service = Service::of(&project);
    let settled = |path: &str| {
        for _ in 0..200 {
            let page = service.get(path, Some(APPLY));
            if page.status == 200 && !page.text.contains("being counted") {
                return page;
            }
            assert!(page.status == 200 || page.status == 503, "{}", page.text);
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("{path} is never counted");
    };
    let first = settled("/?sort=name");
    assert_eq!((listed(&first).len(), listed(&first)[1]), (50, "r0000"));
    assert!(first.text.len() < 1 << 20, "{} bytes", first.text.len());
    assert!(first.text.contains("Page 1 of 40"), "{}", first.text);
    assert!(!first.text.contains("not read"));
    // Only what was counted is known, and the missing table is on the last page.
    assert!(first.text.contains("1,950 unknown"), "{}", first.text);
    let last = settled("/?sort=name&page=40");
    assert_eq!(listed(&last).last(), Some(&"z-missing"));
    assert!(last.text.contains("not read"));
    assert_eq!(listed(&get(&service, "/"))[0], "z-missing", "what is counted is sorted by");
    let mut took = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        get(&service, "/?sort=name");
        took.push(began.elapsed());
    }
    took.sort_unstable();
    eprintln!("a page of 2,000 rules: {} bytes, {:?} (median of five)", first.text.len(), took[2]);
    assert!(took[2] < Duration::from_secs(3), "{took:?}");
}

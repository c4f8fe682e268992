//! Each page is what `snapshots/html/` holds, but for the style.

use onerow::report::html::{
    PlanPage, ProblemPage, RuleOverview, RunPage, SignIn, Viewer, plan, problem, run, sign_in,
};
use onerow::run::PastRun;

use super::fixed::{self, TARIFF, caller, mixed, now, rule, window};
use super::html::{assert_is_sound, style};

const PAGES: [&str; 11] = [
    "file",
    "file_unread",
    "overview",
    "plan",
    "plan_read_only",
    "problem",
    "rule",
    "run",
    "run_under_way",
    "sign_in",
    "sign_in_again",
];

fn reviewed(name: &str, html: String) {
    assert_is_sound(&html);
    let body = html.replace(style(&html), "…");
    let body = match body.split_once("sha256-") {
        Some((before, after)) => format!("{before}sha256-…=&{}", after.split_once("=&").unwrap().1),
        None => body,
    };
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../snapshots/html");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, body));
    assert!(PAGES.contains(&name), "{name}");
}

#[test]
fn the_pages_are_what_was_reviewed() {
    let (rule, days, entries) = (rule(), window("2026-01-23", 7), fixed::ledger());
    let (report, runs) = (mixed(&rule), fixed::runs(&entries));
    let seen =
        |status| RuleOverview { rule: &rule, window: &days, status, runs: runs.iter().collect() };
    reviewed("rule", fixed::page(fixed::rules(vec![seen(Ok(&report))], &days)));
    reviewed("overview", super::overview::page(&rule, &entries, None, "", caller(true)));
    for (name, status) in
        [("file", Ok(&report)), ("file_unread", Err("the warehouse did not answer".to_owned()))]
    {
        let mut page = fixed::rules(vec![seen(status)], &days);
        (page.viewer, page.most_runs) = (Viewer::Nobody, 2);
        reviewed(name, fixed::file_of(page, &entries));
    }
    let of = |id: &str| runs.iter().find(|run| run.id == id).unwrap();
    let page = |of: &PastRun, refreshing| {
        let (entries, zone) = (&entries, &rule.time_zone);
        let page = RunPage {
            run: of,
            entries,
            zone,
            now: now(),
            tariff: TARIFF,
            viewer: caller(false),
            failure: None,
            refreshing,
            has_rule: true,
        };
        run(&page).unwrap()
    };
    reviewed("run", page(of("r2-buffered"), false));
    reviewed("run_under_way", page(of("r4-unfinished"), true));
    for (name, may_apply) in [("plan", true), ("plan_read_only", false)] {
        let viewer = caller(may_apply);
        let page = PlanPage {
            rule: &rule,
            window: &days,
            report: &report,
            plan_summary: "apply would send 3 statements: 1 detect, 1 deactivate, 1 verify. Cost: 12.5 GiB to read, $0.08.",
            fingerprint: "0123456789abcdef",
            confirmed: None,
            refusal: None,
            now: now(),
            viewer,
        };
        reviewed(name, plan(&page).unwrap());
    }
    reviewed("sign_in", sign_in(&SignIn { problem: None, next: "/" }).unwrap());
    let again = SignIn { problem: Some("No such key."), next: "/runs/r1" };
    reviewed("sign_in_again", sign_in(&again).unwrap());
    let wrong = ProblemPage {
        status: Some(404),
        title: "Not found",
        detail: Some("the ledger has no such run"),
        run: None,
        refreshing: false,
    };
    reviewed("problem", problem(&wrong, &caller(true)).unwrap());
}

#[test]
fn every_snapshot_is_of_a_page() {
    let there = std::fs::read_dir("snapshots/html").unwrap();
    let names = there.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| name.ends_with(".snap")).collect();
    names.sort_unstable();
    assert_eq!(names, PAGES.map(|name| format!("{name}.snap")));
}

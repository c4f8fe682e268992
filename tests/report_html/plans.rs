//! The dry run, and its button.

use onerow::report::html::{PlanPage, Viewer, plan};
use onerow::rule::Rule;
use onerow::run::Report;
use onerow::window::Window;

use super::fixed::{self, caller, date, mixed, now, report, rule, rule_of};
use super::html::{assert_is_sound, plain};
use crate::common::RULE;

const PROSPECT: &str = "apply would send 1 statement: 1 detect.";

pub fn planned(rule: &Rule, report: &Report, refusal: Option<&str>, viewer: Viewer) -> String {
    let days = Window::of_days(report.days.iter().map(|day| day.day).collect()).unwrap();
    let page = PlanPage {
        rule,
        window: &days,
        report,
        plan_summary: PROSPECT,
        fingerprint: "of-this-plan",
        confirmed: None,
        refusal,
        now: now(),
        viewer,
    };
    let html = plan(&page).unwrap();
    assert_is_sound(&html);
    plain(&html)
}

#[test]
fn the_button_is_there_only_for_who_may_press_it_and_has_something_to_do() {
    let rule = rule();
    let dirty = mixed(&rule);
    let html = planned(&rule, &dirty, None, caller(true));
    assert!(html.contains("<form class=\"confirm\" method=\"post\" action=\"/apply\">"));
    assert!(html.contains("name=\"csrf\" value=\"token-of-the-form\""));
    assert!(
        html.contains("name=\"from\" value=\"2026-01-21\"")
            && html.contains("name=\"to\" value=\"2026-01-29\"")
    );
    assert!(html.contains("type=\"checkbox\" value=\"yes\" required"));
    assert!(html.contains("Yes, deactivate 806 rows of nba.predictions"), "776 and 30");
    assert!(html.contains("60 duplicates could not be touched yet"));
    let clean = report(&rule, vec![date(fixed::day("2026-01-28"), 0, 0, 0)]);
    for (report, refusal, viewer, why) in [
        (&dirty, None, caller(false), "This key is read-only"),
        (&dirty, None, Viewer::Nobody, "Sign in to apply it from here."),
        (&dirty, Some("The rule deletes rows."), caller(true), "The rule deletes rows."),
        (&clean, None, caller(true), "There is nothing to apply."),
    ] {
        let html = planned(&rule, report, refusal, viewer);
        assert!(html.contains(why) && !html.contains("/apply"), "{why}");
    }
}

#[test]
fn a_strategy_that_deletes_says_so() {
    let rule = rule_of(
        &RULE
            .replace("active = \"is_active\"\n", "strategy = \"delete\"\n")
            .replace("touched_at = \"updated_at\"\n", ""),
    );
    let html = planned(&rule, &mixed(&rule), None, caller(true));
    assert!(
        html.contains("Yes, delete 806 rows of nba.predictions")
            && html.contains("Apply and delete")
    );
}

//! What each page says, shows and keeps to itself.

use onerow::ledger::Entry;
use onerow::report::html::{
    ProblemPage, Range, RuleOverview, RulePage, Rules, RunPage, SignIn, Viewer,
    content_security_policy, problem, rule_page, run, sign_in,
};
use onerow::rule::Rule;
use onerow::run::{DayReport, Report};
use onerow::window::Window;

use super::fixed::{self, TARIFF, caller, date, mixed, now, report, rule, rule_of, window};
use super::html::{assert_is_sound, plain, tags};
use super::plans::planned;
use crate::common::RULE;

fn looked_at(rule: &Rule, days: &Window, report: &Report, entries: &[Entry]) -> String {
    let runs = fixed::runs(entries);
    let seen = RuleOverview { rule, window: days, status: Ok(report), runs: runs.iter().collect() };
    let html = fixed::page(fixed::rules(vec![seen], days));
    assert_is_sound(&html);
    plain(&html)
}

/// The rectangles of this kind in the picture; the legend has one of each.
fn bars(html: &str, kind: &str) -> usize {
    let class = format!("bar {kind}");
    tags(html).iter().filter(|tag| tag.get("class") == Some(&class)).count() - 1
}

#[test]
fn the_picture_has_a_bar_for_each_date_however_many_there_are() {
    let rule = rule();
    for dates in [1, 14, 92, 366] {
        let days = window("2025-01-30", dates);
        let figures = days.days().iter().enumerate();
        let figures = figures.map(|(i, day)| date(*day, [0, 9, 4000][i % 3], [0, 9, 10][i % 3], 0));
        let report = report(&rule, figures.collect());
        let html = looked_at(&rule, &days, &report, &[]);
        assert_eq!(html.matches("<g><title>").count(), dates);
        assert_eq!(bars(&html, "dirty"), dates / 3);
        assert_eq!(bars(&html, "buffered"), dates - dates.div_ceil(3));
        assert!(html.contains("<title>2025-01-30: clean</title>"), "{dates}");
        let labels = html.matches("<text class=\"date").count();
        assert!((1..=28).contains(&labels), "{dates}: {labels} labels");
        let (first, last) = (days.first(), days.last());
        for date in [first, last] {
            let line = format!("<a href=\"/rules/predictions/dates/{date}\">{date}</a></th>");
            assert!(html.contains(&line), "{date}");
            let bar = format!(
                "<a href=\"/rules/predictions/dates/{date}\" tabindex=\"-1\" aria-label=\"{date}: "
            );
            assert!(html.contains(&bar), "{date}");
        }
        assert_eq!(
            html.contains("class=\"bars w880\""),
            dates == 366,
            "only a long picture is scrolled"
        );
    }
}

#[test]
fn every_state_of_a_date_can_be_told_apart_in_picture_and_table() {
    let rule = rule();
    let html = looked_at(&rule, &window("2026-01-21", 9), &mixed(&rule), &[]);
    for title in [
        "2026-01-21: no rows<",
        "2026-01-22: 12 keys without an active row<",
        "2026-01-23: clean<",
        "2026-01-24: 776 dirty<",
        "2026-01-25: 40 waiting in the buffer<",
        "2026-01-26: 30 dirty, 20 waiting in the buffer<",
        "2026-01-28: 7 dirty, 2 shared ids<",
        "2026-01-29: clean, 4 shared ids<",
    ] {
        assert!(html.contains(title), "{title}");
    }
    assert_eq!((bars(&html, "dirty"), bars(&html, "buffered"), bars(&html, "cleaned")), (3, 2, 0));
    assert_eq!(html.matches("<use href=\"#shared_ids\"").count(), 3, "two dates and the legend");
    for word in ["clean", "empty", "keyless", "dirty", "buffered", "partial", "shared_ids"] {
        assert!(html.contains(&format!("<span class=\"word {word}\">{word}</span>")), "{word}");
    }
    assert!(
        html.contains("873 duplicates on 4 of 9 dates; 60 of them wait in the streaming buffer.")
    );
    assert!(html.contains("1 date is left alone because of shared ids."));
    for note in ["No rows at all on 2026-01-21", "on 2026-01-22", "3 rows have no date"] {
        assert!(html.contains(note), "{note}");
    }
    assert!(html.contains("<a href=\"/rules/predictions/dates/NULL\">NULL</a></th>"));
}

#[test]
fn cleaned_is_what_runs_took_out_and_no_undo_brought_back() {
    let (rule, days) = (rule(), window("2026-01-28", 1));
    let clean = report(&rule, vec![date(days.first(), 0, 0, 0)]);
    let entries = fixed::ledger();
    let before_undo: Vec<Entry> =
        entries.iter().filter(|entry| entry.run == "r1-done").cloned().collect();
    let html = looked_at(&rule, &days, &clean, &before_undo);
    assert!(html.contains("<title>2026-01-28: clean, 776 cleaned by runs</title>"));
    assert!(html.contains("Every key has one active row on 2026-01-28."));
    assert_eq!(bars(&html, "cleaned"), 1);
    // 776 and 700 were taken out, 700 came back.
    let html = looked_at(&rule, &days, &clean, &entries);
    assert!(html.contains("<title>2026-01-28: clean, 776 cleaned by runs</title>"));
    let undone: Vec<Entry> = entries.into_iter().filter(|entry| entry.run == "r5-undo").collect();
    let html = looked_at(&rule, &days, &clean, &undone);
    assert!(html.contains("<title>2026-01-28: clean</title>"), "nothing known was taken out");
}

#[test]
fn runs_of_every_outcome_are_listed_with_what_they_did() {
    let (rule, days) = (rule(), window("2026-01-28", 1));
    let html = looked_at(&rule, &days, &report(&rule, vec![]), &fixed::ledger());
    for word in ["done", "buffered", "failed", "unfinished"] {
        assert!(html.contains(&format!("<span class=\"word {word}\">{word}</span>")), "{word}");
    }
    assert!(html.contains("2026-01-30 06:00:00 EST <span class=\"utc\">11:00:00 UTC</span>"));
    assert!(html.contains("<a href=\"/runs/r5-undo\">"));
    assert_eq!(html.matches("undone by r5-undo").count(), 1, "r3-failed");
    assert!(html.contains("5 of 5 known runs, newest first; times in America/New_York"));
    assert!(html.contains("under $0.01"), "30 MiB were billed");
    let none = looked_at(&rule, &days, &report(&rule, vec![]), &[]);
    assert!(none.contains("The ledger has no runs"));
}

#[test]
fn a_run_shows_its_statements_with_sql_errors_and_times() {
    let (rule, entries) = (rule(), fixed::ledger());
    let page = |id: &str, refreshing| {
        let runs = fixed::runs(&entries);
        let of = runs.iter().find(|run| run.id == id).unwrap();
        let zone = &rule.time_zone;
        let viewer = caller(true);
        let page = RunPage {
            run: of,
            entries: &entries,
            zone,
            now: now(),
            tariff: TARIFF,
            viewer,
            failure: None,
            refreshing,
            has_rule: true,
        };
        let html = run(&page).unwrap();
        assert_is_sound(&html);
        plain(&html)
    };
    let refused = page("r2-buffered", false);
    assert!(
        refused.contains("would affect rows in the streaming buffer, which is not supported</p>")
    );
    assert!(refused.contains("<span class=\"k\">SELECT</span>"));
    assert!(refused.contains("<dd>10.0 MiB, under $0.01</dd>"));
    assert!(refused.contains("after 1.5s"));
    assert!(!refused.contains("http-equiv=\"refresh\"") && !refused.contains("r1-done"));
    let under_way = page("r4-unfinished", true);
    assert!(under_way.contains("<meta http-equiv=\"refresh\" content=\"2\">"));
    assert!(under_way.contains("no outcome yet") && under_way.contains("asks for itself again"));
    let undone = page("r5-undo", false);
    assert!(undone.contains("<dt>brought back</dt><dd>700</dd>"));
    assert!(
        undone.contains("<dt>undoes</dt><dd>run <a href=\"/runs/r3-failed\">r3-failed</a></dd>")
    );
    assert!(
        page("r3-failed", false)
            .contains("brought back since, by run <a href=\"/runs/r5-undo\">r5-undo</a>.")
    );
}

const HOSTILE: &str = "</style></title></pre><script>alert('x')</script>\"'&é😀\u{202e} onload=x";

#[test]
fn nothing_from_outside_becomes_markup() {
    let (rule, days) = (rule(), window("2026-01-28", 1));
    let sent = [fixed::Sent("detect", fixed::failed(HOSTILE), None)];
    let mut entries = fixed::entries("r1", now(), HOSTILE, &sent);
    for entry in &mut entries {
        entry.sql = format!("SELECT 1 -- {HOSTILE}");
        entry.parameters = [(HOSTILE.to_owned(), HOSTILE.into())].into_iter().collect();
        entry.version = HOSTILE.to_owned();
    }
    let runs = fixed::runs(&entries);
    let viewer = || Viewer::Caller {
        who: HOSTILE.to_owned(),
        may_apply: true,
        csrf: HOSTILE.to_owned(),
        signed_in: true,
    };
    let page = || {
        let seen = RuleOverview {
            rule: &rule,
            window: &days,
            status: Err(HOSTILE.to_owned()),
            runs: runs.iter().collect(),
        };
        Rules { viewer: viewer(), ..fixed::rules(vec![seen], &days) }
    };
    let zone = &rule.time_zone;
    let of = RunPage {
        run: &runs[0],
        entries: &entries,
        zone,
        now: now(),
        tariff: None,
        viewer: viewer(),
        failure: None,
        refreshing: false,
        has_rule: true,
    };
    let wrong = ProblemPage {
        status: Some(500),
        title: HOSTILE,
        detail: Some(HOSTILE),
        run: None,
        refreshing: true,
    };
    let dirty = mixed(&rule);
    for html in [
        fixed::page(page()),
        fixed::file_of(page(), &entries),
        run(&of).unwrap(),
        problem(&wrong, &viewer()).unwrap(),
        sign_in(&SignIn { problem: Some(HOSTILE), next: HOSTILE }).unwrap(),
        planned(&rule, &dirty, Some(HOSTILE), viewer()),
    ] {
        assert_is_sound(&html);
        assert!(html.contains("&lt;script&gt;alert(") && html.contains("é😀"), "{html}");
        assert_eq!(html.matches("</style>").count(), 1);
    }
}

#[test]
fn who_has_signed_in_can_sign_out_on_every_page_and_others_cannot() {
    let (rule, days) = (rule(), window("2026-01-28", 1));
    let known = problem(
        &ProblemPage {
            status: Some(404),
            title: "Not found",
            detail: None,
            run: None,
            refreshing: false,
        },
        &caller(false),
    )
    .unwrap();
    let clean = report(&rule, vec![date(days.first(), 0, 0, 0)]);
    for html in
        [known, looked_at(&rule, &days, &clean, &[]), planned(&rule, &clean, None, caller(true))]
    {
        assert!(html.contains(
            "action=\"/sign-out\"><input type=\"hidden\" name=\"csrf\" value=\"token-of-the-form\">"
        ));
    }
    let by_header = Viewer::Caller {
        who: "a".to_owned(),
        may_apply: true,
        csrf: "c".to_owned(),
        signed_in: false,
    };
    for viewer in [by_header, Viewer::Nobody] {
        assert!(!planned(&rule, &clean, None, viewer).contains("/sign-out"));
    }
}

#[test]
fn a_page_may_load_nothing_and_be_framed_by_nobody() {
    let policy = content_security_policy();
    for part in [
        "default-src 'none'; style-src 'sha256-",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script"), "{policy}");
}

#[test]
fn a_rule_of_many_dates_folds_its_table_and_ranges_can_be_chosen() {
    let rule = rule();
    let days = window("2026-01-01", 30);
    let figures: Vec<DayReport> = days.days().iter().map(|day| date(*day, 1, 0, 0)).collect();
    let report = report(&rule, figures);
    let seen = RuleOverview { rule: &rule, window: &days, status: Ok(&report), runs: Vec::new() };
    let note = Some("The table has <b>more</b>.".to_owned());
    let rules = fixed::rules(vec![seen], &days);
    let page = RulePage { rules, range: Some(Range::Month), note, has_others: false };
    let html = rule_page(&page).unwrap();
    assert_is_sound(&html);
    let html = plain(&html);
    assert!(html.contains("<details>\n<summary>The figures per date"));
    assert!(
        html.contains("<a href=\"/rules/predictions?range=month\" aria-current=\"page\">month")
    );
    assert!(html.contains("<a href=\"/rules/predictions?range=all\">all"));
    assert!(html.contains("The table has &lt;b&gt;more&lt;/b&gt;."));
    assert!(!html.contains("All rules"), "it is the only one");
    let plan = "href=\"/plan?rule=predictions&amp;from=2026-01-01&amp;to=2026-01-30\"";
    assert!(html.contains(plan));
}

#[test]
fn rules_whose_names_resemble_each_other_have_places_of_their_own() {
    let days = window("2026-01-28", 1);
    let named = |name: &str| rule_of(&RULE.replace("rule.predictions", &format!("rule.{name}")));
    let rules = ["a", "a-name", "h-a", "a-title"].map(named);
    let clean = report(&rules[0], vec![date(days.first(), 0, 0, 0)]);
    let seen = rules.iter().map(|rule| RuleOverview {
        rule,
        window: &days,
        status: Ok(&clean),
        runs: Vec::new(),
    });
    assert_is_sound(&fixed::file_of(fixed::rules(seen.collect(), &days), &[]));
}

//! Pages: whatever they are given, they have the elements and attributes that harmless text gives them.

use std::collections::BTreeSet;

use onerow::googlesql::SqlValue;
use onerow::ledger::{Entry, Outcome};
use onerow::report::html::{
    PlanPage, ProblemPage, RuleOverview, Rules, RunPage, SignIn, Viewer, plan, problem, run,
    sign_in,
};
use onerow::run::PastRun;
use onerow::warehouse::JobId;
use serde_json::json;

use super::data::hostile_table;
use super::hostile::{HOSTILE, MARKUP, all, toml};
use super::output::is_inert;
use crate::common::{Project, part};
use crate::report_html::fixed::{self, mixed, now, rule, window};
use crate::report_html::html::{assert_is_sound, plain, tags};

/// Runs of each outcome, whose every text is this one; the SQL holds it as a value.
fn ledger(text: &str) -> Vec<Entry> {
    let literal = SqlValue::String(text.to_owned()).literal();
    let hostile = |mut entry: Entry| {
        entry.sql = format!("SELECT {literal} AS x\n");
        entry.who = text.to_owned();
        entry.version = text.to_owned();
        entry.job = JobId::from_ledger(text.to_owned());
        entry.parameters = [(text.to_owned(), json!(text))].into_iter().collect();
        let message = text.to_owned();
        entry.outcome = match entry.outcome {
            Outcome::Failed { kind, .. } => Outcome::Failed { kind, message },
            Outcome::Done { affected: Some(700) } => Outcome::Unknown { message },
            other => other,
        };
        entry
    };
    fixed::ledger().into_iter().map(hostile).collect()
}

/// Each page of the service, and the file, with the text wherever one can be given.
fn pages(text: &str) -> Vec<String> {
    let (rule, days, entries) = (rule(), window("2026-01-23", 7), ledger(text));
    let (report, runs) = (mixed(&rule), fixed::runs(&entries));
    let viewer = || Viewer::Caller {
        who: text.to_owned(),
        may_apply: true,
        csrf: "token".to_owned(),
        signed_in: true,
    };
    let seen =
        |status| RuleOverview { rule: &rule, window: &days, status, runs: runs.iter().collect() };
    let rules_of = |status| {
        let rules = vec![seen(status)];
        Rules { viewer: viewer(), ..fixed::rules(rules, &days) }
    };
    let of_run = |past: &PastRun| {
        let zone = &rule.time_zone;
        let page = RunPage {
            run: past,
            entries: &entries,
            zone,
            now: now(),
            tariff: None,
            viewer: viewer(),
            failure: Some(text),
            refreshing: false,
            has_rule: true,
        };
        run(&page).unwrap()
    };
    let planned = |refusal| {
        let page = PlanPage {
            rule: &rule,
            window: &days,
            report: &report,
            plan_summary: text,
            fingerprint: text,
            confirmed: Some(3),
            refusal,
            now: now(),
            viewer: viewer(),
        };
        plan(&page).unwrap()
    };
    let wrong = ProblemPage {
        status: Some(500),
        title: text,
        detail: Some(text),
        run: None,
        refreshing: true,
    };
    let mut pages = vec![
        fixed::page(rules_of(Ok(&report))),
        fixed::page(rules_of(Err(text.to_owned()))),
        fixed::file_of(rules_of(Ok(&report)), &entries),
        crate::report_html::overview::page(&rule, &entries, Some(text), text, viewer()),
        planned(None),
        planned(Some(text)),
        problem(&wrong, &viewer()).unwrap(),
        sign_in(&SignIn { problem: Some(text), next: text }).unwrap(),
    ];
    pages.extend(runs.iter().map(of_run));
    pages
}

/// Names of elements, and of their attributes, in order.
fn structure(html: &str) -> Vec<(String, bool, Vec<String>)> {
    let names = |attributes: &[(&str, &str)]| {
        attributes.iter().map(|(name, _)| (*name).to_owned()).collect()
    };
    let without_style = html.replace(crate::report_html::html::style(html), "");
    tags(&without_style)
        .iter()
        .map(|tag| (tag.name.to_owned(), tag.closes, names(&tag.attributes)))
        .collect()
}

/// The text as a page shows it.
fn decoded(html: &str) -> String {
    let entities = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&#39;", "'"),
        ("&#13;", "\r"),
    ];
    let text = entities.iter().fold(plain(html), |text, (entity, c)| text.replace(entity, c));
    text.replace("&amp;", "&")
}

fn shown(text: &str) -> String {
    let hides = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
    };
    let mut shown = String::new();
    for c in text.chars() {
        if hides(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[test]
fn no_text_makes_an_element_or_an_attribute() {
    let harmless: Vec<_> = pages("text").iter().map(|page| structure(page)).collect();
    for text in part::of(all(), 6) {
        let given = pages(text);
        assert_eq!(harmless.len(), given.len());
        for (harmless, page) in harmless.iter().zip(&given) {
            is_inert(page, text);
            assert_is_sound(page);
            assert!(*harmless == structure(page), "{text:?}: {page}");
            assert!(decoded(page).contains(&shown(text)), "{text:?} is not shown: {page}");
        }
    }
}

#[test]
fn sql_that_nobody_can_read_gets_marks_and_no_others() {
    let marks = ["c", "k", "n", "p", "s"];
    let plain_page = |sql: &str| {
        let mut entries = fixed::ledger();
        entries.iter_mut().for_each(|entry| sql.clone_into(&mut entry.sql));
        let (rule, days, runs) = (rule(), window("2026-01-28", 1), fixed::runs(&entries));
        let report = fixed::report(&rule, vec![]);
        let seen = RuleOverview {
            rule: &rule,
            window: &days,
            status: Ok(&report),
            runs: runs.iter().collect(),
        };
        fixed::file_of(fixed::rules(vec![seen], &days), &entries)
    };
    let without_marks = |html: &str| {
        let spans = |class: &str| html.matches(&format!("<span class=\"{class}\">")).count();
        let of_spans = structure(html).into_iter().partition(|(name, ..)| name == "span");
        let (spans_of_all, others): (Vec<_>, Vec<_>) = of_spans;
        (spans_of_all.len() - 2 * marks.map(spans).iter().sum::<usize>(), others)
    };
    let harmless = without_marks(&plain_page("x"));
    for text in all() {
        assert_eq!(harmless, without_marks(&plain_page(text)), "{text:?}");
    }
}

/// A project whose own step failed with each of these texts in its SQL and in its error.
pub fn failed(texts: &[&str]) -> Project {
    let project = hostile_table();
    let rules = std::fs::read_to_string(project.path("onerow.toml")).unwrap();
    for text in texts {
        let own =
            "steps = [{ name = \"own\", per = \"table\" }, \"detect\", \"deactivate\", \"verify\"]";
        let vars = format!("\n[rule.predictions.vars]\ntext = {}\n", toml(text));
        project.write(
            "onerow.toml",
            rules.replace("written_at", &format!("{own}\nwritten_at")) + &vars,
        );
        project.write("sql/own.sql", "SELECT CAST({{ vars.text }} AS DATE) AS d\n");
        project.onerow("run own").exits(1);
    }
    project
}

#[test]
fn a_report_of_failed_statements_shows_their_texts() {
    let texts: Vec<&str> = MARKUP.into_iter().chain(HOSTILE.into_iter().take(9)).collect();
    let report = |texts: &[&str]| {
        let project = failed(texts);
        project.onerow("report --date 2026-01-28 --html report.html").exits(0);
        std::fs::read_to_string(project.path("report.html")).unwrap()
    };
    let (harmless, given) = (report(&vec!["text"; texts.len()]), report(&texts));
    assert_is_sound(&given);
    is_inert(&given, "the report");
    assert_eq!(structure(&harmless), structure(&given));
    let text = decoded(&given);
    let missing: BTreeSet<&str> =
        texts.into_iter().filter(|known| !text.contains(*known)).collect();
    assert!(missing.iter().all(|text| text.contains(['\'', '"', '\\'])), "{missing:?}");
}

//! What a browser is asked to show of texts in addresses, forms and failed statements.

use std::collections::BTreeSet;

use super::service::{APPLY, Answer, Service};
use crate::common::{Project, RULE};
use crate::injection::hostile::{MARKUP, all, toml};
use crate::report_html::html::{assert_is_sound, plain, style, tags};

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Names of elements and, behind an element's name, of attributes.
fn names(page: &str) -> BTreeSet<String> {
    let without_style = page.replace(style(page), "");
    let of = |tag: &crate::report_html::html::Tag<'_>| {
        let attributes = tag.attributes.iter().map(|(name, _)| format!("{} {name}", tag.name));
        attributes.chain([tag.name.to_owned()]).collect::<Vec<_>>()
    };
    tags(&without_style).iter().flat_map(of).collect()
}

/// The answer is a page without what the text would like to be, or has no body.
fn is_harmless(answer: &Answer, text: &str, known: &BTreeSet<String>) {
    assert!(answer.status < 500, "{text:?}: {} {}", answer.status, answer.text);
    if answer.text.is_empty() {
        let to = answer.headers["location"].to_str().unwrap();
        assert!(to.starts_with('/') && !to.starts_with("//"), "{text:?} leads to {to}");
        return;
    }
    assert_is_sound(&answer.text);
    let names = names(&answer.text);
    assert!(names.is_subset(known), "{text:?}: {:?}", names.difference(known));
    let is_control_or_invisible = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{2028}')
    };
    assert!(!answer.text.contains(is_control_or_invisible), "{text:?}: {}", answer.text);
}

/// A project whose own step failed with each of the texts in its SQL and in its error.
fn failed(texts: &[&str]) -> Project {
    let project = Project::new(RULE);
    project.rows("r1,2026-01-30,g1,p1,,true,2026-01-30T09:30:00Z");
    for text in texts {
        let own =
            "steps = [{ name = \"own\", per = \"table\" }, \"detect\", \"deactivate\", \"verify\"]";
        let vars = format!("\n[rule.predictions.vars]\ntext = {}\n", toml(text));
        let rules = RULE.replace("written_at", &format!("{own}\nwritten_at")) + &vars;
        project.write("onerow.toml", rules);
        project.write("sql/own.sql", "SELECT CAST({{ vars.text }} AS DATE) AS d\n");
        project.onerow("run own").exits(1);
    }
    project
}

#[test]
fn a_text_in_an_address_or_a_form_is_text_on_the_page() {
    let texts: Vec<&str> = all().collect();
    let project = failed(&MARKUP);
    let service = Service::of(&project);
    let signed_in = service.send("/sign-in", &[], &[("key", APPLY), ("next", "/")]);
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap();
    let cookie = [("Cookie", cookie.split(';').next().unwrap())];
    let ask = |text: &str| {
        let text = encoded(text);
        let addresses = [
            format!("/?rule={text}"),
            format!("/?from={text}&to={text}"),
            format!("/?{text}={text}"),
            format!("/?name={text}&sort=name"),
            format!("/?sort={text}"),
            format!("/?status={text}"),
            format!("/?page={text}"),
            format!("/rules/{text}"),
            format!("/history?rule={text}"),
            format!("/rules/predictions?range={text}"),
            format!("/rules/predictions?from={text}&to={text}"),
            format!("/rules/predictions/dates/{text}"),
            format!("/rules/{text}/dates/2026-01-30"),
            format!("/rules/predictions/dates/2026-01-30?run={text}"),
            format!("/rules/predictions/dates/2026-01-30?page={text}"),
            format!("/plan?rule={text}&from=2026-01-30&to=2026-01-30"),
            format!("/plan?rule=predictions&from={text}&to=2026-01-30"),
            format!("/runs/{text}"),
            format!("/runs/{text}/undo"),
            format!("/sign-in?next=%2F{text}"),
            format!("/sign-in?next={text}"),
            format!("/{text}"),
        ];
        addresses.map(|address| service.get_with(&address, &cookie))
    };
    let send = |text: &str| {
        let sign_in = [("key", text), ("next", text)];
        let apply = [
            ("csrf", text),
            ("rule", text),
            ("from", text),
            ("to", text),
            ("plan", text),
            ("rows", "1"),
            ("confirm", "yes"),
        ];
        let undo = [("csrf", text), ("run", text), ("plan", text), ("confirm", "yes")];
        [
            service.send("/sign-in", &[], &sign_in),
            service.send("/apply", &cookie, &apply),
            service.send("/undo", &cookie, &undo),
        ]
    };
    let home = service.get_with("/", &cookie);
    let known: BTreeSet<String> = ask("text")
        .iter()
        .chain(&send("text"))
        .chain([&home])
        .filter(|answer| answer.text.starts_with("<!DOCTYPE"))
        .flat_map(|answer| names(&answer.text))
        .collect();
    assert!(known.contains("form") && !known.contains("script"), "{known:?}");
    for text in texts {
        for answer in ask(text).iter().chain(&send(text)) {
            let is_page = answer.text.starts_with("<!DOCTYPE") || answer.text.is_empty();
            match is_page {
                true => is_harmless(answer, text, &known),
                false => assert!(answer.json.is_object(), "{text:?}: {}", answer.text),
            }
        }
    }
}

#[test]
fn a_run_that_failed_shows_its_texts_as_text() {
    let harmless = failed(&vec!["text"; MARKUP.len()]);
    let project = failed(&MARKUP);
    let page = |project: &Project, run: usize| {
        let log = project.onerow("log --statements --format json --limit 1000").exits(0).json();
        let failed = log.as_array().unwrap().iter().filter(|entry| entry["outcome"] == "failed");
        let id = failed.map(|entry| entry["run_id"].as_str().unwrap().to_owned()).nth(run).unwrap();
        let service = Service::of(project);
        service.get(&format!("/runs/{id}"), Some(APPLY))
    };
    let known = names(&page(&harmless, 0).text);
    for (run, text) in MARKUP.iter().rev().enumerate() {
        let page = page(&project, run);
        assert_eq!(page.status, 200);
        is_harmless(&page, text, &known);
        let word = if text.contains("evil") { "evil" } else { "b>" };
        assert!(plain(&page.text).contains(word), "{text}: {}", page.text);
    }
}

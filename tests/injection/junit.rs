//! `onerow test`: names of tests, and values that are not as expected, on the terminal and as JUnit XML.

use quick_junit::{Report, TestCaseStatus};

use super::hostile::{all, toml};
use super::output::is_inert;
use crate::common::{Project, RULE};

/// XML cannot hold these either.
const NO_CHARACTERS: [&str; 3] = ["a\u{fffe}b", "a\u{ffff}b", "a\u{b}\u{c}\u{85}\u{7f}b"];

/// A test of each name, which fails with that text in its message.
fn failing(texts: &[&str]) -> Project {
    let project = Project::new(RULE);
    let tests = texts.iter().map(|text| {
        let text = toml(text);
        format!(
            "[[test]]\nname = {text}\nrows = [{{ id = \"a\", game_date = 2026-01-28, player = {text} }}]\n\
             expect.rows = [{{ id = \"a\", player = \"b\" }}]\n\
             [[test]]\nname = \"error\"\nrows = [{{ id = \"a\", game_date = 2026-01-28 }}]\nexpect.error = {text}\n"
        )
    });
    project.write("tests/own.toml", tests.collect::<String>());
    project
}

/// The text as one line shows it.
fn shown(text: &str) -> String {
    let is_control_or_invisible = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}')
            || matches!(c, '\u{fffe}' | '\u{ffff}')
    };
    let mut shown = String::new();
    for c in text.chars() {
        if is_control_or_invisible(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[test]
fn names_and_values_arrive_in_the_report() {
    let texts: Vec<&str> = all().chain(NO_CHARACTERS).collect();
    let project = failing(&texts);
    let ended = project.onerow("test --junit report.xml").exits(1);
    is_inert(&ended.stdout, "test");
    let xml = std::fs::read_to_string(project.path("report.xml")).unwrap();
    is_inert(&xml, "the report");
    let report = Report::deserialize_from_str(&xml).expect(&xml);
    let [suite] = report.test_suites.as_slice() else { panic!("{xml}") };
    assert_eq!(suite.test_cases.len(), 2 * texts.len());
    for (cases, text) in suite.test_cases.chunks(2).zip(&texts) {
        assert_eq!(cases[0].name.as_str(), shown(text));
        let message = |i: usize| match &cases[i].status {
            TestCaseStatus::NonSuccess { description, .. } => {
                description.clone().unwrap().to_string()
            }
            other => panic!("{other:?}"),
        };
        let literal = onerow::googlesql::SqlValue::String((*text).to_owned()).literal();
        assert!(message(0).contains(&shown(literal.as_str())), "{text:?}: {}", message(0));
        let lines = message(1).replace('\n', "\\n");
        assert!(lines.contains(&shown(text)), "{text:?}: {lines}");
    }
}

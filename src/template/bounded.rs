//! A template that does not terminate or uses too many resources is an error; the largest plans are not.

use std::time::{Duration, Instant};

use super::{Renderer, Template, Templates, limits};
use crate::error::{Error, Kind};
use crate::rule::{Rule, RuleFile};
use crate::statement::StepName;
use crate::window::{Day, MAX_DAYS, Window};

fn rules(strategy: &str, columns: usize) -> RuleFile {
    let wide: String =
        (0..columns).map(|i| format!("a_column_of_many_{i} = \"STRING\"\n")).collect();
    let text = format!(
        "[rule.p]\ntable = \"nba.predictions\"\npartition = \"d\"\nkey = [\"k\"]\n\
         keep = [\"arrived DESC\", \"id DESC\"]\nrow_id = \"id\"\nactive = \"is_active\"\n\
         written_at = \"arrived\"\nstrategy = \"{strategy}\"\n\
         [rule.p.staging]\ntables = [\"nba.staging\"]\n\
         [rule.p.columns]\nid = \"STRING\"\nd = \"DATE\"\nk = \"STRING\"\nis_active = \"BOOL\"\n\
         arrived = \"TIMESTAMP\"\n{wide}"
    );
    RuleFile::parse("onerow.toml", &text).unwrap()
}

fn one_day() -> Window {
    Window::day(Day::parse("2026-01-28").unwrap())
}

/// The error of a template, which must come soon.
fn error(template: &str) -> Error {
    let own = Template { path: "sql/own.sql".into(), text: template.into() };
    let templates = Templates::shipped().with(None, "own.sql", own);
    let rules = rules("deactivate", 0);
    let began = Instant::now();
    let rendered = Renderer::new(&rules.rules[0], &templates, &[])
        .and_then(|renderer| renderer.render(&StepName::parse("own").unwrap(), &one_day()));
    assert!(began.elapsed() < Duration::from_secs(10), "{template:.60}");
    let error = rendered.unwrap_err();
    assert!([Kind::Template, Kind::TemplateLimit].contains(&error.kind()), "{error}");
    error
}

#[test]
fn a_template_that_does_not_end_or_blows_up_is_an_error() {
    let twice = "{% set x = x ~ x %}".repeat(60);
    let cases = [
        (
            "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}".to_owned(),
            "takes too long to render: more than 1000000 instructions or 64 MB",
        ),
        (format!("{{% set x = 'aaaaaaaa' %}}{twice}SELECT 1"), "takes too long to render"),
        ("SELECT {{ 'x' * 1000000000 }}".to_owned(), "takes too long to render"),
        ("{% for i in range(9000) %}{{ rule.key | of('a') }}{{ range(90000) | list | commas }}{% endfor %}".to_owned(), "takes too long"),
        ("{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}".to_owned(), "nested too deeply"),
        ("{% include 'own.sql' %}".to_owned(), "nested too deeply"),
        (format!("SELECT 1 -- {{{{ 'x' * 1 }}}}{}", "x".repeat(70_000)), "the limit is 65536"),
        ("{% for i in range(5000) %}SELECT '0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789'\n{% endfor %}".to_owned(), "BigQuery's limit is 1048576"),
        ("{% set n = namespace(x=[]) %}SELECT 1".to_owned(), "namespace"),
        ("SELECT {{ [[1], [2]] }}".to_owned(), "a list of lists"),
    ];
    for (template, message) in cases {
        let error = error(&template).to_string();
        assert!(
            error.contains(message) && error.contains("sql/own.sql"),
            "{template:.60}: {error}"
        );
    }
}

#[test]
fn a_template_as_deep_as_it_is_long_does_not_overflow_the_stack() {
    let length = 65_000;
    for text in [
        format!("SELECT {{{{ 1{} }}}}", "+1".repeat(length / 2 - 20)),
        format!("SELECT {{{{ 'a'{} }}}}", "|upper".repeat(length / 6 - 20)),
        format!("SELECT {{{{ rule{} }}}}", ".b".repeat(length / 2 - 20)),
        format!("{{% set x = [] %}}{}SELECT {{{{ x }}}}", "{%set x=[x]%}".repeat(length / 13 - 20)),
        format!("{{{{ {} }}}}", "(".repeat(length - 20)),
        "{% if 1 %}".repeat(length / 10),
    ] {
        let own = Template { path: "sql/own.sql".into(), text };
        let templates = Templates::shipped().with(None, "own.sql", own);
        let rules = rules("deactivate", 0);
        // Whether or not it is an error, rendering ends.
        let unknown = ["nobody=1".parse().unwrap()];
        _ = Renderer::new(&rules.rules[0], &templates, &unknown).map(|_| ());
        _ = Renderer::new(&rules.rules[0], &templates, &[])
            .and_then(|renderer| renderer.render(&StepName::parse("own").unwrap(), &one_day()));
    }
}

/// The fuel of a rule's most expensive statement.
fn dearest(rule: &Rule, window: &Window) -> u64 {
    let renderer = Renderer::new(rule, &Templates::shipped(), &[]).unwrap();
    let steps = renderer.steps();
    assert!(steps.len() > 10);
    steps.iter().map(|step| renderer.fuel(step, window)).max().unwrap()
}

#[test]
fn the_largest_plans_take_a_small_part_of_what_a_template_may_use() {
    let first = Day::parse("1990-01-01").unwrap();
    let days = || std::iter::successors(Some(first), |day| day.next());
    let scattered = Window::of_days(days().step_by(2).take(MAX_DAYS).collect()).unwrap();
    let years = Window::of_days(days().take(3650).collect()).unwrap();
    for strategy in ["deactivate", "delete", "rewrite"] {
        let (plain, wide) = (rules(strategy, 0), rules(strategy, 1000));
        let (scattered, years, wide) = (
            dearest(&plain.rules[0], &scattered),
            dearest(&plain.rules[0], &years),
            dearest(&wide.rules[0], &one_day()),
        );
        eprintln!(
            "{strategy}: {scattered} for {MAX_DAYS} dates, {years} for 3650, {wide} for 1000 columns"
        );
        for used in [scattered, years, wide] {
            assert!(used * 4 < limits::FUEL, "{strategy}: {used} of {}", limits::FUEL);
        }
    }
}

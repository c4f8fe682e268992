//! Files and arguments: rule files, dates, templates, data files, files of tests.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{is_an_error, rules, text};
use crate::error::Result;
use crate::load::{Columns, Rows, TextFormat, inferred};
use crate::plan;
use crate::rule::{Rule, RuleFile, VarArg};
use crate::template::{Renderer, Template, Templates};
use crate::window::{Day, DayArg, MAX_DAYS, Window, WindowArg};

pub(super) fn window() -> Window {
    Window::range(Day::parse("2026-01-28").unwrap(), Day::parse("2026-01-30").unwrap()).unwrap()
}

/// A rule file; if valid, the plan of its rules.
pub(super) fn rule_file(bytes: &[u8]) {
    match RuleFile::parse("onerow.toml", &text(bytes)) {
        Ok(file) => file.rules.iter().take(3).for_each(|rule| planned(rule, &Templates::shipped())),
        Err(error) => is_an_error(&error),
    }
}

fn planned(rule: &Rule, templates: &Templates) {
    let inspected = Renderer::new(rule, templates, &[]).and_then(|renderer| {
        let steps = renderer.rule().steps.iter().map(|step| step.name.clone()).collect::<Vec<_>>();
        plan::inspect(&renderer, &steps, &window())
    });
    match inspected {
        Ok(inspected) => super::sql::shown(&inspected.findings),
        Err(error) => is_an_error(&error),
    }
}

/// Words as dates, numbers of dates and values of variables.
pub(super) fn dates(bytes: &[u8]) {
    let text = text(bytes);
    let words: Vec<&str> = text.split(' ').take(20).collect();
    let mut dates = Vec::new();
    for word in &words {
        match word.parse::<DayArg>() {
            Ok(date) => dates.push(date),
            Err(error) => is_an_error(&error),
        }
        if let Err(error) = word.parse::<VarArg>().and_then(|var| var.value(None)) {
            is_an_error(&error);
        }
    }
    let mut windows: Vec<WindowArg> =
        words.iter().filter_map(|word| word.parse().ok()).map(WindowArg::Last).collect();
    windows.extend(dates.windows(2).map(|pair| WindowArg::Range(pair[0], pair[1])));
    windows.push(WindowArg::Dates(dates));
    for window in windows {
        match window.resolve(Timestamp::UNIX_EPOCH, &TimeZone::UTC) {
            Ok(window) => {
                assert!((1..=MAX_DAYS).contains(&window.days().len()));
                assert!(window.days().is_sorted() && !window.to_string().is_empty());
                _ = rules().rules[0].partition.filter(&window);
            }
            Err(error) => is_an_error(&error),
        }
    }
}

/// A template of a step.
pub(super) fn template(bytes: &[u8]) {
    let own = Template { path: "sql/own.sql".to_owned(), text: text(bytes).into_owned() };
    planned(&rules().rules[0], &Templates::shipped().with(None, "own.sql", own));
}

/// A manifest of dbt. Whatever rules it gives are ones that can be read.
pub(super) fn dbt_manifest(bytes: &[u8]) {
    match crate::dbt::propose(("manifest.json", &text(bytes)), None, None) {
        Ok(proposal) => drop(RuleFile::parse("onerow.toml", &proposal.text).unwrap()),
        Err(error) => {
            assert_ne!(error.kind(), crate::error::Kind::RuleFile, "{error}");
            is_an_error(&error);
        }
    }
}

pub(super) fn csv(bytes: &[u8]) {
    loaded("rows.csv", bytes, TextFormat::Csv(None));
}

pub(super) fn ndjson(bytes: &[u8]) {
    loaded("rows.ndjson", bytes, TextFormat::Json);
}

fn loaded(file: &str, bytes: &[u8], format: TextFormat) {
    if let Err(error) = inferred(file, bytes, format) {
        is_an_error(&error);
    }
    let columns = &rules().rules[0].columns;
    match Rows::new(
        file,
        bytes,
        format,
        Columns { known: columns, nested: &[], needed: &[], ignored: &[] },
    )
    .collect::<Result<Vec<_>>>()
    {
        Ok(rows) => assert!(rows.iter().all(|row| row.len() == columns.len())),
        Err(error) => is_an_error(&error),
    }
}

/// A file of tests.
pub(super) fn suite(bytes: &[u8]) {
    if let Err(error) =
        crate::suite::read("tests/own.toml", &text(bytes), rules(), Path::new("nowhere"))
    {
        is_an_error(&error);
    }
}

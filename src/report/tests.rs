//! Results of a project's tests.

use clap::builder::styling::{AnsiColor, Style as Colour};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value as Json, json};

use super::grid::printable;
use super::statements::fence;
use super::{Format, Style};
use crate::error::{Error, Kind, Result};
use crate::suite::{Case, Verdict};
use crate::visible::{visible, visible_line};

/// One line per test, with differences below it.
pub fn tests(style: Style, results: &[(Verdict, Case)]) -> String {
    if style.format == Format::Markdown {
        return results.iter().map(|(verdict, case)| item(verdict, case)).collect();
    }
    let blocks = results.iter().map(|(verdict, case)| {
        let colour = match (style.colour, verdict) {
            (false, _) => Colour::new(),
            (true, Ok(())) => AnsiColor::Green.on_default(),
            (true, Err(_)) => AnsiColor::Red.on_default().bold(),
        };
        let word = if verdict.is_ok() { "ok" } else { "FAILED" };
        let name = printable(&format!("{}: {}", case.file, case.name), style.format);
        let lines = verdict.as_ref().err().into_iter().flat_map(|text| text.lines());
        let lines: String =
            lines.map(|line| format!("          {}\n", printable(line, style.format))).collect();
        format!("{colour}{word:<6}{colour:#}  {name}\n{lines}")
    });
    blocks.collect()
}

/// A test as an item of a list, with what is not as expected as a block of code.
fn item(verdict: &Verdict, case: &Case) -> String {
    let name = printable(&format!("{}: {}", case.file, case.name), Format::Markdown);
    let Err(difference) = verdict else { return format!("- ok: {name}\n") };
    let fence = fence(difference);
    let lines = difference.lines().map(|line| format!("  {}\n", visible_line(line)));
    format!("- **FAILED**: {name}\n\n  {fence}text\n{}  {fence}\n\n", lines.collect::<String>())
}

/// The results as JSON objects.
pub fn tests_json(results: &[(Verdict, Case)]) -> Json {
    let objects = results.iter().map(|(verdict, case)| {
        json!({
            "file": case.file,
            "name": case.name,
            "rule": case.rule.as_str(),
            "passed": verdict.is_ok(),
            "difference": verdict.as_ref().err(),
        })
    });
    Json::Array(objects.collect())
}

/// The results as JUnit XML: a suite for each file. What XML cannot hold is written out, as a
/// terminal would show it.
pub fn junit(results: &[(Verdict, Case)]) -> Result<String> {
    let mut report = Report::new("onerow");
    for file in results.chunk_by(|(_, a), (_, b)| a.file == b.file) {
        let mut suite = TestSuite::new(one_line(&file[0].1.file));
        for (verdict, case) in file {
            let status = match verdict {
                Ok(()) => TestCaseStatus::success(),
                Err(text) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_description(text_of(text));
                    status
                }
            };
            let mut test = TestCase::new(one_line(&case.name), status);
            test.set_classname(case.rule.as_str());
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    report.to_string().map_err(|cause| {
        Error::new(Kind::Internal, "cannot write the JUnit report").caused_by(cause)
    })
}

fn one_line(text: &str) -> String {
    text_of(&printable(text, Format::Table))
}

/// U+FFFE and U+FFFF are not allowed in XML, and the writer would drop tabs.
/// Source: <https://www.w3.org/TR/xml/#charsets>
fn text_of(text: &str) -> String {
    visible(text)
        .replace('\t', "\\t")
        .replace('\u{fffe}', "\\u{fffe}")
        .replace('\u{ffff}', "\\u{ffff}")
}

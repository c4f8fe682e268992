//! What came of a project's tests.

use clap::builder::styling::{AnsiColor, Style as Colour};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::Style;
use super::grid::printable;
use crate::error::{Error, Kind, Result};
use crate::suite::{Case, Verdict};

/// One line for each test, and what is not as expected below it.
pub fn tests(style: Style, results: &[(Verdict, Case)]) -> String {
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

/// The results as JUnit XML: a suite for each file.
pub fn junit(results: &[(Verdict, Case)]) -> Result<String> {
    let mut report = Report::new("onerow");
    for file in results.chunk_by(|(_, a), (_, b)| a.file == b.file) {
        let mut suite = TestSuite::new(file[0].1.file.as_str());
        for (verdict, case) in file {
            let status = match verdict {
                Ok(()) => TestCaseStatus::success(),
                Err(text) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    status.set_description(text.as_str());
                    status
                }
            };
            let mut test = TestCase::new(case.name.as_str(), status);
            test.set_classname(case.rule.as_str());
            suite.add_test_case(test);
        }
        report.add_test_suite(suite);
    }
    report
        .to_string()
        .map_err(|cause| Error::new(Kind::Io, "cannot write the JUnit report").caused_by(cause))
}

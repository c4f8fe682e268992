//! SQL: into the checks, and into the lowering of the embedded warehouse.

use std::path::Path;

use super::texts::window;
use super::{rules, text};
use crate::check::{self, Finding};
use crate::report;
use crate::statement::{Statement, StepName};
use crate::visible::is_control_or_invisible;

/// Checks the text as if a template had rendered it.
pub(super) fn check(bytes: &[u8]) {
    for step in [StepName::DETECT, StepName::DEACTIVATE, StepName::CONSOLIDATE, StepName::UNDO] {
        let step = StepName::parse(step).unwrap();
        let statement = Statement::new(step, window(), text(bytes).into_owned());
        shown(&check::inspect(&rules().rules[0], statement).findings);
    }
}

/// Findings in every format: none may control a terminal or break its line.
pub(super) fn shown(findings: &[Finding]) {
    let annotations = report::github(findings, Path::new("."));
    assert_eq!(annotations.lines().count(), findings.len());
    assert!(annotations.lines().all(|line| line.starts_with("::") && !line.contains('\r')));
    assert!(
        serde_json::from_str::<serde_json::Value>(&report::sarif(findings, Path::new("."))).is_ok()
    );
    for format in [report::Format::Table, report::Format::Markdown] {
        let shown = report::findings(report::Style::plain(format), findings);
        assert!(!shown.contains(is_control_or_invisible), "{shown:?}");
    }
}

pub(super) fn lowering(bytes: &[u8]) {
    crate::warehouse::sqlite::fuzzed::lowered(&text(bytes));
}

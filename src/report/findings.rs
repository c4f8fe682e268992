//! Findings of `check`, for people.

use annotate_snippets::{Level, Renderer};
use serde_json::{Value as Json, json};

use super::markdown::prose;
use super::{Format, Style};
use crate::check::{Finding, Severity};
use crate::error::Place;
use crate::visible::visible;

/// The findings, each with code, place, reason and fix.
pub fn findings(style: Style, findings: &[Finding]) -> String {
    let blocks = findings.iter().map(|finding| match style.format {
        Format::Markdown => format!(
            "- **{}** ({}) at `{}`: {} *{}*\n",
            finding.code,
            finding.code.severity().as_str(),
            finding.origin.as_ref().unwrap_or(&finding.place),
            prose(&finding.reason),
            prose(&finding.help),
        ),
        _ => {
            let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
            let level = match finding.code.severity() {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
            };
            let mut group = level
                .primary_title(finding.reason.as_str())
                .id(finding.code.as_str())
                .element(finding.place.snippet());
            if let Some(origin) = finding.comes_from() {
                group = group.element(Level::NOTE.message(visible(&origin).into_owned()));
            }
            let group = group.element(Level::HELP.message(visible(&finding.help)));
            format!("{}\n", renderer.render(&[group]))
        }
    });
    blocks.collect::<Vec<_>>().join(if style.format == Format::Markdown { "" } else { "\n" })
}

/// The findings as JSON objects.
pub fn findings_json(findings: &[Finding]) -> Json {
    let place = |place: &Place| json!({ "file": place.file(), "line": place.line(), "column": place.column() });
    let objects = findings.iter().map(|finding| {
        json!({
            "code": finding.code.as_str(),
            "severity": finding.code.severity().as_str(),
            "place": place(&finding.place),
            "template": finding.origin.as_ref().map(place),
            "reason": finding.reason,
            "help": finding.help,
        })
    });
    Json::Array(objects.collect())
}

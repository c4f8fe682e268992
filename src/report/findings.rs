//! Findings of `check`.

use annotate_snippets::{Level, Renderer};
use serde_json::{Value as Json, json};

use super::grid::printable;
use super::{Format, Style};
use crate::check::Finding;

/// The findings, each with its code, place, reason and way out.
pub fn findings(style: Style, findings: &[Finding]) -> String {
    let blocks = findings.iter().map(|finding| match style.format {
        Format::Markdown => format!(
            "- **{}** at `{}`: {} *{}*\n",
            finding.code,
            finding.place,
            printable(&finding.reason, style.format),
            printable(&finding.help, style.format),
        ),
        _ => {
            let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
            let title = Level::ERROR.primary_title(finding.reason.as_str());
            let group = title
                .id(finding.code.as_str())
                .element(finding.place.snippet())
                .element(Level::HELP.message(finding.help.as_str()));
            format!("{}\n", renderer.render(&[group]))
        }
    });
    blocks.collect::<Vec<_>>().join(if style.format == Format::Markdown { "" } else { "\n" })
}

/// The findings as JSON objects.
pub fn findings_json(findings: &[Finding]) -> Json {
    let objects = findings.iter().map(|finding| {
        json!({
            "code": finding.code.as_str(),
            "place": {
                "file": finding.place.file(),
                "line": finding.place.line(),
                "column": finding.place.column(),
            },
            "reason": finding.reason,
            "help": finding.help,
        })
    });
    Json::Array(objects.collect())
}

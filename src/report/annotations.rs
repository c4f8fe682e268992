//! Findings as annotations, for tools that show them beside a repository's files.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value as Json, json};

use super::json;
use crate::check::{Code, Finding, Severity};

/// A place in a file of the repository.
struct Spot {
    file: String,
    /// `None`: the whole file.
    line: Option<usize>,
    column: usize,
}

/// The line of the template or the rule file; otherwise the whole rule file, since rendered SQL and the
/// built-in templates are not files of the repository.
fn spot(finding: &Finding, folder: &Path) -> Spot {
    let is_file = |file: &str| file.ends_with("onerow.toml") || file.ends_with(".sql");
    let known = [finding.origin.as_ref(), Some(&finding.place)];
    let place = known.into_iter().flatten().find(|place| is_file(place.file()));
    let file: PathBuf =
        place.map_or_else(|| folder.join("onerow.toml"), |place| place.file().into());
    let parts = file.components().filter_map(|part| match part {
        Component::CurDir => None,
        part => Some(part.as_os_str().to_string_lossy().into_owned()),
    });
    Spot {
        file: parts.collect::<Vec<_>>().join("/"),
        line: place.map(|place| place.line()),
        column: place.map_or(1, |place| place.column()),
    }
}

/// The problem, the fix, and the place in the rendered SQL.
fn message(finding: &Finding) -> String {
    format!("{}; {} (in {})", finding.reason, finding.help, finding.place)
}

/// Annotation lines of GitHub Actions; `folder` is the project's, as seen from the repository.
/// Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>
pub fn github(findings: &[Finding], folder: &Path) -> String {
    let lines = findings.iter().map(|finding| {
        let spot = spot(finding, folder);
        let line = spot.line.map(|line| format!(",line={line},col={}", spot.column));
        format!(
            "::{} file={}{},title={}::{}\n",
            finding.code.severity().as_str(),
            property(&spot.file),
            line.unwrap_or_default(),
            finding.code,
            data(&message(finding)),
        )
    });
    lines.collect()
}

/// Escapes text after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A SARIF log.
/// Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
pub fn sarif(findings: &[Finding], folder: &Path) -> String {
    let rules = Code::ALL.map(|code| {
        json!({
            "id": code.as_str(),
            "defaultConfiguration": { "level": level(code.severity()) },
            "helpUri": format!("docs/checks.md#{code}"),
        })
    });
    let results: Vec<Json> = findings.iter().map(|finding| result(finding, folder)).collect();
    json(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "onerow",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

fn result(finding: &Finding, folder: &Path) -> Json {
    let spot = spot(finding, folder);
    let mut location = json!({ "artifactLocation": { "uri": spot.file } });
    if let Some(line) = spot.line {
        location["region"] = json!({ "startLine": line, "startColumn": spot.column });
    }
    json!({
        "ruleId": finding.code.as_str(),
        "level": level(finding.code.severity()),
        "message": { "text": without_links(&message(finding)) },
        "locations": [{ "physicalLocation": location }],
    })
}

/// Escapes `[text](1)`, a link to a location in a message of SARIF, in quoted SQL.
/// Source: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html> (3.11.6)
fn without_links(message: &str) -> String {
    message.replace("](", r"\](")
}

fn level(severity: Severity) -> &'static str {
    severity.as_str()
}

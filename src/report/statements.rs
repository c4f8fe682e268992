//! Rendered statements: SQL for people or other tools.

use serde_json::{Value as Json, json};

use super::{Format, Style};
use crate::rule::RuleName;
use crate::statement::Statement;

/// The statements' SQL, one after the other.
pub fn statements(style: Style, rule: &RuleName, statements: &[Statement]) -> String {
    let blocks = statements.iter().map(|statement| match style.format {
        Format::Markdown => format!(
            "### {rule}: {}\n\n`{}`\n\n{fence}sql\n{}{fence}\n",
            statement.title(),
            statement.fingerprint,
            statement.sql,
            fence = fence(&statement.sql)
        ),
        _ => format!("{};\n", statement.sql.trim_end()),
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The statements as JSON objects, with their fingerprints.
pub fn statements_json(rule: &RuleName, statements: &[Statement]) -> Vec<Json> {
    let objects = statements.iter().map(|statement| {
        let mut object = json!({
            "rule": rule.as_str(),
            "step": statement.step.as_str(),
            "dates": statement.window.to_string(),
            "fingerprint": statement.fingerprint.as_str(),
            "sql": statement.sql,
        });
        if let Some(custom) = &statement.guards {
            object["guards"] = json!(custom.as_str());
        }
        object
    });
    objects.collect()
}

/// The fence of a code block: more backquotes than the text has in a row.
pub(super) fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

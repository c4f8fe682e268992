//! Rendered statements: SQL to read, or to hand to another tool.

use serde_json::{Value as Json, json};

use super::{Format, Style};
use crate::rule::RuleName;
use crate::statement::Statement;

/// The statements' SQL, one after the other.
pub fn statements(style: Style, rule: &RuleName, statements: &[Statement]) -> String {
    let blocks = statements.iter().map(|statement| match style.format {
        Format::Markdown => format!(
            "### {rule}: {}\n\n`{}`\n\n```sql\n{}```\n",
            statement.title(),
            statement.fingerprint,
            statement.sql
        ),
        _ => format!("{};\n", statement.sql.trim_end()),
    });
    blocks.collect::<Vec<_>>().join("\n")
}

/// The statements as JSON objects, with their fingerprints.
pub fn statements_json(rule: &RuleName, statements: &[Statement]) -> Vec<Json> {
    let objects = statements.iter().map(|statement| {
        json!({
            "rule": rule.as_str(),
            "step": statement.step.as_str(),
            "dates": statement.window.to_string(),
            "fingerprint": statement.fingerprint.as_str(),
            "sql": statement.sql,
        })
    });
    objects.collect()
}

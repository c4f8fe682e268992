//! The names in the rule file.

use std::fmt;

use crate::error::{Error, Kind, Result};
use crate::googlesql::is_function;

/// The name of a rule: part of file names, job ids and labels.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleName(String);

/// The name of a warehouse: part of file names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WarehouseName(String);

/// The name of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WebhookName(String);

/// A function or table function that statements of a rule may call although it is not a known GoogleSQL
/// function.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoutineName(String);

impl RoutineName {
    /// Parses one to three dotted parts of letters, digits, `_` and `-`: `dataset.routine`,
    /// `project.dataset.routine`, or a BigQuery function that onerow does not know.
    ///
    /// # Errors
    /// The text is not such a name, or the routine needs no permission or cannot have one.
    pub fn parse(name: &str) -> Result<Self> {
        let good_part = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
        };
        let (message, help) = if name.split('.').count() > 3 || !name.split('.').all(good_part) {
            ("is not the name of a routine", "write `dataset.routine` or `project.dataset.routine`")
        } else if name.eq_ignore_ascii_case("EXTERNAL_QUERY") {
            ("cannot be listed: its text is another database's, and cannot be checked", "remove it")
        } else if is_function(name) {
            ("is a function of GoogleSQL, which every statement may call", "remove it")
        } else {
            return Ok(Self(name.to_owned()));
        };
        let message = format!("`{}` {message}", name.escape_debug());
        Err(Error::new(Kind::RuleFile, message).help(help))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RuleName {
    /// Parses letters, digits, `_` and `-`, starting with a letter, at most 63 characters, the limit of a
    /// BigQuery label.
    pub fn parse(name: &str) -> Result<Self> {
        parse(name, "rule").map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl WarehouseName {
    /// Parses a name with the syntax of a rule name.
    pub fn parse(name: &str) -> Result<Self> {
        parse(name, "warehouse").map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl WebhookName {
    /// Parses a name with the syntax of a rule name.
    pub fn parse(name: &str) -> Result<Self> {
        parse(name, "webhook").map(Self)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for WarehouseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for WebhookName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn parse(name: &str, of: &str) -> Result<String> {
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.len() <= 63
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match good {
        true => Ok(name.to_owned()),
        false => Err(Error::new(
            Kind::RuleFile,
            format!("`{}` is not a {of} name", name.escape_debug()),
        )
        .help(format!(
            "a {of} name has letters, digits, `_` and `-`, starts with a letter, and is at most 63 characters long"
        ))),
    }
}

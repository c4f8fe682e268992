//! A rendered template: its SQL text, step and fingerprint.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
pub use crate::googlesql::Params;
use crate::window::Window;

/// The step of a statement: `detect`, `verify`, the removal between them, or a custom step.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepName(String);

impl StepName {
    /// Finds duplicates, per date.
    pub const DETECT: &str = "detect";
    /// Deactivates the settled duplicates of one date.
    pub const DEACTIVATE: &str = "deactivate";
    /// Deletes the settled duplicates of one date.
    pub const DELETE: &str = "delete";
    /// Replaces the settled active rows of one date by their survivors.
    pub const REWRITE: &str = "rewrite";
    /// Counts the changed dates afterwards.
    pub const VERIFY: &str = "verify";
    /// Lists each duplicate with its survivor.
    pub const EXPLAIN: &str = "explain";
    /// Selects the survivors: the read-side view.
    pub const CURRENT: &str = "current";

    /// Counts, per run, the keys without an active row from which it removed one.
    pub const KEYLESS: &str = "keyless";
    /// Reads the lowest and the highest number of an INT64 partition column.
    pub const NUMBERS: &str = "numbers";
    /// Writes the duplicates of one date into the removal log, before they are removed.
    pub const RECORD: &str = "record";
    /// Deletes rows that were recorded but not removed from the removal log.
    pub const CORRECT: &str = "correct";
    /// Counts, per date, the rows that one statement wrote into the removal log.
    pub const RECORDED: &str = "recorded";
    /// Reads the rows that an earlier run recorded.
    pub const REMOVED: &str = "removed";
    /// Saves the rows of one date from before an earlier run's statement as a before image.
    pub const BEFORE_IMAGE: &str = "before_image";
    /// Restores the rows that one statement of an earlier run removed from one date.
    pub const UNDO: &str = "undo";
    /// Counts the rows that the UPDATE of a custom step would remove, per date.
    pub const GUARD: &str = "guard";
    /// Writes the rows that the UPDATE of a custom step removes from one date into the removal log.
    pub const RECORD_CUSTOM: &str = "record_custom";
    /// Creates the read-side view.
    pub const CREATE_VIEW: &str = "create_view";
    /// Drops the read-side view.
    pub const DROP_VIEW: &str = "drop_view";
    /// Counts, per date, the rows waiting in the staging tables.
    pub const STAGED: &str = "staged";
    /// Merges the staging tables into the table, one date at a time.
    pub const CONSOLIDATE: &str = "consolidate";
    /// Counts the rows of each staging table, by date.
    pub const STAGING_DATES: &str = "staging_dates";
    /// Drops a staging table.
    pub const DROP_STAGING: &str = "drop_staging";

    /// The step that finds duplicates.
    pub(crate) fn detect() -> Self {
        Self(Self::DETECT.to_owned())
    }

    /// The step that merges staging tables.
    pub(crate) fn consolidate() -> Self {
        Self(Self::CONSOLIDATE.to_owned())
    }

    /// The step that records the rows to remove.
    pub(crate) fn record() -> Self {
        Self(Self::RECORD.to_owned())
    }

    /// Parses a name of lower-case letters, digits, `_` and `-` that starts with a letter, since it is also a
    /// file name and part of job ids. A leading `_` marks files of macros, which are not steps.
    ///
    /// # Errors
    /// The name is invalid.
    pub fn parse(name: &str) -> Result<Self> {
        let good = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 64
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-');
        if good {
            Ok(Self(name.to_owned()))
        } else {
            Err(Error::new(
                Kind::Usage,
                format!("`{}` is not a step name", name.escape_debug()),
            )
            .help("a step name has lower-case letters, digits, `_` and `-`, and starts with a letter"))
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for StepName {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// SHA-256 of a statement's text, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of this text.
    pub fn of(sql: &str) -> Self {
        let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n & 15)]);
        let digest = Sha256::digest(sql.as_bytes());
        Self(digest.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect())
    }

    /// A fingerprint read from a ledger.
    pub fn from_ledger(text: String) -> Self {
        Self(text)
    }

    /// All 64 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A template rendered for one rule and window; not yet parsed or checked.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The step.
    pub step: StepName,
    /// The dates.
    pub window: Window,
    /// The text that is reviewed, checked, sent and logged.
    pub sql: String,
    /// SHA-256 of `sql`.
    pub fingerprint: Fingerprint,
    /// The shipped text that it replaces; `None` for a shipped text or a custom step.
    pub replaces: Option<Box<str>>,
    /// The custom step whose UPDATE it guards, and whose text it partly repeats.
    pub guards: Option<StepName>,
    /// For the UPDATE of a custom step, restricted to recorded rows: the text of its template, to which
    /// findings refer.
    pub unrestricted: Option<Box<str>>,
}

impl Statement {
    /// A statement with this text.
    pub fn new(step: StepName, window: Window, sql: String) -> Self {
        let fingerprint = Fingerprint::of(&sql);
        Self { step, window, sql, fingerprint, replaces: None, guards: None, unrestricted: None }
    }

    /// Marks the statement as a replacement of its step's shipped text.
    #[must_use]
    pub fn replacing(self, shipped: &str) -> Self {
        let replaces = (self.sql != shipped).then(|| shipped.into());
        Self { replaces, ..self }
    }

    /// The name in messages: `deactivate of 2026-01-28`.
    pub fn title(&self) -> String {
        match &self.guards {
            Some(custom) => format!("{} for {custom} of {}", self.step, self.window),
            // A view has no dates.
            None if [StepName::CREATE_VIEW, StepName::DROP_VIEW].contains(&self.step.as_str()) => {
                self.step.to_string()
            }
            None => format!("{} of {}", self.step, self.window),
        }
    }

    /// What fails if it does, as it reads after 'while'.
    pub(crate) fn running(&self) -> String {
        format!("running {}", self.title())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_sha_256_of_the_text() {
        let fingerprint = Fingerprint::of("SELECT 1\n");
        assert_eq!(fingerprint.as_str().len(), 64);
        assert_eq!(fingerprint.short(), "a0a22c9dfa42");
        assert_ne!(fingerprint, Fingerprint::of("SELECT 1"));
    }

    #[test]
    fn a_step_name_is_fit_for_a_file_and_a_job_id() {
        for bad in ["", "_survivors", "Detect", "a/b", "a.b", "..", "a b", "1a"] {
            assert!(StepName::parse(bad).is_err(), "{bad:?}");
        }
        assert!(StepName::parse("null-lines_2").is_ok());
    }
}

//! The id of a run.

use std::fmt;

use jiff::Timestamp;

/// The id of a run: when it began, in UTC, and a random end. The start of it is enough to name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(String);

impl RunId {
    /// A new id for a run that begins now.
    pub fn new(now: Timestamp) -> Self {
        Self(format!("{}-{:08x}", now.strftime("%Y%m%dT%H%M%SZ"), fastrand::u32(..)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

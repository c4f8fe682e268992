//! What a manifest has and no rule is made of.

use std::fmt;

use crate::visible::visible_line;

/// A model, snapshot, source or test without a rule, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LeftOut {
    /// What it is, as `model stg_orders`.
    pub what: String,
    /// Why it has no rule, and what to do.
    pub why: String,
}

impl LeftOut {
    pub(super) fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", visible_line(&self.what), visible_line(&self.why))
    }
}

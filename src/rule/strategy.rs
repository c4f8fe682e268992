//! How duplicates are removed.

use crate::statement::StepName;

/// What happens to duplicates.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Strategy {
    /// Their active flag is set to FALSE.
    #[default]
    Deactivate,
    /// They are deleted.
    Delete,
    /// The settled active rows of the date are replaced by their survivors. This also removes shared ids,
    /// which no UPDATE or DELETE by row id can tell apart.
    Rewrite,
}

impl Strategy {
    /// The strategy's step.
    pub fn step(self) -> &'static str {
        match self {
            Self::Deactivate => StepName::DEACTIVATE,
            Self::Delete => StepName::DELETE,
            Self::Rewrite => StepName::REWRITE,
        }
    }

    /// Whether rows are deleted from the table.
    pub fn is_destructive(self) -> bool {
        self != Self::Deactivate
    }

    /// The past participle for messages.
    pub fn done(self) -> &'static str {
        match self {
            Self::Deactivate => "deactivated",
            Self::Delete | Self::Rewrite => "deleted",
        }
    }
}

//! The outcome of a command.

use crate::run::Ending;

/// The outcome of a command that did not return an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// Done, and clean.
    Done,
    /// Duplicates or changes were found, and `--exit-code` was given.
    Duplicates,
    /// Buffered rows remain: try again later.
    Buffered,
    /// A statement has findings.
    Findings,
    /// A part failed, and was reported.
    Failed,
    /// The user interrupted it.
    Interrupted,
}

impl Outcome {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Findings => 3,
            Self::Duplicates => 4,
            Self::Buffered => 75,
            Self::Interrupted => 130,
        }
    }
}

impl From<Ending> for Outcome {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Clean => Self::Done,
            Ending::Buffered => Self::Buffered,
            Ending::Failed => Self::Failed,
        }
    }
}

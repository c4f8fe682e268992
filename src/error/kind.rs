//! What sort of failure an error is.

use std::fmt;

use super::codes::{EXPLAINED, Explained};
use super::{Error, Result};

/// What sort of failure an [`Error`] is. Its [code](Kind::code) and its exit code follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line, or a request to the service, cannot be understood or does not make sense.
    Usage,
    /// Dates are missing, do not exist, or make no range.
    Dates,
    /// There is no rule, warehouse, preset or step of that name, or several and none was named.
    UnknownName,
    /// The ledger has no such run, or not one that can be undone.
    UnknownRun,
    /// A command that deletes was not confirmed.
    NotConfirmed,
    /// There is no `onerow.toml`.
    NoProject,
    /// The rule file, or a file that belongs to it, does not parse or contradicts itself.
    RuleFile,
    /// The rule is not the one that a run was made with, so that the run cannot be undone with it.
    RuleChanged,
    /// Keys, accounts or the address of the service do not fit together.
    Service,
    /// A webhook's address is missing, or not one.
    WebhookAddress,
    /// A path leads out of its folder through a link.
    Link,
    /// A template does not parse or does not render.
    Template,
    /// A template or its result is larger than onerow allows.
    TemplateLimit,
    /// A statement has findings, so that it must not run.
    Findings,
    /// A data file holds something that cannot be loaded.
    DataFile,
    /// The embedded warehouse does not know this GoogleSQL construct.
    Unsupported,
    /// The warehouse refused DML because it would touch rows in the streaming buffer.
    StreamingBuffer,
    /// The warehouse failed for a moment and changed nothing: a new attempt may succeed.
    Transient,
    /// The warehouse was overloaded, or limited the rate, for as long as onerow tried. Nothing was changed.
    Unavailable,
    /// No answer came, and what became of the statement is not known yet.
    NoAnswer,
    /// The user interrupted the command.
    Interrupted,
    /// No credentials, or they cannot be used.
    Credentials,
    /// The warehouse does not let this account do it.
    AccessDenied,
    /// It would cost more than the rule file allows.
    CostLimit,
    /// Another process works on the table, or holds the database.
    Locked,
    /// A table or column that a statement names does not exist.
    NotFound,
    /// The warehouse refused or failed a statement for any other reason.
    Refused,
    /// The warehouse, or the ledger in it, answered something that cannot be read.
    UnexpectedAnswer,
    /// The table after the run is not what the run promised.
    Verification,
    /// A file or stream could not be read or written.
    File,
    /// The ledger, or the removal log, was written in a format that this version does not know.
    LedgerFormat,
    /// The embedded database's file is damaged, or not onerow's.
    Database,
    /// A notification was not delivered. The result of the run is unaffected.
    Webhook,
    /// A fault of onerow itself.
    Internal,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; EXPLAINED.len()] = {
        let mut all = [Self::Usage; EXPLAINED.len()];
        let mut i = 0;
        while i < EXPLAINED.len() {
            all[i] = EXPLAINED[i].kind;
            i += 1;
        }
        all
    };

    /// What stands of it in `docs/errors.md`.
    pub fn explained(self) -> &'static Explained {
        // The table has the order of the kinds, as its test shows.
        EXPLAINED.get(self as usize).unwrap_or(const { &EXPLAINED[0] })
    }

    /// The code, as messages, logs and the ledger have it: `streaming-buffer`. Once released, it stays.
    pub fn code(self) -> &'static str {
        self.explained().code
    }

    /// The kind of this code.
    pub fn parse(code: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or_else(|| {
            let message = format!("`{}` is not the code of an error", code.escape_debug());
            Error::new(Self::Usage, message)
        })
    }

    /// Whether it is about what the user, or the caller of the service, asked for in so many words.
    pub fn is_usage(self) -> bool {
        matches!(
            self,
            Self::Usage | Self::Dates | Self::UnknownName | Self::UnknownRun | Self::NotConfirmed
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_back_from_its_code() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.code()).unwrap(), kind);
            assert_eq!(kind.explained().kind, kind, "the table has the order of the kinds");
        }
        assert!(Kind::parse("Usage").is_err());
    }
}

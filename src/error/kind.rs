//! Kinds of errors.

use std::fmt;

use super::codes::{EXPLAINED, Explained};
use super::{Error, Result};

/// The kind of an [`Error`], which determines its [code](Kind::code) and exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line, or a request to the service, is invalid.
    Usage,
    /// Dates are missing, do not exist, or are not a range.
    Dates,
    /// There is no rule, warehouse, preset or step of that name, or there are several and none was named.
    UnknownName,
    /// The ledger has no such run, or not one that can be undone.
    UnknownRun,
    /// A command that deletes was not confirmed.
    NotConfirmed,
    /// There is no `onerow.toml`.
    NoProject,
    /// The rule file, or a file that belongs to it, does not parse or contradicts itself.
    RuleFile,
    /// The rule differs from the one of the run, so the run cannot be undone with it.
    RuleChanged,
    /// The service's keys, accounts or address are inconsistent.
    Service,
    /// A webhook's address is missing or invalid.
    WebhookAddress,
    /// A path leads out of its folder through a symbolic link.
    Link,
    /// A template does not parse or does not render.
    Template,
    /// A template or its result is larger than onerow allows.
    TemplateLimit,
    /// A statement has findings and must not run.
    Findings,
    /// A data file has content that cannot be loaded.
    DataFile,
    /// The embedded warehouse does not support this GoogleSQL construct.
    Unsupported,
    /// The warehouse refused DML because it would touch rows in the streaming buffer.
    StreamingBuffer,
    /// The warehouse had a transient failure and changed nothing: a retry may succeed.
    Transient,
    /// The warehouse was overloaded, or limited the rate, until retries ran out. Nothing was changed.
    Unavailable,
    /// No response came; whether the statement was executed is unknown.
    NoAnswer,
    /// The user interrupted the command.
    Interrupted,
    /// No credentials, or they cannot be used.
    Credentials,
    /// The warehouse does not permit this for the account.
    AccessDenied,
    /// It would cost more than the rule file allows.
    CostLimit,
    /// Another process uses the table or the database.
    Locked,
    /// A table or column that a statement names does not exist.
    NotFound,
    /// The warehouse refused or failed a statement for any other reason.
    Refused,
    /// The warehouse or the ledger returned a response that cannot be read.
    UnexpectedAnswer,
    /// The table after the run does not match what the run should have left.
    Verification,
    /// Dates were skipped, since rows share their id.
    SharedIds,
    /// Duplicates were found and not removed.
    DuplicatesLeft,
    /// Keys have rows and no active one, which the rule makes a failure.
    Keyless,
    /// A file or stream could not be read or written.
    File,
    /// The ledger, or the removal log, has a format that this version does not support.
    LedgerFormat,
    /// The embedded database's file is damaged, or was not created by onerow.
    Database,
    /// A notification was not delivered. The result of the run is unaffected.
    Webhook,
    /// A bug in onerow.
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

    /// The entry in `docs/errors.md`.
    pub fn explained(self) -> &'static Explained {
        // The table has the order of the kinds; a test checks that.
        EXPLAINED.get(self as usize).unwrap_or(const { &EXPLAINED[0] })
    }

    /// The code in messages, logs and the ledger: `streaming-buffer`. Stable once released.
    pub fn code(self) -> &'static str {
        self.explained().code
    }

    /// The kind with this code.
    pub fn parse(code: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code).ok_or_else(|| {
            let message = format!("`{}` is not the code of an error", code.escape_debug());
            Error::new(Self::Usage, message)
        })
    }

    /// Whether it is what the counts of a run show, and no failure of a statement.
    pub(crate) fn is_of_counts(self) -> bool {
        matches!(self, Self::SharedIds | Self::DuplicatesLeft | Self::Keyless)
    }

    /// Whether the cause is the arguments of the user, or of the service's caller.
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

//! What sort of failure an error is.

use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::StrDeserializer;

use super::{Error, Result};

/// What sort of failure an [`Error`] is; it decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The command line asks for something that does not make sense.
    Usage,
    /// The rule file is missing, does not parse or contradicts itself.
    Configuration,
    /// A template does not parse or does not render.
    Template,
    /// A statement has findings, so that it must not run.
    Findings,
    /// A data file holds something that cannot be loaded.
    Input,
    /// The embedded warehouse does not know this GoogleSQL construct.
    Unsupported,
    /// The warehouse refused DML because it would touch rows in the streaming buffer.
    StreamingBuffer,
    /// The statement failed in passing and changed nothing: a new attempt may succeed.
    Transient,
    /// No answer came, and nobody can say yet what became of the statement.
    Unreachable,
    /// The user interrupted the command.
    Interrupted,
    /// The warehouse does not know who asks, or does not let them.
    AccessDenied,
    /// It would cost more than the rule file allows.
    Cost,
    /// Another process holds the database.
    Locked,
    /// A table or column that a statement names does not exist.
    NotFound,
    /// The warehouse refused or failed a statement for any other reason.
    Warehouse,
    /// The table after the run is not what the run promised.
    Verification,
    /// A file or stream could not be read or written.
    Io,
    /// What is stored was written in a format that this version does not know.
    Format,
    /// A webhook was not told. What was to be told of stays what it is.
    NotTold,
}

impl Kind {
    /// The kind as the ledger and the logs have it: `streaming_buffer`. A word, once released, stays.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Template => "template",
            Self::Findings => "findings",
            Self::Input => "input",
            Self::Unsupported => "unsupported",
            Self::StreamingBuffer => "streaming_buffer",
            Self::Transient => "transient",
            Self::Unreachable => "unreachable",
            Self::Interrupted => "interrupted",
            Self::AccessDenied => "access_denied",
            Self::Cost => "cost",
            Self::Locked => "locked",
            Self::NotFound => "not_found",
            Self::Warehouse => "warehouse",
            Self::Verification => "verification",
            Self::Io => "io",
            Self::Format => "format",
            Self::NotTold => "not_told",
        }
    }

    /// The kind of this word.
    pub fn parse(word: &str) -> Result<Self> {
        let from: StrDeserializer<'_, serde::de::value::Error> = word.into_deserializer();
        Self::deserialize(from).map_err(|_| {
            let message = format!("`{}` is not a kind of error", word.escape_debug());
            Error::new(Self::Usage, message)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_read_back_from_its_word() {
        let kinds = [
            Kind::Usage,
            Kind::Configuration,
            Kind::Template,
            Kind::Findings,
            Kind::Input,
            Kind::Unsupported,
            Kind::StreamingBuffer,
            Kind::Transient,
            Kind::Unreachable,
            Kind::Interrupted,
            Kind::AccessDenied,
            Kind::Cost,
            Kind::Locked,
            Kind::NotFound,
            Kind::Warehouse,
            Kind::Verification,
            Kind::Io,
            Kind::Format,
            Kind::NotTold,
        ];
        for kind in kinds {
            assert_eq!(Kind::parse(kind.as_str()).unwrap(), kind);
        }
        assert!(Kind::parse("Usage").is_err());
    }
}

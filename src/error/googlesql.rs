//! Errors of the lowering, and of names, types and values, as onerow's errors.

use googlesql_sqlite::error::Kind as Theirs;

use super::{Error, Kind};

/// The help for a construct that the embedded warehouse does not support.
pub(crate) const USE_BIGQUERY: &str = "run it on a `bigquery` warehouse";

impl Error {
    /// The error for a construct that only the embedded warehouse does not support: `does not know PIVOT`.
    pub(crate) fn unsupported(predicate: &str) -> Self {
        Self::new(Kind::Unsupported, format!("the embedded warehouse {predicate}"))
            .help(USE_BIGQUERY)
    }
}

impl From<googlesql_sqlite::error::Error> for Error {
    fn from(error: googlesql_sqlite::error::Error) -> Self {
        let kind = match error.kind() {
            Theirs::Unsupported => return Self::unsupported(error.message()),
            Theirs::Refused => Kind::Refused,
            Theirs::NotFound => Kind::NotFound,
            Theirs::Name => Kind::RuleFile,
            Theirs::Value => Kind::DataFile,
            Theirs::Unreadable => Kind::Unsupported,
            Theirs::Foreign => Kind::Refused,
        };
        let foreign = error.kind() == Theirs::Foreign;
        let mut mapped = Self::new(kind, error.message());
        if let Some(help) = error.remedy() {
            mapped = mapped.help(help);
        }
        match error.into_cause() {
            None => mapped,
            // The catalog's own error is returned unchanged.
            Some(cause) => match cause.downcast::<Self>() {
                Ok(own) if foreign => *own,
                Ok(own) => mapped.caused_by(*own),
                Err(cause) => mapped.caused_by(cause),
            },
        }
    }
}

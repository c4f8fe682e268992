//! The error type of this crate: what is wrong, and how to fix it.

use std::fmt;

use sqlparser::tokenizer::Span;

/// Result of a fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Prefix of a registered function's message that means [`Kind::Unsupported`].
pub(crate) const UNKNOWN: &str = "googlesql-sqlite ";

/// The kind of an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// BigQuery refuses the statement too.
    Refused,
    /// A table, column or alias that a statement names does not exist.
    NotFound,
    /// This crate does not support the construct; BigQuery may. The message completes a sentence that begins
    /// with the name of the engine.
    Unsupported,
    /// Not a valid name of a column, table or type.
    Name,
    /// Not a valid value of its type.
    Value,
    /// A value that BigQuery has but this crate cannot represent.
    Unreadable,
    /// The catalog failed; the cause is its error.
    Foreign,
}

/// Line and column of the statement's text, both from 1.
pub type Place = (u64, u64);

/// A failure with its context.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    help: Option<String>,
    place: Option<Place>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` says what is wrong, without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), help: None, place: None, cause: None }
    }

    /// The error for an unsupported construct.
    pub(crate) fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(Kind::Unsupported, format!("does not know {what}"))
    }

    /// An error of the [catalog](crate::Catalog), passed on unchanged.
    pub fn foreign(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(Kind::Foreign, "the catalog failed").caused_by(cause)
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds the lower-level error that led to this one.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Adds the place in the statement, unless a more precise one is set.
    #[must_use]
    pub(crate) fn near(mut self, span: Span) -> Self {
        let start = span.start;
        if self.place.is_none() && start.line > 0 {
            self.place = Some((start.line, start.column));
        }
        self
    }

    /// The place in the statement, if known.
    pub fn place(&self) -> Option<Place> {
        self.place
    }

    /// The kind of the failure.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong. For [`Kind::Unsupported`] a predicate: `does not know PIVOT`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How to fix it, if known.
    pub fn remedy(&self) -> Option<&str> {
        self.help.as_deref()
    }

    /// The lower-level error that led to this one.
    pub fn into_cause(self) -> Option<Box<dyn std::error::Error + Send + Sync>> {
        self.cause
    }

    /// The message as one sentence.
    pub fn headline(&self) -> String {
        match self.kind {
            Kind::Unsupported => format!("{UNKNOWN}{}", self.message),
            _ => self.message.clone(),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        match &self.help {
            Some(help) => write!(f, "; {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn std::error::Error + 'static))
    }
}

/// The unsupported construct in the message of an SQLite error; `None` for other messages.
pub fn unsupported_in(message: &str) -> Option<&str> {
    message.strip_prefix(UNKNOWN)
}

/// The candidate most similar to `name`, if similar enough to be a likely typo.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = name.to_lowercase();
    let compared = candidates.into_iter().map(|candidate| {
        let known = candidate.to_lowercase();
        let typos = strsim::damerau_levenshtein(&typed, &known);
        (typos, strsim::jaro_winkler(&typed, &known), candidate)
    });
    let near = compared.filter(|(typos, likeness, candidate)| {
        *likeness > 0.75 || typos * 3 <= candidate.chars().count()
    });
    // The fewest typos; of as many, the one that begins alike.
    near.min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(_, _, candidate)| candidate)
}

/// A help sentence for an unknown name: the nearest candidate, or all of them.
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match nearest(name, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => "there are none".to_owned(),
        None => format!("known: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_the_one_with_the_fewest_typos() {
        assert_eq!(nearest("form", ["format", "from"]), Some("from"));
        assert_eq!(nearest("SQLITE", ["bigquery", "sqlite"]), Some("sqlite"));
        assert_eq!(nearest("lod", ["log", "load"]), Some("load"));
        assert_eq!(nearest("partion", ["partition_type", "partition"]), Some("partition"));
        assert_eq!(nearest("zzz", ["detect", "verify"]), None);
    }

    #[test]
    fn a_far_fetched_name_lists_what_is_known() {
        assert_eq!(did_you_mean("zzz", ["detect", "verify"]), "known: detect, verify");
    }

    #[test]
    fn what_a_function_does_not_know_is_told_from_what_it_refuses() {
        let unknown = Error::unsupported("PIVOT").headline();
        assert_eq!(unsupported_in(&unknown), Some("does not know PIVOT"));
        assert_eq!(unsupported_in(&Error::new(Kind::Refused, "overflow").headline()), None);
    }
}

//! Log lines: for people as text, for Cloud Logging as JSON.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value as Json};

use crate::clock::Clock;
use crate::error::Error;
use crate::ledger::{Entry, Outcome};
use crate::run::{Ending, RunOutcome};
use crate::visible::visible;
use crate::window::Day;

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    // Source: <https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields>
    /// One JSON object a line, with the fields that Cloud Logging reads.
    Json,
}

/// The severity of a line, as in Cloud Logging.
/// Source: <https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#LogSeverity>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Normal operation.
    Info,
    /// A note for the reader.
    Notice,
    /// A possible failure, such as a refused call.
    Warning,
    /// A failure.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Info => "INFO",
            Self::Notice => "NOTICE",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        })
    }
}

/// One line.
#[derive(Debug, Clone)]
pub struct Line {
    severity: Severity,
    message: String,
    fields: Map<String, Json>,
}

impl Line {
    /// A line with this message.
    pub fn new(severity: Severity, message: impl Into<String>) -> Self {
        Self { severity, message: message.into(), fields: Map::new() }
    }

    /// A line about a failure, with its place and fix.
    pub fn of_error(error: &Error) -> Self {
        let place = error.place().map(|place| Json::from(place.to_string()));
        let severity = if error.is_warning() { Severity::Warning } else { Severity::Error };
        Self::new(severity, error.headline())
            .with("error_code", error.kind().code())
            .with_some("doing", error.doing().map(Json::from))
            .with_some("notes", (!error.facts().is_empty()).then(|| Json::from(error.facts())))
            .with_some("place", place)
            .with_some("help", error.remedy().map(Json::from))
    }

    /// A line about a statement that is sent, or has an outcome.
    pub fn of_entry(entry: &Entry) -> Self {
        let outcome = &entry.outcome;
        let severity = match outcome {
            Outcome::Started | Outcome::Done { .. } => Severity::Info,
            // A refusal because of the streaming buffer is retried or reported separately.
            Outcome::Failed { .. } | Outcome::Unknown { .. } => Severity::Warning,
        };
        Self::new(severity, format!("{}: {}", entry.title(), outcome.as_str()))
            .run(Some(entry.run.as_str()))
            .with("rule", entry.rule.as_str())
            .with("step", entry.step.as_str())
            .with("dates", entry.window.to_string())
            .with("outcome", outcome.as_str())
            .with("job_id", entry.job.as_str())
            .with("fingerprint", entry.fingerprint.as_str())
            .with_some("affected_rows", outcome.affected().map(Json::from))
            .with_some("bytes_billed", entry.usage.bytes_billed.map(Json::from))
            .with_some("error_code", outcome.error_kind().map(|kind| kind.code().into()))
            .with_some("error", outcome.message().map(Json::from))
    }

    /// The line that closes a run.
    pub fn of_ended(ended: &RunOutcome) -> Self {
        let (severity, ending) = match ended.ending {
            Ending::Clean if ended.found_nothing() => (Severity::Notice, "empty"),
            Ending::Clean if !ended.keyless.is_empty() => (Severity::Notice, "keyless"),
            Ending::Clean => (Severity::Info, "clean"),
            Ending::Buffered => (Severity::Notice, "buffered"),
            Ending::Failed => (Severity::Error, "failed"),
        };
        let failure = ended.failure();
        let listed = |days: &[Day]| {
            let days: Vec<String> = days.iter().map(Day::to_string).collect();
            (!days.is_empty()).then(|| Json::from(days))
        };
        let figure =
            |of: fn(&crate::run::Figures) -> u64| ended.figures.as_ref().map(of).map(Json::from);
        Self::new(severity, format!("run ended: {ending}"))
            .run(ended.run.as_deref())
            .with("rule", ended.rule.as_str())
            .with_some("dates", ended.window.as_ref().map(|window| window.to_string().into()))
            .with_some("error_code", failure.map(|problem| problem.kind.code().into()))
            .with_some("reason", failure.map(|problem| problem.headline.as_str().into()))
            .with_some("empty_dates", listed(&ended.empty))
            .with_some("keyless_dates", listed(&ended.keyless))
            .with_some("duplicates_found", figure(|figures| figures.found))
            .with_some("duplicates_deactivated", figure(|figures| figures.deactivated))
            .with_some("duplicates_buffered", figure(|figures| figures.buffered))
    }

    /// Adds the run.
    #[must_use]
    pub fn run(self, run: Option<&str>) -> Self {
        self.with_some("run_id", run.map(Json::from))
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a field, unless it is `None`.
    #[must_use]
    pub fn with_some(self, name: &str, value: Option<Json>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }
}

/// The destination of log lines.
#[derive(Clone)]
pub(crate) struct Log {
    /// The format.
    pub format: LogFormat,
    /// The clock.
    pub clock: Clock,
    /// The stream, which may have other writers.
    pub to: Arc<Mutex<Box<dyn Write + Send>>>,
}

impl Log {
    /// Writes one line. A closed stream is ignored.
    pub fn line(&self, line: Line) {
        let text = self.text(line);
        let _ = writeln!(self.to.lock().unwrap_or_else(PoisonError::into_inner), "{text}");
    }

    fn text(&self, line: Line) -> String {
        let now = self.clock.now();
        match self.format {
            LogFormat::Json => {
                let mut object = Map::new();
                object.insert("severity".to_owned(), line.severity.to_string().into());
                object.insert("time".to_owned(), now.to_string().into());
                object.insert("message".to_owned(), line.message.into());
                object.extend(line.fields);
                Json::Object(object).to_string()
            }
            LogFormat::Text => {
                let fields = line.fields.iter().map(|(name, value)| match value {
                    Json::String(text) => {
                        format!(" {name}={}", visible(&text.escape_debug().to_string()))
                    }
                    other => format!(" {name}={other}"),
                });
                let message = visible(&line.message).lines().collect::<Vec<_>>().join("; ");
                let fields: String = fields.collect();
                format!("{} {:7} {message}{fields}", now.strftime("%F %T"), line.severity)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn written(format: LogFormat, line: Line) -> String {
        let clock = Clock::Fixed("2026-01-30T21:04:05Z".parse().unwrap());
        Log { format, clock, to: Arc::new(Mutex::new(Box::new(Vec::new()))) }.text(line)
    }

    fn line() -> Line {
        Line::new(Severity::Notice, "776 rows\nwere deactivated").run(Some("r1")).with("rows", 776)
    }

    #[test]
    fn a_line_of_json_has_the_fields_that_cloud_logging_reads() {
        assert_eq!(
            written(LogFormat::Json, line()),
            "{\"severity\":\"NOTICE\",\"time\":\"2026-01-30T21:04:05Z\",\
             \"message\":\"776 rows\\nwere deactivated\",\"run_id\":\"r1\",\"rows\":776}"
        );
        let error = Error::new(Kind::Dates, "no dates given").help("use --date YESTERDAY");
        assert_eq!(
            written(LogFormat::Json, Line::of_error(&error)),
            "{\"severity\":\"ERROR\",\"time\":\"2026-01-30T21:04:05Z\",\
             \"message\":\"no dates given\",\"error_code\":\"dates\",\"help\":\"use --date YESTERDAY\"}"
        );
    }

    #[test]
    fn a_line_of_text_is_one_line() {
        assert_eq!(
            written(LogFormat::Text, line()),
            "2026-01-30 21:04:05 NOTICE  776 rows; were deactivated run_id=r1 rows=776"
        );
        let forged = Line::new(Severity::Info, "called").with("path", "/a\n2026 ERROR forged");
        assert!(!written(LogFormat::Text, forged).contains('\n'));
    }
}

//! The error type: what is wrong, where, and how to fix it.

mod codes;
mod googlesql;
mod io;
mod kind;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

pub use codes::{EXPLAINED, Explained};
pub use googlesql_sqlite::error::{did_you_mean, nearest};
pub use io::read_utf8;
pub(crate) use io::{not_utf8, utf8};
pub use kind::Kind;

use crate::visible::{masked, visible};

/// Result of a fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure with its context. Create it with [`Error::new`], then add the [place](Error::at), the
/// [fix](Error::help) and the [cause](Error::caused_by), where known.
pub struct Error(Box<Repr>);

struct Repr {
    kind: Kind,
    message: String,
    place: Option<Place>,
    help: Option<String>,
    doing: Vec<String>,
    notes: Vec<String>,
    cause: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind; `message` says what is wrong, without a full stop.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Repr {
            kind,
            message: message.into(),
            place: None,
            help: None,
            doing: Vec::new(),
            notes: Vec::new(),
            cause: None,
        }))
    }

    /// Adds the place in a source text.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    /// Adds how to fix it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds what failed, innermost first, as it reads after 'while': `running deactivate of 2026-01-28`.
    #[must_use]
    pub fn while_doing(mut self, doing: impl Into<String>) -> Self {
        self.0.doing.push(doing.into());
        self
    }

    /// Adds another fact.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.0.notes.push(note.into());
        self
    }

    /// Adds the lower-level error that led to this one.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The kind of the failure.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The place in a source text, if any.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What failed, innermost first, as it reads after 'while'; `None` if unknown.
    pub fn doing(&self) -> Option<String> {
        (!self.0.doing.is_empty()).then(|| self.0.doing.join("; "))
    }

    /// How to fix it, if known.
    pub fn remedy(&self) -> Option<&str> {
        self.0.help.as_deref()
    }

    /// Whether the operation succeeded and this only reports a problem beside it.
    pub fn is_warning(&self) -> bool {
        self.0.kind == Kind::Webhook
    }

    /// The exit code of a process that ends with this error.
    pub fn exit_code(&self) -> u8 {
        self.0.kind.explained().exit
    }

    /// The whole report for a terminal: message, place with the source line, causes, help.
    pub fn render(&self, renderer: &Renderer) -> String {
        let title = self.headline();
        let level = if self.is_warning() { Level::WARNING } else { Level::ERROR };
        let mut group = Group::with_title(level.primary_title(title).id(self.0.kind.code()));
        let notes = self.notes();
        let help = self.0.help.as_deref().map(visible);
        let Some(place) = &self.0.place else {
            // Without a source line, the margin would be empty.
            let mut text = renderer.render(&[group]);
            notes.iter().for_each(|note| text.push_str(&format!("\n  note: {}", visible(note))));
            help.iter().for_each(|help| text.push_str(&format!("\n  help: {help}")));
            return text;
        };
        group = group.element(place.snippet());
        group = group.elements(notes.iter().map(|note| Level::NOTE.message(visible(note))));
        group = group.elements(help.map(|help| Level::HELP.message(help)));
        renderer.render(&[group])
    }

    /// The facts beside the message.
    pub fn facts(&self) -> &[String] {
        &self.0.notes
    }

    /// What it adds to the message: facts, and what failed.
    pub fn notes(&self) -> Vec<String> {
        let doing = self.0.doing.iter().map(|doing| format!("while {doing}"));
        self.0.notes.iter().cloned().chain(doing).collect()
    }

    /// Message and causes on one line, for the ledger and for logs.
    pub fn headline(&self) -> String {
        let mut text = self.0.message.clone();
        let mut cause: Option<&dyn std::error::Error> =
            self.0.cause.as_deref().map(|c| c as &dyn std::error::Error);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(error.to_string().trim());
            cause = error.source();
        }
        visible(&text).into_owned()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if let Some(place) = &self.0.place {
            write!(f, " ({})", visible(&place.to_string()))?;
        }
        for note in self.notes() {
            write!(f, "; {}", visible(&note))?;
        }
        if let Some(help) = &self.0.help {
            write!(f, "; {}", visible(help))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}

/// A place in a source text that people edit: a rule file, a template, a data file, rendered SQL.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    file: Arc<str>,
    source: Arc<str>,
    range: Range<usize>,
    /// The line of the file at which the source begins.
    first_line: usize,
}

impl Place {
    /// The bytes `range` of `source`, the text of `file`. A range outside the text is moved to the nearest
    /// valid one.
    pub fn new(
        file: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
        range: Range<usize>,
    ) -> Self {
        let source = source.into();
        let start = floor_char_boundary(&source, range.start);
        let end = floor_char_boundary(&source, range.end).max(start);
        Self { file: file.into(), source, range: start..end, first_line: 1 }
    }

    /// The place of a 1-based line and column (in characters) of `source`.
    pub fn of_line(
        file: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
        line: usize,
        column: usize,
    ) -> Self {
        let source = source.into();
        let start = line_start(&source, line);
        let offset: usize = source[start..]
            .chars()
            .take_while(|c| *c != '\n')
            .take(column.saturating_sub(1))
            .map(char::len_utf8)
            .sum();
        Self::new(file, source, start + offset..start + offset)
    }

    /// Another place in the same text.
    pub(crate) fn moved(self, range: Range<usize>) -> Self {
        Self::new(self.file, self.source, range).counted_from(self.first_line)
    }

    /// The same place, if the source starts at this line of the file.
    pub(crate) fn counted_from(self, first_line: usize) -> Self {
        Self { first_line, ..self }
    }

    /// The file's name, as shown to the user.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// 1-based line.
    pub fn line(&self) -> usize {
        self.source[..self.range.start].matches('\n').count() + self.first_line
    }

    /// 1-based column, in characters.
    pub fn column(&self) -> usize {
        let line_start = self.source[..self.range.start].rfind('\n').map_or(0, |i| i + 1);
        self.source[line_start..self.range.start].chars().count() + 1
    }

    /// The text of its line.
    pub fn line_text(&self) -> &str {
        self.source.lines().nth(self.line() - self.first_line).unwrap_or_default()
    }

    pub(crate) fn snippet(&self) -> Snippet<'_, annotate_snippets::Annotation<'_>> {
        Snippet::source(masked(&self.source))
            .path(visible(&self.file))
            .line_start(self.first_line)
            .annotation(AnnotationKind::Primary.span(self.range.clone()))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line(), self.column())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn line_start(source: &str, line: usize) -> usize {
    match line {
        0 | 1 => 0,
        _ => source.match_indices('\n').nth(line - 2).map_or(source.len(), |(i, _)| i + 1),
    }
}

fn floor_char_boundary(text: &str, mut index: usize) -> usize {
    index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let place = Place::new("a.sql", "é\nSELECT ü, x", 12..13);
        assert_eq!(place.to_string(), "a.sql:2:9");
        let same = Place::of_line("a.sql", "é\nSELECT ü, x", 2, 9);
        assert_eq!((same.line(), same.column()), (2, 9));
    }

    #[test]
    fn a_place_outside_the_text_is_moved_inside() {
        assert_eq!(Place::new("a", "xy\n", 40..90).to_string(), "a:2:1");
        assert_eq!(Place::of_line("a", "xy", 9, 9).to_string(), "a:1:3");
    }

    #[test]
    fn the_report_shows_the_line_and_the_way_out() {
        let error = Error::new(Kind::RuleFile, "unknown key `partion`")
            .at(Place::new("onerow.toml", "[rule.a]\npartion = \"d\"\n", 9..16))
            .help(did_you_mean("partion", ["partition", "key"]));
        let report = error.render(&Renderer::plain());
        assert!(report.contains("onerow.toml:2:1"), "{report}");
        assert!(report.contains("partion = \"d\""), "{report}");
        assert!(report.contains("did you mean `partition`?"), "{report}");
    }
}

//! The world as commands see it: streams, terminal, clock, user.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use annotate_snippets::Renderer;
use clap::error::{ContextKind, ContextValue};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::{Layer, SubscriberExt};

use super::global::{Color, Messages};
use crate::clock::Clock;
use crate::error::{Error, Kind, Result};
use crate::interrupt::Interrupt;
use crate::ledger::{Entry, Observer};
use crate::log::{Line, Log, LogFormat, Severity};
use crate::report::{Format, Style};
use crate::run::Ended;
use crate::visible;

/// What a command may do to the world.
pub struct Effects {
    /// The time of day, unless `--now` says otherwise.
    pub clock: Clock,
    /// Who runs the command: user and host.
    pub who: String,
    /// Whether the user asked to stop.
    pub interrupt: Interrupt,
    out: Stream,
    err: Stream,
    messages: OnceLock<Messages>,
}

type Writer = Box<dyn Write + Send>;

struct Stream {
    to: Arc<Mutex<Writer>>,
    terminal: bool,
    colour: bool,
}

impl Stream {
    fn new(to: Writer, terminal: bool, colour: bool) -> Self {
        Self { to: Arc::new(Mutex::new(to)), terminal, colour }
    }

    fn lock(&self) -> MutexGuard<'_, Writer> {
        self.to.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Effects {
    /// The real world.
    pub fn real() -> Self {
        let colour_wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let (out, err) = (io::stdout().is_terminal(), io::stderr().is_terminal());
        let colour = colour_wanted && out && err;
        Self {
            clock: Clock::System,
            who: who(),
            interrupt: Interrupt::default(),
            out: Stream::new(Box::new(io::stdout()), out, colour),
            err: Stream::new(Box::new(io::stderr()), err, colour_wanted && err),
            messages: OnceLock::new(),
        }
    }

    /// A world whose streams are these writers, without a terminal.
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, clock: Clock) -> Self {
        let stream = |to| Stream::new(to, false, false);
        Self {
            clock,
            who: who(),
            interrupt: Interrupt::default(),
            out: stream(out),
            err: stream(err),
            messages: OnceLock::new(),
        }
    }

    /// From now on messages are written like this.
    pub(super) fn show_as(&self, messages: Messages) {
        // A second command in the same world keeps the first one's way.
        let _ = self.messages.set(messages);
    }

    fn messages(&self) -> Messages {
        self.messages.get().copied().unwrap_or_default()
    }

    fn coloured(&self, stream: &Stream) -> bool {
        match self.messages().color {
            Color::Auto => stream.colour,
            Color::Always => true,
            Color::Never => false,
        }
    }

    /// Where messages go, for those that outlive the command.
    pub(super) fn log(&self) -> Log {
        let format = self.messages().log_format;
        Log { format, clock: self.clock, to: self.err.to.clone() }
    }

    /// From now on Ctrl-C, and a request to terminate, is a request on `interrupt`, and what is
    /// under way is brought to an orderly end. The second one ends the process at once.
    ///
    /// That one has to exit from here: `main` may be inside a call that never returns, which is why
    /// somebody asks twice, and the handler runs on a thread of its own, so that there is nothing to
    /// return to. No destructor has to run for it: a run that ends like this is one that was killed,
    /// and the next run finds out from the ledger what became of it.
    pub(super) fn install_signal_handlers(&self) {
        let interrupt = self.interrupt.clone();
        let handler = move || {
            if interrupt.requested() {
                std::process::exit(130);
            }
            interrupt.request();
            eprintln!("interrupted: shutting down; press Ctrl-C again to exit immediately");
        };
        // A second command in the same process keeps the first one's handler.
        let _ = ctrlc::set_handler(handler);
    }

    /// Writes data to stdout. A reader that has gone away is not an error: what was done stays
    /// done, and the exit code says how it ended.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        let mut out = self.out.lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write to stdout", error))
            }
            _ => Ok(()),
        }
    }

    /// Writes a note to stderr, unless notes are not wanted.
    pub(super) fn say(&self, text: &str) {
        self.say_of(None, text);
    }

    /// Writes a note about a run to stderr, unless notes are not wanted.
    pub(super) fn say_of(&self, run: Option<&str>, text: &str) {
        if self.messages().quiet {
            return;
        }
        let log = self.log();
        match log.format {
            LogFormat::Text => self.write_message(text),
            LogFormat::Json => log.line(Line::new(Severity::Notice, text.trim_end()).run(run)),
        }
    }

    /// Writes a text to stderr. Where stderr is gone there is nobody left to tell.
    fn write_message(&self, text: &str) {
        let _ = writeln!(self.err.lock(), "{}", text.trim_end());
    }

    /// Writes an error to stderr.
    pub(super) fn report(&self, error: &Error) {
        self.report_of(None, error);
    }

    /// Writes an error of a run to stderr.
    pub(super) fn report_of(&self, run: Option<&str>, error: &Error) {
        let log = self.log();
        match log.format {
            LogFormat::Text => {
                let styled = self.coloured(&self.err);
                let renderer = if styled { Renderer::styled() } else { Renderer::plain() };
                self.write_message(&error.render(&renderer));
            }
            LogFormat::Json => log.line(Line::of_error(error).run(run)),
        }
    }

    /// Closes a run, where messages are written for programs.
    pub(super) fn close(&self, ended: &Ended) {
        let log = self.log();
        if log.format == LogFormat::Json && ended.run.is_some() {
            log.line(Line::of_ended(ended));
        }
    }

    /// Writes what clap has to say, to where it belongs.
    pub(super) fn usage(&self, error: &clap::Error) -> u8 {
        let stream = if error.use_stderr() { &self.err } else { &self.out };
        let cause: Option<&Error> =
            std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
        if let Some(cause) = cause {
            // Where a value is not what it should be, its type says why, and how to write it.
            self.report(&of_value(error, cause));
            return cause.exit_code();
        }
        let text = error.render();
        let code = format!("error[{}]:", Kind::Usage);
        // An argument that is repeated must not steer the terminal.
        let steers = error.context().any(|(_, value)| value.to_string().contains(visible::steers));
        let text = match self.coloured(stream) && !steers {
            true => text.ansi().to_string().replacen("error:", &code, 1),
            false => visible::visible(&text.to_string()).replacen("error:", &code, 1),
        };
        match self.log().format {
            LogFormat::Json if error.use_stderr() => {
                let text = text.trim_start_matches(&code).trim();
                self.report(&Error::new(Kind::Usage, text));
            }
            _ => _ = stream.lock().write_all(text.as_bytes()),
        }
        u8::try_from(error.exit_code()).unwrap_or(2)
    }

    /// How results are written in this format.
    pub(super) fn style(&self, format: Format) -> Style {
        // A pipe gets each row on one line, which other programs can read.
        let width = self.out.terminal.then(terminal_size::terminal_size).flatten();
        Style {
            colour: self.coloured(&self.out),
            width: width.map(|(width, _)| width.0),
            full: self.messages().full,
            ..Style::plain(format)
        }
    }

    /// Who is told of each entry of the ledger: where messages are written for programs, the log.
    pub(super) fn observer(&self) -> Option<Arc<Observer>> {
        let log = self.log();
        match log.format {
            LogFormat::Text => None,
            LogFormat::Json => Some(Arc::new(move |entry: &Entry| log.line(Line::of_entry(entry)))),
        }
    }

    /// Whether a progress bar would be seen.
    pub(super) fn shows_progress(&self) -> bool {
        self.err.terminal && !self.messages().quiet
    }

    /// Whether somebody is at the terminal who can be asked.
    pub(super) fn has_person(&self) -> bool {
        self.err.terminal && io::stdin().is_terminal()
    }

    /// Shows what a call waits for, and lets `-v` show what is sent.
    pub(super) fn trace(&self) {
        let messages = self.messages();
        // Lines of JSON are written by `Log` alone.
        if messages.log_format == LogFormat::Json {
            return;
        }
        let shown = match messages.verbose {
            true => Targets::new().with_default(LevelFilter::INFO),
            false if messages.quiet => return,
            false => Targets::new().with_target("onerow", LevelFilter::WARN),
        };
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_ansi(false)
            .with_target(false)
            .without_time();
        let subscriber = tracing_subscriber::registry().with(lines.with_filter(shown));
        // A second command in the same process keeps the first one's subscriber.
        let _ = tracing::subscriber::set_global_default(subscriber);
    }
}

/// A value of the command line that cannot be read, with the argument that it was given to.
fn of_value(error: &clap::Error, cause: &Error) -> Error {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.split(' ').next().unwrap_or_default(),
        _ => "",
    };
    let message = format!("{argument}: {}", cause.headline());
    let said = Error::new(cause.kind(), message.trim_start_matches(": "));
    match cause.remedy() {
        Some(help) => said.help(help),
        None => said,
    }
}

fn who() -> String {
    let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    let host = whoami::hostname().unwrap_or_else(|_| "unknown".to_owned());
    format!("{user}@{host}")
}

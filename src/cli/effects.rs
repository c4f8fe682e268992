//! The I/O of commands: streams, terminal, clock, user.

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
use crate::run::RunOutcome;
use crate::visible;

/// The effects that a command may have.
pub struct Effects {
    /// The clock, fixed by `--now`.
    pub clock: Clock,
    /// The user and host that run the command.
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
    /// The process's streams and terminal.
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

    /// Effects on these writers, without a terminal.
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

    /// The log of messages, for objects that outlive the command.
    pub(super) fn log(&self) -> Log {
        let format = self.messages().log_format;
        Log { format, clock: self.clock, to: self.err.to.clone() }
    }

    /// Installs handlers for Ctrl-C and SIGTERM that request a graceful stop on `interrupt`; a second signal
    /// exits.
    ///
    /// The second signal exits from the handler's thread, because `main` may be blocked in a call that never
    /// returns. No destructor needs to run: such a run counts as killed, and the next run finds its state
    /// from the ledger.
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

    /// Writes data to stdout. A closed pipe is not an error: the work is done, and the exit code says how it
    /// ended.
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

    /// Writes the closing line of a run, or of one that failed before it sent anything, in the JSON log.
    pub(super) fn close(&self, ended: &RunOutcome) {
        let log = self.log();
        if log.format == LogFormat::Json && (ended.run.is_some() || ended.failure().is_some()) {
            log.line(Line::of_ended(ended));
        }
    }

    /// Writes clap's output to the right stream.
    pub(super) fn usage(&self, error: &clap::Error) -> u8 {
        let stream = if error.use_stderr() { &self.err } else { &self.out };
        let cause: Option<&Error> =
            std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
        if let Some(cause) = cause {
            // The type of a value that cannot be read gives the reason, and the right form.
            let said = of_value(error, cause);
            self.report(&said);
            return said.exit_code();
        }
        let text = error.render();
        let code = format!("error[{}]:", Kind::Usage);
        // Echoed arguments must not control the terminal.
        let has_hidden = error
            .context()
            .any(|(_, value)| value.to_string().contains(visible::is_control_or_invisible));
        let for_programs = self.log().format == LogFormat::Json && error.use_stderr();
        let text = match self.coloured(stream) && !has_hidden && !for_programs {
            true => text.ansi().to_string().replacen("error:", &code, 1),
            false => visible::visible(&text.to_string()).replacen("error:", &code, 1),
        };
        match for_programs {
            true => self.report(&Error::new(Kind::Usage, text.trim_start_matches(&code).trim())),
            false => _ = stream.lock().write_all(text.as_bytes()),
        }
        u8::try_from(error.exit_code()).unwrap_or(2)
    }

    /// The style of results in this format.
    pub(super) fn style(&self, format: Format) -> Style {
        // Other programs read a pipe line by line, so each row is one line.
        let width = self.out.terminal.then(terminal_size::terminal_size).flatten();
        Style {
            colour: self.coloured(&self.out),
            width: width.map(|(width, _)| width.0),
            full: self.messages().full,
            ..Style::plain(format)
        }
    }

    /// The observer of ledger entries: the JSON log, if enabled.
    pub(super) fn observer(&self) -> Option<Arc<Observer>> {
        let log = self.log();
        match log.format {
            LogFormat::Text => None,
            LogFormat::Json => Some(Arc::new(move |entry: &Entry| log.line(Line::of_entry(entry)))),
        }
    }

    /// Whether a progress bar would be visible.
    pub(super) fn shows_progress(&self) -> bool {
        self.err.terminal && !self.messages().quiet
    }

    /// Whether a user at the terminal can be asked.
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

/// An argument's value that cannot be read, with the argument's name.
fn of_value(error: &clap::Error, cause: &Error) -> Error {
    let argument = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => argument.split(' ').next().unwrap_or_default(),
        _ => "",
    };
    let message = format!("{argument}: {}", cause.headline());
    // A name of the command line is not one of the rule file.
    let kind = if cause.kind().is_usage() { cause.kind() } else { Kind::Usage };
    let said = Error::new(kind, message.trim_start_matches(": "));
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

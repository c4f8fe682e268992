//! The world as commands see it: streams, terminal, clock, user.

use std::cell::RefCell;
use std::io::{self, IsTerminal, Write};

use annotate_snippets::Renderer;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::report::{Format, Style};

/// What a command may do to the world.
pub struct Effects {
    /// The time of day, unless `--now` says otherwise.
    pub clock: Clock,
    /// Who runs the command: user and host.
    pub who: String,
    out: RefCell<Stream>,
    err: RefCell<Stream>,
}

struct Stream {
    to: Box<dyn Write>,
    terminal: bool,
    colour: bool,
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
            out: RefCell::new(Stream { to: Box::new(io::stdout()), terminal: out, colour }),
            err: RefCell::new(Stream {
                to: Box::new(io::stderr()),
                terminal: err,
                colour: colour_wanted && err,
            }),
        }
    }

    /// A world whose streams are these writers, without a terminal.
    pub fn to(out: Box<dyn Write>, err: Box<dyn Write>, clock: Clock) -> Self {
        let stream = |to| RefCell::new(Stream { to, terminal: false, colour: false });
        Self { clock, who: who(), out: stream(out), err: stream(err) }
    }

    /// Writes data to stdout. A reader that has gone away is not an error: what was done stays
    /// done, and the exit code says how it ended.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        let mut out = self.out.borrow_mut();
        match out.to.write_all(text.as_bytes()).and_then(|()| out.to.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write to stdout", error))
            }
            _ => Ok(()),
        }
    }

    /// Writes a message to stderr. Where stderr is gone there is nobody left to tell.
    pub(super) fn say(&self, text: &str) {
        let _ = writeln!(self.err.borrow_mut().to, "{}", text.trim_end());
    }

    /// Writes an error to stderr.
    pub(super) fn report(&self, error: &Error) {
        let colour = self.err.borrow().colour;
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        self.say(&error.render(&renderer));
    }

    /// Writes what clap has to say, to where it belongs.
    pub(super) fn usage(&self, error: &clap::Error) -> u8 {
        let stream = if error.use_stderr() { &self.err } else { &self.out };
        let mut stream = stream.borrow_mut();
        let text = error.render();
        let text = if stream.colour { text.ansi().to_string() } else { text.to_string() };
        let _ = stream.to.write_all(text.as_bytes());
        u8::try_from(error.exit_code()).unwrap_or(2)
    }

    /// How results are written in this format.
    pub(super) fn style(&self, format: Format) -> Style {
        Style { format, colour: self.out.borrow().colour }
    }

    /// Whether a progress bar would be seen.
    pub(super) fn shows_progress(&self) -> bool {
        self.err.borrow().terminal
    }

    /// Lets `-v` show what is sent.
    pub(super) fn trace(&self, verbose: bool) {
        if verbose {
            let subscriber = tracing_subscriber::fmt()
                .with_writer(io::stderr)
                .with_ansi(self.err.borrow().colour)
                .with_target(false)
                .without_time()
                .finish();
            // A second command in the same process keeps the first one's subscriber.
            let _ = tracing::subscriber::set_global_default(subscriber);
        }
    }
}

fn who() -> String {
    let user = whoami::username().unwrap_or_else(|_| "unknown".to_owned());
    let host = whoami::hostname().unwrap_or_else(|_| "unknown".to_owned());
    format!("{user}@{host}")
}

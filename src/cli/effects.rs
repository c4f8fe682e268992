//! The world as commands see it: streams, terminal, clock, user.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use annotate_snippets::Renderer;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::interrupt::Interrupt;
use crate::report::{Format, Style};

/// What a command may do to the world.
pub struct Effects {
    /// The time of day, unless `--now` says otherwise.
    pub clock: Clock,
    /// Who runs the command: user and host.
    pub who: String,
    /// Whether the user asked to stop.
    pub interrupt: Interrupt,
    out: Mutex<Stream>,
    err: Mutex<Stream>,
}

struct Stream {
    to: Box<dyn Write + Send>,
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
            interrupt: Interrupt::default(),
            out: Mutex::new(Stream { to: Box::new(io::stdout()), terminal: out, colour }),
            err: Mutex::new(Stream {
                to: Box::new(io::stderr()),
                terminal: err,
                colour: colour_wanted && err,
            }),
        }
    }

    /// A world whose streams are these writers, without a terminal.
    pub fn to(out: Box<dyn Write + Send>, err: Box<dyn Write + Send>, clock: Clock) -> Self {
        let stream = |to| Mutex::new(Stream { to, terminal: false, colour: false });
        let interrupt = Interrupt::default();
        Self { clock, who: who(), interrupt, out: stream(out), err: stream(err) }
    }

    fn out(&self) -> MutexGuard<'_, Stream> {
        self.out.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn err(&self) -> MutexGuard<'_, Stream> {
        self.err.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on Ctrl-C, and a request to terminate, is a request on `interrupt`, and what is
    /// under way is brought to an orderly end. The second one ends the process at once.
    pub(super) fn heed_interrupts(&self) {
        let interrupt = self.interrupt.clone();
        let handler = move || {
            if interrupt.requested() {
                std::process::exit(130);
            }
            interrupt.request();
            eprintln!("interrupted: stopping in good order; once more stops at once");
        };
        // A second command in the same process keeps the first one's handler.
        let _ = ctrlc::set_handler(handler);
    }

    /// Writes data to stdout. A reader that has gone away is not an error: what was done stays
    /// done, and the exit code says how it ended.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        let mut out = self.out();
        match out.to.write_all(text.as_bytes()).and_then(|()| out.to.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(Error::io("cannot write to stdout", error))
            }
            _ => Ok(()),
        }
    }

    /// Writes a message to stderr. Where stderr is gone there is nobody left to tell.
    pub(super) fn say(&self, text: &str) {
        let _ = writeln!(self.err().to, "{}", text.trim_end());
    }

    /// Writes an error to stderr.
    pub(super) fn report(&self, error: &Error) {
        let colour = self.err().colour;
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        self.say(&error.render(&renderer));
    }

    /// Writes what clap has to say, to where it belongs.
    pub(super) fn usage(&self, error: &clap::Error) -> u8 {
        let mut stream = if error.use_stderr() { self.err() } else { self.out() };
        let text = error.render();
        let text = if stream.colour { text.ansi().to_string() } else { text.to_string() };
        let _ = stream.to.write_all(text.as_bytes());
        u8::try_from(error.exit_code()).unwrap_or(2)
    }

    /// How results are written in this format.
    pub(super) fn style(&self, format: Format) -> Style {
        Style { format, colour: self.out().colour }
    }

    /// Whether a progress bar would be seen.
    pub(super) fn shows_progress(&self) -> bool {
        self.err().terminal
    }

    /// Whether somebody is at the terminal who can be asked.
    pub(super) fn has_person(&self) -> bool {
        self.err().terminal && io::stdin().is_terminal()
    }

    /// Lets `-v` show what is sent.
    pub(super) fn trace(&self, verbose: bool) {
        if verbose {
            let subscriber = tracing_subscriber::fmt()
                .with_writer(io::stderr)
                .with_ansi(self.err().colour)
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

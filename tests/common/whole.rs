//! All that a command says, compared as a whole: a reworded message is a diff that a reviewer reads.
//! So is what else people are shown: files, messages of a webhook, what a script says.
//! `cargo insta review` (or `accept`) takes a new text over.

use std::fmt::Write;

use super::{Ended, Project};

/// What differs from one run of the tests to the next, and what it is replaced by.
pub const FILTERS: [(&str, &str); 15] = [
    (r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[RUN]"),
    (r"onerow_[0-9a-z]+_\w+_[0-9a-f]{6,}\w*", "[JOB]"),
    (r"(/[\w.-]+)+/(\.tmp|tmp\.)\w+", "[DIR]"),
    (env!("CARGO_MANIFEST_DIR"), "[REPOSITORY]"),
    (r"\btest_\d+\b", "[DATASET]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    TIMES,
    (r"\b[0-9a-f]{12}\b", "[FINGERPRINT]"),
    (r"onerow_ledger_[0-9a-f]{32}_\d+", "[JOB]"),
    (r"retrying in \d[\w.]*", "retrying in [PAUSE]"),
    (r"at most \d+s more", "at most [PAUSE] more"),
    (r"queued by BigQuery for \d\w*", "queued by BigQuery for [PAUSE]"),
    (r"since \d\d:\d\d:\d\d UTC", "since [TIME]"),
    (r"\d+(\.\d+)? ?ms\b", "[MS]"),
    (r"[─]{8,}", "────────"),
];

/// Times: most are the clock's.
const TIMES: (&str, &str) = (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?\b", "[TIME]");

/// The same without times, for texts whose times are given.
pub fn filters_but_times() -> Vec<(&'static str, &'static str)> {
    FILTERS.into_iter().filter(|filter| *filter != TIMES).collect()
}

/// What several commands said, one after another.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    /// Adds a command that has ended.
    pub fn add(&mut self, ended: &Ended) {
        self.0.push_str(&ended.whole());
        self.0.push('\n');
    }

    /// What these commands said.
    pub fn of(all: impl IntoIterator<Item = Ended>) -> Self {
        let mut transcript = Self::default();
        all.into_iter().for_each(|ended| transcript.add(&ended));
        transcript
    }

    /// Adds what is shown in a case that its own words do not tell from the others.
    pub fn case(&mut self, case: &str, shown: impl Whole) {
        writeln!(self.0, "# {case}\n{}\n", shown.compared().trim_end()).unwrap();
    }

    /// Adds a text that a command has written.
    pub fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    pub fn whole(&self) -> String {
        self.0.trim_end().to_owned()
    }
}

impl Ended {
    /// The command, its exit code, and all that it printed and said.
    pub fn whole(&self) -> String {
        let mut text = format!("$ onerow {}\n", self.command);
        if let Some(code) = self.code.filter(|code| *code != 0) {
            writeln!(text, "exit code {code}").unwrap();
        }
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            let lines = stream.lines().map(str::trim_end);
            match stream.is_empty() {
                true => {}
                false => {
                    writeln!(text, "-- {name}\n{}", lines.collect::<Vec<_>>().join("\n")).unwrap()
                }
            }
        }
        text
    }
}

impl Project {
    /// What these commands say, one after another.
    pub fn transcript<T: AsRef<str>>(&self, commands: impl IntoIterator<Item = T>) -> Transcript {
        Transcript::of(commands.into_iter().map(|command| self.onerow(command.as_ref())))
    }
}

/// What people are shown, as the text that is compared.
pub trait Whole {
    fn compared(&self) -> String;
}

impl Whole for Ended {
    fn compared(&self) -> String {
        self.whole()
    }
}

impl Whole for Transcript {
    fn compared(&self) -> String {
        self.whole()
    }
}

impl Whole for str {
    fn compared(&self) -> String {
        self.to_owned()
    }
}

impl Whole for String {
    fn compared(&self) -> String {
        self.clone()
    }
}

/// Whether a script succeeded, and what it said.
impl Whole for (bool, String) {
    fn compared(&self) -> String {
        let (good, said) = self;
        let lines = said.lines().map(str::trim_end).collect::<Vec<_>>().join("\n");
        if *good { lines } else { format!("failed\n{lines}") }
    }
}

impl<T: Whole + ?Sized> Whole for &T {
    fn compared(&self) -> String {
        (**self).compared()
    }
}

/// Compares all that a command, or several, said with the snapshot; or a text that people are shown.
#[allow(unused_macros, reason = "the benchmarks use the rest of this folder")]
macro_rules! whole {
    ($of:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => crate::common::whole::FILTERS.to_vec() }, {
            insta::assert_snapshot!(crate::common::whole::Whole::compared(&$of), @$snapshot);
        })
    };
}

/// The same, with the times in it, where these are not the clock's.
#[allow(unused_macros, reason = "the benchmarks use the rest of this folder")]
macro_rules! with_times {
    ($of:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => crate::common::whole::filters_but_times() }, {
            insta::assert_snapshot!(crate::common::whole::Whole::compared(&$of), @$snapshot);
        })
    };
}

#[allow(unused_imports, reason = "the benchmarks use the rest of this folder")]
pub(crate) use {whole, with_times};

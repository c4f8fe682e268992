//! All that a command says, compared as a whole: a reworded message is a diff that a reviewer reads.
//! `cargo insta review` (or `accept`) takes a new text over.

use std::fmt::Write;

use super::Ended;

/// What differs from one run of the tests to the next, and what it is replaced by.
pub const FILTERS: [(&str, &str); 9] = [
    (r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[RUN]"),
    (r"onerow_[0-9a-z]+_\w+_[0-9a-f]{6,}\w*", "[JOB]"),
    (r"(/private)?/tmp/\.tmp\w+", "[DIR]"),
    (r"\btest_\d+\b", "[DATASET]"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
    (r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| UTC)?\b", "[TIME]"),
    (r"\b[0-9a-f]{12}\b", "[FINGERPRINT]"),
    (r"\d+(\.\d+)? ?ms\b", "[MS]"),
    (r"[─]{8,}", "────────"),
];

/// What several commands said, one after another.
#[derive(Default)]
pub struct Transcript(String);

impl Transcript {
    /// Adds a command that has ended.
    pub fn add(&mut self, ended: &Ended) {
        self.0.push_str(&ended.whole());
        self.0.push('\n');
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

/// Compares all that a command, or several, said with the snapshot.
#[allow(unused_macros, reason = "the benchmarks use the rest of this folder")]
macro_rules! whole {
    ($of:expr, @$snapshot:literal) => {
        insta::with_settings!({ filters => crate::common::whole::FILTERS.to_vec() }, {
            insta::assert_snapshot!($of.whole(), @$snapshot);
        })
    };
}

#[allow(unused_imports, reason = "the benchmarks use the rest of this folder")]
pub(crate) use whole;

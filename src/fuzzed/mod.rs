//! Entry points of untrusted input: one function each. Every call must end soon, without a panic, and report
//! bad input as an error. The targets in `fuzz/` call them, and so does a bounded run in the tests.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(test)]
mod driver;
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod seeds;
mod sql;
mod texts;

use std::path::Path;

use annotate_snippets::Renderer;

use crate::error::Error;
use crate::project::Project;
use crate::rule::RuleFile;
use crate::template::Template;
use crate::visible::is_control_or_invisible;

/// An entry point, with the name of its target.
pub struct Entry {
    pub name: &'static str,
    pub run: fn(&[u8]),
}

/// All entry points; each has a target in `fuzz/fuzz_targets/` and seeds in `seeds.rs`.
pub const ENTRIES: [Entry; 12] = [
    Entry { name: "rule_file", run: texts::rule_file },
    Entry { name: "dates", run: texts::dates },
    Entry { name: "template", run: texts::template },
    Entry { name: "check", run: sql::check },
    Entry { name: "lowering", run: sql::lowering },
    Entry { name: "csv", run: texts::csv },
    Entry { name: "ndjson", run: texts::ndjson },
    Entry { name: "http", run: crate::serve::fuzzed::request },
    Entry { name: "bigquery_answer", run: crate::warehouse::bigquery::fuzzed::answer },
    Entry { name: "ledger_row", run: |bytes| crate::ledger::fuzzed::row(&text(bytes)) },
    Entry { name: "suite", run: texts::suite },
    Entry { name: "dbt_manifest", run: texts::dbt_manifest },
];

/// Runs the entry of this name.
pub fn run(name: &str, bytes: &[u8]) {
    let entry = ENTRIES.iter().find(|entry| entry.name == name).expect("an entry of this name");
    (entry.run)(bytes);
}

/// The rule file that the other entries use.
const RULES: &str = r#"
[warehouse.local]
type = "sqlite"

[rule.p]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "LOWER(player)"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
touched_at = "updated_at"
written_at = "created_at"
steps = [{ name = "own", per = "date" }, "detect", "deactivate", "verify"]

[rule.p.columns]
id = "STRING"
game_date = "DATE"
game_id = "STRING"
player = "STRING"
line = "NUMERIC"
n = "INT64"
x = "FLOAT64"
is_active = "BOOL"
created_at = "TIMESTAMP"
updated_at = "TIMESTAMP"

[rule.p.vars]
quote = "it's"
systems = ["a", "b"]
limit = 5
"#;

/// The rules of [`RULES`], parsed once.
pub(crate) fn rules() -> &'static RuleFile {
    static RULES_READ: std::sync::OnceLock<RuleFile> = std::sync::OnceLock::new();
    RULES_READ.get_or_init(|| RuleFile::parse("onerow.toml", RULES).unwrap())
}

/// A project of these rules.
pub(crate) fn project() -> Project {
    let rules = Template { path: "onerow.toml".to_owned(), text: RULES.to_owned() };
    let own = Template { path: "sql/own.sql".to_owned(), text: "SELECT 1 AS one".to_owned() };
    Project::of(Path::new("."), &rules, vec![("own.sql".into(), own)]).unwrap()
}

/// Checks that an error can be printed: it has a message, without terminal control characters.
pub(crate) fn is_an_error(error: &Error) {
    let shown = error.render(&Renderer::plain());
    assert!(!error.headline().is_empty() && !error.to_string().is_empty());
    assert!(!shown.contains(is_control_or_invisible), "{shown:?}");
    assert!(!error.to_string().contains(is_control_or_invisible), "{error}");
}

fn text(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

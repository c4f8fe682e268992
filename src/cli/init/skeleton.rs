//! A new project that works as it is: a rule, rows with duplicates, a test, rendered SQL, and a file for CI.

use std::path::Path;

use crate::cli::Effects;
use crate::cli::out::{self, Scope};
use crate::engine::{Engine, Task};
use crate::error::{Error, Kind, Result};
use crate::files::Folder;
use crate::project::{Project, RULE_FILE};
use crate::propose::schema_line;
use crate::report;
use crate::rule;
use crate::window::{DayArg, WindowArg};

const SCHEMA: &str = "onerow.schema.json";
const IGNORED: &str = ".gitignore";

/// The files of the sample. The rule file has the schema's line in front.
const FILES: [(&str, &str); 3] = [
    ("events.csv", include_str!("events.csv")),
    ("sql/null_keys.sql", include_str!("null_keys.sql")),
    ("tests/events.toml", include_str!("events_test.toml")),
];
const WORKFLOW: &str = include_str!("workflow.yml");
const RULES: &str = include_str!("onerow.toml");
/// The date of the rendered SQL.
const DATE: &str = "2026-01-28";
const SNAPSHOTS: &str = "snapshots";

/// A rule file with the line in front that tells editors its schema.
pub(super) fn with_schema(rules: &str) -> String {
    format!("{}{rules}", schema_line(SCHEMA))
}

/// Writes what belongs beside any rule file, if it is not there: its schema, and that the local database is not
/// committed.
pub(super) fn beside(folder: &Folder, effects: &Effects) -> Result<()> {
    let text = report::json(&rule::schema());
    for (name, text) in [(SCHEMA, text.as_str()), (IGNORED, ".onerow/\n")] {
        let path = Path::new(name);
        if !folder.is_file(path)? {
            folder.write_first(path, text)?;
            effects.say(&format!("wrote {}", folder.path_of(path).display()));
        } else if name == IGNORED && !folder.text(path)?.lines().any(ignores) {
            effects.say(&format!(
                "note: add `.onerow/` to {}: the local database does not belong into a repository",
                folder.path_of(path).display()
            ));
        }
    }
    Ok(())
}

fn ignores(line: &str) -> bool {
    line.trim().trim_matches('/') == ".onerow"
}

/// Writes the sample project. Errors: one of its files exists; then none is written.
pub(super) fn run(folder: &Path, effects: &Effects) -> Result<()> {
    let rules = with_schema(RULES);
    let workflow = WORKFLOW.replace("VERSION", env!("CARGO_PKG_VERSION"));
    let mut files = vec![(RULE_FILE, rules.as_str())];
    files.extend(FILES);
    files.push((".github/workflows/onerow.yml", &workflow));
    if folder.join(SNAPSHOTS).exists() {
        return Err(super::is_there(&folder.join(SNAPSHOTS)));
    }
    super::write_all(folder, &files, effects)?;
    beside(&Folder::open(folder)?, effects)?;
    rendered(folder, effects)?;
    effects.say(&format!("wrote {}", folder.join(SNAPSHOTS).display()));
    effects.say("next:");
    if folder != Path::new(".") {
        effects.say(&format!("  cd {}", super::quoted(&folder.display().to_string())));
    }
    for command in [
        "onerow check",
        "onerow test",
        "onerow load events.csv",
        "onerow status --changed",
        "onerow apply --changed",
    ] {
        effects.say(&format!("  {command}"));
    }
    effects.say("then describe your own table in onerow.toml, or let `onerow init --table` or `--file` propose a rule");
    Ok(())
}

/// The SQL of the sample, as `onerow render --date 2026-01-28 --out snapshots` writes it.
fn rendered(folder: &Path, effects: &Effects) -> Result<()> {
    let project = Project::open(folder)?;
    let engine = Engine::in_memory(project, Vec::new(), effects.clock)?;
    let dates = WindowArg::Dates(vec![DATE.parse::<DayArg>()?]);
    let mut files = out::Files::new();
    for rule in &engine.project().file.rules {
        let window = rule.window(&dates, engine.now())?;
        let statements = engine.render(rule, &Task::Apply.steps(rule), &window)?;
        files.extend(out::files(&rule.name, &statements));
    }
    let swept = out::write(&folder.join(SNAPSHOTS), &files, &Scope { rules: None, step: None })?;
    match swept.kept.is_empty() {
        true => Ok(()),
        false => Err(Error::new(Kind::File, "the folder of rendered SQL has other files")),
    }
}

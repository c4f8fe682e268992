//! `onerow init --preset`: each of the ready rules works as it is written, and does what its README prints.

use std::path::{Path, PathBuf};

use onerow::project::Project as Opened;
use onerow::rule::Rule;
use onerow::template::Templates;
use onerow::window::Day;
use rusqlite::types::Value as Stored;
use serde_json::Value as Json;
use toml::Value as Toml;

use crate::analyzer::{analyze, request, statements, texts};
use crate::common::whole::whole;
use crate::common::{Ended, Project, part};

/// The folders of `presets/`.
fn presets() -> Vec<(String, PathBuf)> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("presets");
    let mut folders: Vec<PathBuf> =
        std::fs::read_dir(all).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    let named =
        |folder: PathBuf| (folder.file_name().unwrap().to_str().unwrap().to_owned(), folder);
    folders.into_iter().map(named).collect()
}

/// What the folder holds, below it.
fn files(folder: &Path) -> Vec<(String, String)> {
    let all = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = all.into_iter().map(|entry| entry.unwrap()).filter(|e| e.file_type().is_file());
    let below = |path: &Path| path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<(String, String)> = files
        .map(|file| (below(file.path()), std::fs::read_to_string(file.path()).unwrap()))
        .filter(|(name, _)| !name.starts_with(".onerow"))
        .collect();
    files.sort();
    files
}

fn readme(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("README.md")).unwrap()
}

/// The commands in a README, each with what it says is printed.
fn session(readme: &str) -> Vec<(&str, Vec<&str>)> {
    let shown = readme.split("```console\n").nth(1).unwrap().split("```").next().unwrap();
    let mut session: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in shown.lines() {
        match (line.strip_prefix("$ "), session.last_mut()) {
            (Some(command), _) => session.push((command, Vec::new())),
            (None, Some((_, printed))) => printed.push(line),
            (None, None) => panic!("`{line}` is printed by no command"),
        }
    }
    session
}

/// What a command printed, as a README shows it: a run has another id each time.
fn shown(ended: &Ended) -> Vec<String> {
    let line = |line: &str| match line.split_once(", run ") {
        Some((rule, _)) => format!("{rule}, run …"),
        None => line.trim_end().to_owned(),
    };
    ended.stdout.lines().map(line).collect()
}

#[test]
fn each_preset_is_listed_in_one_line() {
    let project = Project::new("");
    let list = project.onerow("init --preset").exits(0);
    whole!(list.stderr, @"next: `onerow init --preset NAME DIR`");
    let listed: Vec<(&str, &str)> =
        list.stdout.lines().map(|line| line.split_once("  ").unwrap()).collect();
    let presets = presets();
    assert_eq!(listed.len(), presets.len(), "{}", list.stdout);
    for ((name, about), (expected, folder)) in listed.iter().zip(&presets) {
        assert_eq!(name, expected);
        let readme = readme(folder);
        assert_eq!(readme.lines().next(), Some(format!("# {name}: {}", about.trim()).as_str()));
        assert!(name.len() + about.len() < 120, "{about}");
    }
    let page = include_str!("../docs/presets.md");
    for (name, _) in presets {
        let row = format!("\n| `{name}` |");
        assert!(page.contains(&row), "docs/presets.md has no row for {name}");
    }
}

#[test]
fn another_name_is_an_error_that_lists_them() {
    let project = Project::new("");
    let ended = project.onerow("init --preset fivtran new").exits(2).says(&[
        "there is no preset `fivtran`",
        "did you mean `fivetran`?",
        "These are there:",
        "segment ",
    ]);
    assert!(ended.stdout.is_empty(), "{ended}");
    assert!(!project.path("new").exists());
}

#[test]
fn files_that_are_there_stay() {
    let project = Project::new("# mine");
    whole!(project.onerow("init --preset segment"), @"
    $ onerow init --preset segment
    exit code 2
    -- stderr
    error[usage]: `./onerow.toml` already exists; nothing was written
      help: to add a rule to a project: onerow init --table TABLE; to start another project: onerow init DIR
    ");
    assert!(!project.path("tracks.csv").exists());
    assert_eq!(std::fs::read_to_string(project.path("onerow.toml")).unwrap(), "# mine");
    project.write("other/README.md", "mine too");
    whole!(project.onerow("init --preset segment other"), @"
    $ onerow init --preset segment other
    exit code 2
    -- stderr
    error[usage]: `other/README.md` already exists; nothing was written
      help: to add a rule to a project: onerow init --table TABLE; to start another project: onerow init DIR
    ");
    assert!(!project.path("other/onerow.toml").exists());
}

/// A value as SQLite keeps it, or as a test of SQL writes it.
fn stored(value: &Stored) -> String {
    match value {
        Stored::Null => "NULL".to_owned(),
        Stored::Integer(number) => number.to_string(),
        Stored::Real(number) => number.to_string(),
        Stored::Text(text) => text.clone(),
        Stored::Blob(_) => panic!("a blob"),
    }
}

fn written(value: Option<&Toml>) -> String {
    match value {
        None => "NULL".to_owned(),
        Some(Toml::String(text)) => text.clone(),
        Some(Toml::Boolean(flag)) => i64::from(*flag).to_string(),
        Some(Toml::Datetime(time)) if time.offset.is_some() => {
            time.to_string().parse::<jiff::Timestamp>().unwrap().as_microsecond().to_string()
        }
        Some(other) => other.to_string(),
    }
}

/// Compares the table with what the test over the data file expects.
fn is_left(project: &Project, rule: &Rule, expected: &[Toml], name: &str) {
    let rows: Vec<&toml::Table> = expected.iter().map(|row| row.as_table().unwrap()).collect();
    let mut columns: Vec<&String> = rows.iter().flat_map(|row| row.keys()).collect();
    columns.sort();
    columns.dedup();
    let row = |row: &&toml::Table| -> Vec<String> {
        columns.iter().map(|column| written(row.get(*column))).collect()
    };
    let mut expected: Vec<Vec<String>> = rows.iter().map(row).collect();
    let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    // Where each date has a table of its own, the data are of this one.
    let day = Day::parse("2026-01-28").unwrap();
    let sql = format!("SELECT {} FROM \"{}\"", quoted.join(", "), rule.table_on(day).dotted());
    let database = rusqlite::Connection::open(project.path("new/.onerow/local.db")).unwrap();
    let mut statement = database.prepare(&sql).unwrap();
    let read = statement.query_map([], |row| {
        (0..columns.len()).map(|at| Ok(stored(&row.get(at)?))).collect::<Result<Vec<_>, _>>()
    });
    let mut left = read.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    expected.sort();
    left.sort();
    assert_eq!(left, expected, "{name}: what `apply` left of the data");
}

#[test]
fn each_preset_works_and_prints_what_its_readme_says() {
    for (name, folder) in part::of(presets(), 3) {
        let project = Project::new("");
        let begun = project.onerow(&format!("init --preset {name} new")).exits(0);
        assert_eq!(files(&project.path("new")), files(&folder), "{name}");
        let readme = readme(&folder);
        let session = session(&readme);
        let next: Vec<&str> = session.iter().map(|(command, _)| *command).collect();
        for part in ["check --strict", "test", "load ", "status", "apply"] {
            let shown = next.iter().any(|command| command.starts_with(&format!("onerow {part}")));
            assert!(shown, "{name}: {part}");
        }
        begun.says(&["  cd new\n"]).says(&next);

        let rules = Opened::open(&project.path("new")).unwrap().file.rules;
        let mut lines = Vec::new();
        for (command, expected) in &session {
            let arguments = command.strip_prefix("onerow ").unwrap();
            let arguments: Vec<&str> = arguments.split_whitespace().collect();
            let mut process = project.command(&arguments);
            let output = process.current_dir(project.path("new")).output().unwrap();
            let ended = Ended::of(command, output).exits(0);
            let shown = shown(&ended);
            if std::env::var_os("ONEROW_WRITE_DOCS").is_none() {
                assert_eq!(&shown, expected, "{name}: `{command}`");
            }
            lines.push(format!("$ {command}"));
            lines.extend(shown);
        }
        if std::env::var_os("ONEROW_WRITE_DOCS").is_some() {
            let (head, rest) = readme.split_once("```console\n").unwrap();
            let (_, tail) = rest.split_once("```").unwrap();
            let text = format!("{head}```console\n{}\n```{tail}", lines.join("\n"));
            std::fs::write(folder.join("README.md"), text).unwrap();
        }

        let tests = std::fs::read_to_string(folder.join(format!("tests/{name}.toml"))).unwrap();
        let tests: toml::Table = tests.parse().unwrap();
        let over_files: Vec<&Toml> = tests["test"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|test| test.get("files").is_some())
            .collect();
        assert!(!over_files.is_empty(), "{name}: no test is over the data");
        for test in over_files {
            let named = test.get("rule").or_else(|| tests.get("rule")).unwrap().as_str().unwrap();
            let rule = rules.iter().find(|rule| rule.name.as_str() == named).unwrap();
            let expected = test["expect"]["rows"].as_array().unwrap();
            is_left(&project, rule, expected, &name);
        }
    }
}

#[test]
fn each_setting_of_a_preset_has_its_source() {
    for (name, folder) in presets() {
        let rule = std::fs::read_to_string(folder.join("onerow.toml")).unwrap();
        let sources = rule.lines().filter(|line| line.starts_with("# https://")).count();
        assert!(sources > 0, "{name}: no source");
        assert!(rule.lines().all(|line| line.chars().count() <= 120), "{name}: a long line");
        assert!(rule.contains("yours"), "{name}: nothing says what is to be changed");
    }
}

#[test]
fn google_accepts_each_statement_of_each_preset() {
    let mut requests: Vec<Json> = Vec::new();
    for (_, folder) in part::of(presets(), 5) {
        let project = Opened::open(&folder).unwrap();
        for rule in &project.file.rules {
            requests.push(request(rule, texts(&statements(rule, &Templates::shipped()))));
        }
    }
    // Without one that is refused the test proves nothing.
    let (_, folder) = presets().remove(0);
    let rule = Opened::open(&folder).unwrap().file.rules.remove(0);
    requests.push(request(&rule, [format!("SELECT no_such_column FROM {}", rule.table)]));
    let Some(mut analyzed) = analyze(&requests) else { return };
    let (_, error) = analyzed.pop().unwrap();
    assert!(error.is_some_and(|error| error.contains("no_such_column")));
    assert!(analyzed.len() > part::cases(50, 15), "{}", analyzed.len());
    for (sql, error) in analyzed {
        assert_eq!(error, None, "{sql}");
    }
}

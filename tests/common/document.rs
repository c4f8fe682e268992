//! Tables in `docs/` that tests make. With `ONEROW_WRITE_DOCS=1` they are written; otherwise a test
//! fails where the table that is there is another.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use comfy_table::{Table, presets};

/// A table in Markdown.
pub fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    table.add_rows(rows);
    let line = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_rule = |line: &str| line.chars().all(|c| "|- ".contains(c));
    let rule = format!("|{}", " --- |".repeat(header.len()));
    table
        .lines()
        .map(|text| if is_rule(&text) { rule.clone() } else { line(&text) } + "\n")
        .collect()
}

/// Whether the tables are written anew: then nothing of them is left out.
pub fn is_written() -> bool {
    std::env::var_os("ONEROW_WRITE_DOCS").is_some()
}

/// Puts the text where `docs/<file>` has the section `<!-- name -->` … `<!-- end -->`, or compares.
#[track_caller]
pub fn section(file: &str, name: &str, text: &str) {
    // Tests run at once, and write sections of one file.
    static WRITING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let document = std::fs::read_to_string(path(file)).unwrap();
    let (before, there, after) = around(&document, name);
    let mark = mark(name);
    if is_written() {
        std::fs::write(path(file), format!("{before}{mark}{text}<!-- end -->{after}")).unwrap();
        return;
    }
    assert_eq!(
        there, text,
        "docs/{file} is not up to date: look at it after ONEROW_WRITE_DOCS=1 tests/run"
    );
}

/// Compares rows of a section's table, of which others were not made.
#[track_caller]
pub fn has_rows(file: &str, name: &str, rows: &[Vec<String>]) {
    let there = self::rows(file, name);
    for row in rows {
        assert!(
            there.contains(row),
            "docs/{file} lacks {row:?}: look at it after ONEROW_WRITE_DOCS=1 tests/run"
        );
    }
}

fn path(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file)
}

/// What stands before the section, in it, and after it.
fn around<'d>(document: &'d str, name: &str) -> (&'d str, &'d str, &'d str) {
    let (before, rest) = document.split_once(&mark(name)).expect("the document lacks the section");
    let (there, after) = rest.split_once("<!-- end -->").expect("the section has no end");
    (before, there, after)
}

fn mark(name: &str) -> String {
    format!("<!-- {name} -->\n")
}

/// The rows of a section's table, cell by cell.
pub fn rows(file: &str, name: &str) -> Vec<Vec<String>> {
    let document = std::fs::read_to_string(path(file)).unwrap();
    let (_, table, _) = around(&document, name);
    let cells = |line: &str| {
        let line = line.trim_start_matches("| ").trim_end_matches(" |");
        line.split(" | ").map(str::to_owned).collect()
    };
    table.lines().skip(2).map(cells).collect()
}

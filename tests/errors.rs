//! The codes of errors, as messages, logs and the ledger have them, and their page.

use onerow::error::EXPLAINED;

use crate::common::{Project, RULE, document};

#[test]
fn the_page_of_errors_explains_every_code() {
    let rows: Vec<Vec<String>> = EXPLAINED
        .iter()
        .map(|sort| {
            let texts = [sort.cause.to_owned(), sort.remedy.to_owned()];
            [format!("`{}`", sort.code), sort.exit.to_string()].into_iter().chain(texts).collect()
        })
        .collect();
    let table =
        document::markdown(&["code", "exit code", "what has happened", "what to do"], &rows);
    document::section("errors.md", "codes", &table);
}

#[test]
fn a_message_begins_with_its_code_and_a_line_of_the_log_has_it_as_a_field() {
    let project = Project::new(RULE);
    for (command, exit, code) in [
        ("status --bogus", 2, "usage"),
        ("status --date 2026-02-30", 2, "dates"),
        ("apply", 2, "dates"),
        ("status another --last 1", 2, "unknown-name"),
        ("log 20260101T000000Z-00000000", 1, "not-found"),
        ("status --last 1", 1, "not-found"),
        ("check --project-dir nowhere", 2, "no-project"),
    ] {
        let ended = project.onerow(command).exits(exit);
        assert!(ended.stderr.starts_with(&format!("error[{code}]: ")), "{ended}");
        let logged = project.onerow(&format!("{command} --log-format json"));
        if let Some(line) = logged.stderr.lines().last().filter(|line| line.starts_with('{')) {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(line["error_code"], code, "{logged}");
            assert_eq!(line["severity"], "ERROR", "{logged}");
        }
    }
}

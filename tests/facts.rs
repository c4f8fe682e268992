//! The page of facts about BigQuery: all of them are there, each with its verdict, and every test that it
//! names is one.

use std::collections::BTreeSet;
use std::path::Path;

use walkdir::WalkDir;

const PAGE: &str = include_str!("../docs/bigquery-facts.md");

/// How many facts each part has.
const PARTS: [(char, usize); 8] =
    [('A', 10), ('B', 18), ('C', 15), ('D', 10), ('E', 26), ('F', 8), ('G', 7), ('H', 4)];

/// The rows of all tables, as cells.
fn rows() -> Vec<Vec<&'static str>> {
    let lines = PAGE.lines().filter(|line| line.starts_with('|') && !line.starts_with("| ---"));
    lines.map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

fn facts() -> Vec<Vec<&'static str>> {
    rows().into_iter().filter(|row| row.len() == 5 && row[0] != "id").collect()
}

#[test]
fn every_fact_has_a_row_with_a_verdict() {
    let expected: Vec<String> = PARTS
        .iter()
        .flat_map(|(part, count)| (1..=*count).map(move |n| format!("{part}{n}")))
        .collect();
    let facts = facts();
    let found: Vec<&str> = facts.iter().map(|row| row[0]).collect();
    assert_eq!(found, expected);
    let verdicts = ["right", "mended", "gone", "said", "unverified", "open"];
    for row in &facts {
        assert!(verdicts.contains(&row[2]), "{row:?}");
        assert!(row[4] != "–" || row[2] != "mended", "what was mended has a test: {row:?}");
    }
}

/// What nobody has shown is tried by the live check.
#[test]
fn what_is_unverified_is_tried_on_a_real_project() {
    let live = include_str!("../docs/live-check.md");
    for row in facts().iter().filter(|row| row[2] == "unverified") {
        assert!(
            live.contains(&format!("\n| {} |", row[0])),
            "the live check does not try {}",
            row[0]
        );
    }
}

/// Situations that were once answered wrongly.
#[test]
fn every_situation_has_been_played() {
    let situations = rows().into_iter().filter(|row| row.len() == 3 && row[0] != "situation");
    let situations: Vec<_> = situations.collect();
    assert_eq!(situations.len(), 17);
    assert!(situations.iter().all(|row| row[2].starts_with('`')), "{situations:#?}");
}

#[test]
fn every_test_that_the_page_names_is_there() {
    let known = tests();
    let cells = rows().into_iter().filter(|row| row.len() == 5 || row.len() == 3);
    for row in cells {
        let Some(test) =
            row[row.len() - 1].strip_prefix('`').map(|test| test.trim_end_matches('`'))
        else {
            continue;
        };
        assert!(known.contains(test), "there is no test {test}");
    }
}

/// The names of all tests, as `cargo test` prints them, by the place of their files.
fn tests() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    for top in ["src", "tests"] {
        for file in WalkDir::new(root.join(top)).into_iter().map(Result::unwrap) {
            let path = file.path();
            if path.extension().is_none_or(|ending| ending != "rs") {
                continue;
            }
            let place = path.strip_prefix(root.join(top)).unwrap().with_extension("");
            let place: Vec<_> = place.iter().map(|part| part.to_str().unwrap()).collect();
            let mut module = place.join("::").trim_end_matches("::mod").to_owned();
            if top == "src" && !module.ends_with("::tests") {
                module.push_str("::tests");
            }
            let text = std::fs::read_to_string(path).unwrap();
            let after = text.split("#[test]\n").skip(1);
            let names = after.filter_map(|rest| rest.split("fn ").nth(1)?.split('(').next());
            found.extend(names.map(|name| format!("{module}::{name}")));
        }
    }
    found
}

//! The rooms of `src/`: each uses what is below it, and nothing above.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// From the bottom up. A room may use those of the lines above its own, and none beside it.
const FLOORS: &[&[&str]] = &[
    &["visible", "clock", "interrupt", "googlesql"],
    &["error"],
    &["window", "files"],
    &["statement", "partitions"],
    &["step"],
    &["removals"],
    &["rule"],
    &["template"],
    &["check", "project", "load", "schedule"],
    &["plan"],
    &["warehouse"],
    &["ledger", "propose"],
    &["run"],
    &["connection", "doctor", "review", "notify", "log"],
    &["engine"],
    &["suite", "dbt"],
    &["report"],
    &["serve"],
    &["cli"],
];

/// What only the engine may hold: the command line, the service and the tests of SQL call it.
const BELOW_THE_ENGINE: [&str; 5] =
    ["crate::connection", "crate::template::Renderer", "crate::warehouse", "Ledger", "Context"];

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// The rooms that a file names as `crate::room`, tests beside the code left out.
fn named(text: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in lines {
        for (at, name) in line.match_indices("crate::") {
            let rest = &line[at + name.len()..];
            let end = rest.find(|c: char| !c.is_ascii_lowercase() && c != '_');
            rooms.insert(rest[..end.unwrap_or(rest.len())].to_owned());
        }
    }
    rooms.remove("");
    rooms
}

/// The files of the code that is shipped, each with its room.
fn files() -> Vec<(String, String, String)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for entry in WalkDir::new(&source).sort_by_file_name() {
        let entry = entry.unwrap();
        let below = entry.path().strip_prefix(&source).unwrap().display().to_string();
        let name = below.replace('\\', "/");
        let is_test = ["/tests", "fuzzed", "template/bounded.rs"].iter().any(|t| name.contains(t));
        if !name.ends_with(".rs") || is_test || ["lib.rs", "main.rs"].contains(&name.as_str()) {
            continue;
        }
        let room = name.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
        files.push((name, room, fs::read_to_string(entry.path()).unwrap()));
    }
    files
}

#[test]
fn no_room_uses_one_above_it() {
    let mut upward = Vec::new();
    for (file, room, text) in files() {
        let own = floor(&room).unwrap_or_else(|| panic!("{room} is in no floor of this test"));
        let others = named(&text).into_iter().filter(|other| *other != room);
        for other in others.filter(|other| floor(other).is_none_or(|floor| floor >= own)) {
            upward.push(format!("{file} uses {other}"));
        }
    }
    assert!(upward.is_empty(), "uses a room that is not below:\n{}", upward.join("\n"));
}

#[test]
fn every_floor_is_there() {
    let rooms: BTreeSet<String> = files().into_iter().map(|(_, room, _)| room).collect();
    for room in FLOORS.iter().flat_map(|floor| *floor).filter(|room| **room != "googlesql") {
        assert!(rooms.contains(*room), "there is no room {room}");
    }
}

#[test]
fn only_the_engine_holds_what_a_run_works_with() {
    let above = |room: &str| ["cli", "serve", "suite"].contains(&room);
    for (file, _, text) in files().into_iter().filter(|(_, room, _)| above(room)) {
        for used in text.lines().filter(|line| line.contains("use crate::")) {
            let parts: Vec<&str> =
                used.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').collect();
            for forbidden in BELOW_THE_ENGINE {
                let is_path = forbidden.contains("::");
                let found = parts.iter().any(|part| match is_path {
                    true => part.trim_end_matches("::").starts_with(forbidden),
                    false => part.rsplit("::").next() == Some(forbidden),
                });
                assert!(!found, "{file}: `{used}`: call the engine instead");
            }
        }
    }
}

#[test]
fn a_renderer_and_a_context_are_made_in_one_place_each() {
    let made = |what: &str| -> Vec<String> {
        let holds = |text: &str| {
            text.lines().any(|line| {
                let line = line.trim_start();
                line.contains(what) && !line.starts_with("//") && !line.starts_with("pub struct")
            })
        };
        let found = files()
            .into_iter()
            .filter(|(_, _, text)| holds(text.split("#[cfg(test)]").next().unwrap_or_default()));
        found.map(|(file, ..)| file).collect()
    };
    assert_eq!(made("Context {"), ["engine/run.rs"]);
    // A review compares two versions, each with its own templates, and only ever counts.
    assert_eq!(made("Renderer::new("), ["engine/mod.rs", "review/impact.rs", "review/mod.rs"]);
}

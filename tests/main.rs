//! The tests of the whole program, in one binary: it is linked once. A new file needs its `mod` line
//! here, or in the `mod.rs` of its folder.

mod action;
mod active;
mod analyzer;
mod apply;
mod arguments;
mod bad_input;
mod bigquery;
mod browser;
mod changed;
mod check;
mod check_command;
mod command_line;
mod common;
mod consolidate;
mod crash_points;
mod crashes;
mod dbt;
mod deletions;
mod deploy;
mod disk_faults;
mod docs;
mod doctor;
mod errors;
mod explain;
mod facts;
mod faults;
mod forecast;
mod googlesql;
mod injection;
mod instructions;
mod invariants;
mod keys;
mod links;
mod local_days;
mod lowering;
mod memory;
mod merging;
mod messages;
mod names;
mod nested;
mod not_clean;
mod numbers;
mod packages;
mod presets;
mod propose;
mod put_together;
mod report_html;
mod review;
mod rooms;
mod row_id;
mod schedule;
mod secrets;
mod seed_case;
mod serve;
mod shapes;
mod shards;
mod shared;
mod snapshots;
mod standin;
mod steps;
mod strategies;
mod suite;
mod undo;
mod view;
mod ways_round;
mod webhooks;
mod whole_table;

#[path = "../examples/player_props/data.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod predictions;

#[test]
fn each_file_is_a_module() {
    let root = std::path::Path::new("tests");
    let files = walkdir::WalkDir::new(root).into_iter().map(|entry| entry.unwrap().into_path());
    let mut found = 0;
    for file in files.filter(|file| file.extension().is_some_and(|end| end == "rs")) {
        let (folder, name) = (file.parent().unwrap(), file.file_stem().unwrap().to_str().unwrap());
        let (folder, name) = match name {
            "main" => continue,
            "mod" => (folder.parent().unwrap(), folder.file_name().unwrap().to_str().unwrap()),
            name => (folder, name),
        };
        let main = root.join("main.rs");
        let parents = [folder.join("mod.rs"), folder.with_extension("rs")];
        let parent =
            if folder == root { &main } else { parents.iter().find(|p| p.exists()).unwrap() };
        let text = std::fs::read_to_string(parent).unwrap();
        let is_named = text.lines().any(|line| line.ends_with(&format!("mod {name};")));
        assert!(
            is_named,
            "{} is never compiled: {} does not name it",
            file.display(),
            parent.display()
        );
        found += 1;
    }
    assert!(found > 100, "{found}");
}

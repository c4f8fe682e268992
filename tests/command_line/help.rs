//! What `--help` shows, whole.

use std::path::Path;

use crate::common::{Ended, Project};

fn help(project: &Project, words: &[&str]) -> String {
    let output = project.command(words).env("COLUMNS", "100").output().unwrap();
    Ended::of(&words.join(" "), output).exits(0).stdout
}

/// The names of the commands, as the generated page of onerow lists them.
fn commands(project: &Project) -> Vec<String> {
    let listed = help(project, &["--help"]);
    let lines = listed.lines().skip_while(|line| !line.starts_with("Every day:"));
    let lines = lines.take_while(|line| !line.starts_with('`'));
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("    "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

fn compare(name: &str, text: String) {
    insta::with_settings!({
        snapshot_path => Path::new("snapshots"),
        prepend_module_to_snapshot => false,
        omit_expression => true,
    }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn the_commands_are_listed_in_groups() {
    compare("onerow", help(&Project::new(""), &["--help"]));
}

#[test]
fn the_help_of_every_command_is_as_it_was_read() {
    let project = Project::new("");
    let commands = commands(&project);
    assert_eq!(commands.len(), 24);
    let helps = commands.iter().map(|command| help(&project, &[command, "--help"]));
    compare("commands", helps.collect::<Vec<_>>().join("\n~~~\n\n"));
}

#[test]
fn no_help_has_sources_or_markup_of_the_code() {
    let project = Project::new("");
    for command in commands(&project) {
        for option in ["--help", "-h"] {
            let text = help(&project, &[&command, option]);
            for markup in ["Source:", "<http", "](", "Errors:", "# "] {
                let lines = text.lines().filter(|line| line.contains(markup));
                let found: Vec<&str> = lines.collect();
                assert!(found.is_empty(), "{command} {option} has {markup}: {found:?}");
            }
        }
    }
}

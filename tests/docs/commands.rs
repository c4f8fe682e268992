//! `docs/commands.md` has every command and every exit code.

use super::Page;
use crate::common::Project;

/// The commands that `onerow --help` lists.
fn commands(help: &str) -> Vec<&str> {
    let (listed, _) = help.split_once("\nOptions:").unwrap();
    // A long description goes on in lines that begin further in.
    let names = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names = names.map(|line| line.split_whitespace().next().unwrap());
    names.filter(|name| *name != "help").collect()
}

#[test]
fn the_page_of_commands_has_each_command_and_each_exit_code() {
    let page = Page::read("docs/commands.md");
    let help = Project::new("").onerow("--help").exits(0).stdout;
    let names = commands(&help);
    assert!(names.len() > 15, "{help}");
    for name in names {
        assert!(page.text.contains(&format!("`onerow {name}")), "docs/commands.md lacks {name}");
    }
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let codes = codes.split(',').map(|code| code.split_whitespace().next().unwrap());
    let codes: Vec<&str> = codes.filter(|code| code.parse::<u8>().is_ok()).collect();
    assert!(codes.len() > 5, "{help}");
    for code in codes {
        assert!(page.text.contains(&format!("\n| {code} |")), "docs/commands.md lacks {code}");
    }
}

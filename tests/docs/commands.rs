//! `docs/commands.md` has every command and every exit code.

use super::Page;
use crate::common::Project;

#[test]
fn the_page_of_commands_has_each_command_and_each_exit_code() {
    let page = Page::read("docs/commands.md");
    let help = Project::new("").onerow("--help").exits(0).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names = commands.lines().take_while(|line| !line.is_empty());
    // A long description goes on in lines that begin further in.
    let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<&str> = names.map(|line| line.split_whitespace().next().unwrap()).collect();
    assert!(names.len() > 15, "{help}");
    for name in names.into_iter().filter(|name| *name != "help") {
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

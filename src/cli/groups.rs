//! The commands as `onerow --help` lists them: in groups, each with the first line of its own help.

use std::fmt::Write as _;

use clap::Command;

/// Each command is in one group.
pub(super) const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Every day",
        &["status", "plan", "explain", "apply", "consolidate", "run", "undo", "log", "report"],
    ),
    ("Reviewing", &["render", "check", "test", "fmt", "review"]),
    ("Setting up", &["init", "try", "load", "doctor", "view", "schema", "completions", "man"]),
    ("Serving", &["serve", "schedule"]),
];

/// No line is longer.
pub(super) const WIDTH: usize = 100;

/// The command whose help lists its commands in groups.
pub(super) fn grouped(command: Command) -> Command {
    let styles = command.get_styles();
    let (header, literal) = (*styles.get_header(), *styles.get_literal());
    let names = GROUPS.iter().flat_map(|(_, names)| *names);
    let column = names.map(|name| name.len()).max().unwrap_or_default() + 4;
    let mut text = String::new();
    for (title, names) in GROUPS {
        let _ = writeln!(text, "{header}{title}:{header:#}");
        for command in names.iter().filter_map(|name| command.find_subcommand(name)) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let about = wrapped(&about, WIDTH - column).join(&format!("\n{:column$}", ""));
            let name = command.get_name();
            let space = column - 2 - name.len();
            let _ = writeln!(text, "  {literal}{name}{literal:#}{:space$}{about}", "");
        }
        text.push('\n');
    }
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{text}\
         `onerow COMMAND --help` shows its options, with examples.\n\n\
         {header}Options:{header:#}\n{{options}}{{after-help}}"
    );
    command.help_template(template)
}

/// Lines of whole words, each no longer than this where a word is not.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn each_command_is_in_one_group() {
        let command = super::super::Cli::command();
        let mut grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        let mut known: Vec<&str> = command.get_subcommands().map(Command::get_name).collect();
        grouped.sort_unstable();
        known.sort_unstable();
        assert_eq!(grouped, known);
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        assert_eq!(wrapped("ab cd  ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrapped("abcdefgh ij", 5), ["abcdefgh", "ij"]);
        assert!(wrapped("", 5).is_empty());
    }
}

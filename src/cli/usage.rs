//! What is wrong with a command line, in our words, with the nearest name that there is.

use std::ffi::OsString;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Kind, did_you_mean, nearest};

/// What is wrong, or `None` where clap's own words say it well.
pub(super) fn explained(
    error: &clap::Error,
    onerow: &Command,
    arguments: &[OsString],
) -> Option<Error> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let command = called(onerow, arguments);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text(ContextKind::InvalidSubcommand)?;
            let names = onerow.get_subcommands().map(Command::get_name);
            let help = match nearest(name, names) {
                Some(command) => format!("did you mean `onerow {command}`?"),
                None => "`onerow --help` lists the commands".to_owned(),
            };
            Some(usage(format!("there is no command `{name}`"), help))
        }
        ErrorKind::UnknownArgument => Some(unknown(text(ContextKind::InvalidArg)?, command)),
        ErrorKind::InvalidValue => {
            let argument = text(ContextKind::InvalidArg)?;
            let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else {
                return None;
            };
            let name = argument.split([' ', '=']).next().unwrap_or(argument);
            let name = name.trim_matches(['<', '>', '[', ']', '.']);
            let value = text(ContextKind::InvalidValue).unwrap_or_default();
            let values = values.iter().map(String::as_str);
            if value.is_empty() {
                let values: Vec<&str> = values.collect();
                let help = format!("give it one of {}", values.join(", "));
                return Some(usage(format!("{name} has no value"), help));
            }
            let from = variable(name, value, command)
                .map(|variable| format!(", which is set by {variable}"))
                .unwrap_or_default();
            let message = format!("`{value}` is not a value of {name}{from}");
            Some(usage(message, did_you_mean(value, values)))
        }
        _ => None,
    }
}

fn usage(message: String, help: String) -> Error {
    Error::new(Kind::Usage, message).help(help)
}

/// The command that is called, or onerow where none is.
fn called<'c>(onerow: &'c Command, arguments: &[OsString]) -> &'c Command {
    let words = arguments.iter().skip(1).filter_map(|word| word.to_str());
    words.filter_map(|word| onerow.find_subcommand(word)).next().unwrap_or(onerow)
}

fn unknown(argument: &str, command: &Command) -> Error {
    let own = match command.get_name() {
        "onerow" => "onerow".to_owned(),
        name => format!("onerow {name}"),
    };
    if !argument.starts_with('-') {
        let message = format!("`{own}` takes no argument `{argument}`");
        return usage(message, format!("`{own} --help` shows what it takes"));
    }
    let option = argument.split('=').next().unwrap_or(argument);
    let long = option.trim_start_matches('-');
    if command.get_arguments().any(|known| known.get_long() == Some(long)) {
        let message = format!("`{option}` is an option of `{own}`, and stands before it");
        return usage(message, format!("write it after the command: {own} {option} …"));
    }
    if option == "--format" {
        let message = format!("`{own}` has no {option}: what it writes has one form");
        return usage(message, format!("leave {option} out"));
    }
    let known = command.get_arguments().filter_map(|argument| argument.get_long());
    let near = option.strip_prefix("--").and_then(|name| nearest(name, known));
    let help = match near {
        Some(name) => format!("did you mean `--{name}`?"),
        None => format!("`{own} --help` lists its options"),
    };
    usage(format!("`{own}` has no option `{option}`"), help)
}

/// The environment variable that has given an option this value.
fn variable(option: &str, value: &str, command: &Command) -> Option<String> {
    let long = option.strip_prefix("--")?;
    let argument = command.get_arguments().find(|argument| argument.get_long() == Some(long))?;
    let variable = argument.get_env()?;
    let is_it = std::env::var(variable).is_ok_and(|set| set == value);
    is_it.then(|| variable.to_string_lossy().into_owned())
}

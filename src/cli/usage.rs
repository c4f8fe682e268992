//! What is wrong with a command line, in our words, with the nearest name that there is.

use std::error::Error as _;
use std::ffi::OsString;
use std::net::AddrParseError;
use std::num::{IntErrorKind, ParseIntError};

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::error::{Error, Kind, did_you_mean, nearest};

/// What is wrong, or `None` where clap's own words say it well.
pub(super) fn explained(
    error: &clap::Error,
    onerow: &Command,
    arguments: &[OsString],
) -> Option<Error> {
    let command = called(onerow, arguments);
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let name = text(error, ContextKind::InvalidSubcommand)?;
            let names = onerow.get_subcommands().map(Command::get_name);
            let help = match nearest(name, names) {
                Some(command) => format!("did you mean `onerow {command}`?"),
                None => "`onerow --help` lists the commands".to_owned(),
            };
            Some(usage(format!("there is no command `{name}`"), help))
        }
        ErrorKind::UnknownArgument => Some(unknown(text(error, ContextKind::InvalidArg)?, command)),
        ErrorKind::InvalidValue => not_among(error, command),
        ErrorKind::ValueValidation => unreadable(error, command),
        ErrorKind::MissingRequiredArgument => {
            let missing = texts(error, ContextKind::InvalidArg);
            let are = if missing.len() == 1 { "is" } else { "are" };
            let message = format!("{} {are} missing", quoted(&missing, " and "));
            Some(usage(message, format!("`{} --help` has examples", own(command))))
        }
        ErrorKind::ArgumentConflict => conflict(error),
        _ => None,
    }
}

/// A value that is missing, or not one of those that an option knows.
fn not_among(error: &clap::Error, command: &Command) -> Option<Error> {
    let argument = text(error, ContextKind::InvalidArg)?;
    let Some(ContextValue::Strings(values)) = error.get(ContextKind::ValidValue) else {
        return None;
    };
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    if value.is_empty() {
        let help = match values.is_empty() {
            true => format!("write it as `{argument}`"),
            false => format!("give it one of {}", values.join(", ")),
        };
        return Some(usage(format!("{} has no value", name(argument)), help));
    }
    let values = values.iter().map(String::as_str);
    Some(usage(no_value(value, argument, command), did_you_mean(value, values)))
}

/// A value that cannot be read. Values of our own types say what is wrong with them.
fn unreadable(error: &clap::Error, command: &Command) -> Option<Error> {
    let cause = error.source().filter(|cause| !cause.is::<Error>())?;
    let argument = text(error, ContextKind::InvalidArg)?;
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    Some(usage(no_value(value, argument, command), form(cause)))
}

/// Options that do not go together, or one that is given more than once.
fn conflict(error: &clap::Error) -> Option<Error> {
    let [argument] = texts(error, ContextKind::InvalidArg).try_into().ok()?;
    let prior = texts(error, ContextKind::PriorArg);
    if prior.contains(&argument) {
        let message = format!("`{argument}` is given more than once");
        return Some(usage(message, "give it once".to_owned()));
    }
    let prior = Some(quoted(&prior, ", ")).filter(|prior| !prior.is_empty())?;
    let message = format!("`{argument}` cannot be used with {prior}");
    Some(usage(message, format!("leave out `{argument}` or {prior}")))
}

/// That an argument does not take this value, with the environment variable that has given it, if one has.
fn no_value(value: &str, argument: &str, command: &Command) -> String {
    let name = name(argument);
    let from = variable(name, value, command)
        .map(|variable| format!(", which is set by {variable}"))
        .unwrap_or_default();
    format!("`{value}` is not a value of {name}{from}")
}

/// The name of an argument that clap shows with its value.
fn name(argument: &str) -> &str {
    let name = argument.split([' ', '=']).next().unwrap_or(argument);
    name.trim_matches(['<', '>', '[', ']', '.'])
}

fn quoted(names: &[String], between: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(between)
}

/// How a value is written that could not be read.
fn form(cause: &(dyn std::error::Error + 'static)) -> String {
    if let Some(cause) = cause.downcast_ref::<ParseIntError>() {
        return match cause.kind() {
            IntErrorKind::Zero => "write 1 or more".to_owned(),
            _ => "write a whole number".to_owned(),
        };
    }
    if cause.is::<AddrParseError>() {
        return "write an address and a port, such as 127.0.0.1:8080".to_owned();
    }
    let said = cause.to_string();
    let range = said.split_once(" is not in ").and_then(|(_, range)| range.split_once("..="));
    match (range, said.as_str()) {
        (Some((first, last)), _) => format!("write a number from {first} to {last}"),
        (None, "value was not a boolean") => "write true or false".to_owned(),
        (None, other) => other.to_owned(),
    }
}

/// The one text that clap has of this kind.
fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text),
        _ => None,
    }
}

/// The texts that clap has of this kind, one or several.
fn texts(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => vec![text.clone()],
        Some(ContextValue::Strings(texts)) => texts.clone(),
        _ => Vec::new(),
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

/// How the command is called.
fn own(command: &Command) -> String {
    match command.get_name() {
        "onerow" => "onerow".to_owned(),
        name => format!("onerow {name}"),
    }
}

fn unknown(argument: &str, command: &Command) -> Error {
    let own = own(command);
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

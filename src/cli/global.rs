//! Options of every command that are about its messages.

use std::ffi::OsString;

use clap::ValueEnum;
use clap::builder::BoolishValueParser;

use crate::log::LogFormat;

/// The heading in `--help` of what may stand before and after the command.
pub(super) const GLOBAL_OPTIONS: &str = "Global options";

/// How messages and results are shown.
#[derive(Debug, Clone, Copy, Default, clap::Args)]
pub(super) struct Messages {
    /// Leave out notes and progress on stderr; errors and results stay
    #[arg(
        short,
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        env = "ONEROW_QUIET",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub quiet: bool,
    /// Log each statement to stderr
    #[arg(
        short,
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        env = "ONEROW_VERBOSE",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub verbose: bool,
    /// Show every date in tables of many dates, not only those that need attention
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        env = "ONEROW_FULL",
        hide_env_values = true,
        value_parser = BoolishValueParser::new()
    )]
    pub full: bool,
    /// Whether colours are used; NO_COLOR counts for `auto`
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        env = "ONEROW_COLOR",
        hide_env_values = true
    )]
    pub color: Color,
    /// How messages on stderr are written; `json` is what Cloud Logging reads
    #[arg(
        long,
        global = true,
        help_heading = GLOBAL_OPTIONS,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        env = "ONEROW_LOG_FORMAT",
        hide_env_values = true
    )]
    pub log_format: LogFormat,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Color {
    /// Where a terminal shows them, and NO_COLOR is not set.
    #[default]
    Auto,
    /// In files and pipes too.
    Always,
    /// Nowhere.
    Never,
}

impl Messages {
    /// What these arguments ask for, before they are parsed as a whole: so are the errors shown that they hold.
    pub fn looked_up(arguments: &[OsString]) -> Self {
        Self {
            color: looked_up(arguments, "--color", "ONEROW_COLOR"),
            log_format: looked_up(arguments, "--log-format", "ONEROW_LOG_FORMAT"),
            ..Self::default()
        }
    }
}

fn looked_up<T: ValueEnum + Default>(arguments: &[OsString], option: &str, variable: &str) -> T {
    let value = value_of(arguments, option, variable);
    value.and_then(|value| T::from_str(&value, false).ok()).unwrap_or_default()
}

/// The last value of an option in a command line that is not parsed, or else of its variable.
pub(super) fn value_of(arguments: &[OsString], option: &str, variable: &str) -> Option<String> {
    let words: Vec<&str> = arguments.iter().map(|word| word.to_str().unwrap_or_default()).collect();
    // From the end on.
    let mut places = words.iter().enumerate().rev();
    let given = places.find_map(|(i, word)| match word.strip_prefix(option)? {
        "" => words.get(i + 1).copied(),
        within => within.strip_prefix('='),
    });
    let given = given.map(str::to_owned);
    given.or_else(|| std::env::var(variable).ok()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_value_counts_however_it_is_written() {
        let value = |words: &str| {
            let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
            value_of(&words, "--color", "ONEROW_NO_SUCH_VARIABLE")
        };
        assert_eq!(value("onerow --color never plan --color=always").as_deref(), Some("always"));
        assert_eq!(value("onerow --color=always plan --color never").as_deref(), Some("never"));
        assert_eq!(value("onerow --colorful=x plan"), None);
        assert_eq!(value("onerow plan --color"), None);
    }
}

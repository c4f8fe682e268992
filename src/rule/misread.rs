//! Messages of the TOML parser and serde, reworded for users.

use crate::error::did_you_mean;

/// What is wrong, and what to do about it.
type Reworded = (String, String);

/// The error of a file with this text. `None` where its message is onerow's own.
pub(super) fn reworded(text: &str, error: &toml::de::Error) -> Option<Reworded> {
    if toml::de::DeTable::parse(text).is_err() {
        return Some(not_toml(error.message()));
    }
    if let Some((value, known)) = unknown(error.message(), "variant") {
        let key = error.span().and_then(|span| key_before(text, span.start));
        let of = key.map_or_else(String::new, |key| format!(" of `{key}`"));
        return Some((format!("`{value}` is not a value{of}"), did_you_mean(value, known)));
    }
    if let Some((key, known)) = unknown(error.message(), "field") {
        return Some((format!("unknown key `{key}`"), did_you_mean(key, known)));
    }
    let at = error.span().and_then(|span| text.get(span)).unwrap_or_default();
    match error.message() {
        // Said of one of several words, such as a strategy.
        "wanted string or table" => {
            Some(("this value must be text".to_owned(), "write it in quotes: \"…\"".to_owned()))
        }
        message => not_a_value(message, at),
    }
}

/// A text that is not TOML.
fn not_toml(message: &str) -> Reworded {
    let quotes = ["float", "boolean", "quoted", "integer", "nan"];
    let help = match quotes.iter().any(|word| message.contains(word)) {
        true => "text goes in quotes: \"…\"",
        false => "close each bracket and each quote, and write one `key = value` a line",
    };
    (format!("this is not TOML: {}", one_line(message)), help.to_owned())
}

/// A value, or a section, that is TOML and not what it should be. `None` where the message is onerow's own.
fn not_a_value(message: &str, value: &str) -> Option<Reworded> {
    if let Some(key) = message.strip_prefix("missing field ") {
        let help = "add it to this section; docs/rules.md describes every key";
        return Some((format!("{key} is missing here"), help.to_owned()));
    }
    let mistake = message.strip_prefix("invalid type: ")?;
    let (found, wanted) = mistake.rsplit_once(", expected ")?;
    let (wanted, help) = match wanted {
        "a sequence" => ("a list", "write a list: [\"…\", \"…\"]"),
        "a string" => ("text", "write it in quotes: \"…\""),
        "a boolean" => ("true or false", "write true or false, without quotes"),
        "a map" => ("a section", "write a section of its own, such as [rule.NAME.columns]"),
        wanted if wanted.starts_with("struct ") => {
            ("a section", "write a section of its own, such as [rule.NAME]")
        }
        wanted if ["u8", "u16", "u32", "u64", "i32", "i64"].contains(&wanted) => {
            ("a whole number", "write a whole number, without quotes")
        }
        "f64" => ("a number", "write a number, without quotes"),
        wanted => (wanted, "docs/rules.md describes every key"),
    };
    let found = match found.split(' ').next().unwrap_or(found) {
        "string" => "text",
        "sequence" => "a list",
        // TOML's dates reach serde as maps.
        "map" if value.starts_with(|c: char| c.is_ascii_digit()) => "a date without quotes",
        "map" => "a section",
        "integer" => "a whole number",
        "floating" => "a number",
        "boolean" => "true or false",
        _ => found,
    };
    Some((format!("this is {found}, and it must be {wanted}"), help.to_owned()))
}

/// The word of this kind that serde does not know, and those that it does.
fn unknown<'m>(message: &'m str, kind: &str) -> Option<(&'m str, Vec<&'m str>)> {
    let rest = message.strip_prefix("unknown ")?.strip_prefix(kind)?.strip_prefix(" `")?;
    let (value, known) = rest.split_once("`, expected ")?;
    let known = known.split('`').skip(1).step_by(2).collect();
    Some((value, known))
}

/// The key of the value that begins here.
fn key_before(text: &str, value: usize) -> Option<&str> {
    let before = text.get(..value)?.trim_end_matches(['"', '\'']).trim_end().strip_suffix('=')?;
    let before = before.trim_end();
    let key = before.rsplit(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-')).next()?;
    (!key.is_empty()).then_some(key)
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_says_is_said_in_words_of_rules() {
        let said = |message| not_a_value(message, "").map(|(message, _)| message);
        assert_eq!(said("missing field `key`").as_deref(), Some("`key` is missing here"));
        let list = "invalid type: string \"a, b\", expected a sequence";
        assert_eq!(said(list).as_deref(), Some("this is text, and it must be a list"));
        let number = "invalid type: string \"3\", expected u32";
        assert_eq!(said(number).as_deref(), Some("this is text, and it must be a whole number"));
        let date = not_a_value("invalid type: map, expected a string", "2026-01-30");
        let date = date.map(|(message, _)| message);
        assert_eq!(date.as_deref(), Some("this is a date without quotes, and it must be text"));
        assert_eq!(said("`90x` is not a duration"), None, "that is onerow's own");
    }
}

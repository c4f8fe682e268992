//! Messages of the TOML parser and serde, reworded for users.

/// The problem and the fix.
pub(super) type Reworded = (String, String);

/// The text is not TOML.
pub(super) fn not_toml(message: &str) -> Reworded {
    let quotes = ["float", "boolean", "quoted", "integer", "nan"];
    let help = match quotes.iter().any(|word| message.contains(word)) {
        true => "text goes in quotes: \"…\"",
        false => "close each bracket and each quote, and write one `key = value` a line",
    };
    (format!("this is not TOML: {}", one_line(message)), help.to_owned())
}

/// The value or section is TOML but invalid. `None` if the message is onerow's own.
pub(super) fn not_a_value(message: &str) -> Option<Reworded> {
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
        "map" => "a section",
        "integer" => "a whole number",
        "floating" => "a number",
        "boolean" => "true or false",
        _ => found,
    };
    Some((format!("this is {found}, and it must be {wanted}"), help.to_owned()))
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_serde_says_is_said_in_words_of_rules() {
        let said = |message| not_a_value(message).map(|(message, _)| message);
        assert_eq!(said("missing field `key`").as_deref(), Some("`key` is missing here"));
        let list = "invalid type: string \"a, b\", expected a sequence";
        assert_eq!(said(list).as_deref(), Some("this is text, and it must be a list"));
        let number = "invalid type: string \"3\", expected u32";
        assert_eq!(said(number).as_deref(), Some("this is text, and it must be a whole number"));
        assert_eq!(said("`90x` is not a duration"), None, "that is onerow's own");
    }
}

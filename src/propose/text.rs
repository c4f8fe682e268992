//! A proposal as text of a rule file.

use std::fmt::Write as _;

use toml::Value as Toml;

use super::{Proposal, Setting, Value};

/// The width of a comment.
const WIDTH: usize = 100;

/// The first line of a rule file, which tells editors its schema: the file of this name beside it.
/// Source: <https://taplo.tamasfe.dev/configuration/directives.html#the-schema-directive>
pub fn schema_line(file: &str) -> String {
    format!("#:schema ./{file}\n")
}

impl Proposal {
    /// The section of the rule file, with a comment above each setting.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            comment(&mut text, note);
        }
        let _ = writeln!(text, "[rule.{}]", self.name);
        for setting in &self.settings {
            setting_text(&mut text, setting);
        }
        let _ = writeln!(text, "\n[rule.{}.columns]", self.name);
        for (column, of) in &self.columns {
            let _ = writeln!(text, "{} = {}", toml_key(column.as_str()), quoted(of));
        }
        text
    }

    /// The settings that only a person can tell to be right.
    pub fn guesses(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter().filter(|setting| setting.look)
    }

    /// The value of a setting, as the rule file writes it; `None` if the rule does not have it.
    pub fn value(&self, name: &str) -> Option<String> {
        let setting = self.settings.iter().find(|setting| setting.name == name)?;
        Some(setting.value.toml())
    }

    /// The text of a setting; `None` if the rule does not have it, or it is a list.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        match &self.settings.iter().find(|setting| setting.name == name)?.value {
            Value::Text(text) => Some(text),
            Value::List(_) | Value::Flag(_) => None,
        }
    }
}

impl Value {
    /// The value as the rule file writes it.
    pub fn toml(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(list) => {
                let list: Vec<String> = list.iter().map(|text| quoted(text)).collect();
                format!("[{}]", list.join(", "))
            }
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

fn setting_text(text: &mut String, Setting { name, value, why, look }: &Setting) {
    if !why.is_empty() {
        let marked = if *look { format!("guess: {why}") } else { why.clone() };
        comment(text, &marked);
    }
    let _ = writeln!(text, "{name} = {}", value.toml());
}

/// A text as TOML writes it.
pub(crate) fn quoted(text: &str) -> String {
    Toml::String(text.to_owned()).to_string()
}

/// A key of TOML, in quotes if it needs them.
pub(crate) fn toml_key(name: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    match !name.is_empty() && name.chars().all(is_bare) {
        true => name.to_owned(),
        false => quoted(name),
    }
}

/// Comment lines of this sentence. Control characters would end a line, or be refused by TOML.
fn comment(text: &mut String, sentence: &str) {
    let mut line = String::from("#");
    for word in sentence.split(|c: char| c.is_whitespace() || c.is_control()) {
        if line.chars().count() + word.chars().count() >= WIDTH && line.len() > 1 {
            let _ = writeln!(text, "{line}");
            line = String::from("#");
        }
        line.push(' ');
        line.push_str(word);
    }
    let _ = writeln!(text, "{line}");
}

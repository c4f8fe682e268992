//! The text of a rule file: every line with the reason for it.

use std::fmt::Write as _;

use super::manifest::Manifest;
use super::proposed::{Proposed, Setting, Value};
use super::source::Found;
use crate::propose::{quoted, toml_key};
use crate::rule::WarehouseName;
use crate::visible::visible_line;

/// The widest line that a note stays on.
const WIDTH: usize = 118;
/// Where notes begin.
const NOTES: usize = 44;

/// The whole file.
pub(super) fn file(
    manifest: &Manifest,
    has_catalog: bool,
    warehouse: &WarehouseName,
    found: &Found,
) -> String {
    let metadata = &manifest.metadata;
    let project = metadata.project_name.as_deref().unwrap_or("without a name");
    let of = metadata.dbt_version.as_deref().map_or(String::new(), |of| format!(" (dbt {of})"));
    let mut text = String::new();
    comment(
        &mut text,
        &format!("Rules from the dbt project {project}{of}, by `onerow init --dbt`."),
    );
    comment(
        &mut text,
        "Each line says where it is from. `guess` marks what dbt does not say: look at these before the first `apply`.",
    );
    if !has_catalog {
        comment(
            &mut text,
            "The types of columns are those in dbt's properties files. With `target/catalog.json` (`dbt docs generate`) they \
             are the tables' own.",
        );
    }
    text.push('\n');
    text.push_str(&warehouses(warehouse.as_str(), found.project.as_deref()));
    for proposed in &found.rules {
        text.push('\n');
        text.push_str(&rule(proposed));
    }
    if !found.left_out.is_empty() {
        text.push('\n');
        comment(&mut text, "Left out:");
        for left in &found.left_out {
            comment(&mut text, &format!("- {left}"));
        }
    }
    text
}

fn warehouses(name: &str, project: Option<&str>) -> String {
    let project = project.unwrap_or("my-project");
    let local = if name == "local" { "file" } else { "local" };
    format!(
        "default_warehouse = {}\n\n\
         [warehouse.{name}]\n\
         type = \"bigquery\"\n\
         project = {}\n\
         ledger = \"onerow.ledger\"    # guess: a dataset of onerow's own, which has to be there\n\
         # location = \"us-west2\"    # dbt's manifest does not say it; may be left out in the US and EU multi-regions\n\n\
         # A file beside the project, for tests of SQL.\n\
         [warehouse.{local}]\n\
         type = \"sqlite\"\n\
         path = \".onerow/local.db\"\n",
        quoted(name),
        quoted(project)
    )
}

/// A rule by itself.
pub(super) fn rule(rule: &Proposed) -> String {
    let mut text = String::new();
    rule.remarks.iter().for_each(|remark| comment(&mut text, remark));
    let name = if rule.name.is_empty() { "rule" } else { &rule.name };
    let _ = writeln!(text, "[rule.{name}]");
    rule.settings.iter().for_each(|setting| line(&mut text, setting));
    if rule.columns.is_empty() {
        return text;
    }
    text.push('\n');
    comment(
        &mut text,
        match rule.complete {
            true => "From dbt's catalog.",
            false => "From dbt's properties files, which need not have all columns.",
        },
    );
    let _ = writeln!(text, "[rule.{name}.columns]");
    for (column, of) in &rule.columns {
        let _ = writeln!(text, "{} = {}", toml_key(column), quoted(of));
    }
    text
}

fn line(text: &mut String, setting: &Setting) {
    let value = match &setting.value {
        Value::One(value) => quoted(value),
        Value::List(values) => {
            let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
            format!("[{}]", values.join(", "))
        }
    };
    let code = format!("{} = {value}", setting.key);
    let note = visible_line(&setting.note);
    let width = code.chars().count().max(NOTES - 2) + 4 + note.chars().count();
    match (note.is_empty(), width <= WIDTH) {
        (true, _) => text.push_str(&code),
        (false, true) => {
            let _ = write!(text, "{code:<at$}  # {note}", at = NOTES - 2);
        }
        (false, false) => {
            comment(text, &note);
            text.push_str(&code);
        }
    }
    text.push('\n');
}

/// A comment, wrapped between words.
fn comment(text: &mut String, sentence: &str) {
    let sentence = visible_line(sentence);
    let within = if sentence.starts_with("- ") { "  " } else { "" };
    let mut width = 0;
    for word in sentence.split_whitespace() {
        let length = word.chars().count() + 1;
        if width == 0 || width + length > WIDTH {
            if width > 0 {
                text.push('\n');
            }
            text.push('#');
            text.push_str(if width > 0 { within } else { "" });
            width = 1;
        }
        text.push(' ');
        text.push_str(word);
        width += length;
    }
    text.push('\n');
}

/// Whether dbt would read a part of the text as Jinja.
pub(super) fn has_jinja(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|begins| text.contains(begins))
}

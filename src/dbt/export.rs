//! A rule as files of a dbt project: the read-side view as a model, with its test, and a test of the table.

use std::fmt::Write as _;

use sqlparser::tokenizer::{Location, Token};

use super::jinja::{Marks, escaped};
use super::{dates, text};
use crate::engine::{Engine, Task};
use crate::error::{Error, Kind, Result};
use crate::googlesql;
use crate::rule::Rule;
use crate::statement::StepName;

/// The files of a rule, by their paths in the dbt project.
#[derive(Debug)]
pub(crate) struct Exported {
    /// The name of the model.
    pub model: String,
    /// Paths and texts.
    pub files: Vec<(String, String)>,
}

/// What each file says in its first line. A file with this word is written again.
pub(crate) const WRITTEN_BY: &str = "Written by `onerow view show";

/// The files of a rule.
///
/// # Errors
/// The rule has no view, or a template does not render.
pub(crate) fn exported(engine: &Engine, rule: &Rule) -> Result<Exported> {
    let source = Source::of(rule);
    let task = Task::Step(StepName::parse(StepName::CURRENT)?);
    let plan = engine.plan(rule, &task, &dates::any(rule)?)?;
    let sql: String = plan.statements().map(|statement| statement.sql.as_str()).collect();
    let model = rule.view.table().to_owned();
    let files = vec![
        (format!("models/{model}.sql"), model_file(rule, &source, &sql)?),
        (format!("models/{model}.yml"), properties(rule, &source, &model)),
        (format!("tests/{}_is_unique.sql", source.word), test_file(engine, rule, &source)?),
    ];
    Ok(Exported { model, files })
}

/// The table, as a source of dbt. Its name is the rule's: a project may have a source of the dataset's name.
struct Source {
    word: String,
    call: String,
}

impl Source {
    fn of(rule: &Rule) -> Self {
        let word = rule.name.as_str().replace('-', "_");
        let call = format!("source('onerow_{word}', '{}')", rule.table.table());
        Self { word, call }
    }
}

fn first_line(rule: &Rule) -> String {
    format!("{WRITTEN_BY} {} --dbt`: after a change of the rule, write it again.", rule.name)
}

fn model_file(rule: &Rule, source: &Source, sql: &str) -> Result<String> {
    let mut marks = Marks::default();
    let sql = with_source(rule, source, sql, &mut marks)?;
    Ok(format!("{{# {} #}}\n{{{{ config(materialized='view') }}}}\n\n{sql}", first_line(rule),))
}

fn test_file(engine: &Engine, rule: &Rule, source: &Source) -> Result<String> {
    let mut marks = Marks::default();
    let (filter, around) = dates::filters(rule, &mut marks);
    let sql = engine.superseded(rule, &filter, &around)?;
    let sql = with_source(rule, source, &sql, &mut marks)?;
    let dates = match rule.partition.is_whole() {
        true => "of the whole table".to_owned(),
        false => format!(
            "of the last {} dates; `--vars '{{onerow_days: 30}}'`, or onerow_from and onerow_to, name others",
            dates::DAYS
        ),
    };
    Ok(format!(
        "{{# {}\n   It returns the duplicates {dates}. NULL is a key like any other.\n   Where it \
         fails, `dbt build` leaves out what reads the table, the view too: `--vars '{{onerow_severity: warn}}'`. #}}\n\
         {{{{ config(severity=var('onerow_severity', 'error')) }}}}\n{}\n{sql}",
        first_line(rule),
        dates::variables(rule),
    ))
}

/// The SQL as Jinja, with the table read through `source()`, so that dbt knows what it depends on.
fn with_source(rule: &Rule, source: &Source, sql: &str, marks: &mut Marks) -> Result<String> {
    let wrong = |problem: &str| {
        Error::new(Kind::Internal, format!("the SQL of rule {}: {problem}", rule.name))
    };
    let mark = marks.of(&source.call);
    let tokens = googlesql::tokens(sql).map_err(|error| wrong(&error.to_string()))?;
    let name = rule.table.dotted();
    let is_table = |token: &Token| match token {
        Token::Word(word) => word.quote_style == Some('`') && word.value == name,
        _ => false,
    };
    let mut text = String::with_capacity(sql.len());
    let mut from = 0;
    for token in tokens.iter().filter(|token| is_table(&token.token)) {
        let (start, end) = (offset(sql, token.span.start), offset(sql, token.span.end));
        text.push_str(sql.get(from..start).unwrap_or_default());
        text.push(mark);
        from = end;
    }
    match from {
        0 => Err(wrong("it does not read the table")),
        from => {
            text.push_str(sql.get(from..).unwrap_or_default());
            Ok(marks.in_jinja(&text))
        }
    }
}

/// The bytes before a place of the tokenizer, which counts lines and characters from 1.
fn offset(sql: &str, at: Location) -> usize {
    let lines = usize::try_from(at.line).unwrap_or(1);
    let start: usize = sql.split_inclusive('\n').take(lines.saturating_sub(1)).map(str::len).sum();
    let columns = usize::try_from(at.column).unwrap_or(1).saturating_sub(1);
    let rest = sql.get(start..).unwrap_or_default();
    start + rest.chars().take(columns).map(char::len_utf8).sum::<usize>()
}

/// The source, and the model with its test. Strings are written as in JSON, which YAML reads.
fn properties(rule: &Rule, source: &Source, model: &str) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let key = rule.key.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut yml = format!(
        "# {}\n# Where a model of this project makes the table, write ref('its_name') for {} in both .sql files, and remove\n\
         # `sources`.\nversion: 2\n\nsources:\n  - name: {}\n",
        first_line(rule),
        source.call,
        json(&format!("onerow_{}", source.word)),
    );
    if let Some(project) = rule.table.project() {
        let _ = writeln!(yml, "    database: {}", json(project));
    }
    let _ = writeln!(yml, "    schema: {}", json(rule.table.dataset()));
    let _ = writeln!(yml, "    tables:\n      - name: {}", json(rule.table.table()));
    let of = if rule.partition.is_whole() { "" } else { " and date" };
    let about = format!(
        "The row that stays of each key ({}){of} of {}, by rule {} of onerow.",
        key.join(", "),
        rule.table.dotted(),
        rule.name
    );
    let _ = writeln!(yml, "\nmodels:\n  - name: {}", json(model));
    let _ = writeln!(yml, "    description: {}", json(&escaped(&about)));
    yml.push_str(&test_of_view(rule, model, key));
    yml
}

/// dbt's own `unique`, over a text that is never NULL. It is restricted as the test of the table is.
fn test_of_view(rule: &Rule, model: &str, mut key: Vec<String>) -> String {
    let json = |text: &str| serde_json::Value::from(text).to_string();
    let last = match rule.partition.is_whole() {
        true => None,
        false => match dates::of_view(rule) {
            None => return "    # The view has no column with the date of arrival, by which a test could be restricted.\n".to_owned(),
            Some((date, condition)) => {
                key.insert(0, date);
                Some(condition)
            }
        },
    };
    let unique = format!(
        "TO_JSON_STRING([{}])",
        key.iter().map(|key| format!("TO_JSON_STRING({key})")).collect::<Vec<_>>().join(", ")
    );
    if [Some(&unique), last.as_ref()].into_iter().flatten().any(|sql| text::has_jinja(sql)) {
        return "    # The key has braces, which dbt would read as Jinja in this file: it has no test.\n".to_owned();
    }
    let mut yml = String::from("    data_tests:\n      - unique:\n");
    let _ = writeln!(yml, "          name: {}", json(&format!("{model}_is_unique")));
    let _ = writeln!(yml, "          arguments:\n            column_name: {}", json(&unique));
    if let Some(condition) = last {
        let _ = writeln!(yml, "          config:\n            where: {}", json(&condition));
    }
    yml
}

//! Reading test files as cases, validated against the rules.

use std::path::{Component, Path};

use googlesql_sqlite::storage::is_opaque;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use toml::{Spanned, Value};

use super::document::{Document, ExpectSection, Row, TestSection};
use super::{Action, Case, Expected, Figure};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::files::Folder;
use crate::googlesql::{Nested, SqlType, SqlValue, parse_timestamp};
use crate::load::{Columns, FileFormat, rows};
use crate::rule::{Cut, Partition, Rule, RuleFile, Source, VarArg};
use crate::statement::StepName;
use crate::window::{Day, Window};

/// The tests of one file. `name` is its name in messages, and `folder` the project's folder, which contains
/// the data files.
///
/// # Errors
/// The file has a mistake; the error has file, line and column.
pub fn read(name: &str, text: &str, rules: &RuleFile, folder: &Path) -> Result<Vec<Case>> {
    let source = Source::new(name, text, "split it into several files")?;
    let document: Document = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
    let reader = Reader { source: &source, document: &document, rules, folder };
    document.test.iter().map(|section| reader.case(section)).collect()
}

struct Reader<'a> {
    source: &'a Source,
    document: &'a Document,
    rules: &'a RuleFile,
    folder: &'a Path,
}

impl Reader<'_> {
    fn case(&self, section: &TestSection) -> Result<Case> {
        let rule = self.rule(section)?;
        let rows = |rows: &[Row]| -> Result<Vec<Vec<SqlValue>>> {
            rows.iter().map(|row| self.row(rule, row)).collect()
        };
        let (mut settled, streamed) = (rows(&section.rows)?, rows(&section.streamed)?);
        for file in &section.files {
            settled.extend(self.loaded(rule, file)?);
        }
        let staged = match &section.staged {
            None => Vec::new(),
            Some(staged) if rule.staging.is_some() => rows(staged.get_ref())?,
            Some(staged) => {
                let message = format!("rule {} has no staging tables", rule.name);
                return Err(self
                    .source
                    .error(staged, message)
                    .help("name them in a section `staging` of the rule"));
            }
        };
        let given = settled.iter().chain(&streamed).chain(&staged);
        let window = self.window(section, rule, given)?;
        Ok(Case {
            file: self.source.name.to_string(),
            name: section.name.get_ref().clone(),
            rule: rule.name.clone(),
            act: self.act(section)?,
            now: self.now(section, &window)?,
            window,
            vars: self.vars(section)?,
            rows: settled,
            streamed,
            staged,
            expected: self.expected(rule, &section.expect)?,
        })
    }

    fn rule(&self, section: &TestSection) -> Result<&Rule> {
        let named = section.rule.as_ref().or(self.document.rule.as_ref());
        let rule = match (named, self.rules.rules.as_slice()) {
            (Some(name), rules) => {
                rules.iter().find(|rule| rule.name.as_str() == name.get_ref()).ok_or_else(|| {
                    let known = rules.iter().map(|rule| rule.name.as_str());
                    self.source
                        .error(name, format!("there is no rule `{}`", name.get_ref()))
                        .help(did_you_mean(name.get_ref(), known))
                })?
            }
            (None, [only]) => only,
            (None, _) => {
                return Err(self
                    .source
                    .error(&section.name, "the test names no rule")
                    .help("write rule = \"…\" at the top of the file, or in the test"));
            }
        };
        match rule.columns.is_empty() {
            false => Ok(rule),
            true => Err(self
                .source
                .error(&section.name, format!("rule {} lists no columns", rule.name))
                .help("rows need types: list the columns in [rule.NAME.columns]")),
        }
    }

    /// One value for each column of the rule; omitted ones are NULL.
    fn row(&self, rule: &Rule, row: &Row) -> Result<Vec<SqlValue>> {
        self.known_columns(rule, row)?;
        self.known_columns(rule, &self.document.defaults)?;
        let given = |column: &str| {
            let rows = [row, &self.document.defaults].into_iter();
            rows.flatten().find(|(name, _)| name.get_ref().eq_ignore_ascii_case(column))
        };
        let columns =
            Columns { known: &rule.columns, nested: &rule.nested, needed: &[], ignored: &[] };
        let known = columns.known.iter();
        known
            .map(|column| match given(column.0.as_str()) {
                None => Ok(SqlValue::Null),
                Some((_, value)) => typed(value.get_ref(), column.1, columns.nested(column))
                    .map_err(|error| error.at(self.source.place(value.span()))),
            })
            .collect()
    }

    /// The rows of a data file, as `onerow load` reads them.
    fn loaded(&self, rule: &Rule, file: &Spanned<String>) -> Result<Vec<Vec<SqlValue>>> {
        let below = Path::new(file.get_ref());
        if !below.components().all(|part| matches!(part, Component::Normal(_))) {
            let message = format!("`{}` is not a file of the project", below.display());
            let help = "name it as it is called from the folder that holds onerow.toml";
            return Err(self.source.error(file, message).help(help));
        }
        let here = |error: Error| error.at(self.source.place(file.span()));
        let format = FileFormat::of_path(below).map_err(here)?;
        let opened = Folder::open(self.folder).and_then(|folder| folder.file(below));
        let opened = opened.map_err(|error| match error.kind() {
            Kind::File => {
                self.source.error(file, "a data file of the test is missing").caused_by(error)
            }
            _ => here(error),
        })?;
        let needed: Vec<String> = rule.deciding.iter().map(|(_, column)| column.clone()).collect();
        let columns =
            Columns { known: &rule.columns, nested: &rule.nested, needed: &needed, ignored: &[] };
        rows(file.get_ref(), opened, format, columns)?.collect()
    }

    fn known_columns(&self, rule: &Rule, row: &Row) -> Result<()> {
        let known = || rule.columns.iter().map(|(column, _)| column.as_str());
        for name in row.keys() {
            if !known().any(|column| column.eq_ignore_ascii_case(name.get_ref())) {
                let message = format!("rule {} lists no column `{}`", rule.name, name.get_ref());
                let error = self.source.error(name, message);
                return Err(error.help(did_you_mean(name.get_ref(), known())));
            }
        }
        Ok(())
    }

    fn act(&self, section: &TestSection) -> Result<Action> {
        match &section.step {
            None => Ok(Action::Apply),
            Some(step) if step.get_ref() == "apply" => Ok(Action::Apply),
            Some(step) => StepName::parse(step.get_ref())
                .map(Action::Step)
                .map_err(|error| error.at(self.source.place(step.span()))),
        }
    }

    /// The time of the test; by default noon of the day after the last date.
    fn now(&self, section: &TestSection, window: &Window) -> Result<Timestamp> {
        if let Some(now) = section.now.as_ref().or(self.document.now.as_ref()) {
            return parse_timestamp(now.get_ref()).ok_or_else(|| {
                self.source
                    .error(now, format!("`{}` is not a timestamp", now.get_ref()))
                    .help("write it as \"2026-01-30T07:41:30Z\"")
            });
        }
        let day = window.last().next().unwrap_or(window.last());
        let date = day.date().unwrap_or(Date::constant(1970, 1, 1));
        TimeZone::UTC
            .to_timestamp(date.at(12, 0, 0, 0))
            .map_err(|error| self.source.error(&section.name, error.to_string()))
    }

    fn window<'r>(
        &self,
        section: &TestSection,
        rule: &Rule,
        rows: impl Iterator<Item = &'r Vec<SqlValue>>,
    ) -> Result<Window> {
        if rule.partition.is_whole() {
            return self.whole(section);
        }
        if let Some(dates) = &section.dates {
            let day = |date: &Spanned<String>| {
                Day::parse(date.get_ref()).map_err(|e| e.at(self.source.place(date.span())))
            };
            let days = dates.iter().map(day).collect::<Result<Vec<_>>>()?;
            let several = rule.partition.is_sharded() && days.len() > 1;
            if !days.is_empty() && !several {
                return rule.periods(&Window::of_days(days)?);
            }
        }
        if rule.partition.is_sharded() {
            return self.shard(section);
        }
        let partition = &rule.partition;
        let column = rule.columns.iter().position(|(name, _)| partition.column() == Some(name));
        let days: Vec<Day> = rows.filter_map(|row| day_of(row.get(column?)?, partition)).collect();
        match days.is_empty() {
            false => rule.periods(&Window::of_days(days)?),
            true => Err(self
                .source
                .error(&section.name, "the test has no dates")
                .help("write dates = [\"2026-01-28\"]; without, they are those of the given rows")),
        }
    }

    /// For date-sharded tables, rows do not have a date.
    fn shard(&self, section: &TestSection) -> Result<Window> {
        let (message, help) = match &section.dates {
            Some(dates) if dates.len() > 1 => (
                "the test is about several dates",
                "each has a table of its own: write a test for each",
            ),
            _ => (
                "the test does not say which date's table holds the rows",
                "write dates = [\"2026-01-28\"]",
            ),
        };
        Err(self.source.error(&section.name, message).help(help))
    }

    /// The window of a rule without dates.
    fn whole(&self, section: &TestSection) -> Result<Window> {
        match &section.dates {
            Some(dates) if !dates.is_empty() => Err(self
                .source
                .error(&dates[0], "the rule has no dates")
                .help("remove `dates`: a rule with partition = \"none\" is about the whole table")),
            _ => Ok(Window::whole()),
        }
    }

    fn vars(&self, section: &TestSection) -> Result<Vec<VarArg>> {
        let var = |(name, value): (&Spanned<String>, &Spanned<Value>)| {
            let text = format!("{}={}", name.get_ref(), text(value.get_ref()));
            text.parse::<VarArg>().map_err(|error| error.at(self.source.place(name.span())))
        };
        section.vars.iter().map(var).collect()
    }

    fn expected(&self, rule: &Rule, section: &Spanned<ExpectSection>) -> Result<Expected> {
        let expect = section.get_ref();
        if expect.rows.is_none() && expect.counts.is_none() && expect.error.is_none() {
            let error = self.source.error(section, "the test expects nothing");
            return Err(error.help("write expect.rows, expect.counts or expect.error"));
        }
        let counts = expect.counts.as_ref().map(|counts| {
            counts
                .iter()
                .map(|(name, count)| Ok((self.figure(name)?, *count)))
                .collect::<Result<_>>()
        });
        let cells = |row: &Row| -> Vec<(String, Value)> {
            let cell = |(name, value): (&Spanned<String>, &Spanned<Value>)| {
                (name.get_ref().clone(), value.get_ref().clone())
            };
            row.iter().map(cell).collect()
        };
        Ok(Expected {
            rows: expect.rows.as_ref().map(|rows| rows.iter().map(cells).collect()),
            nested: rule
                .columns
                .iter()
                .filter(|(_, sql_type)| is_opaque(*sql_type))
                .map(|(column, _)| column.clone())
                .collect(),
            counts: counts.transpose()?,
            error: expect.error.clone(),
        })
    }

    fn figure(&self, name: &Spanned<String>) -> Result<Figure> {
        let known = Figure::ALL.into_iter();
        known.clone().find(|figure| figure.as_str() == name.get_ref()).ok_or_else(|| {
            self.source
                .error(name, format!("there is no count `{}`", name.get_ref()))
                .help(did_you_mean(name.get_ref(), known.map(Figure::as_str)))
        })
    }
}

/// A value of the column's type.
fn typed(value: &Value, sql_type: SqlType, nested: Option<&Nested>) -> Result<SqlValue> {
    if let Some(nested) = nested {
        let kept = nested.canonical(&json(value).to_string());
        return kept.map(SqlValue::String).map_err(|what| Error::new(Kind::RuleFile, what));
    }
    let fits = match value {
        Value::String(_) => true,
        Value::Array(_) | Value::Table(_) => false,
        _ => sql_type != SqlType::String,
    };
    match fits {
        true => SqlValue::parse(&text(value), sql_type)
            .map_err(|error| Error::new(Kind::RuleFile, error.headline())),
        false => Err(Error::new(Kind::RuleFile, format!("`{value}` is not a {sql_type}"))
            .help("write a STRING in quotes, and leave a column out for NULL")),
    }
}

/// The value as JSON.
pub(super) fn json(value: &Value) -> Json {
    match value {
        Value::Array(values) => values.iter().map(json).collect(),
        Value::Table(table) => {
            table.iter().map(|(name, value)| (name.clone(), json(value))).collect()
        }
        Value::Boolean(flag) => Json::Bool(*flag),
        Value::Integer(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::String(text) => Json::from(text.as_str()),
        Value::Datetime(time) => Json::from(time.to_string()),
    }
}

/// The value as in a CSV file.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The date of a row, from its partition column.
fn day_of(value: &SqlValue, partition: &Partition) -> Option<Day> {
    Some(match (value, partition.cut) {
        (SqlValue::Date(date), _) => Day::from(*date),
        (SqlValue::Datetime(datetime), _) => Day::from(datetime.date()),
        (SqlValue::Timestamp(instant), _) => Day::from(match partition.local_days() {
            Some(local) => local.date(*instant),
            None => TimeZone::UTC.to_datetime(*instant).date(),
        }),
        (SqlValue::Int64(number), Cut::Int64(numbers)) => Day::from(numbers.date(*number)?),
        (SqlValue::String(text), Cut::String(texts)) => Day::from(texts.day(text)?),
        _ => return None,
    })
}

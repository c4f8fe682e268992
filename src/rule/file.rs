//! The rule file `onerow.toml` as it is written, with the place of every value.

use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::{PartitionType, Rule, Scope, schema, validate};
use crate::error::{Error, Kind, Place, Result, did_you_mean};

/// The rule file: rules and warehouses, checked.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// The rules, in file order.
    pub rules: Vec<Rule>,
    /// The warehouses, in file order.
    pub warehouses: Vec<Warehouse>,
    /// The name of the warehouse that a command uses unless told otherwise.
    pub default_warehouse: Option<String>,
}

impl RuleFile {
    /// Reads the text of a rule file. `name` is how messages call it. Errors name the file, the
    /// line and the column; an unknown key offers the nearest known one.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let source = Source { name: name.into(), text: text.into() };
        schema::refuse_unknown_keys(&source)?;
        let document: Document = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
        validate::rule_file(&source, document)
    }

    /// The rule of this name. Errors: there is none; the nearest name is offered.
    pub fn rule(&self, name: &str) -> Result<&Rule> {
        self.rules.iter().find(|rule| rule.name.as_str() == name).ok_or_else(|| {
            Error::new(Kind::Usage, format!("there is no rule `{}`", name.escape_debug()))
                .help(did_you_mean(name, self.rules.iter().map(|rule| rule.name.as_str())))
        })
    }

    /// The warehouse of this name, or the default one. Errors: there is none.
    pub fn warehouse(&self, name: Option<&str>) -> Result<&Warehouse> {
        let known = || self.warehouses.iter().map(|warehouse| warehouse.name.as_str());
        match (name.or(self.default_warehouse.as_deref()), self.warehouses.as_slice()) {
            (Some(name), all) => all.iter().find(|w| w.name == name).ok_or_else(|| {
                Error::new(Kind::Usage, format!("there is no warehouse `{}`", name.escape_debug()))
                    .help(did_you_mean(name, known()))
            }),
            (None, [only]) => Ok(only),
            (None, _) => Err(Error::new(Kind::Usage, "the rule file does not say which warehouse")
                .help("set `default_warehouse`, or use --warehouse NAME")),
        }
    }
}

/// A warehouse of the rule file.
#[derive(Debug, Clone)]
pub struct Warehouse {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: WarehouseType,
}

/// What a warehouse is.
#[derive(Debug, Clone)]
pub enum WarehouseType {
    /// The embedded warehouse.
    Sqlite {
        /// The database file, relative to the project.
        path: PathBuf,
        /// How long a streamed row stays in the imitated streaming buffer.
        drain: SignedDuration,
    },
    /// Google BigQuery.
    BigQuery,
}

/// The text of a rule file and how messages call it.
pub(super) struct Source {
    pub name: Arc<str>,
    pub text: Arc<str>,
}

impl Source {
    pub fn place(&self, range: std::ops::Range<usize>) -> Place {
        Place::new(self.name.clone(), self.text.clone(), range)
    }

    /// A configuration error at this value.
    pub fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> Error {
        Error::new(Kind::Configuration, message).at(self.place(at.span()))
    }

    pub fn toml_error(&self, error: &toml::de::Error) -> Error {
        let message = error.message().lines().collect::<Vec<_>>().join(": ");
        Error::new(Kind::Configuration, message).at(self.place(error.span().unwrap_or(0..0)))
    }
}

/// onerow's rule file: what 'one row' means for each table, and where the tables are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "onerow.toml")]
pub(super) struct Document {
    /// The warehouse that a command uses unless `--warehouse` says otherwise.
    #[schemars(with = "Option<String>")]
    pub default_warehouse: Option<Spanned<String>>,
    /// The warehouses, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, WarehouseSection>")]
    pub warehouse: IndexMap<Spanned<String>, WarehouseSection>,
    /// The rules, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, RuleSection>")]
    pub rule: IndexMap<Spanned<String>, RuleSection>,
}

/// Where statements run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WarehouseSection {
    /// `sqlite`, the embedded warehouse, or `bigquery`.
    #[schemars(with = "WarehouseKind")]
    pub r#type: Spanned<WarehouseKind>,
    /// sqlite: the database file, relative to the project. Default: `.onerow/local.db`.
    #[schemars(with = "Option<String>")]
    pub path: Option<Spanned<String>>,
    /// sqlite: how long a streamed row stays in the imitated streaming buffer. Default: `90m`.
    #[schemars(with = "Option<String>")]
    pub drain: Option<Spanned<String>>,
    /// bigquery: the project that is billed.
    #[schemars(with = "Option<String>")]
    pub project: Option<Spanned<String>>,
    /// bigquery: the location of the datasets, such as `us-west2`.
    #[schemars(with = "Option<String>")]
    pub location: Option<Spanned<String>>,
    /// bigquery: the most a plan may cost, such as `20 GiB`.
    #[schemars(with = "Option<String>")]
    pub max_bytes_billed: Option<Spanned<String>>,
    /// bigquery: the ledger's table, as `dataset.table`.
    #[schemars(with = "Option<String>")]
    pub ledger: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WarehouseKind {
    Sqlite,
    Bigquery,
}

/// What 'one row' means for one table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSection {
    /// The table, as `dataset.table` or `project.dataset.table`.
    #[schemars(with = "String")]
    pub table: Spanned<String>,
    /// The partition column.
    #[schemars(with = "String")]
    pub partition: Spanned<String>,
    /// The partition column's type. Default: `DATE`. INT64 means numbers such as 20260128.
    #[serde(default)]
    #[schemars(with = "Option<PartitionType>")]
    pub partition_type: Option<Spanned<PartitionType>>,
    /// The columns or GoogleSQL expressions that name one thing; NULL equals NULL.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub key: Spanned<Vec<Spanned<String>>>,
    /// The order of survival, such as `created_at DESC`; the first row stays active. The last
    /// entry is the row id, so that exactly one row is first.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub keep: Spanned<Vec<Spanned<String>>>,
    /// The column that names one row.
    #[schemars(with = "String")]
    pub row_id: Spanned<String>,
    /// The BOOL column that is true for rows that count.
    #[schemars(with = "String")]
    pub active: Spanned<String>,
    /// The column that is set to the current time on deactivation.
    #[schemars(with = "Option<String>")]
    pub touched_at: Option<Spanned<String>>,
    /// The TIMESTAMP column that says when a row reached the table.
    #[schemars(with = "Option<String>")]
    pub written_at: Option<Spanned<String>>,
    /// How long after `written_at` a row may still be in the streaming buffer. Default: `90m`.
    #[schemars(with = "Option<String>")]
    pub settle: Option<Spanned<String>>,
    /// The IANA time zone in which TODAY and YESTERDAY are meant. Default: `UTC`.
    #[schemars(with = "Option<String>")]
    pub time_zone: Option<Spanned<String>>,
    /// What `apply` does, in order. Default: detect, deactivate, verify. A step of your own
    /// stands before, between or after them.
    #[schemars(with = "Option<Vec<StepSection>>")]
    pub steps: Option<Spanned<Vec<Spanned<StepSection>>>>,
    /// The table's columns and their BigQuery types.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, String>")]
    pub columns: IndexMap<Spanned<String>, Spanned<String>>,
    /// Values of your own for templates: `{{ vars.name }}`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub vars: IndexMap<Spanned<String>, Spanned<toml::Value>>,
}

/// A step: its name, or its name and how often it is rendered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "expected a step name, or { name = \"…\", per = \"window\", \"date\" or \"table\" }"
)]
pub(super) enum StepSection {
    /// `"detect"`
    Name(String),
    /// `{ name = "late_rows", per = "date" }`
    Detailed(DetailedStep),
}

/// A step and how often it is rendered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DetailedStep {
    /// The step's name.
    pub name: String,
    /// Once for the whole window (default), once per date, or once for the table.
    #[serde(default)]
    pub per: Scope,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::googlesql::SqlValue;
    use crate::statement::StepName;

    const RULE: &str = r#"
default_warehouse = "local"

[warehouse.local]
type = "sqlite"

[rule.predictions]
table = "nba.predictions"
partition = "game_date"
key = ["game_id", "LOWER(player)"]
keep = ["created_at DESC", "id DESC"]
row_id = "id"
active = "is_active"
written_at = "created_at"
time_zone = "America/New_York"

[rule.predictions.columns]
id = "STRING"
game_date = "DATE"
game_id = "STRING"
player = "STRING"
score = "FLOAT64"
is_active = "BOOL"
created_at = "TIMESTAMP"

[rule.predictions.vars]
systems = ["a", "b"]
"#;

    fn error(from: &str, to: &str) -> String {
        assert!(RULE.contains(from), "{from}");
        RuleFile::parse("onerow.toml", &RULE.replacen(from, to, 1)).unwrap_err().to_string()
    }

    #[test]
    fn a_rule_is_read_with_its_defaults() {
        let file = RuleFile::parse("onerow.toml", RULE).unwrap();
        let rule = file.rule("predictions").unwrap();
        assert_eq!(rule.table.dotted(), "nba.predictions");
        assert_eq!(rule.settle, SignedDuration::from_mins(90));
        let steps: Vec<&str> = rule.steps.iter().map(|step| step.name.as_str()).collect();
        assert_eq!(steps, [StepName::DETECT, StepName::DEACTIVATE, StepName::VERIFY]);
        let systems = ["a", "b"].map(|s| SqlValue::String(s.into())).to_vec();
        assert_eq!(rule.vars[0].1, SqlValue::Array(systems));
        assert_eq!(rule.columns[0].0.as_str(), "id");
    }

    #[test]
    fn a_mistake_is_named_with_its_place_and_a_way_out() {
        let cases = [
            (
                "partition =",
                "partion =",
                "unknown key `partion` in [rule.predictions]",
                "did you mean `partition`?",
            ),
            (
                "type = \"sqlite\"",
                "type = \"sqlite\"\npaht = \"x\"",
                "unknown key `paht` in [warehouse.local]",
                "did you mean `path`?",
            ),
            (
                "default_warehouse = \"local\"",
                "default_warehouse = \"locl\"",
                "there is no warehouse `locl`",
                "did you mean `local`?",
            ),
            ("row_id = \"id\"\n", "", "missing field `row_id`", "onerow.toml:"),
            ("\"game_id\", ", "\"gameid\", ", "has no column `gameid`", "did you mean `game_id`?"),
            (
                "\"game_id\", ",
                "\"score\", ",
                "key column `score` is of type FLOAT64",
                "CAST(score AS STRING)",
            ),
            ("\"game_id\", ", "\"game_id\", \"game_id\", ", "in the key twice", "onerow.toml:10:"),
            (
                "active = \"is_active\"",
                "active = \"player\"",
                "`active` is player, which is of type STRING",
                "must be BOOL",
            ),
            (
                "partition = \"game_date\"",
                "partition = \"created_at\"",
                "is of type TIMESTAMP",
                "partition_type = \"TIMESTAMP\"",
            ),
            ("America/New_York", "America/New_Yrok", "no time zone", "America/New_York"),
            (
                "created_at DESC",
                "created_at DOWN",
                "keep entry `created_at DOWN`",
                "onerow.toml:11:",
            ),
            ("nba.predictions\"", "predictions\"", "is not a table name", "dataset.table"),
            ("time_zone", "settle = \"soon\"\ntime_zone", "`soon` is not a duration", "90m"),
            (
                "time_zone",
                "steps = [\"detect\", \"verify\"]\ntime_zone",
                "must hold detect, deactivate and verify",
                "onerow.toml:",
            ),
            (
                "\"STRING\"\ngame_date",
                "\"STRNG\"\ngame_date",
                "`STRNG` is not a BigQuery type",
                "did you mean `STRING`?",
            ),
            ("[\"a\", \"b\"]", "[\"a\", 1]", "different types", "onerow.toml:"),
            ("[rule.predictions]", "[rule.predictions", "unclosed", "onerow.toml:"),
        ];
        for (from, to, message, way_out) in cases {
            let error = error(from, to);
            assert!(error.contains(message), "{from} -> {to}: {error}");
            assert!(error.contains(way_out), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn an_unknown_rule_offers_the_nearest() {
        let file = RuleFile::parse("onerow.toml", RULE).unwrap();
        let error = file.rule("prediction").unwrap_err().to_string();
        assert!(error.contains("did you mean `predictions`?"), "{error}");
    }
}

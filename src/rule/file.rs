//! The rule file `onerow.toml`: rules, warehouses and webhooks, checked.

use toml::Spanned;

use super::document::{Document, Source};
use super::warehouse::{self, Warehouse};
use super::webhook::{self, Webhook};
use super::{Rule, schema, validate};
use crate::error::{Error, Kind, Result, did_you_mean};
use crate::removals::RemovalLog;

/// The rule file: rules, warehouses and webhooks, checked.
#[derive(Debug, Clone)]
pub struct RuleFile {
    /// The rules, in file order.
    pub rules: Vec<Rule>,
    /// The warehouses, in file order.
    pub warehouses: Vec<Warehouse>,
    /// The webhooks, in file order.
    pub webhooks: Vec<Webhook>,
    /// The name of the default warehouse.
    pub default_warehouse: Option<String>,
}

/// The values of a TOML file. `name` is its name in messages.
///
/// Errors: it is too long, or not TOML.
pub(crate) fn toml(name: &str, text: &str) -> Result<toml::Table> {
    let source = Source::new(name, text, "split the file")?;
    toml::from_str(text).map_err(|error| source.toml_error(&error))
}

impl RuleFile {
    /// Parses the text of a rule file. `name` is its name in messages.
    ///
    /// # Errors
    /// The file has a mistake; the error has the place, and for an unknown key the nearest known one. Or it has no
    /// rule.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let file = Self::started(name, text)?;
        match file.rules.is_empty() {
            false => Ok(file),
            true => Err(Error::new(Kind::RuleFile, format!("`{name}` holds no rule"))
                .help("add a section [rule.NAME], or let `onerow init --table TABLE` propose one")),
        }
    }

    /// Parses the text of a rule file that may have no rules yet.
    ///
    /// # Errors
    /// The file has a mistake.
    pub fn started(name: &str, text: &str) -> Result<Self> {
        let help = "split the project into several, each with a rule file of its own";
        let source = Source::new(name, text, help)?;
        schema::refuse_unknown_keys(&source)?;
        let document: Document = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
        checked(&source, document)
    }

    /// The rule of this name.
    ///
    /// # Errors
    /// There is no such rule; the nearest name is suggested.
    pub fn rule(&self, name: &str) -> Result<&Rule> {
        self.rules.iter().find(|rule| rule.name.as_str() == name).ok_or_else(|| {
            Error::new(Kind::UnknownName, format!("there is no rule `{}`", name.escape_debug()))
                .help(did_you_mean(name, self.rules.iter().map(|rule| rule.name.as_str())))
        })
    }

    /// The error where a rule has to be named and there are several; `help` says where their names go.
    pub(crate) fn several_rules(&self, help: impl Fn(&str) -> String) -> Error {
        let names: Vec<&str> = self.rules.iter().map(|rule| rule.name.as_str()).collect();
        Error::new(Kind::UnknownName, "there are several rules, and none was named")
            .help(help(&names.join(", ")))
    }

    /// The warehouse of this name, or the default one.
    ///
    /// # Errors
    /// There is no such warehouse.
    pub fn warehouse(&self, name: Option<&str>) -> Result<&Warehouse> {
        let known = || self.warehouses.iter().map(|warehouse| warehouse.name.as_str());
        match (name.or(self.default_warehouse.as_deref()), self.warehouses.as_slice()) {
            (Some(name), all) => all.iter().find(|w| w.name.as_str() == name).ok_or_else(|| {
                Error::new(
                    Kind::UnknownName,
                    format!("there is no warehouse `{}`", name.escape_debug()),
                )
                .help(did_you_mean(name, known()))
            }),
            (None, [only]) => Ok(only),
            (None, _) => {
                Err(Error::new(Kind::UnknownName, "the rule file does not say which warehouse")
                    .help("set `default_warehouse`, or use --warehouse NAME"))
            }
        }
    }
}

fn checked(source: &Source, document: Document) -> Result<RuleFile> {
    let warehouses = document
        .warehouse
        .iter()
        .map(|(name, section)| warehouse::read(source, name, section))
        .collect::<Result<Vec<_>>>()?;
    if let Some(name) = &document.default_warehouse
        && !warehouses.iter().any(|warehouse| warehouse.name.as_str() == name.get_ref())
    {
        let known = warehouses.iter().map(|warehouse| warehouse.name.as_str());
        let message = format!("there is no warehouse `{}`", name.get_ref());
        return Err(source.error(name, message).help(did_you_mean(name.get_ref(), known)));
    }
    let mut removal_logs: Vec<RemovalLog> = warehouses.iter().map(Warehouse::removal_log).collect();
    removal_logs.push(RemovalLog::embedded());
    let rules = document
        .rule
        .iter()
        .map(|(name, section)| validate::rule(source, name, section, &removal_logs))
        .collect::<Result<Vec<_>>>()?;
    let default_warehouse = document.default_warehouse.map(Spanned::into_inner);
    let webhooks = document
        .webhook
        .iter()
        .map(|(name, section)| webhook::read(source, name, section, &rules))
        .collect::<Result<Vec<_>>>()?;
    Ok(RuleFile { rules, warehouses, webhooks, default_warehouse })
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::googlesql::SqlValue;
    use crate::rule::document::MAX_BYTES;
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
                "warehouse.local",
                "warehouse.\"../local\"",
                "`../local` is not a warehouse name",
                "onerow.toml:4:12",
            ),
            (
                "[rule.predictions]",
                "[rule.\"a b\"]\ntable = \"a.b\"\npartition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\n\
                 row_id = \"id\"\nactive = \"a\"\n\n[rule.predictions]",
                "`a b` is not a rule name",
                "onerow.toml:7:",
            ),
            (
                "default_warehouse = \"local\"",
                "default_warehouse = \"locl\"",
                "there is no warehouse `locl`",
                "did you mean `local`?",
            ),
            (
                "row_id = \"id\"",
                "row_id = 5",
                "a row id is a column, a list of columns",
                "onerow.toml:",
            ),
            ("\"game_id\", ", "\"gameid\", ", "has no column `gameid`", "did you mean `game_id`?"),
            (
                "\"game_id\", ",
                "\"score\", ",
                "key column `score` is of type FLOAT64",
                "TO_JSON_STRING(score)",
            ),
            ("\"game_id\", ", "\"group\", ", "`group` is a reserved word", "onerow.toml:10:"),
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
            (
                "time_zone",
                "touched_at = \"created_at\"\ntime_zone",
                "which the rule's written_at reads",
                "name another column",
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
                "partition_granularity = \"MONTH\"\nacross = \"1d\"\ntime_zone",
                "cannot be combined with `across`",
                "remove one of them",
            ),
            (
                "time_zone",
                "partition_granularity = \"WEEK\"\ntime_zone",
                "`WEEK` is not a value of `partition_granularity`",
                "onerow.toml:",
            ),
            ("time_zone", "across = \"soon\"\ntime_zone", "`soon` cannot be `across`", "`1d`"),
            ("time_zone", "across = \"36h\"\ntime_zone", "not a number of whole days", "`1d`"),
            ("time_zone", "across = \"0d\"\ntime_zone", "1 to 31 days", "`1d`"),
            ("time_zone", "across = \"32d\"\ntime_zone", "1 to 31 days", "`1d`"),
            ("time_zone", "across = \"-1d\"\ntime_zone", "1 to 31 days", "`1d`"),
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
            (
                "time_zone",
                "routines = [\"ops.f\", \"ops..g\"]\ntime_zone",
                "`ops..g` is not the name of a routine",
                "onerow.toml:15:22",
            ),
            (
                "time_zone",
                "routines = [\"NET.HOST\"]\ntime_zone",
                "`NET.HOST` is a function of GoogleSQL",
                "onerow.toml:15:13",
            ),
            (
                "time_zone",
                "routines = [\"external_query\"]\ntime_zone",
                "cannot be listed",
                "onerow.toml:15:13",
            ),
            (
                "time_zone",
                "routines = [\"ops.f\", \"ops.f\"]\ntime_zone",
                "routine `ops.f` is listed twice",
                "onerow.toml:15:22",
            ),
            ("[rule.predictions]", "[rule.predictions", "unclosed", "onerow.toml:"),
        ];
        for (from, to, message, way_out) in cases {
            let error = error(from, to);
            assert!(error.contains(message), "{from} -> {to}: {error}");
            assert!(error.contains(way_out), "{from} -> {to}: {error}");
        }
    }

    #[test]
    fn a_rule_file_has_an_end() {
        let long = format!("{RULE}# {}", "x".repeat(MAX_BYTES));
        let error = RuleFile::parse("onerow.toml", &long).unwrap_err().to_string();
        assert!(error.contains("the limit is 1048576"), "{error}");
    }

    #[test]
    fn an_unknown_rule_offers_the_nearest() {
        let file = RuleFile::parse("onerow.toml", RULE).unwrap();
        let error = file.rule("prediction").unwrap_err().to_string();
        assert!(error.contains("did you mean `predictions`?"), "{error}");
    }
}

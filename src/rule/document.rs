//! The parsed rule file, with the place of every value.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

use super::format::{PartitionFormat, PartitionType};
use super::misread;
use super::row_id::RowIdSection;
use super::secret::hidden;
use super::{DatesPerStatement, OnKeyless, Period, Scope, Strategy, Unit};
use crate::error::{Error, Kind, Place, Result};

/// The text of a rule or test file, and its name in messages.
pub(crate) struct Source {
    pub name: Arc<str>,
    pub text: Arc<str>,
    /// The text without its secrets, shared by all places in it.
    shown: Arc<str>,
}

/// The longest rule or test file in bytes: room for thousands of them.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

impl Source {
    /// The text of a file.
    ///
    /// # Errors
    /// It is too long; `help` is the fix.
    pub fn new(name: &str, text: &str, help: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            let message =
                format!("`{name}` is {} bytes long; the limit is {MAX_BYTES}", text.len());
            return Err(Error::new(Kind::RuleFile, message).help(help));
        }
        Ok(Self { name: name.into(), text: text.into(), shown: hidden(text).into() })
    }

    pub fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.name.clone(), self.shown.clone(), range)
    }

    /// The place of a value that messages must not repeat.
    pub fn hiding(&self, range: Range<usize>) -> Place {
        let mut text = self.shown.to_string();
        if text.get(range.clone()).is_some() {
            text.replace_range(range.clone(), &"*".repeat(range.len()));
        }
        Place::new(self.name.clone(), text, range)
    }

    /// A configuration error at this value.
    pub fn error<T>(&self, at: &Spanned<T>, message: impl Into<String>) -> Error {
        Error::new(Kind::RuleFile, message).at(self.place(at.span()))
    }

    pub fn toml_error(&self, error: &toml::de::Error) -> Error {
        let place = self.place(error.span().unwrap_or(0..0));
        if let Some((message, help)) = misread::reworded(&self.text, error) {
            return Error::new(Kind::RuleFile, hidden(&message)).at(place).help(help);
        }
        let message = error.message().lines().collect::<Vec<_>>().join(": ");
        Error::new(Kind::RuleFile, hidden(&message)).at(place)
    }
}

/// onerow's rule file: what 'one row' means for each table, and where the tables are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "onerow.toml")]
pub(super) struct Document {
    /// The warehouse that a command uses unless `--warehouse` says otherwise.
    #[schemars(with = "Option<String>", extend("examples" = ["prod"]))]
    pub default_warehouse: Option<Spanned<String>>,
    /// The warehouses, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, WarehouseSection>")]
    pub warehouse: IndexMap<Spanned<String>, WarehouseSection>,
    /// The rules, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, RuleSection>")]
    pub rule: IndexMap<Spanned<String>, RuleSection>,
    /// Who is told of runs, by name.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, WebhookSection>")]
    pub webhook: IndexMap<Spanned<String>, WebhookSection>,
}

/// Where statements run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WarehouseSection {
    /// `sqlite`, the embedded warehouse, or `bigquery`.
    #[schemars(with = "WarehouseKind")]
    pub r#type: Spanned<WarehouseKind>,
    /// sqlite: the database file, relative to the project. Default: `.onerow/local.db`.
    #[schemars(with = "Option<String>", extend("examples" = [".onerow/local.db"]))]
    pub path: Option<Spanned<String>>,
    /// sqlite: how long a streamed row stays in the imitated streaming buffer. Default: `90m`.
    #[schemars(with = "Option<String>", extend("examples" = ["90m"]))]
    pub drain: Option<Spanned<String>>,
    /// bigquery: the project that is billed.
    #[schemars(with = "Option<String>", extend("examples" = ["my-project"]))]
    pub project: Option<Spanned<String>>,
    /// bigquery: the location of the datasets, such as `us-west2`. Default: the US multi-region.
    #[schemars(with = "Option<String>", extend("examples" = ["us-west2", "EU"]))]
    pub location: Option<Spanned<String>>,
    /// bigquery: the dataset of tables that are named without one.
    #[schemars(with = "Option<String>", extend("examples" = ["shop"]))]
    pub default_dataset: Option<Spanned<String>>,
    /// bigquery: where its REST API is served, for an emulator: `http://localhost:9050`.
    #[schemars(with = "Option<String>", extend("examples" = ["http://localhost:9050"]))]
    pub endpoint: Option<Spanned<String>>,
    /// bigquery: who asks. Default: `application_default`; with an `endpoint`, `none`.
    #[schemars(with = "Option<CredentialsSection>")]
    pub credentials: Option<Spanned<CredentialsSection>>,
    /// bigquery: the key file of a service account, relative to the project.
    #[schemars(with = "Option<String>", extend("examples" = ["keys/onerow.json"]))]
    pub key_file: Option<Spanned<String>>,
    /// bigquery: the most that a plan may be billed for, such as `20 GiB`; at least 10 MiB. Default: no limit.
    #[schemars(with = "Option<String>", extend("examples" = ["20 GiB"]))]
    pub max_bytes_billed: Option<Spanned<String>>,
    /// bigquery: US dollars for a TiB read; 0 where slots are paid for. Default: 6.25, the on-demand price in
    /// the US.
    #[schemars(with = "Option<f64>")]
    pub price_per_tib: Option<Spanned<f64>>,
    /// bigquery: whether a statement may wait for idle slots. Default: `interactive`.
    #[schemars(with = "Option<PrioritySection>")]
    pub priority: Option<Spanned<PrioritySection>>,
    /// bigquery: the reservation whose slots the jobs use, as
    /// `projects/PROJECT/locations/LOCATION/reservations/NAME`. Default: what the project's assignments say.
    #[schemars(with = "Option<String>", extend("examples" = ["projects/my-project/locations/US/reservations/batch"]))]
    pub reservation: Option<Spanned<String>>,
    /// bigquery: how long one statement may run, from when it leaves the queue. Default: `15m`.
    #[schemars(with = "Option<String>", extend("examples" = ["15m"]))]
    pub timeout: Option<Spanned<String>>,
    /// bigquery: how long one statement may be queued before it runs. Default: `6h`, and `24h` with
    /// `priority = "batch"`.
    #[schemars(with = "Option<String>", extend("examples" = ["6h"]))]
    pub queue_timeout: Option<Spanned<String>>,
    /// bigquery: how long a statement that conflicts with others, and a call that BigQuery refuses for now,
    /// is retried; a network without answers for two minutes at most. Default: `15m`.
    #[schemars(with = "Option<String>", extend("examples" = ["15m"]))]
    pub retry_for: Option<Spanned<String>>,
    /// bigquery: the ledger's table, as `dataset.table`.
    #[schemars(with = "Option<String>", extend("examples" = ["ops.onerow_ledger"]))]
    pub ledger: Option<Spanned<String>>,
    /// bigquery: how long the removal log keeps what a run removed, such as `90 days`; what has expired
    /// cannot be undone or explained. Default: for ever. It counts when the log is created.
    #[schemars(with = "Option<String>", extend("examples" = ["90 days"]))]
    pub removals_expire_after: Option<Spanned<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum WarehouseKind {
    Sqlite,
    Bigquery,
}

/// Who asks BigQuery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CredentialsSection {
    /// What `gcloud auth application-default login`, `GOOGLE_APPLICATION_CREDENTIALS` (also for workload
    /// identity federation and impersonation) or the machine's own service account provides.
    ApplicationDefault,
    /// The service account of the machine, from its metadata server: workload identity.
    MetadataServer,
    /// Nobody: an emulator.
    None,
}

/// How soon a statement has to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum PrioritySection {
    /// At once.
    Interactive,
    /// When slots are idle.
    Batch,
}

/// What 'one row' means for one table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleSection {
    /// The table, as `dataset.table` or `project.dataset.table`; `dataset.events_*` for a table for each date.
    #[schemars(with = "String", extend("examples" = ["shop.orders", "my-project.shop.orders", "analytics_1.events_*"]))]
    pub table: Spanned<String>,
    /// What happens to duplicates: `deactivate` (default), `delete` or `rewrite`.
    #[serde(default)]
    pub strategy: Strategy,
    /// How a survivor is put together, where it should be more than the first row of its key; only with
    /// `rewrite`. Default: it stays as it is.
    #[serde(default)]
    #[schemars(with = "Option<MergeSection>")]
    pub merge: Option<Spanned<MergeSection>>,
    /// Whether the removal log keeps each removed row as a whole, not its ids and keep values alone. The
    /// embedded warehouse needs that to undo `delete`; `rewrite` always keeps whole rows. Default: false.
    #[serde(default)]
    pub keep_rows: bool,
    /// The staging tables that `onerow consolidate` merges into the table.
    pub staging: Option<StagingSection>,
    /// The read-side view, as `dataset.view`. Default: the table's name with `_current`.
    #[schemars(with = "Option<String>", extend("examples" = ["shop.orders_current"]))]
    pub view: Option<Spanned<String>>,
    /// The partition column; `_TABLE_SUFFIX` for a table for each date, `none` for a table that is one group.
    #[schemars(with = "String", extend("examples" = ["order_date", "_PARTITIONTIME", "_TABLE_SUFFIX", "none"]))]
    pub partition: Spanned<String>,
    /// The partition column's type. Default: `DATE`.
    #[serde(default)]
    #[schemars(with = "Option<PartitionType>")]
    pub partition_type: Option<Spanned<PartitionType>>,
    /// What the numbers of an INT64 partition column, or the texts of a STRING one, say. Default: `yyyymmdd`,
    /// such as 20260128.
    #[serde(default)]
    #[schemars(with = "Option<PartitionFormat>")]
    pub partition_format: Option<Spanned<PartitionFormat>>,
    /// What the table is partitioned by, where a partition holds more than a date: `MONTH` or `YEAR`. Its dates
    /// share one statement, and are shown as its first. Default: `DAY`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub partition_granularity: Option<Spanned<Period>>,
    /// The IANA time zone whose days the dates of a TIMESTAMP column are. Default: `UTC`, as BigQuery cuts partitions.
    #[schemars(with = "Option<String>", extend("examples" = ["America/New_York"]))]
    pub time_zone_dates: Option<Spanned<String>>,
    /// On how many dates before and after its own a row is compared with the rows of its key, such as `1d`.
    /// Default: on none, so that each date is looked at by itself.
    #[schemars(with = "Option<String>", extend("examples" = ["1d"]))]
    pub across: Option<Spanned<String>>,
    /// The columns or GoogleSQL expressions that name one thing; NULL equals NULL.
    #[schemars(with = "Vec<String>", length(min = 1), extend("examples" = [["order_id"], ["game_id", "player_lookup"]]))]
    pub key: Spanned<Vec<Spanned<String>>>,
    /// The order of survival, such as `created_at DESC`; the first row stays active. The last
    /// entry is the row id, so that exactly one row is first.
    #[schemars(with = "Vec<String>", length(min = 1), extend("examples" = [["updated_at DESC", "row_id"]]))]
    pub keep: Spanned<Vec<Spanned<String>>>,
    /// What names one row: a column, a list of columns, or an expression. Default: with `rewrite` all of its
    /// columns, else its key and what `keep` orders by.
    #[schemars(with = "Option<RowIdSection>")]
    pub row_id: Option<Spanned<RowIdSection>>,
    /// Which rows count: a BOOL column, or a condition such as `deleted_at IS NULL`. Strategies other than
    /// `deactivate` can do without; then every row counts.
    #[schemars(with = "Option<String>", extend("examples" = ["is_active", "deleted_at IS NULL", "status = 'live'"]))]
    pub active: Option<Spanned<String>>,
    /// The assignment that makes a row inactive, such as `is_current = 'N'`, where the condition in `active`
    /// does not say it.
    #[schemars(with = "Option<String>", extend("examples" = ["is_current = 'N'"]))]
    pub deactivate: Option<Spanned<String>>,
    /// The assignment by which `undo` makes a row active again, where the condition in `active` does not say
    /// it.
    #[schemars(with = "Option<String>", extend("examples" = ["is_current = 'Y'"]))]
    pub reactivate: Option<Spanned<String>>,
    /// What is made of keys that have rows on a date and no active one. Default: `warn`.
    #[serde(default)]
    pub on_keyless: OnKeyless,
    /// The column that is set to the current time on deactivation; only with `deactivate`.
    #[schemars(with = "Option<String>", extend("examples" = ["updated_at"]))]
    pub touched_at: Option<Spanned<String>>,
    /// The column that says when a row reached the table: TIMESTAMP, DATETIME in UTC, or INT64 with
    /// `written_unit`.
    #[schemars(with = "Option<String>", extend("examples" = ["created_at"]))]
    pub written_at: Option<Spanned<String>>,
    /// What the numbers of an INT64 `written_at` count, from 1970-01-01 00:00:00 UTC.
    #[serde(default)]
    #[schemars(with = "Option<Unit>")]
    pub written_unit: Option<Spanned<Unit>>,
    /// How long after `written_at` a row may still be in the streaming buffer. Default: `90m`.
    #[schemars(with = "Option<String>", extend("examples" = ["90m"]))]
    pub settle: Option<Spanned<String>>,
    /// The IANA time zone in which TODAY and YESTERDAY are meant. Default: that of `time_zone_dates`, else `UTC`.
    #[schemars(with = "Option<String>", extend("examples" = ["America/New_York"]))]
    pub time_zone: Option<Spanned<String>>,
    /// What `apply` does, in order. Default: detect, the strategy's step, verify. A step of your
    /// own stands before, between or after them.
    #[schemars(with = "Option<Vec<StepSection>>")]
    pub steps: Option<Spanned<Vec<Spanned<StepSection>>>>,
    /// How many dates share one statement that removes rows: fewer jobs, of which each fails or succeeds for all
    /// of its dates. Default: 1.
    #[serde(default)]
    #[schemars(with = "Option<u16>", range(min = 1, max = 4000))]
    pub dates_per_statement: Option<Spanned<DatesPerStatement>>,
    /// Whether the account that runs onerow sees every row and the true value of every column, although the
    /// table has row access policies or policy tags. Default: false; where they apply, that is an error.
    #[serde(default)]
    pub full_access: bool,
    /// Functions and table functions of your own that statements may call, such as `ops.normalise`. What
    /// they do is not checked: list those without effects alone.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("examples" = [["ops.normalise"]]))]
    pub routines: Vec<Spanned<String>>,
    /// The table's columns and their BigQuery types.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, String>")]
    pub columns: IndexMap<Spanned<String>, Spanned<String>>,
    /// Values of your own for templates: `{{ vars.name }}`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub vars: IndexMap<Spanned<String>, Spanned<toml::Value>>,
}

/// How a survivor is put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MergeSection {
    /// Column by column, it takes the first value in the order of `keep` that is not NULL.
    LastNonNull,
}

/// Where rows wait to be merged into the rule's table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StagingSection {
    /// The staging tables, each as `dataset.table`.
    #[schemars(with = "Vec<String>", extend("examples" = [["shop.order_changes"]]))]
    pub tables: Spanned<Vec<Spanned<String>>>,
    /// The columns that arrive. Default: those that the tables share.
    #[schemars(with = "Option<Vec<String>>")]
    pub columns: Option<Spanned<Vec<Spanned<String>>>>,
    /// Columns that a row keeps that is there already, besides row id, key, partition and written_at.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("examples" = [["created_by"]]))]
    pub untouched: Vec<Spanned<String>>,
    /// The condition that holds for staged rows that are deletion markers, such as `op = 'D'`.
    #[schemars(with = "Option<String>", extend("examples" = ["op = 'D'"]))]
    pub deleted: Option<Spanned<String>>,
    /// Whether a staging table is dropped once its rows are merged. Default: false.
    #[serde(default)]
    pub drop: bool,
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
    /// Whether its UPDATE may remove the last active row of a key.
    #[serde(default)]
    pub may_remove_keys: bool,
}

/// An address that is told of runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookSection {
    /// The environment variable that holds the address, which is a secret.
    #[schemars(with = "String", extend("examples" = ["SLACK_WEBHOOK"]))]
    pub url_env: Spanned<String>,
    /// Whether the address may be one that only this machine and its neighbours can reach: loopback, link-local,
    /// a cloud's metadata server. Default: false.
    #[serde(default)]
    pub allow_local: bool,
    /// What it is told of: `failure`, `duplicates`, `buffered`, `empty`. Default: failure, and whatever
    /// has its threshold.
    #[schemars(with = "Option<Vec<TriggerSection>>", length(min = 1))]
    pub on: Option<Spanned<Vec<Spanned<String>>>>,
    /// duplicates: a run that finds more than this.
    #[schemars(with = "Option<u64>")]
    pub duplicates_over: Option<Spanned<u64>>,
    /// buffered: rows of a date that are still buffered this long after a run first found them so,
    /// such as `3h`.
    #[schemars(with = "Option<String>", extend("examples" = ["3h"]))]
    pub buffered_for: Option<Spanned<String>>,
    /// The rules whose runs it is told of. Default: all.
    #[schemars(with = "Option<Vec<String>>", length(min = 1), extend("examples" = [["orders"]]))]
    pub rules: Option<Spanned<Vec<Spanned<String>>>>,
}

/// What a webhook is told of.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase")]
#[allow(dead_code, reason = "it is in the schema; the words are read by hand, for better errors")]
pub(super) enum TriggerSection {
    /// A run that failed.
    Failure,
    /// A run that found many duplicates.
    Duplicates,
    /// Rows that stay in the streaming buffer.
    Buffered,
    /// Dates that have no row at all.
    Empty,
}

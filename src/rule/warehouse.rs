//! The warehouses of the rule file, validated.

use std::path::PathBuf;
use std::time::Duration;

use bytesize::ByteSize;
use jiff::{SignedDuration, SpanRelativeTo};
use toml::Spanned;

use super::document::{
    CredentialsSection, PrioritySection, Source, WarehouseKind, WarehouseSection,
};
use super::{WarehouseName, validate};
use crate::error::{Error, Kind, Result};
use crate::googlesql::TableName;
use crate::removals::RemovalLog;

/// A warehouse of the rule file.
#[derive(Debug, Clone)]
pub struct Warehouse {
    /// Its name.
    pub name: WarehouseName,
    /// Its type and settings.
    pub kind: WarehouseType,
}

impl Warehouse {
    /// The location of its removal log.
    pub fn removal_log(&self) -> RemovalLog {
        match &self.kind {
            WarehouseType::Sqlite { .. } => RemovalLog::embedded(),
            WarehouseType::BigQuery(settings) => settings.removal_log(),
        }
    }
}

impl BigQuerySettings {
    /// The location of its removal log: the ledger's dataset.
    pub fn removal_log(&self) -> RemovalLog {
        RemovalLog::beside(&self.ledger)
    }
}

/// The type of a warehouse.
#[derive(Debug, Clone)]
pub enum WarehouseType {
    /// The embedded warehouse.
    Sqlite {
        /// The database file, relative to the project.
        path: PathBuf,
        /// How long a streamed row stays in the simulated streaming buffer.
        drain: SignedDuration,
    },
    /// Google BigQuery, or any service with its REST API.
    BigQuery(Box<BigQuerySettings>),
}

/// The connection to BigQuery and its limits.
#[derive(Debug, Clone)]
pub struct BigQuerySettings {
    /// The billed project, which is also the default for table names.
    pub project: String,
    /// The location of the datasets; `None` is the US multi-region.
    pub location: Option<String>,
    /// The default dataset for table names.
    pub default_dataset: Option<String>,
    /// The URL of its REST API; `None` is Google's.
    pub endpoint: Option<String>,
    /// The account.
    pub credentials: Credentials,
    /// The most bytes that a plan may read.
    pub max_bytes_billed: Option<u64>,
    /// US dollars per TiB read.
    pub price_per_tib: f64,
    /// The scheduling priority of statements.
    pub priority: Priority,
    /// The reservation whose slots the jobs use; `None` uses the project's assignments.
    pub reservation: Option<String>,
    /// The time limit of one statement, counted from when it leaves the queue.
    pub timeout: Duration,
    /// The time limit in the queue.
    pub queue_timeout: Duration,
    /// How long transient failures are retried; less if the network does not respond.
    pub retry_for: Duration,
    /// The ledger's table.
    pub ledger: TableName,
    /// How long the removal log keeps removed rows; `None` means for ever.
    pub removals_expire_after: Option<Duration>,
}

/// The account for BigQuery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    /// Application default credentials.
    ApplicationDefault,
    /// The key file of a service account, relative to the project.
    KeyFile(PathBuf),
    /// The machine's service account, from its metadata server.
    MetadataServer,
    /// None: an emulator.
    None,
}

/// The scheduling priority of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    /// Immediately.
    Interactive,
    /// When slots are idle.
    Batch,
}

const DEFAULT_PATH: &str = ".onerow/local.db";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15 * 60);
const DEFAULT_RETRY_FOR: Duration = Duration::from_secs(15 * 60);

/// BigQuery's own limits for interactive and batch queries.
/// Source: <https://cloud.google.com/bigquery/docs/query-queues#limitations>
const DEFAULT_QUEUE_TIMEOUT: (Duration, Duration) =
    (Duration::from_secs(6 * 60 * 60), Duration::from_secs(24 * 60 * 60));

/// A removal log has daily partitions.
const SHORTEST_EXPIRY: Duration = Duration::from_secs(24 * 60 * 60);

/// The minimum that a query is billed, in bytes, per referenced table.
/// Source: <https://cloud.google.com/bigquery/pricing#on_demand_pricing>
pub(crate) const SMALLEST_BILL: u64 = 10 << 20;

/// The price of on-demand compute in the US, in US dollars per TiB.
/// Source: <https://cloud.google.com/bigquery/pricing#on_demand_pricing>
const DEFAULT_PRICE_PER_TIB: f64 = 6.25;

/// Checks one warehouse.
pub(super) fn read(
    source: &Source,
    name: &Spanned<String>,
    section: &WarehouseSection,
) -> Result<Warehouse> {
    let reader = Reader { source, section };
    reader.refuse_foreign_keys()?;
    let warehouse = WarehouseName::parse(name.get_ref())
        .map_err(|error| error.at(source.place(name.span())))?;
    let kind = match section.r#type.get_ref() {
        WarehouseKind::Sqlite => WarehouseType::Sqlite {
            path: PathBuf::from(
                section.path.as_ref().map_or(DEFAULT_PATH, |path| path.get_ref().as_str()),
            ),
            drain: validate::duration(source, section.drain.as_ref())?,
        },
        WarehouseKind::Bigquery => WarehouseType::BigQuery(Box::new(reader.bigquery(name)?)),
    };
    Ok(Warehouse { name: warehouse, kind })
}

struct Reader<'a> {
    source: &'a Source,
    section: &'a WarehouseSection,
}

impl Reader<'_> {
    fn refuse_foreign_keys(&self) -> Result<()> {
        let section = self.section;
        let span = |value: &Option<Spanned<String>>| value.as_ref().map(Spanned::span);
        let bigquery = [
            ("project", span(&section.project)),
            ("location", span(&section.location)),
            ("default_dataset", span(&section.default_dataset)),
            ("endpoint", span(&section.endpoint)),
            ("credentials", section.credentials.as_ref().map(Spanned::span)),
            ("key_file", span(&section.key_file)),
            ("max_bytes_billed", span(&section.max_bytes_billed)),
            ("price_per_tib", section.price_per_tib.as_ref().map(Spanned::span)),
            ("priority", section.priority.as_ref().map(Spanned::span)),
            ("reservation", span(&section.reservation)),
            ("timeout", span(&section.timeout)),
            ("queue_timeout", span(&section.queue_timeout)),
            ("retry_for", span(&section.retry_for)),
            ("ledger", span(&section.ledger)),
            ("removals_expire_after", span(&section.removals_expire_after)),
        ];
        let sqlite = [("path", span(&section.path)), ("drain", span(&section.drain))];
        let foreign: &[_] = match section.r#type.get_ref() {
            WarehouseKind::Sqlite => &bigquery,
            WarehouseKind::Bigquery => &sqlite,
        };
        for (key, range) in foreign {
            if let Some(range) = range {
                let message = format!("`{key}` does not go with this type of warehouse");
                return Err(Error::new(Kind::RuleFile, message)
                    .at(self.source.place(range.clone()))
                    .help("remove it, or change `type`"));
            }
        }
        Ok(())
    }

    fn bigquery(&self, name: &Spanned<String>) -> Result<BigQuerySettings> {
        let section = self.section;
        let text = |value: &Option<Spanned<String>>| value.as_ref().map(|v| v.get_ref().clone());
        let priority = match section.priority.as_ref().map(Spanned::get_ref) {
            Some(PrioritySection::Batch) => Priority::Batch,
            Some(PrioritySection::Interactive) | None => Priority::Interactive,
        };
        Ok(BigQuerySettings {
            project: self.required(name, "project", section.project.as_ref())?.get_ref().clone(),
            location: text(&section.location),
            default_dataset: text(&section.default_dataset),
            endpoint: self.endpoint()?,
            credentials: self.credentials()?,
            max_bytes_billed: self.max_bytes_billed()?,
            price_per_tib: self.price_per_tib()?,
            priority,
            reservation: self.reservation()?,
            queue_timeout: self.duration(
                section.queue_timeout.as_ref(),
                match priority {
                    Priority::Interactive => DEFAULT_QUEUE_TIMEOUT.0,
                    Priority::Batch => DEFAULT_QUEUE_TIMEOUT.1,
                },
            )?,
            timeout: self.duration(section.timeout.as_ref(), DEFAULT_TIMEOUT)?,
            retry_for: self.duration(section.retry_for.as_ref(), DEFAULT_RETRY_FOR)?,
            ledger: self.ledger(name)?,
            removals_expire_after: self.removals_expire_after()?,
        })
    }

    /// Source: <https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration>
    fn reservation(&self) -> Result<Option<String>> {
        let Some(text) = &self.section.reservation else { return Ok(None) };
        let parts: Vec<&str> = text.get_ref().split('/').collect();
        match parts.as_slice() {
            ["projects", project, "locations", location, "reservations", name]
                if ![project, location, name].iter().any(|part| part.is_empty()) =>
            {
                Ok(Some(text.get_ref().clone()))
            }
            _ => Err(self
                .source
                .error(text, format!("`{}` is not the name of a reservation", text.get_ref()))
                .help("write it as `projects/PROJECT/locations/LOCATION/reservations/NAME`")),
        }
    }

    fn required<'s>(
        &self,
        name: &Spanned<String>,
        key: &str,
        value: Option<&'s Spanned<String>>,
    ) -> Result<&'s Spanned<String>> {
        value.filter(|value| !value.get_ref().is_empty()).ok_or_else(|| {
            self.source
                .error(name, format!("warehouse `{}` has no `{key}`", name.get_ref()))
                .help(format!("a warehouse of type bigquery needs `{key}`"))
        })
    }

    fn ledger(&self, name: &Spanned<String>) -> Result<TableName> {
        let ledger = self.required(name, "ledger", self.section.ledger.as_ref())?;
        TableName::parse(ledger.get_ref())
            .map_err(|error| Error::from(error).at(self.source.place(ledger.span())))
    }

    fn removals_expire_after(&self) -> Result<Option<Duration>> {
        let Some(text) = &self.section.removals_expire_after else { return Ok(None) };
        let span = text.get_ref().parse::<jiff::Span>().ok();
        let span = span.and_then(|s| s.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
        match span.and_then(|span| Duration::try_from(span).ok()) {
            Some(after) if after >= SHORTEST_EXPIRY => Ok(Some(after)),
            _ => Err(self
                .source
                .error(text, format!("`{}` is not a time of a day or more", text.get_ref()))
                .help("write it as `90 days`; a run whose entries have expired cannot be undone")),
        }
    }

    /// The endpoint without a trailing slash. Refuses user names and passwords, which would appear in logs.
    fn endpoint(&self) -> Result<Option<String>> {
        let Some(endpoint) = &self.section.endpoint else { return Ok(None) };
        let text = endpoint.get_ref().trim_end_matches('/');
        let url = reqwest::Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
        });
        match url {
            Some(_) => Ok(Some(text.to_owned())),
            None => Err(self
                .source
                .error(endpoint, "the endpoint is not a plain HTTP address")
                .help("write it as `http://localhost:9050`, without user name and password")),
        }
    }

    fn credentials(&self) -> Result<Credentials> {
        match (&self.section.credentials, &self.section.key_file) {
            (Some(credentials), Some(_)) => Err(self
                .source
                .error(credentials, "`credentials` and `key_file` exclude each other")
                .help("keep one of them")),
            (None, Some(path)) => Ok(Credentials::KeyFile(PathBuf::from(path.get_ref()))),
            (Some(credentials), None) => Ok(match credentials.get_ref() {
                CredentialsSection::ApplicationDefault => Credentials::ApplicationDefault,
                CredentialsSection::MetadataServer => Credentials::MetadataServer,
                CredentialsSection::None => Credentials::None,
            }),
            (None, None) if self.section.endpoint.is_some() => Ok(Credentials::None),
            (None, None) => Ok(Credentials::ApplicationDefault),
        }
    }

    fn max_bytes_billed(&self) -> Result<Option<u64>> {
        let Some(text) = &self.section.max_bytes_billed else { return Ok(None) };
        match text.get_ref().parse::<ByteSize>() {
            Ok(size) if size.as_u64() >= SMALLEST_BILL => Ok(Some(size.as_u64())),
            Ok(size) if size.as_u64() > 0 => {
                let message = format!(
                    "`{}` is less than 10 MiB ({SMALLEST_BILL} bytes), the least that BigQuery bills for each \
                     table of a query: it would refuse every statement",
                    text.get_ref()
                );
                let help = "write what a plan may bill in all, such as `20 GiB`";
                Err(self.source.error(text, message).help(help))
            }
            _ => Err(self
                .source
                .error(text, format!("`{}` is not a number of bytes", text.get_ref()))
                .help("write it as `20 GiB` or `500 MB`")),
        }
    }

    fn price_per_tib(&self) -> Result<f64> {
        match &self.section.price_per_tib {
            None => Ok(DEFAULT_PRICE_PER_TIB),
            Some(price) if price.get_ref().is_finite() && *price.get_ref() >= 0.0 => {
                Ok(*price.get_ref())
            }
            Some(price) => Err(self.source.error(price, "a price is a number from 0 up")),
        }
    }

    fn duration(&self, text: Option<&Spanned<String>>, default: Duration) -> Result<Duration> {
        let Some(text) = text else { return Ok(default) };
        let duration = validate::duration(self.source, Some(text))?;
        match Duration::try_from(duration) {
            Ok(duration) if !duration.is_zero() => Ok(duration),
            _ => Err(self.source.error(text, "the duration must be greater than zero")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::RuleFile;

    fn read(keys: &str) -> Result<BigQuerySettings> {
        let text = format!(
            "[warehouse.prod]\ntype = \"bigquery\"\n{keys}\n\n[rule.p]\ntable = \"a.b\"\n\
             partition = \"d\"\nkey = [\"k\"]\nkeep = [\"id\"]\nrow_id = \"id\"\nactive = \"a\"\n"
        );
        let file = RuleFile::parse("onerow.toml", &text)?;
        match &file.warehouses[0].kind {
            WarehouseType::BigQuery(settings) => Ok((**settings).clone()),
            WarehouseType::Sqlite { .. } => panic!("not a sqlite warehouse"),
        }
    }

    const LEAST: &str = "project = \"p\"\nledger = \"ops.ledger\"";

    #[test]
    fn a_reservation_has_its_whole_name() {
        let with = |name: &str| read(&format!("{LEAST}\nreservation = \"{name}\""));
        let whole = "projects/admin/locations/US/reservations/night";
        assert_eq!(with(whole).unwrap().reservation.as_deref(), Some(whole));
        for bad in ["night", "admin:US.night", "projects//locations/US/reservations/night", ""] {
            let error = with(bad).unwrap_err().to_string();
            assert!(error.contains("is not the name of a reservation"), "{error}");
        }
    }

    #[test]
    fn project_and_ledger_are_enough() {
        let settings = read(LEAST).unwrap();
        assert_eq!(settings.credentials, Credentials::ApplicationDefault);
        assert_eq!(settings.max_bytes_billed, None);
        assert_eq!(settings.price_per_tib, 6.25);
        assert_eq!(settings.timeout, Duration::from_secs(900));
        assert_eq!(settings.retry_for, Duration::from_secs(900));
        assert_eq!(settings.queue_timeout, Duration::from_secs(6 * 3600));
        let batch = read(&format!("{LEAST}\npriority = \"batch\"")).unwrap();
        assert_eq!(batch.queue_timeout, Duration::from_secs(24 * 3600));
    }

    #[test]
    fn an_endpoint_needs_no_credentials() {
        let settings = read(&format!("{LEAST}\nendpoint = \"http://localhost:9050/\"")).unwrap();
        assert_eq!(settings.endpoint.as_deref(), Some("http://localhost:9050"));
        assert_eq!(settings.credentials, Credentials::None);
    }

    #[test]
    fn sizes_and_prices_are_read_as_people_write_them() {
        let least = read(&format!("{LEAST}\nmax_bytes_billed = \"10 MiB\"")).unwrap();
        assert_eq!(least.max_bytes_billed, Some(10_485_760));
        let keys = "max_bytes_billed = \"20 GiB\"\nprice_per_tib = 5\nkey_file = \"k.json\"";
        let settings = read(&format!("{LEAST}\n{keys}")).unwrap();
        assert_eq!(settings.max_bytes_billed, Some(20 << 30));
        assert_eq!(settings.price_per_tib, 5.0);
        assert_eq!(settings.credentials, Credentials::KeyFile("k.json".into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        for (keys, expected) in [
            ("project = \"p\"", "has no `ledger`"),
            ("ledger = \"a.b\"", "has no `project`"),
            ("project = \"p\"\nledger = \"ledger\"", "is not a table name"),
            ("project = \"p\"\nledger = \"a.b\"\nmax_bytes_billed = \"much\"", "number of bytes"),
            ("project = \"p\"\nledger = \"a.b\"\nmax_bytes_billed = \"0\"", "number of bytes"),
            (
                "project = \"p\"\nledger = \"a.b\"\nmax_bytes_billed = \"10485759\"",
                "less than 10 MiB (10485760",
            ),
            ("project = \"p\"\nledger = \"a.b\"\nmax_bytes_billed = \"1 KiB\"", "less than 10 MiB"),
            ("project = \"p\"\nledger = \"a.b\"\nprice_per_tib = -1.0", "from 0 up"),
            ("project = \"p\"\nledger = \"a.b\"\ntimeout = \"0s\"", "greater than zero"),
            ("project = \"p\"\nledger = \"a.b\"\nendpoint = \"ftp://x\"", "plain HTTP address"),
            ("project = \"p\"\nledger = \"a.b\"\nendpoint = \"http://u:pw@x\"", "plain HTTP"),
            (
                "project = \"p\"\nledger = \"a.b\"\ncredentials = \"none\"\nkey_file = \"k\"",
                "exclude each other",
            ),
            ("project = \"p\"\nledger = \"a.b\"\npath = \"x.db\"", "does not go with"),
        ] {
            let error = read(keys).unwrap_err();
            assert!(error.to_string().contains(expected), "{keys}: {error}");
            assert!(error.place().is_some(), "{keys}: {error}");
        }
    }
}

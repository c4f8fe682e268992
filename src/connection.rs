//! Opening a configured warehouse and its ledger.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::Result;
use crate::files;
use crate::interrupt::Interrupt;
use crate::ledger::Ledger;
use crate::ledger::bigquery::BigQueryLedger;
use crate::rule::{self, BigQuerySettings, WarehouseType};
use crate::warehouse::Warehouse;
use crate::warehouse::bigquery::BigQuery;
use crate::warehouse::sqlite::{Access, Sqlite};

/// An open warehouse, its ledger, and its prices.
pub struct Connection {
    /// Runs statements.
    pub warehouse: Arc<dyn Warehouse + Send>,
    /// Records them.
    pub ledger: Arc<dyn Ledger + Send>,
    /// Its prices; `None` if it is free.
    pub tariff: Option<Tariff>,
}

/// The price of reading, and the limit for a plan.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tariff {
    /// US dollars per TiB.
    pub price_per_tib: f64,
    /// The most bytes that a plan may read; `None` means no limit.
    pub max_bytes: Option<u64>,
}

impl Tariff {
    /// US dollars for this many bytes; `None` if the price is 0, as with slot pricing.
    pub fn price(self, bytes: u64) -> Option<f64> {
        let is_by_bytes = self.price_per_tib > 0.0;
        is_by_bytes.then(|| bytes as f64 / (1_u64 << 40) as f64 * self.price_per_tib)
    }

    /// Whether slots are billed instead of bytes.
    pub fn is_by_slots(self) -> bool {
        self.price_per_tib == 0.0
    }
}

/// Opens a warehouse; an interrupt cancels its statements. A database is created only with
/// [`Access::Create`].
pub fn connect(
    warehouse: &rule::Warehouse,
    folder: &Path,
    clock: Clock,
    interrupt: &Interrupt,
    access: Access,
) -> Result<Connection> {
    match &warehouse.kind {
        WarehouseType::Sqlite { path, drain } => {
            let path = files::named(folder, path)?;
            let sqlite = Arc::new(Sqlite::open(&path, access, clock, *drain)?);
            Ok(Connection { warehouse: sqlite.clone(), ledger: sqlite, tariff: None })
        }
        WarehouseType::BigQuery(settings) => {
            bigquery(warehouse.name.as_str(), settings, folder, clock, interrupt, access)
        }
    }
}

fn bigquery(
    name: &str,
    settings: &BigQuerySettings,
    folder: &Path,
    clock: Clock,
    interrupt: &Interrupt,
    access: Access,
) -> Result<Connection> {
    let bigquery = BigQuery::connect(settings, folder, interrupt.clone())?;
    let bigquery = Arc::new(bigquery);
    let outbox = Path::new(".onerow").join(format!("{name}.outbox.db"));
    let outbox = files::named(folder, &outbox)?;
    // The outbox is created on the first run; it need not be loaded before.
    let access = if access == Access::ReadWrite { Access::Create } else { access };
    let ledger = BigQueryLedger::open(bigquery.clone(), &outbox, access, clock)?;
    let tariff =
        Tariff { price_per_tib: settings.price_per_tib, max_bytes: settings.max_bytes_billed };
    Ok(Connection { warehouse: bigquery, ledger: Arc::new(ledger), tariff: Some(tariff) })
}

//! A ledger that notifies an observer of each entry.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Entry, Filter, Ledger, Lock};
use crate::error::Result;
use crate::googlesql::TableName;
use crate::interrupt::Interrupt;

/// A function that is called with each entry after it was written.
pub type Observer = dyn Fn(&Entry) + Send + Sync;

/// A ledger whose observer is called with each entry after it was written.
pub struct Observed {
    /// The ledger that stores the entries.
    pub ledger: Arc<dyn Ledger + Send>,
    /// The observer.
    pub observer: Box<Observer>,
}

impl Ledger for Observed {
    fn append(&self, entry: &Entry) -> Result<()> {
        self.ledger.append(entry)?;
        (self.observer)(entry);
        Ok(())
    }

    fn entries(&self, wanted: &Filter<'_>) -> Result<Vec<Entry>> {
        self.ledger.entries(wanted)
    }

    fn reach(&self) -> Vec<Option<Timestamp>> {
        self.ledger.reach()
    }

    fn lock(&self, table: &TableName, interrupt: &Interrupt) -> Result<Lock> {
        self.ledger.lock(table, interrupt)
    }

    fn in_doubt(&self, rule: &str) -> Result<Vec<Entry>> {
        self.ledger.in_doubt(rule)
    }

    fn examine(&self) -> Result<String> {
        self.ledger.examine()
    }

    fn deliver(&self) -> Result<()> {
        self.ledger.deliver()
    }
}

//! The ledger's entries of the last days, read once for all rules of a command.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::Engine;
use crate::error::Result;
use crate::ledger::{Entry, Filter};
use crate::rule::{Rule, RuleName};

/// The entries of each rule, oldest first.
type OfRules = HashMap<RuleName, Vec<Entry>>;

/// The entries, by the number of days read.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<u32, Arc<OfRules>>>);

impl Engine {
    /// Returns an engine for a command over several rules, which reads the ledger once for all of them. It
    /// does not see entries written later; runs read the ledger themselves.
    #[must_use]
    pub(crate) fn reading_ledger_once(self, rules: usize) -> Self {
        let remembered = (rules > 1).then(Arc::default);
        Self { remembered, ..self }
    }

    /// The entries of a rule of the last `days` days, oldest first.
    pub(super) fn recent(&self, rule: &Rule, days: u32) -> Result<Vec<Entry>> {
        let Some(Remembered(known)) = self.remembered.as_deref() else {
            return self.entries(&Filter::recent(Some(rule.name.as_str()), self.now(), days));
        };
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let of_all = match known.get(&days) {
            Some(found) => found.clone(),
            None => {
                let mut found = OfRules::new();
                for entry in self.entries(&Filter::recent(None, self.now(), days))? {
                    found.entry(entry.rule.clone()).or_default().push(entry);
                }
                known.entry(days).or_insert(Arc::new(found)).clone()
            }
        };
        Ok(of_all.get(&rule.name).cloned().unwrap_or_default())
    }
}

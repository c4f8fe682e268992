//! Arbitrary rows of a ledger table.

use super::record::{self, Cells};
use crate::fuzzed::is_an_error;

/// Reads a row whose cells are the lines of the text; an empty line is NULL. A valid entry must be written as
/// the same row.
pub(crate) fn row(text: &str) {
    let mut lines = text.split('\n').map(str::to_owned);
    let cells: Cells = std::array::from_fn(|_| lines.next().filter(|line| !line.is_empty()));
    match record::entry(&cells) {
        Ok(entry) => {
            let again = record::cells(&entry);
            assert_eq!(record::entry(&again).map(|entry| record::cells(&entry)).ok(), Some(again));
        }
        Err(error) => is_an_error(&error),
    }
}

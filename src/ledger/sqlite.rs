//! The ledger in the embedded database.

//! The embedded warehouse.

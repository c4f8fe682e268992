//! The `bigquery` warehouse, through the real binary, against a real emulator.

#[path = "../common/mod.rs"]
mod common;
mod consolidate;
mod emulator;
mod fixture;
mod proxy;
mod strategies;
mod undo;
mod view;

mod buffer;
mod cost;
mod credentials;
mod doctor;
mod faults;
mod figures;
mod interrupt;
mod jobs;
mod ledger;
#[path = "../../examples/player_props/data.rs"]
#[allow(dead_code, reason = "the example uses the rest")]
mod predictions;

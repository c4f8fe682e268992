//! The `bigquery` warehouse, through the real binary, against a real emulator.

#[path = "../common/mod.rs"]
mod common;
mod consolidate;
#[path = "../common/counted.rs"]
mod counted;
#[path = "../common/document.rs"]
mod document;
mod emulator;
mod fixture;
#[path = "../common/honest.rs"]
mod honest;
#[path = "../common/mortal.rs"]
mod mortal;
#[path = "../common/oracle.rs"]
mod oracle;
mod proxy;
#[path = "../common/silent.rs"]
mod silent;
mod strategies;
mod undo;
mod view;

mod at_once;
mod buffer;
mod cost;
mod crashes;
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

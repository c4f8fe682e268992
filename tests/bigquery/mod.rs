//! The `bigquery` warehouse, through the real binary, against a real emulator.

mod consolidate;
mod emulator;
mod fixture;
mod propose;
mod proxy;
mod shards;
mod strategies;
mod token_server;
mod undo;
mod view;

mod access;
mod at_once;
mod buffer;
mod changed;
mod cost;
mod crashes;
mod credentials;
mod dbt;
mod doctor;
mod documented;
mod faults;
mod federation;
mod figures;
mod interrupt;
mod jobs;
mod ledger;
mod live;
mod many_rules;
mod tables;
mod unmodified;
mod waiting;

//! Who is told how a run ended: the real binary, and a real HTTP server that is told.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/player_props/data.rs"]
#[allow(dead_code, reason = "the service's helper uses it")]
mod data;
#[path = "../serve/service.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod service;

mod beginning;
mod buffered;
mod commands;
mod delivery;
mod receiver;
mod serving;
mod triggers;

//! Who is told how a run ended: the real binary, and a real HTTP server that is told.

#[path = "../common/mod.rs"]
mod common;
#[path = "../serve/service.rs"]
#[allow(dead_code, reason = "these tests use a part of it")]
mod service;

mod beginning;
mod buffered;
mod commands;
mod delivery;
mod documented;
mod receiver;
mod serving;
mod triggers;

/// The service's helper can load the example's table; these tests do not.
mod data {
    pub fn csv() -> String {
        String::new()
    }
}

//! The HTTP service, as its callers see it: the real binary, real requests.

#[path = "../common/mod.rs"]
mod common;
#[path = "../../examples/player_props/data.rs"]
#[allow(dead_code, reason = "the tests use its table")]
mod data;

mod abuse;
mod access;
mod browser;
mod cleanup;
mod fuzzed;
mod load;
mod looking;
mod oidc;
mod pages;
mod service;
mod stopping;

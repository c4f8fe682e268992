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
#[path = "../injection/hostile.rs"]
#[allow(dead_code, reason = "the tests of injection use the rest")]
mod hostile;
mod hostile_pages;
#[path = "../report_html/html.rs"]
#[allow(dead_code, reason = "the tests of the pages use the rest")]
mod html;
mod load;
mod looking;
mod oidc;
mod pages;
mod service;
mod stopping;

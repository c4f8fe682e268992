//! The HTTP service, as its callers see it: the real binary, real requests.

mod abuse;
mod access;
mod cleanup;
mod dates;
mod fuzzed;
mod history;
mod hostile_pages;
mod load;
mod looking;
mod oidc;
pub mod overview;
mod pages;
pub mod service;
mod stopping;
mod strangers;
mod undo;
mod written;

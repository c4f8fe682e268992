//! Who is told how a run ended: the real binary, and a real HTTP server that is told.

mod beginning;
mod buffered;
mod commands;
mod delivery;
mod documented;
mod local;
mod receiver;
mod serving;
mod triggers;

//! The `onerow` command.

fn main() {}

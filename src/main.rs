//! The `onerow` command.

use std::process::ExitCode;

use onerow::cli::{self, Effects};

fn main() -> ExitCode {
    cli::complete(std::env::args_os())
        .unwrap_or_else(|| ExitCode::from(cli::run(std::env::args_os(), &Effects::real())))
}

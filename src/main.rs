//! The `onerow` command.

use std::process::ExitCode;

use onerow::cli::{self, Effects};

fn main() -> ExitCode {
    ExitCode::from(cli::run(std::env::args_os(), &Effects::real()))
}

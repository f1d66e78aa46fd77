//! The commands; nothing else.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong command line, 3 wrong configuration.

mod commands;

use std::process::ExitCode;

fn main() -> ExitCode {
    commands::main()
}

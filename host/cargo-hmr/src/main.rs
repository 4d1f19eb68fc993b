//! The command `cargo hmr`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_hmr::cli::main()
}

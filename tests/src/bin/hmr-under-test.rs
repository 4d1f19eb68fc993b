//! The tool as the suites run it: the same command line as `cargo-hmr`, built together with them, so that no suite
//! ever runs a tool that was left over from an earlier build.

use std::process::ExitCode;

fn main() -> ExitCode {
    cargo_hmr::cli::main()
}

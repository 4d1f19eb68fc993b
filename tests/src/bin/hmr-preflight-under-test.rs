//! Preflight as the suites run it, built together with them, so that no tool in them has to build it first.

use std::process::ExitCode;

fn main() -> ExitCode {
    hmr_preflight::end_with_tool();
    match hmr_preflight::serve(std::io::stdin(), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

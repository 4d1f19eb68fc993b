//! `hmr-preflight`: answers the tool's requests on standard input and output.

use std::process::ExitCode;

fn main() -> ExitCode {
    hmr_preflight::end_with_tool();
    match hmr_preflight::serve(std::io::stdin(), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}\nhint: `cargo hmr dev` starts this program by itself");
            ExitCode::FAILURE
        }
    }
}

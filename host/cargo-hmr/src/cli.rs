//! The command line.

use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};
use hmr_build::Status;

use crate::{dev, report};

/// The port that is tried first unless another is requested.
const PORT: u16 = 8080;

#[derive(Parser)]
#[command(name = "cargo hmr", bin_name = "cargo hmr", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves an app and swaps its modules as their sources are saved
    Dev(DevArgs),
    /// Shows the installed build tools, the missing ones, and the command that installs them
    Doctor {
        /// The app's folder or manifest
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
    },
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line are")]
struct DevArgs {
    /// The app's folder or manifest
    #[arg(default_value = ".")]
    path: Utf8PathBuf,
    /// The port to serve at; if it is taken, the next free one; 0 is any [default: that of the settings, or 8080]
    #[arg(long)]
    port: Option<u16>,
    /// The address to listen at: `0.0.0.0` or `::` for all of the machine's. Requests from beyond this machine need the key in the
    /// printed address [default: those of the settings, or `127.0.0.1`]
    #[arg(long)]
    host: Option<String>,
    /// A name that requests may use for the server, in addition to addresses and `localhost`; `.example.org` for all names below it
    #[arg(long, value_name = "NAME", value_parser = hmr_build::host_name)]
    allowed_host: Vec<String>,
    /// Opens the page in the default browser
    #[arg(long)]
    open: bool,
    /// Announces updates without running the gates of their modules
    #[arg(long)]
    no_gates: bool,
    /// Prints one JSON object per line on stdout for every event
    #[arg(long)]
    json: bool,
    /// Serves modules without the code that stops endless loops and recursion
    #[arg(long)]
    no_loop_guard: bool,
    /// Does not rehearse swaps before pages make them
    #[arg(long)]
    no_preflight: bool,
}

/// Runs the command line that the process was started with. cargo passes a subcommand its own name as the first argument.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = hmr_build::supervise_if_asked() {
        return code;
    }
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "hmr") {
        arguments.remove(1);
    }
    match Cli::parse_from(arguments).command {
        Command::Dev(arguments) => dev(arguments),
        Command::Doctor { path } => doctor(&path),
    }
}

fn dev(arguments: DevArgs) -> ExitCode {
    let options = dev::Options {
        path: arguments.path,
        port: arguments.port,
        default_port: PORT,
        host: arguments.host,
        allowed_hosts: arguments.allowed_host,
        open: arguments.open,
        gates: !arguments.no_gates,
        json: arguments.json,
        loop_guard: !arguments.no_loop_guard,
        preflight: !arguments.no_preflight,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let outcome = runtime.block_on(dev::run(options));
    // Threads that wait for a file or a child have nothing more to report.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn doctor(path: &camino::Utf8Path) -> ExitCode {
    let findings = hmr_build::doctor(path);
    report::findings(&findings);
    let missing = findings.iter().any(|finding| finding.status == Status::Missing);
    ExitCode::from(u8::from(missing))
}

fn fail(message: &str) -> ExitCode {
    report::fatal(message);
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}

//! The command line.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8PathBuf;
use clap::{Args, Parser, Subcommand};
use hmr_build::Status;

use crate::{deploy, dev, report, signals};

/// The port that is tried first unless another is requested.
const PORT: u16 = 8080;

/// The exit code of cargo for code that does not compile.
const NOT_COMPILED: u8 = 101;

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
    /// Builds an app into a folder that any server of static files can serve
    Build(BuildArgs),
    /// Serves what `cargo hmr build` has built, for a last look
    Serve(ServeArgs),
    /// Shows what the tool would do with an app, and does nothing
    Inspect {
        /// The app's folder or manifest
        #[arg(default_value = ".")]
        path: Utf8PathBuf,
        /// Shows how sources are rewritten so that the state of components is kept, line by line
        #[arg(long, required = true)]
        auto_state: bool,
    },
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
    /// Compiles applications as they are, so that the state of their components is not kept
    #[arg(long)]
    no_auto_state: bool,
    /// Does not rehearse swaps before pages make them
    #[arg(long)]
    no_preflight: bool,
}

#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a command line are")]
struct BuildArgs {
    /// The app's folder or manifest
    #[arg(default_value = ".")]
    path: Utf8PathBuf,
    /// Compiles with the profile `release`, which is the default unless the page names another
    #[arg(long, conflicts_with = "profile")]
    release: bool,
    /// Compiles with this profile
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// The folder to write [default: that of the settings, or `dist` in the app's folder]
    #[arg(long, value_name = "FOLDER")]
    dist: Option<Utf8PathBuf>,
    /// What the URLs of all files begin with: `/path/`, `./` or an address [default: that of the settings, or `/`]
    #[arg(long, value_name = "URL")]
    public_url: Option<deploy::PublicUrl>,
    /// Does not run `wasm-opt`, even if it is installed
    #[arg(long)]
    no_wasm_opt: bool,
    /// Requires that `Cargo.lock` stays as it is
    #[arg(long)]
    locked: bool,
    /// Uses no network
    #[arg(long)]
    offline: bool,
    /// As `--locked` and `--offline` together
    #[arg(long)]
    frozen: bool,
    /// Prints one JSON object per line on stdout for every event, the last one with the sizes
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct ServeArgs {
    /// The app's folder or manifest
    #[arg(default_value = ".")]
    path: Utf8PathBuf,
    /// The folder that was built [default: that of `cargo hmr build`]
    #[arg(long, value_name = "FOLDER")]
    dist: Option<Utf8PathBuf>,
    /// The port to serve at; if it is taken, the next free one; 0 is any
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// The address to listen at: `0.0.0.0` or `::` for all of the machine's
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// Opens the page in the default browser
    #[arg(long)]
    open: bool,
    /// Prints one JSON object per line on stdout for every event
    #[arg(long)]
    json: bool,
}

/// Runs the command line that the process was started with. cargo passes a subcommand its own name as the first argument.
#[must_use]
pub fn main() -> ExitCode {
    if let Some(code) = hmr_build::wrap_if_asked().or_else(hmr_build::supervise_if_asked) {
        return code;
    }
    let mut arguments: Vec<_> = std::env::args_os().collect();
    if arguments.get(1).is_some_and(|first| first == "hmr") {
        arguments.remove(1);
    }
    match Cli::parse_from(arguments).command {
        Command::Dev(arguments) => dev(arguments),
        Command::Build(arguments) => build(arguments),
        Command::Serve(arguments) => serve(arguments),
        Command::Inspect { path, auto_state: _ } => inspect(&path),
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
        auto_state: !arguments.no_auto_state,
        preflight: !arguments.no_preflight,
    };
    block_on(dev::run(options))
}

/// Runs a command that serves until it is interrupted.
fn block_on<E: std::fmt::Display>(command: impl Future<Output = Result<(), E>>) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let outcome = runtime.block_on(command);
    // Threads that wait for a file or a child have nothing more to report.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn build(arguments: BuildArgs) -> ExitCode {
    let BuildArgs { locked, offline, frozen, .. } = arguments;
    let cargo_arguments = [("--locked", locked), ("--offline", offline), ("--frozen", frozen)];
    let cargo_arguments = cargo_arguments.into_iter().filter(|(_, set)| *set);
    let options = deploy::Options {
        path: arguments.path,
        profile: arguments.profile,
        dist: arguments.dist,
        public_url: arguments.public_url,
        wasm_opt: !arguments.no_wasm_opt,
        cargo_arguments: cargo_arguments.map(|(name, _)| name.to_owned()).collect(),
    };
    let cancel = hmr_build::CancelToken::new();
    let stop = cancel.clone();
    if let Err(error) = signals::on_stop(move || stop.cancel()) {
        return fail(&format!("cannot start: {error}"));
    }
    let reporter = Mutex::new(report::Reporter::new(arguments.json));
    let on = |event| reporter.lock().unwrap_or_else(PoisonError::into_inner).report(&event);
    let outcome = deploy::run(&options, &cancel, &on);
    drop(reporter);
    match outcome {
        Ok(summary) => {
            report::deployed(&summary, arguments.json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::fatal(&error.to_string());
            ExitCode::from(if error.is_compile_error() { NOT_COMPILED } else { 1 })
        }
    }
}

fn serve(arguments: ServeArgs) -> ExitCode {
    let dist = match arguments.dist.map_or_else(|| deploy::dist_of(&arguments.path), Ok) {
        Ok(dist) => dist,
        Err(error) => return fail(&error.to_string()),
    };
    let options = deploy::ServeOptions {
        dist,
        host: arguments.host,
        port: arguments.port,
        open: arguments.open,
    };
    let reporter = Arc::new(Mutex::new(report::Reporter::new(arguments.json)));
    block_on(async move {
        let on = move |event| {
            reporter.lock().unwrap_or_else(PoisonError::into_inner).report(&event);
        };
        deploy::serve(&options, on).await
    })
}

fn inspect(path: &camino::Utf8Path) -> ExitCode {
    match hmr_build::auto_state::inspect(path) {
        Ok(files) => {
            report::inspected(&files);
            ExitCode::SUCCESS
        }
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

//! What a machine must have before the suites can run, and how it is installed.
//!
//! Each step checks first and installs only what is missing. If it cannot install something, it prints the exact
//! command to type.

use crate::program::{Step, answer, cargo, on_path, program, root, run};
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Debian's packages with `chromium` and `chromedriver`.
const CHROMIUM_PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// A rustc with a matching library source, of which the standard library for wasm32 can be built without rustup.
const WASM_STD_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// The version of cargo-deny to install where there is none.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// What `cargo xtask test` needs.
pub(crate) fn for_tests() -> Vec<Step> {
    let mut steps = for_browser();
    steps.push(Step::function("install the client's tools", client_tools));
    steps
}

/// What drives a browser against the real tool.
pub(crate) fn for_browser() -> Vec<Step> {
    vec![
        Step::function("install Chromium", chromium),
        Step::function("install the wasm32 standard library", wasm_std),
    ]
}

/// What the lints need beyond that.
pub(crate) fn for_lints() -> Vec<Step> {
    vec![
        Step::function("install rustfmt and clippy", rust_components),
        Step::function("install cargo-deny", cargo_deny),
    ]
}

fn chromium() -> Result<(), String> {
    if on_path("chromium") && on_path("chromedriver") {
        return Ok(());
    }
    debian_packages(&CHROMIUM_PACKAGES)
}

/// The tool installs a standard library too, but tests that run side by side must not all install packages.
fn wasm_std() -> Result<(), String> {
    let target = "wasm32-unknown-unknown";
    let query = ["--print", "target-libdir", "--target", target];
    let library = answer(&mut program("rustc", &root(), &query));
    if library.is_some_and(|library| Path::new(&library).is_dir()) || installed(&WASM_STD_PACKAGES)
    {
        return Ok(());
    }
    run(program("rustup", &root(), &["target", "add", target])).or_else(|problem| {
        eprintln!("    {problem}; trying the distribution's packages");
        debian_packages(&WASM_STD_PACKAGES)
    })
}

fn rust_components() -> Result<(), String> {
    for (subcommand, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if answer(&mut cargo(&[subcommand, "--version"])).is_none() {
            run(program("rustup", &root(), &["component", "add", component]))?;
        }
    }
    Ok(())
}

/// Compiles cargo-deny if it is absent, without optimisation, which takes more time than the checks can save.
fn cargo_deny() -> Result<(), String> {
    if answer(&mut cargo(&["deny", "--version"])).is_some() {
        return Ok(());
    }
    run(cargo(&["install", "--locked", "--debug", "--config", "profile.dev.debug=0", CARGO_DENY]))
}

/// Runs `npm ci` unless the installed packages are at least as new as the lock file.
fn client_tools() -> Result<(), String> {
    let client = root().join("client");
    let installed = modified(&client.join("node_modules/.package-lock.json"));
    let locked = modified(&client.join("package-lock.json"));
    if installed.is_some() && installed >= locked {
        return Ok(());
    }
    run(program("npm", &client, &["ci", "--no-audit", "--no-fund"]))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|data| data.modified()).ok()
}

/// Whether Debian's package manager is here and has all of these installed.
fn installed(packages: &[&str]) -> bool {
    let state = |package: &&str| {
        let query = ["--show", "--showformat", "${db:Status-Abbrev}", package];
        answer(&mut program("dpkg-query", &root(), &query))
            .is_some_and(|state| state.starts_with("ii"))
    };
    packages.iter().all(state)
}

/// Installs Debian packages, if this is Debian and we may.
fn debian_packages(packages: &[&str]) -> Result<(), String> {
    let names = packages.join(" ");
    let root_user = answer(&mut program("id", &root(), &["-u"])).is_some_and(|id| id == "0");
    if !on_path("apt-get") {
        return Err(format!(
            "`{names}` (Debian's names) are not installed\nhint: install them with your package manager"
        ));
    }
    if !root_user {
        return Err(format!(
            "`{names}` are not installed\nhint: run `sudo apt-get install {names}`"
        ));
    }
    eprintln!("    installing {names}");
    run(apt_get(&["update"]))?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    run(apt_get(&arguments))
}

fn apt_get(arguments: &[&str]) -> std::process::Command {
    let mut command = program("apt-get", &root(), arguments);
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

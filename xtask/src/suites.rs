//! The suites and the lints, each as one step.
//!
//! All the Rust steps of the workspace name the same packages and features, so that nothing (wasmtime above all) is
//! compiled twice.

use crate::program::{Step, answer, cargo, program, root, run};
use serde_json::Value;
use std::fs;
use std::process::{Command, Stdio};

/// Formatting, lints and types, with warnings as errors.
pub(crate) fn lints() -> Vec<Step> {
    let demo = root().join("demo-app");
    let client = root().join("client");
    let clippy = ["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    vec![
        Step::program("format: workspace", cargo(&["fmt", "--all", "--check"])),
        Step::program("format: demo-app", program("cargo", &demo, &["fmt", "--all", "--check"])),
        Step::function("format: examples", format_of_examples),
        Step::program("clippy: workspace", cargo(&clippy)),
        Step::program("clippy: demo-app", program("cargo", &demo, &clippy)),
        Step::program("dependencies: workspace", deny("Cargo.toml")),
        Step::program("dependencies: demo-app", deny("demo-app/Cargo.toml")),
        Step::program("format and lints: client", program("npm", &client, &["run", "lint"])),
        Step::program("types: client", program("npm", &client, &["run", "check"])),
    ]
}

/// Checks the format of the examples, each of which is a workspace of its own, and of the crates that the tool compiles for applications.
fn format_of_examples() -> Result<(), String> {
    let folders = fs::read_dir(root().join("examples")).map_err(|error| error.to_string())?;
    for folder in folders.filter_map(Result::ok).map(|entry| entry.path()) {
        if folder.is_dir() {
            run(program("cargo", &folder, &["fmt", "--check"]))?;
        }
    }
    run(program("cargo", &root().join("guest-sdk/adapters"), &["fmt", "--all", "--check"]))
}

/// Checks the licences and sources of what a workspace depends on. Exceptions in `deny.toml` may be about the other
/// workspace.
fn deny(manifest: &str) -> Command {
    let workspace = ["deny", "--locked", "--manifest-path", manifest, "--config", "deny.toml"];
    let mut command = cargo(&workspace);
    command.args(["check", "--hide-inclusion-graph", "--allow", "unused-wrapper"]);
    command.args(["licenses", "bans", "sources"]);
    command
}

/// Every suite; with a filter, the tests whose names contain it.
pub(crate) fn tests(filter: Option<&str>) -> Vec<Step> {
    let nextest = answer(&mut cargo(&["nextest", "--version"])).is_some();
    let mut workspace =
        if nextest { nextest_run() } else { cargo(&["test", "--workspace", "--no-fail-fast"]) };
    let mut demo =
        program("cargo", &root().join("demo-app"), &["test", "--workspace", "--no-fail-fast"]);
    // The crates for frameworks are compiled with the applications of the suite for these.
    let adapters = root().join("guest-sdk/adapters");
    let mut adapters = program("cargo", &adapters, &["test", "--package", "hmr-serde"]);
    let mut client = program("npm", &root().join("client"), &["test"]);
    let mut documentation = cargo(&["test", "--doc", "--workspace", "--no-fail-fast"]);
    if let Some(filter) = filter {
        for command in [&mut workspace, &mut demo, &mut adapters, &mut documentation] {
            command.arg(filter);
        }
        client = client_tests_named(filter);
    }

    let mut steps =
        vec![Step::program("tests: client", client), Step::program("tests: workspace", workspace)];
    // `cargo test` without nextest has run the cases and the documentation's examples already.
    if nextest {
        steps.push(cases(filter));
        steps.push(Step::program("tests: documentation", documentation));
    }
    steps.push(Step::program("tests: adapters", adapters));
    steps.push(Step::program("tests: demo-app", demo));
    steps
}

/// The swap cases; with a filter, those whose names contain it. All run in one process: they share the compiled modules, and a
/// browser.
///
/// `cargo test --test cases` would compile the dependencies again, because it does not enable the features of the other tests.
pub(crate) fn cases(filter: Option<&str>) -> Step {
    let filter = filter.map(str::to_owned);
    Step::function("tests: swap cases", move || {
        let format = "json-render-diagnostics";
        let arguments = ["test", "--quiet", "--workspace", "--no-run", "--message-format", format];
        let output = cargo(&arguments).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("cargo did not start: {error}"))?;
        let messages = String::from_utf8_lossy(&output.stdout);
        let executable = executable(&messages, "cases").ok_or("the cases were not built")?;
        let folder = root().join("tests");
        let mut command = program(&executable, &folder, &[]);
        command.env("CARGO_MANIFEST_DIR", &folder).args(filter);
        run(command)
    })
}

/// The tests of applications made with frameworks; with a filter, those whose names contain it. They run one after another.
pub(crate) fn frameworks(filter: Option<&str>) -> Step {
    let nextest = answer(&mut cargo(&["nextest", "--version"])).is_some();
    let mut command = if nextest {
        let mut command = nextest_run();
        command.args([
            "--ignore-default-filter",
            "--filterset",
            "package(hmr-tests) and binary(=frameworks)",
        ]);
        command
    } else {
        cargo(&["test", "--package", "hmr-tests", "--test", "frameworks"])
    };
    command.args(filter);
    if !nextest {
        command.args(["--", "--test-threads", "1"]);
    }
    Step::program("tests: frameworks", command)
}

/// The executable of a test target, from cargo's messages.
fn executable(messages: &str, target: &str) -> Option<String> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut tests = messages.filter(|message| message["target"]["name"] == target);
    tests.find_map(|message| Some(message["executable"].as_str()?.to_owned()))
}

fn nextest_run() -> Command {
    cargo(&["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", "pass"])
}

/// `npm test` accepts files, but no options; Node itself accepts both.
fn client_tests_named(filter: &str) -> Command {
    let mut command = program(
        "node",
        &root().join("client"),
        &["--test", "--test-name-pattern", &pattern(filter)],
    );
    let files =
        fs::read_dir(root().join("client/test")).into_iter().flatten().filter_map(Result::ok);
    let tests =
        files.map(|file| file.path()).filter(|path| path.to_string_lossy().ends_with(".test.js"));
    command.args(tests);
    command
}

/// The filter as a regular expression that matches it literally.
fn pattern(filter: &str) -> String {
    let mut pattern = String::new();
    for letter in filter.chars() {
        if !letter.is_alphanumeric() && !matches!(letter, ' ' | '_' | '-') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern
}

/// Runs a program of the test package that uses the real tool. The tool, and the program for rehearsals, are built first: they
/// must be next to the one that uses them.
pub(crate) fn with_tool(name: &str, program: &str, release: bool, arguments: &[&str]) -> Vec<Step> {
    let mut build = cargo(&["build", "--quiet", "--package", "hmr-tests", "--bins"]);
    let mut run = cargo(&["run", "--quiet", "--package", "hmr-tests"]);
    if release {
        build.arg("--release");
        run.arg("--release");
    }
    run.args(["--bin", program, "--"]).args(arguments);
    vec![Step::program("build: tool", build), Step::program(name, run)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_executable_is_found_in_the_messages_of_cargo() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"cases"},"executable":null}
            {"reason":"compiler-artifact","target":{"name":"other"},"executable":"/target/other-1"}
            {"reason":"compiler-artifact","target":{"name":"cases"},"executable":"/target/cases-2"}
            {"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "cases").as_deref(), Some("/target/cases-2"));
        assert_eq!(executable(messages, "none"), None);
    }
}

//! Processes that the tool starts end with it, however the tool ends.
#![cfg(target_os = "linux")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, id};
use std::thread;
use std::time::{Duration, Instant};

use hmr_tests::demo::{DemoCopy, repository};
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON, tool};
use hmr_tests::process::Process;
use tempfile::TempDir;

/// How long to wait between two looks at the system's processes.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A number of seconds to sleep that no other process has among its arguments.
fn marker(test: u32) -> String {
    format!("{}0{test}", 1_000_000 + id())
}

/// A shell's line that runs two sleeping processes, one of them in a process group of its own.
fn sleepers(marker: &str) -> String {
    format!("timeout 9000 sleep {marker} & sleep {marker}; wait")
}

/// The processes with this among their arguments, as text.
fn running(marker: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").expect("Linux shows its processes").flatten();
    let arguments = processes.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let arguments = arguments.map(|bytes| String::from_utf8_lossy(&bytes).replace('\0', " "));
    arguments.filter(|arguments| arguments.contains(marker)).collect()
}

/// Waits until both sleeping processes run.
fn wait_started(marker: &str) {
    let last = Instant::now() + FIRST_BUILD;
    let sleeping = format!("sleep {marker}");
    let sleeps = |process: &&String| process.starts_with(&sleeping);
    while running(marker).iter().filter(sleeps).count() < 2 {
        assert!(Instant::now() < last, "they do not start: {:?}", running(marker));
        thread::sleep(POLL_INTERVAL);
    }
}

fn wait_ended(marker: &str) {
    let last = Instant::now() + SOON;
    while !running(marker).is_empty() {
        assert!(Instant::now() < last, "still there: {:?}", running(marker));
        thread::sleep(POLL_INTERVAL);
    }
}

fn kill(signal: &str, process: u32) {
    let status = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(status.is_ok_and(|status| status.success()), "{process} can be sent {signal}");
}

/// Puts a program of this name, a shell script, into `folder`.
fn script(folder: &Path, name: &str, line: &str) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{line}\n")).expect("a file can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be executed");
    path
}

/// The tool with a folder of programs before all others.
fn tool_with(programs: &Path, app: &Path) -> Command {
    let mut command = tool();
    let path = std::env::var("PATH").expect("there is a path");
    command.env("PATH", format!("{}:{path}", programs.display()));
    command.arg("dev").arg(app).args(["--json", "--port", "0"]);
    command
}

/// An application with one module, whose build script never ends.
fn with_build_script(marker: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    let sdk = repository().join("guest-sdk");
    let manifest = format!(
        "[package]\nname = \"slow\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nhmr-sdk = {{ path = \"{}\" }}\n\n[workspace]\n",
        sdk.display()
    );
    let script = format!(
        "fn main() {{ std::process::Command::new(\"sh\").args([\"-c\", \"{}\"]).status().unwrap(); }}",
        sleepers(marker)
    );
    fs::create_dir(folder.path().join("src")).expect("a folder can be made");
    for (path, text) in [
        ("Cargo.toml", manifest.as_str()),
        ("build.rs", &script),
        ("src/lib.rs", ""),
        ("index.html", "<p>"),
    ] {
        fs::write(folder.path().join(path), text).expect("a file can be written");
    }
    folder
}

#[test]
fn a_build_script_and_what_it_started_end_with_a_tool_that_is_killed_or_terminated() {
    for (number, signal) in [(1, "-KILL"), (2, "-TERM")] {
        let marker = marker(number);
        let app = with_build_script(&marker);
        let dev = Dev::start(app.path());
        wait_started(&marker);
        kill(signal, dev.id());
        wait_ended(&marker);
    }
}

#[test]
fn a_build_that_is_cancelled_ends_with_what_it_started() {
    let marker = marker(3);
    let app = with_build_script(&marker);
    let mut dev = Dev::start(app.path());
    wait_started(&marker);
    fs::write(app.path().join("build.rs"), "fn main() {}").expect("a file can be written");
    dev.wait("build-started");
    dev.wait("build-started");
    wait_ended(&marker);
}

#[test]
fn a_gate_ends_with_a_tool_that_is_killed() {
    let marker = marker(4);
    let demo = DemoCopy::take();
    let manifest = demo.read("stopwatch/Cargo.toml");
    let gate = format!("{manifest}\n[package.metadata.hmr]\ngate = \"{}\"\n", sleepers(&marker));
    demo.write("stopwatch/Cargo.toml", gate);
    let dev = Dev::start(demo.folder());
    wait_started(&marker);
    kill("-KILL", dev.id());
    wait_ended(&marker);
}

#[test]
fn a_gate_ends_with_its_command_and_so_do_the_processes_that_it_left() {
    let marker = marker(10);
    let demo = DemoCopy::take();
    let manifest = demo.read("stopwatch/Cargo.toml");
    let gate = format!("sleep {marker} & timeout 9000 sleep {marker} & echo left");
    let gate = format!("{manifest}\n[package.metadata.hmr]\ngate = \"{gate}\"\n");
    demo.write("stopwatch/Cargo.toml", gate);
    let mut dev = Dev::start(demo.folder());
    let finished = dev.wait_within("gate-finished", FIRST_BUILD);
    assert_eq!(finished["outcome"], "passed", "{finished}");
    assert_eq!(running(&format!("sleep {marker}")), [""; 0], "it ended before the gate was over");
    dev.wait_built();
}

#[test]
fn rehearsals_end_with_a_tool_that_is_killed_even_if_they_are_stopped() {
    let demo = DemoCopy::take();
    let mut dev = Dev::start(demo.folder());
    dev.wait_preflight();
    let processes = dev.children("hmr-preflight");
    assert_eq!(processes.len(), 1);
    kill("-STOP", processes[0]);
    kill("-KILL", dev.id());
    let last = Instant::now() + SOON;
    let folder = PathBuf::from(format!("/proc/{}", processes[0]));
    // One that has ended stays in the list until its new parent has waited for it.
    let is_there = || fs::read(folder.join("cmdline")).is_ok_and(|line| !line.is_empty());
    while is_there() {
        assert!(Instant::now() < last, "`hmr-preflight` is still there");
        thread::sleep(POLL_INTERVAL);
    }
}

#[test]
fn the_build_of_preflight_ends_with_the_tool() {
    let marker = marker(5);
    let demo = DemoCopy::take();
    // A tool in a target folder without `hmr-preflight` builds that, behind `nice`.
    let target = tempfile::tempdir_in(tool_folder()).expect("a folder can be made");
    let folder = target.path().join("debug");
    fs::create_dir(&folder).expect("a folder can be made");
    let program = folder.join("hmr-under-test");
    fs::hard_link(tool().get_program(), &program).expect("the tool can be linked");
    let programs = tempfile::tempdir().expect("the temporary folder can be written");
    script(programs.path(), "nice", &sleepers(&marker));
    let with = tool_with(programs.path(), demo.folder());
    let mut command = Command::new(program);
    command.args(with.get_args());
    for (name, value) in with.get_envs() {
        match value {
            Some(value) if name != "HMR_PREFLIGHT" => command.env(name, value),
            _ => command.env_remove(name),
        };
    }
    let dev = Dev::run(command);
    wait_started(&marker);
    kill("-TERM", dev.id());
    wait_ended(&marker);
}

/// The folder of the tool's executable: links do not lead to another file system.
fn tool_folder() -> PathBuf {
    Path::new(tool().get_program()).parent().expect("it is in a folder").to_owned()
}

#[test]
fn queries_to_cargo_and_rustc_end_with_the_tool() {
    let app = with_build_script("0");
    for (number, program, signal) in
        [(6, "cargo", "-KILL"), (7, "cargo", "-TERM"), (8, "rustc", "-KILL"), (9, "rustc", "-TERM")]
    {
        let marker = marker(number);
        let programs = tempfile::tempdir().expect("the temporary folder can be written");
        script(programs.path(), program, &sleepers(&marker));
        let mut process = Process::start(tool_with(programs.path(), app.path()));
        wait_started(&marker);
        kill(signal, process.id());
        process.end(SOON);
        wait_ended(&marker);
    }
}

//! The command line with wrong input: each message names the error and the fix.

use hmr_tests::demo::DemoCopy;
use hmr_tests::dev::{Dev, FIRST_BUILD, SOON, tool};
use hmr_tests::process::Process;
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use tempfile::TempDir;

/// The error of `dev` for a folder that it cannot serve.
fn refusal(folder: &Path) -> String {
    let mut command = tool();
    command.arg("dev").arg(folder).args(["--port", "0"]);
    let mut process = Process::start(command);
    let status = process.end(FIRST_BUILD);
    let errors = process.errors();
    // Another test may hold one of cargo's locks: the tool reports first that it waits.
    let lines = errors.lines().skip_while(|line| line.trim_start().starts_with("waiting for "));
    let text = lines.collect::<Vec<_>>().join("\n");
    assert!(!status.success(), "it serves {}: {text}", folder.display());
    assert!(text.starts_with("error: "), "{text}");
    assert!(text.lines().any(|line| line.starts_with("hint: ")), "it reports what to do: {text}");
    assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{text}");
    text
}

fn folder_with(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("the temporary folder can be written");
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder"))
            .expect("a folder can be made");
        fs::write(path, content).expect("a file can be written");
    }
    folder
}

#[test]
fn a_folder_that_is_not_a_cargo_project() {
    let text = refusal(folder_with(&[("index.html", "<p>")]).path());
    assert!(text.contains("not a cargo project") && text.contains("Cargo.toml"), "{text}");
    let text = refusal(Path::new("/no/such/folder"));
    assert!(text.contains("/no/such/folder"), "{text}");
}

#[test]
fn a_project_without_an_application() {
    let manifest = "[package]\nname = \"plain\"\nedition = \"2024\"\n";
    let text = refusal(folder_with(&[("Cargo.toml", manifest), ("src/lib.rs", "")]).path());
    assert!(
        text.contains("no application")
            && text.contains("`wasm-bindgen`")
            && text.contains("`hmr-sdk`")
            && text.contains("cdylib"),
        "{text}"
    );
}

/// The error for an application with these files.
fn refused_application(files: &[(&str, &str)]) -> String {
    let manifest = "[package]\nname = \"site\"\nedition = \"2024\"\n[workspace]\nexclude = [\"wasm-bindgen\"]\n\
                    [dependencies]\nwasm-bindgen = { path = \"wasm-bindgen\" }\n";
    let bindgen = "[package]\nname = \"wasm-bindgen\"\nversion = \"0.2.100\"\n[workspace]\n";
    let mut all = vec![
        ("Cargo.toml", manifest),
        ("wasm-bindgen/Cargo.toml", bindgen),
        ("wasm-bindgen/src/lib.rs", ""),
    ];
    all.extend(files);
    refusal(folder_with(&all).path())
}

#[test]
fn two_binaries_of_which_the_page_names_none() {
    let page = ("index.html", "<html><head><link data-trunk rel=\"rust\"></head></html>");
    let (one, two) = (("src/bin/one.rs", "fn main() {}"), ("src/bin/two.rs", "fn main() {}"));
    let text = refused_application(&[page, one, two]);
    assert!(text.contains("`one`, `two`"), "{text}");
    assert!(text.contains("data-bin"), "{text}");
}

#[test]
fn settings_of_trunk_that_cannot_be_read() {
    let main = ("src/main.rs", "fn main() {}");
    let text = refused_application(&[main, ("Trunk.toml", "[serve]\nport = \"many\"\n")]);
    assert!(text.contains("Trunk.toml") && text.contains("port"), "{text}");
    let text = refused_application(&[main, ("Trunk.toml", "[serve\n")]);
    assert!(text.contains("Trunk.toml"), "{text}");
}

#[test]
fn a_manifest_that_cargo_does_not_accept() {
    let text =
        refusal(folder_with(&[("Cargo.toml", "[package\nname = 7"), ("src/lib.rs", "")]).path());
    assert!(text.contains("Cargo.toml"), "{text}");
    let text = refusal(folder_with(&[("Cargo.toml", "\0\u{1}\u{2}")]).path());
    assert!(text.contains("Cargo.toml"), "{text}");
}

#[test]
fn two_modules_of_one_name() {
    let demo = DemoCopy::take();
    let manifest = demo.read("catalog/Cargo.toml");
    demo.write("catalog/Cargo.toml", manifest + "\n[package.metadata.hmr]\nname = \"board\"\n");
    let text = refusal(demo.folder());
    assert!(
        text.contains("two modules") && text.contains("`board`") && text.contains("`catalog`"),
        "{text}"
    );
}

#[test]
fn a_setting_that_does_not_exist_names_the_nearest_one() {
    let demo = DemoCopy::take();
    let manifest = demo.read("Cargo.toml");
    demo.write("Cargo.toml", manifest + "\n[workspace.metadata.hmr]\nfull-reload-treshold = 3\n");
    let text = refusal(demo.folder());
    assert!(
        text.contains("full-reload-treshold") && text.contains("full-reload-threshold"),
        "{text}"
    );
}

#[test]
fn a_static_folder_that_would_serve_more_than_files_for_browsers() {
    for folder in ["/", "..", ".", "signup"] {
        let demo = DemoCopy::take();
        let manifest = demo.read("Cargo.toml");
        let setting = format!("\n[workspace.metadata.hmr]\nstatic-folder = \"{folder}\"\n");
        demo.write("Cargo.toml", manifest + &setting);
        let text = refusal(demo.folder());
        assert!(text.contains("`static-folder`") && text.contains("would be served"), "{text}");
    }
}

#[test]
fn a_host_that_is_not_an_address_gets_a_hint_about_names() {
    let demo = DemoCopy::take();
    let refused = |arguments: &[&str]| {
        let mut command = tool();
        command.arg("dev").arg(demo.folder()).args(["--port", "0"]).args(arguments);
        let mut process = Process::start(command);
        let status = process.end(FIRST_BUILD);
        assert!(!status.success(), "{arguments:?}: {}", process.errors());
        process.errors()
    };
    let text = refused(&["--host", "dev.example"]);
    assert!(text.contains("dev.example") && text.contains("--allowed-host"), "{text}");
    let text = refused(&["--allowed-host", "http://dev.example/"]);
    assert!(text.contains("is not the name of a host"), "{text}");
}

#[test]
fn the_next_free_port_is_used_if_one_is_taken() {
    let demo = DemoCopy::take();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = taken.local_addr().expect("a listener has an address").port();
    let mut dev = Dev::start_on(demo.folder(), port);
    assert!(dev.port() > port, "{}", dev.url());
    let ready =
        dev.events().iter().find(|event| event["event"] == "ready").cloned().expect("it is ready");
    assert_eq!(ready["port_taken"], port);
    drop(dev);

    // People get text.
    let mut command = tool();
    command.arg("dev").arg(demo.folder()).args(["--port", &port.to_string()]);
    let mut process = Process::start(command);
    process.wait_error(&format!("port {port} is taken"), SOON);
    assert!(process.terminate(SOON).success());
}

#[test]
fn a_module_that_does_not_compile_at_first_is_served_once_it_does() {
    let demo = DemoCopy::take();
    demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = 6", "MOST_SEATS: u32 = six");
    let mut dev = Dev::start(demo.folder());
    let failure = dev.wait_within("build-failed", FIRST_BUILD);
    assert!(failure.to_string().contains("signup/src/rules.rs"), "{failure}");
    demo.edit("signup/src/rules.rs", "MOST_SEATS: u32 = six", "MOST_SEATS: u32 = 6");
    dev.wait("build-finished");
}

#[test]
fn it_runs_as_a_cargo_subcommand_and_by_itself() {
    for arguments in
        [&["--version"][..], &["hmr", "--version"], &["hmr", "dev", "--help"], &["dev", "--help"]]
    {
        let mut command = tool();
        command.args(arguments);
        let mut process = Process::start(command);
        assert!(process.end(SOON).success(), "{arguments:?}: {}", process.errors());
        let text: String = process.lines.iter().collect();
        assert!(text.contains("cargo hmr") || text.contains("cargo-hmr"), "{arguments:?}: {text}");
    }
    let mut command = tool();
    command.args(["dev", "--no-such-flag"]);
    let mut process = Process::start(command);
    assert_eq!(process.end(SOON).code(), Some(2), "{}", process.errors());
}

#[test]
fn a_requested_end_is_not_a_failure() {
    let demo = DemoCopy::take();
    let mut command = tool();
    command.arg("dev").arg(demo.folder()).args(["--port", "0", "--json"]);
    let mut process = Process::start(command);
    let first = process.lines.recv_timeout(FIRST_BUILD).expect("it reports something");
    assert!(first.contains("\"ready\""), "{first}");
    assert!(process.terminate(SOON).success());
    let last = process.lines.iter().last().expect("it reports more");
    assert!(last.contains("\"stopped\""), "{last}");
}

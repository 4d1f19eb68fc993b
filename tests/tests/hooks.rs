//! Hooks of `Trunk.toml`: what they write, what happens when they fail, and when they run.
#![cfg(unix)]

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use hmr_tests::dev::{Dev, FIRST_BUILD, SOON};
use hmr_tests::request::{Reply, send};
use hmr_tests::web_app::WebApp;
use serde_json::Value;

/// How long to wait for builds that must not come.
const QUIET: Duration = Duration::from_secs(3);

fn hook(stage: &str, line: &str) -> String {
    format!(
        "[[hooks]]\nstage = \"{stage}\"\ncommand = \"sh\"\ncommand_arguments = [\"-c\", '''{line}''']\n"
    )
}

fn get(dev: &Dev, path: &str) -> Reply {
    send(dev.port(), &format!("GET {path}"), &[("Host", dev.authority()), ("Accept", "*/*")])
}

/// Waits until a path has this text.
fn wait_served(dev: &Dev, path: &str, text: &str) {
    let last = Instant::now() + SOON;
    loop {
        let reply = get(dev, path);
        if reply.body == text {
            return;
        }
        assert!(Instant::now() < last, "{path}: {reply:?}");
        thread::sleep(Duration::from_millis(20));
    }
}

fn first_build(dev: &mut Dev) -> Value {
    dev.wait_until("end of the build", FIRST_BUILD, |event| {
        event["event"] == "build-finished" || event["event"] == "build-failed"
    })
}

#[test]
fn what_hooks_write_is_served() {
    let stages = [
        hook("pre_build", "echo 'p { color: red }' > made.css"),
        hook("build", "echo beside > \"$TRUNK_STAGING_DIR/beside.txt\""),
        hook(
            "post_build",
            "cat \"$TRUNK_STAGING_DIR/beside.txt\" > \"$TRUNK_STAGING_DIR/last.txt\"; echo $TRUNK_PROFILE >> \"$TRUNK_STAGING_DIR/last.txt\"",
        ),
    ];
    let page = "<html><head><link data-trunk rel=\"rust\"><link data-trunk rel=\"css\" href=\"made.css\"></head></html>";
    let app = WebApp::new(&[("Trunk.toml", &stages.concat()), ("index.html", page)]);
    let mut dev = app.serve(&["--port", "0"]);
    let end = first_build(&mut dev);
    assert_eq!(end["event"], "build-finished", "{end}");
    dev.wait("update");
    wait_served(&dev, "/last.txt", "beside\ndebug\n");
    assert_eq!(get(&dev, "/beside.txt").body, "beside\n");
    wait_served(&dev, "/made.css", "p { color: red }\n");
    let problems = dev.events().iter().filter(|event| event["event"] == "problem");
    let problems: Vec<&Value> = problems.collect();
    assert!(problems.is_empty(), "the page waits for its hooks: {problems:?}");
}

#[test]
fn a_hook_that_fails_is_a_build_that_fails() {
    let app = WebApp::new(&[
        ("Trunk.toml", &hook("post_build", "sh ./step.sh")),
        ("step.sh", "echo 'the reason'; exit 3\n"),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    let end = first_build(&mut dev);
    assert_eq!(end["event"], "build-failed", "{end}");
    assert_eq!(end["title"], "a hook of the stage `post_build` failed");
    let rendered = end["diagnostics"][0]["rendered"].as_str().expect("a text");
    assert!(rendered.contains("`sh -c sh ./step.sh` failed\nthe reason"), "{rendered}");
    app.write("app/step.sh", "exit 0\n");
    dev.wait_until("a build that succeeds", SOON, |event| event["event"] == "build-finished");
}

#[test]
fn what_hooks_read_runs_them_and_what_they_write_does_not() {
    let script = "cat input.txt > \"$TRUNK_STAGING_DIR/style.css\"\ndate +%s%N > noise.txt\n\
                  echo \"pub const AT: u64 = $(date +%s%N);\" > src/at.rs\n";
    let app = WebApp::new(&[
        (
            "Trunk.toml",
            &(hook("pre_build", "sh ./step.sh") + &hook("post_build", "date +%s%N > other.css")),
        ),
        ("step.sh", script),
        ("input.txt", "one"),
        ("src/at.rs", "pub const AT: u64 = 0;\n"),
        (
            "src/lib.rs",
            "mod at;\n#[unsafe(no_mangle)]\npub extern \"C\" fn one() -> u64 { at::AT }\n",
        ),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    let end = first_build(&mut dev);
    assert_eq!(end["event"], "build-finished", "{end}");
    wait_served(&dev, "/style.css", "one");
    thread::sleep(QUIET);
    // What is written in the first build might be the developer's, and is known after the second one.
    let builds = dev.builds();
    assert!(builds <= 3, "{:?}", dev.events());

    app.write("app/input.txt", "two");
    let update = dev.wait_until("update of the stylesheet", SOON, |event| {
        event["event"] == "update" && event["kind"] == "css-update"
    });
    assert_eq!(update["paths"][0], "/style.css", "{update}");
    wait_served(&dev, "/style.css", "two");
    thread::sleep(QUIET);
    assert_eq!(dev.builds(), builds + 1, "{:?}", dev.events());
}

#[test]
fn what_is_saved_while_hooks_run_is_not_lost() {
    let app = WebApp::new(&[
        ("Trunk.toml", &hook("pre_build", "sh ./step.sh")),
        ("step.sh", "cat input.txt > \"$TRUNK_STAGING_DIR/out.txt\"; echo > started; sleep 1\n"),
        ("input.txt", "one"),
    ]);
    let mut dev = app.serve(&["--port", "0"]);
    let last = Instant::now() + FIRST_BUILD;
    while !app.path("app/started").exists() {
        assert!(Instant::now() < last, "the hook starts");
        thread::sleep(Duration::from_millis(10));
    }
    app.write("app/input.txt", "two");
    assert_eq!(first_build(&mut dev)["event"], "build-finished");
    wait_served(&dev, "/out.txt", "two");
}

#[test]
fn a_hook_ends_when_its_build_is_cancelled() {
    let marker = format!("{}07", 1_000_000 + std::process::id());
    let app =
        WebApp::new(&[("Trunk.toml", &hook("pre_build", "sh ./step.sh")), ("step.sh", "true\n")]);
    let mut dev = app.serve(&["--port", "0"]);
    assert_eq!(first_build(&mut dev)["event"], "build-finished");
    dev.wait("update");
    app.write("app/step.sh", format!("echo > started; sleep {marker}\n"));
    let last = Instant::now() + SOON;
    while !app.path("app/started").exists() {
        assert!(Instant::now() < last, "the hook starts");
        thread::sleep(Duration::from_millis(10));
    }
    app.write("app/step.sh", "true\n");
    app.write("app/src/lib.rs", "#[unsafe(no_mangle)]\npub extern \"C\" fn two() -> u32 { 2 }\n");
    dev.wait_until("the next build", SOON, |event| event["event"] == "build-finished");
    let processes = fs::read_dir("/proc").map(|all| all.flatten().collect::<Vec<_>>());
    let lines = processes.unwrap_or_default().into_iter();
    let lines = lines.filter_map(|process| fs::read(process.path().join("cmdline")).ok());
    let left = lines.filter(|line| String::from_utf8_lossy(line).contains(&marker)).count();
    assert_eq!(left, 0, "the hook has ended");
}

//! Which changes lead to a build, and which do not.

use hmr_tests::dev::{Dev, FIRST_BUILD, tool};
use hmr_tests::small::SmallApp;
use serde_json::Value;
use std::fs;

const TEXT: &str = "pub fn length() -> u32 { 1 }";

/// Checks that there have been so many builds, and that no other follows what was saved before.
fn assert_builds(app: &SmallApp, dev: &mut Dev, count: usize) {
    app.write("app/static/a.css", format!("p {{ color: #{:06} }}", dev.events().len()));
    dev.wait_update("css-update");
    assert_eq!(dev.builds(), count);
}

/// Saves a source and checks that this is one more build.
fn assert_one_build_for_a_save(app: &SmallApp, dev: &mut Dev) {
    let builds = dev.builds();
    app.write("app/src/text.rs", format!("pub fn length() -> u32 {{ 100 + {builds} }}"));
    dev.wait_update("hot-update");
    assert_builds(app, dev, builds + 1);
}

/// Saves `files` one after the other; each must lead to a hot update that names it.
fn assert_hot_updates(app: &SmallApp, dev: &mut Dev, files: &[(&str, &str)]) {
    for (path, content) in files {
        app.write(path, content);
        let update = dev.wait_update("hot-update");
        let name = path.rsplit('/').next().unwrap_or(path);
        let names = |changed: &Value| changed.as_str().is_some_and(|it| it.ends_with(name));
        assert!(update["changed"].as_array().is_some_and(|all| all.iter().any(names)), "{update}");
    }
}

#[test]
fn a_target_folder_of_another_name_is_not_watched() {
    for config in [
        "target-dir = \"out\"",
        "build-dir = \"out\"",
        "target-dir = \"out\"\nbuild-dir = \"made\"",
    ] {
        let app = SmallApp::new("", TEXT);
        app.write("app/.cargo/config.toml", format!("[build]\n{config}\n"));
        // An existing one gets no mark from cargo.
        fs::create_dir(app.path("app/out")).expect("a folder");
        let mut dev = app.serve();
        assert_builds(&app, &mut dev, 1);
        assert_one_build_for_a_save(&app, &mut dev);
        app.write("app/src/text.rs", "pub fn length() -> u32 { \"wrong\" }");
        dev.wait("build-failed");
        assert_one_build_for_a_save(&app, &mut dev);
        // The output of the person's own builds.
        app.write("app/out/debug/build/x/out/made.rs", "");
        app.write("app/out/debug/x.txt", "");
        let builds = dev.builds();
        assert_builds(&app, &mut dev, builds);
    }
}

#[test]
fn what_the_user_s_own_builds_write_is_not_watched() {
    let app = SmallApp::new("", TEXT);
    let mut command = tool();
    command.arg("dev").arg(app.path("app")).args(["--json", "--port", "0", "--no-preflight"]);
    command.env("CARGO_TARGET_DIR", "own");
    let mut dev = Dev::run(command);
    dev.wait_built();
    app.write("app/own/debug/build/x/out/made.rs", "");
    app.write("app/marked/CACHEDIR.TAG", "");
    app.write("app/marked/made.rs", "");
    assert_builds(&app, &mut dev, 1);
}

#[test]
fn a_build_script_that_writes_does_not_cause_another_build() {
    let script = r#"fn main() {
        let to = |name: &str| format!("{}/{name}", std::env::var("OUT_DIR").unwrap());
        let now = format!("{:?}", std::time::SystemTime::now());
        std::fs::write(to("made.rs"), format!("const MADE: &str = {now:?};")).unwrap();
        std::fs::write("src/kept.rs", "pub const KEPT: u32 = 1;").unwrap();
    }"#;
    let text = "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\"));
        #[path = \"kept.rs\"] mod kept;
        pub fn length() -> u32 { MADE.len() as u32 + kept::KEPT }";
    // Without directives, the script watches the package: files served unchanged are elsewhere.
    let manifest = "[package.metadata.hmr]\nstatic-folder = \"../static\"";
    let app = SmallApp::new(manifest, text);
    app.write("app/build.rs", script);
    app.write("app/src/kept.rs", "pub const KEPT: u32 = 1;");
    app.write("static/b.css", "");
    let mut dev = app.serve();
    app.write("static/b.css", "p { color: red }");
    dev.wait_update("css-update");
    assert_eq!(dev.builds(), 1);
    app.write("app/src/text.rs", text.replace("MADE.len()", "2 * MADE.len()"));
    dev.wait_update("hot-update");
    app.write("static/b.css", "p { color: blue }");
    dev.wait_update("css-update");
    assert_eq!(dev.builds(), 2);
}

#[test]
fn what_the_compiler_has_read_is_watched_in_any_folder() {
    let text = r#"
        const TEXTS: [&str; 4] = [include_str!("../../README.md"), include_str!("../.env"),
            include_str!(".snippets/a.html"), include_str!("../node_modules/x/y.js")];
        const BYTES: &[u8] = include_bytes!("../../outside/data.bin");
        #[path = "../../outside/extra.rs"] mod extra;
        #[path = "linked.rs"] mod linked;
        pub fn length() -> u32 {
            let all: usize = TEXTS.iter().map(|it| it.as_ptr() as usize + it.len()).sum();
            (all + BYTES.len() + BYTES.as_ptr() as usize) as u32 + extra::N + linked::N
        }"#;
    let manifest = "[package.metadata.hmr]\nroot-files = [\".flags\", \".config/*.json\"]";
    let app = SmallApp::new(manifest, text);
    let files = [
        ("README.md", "a"),
        ("outside/data.bin", "a"),
        ("outside/extra.rs", "pub const N: u32 = 1;"),
        ("outside/linked.rs", "pub const N: u32 = 1;"),
        ("app/.env", "a"),
        ("app/src/.snippets/a.html", "a"),
        ("app/node_modules/x/y.js", "a"),
    ];
    for (path, content) in files {
        app.write(path, content);
    }
    #[cfg(unix)]
    std::os::unix::fs::symlink("../../outside/linked.rs", app.path("app/src/linked.rs"))
        .expect("a link");
    #[cfg(not(unix))]
    app.write(
        "app/src/linked.rs",
        "#[path = \"../../outside/linked.rs\"] mod linked; pub use linked::N;",
    );
    let mut dev = app.serve();
    let changed =
        files.map(|(path, content)| (path, content.replace('a', "abc").replace("= 1", "= 5")));
    let changed: Vec<(&str, &str)> =
        changed.iter().map(|(path, content)| (*path, content.as_str())).collect();
    assert_hot_updates(&app, &mut dev, &changed);
    for path in ["app/.flags", "app/.config/a.json"] {
        app.write(path, "{}");
        dev.wait_update("full-reload");
    }
    let builds = dev.builds();
    for path in ["outside/neighbour.rs", "app/.other", "app/node_modules/x/z.js", "app/.config/b"] {
        app.write(path, "");
    }
    assert_builds(&app, &mut dev, builds);
}

#[test]
fn what_a_failed_build_has_read_or_misses_is_watched() {
    let text =
        "#[path = \"../../outside/extra.rs\"] mod extra; pub fn length() -> u32 { extra::N }";
    let app = SmallApp::new("", text);
    app.write("outside/extra.rs", "pub const N: u32 = \"a\";");
    let mut command = tool();
    command.arg("dev").arg(app.path("app")).args(["--json", "--port", "0", "--no-preflight"]);
    let mut dev = Dev::run(command);
    dev.wait_within("build-failed", FIRST_BUILD);
    for content in [
        "pub const N: u32 = 1",
        "pub const N: u32 = include_str!(\"../missing/a.txt\").len() as u32;",
    ] {
        app.write("outside/extra.rs", content);
        dev.wait("build-failed");
    }
    app.write("missing/a.txt", "a");
    dev.wait("build-finished");
}

#[test]
fn what_a_build_script_watches_is_watched() {
    let script = r#"fn main() {
        println!("cargo:rerun-if-changed=templates");
        println!("cargo::rerun-if-changed=../far");
        let count = |folder: &str| std::fs::read_dir(folder).unwrap().map(|entry| {
            std::fs::read(entry.unwrap().path()).unwrap().len()
        }).sum::<usize>() as u32;
        println!("cargo:rustc-env=COUNT={}", count("templates") * 1000 + count("../far"));
    }"#;
    let text = "pub fn length() -> u32 { env!(\"COUNT\").len() as u32 * 10 + env!(\"COUNT\").as_bytes().iter().map(|it| *it as u32).sum::<u32>() }";
    let text = text
        .replace("env!(\"COUNT\").as_bytes()", "std::hint::black_box(env!(\"COUNT\")).as_bytes()");
    let app = SmallApp::new("", &text);
    app.write("app/build.rs", script);
    app.write("app/templates/a.html", "a");
    app.write("far/a.html", "a");
    let mut dev = app.serve();
    let files = [
        ("app/templates/a.html", "abc"),
        ("app/templates/new.html", "a"),
        ("far/a.html", "abc"),
        ("far/new.html", "a"),
    ];
    assert_hot_updates(&app, &mut dev, &files);
    let builds = dev.builds();
    app.write("app/other.html", "a");
    assert_builds(&app, &mut dev, builds);
}

#[test]
fn a_build_script_without_directives_watches_its_package() {
    let script = r#"fn main() {
        let data = std::fs::read_to_string("words/data.json").unwrap();
        println!("cargo:rustc-env=DATA={data}");
    }"#;
    let text = "pub fn length() -> u32 { std::hint::black_box(env!(\"DATA\")).len() as u32 }";
    let app = SmallApp::new("", text);
    app.write("app/build.rs", script);
    app.write("app/words/data.json", "a");
    let mut dev = app.serve();
    assert_hot_updates(&app, &mut dev, &[("app/words/data.json", "abc")]);
    // An older file that replaces this one.
    app.write("app/words/old.json", "older");
    dev.wait("unchanged");
    let time = std::time::SystemTime::now() - std::time::Duration::from_hours(1);
    let old = fs::File::options().append(true).open(app.path("app/words/old.json"));
    old.and_then(|old| old.set_modified(time)).expect("a time");
    fs::rename(app.path("app/words/old.json"), app.path("app/words/data.json")).expect("a rename");
    dev.wait_update("hot-update");
}

#[test]
fn a_source_that_is_restored_with_its_old_time_is_compiled() {
    let app = SmallApp::new("", TEXT);
    let at = |name: &str| app.path("app/src").join(name);
    let copy = |from: &str, to: &str| {
        fs::copy(at(from), at(to)).expect("a copy");
        let time = fs::metadata(at(from)).and_then(|it| it.modified()).expect("a time");
        let copied = fs::File::options().append(true).open(at(to)).expect("a file");
        copied.set_modified(time).expect("a time");
    };
    copy("text.rs", "text.rs.bak");
    let mut dev = app.serve();
    let hash = |update: &Value| update["modules"][0]["hash"].clone();
    app.write("app/src/text.rs", "pub fn length() -> u32 { 2 }");
    let second = hash(&dev.wait_update("hot-update"));
    copy("text.rs", "two.bak");
    // As `mv text.rs.bak text.rs` does it, then as `cp -p` and `rsync -t` do.
    fs::rename(at("text.rs.bak"), at("text.rs")).expect("a rename");
    let first = hash(&dev.wait_update("hot-update"));
    assert_ne!(first, second);
    copy("text.rs", "text.rs.bak");
    copy("two.bak", "text.rs.new");
    fs::rename(at("text.rs.new"), at("text.rs")).expect("a rename");
    assert_eq!(hash(&dev.wait_update("hot-update")), second);
    let modified = fs::metadata(at("text.rs")).and_then(|it| it.modified()).expect("a time");
    let backup = fs::metadata(at("two.bak")).and_then(|it| it.modified()).expect("a time");
    assert_eq!(modified, backup, "the tool changes no source");
    dev.stop();

    // While no tool was running.
    fs::rename(at("text.rs.bak"), at("text.rs")).expect("a rename");
    let mut dev = app.serve();
    let built = dev.events().iter().find(|event| event["event"] == "build-finished").cloned();
    assert_eq!(hash(&built.expect("a build")), first);
}

#[cfg(unix)]
#[test]
fn a_folder_that_is_linked_into_static_files_is_both() {
    let app = SmallApp::new("", TEXT);
    std::os::unix::fs::symlink("../src", app.path("app/static/src")).expect("a link");
    let mut dev = app.serve();
    app.write("app/src/text.rs", "pub fn length() -> u32 { 2 }");
    dev.wait_update("asset-update");
    dev.wait_update("hot-update");
    fs::remove_file(app.path("app/static/src")).expect("a link that can be removed");
    dev.wait_update("asset-update");
    assert_one_build_for_a_save(&app, &mut dev);
}

/// Starts the tool where the system watches only so many folders.
#[cfg(target_os = "linux")]
fn serve_with_limit(app: &SmallApp, limit: &str, value: u32) -> Dev {
    let tool = tool();
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c"]);
    command.arg(format!("echo {value} > /proc/sys/user/{limit} && exec \"$@\"")).arg("sh");
    command.arg(tool.get_program()).arg("dev").arg(app.path("app"));
    command.args(["--json", "--port", "0", "--no-preflight"]);
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut dev = Dev::run(command);
    dev.wait_built();
    dev
}

#[cfg(target_os = "linux")]
#[test]
fn folders_beyond_the_system_s_limit_are_polled_and_reported() {
    let wait_problem = |dev: &mut Dev, hint: &str| {
        let problem = dev.events().iter().find(|event| event["event"] == "problem").cloned();
        let problem = problem.map(|event| event["message"].to_string()).unwrap_or_default();
        assert!(problem.contains(hint), "{problem}");
    };
    for (limit, value) in [("max_inotify_watches", 3), ("max_inotify_instances", 0)] {
        let app = SmallApp::new("", TEXT);
        for number in 0..5 {
            app.write(&format!("app/src/deep{number}/a.txt"), "");
        }
        let mut dev = serve_with_limit(&app, limit, value);
        wait_problem(&mut dev, limit);
        app.write("app/src/deep4/more.rs", "pub const N: u32 = 7;");
        app.write(
            "app/src/text.rs",
            "#[path = \"deep4/more.rs\"] mod more; pub fn length() -> u32 { more::N }",
        );
        dev.wait_update("hot-update");
        assert_hot_updates(&app, &mut dev, &[("app/src/deep4/more.rs", "pub const N: u32 = 8;")]);
        let problems = dev.events().iter().filter(|event| event["event"] == "problem").count();
        assert_eq!(problems, 1, "it is reported once");
    }
}

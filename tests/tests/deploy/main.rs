//! `cargo hmr build` and `cargo hmr serve`: what is written, what is refused, and how it is served.
#![cfg(unix)]

mod document;
mod examples;
mod folders;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use hmr_tests::browser::Browser;
use hmr_tests::demo::repository;
use hmr_tests::dev::{Dev, tool};
use hmr_tests::request::send;
use hmr_tests::static_files::StaticFiles;
use hmr_tests::web_app::WebApp;
use walkdir::WalkDir;

/// The files in a folder, by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = WalkDir::new(folder).into_iter().map(|entry| entry.expect("an entry"));
    let entries = entries.filter(|entry| entry.file_type().is_file());
    entries
        .map(|entry| {
            let inside = entry.path().strip_prefix(folder).expect("it is inside");
            (inside.display().to_string(), fs::read(entry.path()).expect("a file"))
        })
        .collect()
}

/// The one path that begins and ends like this.
fn path<'a>(files: &'a BTreeMap<String, Vec<u8>>, start: &str, end: &str) -> &'a str {
    let found: Vec<_> =
        files.keys().filter(|path| path.starts_with(start) && path.ends_with(end)).collect();
    assert_eq!(found.len(), 1, "{start}…{end} in {:?}", files.keys());
    found[0]
}

fn run(mut command: Command) -> Output {
    command.output().expect("the tool can be started")
}

fn succeeds(command: Command) -> String {
    let output = run(command);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What the command prints beside its output.
fn succeeds_with_notes(command: Command) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}");
    text + &String::from_utf8_lossy(&output.stdout)
}

/// What the command prints when it fails with this exit code.
fn fails(command: Command, code: i32) -> String {
    let output = run(command);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn build(folder: &Path, dist: &Path, arguments: &[&str]) -> Command {
    let mut command = tool();
    command.arg("build").arg(folder).arg("--dist").arg(dist).args(arguments);
    command
}

#[test]
fn a_native_application_runs_from_a_plain_server_below_a_path() {
    let counter = examples::copy_of("examples/counter");
    let keep = tempfile::tempdir().expect("a temporary folder");
    let dist = keep.path().join("dist");
    let table = succeeds(build(counter.folder(), &dist, &["--public-url", "/sub/path"]));
    assert!(table.contains("brotli") && table.contains("counter-"), "{table}");
    let built = files(&dist);
    let wasm = &built[path(&built, "counter-", ".wasm")];
    let names = ["capture_state", "restore_state", "hmr_budget", "hmr_health", "hmr_migrate"];
    for name in names {
        assert!(!contains(wasm, name), "{name} is in the module");
    }
    let home = std::env::var("HOME").expect("a home folder");
    for (path, content) in &built {
        assert!(!contains(content, &format!("{home}/")), "{path} names {home}");
        let sources = [repository(), counter.folder().to_owned()];
        for folder in sources.map(|folder| folder.display().to_string()) {
            assert!(!contains(content, &folder), "{path} names {folder}");
        }
    }
    for ending in ["wasm.br", "wasm.gz", "js.br", "js.gz"] {
        assert!(built.keys().any(|path| path.ends_with(ending)), "{ending}: {:?}", built.keys());
    }

    let server = StaticFiles::serve(&dist, "/sub/path/");
    let browser = Browser::start();
    browser.open(&server.url());
    browser.wait_text("output", "0");
    browser.click("button:last-of-type");
    browser.wait("document.querySelector('output').textContent === '1'");
    assert_eq!(browser.console(), Vec::<String>::new());
    assert_eq!(browser.value("typeof window.__hmr.host", &[]), "function");

    let again = keep.path().join("again");
    succeeds(build(counter.folder(), &again, &["--public-url", "/sub/path/"]));
    assert_eq!(files(&again), built, "two builds are equal");
}

fn contains(content: &[u8], text: &str) -> bool {
    content.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A page for Trunk with a stylesheet, an icon and a file.
fn with_files() -> WebApp {
    WebApp::new(&[
        (
            "index.html",
            "<!doctype html><html><head><link data-trunk rel=\"rust\"><link data-trunk rel=\"css\" href=\"a.css\">\
             <link data-trunk rel=\"icon\" href=\"icon.svg\"><link data-trunk rel=\"copy-file\" href=\"data.json\"></head>\
             <body><script type=\"module\">document.title = 'started';</script></body></html>",
        ),
        ("a.css", "body { background: url(/data.json) }"),
        ("icon.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>"),
        ("data.json", "{}"),
    ])
}

#[test]
fn files_get_hashes_and_a_failing_build_leaves_the_folder_as_it_was() {
    let app = with_files();
    succeeds(app.tool("build"));
    let dist = app.path("app/dist");
    let built = files(&dist);
    let page = String::from_utf8_lossy(&built["index.html"]).into_owned();
    for (start, end) in [
        ("a-", ".css"),
        ("icon-", ".svg"),
        ("site_bg-", ".wasm"),
        ("site-", ".js"),
        ("start-", ".js"),
        ("index-", ".js"),
    ] {
        assert!(page.contains(path(&built, start, end)) || start == "site_bg-", "{page}");
    }
    assert!(built.contains_key("data.json"));
    assert!(page.contains("integrity=\"sha384-") && !page.contains("document.title"), "{page}");

    // The old folder is replaced, also by one with fewer files.
    app.write("app/index.html", "<html><head><link data-trunk rel=\"rust\"></head></html>");
    succeeds(app.tool("build"));
    let smaller = files(&dist);
    assert!(!smaller.contains_key("data.json") && smaller.contains_key("index.html"));

    app.write("app/src/lib.rs", "fn broken( {");
    let text = fails(app.tool("build"), 101);
    assert!(text.contains("src/lib.rs"), "{text}");
    assert_eq!(files(&dist), smaller);
    app.write("app/src/lib.rs", "");
    app.write(
        "app/index.html",
        "<html><head><link data-trunk rel=\"css\" href=\"no.css\"></head></html>",
    );
    let text = fails(app.tool("build"), 1);
    assert!(text.contains("no.css: the file does not exist"), "{text}");
    assert_eq!(files(&dist), smaller);
    let left: Vec<_> = fs::read_dir(app.path("app")).expect("the folder").flatten().collect();
    assert!(
        left.iter().all(|it| !it.file_name().to_string_lossy().starts_with(".cargo-hmr-build"))
    );
}

#[test]
fn a_folder_with_other_files_is_never_replaced() {
    let app = with_files();
    app.write("app/dist/mine.txt", "mine");
    let text = fails(app.tool("build"), 1);
    assert!(text.contains("`mine.txt`") && text.contains("--dist"), "{text}");
    fs::remove_file(app.path("app/dist/mine.txt")).expect("the file");
    succeeds(app.tool("build"));
    app.write("app/dist/notes/mine.txt", "mine");
    let text = fails(app.tool("build"), 1);
    assert!(text.contains("notes/mine.txt"), "{text}");
    assert!(app.path("app/dist/notes/mine.txt").exists());

    app.write("taken", "a file");
    let mut command = app.tool("build");
    command.arg("--dist").arg(app.path("taken"));
    assert!(fails(command, 1).contains("is a file"));
}

#[test]
fn two_files_of_one_path_and_a_wrong_public_url_are_refused() {
    let app = with_files();
    app.write("app/static/data.json", "[]");
    let text = fails(app.tool("build"), 1);
    assert!(text.contains("two files would be written to `data.json`"), "{text}");
    let mut command = app.tool("build");
    command.args(["--public-url", "http://"]);
    assert!(fails(command, 2).contains("is not a path or an address"));
}

#[test]
fn wasm_opt_is_used_where_it_is_installed_and_not_required() {
    let app = with_files();
    let without = succeeds_with_notes(app.tool("build"));
    assert!(without.contains("note: `wasm-opt` was not found"), "{without}");
    let wasm = |app: &WebApp| {
        let built = files(&app.path("app/dist"));
        built[path(&built, "site_bg-", ".wasm")].clone()
    };
    let plain = wasm(&app);

    // It adds an empty custom section with the name `x`.
    let section = "printf '\\000\\002\\001x' >> \"$out\"";
    let last = "for last; do :; done; out=$last";
    let program = |body: &str| {
        app.program("wasm-opt", &format!("[ \"$1\" = --version ] && echo 'wasm-opt version 1' && exit\necho \"$@\" > '{}'\n{body}", app.path("arguments").display()));
    };
    program(&format!(
        "{last}\nwhile [ \"$2\" != -o ]; do shift; done\ncp \"$1\" \"$out\"\n{section}"
    ));
    let with = succeeds_with_notes(app.tool("build"));
    assert!(!with.contains("wasm-opt"), "{with}");
    assert_eq!(wasm(&app), [&plain[..], b"\x00\x02\x01x"].concat());
    let arguments = fs::read_to_string(app.path("arguments")).expect("it was called");
    let features = [
        "bulk-memory",
        "multivalue",
        "mutable-globals",
        "nontrapping-float-to-int",
        "reference-types",
        "sign-ext",
    ];
    for feature in features {
        assert!(arguments.contains(&format!("--enable-{feature} ")), "{arguments}");
    }
    assert!(arguments.contains("-Os "), "{arguments}");
    let mut off = app.tool("build");
    off.arg("--no-wasm-opt");
    assert!(!succeeds_with_notes(off).contains("wasm-opt"));
    assert_eq!(wasm(&app), plain);

    // One that is too old is not used. If the page asks for it, that is an error.
    program("echo '[parse exception: invalid code 17]' >&2\nexit 1");
    let old = succeeds_with_notes(app.tool("build"));
    assert!(
        old.contains("note: `wasm-opt` fails")
            && old.contains("wasm-opt version 1: [parse exception: invalid code 17]"),
        "{old}"
    );
    assert_eq!(wasm(&app), plain);
    let page = "<html><head><link data-trunk rel=\"rust\" data-wasm-opt=\"z\"></head></html>";
    app.write("app/index.html", page);
    let text = fails(app.tool("build"), 1);
    assert!(text.contains("wasm-opt fails for `site`") && text.contains("--no-wasm-opt"), "{text}");
}

#[test]
fn compiled_styles_are_minified_if_the_settings_ask_for_it() {
    let page = "<html><head><link data-trunk rel=\"rust\"><link data-trunk rel=\"scss\" href=\"a.scss\">\
        <link data-trunk rel=\"scss\" href=\"b.scss\" data-no-minify><link data-trunk rel=\"tailwind-css\" href=\"c.css\"></head></html>";
    let sass = "$space: 1px;\nmain {\n  margin: $space;\n  p { margin: 0 }\n}\n";
    let app =
        WebApp::new(&[("index.html", page), ("a.scss", sass), ("b.scss", sass), ("c.css", "")]);
    app.program("tailwindcss", "echo \"/* $@ */\"");
    let style = |start: &str| {
        succeeds(app.tool("build"));
        let built = files(&app.path("app/dist"));
        String::from_utf8_lossy(&built[path(&built, start, ".css")]).into_owned()
    };
    assert!(style("a-").contains("main {\n") && !style("c-").contains("--minify"));
    app.write("app/Trunk.toml", "[build]\nminify = \"on_release\"\n");
    assert_eq!(style("a-").trim(), "main{margin:1px}main p{margin:0}");
    assert!(style("b-").contains("main {\n") && style("c-").contains("--minify"));
}

#[test]
fn what_was_built_is_served_as_in_production() {
    let app = with_files();
    app.write("app/static/folder/file.txt", "text");
    let mut command = app.tool("build");
    command.args(["--public-url", "/app/"]);
    succeeds(command);
    let built = files(&app.path("app/dist"));
    let mut command = app.tool("serve");
    command.args(["--json", "--port", "0"]);
    let dev = Dev::run(command);
    let url = url::Url::parse(dev.url()).expect("an address");
    assert_eq!(url.path(), "/app");
    let port = url.port().expect("a port");
    let get = |path: &str, headers: &[(&str, &str)]| {
        let mut all = vec![("Host", "127.0.0.1")];
        all.extend_from_slice(headers);
        send(port, &format!("GET {path}"), &all)
    };

    let page = get("/app/", &[]);
    assert_eq!((page.status, page.header("cache-control")), (200, Some("no-cache")));
    let wasm = format!("/app/{}", path(&built, "site_bg-", ".wasm"));
    let wasm = get(&wasm, &[]);
    assert_eq!(wasm.header("content-type"), Some("application/wasm"));
    assert_eq!(wasm.header("cache-control"), Some("public, max-age=31536000, immutable"));
    assert_eq!(wasm.header("vary"), Some("accept-encoding"));
    for (path, to) in [("/", "/app/"), ("/app", "/app/"), ("/app/folder", "/app/folder/")] {
        assert_eq!(get(path, &[]).header("location"), Some(to), "{path}");
    }
    assert_eq!(get("/app/.cargo-hmr-dist.json", &[]).status, 404);
    assert_eq!(get("/app/nothing.js", &[]).status, 404);
    let posted = send(port, "POST /app/", &[("Host", "127.0.0.1"), ("Content-Length", "0")]);
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    let route = get("/app/some/route", &[("Accept", "text/html")]);
    assert_eq!((route.status, route.body), (200, page.body));

    let mut command = tool();
    command.arg("serve").args(["--dist", "/no/such/folder"]);
    assert!(fails(command, 1).contains("cargo hmr build"));
}

#[test]
fn a_native_counter_is_small_and_settings_of_the_profile_are_the_users() {
    let keep = tempfile::tempdir().expect("a temporary folder");
    let app = keep.path().join("counter");
    copy(&repository().join("examples/counter"), &app);
    let sdk = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk");
    let manifest = fs::read_to_string(app.join("Cargo.toml")).expect("a manifest");
    let manifest = manifest.replace("../../guest-sdk", &sdk.display().to_string());
    fs::write(app.join("Cargo.toml"), &manifest).expect("a manifest");
    let dist = keep.path().join("dist");
    let build = || succeeds(build(&app, &dist, &["--no-wasm-opt", "--json"]));
    let note = "native modules were compiled with `opt-level = \\\"s\\\"`, `lto = true`, `codegen-units = 1`";
    let said = build();
    assert_eq!(said.matches("native modules were compiled with").count(), 1, "{said}");
    assert!(said.contains(note), "{said}");
    let small = brotli(&files(&dist));
    assert!(small <= LARGEST_COUNTER, "{small} bytes");

    fs::write(
        app.join("Cargo.toml"),
        format!("{manifest}\n[profile.release]\nopt-level = 3\nlto = true\n"),
    )
    .expect("a manifest");
    fs::create_dir(app.join(".cargo")).expect("a folder");
    let config = "[profile.release]\ncodegen-units = 16\n";
    fs::write(app.join(".cargo/config.toml"), config).expect("a configuration");
    let said = build();
    assert!(!said.contains("native modules were compiled with"), "{said}");
    assert!(brotli(&files(&dist)) > small, "the user's settings count");
}

/// What the counter may have in all, compressed with brotli: its page, the module and the engine.
const LARGEST_COUNTER: usize = 60_000;

/// What a visitor loads, in bytes. The part that renders again is loaded when a script of the page changes the props of a component.
fn brotli(files: &BTreeMap<String, Vec<u8>>) -> usize {
    let is_copy =
        |path: &str| Path::new(path).extension().is_some_and(|it| it == "br" || it == "gz");
    let is_loaded = |path: &str| !path.starts_with('.') && !path.starts_with("rendering-");
    let served = files.iter().filter(|(path, _)| !is_copy(path) && is_loaded(path));
    served
        .map(|(path, content)| files.get(&format!("{path}.br")).map_or(content.len(), Vec::len))
        .sum()
}

fn copy(from: &Path, to: &Path) {
    for (path, content) in files(from) {
        if path.starts_with("target") {
            continue;
        }
        let file = to.join(path);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, content).expect("a file");
    }
}

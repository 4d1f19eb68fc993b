//! Builds of small modules with the installed compiler: the results, and the messages of failures.

mod fixture;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use fixture::{Fixture, MODULE, leaf};
use hmr_build::{
    App, BuildOutcome, BuildRequest, CancelToken, CompiledModule, Failure, Level, Toolchain, build,
    prepare,
};

const TEXT: &str = "pub fn length() -> u32 { include_str!(\"a text.txt\").len() as u32 }\n";

/// One toolchain for all tests: finding it may take some time the first time.
fn toolchain() -> &'static Toolchain {
    static TOOLCHAIN: OnceLock<Toolchain> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        Toolchain::find(Utf8Path::new(env!("CARGO_MANIFEST_DIR")), &mut |_| {})
            .unwrap_or_else(|error| panic!("{error}"))
    })
}

/// A workspace with the module `board`.
fn fixture() -> Fixture {
    let fixture = Fixture::new(&[(
        "app/Cargo.toml",
        "[workspace]\nmembers = [\"*\"]\nexclude = [\"target\"]\n",
    )]);
    fixture.module("board", "");
    fixture.write("app/board/src/lib.rs", MODULE);
    fixture.write("app/board/src/text.rs", TEXT);
    fixture.write("app/board/src/a text.txt", "hello");
    fixture
}

fn run(app: &App, cancel: &CancelToken) -> BuildOutcome {
    let modules: Vec<String> = app.modules.iter().map(|module| module.name.clone()).collect();
    let request = BuildRequest::new(app, toolchain(), &modules);
    build(&request, cancel, &mut |_| {})
}

fn app(fixture: &Fixture) -> App {
    App::load(&fixture.path("app")).unwrap_or_else(|error| panic!("{error}"))
}

fn built(app: &App) -> Vec<CompiledModule> {
    match run(app, &CancelToken::new()) {
        BuildOutcome::Built(modules) => modules,
        other => panic!("not built: {other:#?}"),
    }
}

fn failed(app: &App) -> Failure {
    match run(app, &CancelToken::new()) {
        BuildOutcome::Failed(failure) => failure,
        other => panic!("did not fail: {other:#?}"),
    }
}

#[test]
fn a_module_is_built_and_accepted_and_its_files_are_known() {
    let fixture = fixture();
    let app = app(&fixture);
    let compiled = built(&app).remove(0);
    let bytes = std::fs::read(&compiled.wasm).expect("a file");
    prepare("board", &bytes).unwrap_or_else(|error| panic!("{error}"));
    let files: Vec<&str> = compiled.files.iter().map(|file| leaf(file)).collect();
    assert_eq!(files, ["a text.txt", "lib.rs", "text.rs", "lib.rs"]);
    assert!(compiled.files.contains(&fixture.path("app/board/src/a text.txt")));
    assert!(!compiled.fresh);
    let again = built(&app).remove(0);
    assert!(again.fresh);
    assert_eq!(again.files, compiled.files);
}

#[test]
fn warnings_come_with_the_compiled_module() {
    let fixture = fixture();
    fixture.write("app/board/src/text.rs", "pub fn length() -> u32 { let unused = 1; 2 }\n");
    let compiled = built(&app(&fixture)).remove(0);
    let warning = &compiled.warnings[0];
    assert_eq!(
        (warning.level, warning.code.as_deref()),
        (Level::Warning, Some("unused_variables"))
    );
    assert_eq!(warning.line, Some(1));
}

#[test]
fn a_compiler_error_has_its_location_and_the_compilers_text() {
    let fixture = fixture();
    fixture.write("app/board/src/text.rs", "pub fn length() -> u32 {\n    \"no\"\n}\n");
    let failure = failed(&app(&fixture));
    assert_eq!((failure.title.as_str(), failure.diagnostics.len()), ("board does not compile", 1));
    let error = &failure.diagnostics[0];
    assert_eq!(
        (error.message.as_str(), error.code.as_deref()),
        ("mismatched types", Some("E0308"))
    );
    assert_eq!(error.file.as_deref().map(Utf8Path::new), Some(Utf8Path::new("board/src/text.rs")));
    assert_eq!((error.line, error.column), (Some(2), Some(5)));
    assert!(error.rendered.contains('\u{1b}') && error.rendered.contains("expected `u32`"));
}

#[test]
fn a_source_file_that_is_not_text_is_an_error_with_its_name() {
    let fixture = fixture();
    fixture.write("app/board/src/text.rs", b"\xff\xfe\x00");
    let failure = failed(&app(&fixture));
    assert_eq!(failure.title, "board does not compile");
    let rendered = &failure.diagnostics[0].rendered;
    assert!(rendered.contains("text.rs") && rendered.contains("UTF-8"), "{rendered}");
}

#[test]
fn a_manifest_that_breaks_later_is_a_diagnostic_of_that_manifest() {
    let fixture = fixture();
    let app = app(&fixture);
    fixture.write("app/board/Cargo.toml", "[package]\nname = \n");
    let failure = failed(&app);
    assert_eq!(failure.title, "cargo does not accept a manifest");
    let error = &failure.diagnostics[0];
    assert!(error.file.as_deref().is_some_and(|file| file.ends_with("Cargo.toml")), "{error:#?}");
    assert_eq!(error.line, Some(2), "{error:#?}");
}

#[test]
fn a_dependency_that_is_not_there_is_a_diagnostic() {
    let fixture = fixture();
    let app = app(&fixture);
    let manifest = fixture::module("board", "../../sdk", "gone = { path = \"../gone\" }");
    fixture.write("app/board/Cargo.toml", manifest);
    let failure = failed(&app);
    assert!(failure.diagnostics[0].rendered.contains("gone"), "{failure:#?}");
}

#[test]
fn a_build_script_that_fails_is_a_diagnostic_with_what_it_wrote() {
    let fixture = fixture();
    fixture.write(
        "app/board/build.rs",
        "fn main() { eprintln!(\"no paint left\"); std::process::exit(1) }",
    );
    let failure = failed(&app(&fixture));
    assert_eq!(failure.title, "a build script failed");
    assert!(failure.diagnostics[0].rendered.contains("no paint left"), "{failure:#?}");
}

#[test]
fn a_module_that_does_not_link_says_so() {
    let fixture = fixture();
    fixture.write(
        "app/board/build.rs",
        "fn main() { println!(\"cargo::rustc-link-arg=--no-such-option\") }",
    );
    let failure = failed(&app(&fixture));
    assert_eq!(failure.title, "board does not link");
    assert!(failure.diagnostics[0].rendered.contains("--no-such-option"), "{failure:#?}");
}

#[test]
fn an_unknown_module_is_a_failure() {
    let fixture = fixture();
    let app = app(&fixture);
    let modules = ["nobody".to_owned()];
    let request = BuildRequest::new(&app, toolchain(), &modules);
    match build(&request, &CancelToken::new(), &mut |_| {}) {
        BuildOutcome::Failed(failure) => {
            assert!(failure.diagnostics[0].message.contains("`nobody`"));
        }
        other => panic!("did not fail: {other:#?}"),
    }
}

#[test]
fn a_cancelled_token_builds_nothing() {
    let fixture = fixture();
    let token = CancelToken::new();
    token.cancel();
    assert!(matches!(run(&app(&fixture), &token), BuildOutcome::Cancelled));
    assert!(!fixture.path("app/target").exists());
}

#[test]
fn cancelling_ends_cargo_and_what_it_started() {
    let fixture = fixture();
    // The script would run forever, and shows when it has started.
    fixture.write(
        "app/board/build.rs",
        "fn main() { std::fs::write(\"started\", \"\").unwrap(); loop { std::thread::park() } }",
    );
    let app = app(&fixture);
    let token = CancelToken::new();
    let started = fixture.path("app/board/started");
    let outcome = std::thread::scope(|scope| {
        let build = scope.spawn(|| run(&app, &token));
        let deadline = Instant::now() + Duration::from_mins(2);
        while !started.exists() && !build.is_finished() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        token.cancel();
        build.join().expect("no panic")
    });
    assert!(started.exists(), "the build script did not start: {outcome:?}");
    assert!(matches!(outcome, BuildOutcome::Cancelled), "{outcome:?}");
    fixture.write("app/board/build.rs", "fn main() {}");
    assert!(!built(&app).is_empty(), "the next build works");
}

//! The coordinator's rules, through [`Coordinator::step`]: each effect is written as one line, and the lines are compared.

use camino::Utf8Path;
use expect_test::{Expect, expect};
use hmr_build::{CompiledModule, Diagnostic, Level};
use hmr_protocol::{
    Cause, ClientMessage, ModuleState, Rehearse, Swap, SwapOutcome, SwapStep, Trap,
};

use super::*;
use crate::versions::ModuleVersion;
use crate::watch::{Change, ChangeKind};

struct Bench {
    coordinator: Coordinator,
    log: String,
}

/// Two modules, `board` and `list`, which share the crate `ui`.
fn started() -> Bench {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.build(&[("board", "b1"), ("list", "l1")]);
    bench.log.clear();
    bench
}

impl Bench {
    fn step(&mut self, input: Input) {
        for effect in self.coordinator.step(input) {
            self.log.push_str(&line(&effect));
            self.log.push('\n');
        }
    }

    fn save(&mut self, paths: &[&str]) {
        let changes = paths
            .iter()
            .map(|path| Change {
                path: Utf8Path::new("/app").join(path),
                kind: ChangeKind::Modified,
            })
            .collect();
        self.step(Input::Changed(ChangeBatch { changes, ..ChangeBatch::default() }));
    }

    fn finish(&mut self, generation: u64, outcome: Outcome) {
        self.step(Input::Built { generation, outcome });
    }

    fn build(&mut self, modules: &[(&str, &str)]) {
        let modules = modules.iter().map(|(module, hash)| compiled(module, hash)).collect();
        let generation = self.coordinator.generation;
        self.finish(
            generation,
            Outcome::Succeeded { modules, warnings: Vec::new(), phases: Phases::default() },
        );
    }

    /// Adds a version of `board` that is older than the newest one.
    fn add_older(&mut self, hash: &str) {
        let history = self.coordinator.histories.get_mut("board").expect("a module");
        let newest = history.current().cloned().expect("a version");
        for version in [ModuleVersion::example("board", hash), newest] {
            history.push(version, Vec::new(), 32, &BTreeSet::new());
        }
    }

    fn break_build(&mut self) {
        let generation = self.coordinator.generation;
        self.finish(generation, Outcome::Failed(broken()));
    }

    fn check(self, expected: &Expect) {
        expected.assert_eq(&self.log);
    }
}

fn compiled(module: &str, hash: &str) -> BuiltModule {
    BuiltModule {
        version: ModuleVersion::example(module, hash),
        files: vec![format!("/app/{module}/src/lib.rs").into(), "/app/ui/src/lib.rs".into()],
        folders: Vec::new(),
        transform: Vec::new(),
    }
}

fn broken() -> Failure {
    let diagnostic = Diagnostic {
        level: Level::Error,
        message: "mismatched types".into(),
        code: None,
        file: None,
        line: None,
        column: None,
        rendered: String::new(),
    };
    Failure {
        title: "board does not compile".into(),
        diagnostics: vec![diagnostic],
        files: Vec::new(),
    }
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Scan(Scan::App) => "scan".into(),
        Effect::Scan(Scan::Toolchain) => "scan toolchain".into(),
        Effect::Remind { generation, after } => format!("remind {generation} {after:?}"),
        Effect::Cancel => "cancel".into(),
        Effect::Build { generation, modules } => {
            format!("build {generation} {}", modules.join(" "))
        }
        Effect::Send(message) => format!("send {}", message.to_json()),
        Effect::SendTo { page, message } => format!("send to {page} {}", message.to_json()),
        Effect::Report(event) => {
            let json = serde_json::to_value(event).expect("JSON");
            format!("report {}", json["event"].as_str().expect("a name"))
        }
        Effect::PrepareRehearsals(versions) => {
            let hashes: Vec<&str> = versions.iter().map(|version| &*version.hash).collect();
            format!("prepare rehearsals {}", hashes.join(" "))
        }
        Effect::LearnState(state) => format!("learn state {}", state.hash),
        Effect::Rehearse { page, version, .. } => {
            let hash = version.as_ref().map(|version| &*version.hash);
            format!("rehearse {page} {hash:?}")
        }
    }
}

#[test]
fn the_first_build_brings_every_module() {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.build(&[("board", "b1"), ("list", "l1")]);
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":1,"modules":["board","list"]}
        build 1 board list
        send {"type":"build-succeeded","sequence":2}
        prepare rehearsals b1 l1
        report build-finished
        report update
        send {"type":"hot-update","sequence":3,"reason":"first build","modules":[{"module":"board","hash":"b1","url":"/@hmr/module/board/b1.wasm","components":[],"rehearse":false},{"module":"list","hash":"l1","url":"/@hmr/module/list/l1.wasm","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn a_save_builds_and_announces_what_differs() {
    let mut bench = started();
    bench.save(&["ui/src/lib.rs"]);
    bench.build(&[("board", "b2"), ("list", "l1")]);
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":4,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":5}
        prepare rehearsals b2 l1
        report build-finished
        report update
        send {"type":"hot-update","sequence":6,"reason":"ui/src/lib.rs → ui → board","modules":[{"module":"board","hash":"b2","url":"/@hmr/module/board/b2.wasm","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn the_newest_save_wins() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.save(&["list/src/lib.rs"]);
    bench.finish(2, Outcome::Cancelled);
    bench.build(&[("board", "b2"), ("list", "l2")]);
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        cancel
        report build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 4 board list
        send {"type":"build-succeeded","sequence":6}
        prepare rehearsals b2 l2
        report build-finished
        report update
        send {"type":"hot-update","sequence":7,"reason":"board/src/lib.rs → board, list/src/lib.rs → list","modules":[{"module":"board","hash":"b2","url":"/@hmr/module/board/b2.wasm","components":[],"rehearse":false},{"module":"list","hash":"l2","url":"/@hmr/module/list/l2.wasm","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn a_build_that_was_replaced_is_not_announced_even_if_it_succeeded() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.save(&["board/src/lib.rs"]);
    bench.log.clear();
    bench.finish(
        2,
        Outcome::Succeeded {
            modules: vec![compiled("board", "old")],
            warnings: Vec::new(),
            phases: Phases::default(),
        },
    );
    bench.check(&expect![""]);
}

#[test]
fn what_failed_stays_due_and_the_same_bytes_clear_the_failure() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.break_build();
    assert!(bench.coordinator.hello().failure.is_some(), "a late page must get the failure");
    bench.save(&["list/src/lib.rs"]);
    bench.build(&[("board", "b1"), ("list", "l1")]);
    assert!(bench.coordinator.hello().failure.is_none());
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        report build-failed
        send {"type":"build-failed","sequence":5,"failure":{"title":"board does not compile","diagnostics":[{"level":"error","message":"mismatched types","code":null,"file":null,"line":null,"column":null,"rendered":""}]}}
        report build-started
        send {"type":"build-started","sequence":6,"modules":["board","list"]}
        build 3 board list
        send {"type":"build-succeeded","sequence":7}
        prepare rehearsals b1 l1
        report build-finished
        report unchanged
    "#]]);
}

#[test]
fn a_page_s_markup_reloads_at_once_even_beside_broken_code() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.break_build();
    bench.log.clear();
    bench.save(&["index.html"]);
    bench.check(&expect![[r#"
        report update
        send {"type":"full-reload","sequence":6,"reason":"`index.html` changed","restore":true}
    "#]]);
}

#[test]
fn a_reload_waits_for_the_build_that_runs() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.save(&["index.html"]);
    bench.build(&[("board", "b2")]);
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        send {"type":"build-succeeded","sequence":5}
        prepare rehearsals b2
        report build-finished
        report update
        send {"type":"full-reload","sequence":6,"reason":"`index.html` changed","restore":true}
    "#]]);
}

#[test]
fn markup_that_is_saved_with_broken_code_reloads_when_the_build_has_failed() {
    let mut bench = started();
    bench.save(&["index.html", "board/src/lib.rs"]);
    bench.break_build();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        report build-failed
        send {"type":"build-failed","sequence":5,"failure":{"title":"board does not compile","diagnostics":[{"level":"error","message":"mismatched types","code":null,"file":null,"line":null,"column":null,"rendered":""}]}}
        report update
        send {"type":"full-reload","sequence":6,"reason":"`index.html` changed","restore":true}
        report build-started
        send {"type":"build-started","sequence":7,"modules":["board"]}
        build 3 board
        send {"type":"build-succeeded","sequence":8}
        prepare rehearsals b2
        report build-finished
        report update
        send {"type":"hot-update","sequence":9,"reason":"board/src/lib.rs → board","modules":[{"module":"board","hash":"b2","url":"/@hmr/module/board/b2.wasm","components":[],"rehearse":false}]}
    "#]]);
}

/// The kinds of update that were announced, in order.
fn updates(bench: &Bench) -> Vec<&str> {
    let sent = bench.log.lines().filter_map(|line| line.strip_prefix("send {\"type\":\""));
    let kinds = sent.filter_map(|line| line.split('"').next());
    kinds.filter(|kind| kind.contains("update") || kind.contains("reload")).collect()
}

#[test]
fn markup_that_is_saved_during_work_that_fails_reloads_once() {
    // During a build.
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.save(&["index.html"]);
    assert!(updates(&bench).is_empty(), "it waits for the build: {}", bench.log);
    bench.break_build();
    assert_eq!(updates(&bench), ["full-reload"]);
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    assert_eq!(updates(&bench), ["full-reload", "hot-update"]);

    // During a build that newer code replaces, and then with a manifest that cannot be read.
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.save(&["index.html"]);
    bench.save(&["board/src/lib.rs"]);
    bench.break_build();
    assert_eq!(updates(&bench), ["full-reload"]);
    bench.save(&["Cargo.toml", "index.html"]);
    bench.step(Input::Scanned(Err(broken())));
    assert_eq!(updates(&bench), ["full-reload", "full-reload"]);
    // The manifest's own reload waits until it can be read and everything is built.
    bench.save(&["Cargo.toml"]);
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.break_build();
    assert_eq!(updates(&bench).len(), 2);
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b1"), ("list", "l1")]);
    assert_eq!(updates(&bench).len(), 3, "{}", bench.log);
    assert!(bench.log.contains("`Cargo.toml` changed"), "{}", bench.log);
}

#[test]
fn markup_that_is_saved_before_anything_is_built_reloads_at_once() {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.save(&["index.html"]);
    assert_eq!(updates(&bench), ["full-reload"]);
}

#[test]
fn what_changes_during_a_scan_is_built_after_it_and_manifests_are_read_again() {
    let mut bench = started();
    bench.save(&["Cargo.toml"]);
    bench.save(&["board/src/lib.rs"]);
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.break_build();
    bench.save(&["Cargo.toml"]);
    bench.save(&["Cargo.toml"]);
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.log.retain(|letter| letter != '"');
    let work =
        bench.log.lines().filter(|line| line.starts_with("scan") || line.starts_with("build"));
    assert_eq!(work.collect::<Vec<_>>(), ["scan", "build 2 board list", "scan", "scan"]);
}

#[test]
fn code_that_changes_during_a_scan_that_fails_has_it_tried_again() {
    let mut bench = started();
    bench.save(&["Cargo.toml"]);
    bench.save(&["board/src/lib.rs"]);
    bench.step(Input::Scanned(Err(broken())));
    assert!(bench.log.ends_with("scan\n"), "{}", bench.log);
}

#[test]
fn saves_that_never_stop_still_let_some_builds_finish() {
    let mut bench = started();
    let cancels = |bench: &Bench| bench.log.lines().filter(|line| *line == "cancel").count();
    for round in 1..=3 {
        for _ in 0..20 {
            bench.save(&["board/src/lib.rs"]);
        }
        assert_eq!(cancels(&bench), round * MAX_CANCELLATIONS as usize, "{}", bench.log);
        bench.build(&[("board", &format!("b{}", round + 1))]);
        assert_eq!(updates(&bench).len(), round, "it is announced: {}", bench.log);
    }
    // What changed during the last of them is built without another save.
    bench.log.clear();
    bench.build(&[("board", "b9")]);
    assert_eq!(updates(&bench), ["hot-update"]);
    bench.save(&["list/src/lib.rs"]);
    assert_eq!(cancels(&bench), 0);
}

#[test]
fn manifests_that_are_saved_again_and_again_let_a_build_finish_too() {
    let mut bench = started();
    for _ in 0..20 {
        bench.save(&["Cargo.toml"]);
        bench.step(Input::Scanned(Ok(Graph::example())));
    }
    bench.build(&[("board", "b2"), ("list", "l1")]);
    assert_eq!(updates(&bench), ["full-reload"], "{}", bench.log);
    assert!(bench.log.ends_with("scan\n"), "the newest manifest is read: {}", bench.log);
}

#[test]
fn a_kept_build_that_fails_is_followed_by_the_newest_code() {
    let mut bench = started();
    for _ in 0..10 {
        bench.save(&["board/src/lib.rs"]);
    }
    bench.break_build();
    bench.build(&[("board", "b2")]);
    assert_eq!(updates(&bench), ["hot-update"], "{}", bench.log);
}

#[test]
fn a_kept_build_that_never_ends_is_cancelled_after_a_while_and_the_next_one_later() {
    let mut bench = started();
    for _ in 0..10 {
        bench.save(&["board/src/lib.rs"]);
    }
    let kept = bench.coordinator.generation;
    assert!(bench.log.contains(&format!("remind {kept} 30s")), "{}", bench.log);
    bench.log.clear();
    bench.step(Input::Overdue { generation: kept - 1 });
    assert_eq!(bench.log, "", "that was another build");
    bench.step(Input::Overdue { generation: kept });
    let next = bench.coordinator.generation;
    assert!(bench.log.starts_with("cancel\n"), "{}", bench.log);
    assert!(bench.log.contains(&format!("remind {next} 60s")), "{}", bench.log);
    // Without newer changes the build has no time limit, until there are some.
    bench.log.clear();
    bench.step(Input::Overdue { generation: next });
    assert_eq!(bench.log, "");
    bench.save(&["board/src/lib.rs"]);
    assert!(bench.log.starts_with("cancel\n"), "{}", bench.log);
}

/// How often a build was started.
fn builds(bench: &Bench) -> usize {
    bench.log.lines().filter(|line| line.starts_with("build ")).count()
}

#[test]
fn a_file_that_the_build_reports_as_read_counts_from_the_build_s_start() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.log.clear();
    bench.save(&["board/names.txt", "board/notes.txt"]);
    assert_eq!(bench.log, "", "nothing is known to read them");
    let mut board = compiled("board", "b2");
    board.files.push("/app/board/names.txt".into());
    let generation = bench.coordinator.generation;
    let modules = vec![board];
    let phases = Phases::default();
    bench.finish(generation, Outcome::Succeeded { modules, warnings: Vec::new(), phases });
    assert_eq!(builds(&bench), 1, "{}", bench.log);
    assert!(bench.log.ends_with("build 3 board\n"), "{}", bench.log);
    bench.build(&[("board", "b3")]);
    assert_eq!(builds(&bench), 1, "{}", bench.log);
}

#[test]
fn a_file_that_a_refused_module_reads_counts() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    let compiled = vec![CompiledModule {
        module: "board".into(),
        wasm: "/app/target/board.wasm".into(),
        fresh: false,
        files: vec!["/far/text.txt".into()],
        folders: vec!["/far/templates".into()],
        warnings: Vec::new(),
    }];
    let generation = bench.coordinator.generation;
    bench.finish(generation, Outcome::Refused { failure: broken(), compiled });
    for path in ["/far/text.txt", "/far/templates/a.html"] {
        bench.log.clear();
        bench.save(&[path]);
        assert_eq!(builds(&bench), 1, "{path}: {}", bench.log);
        bench.break_build();
    }
}

#[test]
fn builds_that_change_their_own_sources_wait_longer_and_longer() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    let mut waits = Vec::new();
    for round in 0..5 {
        // As a build script does: once in each build that is started.
        for _ in 0..=MAX_CANCELLATIONS {
            bench.save(&["ui/src/lib.rs"]);
        }
        bench.log.clear();
        bench.build(&[("board", &format!("b{round}")), ("list", "l1")]);
        let generation = bench.coordinator.generation;
        let wait =
            bench.log.lines().find_map(|line| line.strip_prefix(&format!("remind {generation} ")));
        waits.extend(wait.filter(|_| builds(&bench) == 0).map(ToOwned::to_owned));
        bench.step(Input::Overdue { generation });
        assert_eq!(builds(&bench), 1, "{}", bench.log);
    }
    assert_eq!(waits, ["1s", "2s", "4s"]);
    // A save of the user is built at once, and ends the waiting.
    for _ in 0..=MAX_CANCELLATIONS {
        bench.save(&["ui/src/lib.rs"]);
    }
    bench.build(&[("board", "b8"), ("list", "l1")]);
    bench.log.clear();
    bench.save(&["list/src/lib.rs"]);
    assert_eq!(builds(&bench), 1, "{}", bench.log);
    bench.build(&[("board", "b9"), ("list", "l2")]);
    let generation = bench.coordinator.generation;
    bench.log.clear();
    bench.step(Input::Overdue { generation });
    assert_eq!(bench.log, "");
}

#[test]
fn a_manifest_scans_builds_everything_and_reloads() {
    let mut bench = started();
    bench.save(&["Cargo.toml"]);
    bench.step(Input::Scanned(Err(broken())));
    bench.save(&["Cargo.toml"]);
    bench.step(Input::Scanned(Ok(Graph::example())));
    bench.build(&[("board", "b1"), ("list", "l1")]);
    bench.check(&expect![[r#"
        scan
        report build-failed
        send {"type":"build-failed","sequence":4,"failure":{"title":"board does not compile","diagnostics":[{"level":"error","message":"mismatched types","code":null,"file":null,"line":null,"column":null,"rendered":""}]}}
        scan
        report build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":6}
        prepare rehearsals b1 l1
        report build-finished
        report update
        send {"type":"full-reload","sequence":7,"reason":"`Cargo.toml` changed","restore":true}
    "#]]);
}

#[test]
fn an_application_that_cannot_be_read_is_read_again_rather_than_built() {
    let mut bench = started();
    bench.save(&["list/Cargo.toml"]);
    bench.step(Input::Scanned(Err(broken())));
    bench.log.clear();
    bench.save(&["board/src/lib.rs"]);
    bench.check(&expect![[r"
        scan
    "]]);
}

#[test]
fn an_application_that_breaks_before_the_first_build_is_read_again_when_it_is_fixed() {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.step(Input::Scanned(Err(broken())));
    bench.log.clear();
    bench.save(&["Cargo.toml"]);
    bench.check(&expect![[r"
        scan toolchain
    "]]);
}

#[test]
fn styles_and_static_files_need_no_build() {
    let mut bench = started();
    bench.save(&["static/style.css", "static/logo.svg"]);
    bench.check(&expect![[r#"
        report update
        send {"type":"css-update","sequence":4,"reason":"`/style.css` changed","paths":["/style.css"]}
        report update
        send {"type":"asset-update","sequence":5,"reason":"`/logo.svg` changed","paths":["/logo.svg"]}
    "#]]);
}

#[test]
fn before_there_is_a_toolchain_styles_are_announced_and_sources_wait_for_the_first_build() {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.save(&["static/style.css", "board/src/lib.rs"]);
    bench.check(&expect![[r#"
        report update
        send {"type":"css-update","sequence":1,"reason":"`/style.css` changed","paths":["/style.css"]}
    "#]]);
}

#[test]
fn files_without_a_role_do_nothing() {
    let mut bench = started();
    bench.save(&["README.md", "notes/todo.txt"]);
    bench.check(&expect![""]);
}

/// A message of a page.
fn message(message: ClientMessage) -> Input {
    Input::Client { page: "/#1".into(), event: ClientEvent::Message(message) }
}

/// A page's report about `board`, of this run of the tool.
fn swapped(hash: &str, outcome: SwapOutcome, error: &str) -> Input {
    swapped_by(hash, outcome, error, None)
}

fn swapped_by(hash: &str, outcome: SwapOutcome, error: &str, cause: Option<Cause>) -> Input {
    let swap = Swap {
        module: "board".into(),
        hash: hash.into(),
        outcome,
        step: Some(SwapStep::Prepare),
        error: Some(error.into()),
        cause,
        ..Swap::default()
    };
    let server = Some("server".to_owned());
    message(ClientMessage::Swap { server, sequence: Some(6), swaps: vec![swap] })
}

/// The hashes that are sent to a page: those of all pages, and of a single one.
fn served(coordinator: &Coordinator, id: &str) -> (Vec<String>, Vec<String>) {
    let all = coordinator.hello();
    let mut own = all.clone();
    coordinator.experiments().apply_to(&mut own, id);
    let hashes = |hello: Hello| hello.modules.into_iter().map(|version| version.hash).collect();
    (hashes(all), hashes(own))
}

fn json(request: Result<Vec<Effect>, Denied>) -> String {
    let lines: Vec<String> = request.expect("it can be done").iter().map(line).collect();
    lines.join("\n")
}

#[test]
fn a_version_that_failed_in_a_page_is_given_to_no_new_page_until_a_build_differs() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    let trap = Trap {
        module: "board".into(),
        hash: "b2".into(),
        file: Some("src/lib.rs".into()),
        line: Some(42),
        ..Trap::default()
    };
    bench.step(message(ClientMessage::Trap(trap)));
    bench.log.clear();
    bench.step(swapped("b2", SwapOutcome::Undone, "index out of bounds"));
    let hello = bench.coordinator.hello();
    assert_eq!(hello.modules[0].hash, "b1");
    let failure = hello.failure.expect("a late page must get the failure");
    assert_eq!(failure.title, "the new version of `board` was undone");
    assert_eq!(failure.diagnostics[0].rendered, "index out of bounds\n  --> src/lib.rs:42");
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    assert_eq!(bench.coordinator.hello().modules[0].hash, "b1", "the same bytes fail again");
    assert!(bench.coordinator.hello().failure.is_some());
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b3")]);
    let hello = bench.coordinator.hello();
    assert_eq!((hello.modules[0].hash.as_str(), hello.failure.is_none()), ("b3", true));
    bench.check(&expect![[r#"
        report swap
        report refused
        report build-started
        send {"type":"build-started","sequence":7,"modules":["board"]}
        build 3 board
        send {"type":"build-succeeded","sequence":8}
        prepare rehearsals b2
        report build-finished
        report unchanged
        report build-started
        send {"type":"build-started","sequence":9,"modules":["board"]}
        build 4 board
        send {"type":"build-succeeded","sequence":10}
        prepare rehearsals b3
        report build-finished
        report update
        send {"type":"hot-update","sequence":11,"reason":"board/src/lib.rs → board","modules":[{"module":"board","hash":"b3","url":"/@hmr/module/board/b3.wasm","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn a_version_that_could_not_be_fetched_is_not_refused() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    // The error messages are the same: only the cause decides.
    let failed = |cause: Cause| {
        let error = "`/x.wasm` cannot be fetched: offline";
        swapped_by("b2", SwapOutcome::RolledBack, error, Some(cause))
    };
    bench.step(failed(Cause::Fetch));
    assert_eq!(bench.coordinator.hello().modules[0].hash, "b2");
    bench.step(failed(Cause::Version));
    assert_eq!(bench.coordinator.hello().modules[0].hash, "b1");
}

#[test]
fn a_pinned_module_is_built_and_not_announced() {
    let mut bench = started();
    let announced = |sequence: u64, reason: &str, hash: &str| {
        let url = format!("/@hmr/module/board/{hash}.wasm");
        format!(
            "report pinned\nreport update\nsend {{\"type\":\"hot-update\",\"sequence\":{sequence},\"reason\":\"{reason}\",\"modules\":[{{\"module\":\"board\",\"hash\":\"{hash}\",\"url\":\"{url}\",\"components\":[],\"rehearse\":false}}]}}"
        )
    };
    assert_eq!(
        json(bench.coordinator.pin("board", Some("b1"))),
        announced(4, "pinned", "b1"),
        "a page may have chosen another version by itself"
    );
    bench.save(&["ui/src/lib.rs"]);
    bench.build(&[("board", "b2"), ("list", "l2")]);
    assert_eq!(served(&bench.coordinator, "").0, ["b1", "l2"]);
    assert_eq!(json(bench.coordinator.pin("board", None)), announced(8, "no longer pinned", "b2"));
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":6}
        prepare rehearsals b2 l2
        report build-finished
        report held-back
        report update
        send {"type":"hot-update","sequence":7,"reason":"ui/src/lib.rs → ui → list","modules":[{"module":"list","hash":"l2","url":"/@hmr/module/list/l2.wasm","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn a_pinned_version_that_fails_is_no_longer_pinned() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    json(bench.coordinator.pin("board", Some("b2")));
    bench.log.clear();
    bench.step(swapped("b2", SwapOutcome::Undone, "unreachable"));
    assert_eq!(served(&bench.coordinator, "").0[0], "b1");
    bench.check(&expect![[r"
        report swap
        report refused
        report pinned
    "]]);
}

#[test]
fn a_restored_version_is_announced_and_served_until_the_next_build() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    let sent = json(bench.coordinator.restore("board", "b1"));
    assert!(sent.contains("hot-update") && sent.contains("\"hash\":\"b1\""), "{sent}");
    assert_eq!(served(&bench.coordinator, "").0[0], "b1");
    for hash in ["b1", "b2"] {
        assert!(bench.coordinator.versions().get("board", hash).is_some(), "{hash}");
    }
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b3")]);
    assert_eq!(served(&bench.coordinator, "").0[0], "b3");
}

#[test]
fn a_denied_manual_request_changes_nothing() {
    let mut bench = started();
    let coordinator = &mut bench.coordinator;
    let missing = Denied::NoVersion { module: "board".into(), hash: "x".into() };
    assert_eq!(coordinator.pin("board", Some("x")).err(), Some(missing.clone()));
    assert_eq!(coordinator.restore("board", "x").err(), Some(missing));
    let unknown = Some(Denied::NoModule("unknown".into()));
    assert_eq!(coordinator.pin("unknown", None).err(), unknown);
    json(coordinator.pin("board", Some("b1")));
    let pinned = Some(Denied::IsPinned("board".into()));
    assert_eq!(coordinator.restore("board", "b1").err(), pinned);
    assert_eq!(coordinator.assign("board", "me", "b1").err(), pinned);
    json(coordinator.pin("board", None));
    json(coordinator.assign("board", "me", "b1"));
    let runs = Some(Denied::HasExperiment("board".into()));
    assert_eq!(coordinator.pin("board", Some("b1")).err(), runs);
    assert_eq!(coordinator.restore("board", "b1").err(), runs);
    let idle = [VariantRequest { hash: "b1".into(), weight: 0 }];
    assert!(matches!(coordinator.experiment("board", &idle), Err(Denied::Malformed(_))));
}

/// A page connects whose greeting covers the messages up to `greeted`.
fn connected(page: &str, id: &str, greeted: u64) -> Input {
    Input::Client { page: page.into(), event: ClientEvent::Connected { id: id.into(), greeted } }
}

#[test]
fn a_page_that_was_greeted_before_single_pages_got_something_is_greeted_again() {
    let mut bench = started();
    bench.add_older("b0");
    json(bench.coordinator.assign("board", "me", "b0"));
    bench.step(connected("/#1", "me", 3));
    bench.step(connected("/#2", "me", 4));
    json(bench.coordinator.experiment("board", &[]));
    bench.step(connected("/#3", "me", 4));
    bench.check(&expect![[r#"
        send to /#1 {"type":"hello","server":"server","sequence":4,"reloaded":0,"files":0,"modules":[{"module":"board","hash":"b0","url":"/@hmr/module/board/b0.wasm","components":[],"rehearse":false},{"module":"list","hash":"l1","url":"/@hmr/module/list/l1.wasm","components":[],"rehearse":false}],"failure":null}
        report client-connected
        report client-connected
        send to /#3 {"type":"hello","server":"server","sequence":5,"reloaded":0,"files":0,"modules":[{"module":"board","hash":"b1","url":"/@hmr/module/board/b1.wasm","components":[],"rehearse":false},{"module":"list","hash":"l1","url":"/@hmr/module/list/l1.wasm","components":[],"rehearse":false}],"failure":null}
        report client-connected
    "#]]);
}

#[test]
fn an_experiment_announces_to_each_page_its_own_version() {
    let mut bench = started();
    bench.add_older("b0");
    for (page, id) in [("/#1", "fixed"), ("/#2", "follower")] {
        bench.step(connected(page, id, 3));
    }
    bench.log.clear();
    assert_eq!(
        json(bench.coordinator.assign("board", "fixed", "b0")),
        "report experiment\nsend to /#1 {\"type\":\"hot-update\",\"sequence\":4,\"reason\":\"experiment\",\"modules\":[{\"module\":\"board\",\"hash\":\"b0\",\"url\":\"/@hmr/module/board/b0.wasm\",\"components\":[],\"rehearse\":false}]}"
    );
    bench.save(&["ui/src/lib.rs"]);
    bench.build(&[("board", "b2"), ("list", "l2")]);
    assert_eq!(served(&bench.coordinator, "fixed").1, ["b0", "l2"]);
    assert_eq!(served(&bench.coordinator, "follower").1, ["b2", "l2"]);
    bench.step(swapped("b0", SwapOutcome::Undone, "unreachable"));
    assert_eq!(served(&bench.coordinator, "fixed").1, ["b2", "l2"], "it failed");
    let listed = bench.coordinator.listed_experiments();
    assert_eq!(listed["experiments"][0]["variants"][1]["reports"]["swaps"]["undone"], 1);
    json(bench.coordinator.experiment("board", &[]));
    assert!(!bench.coordinator.experiments().runs("board"));
    bench.check(&expect![[r#"
        report build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":6}
        prepare rehearsals b2 l2
        report build-finished
        report update
        send to /#1 {"type":"hot-update","sequence":7,"reason":"ui/src/lib.rs → ui → board, ui/src/lib.rs → ui → list","modules":[{"module":"list","hash":"l2","url":"/@hmr/module/list/l2.wasm","components":[],"rehearse":false}]}
        send to /#2 {"type":"hot-update","sequence":7,"reason":"ui/src/lib.rs → ui → board, ui/src/lib.rs → ui → list","modules":[{"module":"board","hash":"b2","url":"/@hmr/module/board/b2.wasm","components":[],"rehearse":false},{"module":"list","hash":"l2","url":"/@hmr/module/list/l2.wasm","components":[],"rehearse":false}]}
        report swap
        report refused
    "#]]);
}

#[test]
fn reports_about_an_earlier_run_of_the_tool_are_ignored() {
    let mut bench = started();
    bench.save(&["board/src/lib.rs"]);
    bench.build(&[("board", "b2")]);
    bench.log.clear();
    let swap = Swap { outcome: SwapOutcome::Undone, hash: "b2".into(), ..Swap::default() };
    let (server, what) = (Some("another".to_owned()), "css".to_owned());
    bench.step(message(ClientMessage::Swap {
        server: server.clone(),
        sequence: Some(6),
        swaps: vec![Swap { module: "board".into(), ..swap }],
    }));
    bench.step(message(ClientMessage::Applied { server, sequence: 6, what, count: 1 }));
    bench.check(&expect![""]);
}

#[test]
fn a_state_or_a_rehearsal_is_about_a_version_that_is_kept() {
    let mut bench = started();
    for hash in ["b1", "unknown"] {
        let (module, hash) = ("board".to_owned(), hash.to_owned());
        let state =
            ModuleState { module: module.clone(), hash: hash.clone(), ..ModuleState::default() };
        bench.step(message(ClientMessage::State(state)));
        let request = Rehearse { module, hash, ..Rehearse::default() };
        bench.step(message(ClientMessage::Rehearse(request)));
    }
    bench.check(&expect![[r#"
        learn state b1
        rehearse /#1 Some("b1")
        rehearse /#1 None
    "#]]);
}

#[test]
fn the_greeting_of_a_late_page_has_the_numbers_of_missed_updates() {
    let mut bench = started();
    let numbers = |bench: &Bench| {
        let hello = bench.coordinator.hello();
        (hello.sequence, hello.files, hello.reloaded)
    };
    let (start, ..) = numbers(&bench);
    assert_eq!(numbers(&bench), (start, 0, 0));
    bench.save(&["static/style.css"]);
    assert_eq!(numbers(&bench), (start + 1, start + 1, 0));
    bench.save(&["index.html"]);
    assert_eq!(numbers(&bench), (start + 2, start + 1, start + 2));
}

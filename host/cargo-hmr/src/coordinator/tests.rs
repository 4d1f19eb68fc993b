//! The coordinator's rules, through [`Coordinator::step`]: what goes in is said in one word for each input, and what
//! comes out is compared as text.

use camino::Utf8Path;
use expect_test::{Expect, expect};
use hmr_build::Level;

use super::*;
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

    fn break_build(&mut self) {
        let generation = self.coordinator.generation;
        self.finish(generation, Outcome::Failed(broken()));
    }

    fn check(self, expected: &Expect) {
        expected.assert_eq(&self.log);
    }
}

fn compiled(module: &str, hash: &str) -> Compiled {
    Compiled {
        version: Version {
            module: module.into(),
            hash: hash.into(),
            url: String::new(),
            components: Vec::new(),
            rehearse: false,
        },
        bytes: 1,
        files: vec![format!("/app/{module}/src/lib.rs").into(), "/app/ui/src/lib.rs".into()],
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
    Failure { title: "board does not compile".into(), diagnostics: vec![diagnostic] }
}

fn line(effect: &Effect) -> String {
    match effect {
        Effect::Scan => "scan".into(),
        Effect::Cancel => "cancel".into(),
        Effect::Build { generation, modules } => {
            format!("build {generation} {}", modules.join(" "))
        }
        Effect::Send(message) => format!("send {}", message.to_json()),
        Effect::Tell(event) => {
            let json = serde_json::to_value(event).expect("JSON");
            format!("tell {}", json["event"].as_str().expect("a name"))
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
        tell build-started
        send {"type":"build-started","sequence":1,"modules":["board","list"]}
        build 1 board list
        send {"type":"build-succeeded","sequence":2}
        tell build-finished
        tell update
        send {"type":"hot-update","sequence":3,"reason":"first build","modules":[{"module":"board","hash":"b1","url":"","components":[],"rehearse":false},{"module":"list","hash":"l1","url":"","components":[],"rehearse":false}]}
    "#]]);
}

#[test]
fn a_save_builds_and_announces_what_differs() {
    let mut bench = started();
    bench.save(&["ui/src/lib.rs"]);
    bench.build(&[("board", "b2"), ("list", "l1")]);
    bench.check(&expect![[r#"
        tell build-started
        send {"type":"build-started","sequence":4,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":5}
        tell build-finished
        tell update
        send {"type":"hot-update","sequence":6,"reason":"ui/src/lib.rs → ui → board","modules":[{"module":"board","hash":"b2","url":"","components":[],"rehearse":false}]}
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
        tell build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        cancel
        tell build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 4 board list
        send {"type":"build-succeeded","sequence":6}
        tell build-finished
        tell update
        send {"type":"hot-update","sequence":7,"reason":"board/src/lib.rs → board, list/src/lib.rs → list","modules":[{"module":"board","hash":"b2","url":"","components":[],"rehearse":false},{"module":"list","hash":"l2","url":"","components":[],"rehearse":false}]}
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
    assert!(bench.coordinator.hello().failure.is_some(), "a late page must be told");
    bench.save(&["list/src/lib.rs"]);
    bench.build(&[("board", "b1"), ("list", "l1")]);
    assert!(bench.coordinator.hello().failure.is_none());
    bench.check(&expect![[r#"
        tell build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        tell build-failed
        send {"type":"build-failed","sequence":5,"failure":{"title":"board does not compile","diagnostics":[{"level":"error","message":"mismatched types","code":null,"file":null,"line":null,"column":null,"rendered":""}]}}
        tell build-started
        send {"type":"build-started","sequence":6,"modules":["board","list"]}
        build 3 board list
        send {"type":"build-succeeded","sequence":7}
        tell build-finished
        tell unchanged
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
        tell update
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
        tell build-started
        send {"type":"build-started","sequence":4,"modules":["board"]}
        build 2 board
        send {"type":"build-succeeded","sequence":5}
        tell build-finished
        tell update
        send {"type":"full-reload","sequence":6,"reason":"`index.html` changed","restore":true}
    "#]]);
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
        tell build-failed
        send {"type":"build-failed","sequence":4,"failure":{"title":"board does not compile","diagnostics":[{"level":"error","message":"mismatched types","code":null,"file":null,"line":null,"column":null,"rendered":""}]}}
        scan
        tell build-started
        send {"type":"build-started","sequence":5,"modules":["board","list"]}
        build 2 board list
        send {"type":"build-succeeded","sequence":6}
        tell build-finished
        tell update
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
fn an_application_that_breaks_before_the_first_build_is_read_again_when_it_is_mended() {
    let mut bench = Bench {
        coordinator: Coordinator::new("server".into(), Graph::example()),
        log: String::new(),
    };
    bench.step(Input::Scanned(Err(broken())));
    bench.log.clear();
    bench.save(&["Cargo.toml"]);
    bench.check(&expect![[r"
        scan
    "]]);
}

#[test]
fn styles_and_static_files_need_no_build() {
    let mut bench = started();
    bench.save(&["static/style.css", "static/logo.svg"]);
    bench.check(&expect![[r#"
        tell update
        send {"type":"css-update","sequence":4,"reason":"`/style.css` changed","paths":["/style.css"]}
        tell update
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
        tell update
        send {"type":"css-update","sequence":1,"reason":"`/style.css` changed","paths":["/style.css"]}
    "#]]);
}

#[test]
fn files_that_are_nobody_s_do_nothing() {
    let mut bench = started();
    bench.save(&["README.md", "notes/todo.txt"]);
    bench.check(&expect![""]);
}

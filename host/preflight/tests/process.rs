//! The process, spoken to as the tool speaks to it, with modules that are made here.

use std::io::BufReader;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use hmr_protocol::RehearsalOutcome as Outcome;
use hmr_protocol::preflight::{Answer, PROTOCOL, Request, read_frame, write_frame};

/// A running process, which ends with its input.
struct Preflight {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
}

impl Preflight {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hmr-preflight"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let to = child.stdin.take();
        let from = BufReader::new(child.stdout.take().expect("its output"));
        let mut started = Self { child, to, from };
        assert_eq!(started.answer(), Answer::Ready { protocol: PROTOCOL });
        started
    }

    fn send(&mut self, request: &Request, bytes: &[u8]) {
        let to = self.to.as_mut().expect("its input is open");
        write_frame(to, request, bytes).expect("it reads");
    }

    fn answer(&mut self) -> Answer {
        let answer = read_frame(&mut self.from).expect("an answer");
        answer.expect("the process has not ended").0
    }

    fn version(&mut self, hash: &str, bytes: &[u8]) {
        self.send(&Request::Version { module: "counter".into(), hash: hash.into() }, bytes);
    }

    /// How a rehearsal with one instance ends: the outcome, the step and the error.
    fn rehearse(&mut self, hash: &str) -> (Outcome, String, String) {
        self.rehearse_with(hash, "")
    }

    /// The same with more in the snapshot.
    fn rehearse_with(&mut self, hash: &str, more: &str) -> (Outcome, String, String) {
        let instance = r#"{"instance":1,"component":"Counter","props":{}}"#;
        let snapshot = format!(r#"{{"abi":1,{more}"instances":[{instance}]}}"#);
        let request = Request::Rehearse {
            id: 7,
            module: "counter".into(),
            hash: hash.into(),
            snapshot,
            transform: serde_json::Value::Null,
        };
        self.send(&request, &[]);
        match self.answer() {
            Answer::Verdict { id: 7, outcome, step, error, .. } => (
                outcome,
                step.map_or(String::new(), |step| step.to_string()),
                error.unwrap_or_default(),
            ),
            other => panic!("no verdict of the rehearsal but {other:?}"),
        }
    }
}

impl Drop for Preflight {
    fn drop(&mut self) {
        self.to = None;
        let ended = self.child.wait().expect("it ends");
        assert!(ended.success() || std::thread::panicking(), "{ended}");
    }
}

/// A module whose `restore_state` begins with these instructions, and that has these fields.
fn module(restore: &str, fields: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (@custom "hmr.manifest" "abi\091\ncomponent\09Counter\09counter.wat\091\n")
            (import "hmr" "dom" (func $dom (param i32 i32)))
            (import "hmr" "panic" (func $panic (param i32 i32)))
            (memory (export "memory") 1)
            (data (i32.const 8) "\02\01\00\00\00\05\00\00\00hello\04\01\00\00\80\01\00\00\00\00\00\00\00")
            (data (i32.const 64) "\3e\00\00\00{{\22instances\22:[{{\22instance\22:1,\22component\22:\22Counter\22,\22keys\22:{{}}}}]}}")
            (data (i32.const 256) "{{\22message\22:\22no milk\22,\22file\22:\22src/lib.rs\22,\22line\22:42,\22column\22:9}}")
            (data (i32.const 512) "\0b\00\00\00{{\22error\22:1}}")
            (data (i32.const 600) "\17\00\00\00{{\22error\22:\22no way to 2\22}}  ")
            (data (i32.const 700) "\47\00\00\00{{\22instances\22:[{{\22instance\22:1,\22component\22:\22Counter\22,\22error\22:\22it aches\22}}]}}")
            (func (export "hmr_alloc") (param i32) (result i32) (i32.const 1024))
            (func (export "hmr_mount") (param i32 i32) (result i32) (i32.const 0))
            (func (export "hmr_unmount") (param i32))
            (func (export "hmr_dispatch") (param i32 i32 i32) (result i32) (i32.const 4))
            (func (export "capture_state") (result i32) (i32.const 0))
            (func $restore (export "restore_state") (param i32 i32) (result i32)
                {restore} (call $dom (i32.const 8) (i32.const 27)) (i32.const 64))
            (func (export "hmr_dispose"))
            (func (export "hmr_component:Counter"))
            {fields})"#
    );
    wat::parse_str(text).expect("WebAssembly text")
}

fn passed() -> (Outcome, String, String) {
    (Outcome::Passed, String::new(), String::new())
}

#[test]
fn what_hooks_would_have_put_aside_may_be_missing_but_an_endless_loop_fails() {
    let mut preflight = Preflight::start();
    let no_way = r#"(func (export "hmr_migrate") (param i32 i32) (result i32) (i32.const 600))"#;
    preflight.version("a", &module("", no_way));
    let (outcome, step, error) = preflight.rehearse_with("a", r#""hooks":true,"#);
    assert_eq!((outcome, step.as_str()), (Outcome::Skipped, "migrate"));
    assert!(error.contains("hooks") && error.contains("no way to 2"), "{error}");
    preflight.version("b", &module("(loop (br 0))", ""));
    let (outcome, _, error) = preflight.rehearse_with("b", r#""hooks":true,"#);
    assert_eq!(outcome, Outcome::Failed, "{error}");
}

#[test]
fn code_that_takes_the_state_over_passes_each_time() {
    let mut preflight = Preflight::start();
    let bytes = module("", "");
    preflight.version("a", &bytes);
    for _ in 0..3 {
        assert_eq!(preflight.rehearse("a"), passed());
    }
    preflight.version("b", &bytes);
    assert_eq!(preflight.rehearse("b"), passed());
}

#[test]
fn each_way_to_fail_is_reported_with_its_step_and_reason() {
    let cases = [
        ("(unreachable)", "", "restore", "`unreachable` instruction executed in `restore`"),
        (
            "(call $panic (i32.const 256) (i32.const 62)) (unreachable)",
            "",
            "restore",
            "no milk (src/lib.rs:42:9)",
        ),
        ("(loop (br 0))", "", "restore", "ran for more than 1000 ms"),
        ("(return (i32.const 0))", "", "restore", "does not tell of the instance 1"),
        ("(call $dom (i32.const 8) (i32.const 5))", "", "restore", "does not decode"),
        ("(return (i32.const -8))", "", "restore", "outside of the memory"),
        (
            "",
            r#"(func (export "hmr_migrate") (param i32 i32) (result i32) (i32.const 600))"#,
            "migrate",
            "no way to 2",
        ),
        (
            "",
            r#"(func (export "hmr_migrate") (param i32 i32) (result i32) (i32.const 512))"#,
            "migrate",
            "no such JSON",
        ),
        (
            "",
            r#"(func (export "hmr_health") (result i32) (i32.const 700))"#,
            "probation",
            "it aches",
        ),
        (
            "",
            r#"(func (export "hmr_component:Other") (unreachable))"#,
            "instantiate",
            "`unreachable` instruction executed",
        ),
    ];
    let mut preflight = Preflight::start();
    preflight.version("good", &module("", ""));
    assert_eq!(preflight.rehearse("good"), passed());
    for (number, (restore, fields, step, reason)) in cases.into_iter().enumerate() {
        preflight.version(&number.to_string(), &module(restore, fields));
        let (outcome, at, error) = preflight.rehearse(&number.to_string());
        assert_eq!((outcome, &*at), (Outcome::Failed, step), "{restore} {fields}: {error}");
        assert!(error.contains(reason), "{error} does not contain `{reason}`");
    }
}

#[test]
fn a_panic_with_a_text_of_any_length_is_cut_and_the_process_goes_on() {
    let mut preflight = Preflight::start();
    // As JSON, each of these bytes takes six.
    let panic = "(drop (memory.grow (i32.const 1000)))
        (call $panic (i32.const 65536) (i32.const 60000000)) (unreachable)";
    preflight.version("long", &module(panic, ""));
    let (outcome, step, error) = preflight.rehearse("long");
    assert_eq!((outcome, &*step), (Outcome::Failed, "restore"));
    assert!(error.len() <= 4096 && error.ends_with(" … (cut, 59 MB more)"), "{}", error.len());
    preflight.version("good", &module("", ""));
    assert_eq!(preflight.rehearse("good"), passed());
}

#[test]
fn functions_that_no_rehearsal_has_called_yet_are_added_when_one_does() {
    let helpers = "(func $direct (result i32) (call $deeper)) (func $deeper (result i32) (i32.const 1))
        (table 1 funcref) (elem (i32.const 0) $through) (func $through (result i32) (call $deeper))";
    let mut preflight = Preflight::start();
    preflight.version("a", &module("", helpers));
    assert_eq!(preflight.rehearse("a"), passed());
    let calls = "(drop (call $direct)) (drop (call_indirect (result i32) (i32.const 0)))";
    preflight.version("b", &module(calls, helpers));
    assert_eq!(preflight.rehearse("b"), passed());
    // A trap of the code itself is reported as such, after all missing values were added.
    let traps = "(drop (call_indirect (result i32) (i32.const 1)))";
    preflight.version("c", &module(traps, helpers));
    let (outcome, step, error) = preflight.rehearse("c");
    assert_eq!((outcome, &*step), (Outcome::Failed, "restore"), "{error}");
}

#[test]
fn what_cannot_be_found_out_is_skipped() {
    let mut preflight = Preflight::start();
    assert_eq!(preflight.rehearse("unknown").0, Outcome::Skipped);
    preflight.version("broken", b"no wasm");
    let (outcome, _, error) = preflight.rehearse("broken");
    assert_eq!(outcome, Outcome::Skipped, "{error}");
}

#[test]
fn what_is_too_large_to_be_compiled_in_time_is_skipped_with_the_reason() {
    let mut preflight = Preflight::start();
    preflight.version("bomb", &module("", &"(func)".repeat(100_000)));
    let (outcome, _, error) = preflight.rehearse("bomb");
    assert_eq!(outcome, Outcome::Skipped, "{error}");
    assert!(error.contains("100008 functions") && error.contains("30000"), "{error}");
    preflight.version("good", &module("", ""));
    assert_eq!(preflight.rehearse("good"), passed());
}

#[test]
fn a_sign_of_life_does_not_wait_for_a_rehearsal() {
    let mut preflight = Preflight::start();
    preflight.version("endless", &module("(loop (br 0))", ""));
    let instance = r#"{"instance":1,"component":"Counter","props":{}}"#;
    let request = Request::Rehearse {
        id: 7,
        module: "counter".into(),
        hash: "endless".into(),
        snapshot: format!(r#"{{"abi":1,"instances":[{instance}]}}"#),
        transform: serde_json::Value::Null,
    };
    preflight.send(&request, &[]);
    preflight.send(&Request::Ping, &[]);
    assert_eq!(preflight.answer(), Answer::Pong);
    assert!(matches!(preflight.answer(), Answer::Verdict { outcome: Outcome::Failed, .. }));
}

#[test]
fn a_panic_in_code_of_others_is_reported_with_the_line_of_the_users_own() {
    // The section `hmr.lines`: all of the code comes from line 7 of `a.rs`.
    let lines = r#"(@custom "hmr.lines" "\01\04a.rs\01\00\01\0e")"#;
    let panic_info = r#"(data (i32.const 800) "{\22message\22:\22no time\22,\22file\22:\22/rustc/0/time.rs\22,\22line\22:13,\22column\22:9}")"#;
    let mut preflight = Preflight::start();
    preflight.version("good", &module("", ""));
    assert_eq!(preflight.rehearse("good"), passed());
    let panics = "(call $panic (i32.const 800) (i32.const 68)) (unreachable)";
    preflight.version("bad", &module(panics, &format!("{panic_info} {lines}")));
    let (outcome, step, error) = preflight.rehearse("bad");
    assert_eq!((outcome, &*step), (Outcome::Failed, "restore"), "{error}");
    assert_eq!(error, "no time (a.rs:7)");
}

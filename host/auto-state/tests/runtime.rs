//! The code that types get, compiled with the runtime as the tool compiles it, and run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use hmr_auto_state::{Framework, Options, rewrite};

/// Compiles a file with rustc, the one that compiles this test.
fn compile(file: &Path, arguments: &[&str]) {
    let output = Command::new("rustc").arg(file).args(arguments).output().expect("rustc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The runtime for one type of program: `hmr_state` under the path that rewritten code uses.
fn runtime(folder: &Path) {
    let adapters = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk/adapters");
    let out = ["--edition=2021", "--crate-type=lib", "--out-dir", &folder.to_string_lossy()]
        .map(ToOwned::to_owned);
    let arguments: Vec<&str> =
        out.iter().map(String::as_str).chain(["--crate-name=hmr_state"]).collect();
    compile(&adapters.join("state/src/lib.rs"), &arguments);
    let name = folder.join("hmr_yew.rs");
    std::fs::write(&name, "pub use hmr_state as state;\n").expect("a file");
    let libraries = format!("-Ldependency={}", folder.display());
    let state = format!("hmr_state={}", folder.join("libhmr_state.rlib").display());
    let more = ["--extern", &state, &libraries];
    let arguments: Vec<&str> = out.iter().map(String::as_str).chain(more).collect();
    compile(&name, &arguments);
}

const PROGRAM: &str = r##"
use std::collections::{BTreeMap, HashMap};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use hmr_yew::state::{self, Keep, Live, NotCarried, Place, Started, Value};

mod narrow {
    #[allow(dead_code)]
    pub type Result<T> = std::result::Result<T, ()>;
    #[allow(dead_code)]
    pub enum Status { Ok, Err(u8) }
    #[allow(unused_imports)]
    use Status::*;
}

#[derive(Clone, Debug, PartialEq)]
struct Todo { id: u64, title: String, r#type: Kind<u8>, tags: Option<Vec<&'static str>> }
#[derive(Clone, Debug)]
struct Timed { since: Option<std::time::Instant> }
#[derive(Clone, Debug, PartialEq)]
enum Kind<T> { Plain, One(T), Two(i8, f64), Named { x: Box<Option<Option<char>>>, y: HashMap<(u8, bool), Rc<str>> } }
#[derive(Debug, PartialEq)]
struct Unit;
#[derive(Debug, PartialEq)]
struct Pair(u128, Unit);
#[derive(Debug, PartialEq)]
struct Meters(f32);
struct Tree { children: Vec<Tree>, depth: u32 }
struct Hidden { shown: u8, code: Rc<dyn Fn()> }

fn same<T: Keep + PartialEq + std::fmt::Debug>(value: T, json: &str) {
    let written = value.write().expect("it can be written");
    assert_eq!(written.to_json(), json);
    assert_eq!(T::read(&Value::parse(json).expect("JSON")), Ok(value));
}

struct Slot<T> { place: Place, started: Started, value: T, codec: state::Codec<T> }
impl<T> Live for Slot<T> {
    fn place(&self) -> Place { self.place.clone() }
    fn kind(&self) -> &'static str { std::any::type_name::<T>() }
    fn started(&self) -> Started { self.started.clone() }
    fn value(&self) -> Result<Value, NotCarried> { (self.codec.write)(&self.value) }
}
fn made<T: 'static>(name: &str, codec: state::Codec<T>, initial: T, then: impl FnOnce(&mut T)) -> (Rc<dyn Live>, Rc<Slot<T>>) {
    let place = Place { path: "/Row[1]".into(), component: "Row".into(), name: name.into() };
    let (mut value, started) = state::start(&place, codec, || initial);
    then(&mut value);
    let slot = Rc::new(Slot { place, started, value, codec });
    let live: Rc<dyn Live> = slot.clone();
    state::register(Rc::downgrade(&live));
    (live, slot)
}

thread_local! {
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    /// Documented.
    pub static OPEN: Cell<bool> = Cell::new(false);
    static PLAIN: Timed = const { Timed { since: None } };
}

static NEXT: AtomicU32 = AtomicU32::new(1);
static NAMES: Mutex<Vec<String>> = Mutex::new(Vec::new());
static ONCE: OnceLock<u8> = OnceLock::new();
static OTHER: Mutex<Option<std::time::Instant>> = Mutex::new(None);
unsafe extern "C" {
    safe fn hmr_variable_unit_0();
    safe fn hmr_variable_unit_1();
    safe fn hmr_variable_unit_2();
    safe fn hmr_variable_unit_3();
}
/// What the page does before the start.
fn declare() {
    for declare in [hmr_variable_unit_0, hmr_variable_unit_1, hmr_variable_unit_2, hmr_variable_unit_3] {
        declare();
    }
}

fn variables() {
    // A first copy.
    let snapshot = std::thread::spawn(|| {
        declare();
        NEXT.store(7, Ordering::Relaxed);
        NAMES.lock().unwrap().push("a".into());
        state::capture()
    });
    let snapshot = snapshot.join().unwrap();
    // A second one begins with the initial contents.
    NEXT.store(1, Ordering::Relaxed);
    NAMES.lock().unwrap().clear();
    let report = std::thread::spawn(move || {
        state::restore(&snapshot.replace("\"name\":\"ONCE\",\"type\":\"std::sync::once_lock::OnceLock<u8>\",\"set\":false,\"orphan\":false,\"value\":null", "\"name\":\"ONCE\",\"type\":\"x\",\"set\":true,\"value\":3")).unwrap();
        declare();
        state::report()
    });
    let report = report.join().unwrap();
    assert_eq!(NEXT.load(Ordering::Relaxed), 7);
    assert_eq!(*NAMES.lock().unwrap(), ["a"]);
    assert_eq!(ONCE.get(), Some(&3));
    assert!(OTHER.lock().unwrap().is_none());
    for expected in [
        r#""program:NEXT":{"outcome":"kept"}"#,
        r#""program:NAMES":{"outcome":"kept"}"#,
        r#""program:ONCE":{"outcome":"migrated","from":"x"}"#,
        r#""program:OTHER":{"outcome":"not-carried","reason":"it is of the type `std::sync::poison::mutex::Mutex<core::option::Option<std::time::Instant>>`"}"#,
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
}

fn main() {
    variables();
    same(Kind::<u8>::Plain, r#""Plain""#);
    same(Kind::One(7_u8), r#"{"One":7}"#);
    same(Kind::<u8>::Two(-1, 0.1), r#"{"Two":[-1,0.1]}"#);
    let map = HashMap::from([((1, true), Rc::from("\"\n\u{1f600}"))]);
    same(Kind::<u8>::Named { x: Box::new(Some(None)), y: map }, "{\"Named\":{\"x\":{\"$some\":null},\"y\":[[[1,true],\"\\\"\\n\u{1f600}\"]]}}");
    same(Pair(u128::MAX, Unit), "[340282366920938463463374607431768211455,null]");
    same(Meters(f32::INFINITY), "\"inf\"");
    same(BTreeMap::from([(1_i64, vec![(true, 'x')])]), r#"[[1,[[true,"x"]]]]"#);
    let tree = Tree { children: vec![Tree { children: vec![], depth: 1 }], depth: 0 };
    assert_eq!(Tree::read(&tree.write().unwrap()).unwrap().children[0].depth, 1);
    // A field that cannot be kept is named.
    let hidden = Hidden { shown: 1, code: Rc::new(|| {}) };
    (hidden.code)();
    assert_eq!(hidden.write().unwrap_err().to_string(), "`Hidden.code` is of the type `alloc::rc::Rc<dyn core::ops::function::Fn()>`");
    let _ = hidden.shown;
    let todo = Todo { id: 1, title: "a".into(), r#type: Kind::Plain, tags: None };
    same(Todo { tags: Some(vec!["x"]), ..todo.clone() }, r#"{"id":1,"title":"a","type":"Plain","tags":["x"]}"#);
    let timed = Timed { since: None };
    assert!(timed.write().unwrap_err().to_string().contains("`Timed.since`"));
    assert!(timed.since.is_none());
    // A new field without a value resets, unless it is optional.
    let old = Value::parse(r#"{"id":1,"title":"a","type":"Plain"}"#).unwrap();
    assert_eq!(Todo::read(&old), Ok(todo));
    let old = Value::parse(r#"{"id":1,"type":"Plain"}"#).unwrap();
    assert_eq!(Todo::read(&old).unwrap_err().to_string(), "missing field `title`");
    let old = Value::parse(r#"{"id":1,"title":"a","type":"Gone"}"#).unwrap();
    assert_eq!(Todo::read(&old).unwrap_err().to_string(), "type: `Kind` has no variant `Gone`");

    // A first copy.
    let numbers = state::codec!(u32);
    let untouched = made("untouched", numbers, 1, |_| {});
    let changed = made("changed", numbers, 1, |it| *it = 300);
    let narrowed = made("narrowed", numbers, 1, |it| *it = 300);
    let gone = made("gone", numbers, 1, |it| *it = 5);
    let closure = made("closure", state::codec!(fn()), || {}, |_| {});
    assert_eq!(state::report(), "{}", "nothing was restored");
    LOG.with_borrow_mut(|it| it.push(7));
    assert!(!OPEN.get());
    OPEN.set(true);
    assert!(PLAIN.with(|it| it.since.is_none()));
    let snapshot = state::capture();
    for expected in [
        r#"{"path":"","component":"program","name":"LOG","type":"alloc::vec::Vec<u8>","set":true,"orphan":false,"value":[7]}"#,
        r#"{"path":"","component":"program","name":"OPEN","type":"bool","set":true,"orphan":false,"value":true}"#,
    ] {
        assert!(snapshot.contains(expected), "{expected} in {snapshot}");
    }
    drop((untouched, changed, narrowed, gone, closure));
    // A second copy, as far as the state goes.
    state::restore(&snapshot).unwrap();
    let untouched = made("untouched", numbers, 2, |_| {});
    let changed = made("changed", state::codec!(u64), 1, |_| {});
    let narrowed = made("narrowed", state::codec!(u8), 1, |_| {});
    let added = made("added", numbers, 1, |_| {});
    let closure = made("closure", state::codec!(fn()), || {}, |_| {});
    assert_eq!((untouched.1.value, changed.1.value, narrowed.1.value), (2, 300, 1));
    let report = state::report();
    for expected in [
        r#""Row[1]:untouched":{"outcome":"initial"}"#,
        r#""Row[1]:changed":{"outcome":"migrated","from":"u32"}"#,
        r#""Row[1]:narrowed":{"outcome":"reset","reason":"`300` does not fit into `u8`"}"#,
        r#""Row[1]:added":{"outcome":"added"}"#,
        r#""Row[1]:gone":{"outcome":"orphaned"}"#,
        r#""Row[1]:closure":{"outcome":"not-carried","reason":"it is of the type `fn()`"}"#,
    ] {
        assert!(report.contains(expected), "{expected} in {report}");
    }
    // After a while, what is left waits for another copy.
    state::settle();
    let late = made("gone", numbers, 1, |_| {});
    assert_eq!(late.1.value, 1);
    drop(late);
    let snapshot = state::capture();
    state::restore(&snapshot).unwrap();
    let gone = made("gone", numbers, 1, |_| {});
    assert_eq!(gone.1.value, 5);
    assert!(state::report().contains(r#""Row[1]:gone":{"outcome":"recovered"}"#), "{}", state::report());
    drop((untouched, changed, narrowed, added, closure));
    // A variable may be used for the first time when the start is long over. Each thread has a copy of its own.
    let late = std::thread::spawn(move || {
        state::restore(r#"{"values":[{"path":"","component":"program","name":"LOG","type":"x","set":true,"value":[7]}]}"#).unwrap();
        state::started();
        state::settle();
        LOG.with_borrow(Clone::clone)
    });
    assert_eq!(late.join().unwrap(), [7]);
    for wrong in ["", "{}", "{\"values\":1}", "[", "{\"values\":[}"] {
        assert!(state::restore(wrong).is_err(), "{wrong}");
    }
    println!("all is well");
}
"##;

#[test]
fn values_of_own_types_are_written_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    runtime(folder.path());
    let excluded = BTreeSet::new();
    let program = rewrite(
        PROGRAM,
        &Options { framework: Framework::Yew, unit: "unit", excluded: &excluded, earlier: &[] },
    );
    // The types and six variables, and nothing else.
    assert_eq!(program.sites.len(), 16, "{:?}", program.sites);
    let file: PathBuf = folder.path().join("program.rs");
    std::fs::write(&file, program.text).expect("a file");
    let executable = folder.path().join("program");
    let yew = format!("hmr_yew={}", folder.path().join("libhmr_yew.rlib").display());
    let libraries = format!("-Ldependency={}", folder.path().display());
    compile(
        &file,
        &["--edition=2024", "-o", &executable.to_string_lossy(), "--extern", &yew, &libraries],
    );
    let output = Command::new(executable).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "all is well\n");
}

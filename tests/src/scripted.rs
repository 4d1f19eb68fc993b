//! Modules that send a test's requests, and report what they receive.
//!
//! A [`Scripted`] has one component and one instance. When it is mounted or restored it makes its opening requests; when one of
//! its handlers is called it logs its arguments, and makes the requests of that handler. [`received`] reads the log.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmr_abi::event::EventData;
use hmr_abi::ops::Op;
use hmr_headless::{LogLevel, Page};
use serde_json::{Value, json};

use crate::guests::{encode, escape, length_prefixed};

/// The address of arguments. The data of the module is below it.
const ARGUMENT: u32 = 0x2_0000;
/// Where the data begins.
const DATA: u32 = 0x1000;

/// A call of an import.
#[derive(Debug, Clone)]
struct ImportCall {
    import: &'static str,
    bytes: Vec<u8>,
}

/// The description of a module.
#[derive(Debug, Clone)]
pub struct Scripted {
    instance: u32,
    component: String,
    opening: Vec<ImportCall>,
    handlers: BTreeMap<u32, Vec<ImportCall>>,
    answers: BTreeMap<u32, u32>,
    first: BTreeMap<&'static str, String>,
}

impl Scripted {
    /// A module whose component is mounted as the instance with this number: the first element of a page gets 1.
    #[must_use]
    pub fn new(instance: u32, component: &str) -> Self {
        Self {
            instance,
            component: component.to_owned(),
            opening: Vec::new(),
            handlers: BTreeMap::new(),
            answers: BTreeMap::new(),
            first: BTreeMap::new(),
        }
    }

    /// Renders with these operations.
    #[must_use]
    pub fn view(mut self, ops: &[Op<'_>]) -> Self {
        self.opening.push(ImportCall { import: "dom", bytes: encode(ops) });
        self
    }

    /// Applies operations when a handler is called.
    #[must_use]
    pub fn on_dom(mut self, handler: u32, ops: &[Op<'_>]) -> Self {
        self.handlers
            .entry(handler)
            .or_default()
            .push(ImportCall { import: "dom", bytes: encode(ops) });
        self
    }

    /// Opens a resource at once.
    #[must_use]
    pub fn opens(mut self, key: &str, kind: &str, args: &Value, handler: u32) -> Self {
        let request = self.open_request(key, kind, args, handler);
        self.handlers.entry(handler).or_default();
        self.opening.push(import_call("resource", &request));
        self
    }

    /// Opens a one-shot at once, whose answer code that was swapped in gets again.
    #[must_use]
    pub fn opens_replayed(mut self, key: &str, kind: &str, args: &Value, handler: u32) -> Self {
        let mut request = self.open_request(key, kind, args, handler);
        request["replay"] = json!(true);
        self.handlers.entry(handler).or_default();
        self.opening.push(import_call("resource", &request));
        self
    }

    fn open_request(&self, key: &str, kind: &str, args: &Value, handler: u32) -> Value {
        json!({ "op": "open", "instance": self.instance, "key": key, "kind": kind, "args": args, "handler": handler })
    }

    /// Opens a resource when a handler is called.
    #[must_use]
    pub fn on_open(self, on: u32, key: &str, kind: &str, args: &Value, handler: u32) -> Self {
        let request = self.open_request(key, kind, args, handler);
        let mut made = self.on(on, "resource", &request);
        made.handlers.entry(handler).or_default();
        made
    }

    /// Makes any request at once.
    #[must_use]
    pub fn sends(mut self, import: &'static str, request: &Value) -> Self {
        self.opening.push(import_call(import, request));
        self
    }

    /// Makes any request when a handler is called.
    #[must_use]
    pub fn on(mut self, handler: u32, import: &'static str, request: &Value) -> Self {
        self.handlers.entry(handler).or_default().push(import_call(import, request));
        self
    }

    /// Has an output.
    #[must_use]
    pub fn output(self, port: &str, kind: &str, fingerprint: &str) -> Self {
        let instance = self.instance;
        self.sends(
            "port",
            &json!({ "op": "output", "instance": instance, "port": port, "kind": kind, "type": fingerprint }),
        )
    }

    /// Has an input.
    #[must_use]
    pub fn input(self, port: &str, fingerprint: &str, handler: u32) -> Self {
        let instance = self.instance;
        let mut made = self.sends(
            "port",
            &json!({ "op": "input", "instance": instance, "port": port, "type": fingerprint, "handler": handler }),
        );
        made.handlers.entry(handler).or_default();
        made
    }

    /// Sends through an output when a handler is called.
    #[must_use]
    pub fn on_send(self, handler: u32, port: &str, value: &str) -> Self {
        let instance = self.instance;
        self.on(
            handler,
            "port",
            &json!({ "op": "send", "instance": instance, "port": port, "value": value }),
        )
    }

    /// The result of `hmr_dispatch` for a handler.
    #[must_use]
    pub fn answers(mut self, handler: u32, flags: u32) -> Self {
        self.answers.insert(handler, flags);
        self
    }

    /// Removes a handler, so that calling it does nothing.
    #[must_use]
    pub fn without_handler(mut self, handler: u32) -> Self {
        self.handlers.remove(&handler);
        self
    }

    /// Instructions in front of an exported function's own.
    #[must_use]
    pub fn first(mut self, export: &'static str, instructions: &str) -> Self {
        self.first.insert(export, instructions.to_owned());
        self
    }

    /// The module's bytes.
    ///
    /// # Panics
    ///
    /// If a test's part is not WebAssembly text.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut data = Data { text: String::new(), end: DATA };
        let instance = self.instance;
        let component = &self.component;
        let snapshot = json!({ "abi": 1, "instances": [
            { "instance": instance, "component": component, "props": {}, "signals": {} }] });
        let report =
            json!({ "instances": [{ "instance": instance, "component": component, "keys": {} }] });
        let (snapshot, _) = data.put(&length_prefixed(snapshot.to_string().as_bytes()));
        let (report, _) = data.put(&length_prefixed(report.to_string().as_bytes()));
        let opening = data.calls(&self.opening);
        let mut dispatch = String::new();
        for (handler, requests) in &self.handlers {
            let calls = data.calls(requests);
            let flags = self.answers.get(handler).unwrap_or(&0);
            _ = writeln!(
                dispatch,
                "(if (i32.eq (local.get $handler) (i32.const {handler})) (then
                   (call $report (local.get $handler) (local.get $at) (local.get $len)) {calls}
                   (return (i32.const {flags}))))"
            );
        }
        let first = |export: &str| self.first.get(export).map_or("", String::as_str);
        let data = &data.text;
        let text = format!(
            r#"(module
  (@custom "hmr.manifest" "abi\091\ncomponent\09{component}\09scripted.wat\091\n")
  (import "hmr" "dom" (func $dom (param i32 i32)))
  (import "hmr" "log" (func $log (param i32 i32 i32)))
  (import "hmr" "resource" (func $resource (param i32 i32)))
  (import "hmr" "port" (func $port (param i32 i32)))
  (import "hmr" "invalidate" (func $invalidate (param i32 i32)))
  (memory (export "memory") 8)
  {data}
  ;; Logs the number of a handler, of one digit, and the event.
  (func $report (param $handler i32) (param $at i32) (param $len i32)
    (i32.store8 (i32.const {}) (i32.add (i32.const 48) (local.get $handler)))
    (i32.store8 (i32.const {}) (i32.const 32))
    (call $log (i32.const 0) (i32.const {}) (i32.add (local.get $len) (i32.const 2))))
  (func $open {opening})
  (func (export "hmr_alloc") (param i32) (result i32) (i32.const {ARGUMENT}))
  (func (export "hmr_mount") (param i32 i32) (result i32) {} (call $open) (i32.const 0))
  (func (export "hmr_unmount") (param i32))
  (func (export "hmr_dispatch") (param $handler i32) (param $at i32) (param $len i32) (result i32)
    {}
    {dispatch}
    (i32.const 4))
  (func (export "capture_state") (result i32) (i32.const {snapshot}))
  (func (export "restore_state") (param i32 i32) (result i32) {} (call $open) (i32.const {report}))
  (func (export "hmr_dispose"))
  (func (export "hmr_component:{component}"))
)"#,
            ARGUMENT - 2,
            ARGUMENT - 1,
            ARGUMENT - 2,
            first("hmr_mount"),
            first("hmr_dispatch"),
            first("restore_state"),
        );
        wat::parse_str(text).expect("the text of the module is WebAssembly")
    }
}

fn import_call(import: &'static str, request: &Value) -> ImportCall {
    ImportCall { import, bytes: request.to_string().into_bytes() }
}

/// The data of a module, one piece behind the other.
struct Data {
    text: String,
    end: u32,
}

impl Data {
    fn put(&mut self, bytes: &[u8]) -> (u32, u32) {
        let (at, len) = (self.end, u32::try_from(bytes.len()).expect("a short text"));
        _ = writeln!(self.text, "(data (i32.const {at}) \"{}\")", escape(bytes));
        self.end += len.next_multiple_of(8);
        assert!(self.end < ARGUMENT - 8, "the data of a scripted module is small");
        (at, len)
    }

    fn calls(&mut self, requests: &[ImportCall]) -> String {
        requests.iter().fold(String::new(), |mut text, one| {
            let (at, len) = self.put(&one.bytes);
            _ = writeln!(text, "(call ${} (i32.const {at}) (i32.const {len}))", one.import);
            text
        })
    }
}

/// The calls of a scripted module's handlers so far: the handler, the event's type, and its data.
///
/// # Panics
///
/// If the module logs something else.
#[must_use]
pub fn received(page: &Page, module: &str) -> Vec<String> {
    let log = page.log().into_iter();
    let own = log.filter(|line| line.module == module && line.level == LogLevel::Debug);
    own.filter_map(|line| {
        let (handler, event) = line.text.split_at_checked(2)?;
        let event: EventData = serde_json::from_str(event).ok()?;
        let data = event.data.unwrap_or_default();
        Some(format!("{handler}{} {data}", event.kind).trim_end().to_owned())
    })
    .collect()
}

/// The warnings that were logged so far.
#[must_use]
pub fn warnings(page: &Page) -> Vec<String> {
    let log = page.log().into_iter();
    log.filter(|line| line.level == LogLevel::Warn).map(|line| line.text).collect()
}

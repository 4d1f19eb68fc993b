//! Modules in WebAssembly text, which do what no compiled Rust module would do.
//!
//! A [`Guest`] is a counter in WebAssembly text that uses the ABI: one component `Counter` with one signal
//! `count`, which a button raises. Everything about it can be replaced, so that a test breaks exactly one thing.
//! Its views are lists of operations; [`VIEW`] is the default.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hmr_abi::ops::{Namespace, Op, root_of};

/// The instance that the views name; it is replaced by the one that is mounted.
pub const INSTANCE: u32 = 0x7eed_beef;

/// The node whose text is the count.
pub const COUNT: u32 = 1000;

/// The handler that raises the count.
pub const ADD: u32 = 1;

/// The address of arguments. The data of the module is below it.
const ARGUMENT: u32 = 0x1_0000;
/// A batch that sets the count's text.
const SHOW: u32 = 0x400;
/// The view's batch.
const BATCH: u32 = 0x1000;
/// The snapshot, behind its length.
const SNAPSHOT: u32 = 0x600;
/// The restore report, behind its length.
const REPORT: u32 = 0x800;
/// The length of a number in JSON, which is padded with spaces on the left.
const WIDTH: usize = 10;

/// `<section><button class="add">+</button><input name="draft"><output>count</output></section>`
pub const VIEW: [Op<'static>; 13] = [
    Op::CreateElement { id: 1, namespace: Namespace::Html, tag: "section" },
    Op::CreateElement { id: 2, namespace: Namespace::Html, tag: "button" },
    Op::SetAttribute { id: 2, name: "class", value: "add" },
    Op::Listen { id: 2, event: "click", handler: ADD, flags: 0 },
    Op::CreateElement { id: 4, namespace: Namespace::Html, tag: "input" },
    Op::SetAttribute { id: 4, name: "name", value: "draft" },
    Op::CreateElement { id: 5, namespace: Namespace::Html, tag: "output" },
    Op::CreateText { id: COUNT, text: "" },
    Op::Insert { parent: 5, child: COUNT, before: 0 },
    Op::Insert { parent: 1, child: 2, before: 0 },
    Op::Insert { parent: 1, child: 4, before: 0 },
    Op::Insert { parent: 1, child: 5, before: 0 },
    Op::Insert { parent: root_of(INSTANCE), child: 1, before: 0 },
];

/// The description of a module.
#[derive(Debug, Clone)]
pub struct Guest {
    step: i32,
    view: Vec<u8>,
    manifest: String,
    bodies: BTreeMap<&'static str, String>,
    extra: String,
    imports: String,
    hooks: bool,
    without: Option<&'static str>,
}

impl Guest {
    /// A counter that increases by `step`.
    #[must_use]
    pub fn counter(step: i32) -> Self {
        Self {
            step,
            view: encode(&VIEW),
            manifest: "abi\t1\ncomponent\tCounter\tcounter.wat\t1\n".to_owned(),
            bodies: BTreeMap::new(),
            extra: String::new(),
            imports: String::new(),
            hooks: false,
            without: None,
        }
    }

    /// Another view. Unless it has the text [`COUNT`], counting traps.
    #[must_use]
    pub fn view(mut self, ops: &[Op<'_>]) -> Self {
        self.view = encode(ops);
        self
    }

    /// A batch of any bytes instead of a view.
    #[must_use]
    pub fn batch(mut self, bytes: &[u8]) -> Self {
        self.view = bytes.to_vec();
        self
    }

    /// Another manifest.
    #[must_use]
    pub fn manifest(mut self, text: &str) -> Self {
        text.clone_into(&mut self.manifest);
        self
    }

    /// Instructions in front of an exported function's own.
    #[must_use]
    pub fn first(mut self, export: &'static str, instructions: &str) -> Self {
        self.bodies.insert(export, instructions.to_owned());
        self
    }

    /// More fields of the module.
    #[must_use]
    pub fn with(mut self, fields: &str) -> Self {
        self.extra.push_str(fields);
        self
    }

    /// More imports.
    #[must_use]
    pub fn import(mut self, fields: &str) -> Self {
        self.imports.push_str(fields);
        self
    }

    /// Declares in its snapshots that it has hooks to run before an update.
    #[must_use]
    pub fn hooks(mut self) -> Self {
        self.hooks = true;
        self
    }

    /// Text at an address, behind its length. Addresses from `0x8000` to `0xffff` are free.
    #[must_use]
    pub fn text_at(self, address: u32, text: &str) -> Self {
        let bytes = escape(&length_prefixed(text.as_bytes()));
        self.with(&format!("(data (i32.const {address}) \"{bytes}\")"))
    }

    /// An export without parameters that returns JSON text, which is kept at an address.
    #[must_use]
    pub fn answer(self, export: &str, address: u32, json: &str) -> Self {
        self.text_at(address, json)
            .with(&format!("(func (export {export:?}) (result i32) (i32.const {address}))"))
    }

    /// Leaves an export out.
    #[must_use]
    pub fn without(mut self, export: &'static str) -> Self {
        self.without = Some(export);
        self
    }

    /// The module's bytes.
    ///
    /// # Panics
    ///
    /// If a test's part is not WebAssembly text.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        wat::parse_str(self.text()).expect("the text of the module is WebAssembly")
    }

    fn export(&self, name: &str) -> String {
        if self.without == Some(name) { String::new() } else { format!("(export {name:?})") }
    }

    fn first_of(&self, name: &str) -> &str {
        self.bodies.get(name).map_or("", String::as_str)
    }

    fn text(&self) -> String {
        let hooks = if self.hooks { r#""hooks":true,"# } else { "" };
        let snapshot = format!(
            r#"{{"abi":1,{hooks}"instances":[{{"instance":{:WIDTH$},"component":"Counter","props":{{}},"signals":{{"count":{{"type":"i32","set":true,"value":{:WIDTH$}}}}}}}]}}"#,
            "", ""
        );
        let report = format!(
            r#"{{"instances":[{{"instance":{:WIDTH$},"component":"Counter","keys":{{"count":{{"outcome":"kept"}}}}}}]}}"#,
            ""
        );
        let mut show = Vec::new();
        Op::SetText { id: COUNT, text: &" ".repeat(WIDTH) }.encode(&mut show);
        let instance_in = |text: &str| text.find(":          ,").map_or(0, |at| at + 1);
        let root = root_of(INSTANCE).to_le_bytes();
        let roots = self.view.windows(4).enumerate().filter(|(_, four)| *four == root);
        let set_roots = roots.fold(String::new(), |mut text, (at, _)| {
            _ = writeln!(
                text,
                "(i32.store (i32.const {}) (i32.or (global.get $instance) (i32.const 0x80000000)))",
                BATCH as usize + at
            );
            text
        });
        let values = [
            ("MANIFEST", escape(self.manifest.as_bytes())),
            ("SNAPSHOT_TEXT", escape(&length_prefixed(snapshot.as_bytes()))),
            ("REPORT_TEXT", escape(&length_prefixed(report.as_bytes()))),
            ("SHOW_BYTES", escape(&show)),
            ("BATCH_BYTES", escape(&self.view)),
            ("SNAPSHOT_INSTANCE", (SNAPSHOT as usize + 4 + instance_in(&snapshot)).to_string()),
            ("SNAPSHOT_COUNT", (SNAPSHOT as usize + 4 + snapshot.len() - 5 - WIDTH).to_string()),
            ("REPORT_INSTANCE", (REPORT as usize + 4 + instance_in(&report)).to_string()),
            ("SHOW_TEXT", (SHOW + 9).to_string()),
            ("SHOW_LENGTH", show.len().to_string()),
            ("SNAPSHOT", SNAPSHOT.to_string()),
            ("REPORT", REPORT.to_string()),
            ("SHOW", SHOW.to_string()),
            ("ARGUMENT", ARGUMENT.to_string()),
            ("BATCH_LENGTH", self.view.len().to_string()),
            ("BATCH", BATCH.to_string()),
            ("STEP", self.step.to_string()),
            ("SET_ROOTS", set_roots),
            ("EXTRA", self.extra.clone()),
            ("IMPORTS", self.imports.clone()),
        ];
        let mut text = TEMPLATE.to_owned();
        for name in hmr_abi::exports::FUNCTIONS
            .into_iter()
            .chain([hmr_abi::exports::MEMORY, "hmr_component:Counter"])
        {
            text = text.replace(&format!("<<export {name}>>"), &self.export(name));
            text = text.replace(&format!("<<first {name}>>"), self.first_of(name));
        }
        for (name, value) in values {
            text = text.replace(&format!("<<{name}>>"), &value);
        }
        text
    }
}

/// The operations as one batch.
#[must_use]
pub fn encode(ops: &[Op<'_>]) -> Vec<u8> {
    let mut batch = Vec::new();
    for op in ops {
        op.encode(&mut batch);
    }
    batch
}

pub(crate) fn length_prefixed(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).expect("the text is short");
    [&len.to_le_bytes(), bytes].concat()
}

/// Bytes as a string of WebAssembly text.
pub(crate) fn escape(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "\\{byte:02x}");
        text
    })
}

const TEMPLATE: &str = r#"(module
  (@custom "hmr.manifest" "<<MANIFEST>>")
  (import "hmr" "dom" (func $dom (param i32 i32)))
  (import "hmr" "log" (func $log (param i32 i32 i32)))
  (import "hmr" "panic" (func $panic (param i32 i32)))
  (import "hmr" "resource" (func $resource (param i32 i32)))
  <<IMPORTS>>
  (memory <<export memory>> 4)
  (data (i32.const <<SHOW>>) "<<SHOW_BYTES>>")
  (data (i32.const <<SNAPSHOT>>) "<<SNAPSHOT_TEXT>>")
  (data (i32.const <<REPORT>>) "<<REPORT_TEXT>>")
  (data (i32.const <<BATCH>>) "<<BATCH_BYTES>>")
  (global $instance (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))

  ;; Writes a number that is not negative into ten bytes, with spaces in front.
  (func $write (param $at i32) (param $number i32)
    (local $left i32)
    (local.set $left (i32.const 9))
    (loop $digits
      (i32.store8 (i32.add (local.get $at) (local.get $left))
        (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
      (local.set $number (i32.div_u (local.get $number) (i32.const 10)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $digits (i32.and (i32.ne (local.get $number) (i32.const 0)) (i32.ge_s (local.get $left) (i32.const 0)))))
    (block $done
      (loop $spaces
        (br_if $done (i32.lt_s (local.get $left) (i32.const 0)))
        (i32.store8 (i32.add (local.get $at) (local.get $left)) (i32.const 32))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $spaces))))

  ;; Reads the digits at an address.
  (func $read (param $at i32) (result i32)
    (local $number i32) (local $digit i32)
    (block $done
      (loop $digits
        (local.set $digit (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)))
        (br_if $done (i32.gt_u (local.get $digit) (i32.const 9)))
        (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 10)) (local.get $digit)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $digits)))
    (local.get $number))

  ;; Reads the number that a snapshot ends with; 0 if it has no signal.
  (func $last (param $end i32) (result i32)
    (local $at i32)
    (local.set $at (local.get $end))
    (loop $brackets
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $brackets (i32.or
        (i32.eq (i32.load8_u (local.get $at)) (i32.const 125))
        (i32.eq (i32.load8_u (local.get $at)) (i32.const 93)))))
    (loop $digits
      (local.set $at (i32.sub (local.get $at) (i32.const 1)))
      (br_if $digits (i32.le_u (i32.sub (i32.load8_u (local.get $at)) (i32.const 48)) (i32.const 9))))
    (call $read (i32.add (local.get $at) (i32.const 1))))

  (func $show
    (call $write (i32.const <<SHOW_TEXT>>) (global.get $count))
    (call $dom (i32.const <<SHOW>>) (i32.const <<SHOW_LENGTH>>)))

  (func $render
    <<SET_ROOTS>>
    (call $dom (i32.const <<BATCH>>) (i32.const <<BATCH_LENGTH>>))
    (call $show))

  (func <<export hmr_alloc>> (param i32) (result i32) <<first hmr_alloc>> (i32.const <<ARGUMENT>>))
  (func <<export hmr_mount>> (param $at i32) (param $len i32) (result i32)
    <<first hmr_mount>>
    (global.set $instance (call $read (i32.add (local.get $at) (i32.const 12))))
    (call $render)
    (i32.const 0))
  (func <<export hmr_unmount>> (param i32) <<first hmr_unmount>>)
  (func <<export hmr_dispatch>> (param $handler i32) (param i32 i32) (result i32)
    <<first hmr_dispatch>>
    (if (i32.ne (local.get $handler) (i32.const 1)) (then (return (i32.const 4))))
    (global.set $count (i32.add (global.get $count) (i32.const <<STEP>>)))
    (call $show)
    (i32.const 0))
  (func <<export capture_state>> (result i32)
    <<first capture_state>>
    (call $write (i32.const <<SNAPSHOT_INSTANCE>>) (global.get $instance))
    (call $write (i32.const <<SNAPSHOT_COUNT>>) (global.get $count))
    (i32.const <<SNAPSHOT>>))
  (func <<export restore_state>> (param $at i32) (param $len i32) (result i32)
    <<first restore_state>>
    (global.set $instance (call $read (i32.add (local.get $at) (i32.const 34))))
    (global.set $count (call $last (i32.add (local.get $at) (local.get $len))))
    (call $render)
    (call $write (i32.const <<REPORT_INSTANCE>>) (global.get $instance))
    (i32.const <<REPORT>>))
  (func <<export hmr_dispose>> <<first hmr_dispose>>)
  (func <<export hmr_component:Counter>> <<first hmr_component:Counter>>)
  <<EXTRA>>
)"#;

/**
 * Assembles real wasm modules that keep to the ABI, for tests.
 *
 * A guest mounts one instance. Its state is one digit, `n`: handler 1 adds one to it, a snapshot holds it, and
 * the text node with the number `digit` shows it.
 */

import wabt from "wabt";
import { batch, op, render, root } from "./ops.js";

const { parseWat } = await wabt();
const encoder = new TextEncoder();

/**
 * @typedef {object} Handler
 * @property {number[][]} [ops]
 * @property {number} [flags]
 * @property {boolean} [trap]
 * @property {boolean} [spin] whether it runs for ever, in a guest with a budget
 * @property {string} [invalidate] the reason that it reports
 * @property {number} [shows] the number of a text node that gets the event's JSON
 * @property {string[]} [ports] requests of the import `port`
 * @property {string[]} [resources]
 */

/**
 * @typedef {object} Shape
 * @property {import("./ops.js").View[]} views what the component renders; `null` in a view is a marker
 * @property {number} [digit] the number of the text node that shows the state
 * @property {number} [initial]
 * @property {number[][]} [ops] operations instead of `views`
 * @property {string} [abi]
 * @property {string} [component]
 * @property {string[]} [traps] exports that trap
 * @property {{ message: string, file: string, line: number, column: number }} [panic] what the traps report before
 * @property {string} [mountAnswer]
 * @property {string} [report] what `restore_state` answers; by default that the instance kept its key `n`, `none` for nothing
 * @property {string} [snapshot] what `capture_state` answers instead of the state
 * @property {string[]} [resources] requested while rendering
 * @property {string[]} [logs] written while rendering
 * @property {string[]} [ports] requests of the import `port`, made while rendering
 * @property {Record<number, Handler>} [handlers]
 * @property {string} [missing] an export that is left out
 * @property {string[]} [manifest] further lines of the manifest, fields separated by tabs
 * @property {{ set?: number, requests?: string[], logs?: string[], trap?: boolean }} [hooks] what `hmr_before_update` does; the snapshot has `hooks`
 * @property {string} [migrate] what `hmr_migrate` answers, `echo` for what it was given; it logs what it was given
 * @property {{ from: number, report: string }} [ill] what `hmr_health` answers once the state is at least `from`
 * @property {boolean} [prunes] whether `hmr_prune` logs `pruned`
 * @property {string} [invalidates] the reason that it reports while rendering with an odd state
 * @property {boolean} [budget] whether it counts how far it runs
 * @property {string[]} [functions] further exports, as text of wasm
 * @property {string} [foreign] an import of the module `env`
 * @property {boolean} [lonely] whether the manifest is left out
 * @property {string} [mistyped] an export that has another type
 */

/** Lays text out in the memory. */
class Layout {
  at = 1024;
  /** @type {string[]} */
  data = [];

  /** @param {Uint8Array | number[]} bytes */
  bytes(bytes) {
    const at = this.at;
    const text = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
    this.data.push(`(data (i32.const ${at}) "${text}")`);
    this.at += Math.max(4, bytes.length + (4 - (bytes.length % 4)));
    return { at, length: bytes.length };
  }

  /** @param {string} text */
  text(text) {
    return this.bytes(encoder.encode(text));
  }

  /** Text after its length, as exports answer. @param {string} text */
  answer(text) {
    const bytes = encoder.encode(text);
    return this.bytes([bytes.length & 255, bytes.length >> 8, 0, 0, ...bytes]).at;
  }
}

/**
 * @param {Shape} shape
 * @returns {Uint8Array}
 */
export function guest(shape) {
  const layout = new Layout();
  const component = shape.component ?? "Counter";
  const rendering = batch(shape.ops ?? render(shape.views, root(1)));
  const ops = layout.bytes(rendering);
  // Every mention of the root of instance 1 is patched with the instance that is mounted.
  const roots = [];
  for (let at = 0; at + 4 <= rendering.length; at++) {
    if (rendering[at] === 1 && rendering[at + 1] === 0 && rendering[at + 2] === 0 && rendering[at + 3] === 0x80) roots.push(ops.at + at);
  }
  const digitOps = shape.digit ? layout.bytes(batch([op.setText(shape.digit, "0")])) : null;
  const digitAt = digitOps ? digitOps.at + digitOps.length - 1 : 0;
  const stateText = `{"abi":1,${shape.hooks ? '"hooks":true,' : ""}"instances":[{"instance":1,"component":"${component}","props":{},"signals":{"n":{"type":"u8","set":true,"value":0}}}]}`;
  const state = layout.answer(shape.snapshot ?? stateText);
  const stateDigit = state + 4 + stateText.length - 6;
  const stateInstance = state + 4 + stateText.indexOf(`"instance":1`) + 11;
  // The text before may differ from one snapshot to another, the text after does not.
  const fromEnd = state + 4 + stateText.length - stateInstance;
  const own = shape.snapshot === undefined;
  const dom = (/** @type {{ at: number, length: number }} */ { at, length }) => `(call $dom (i32.const ${at}) (i32.const ${length}))`;
  const panic = shape.panic ? layout.text(JSON.stringify(shape.panic)) : null;
  const trap = `${panic ? `(call $panic (i32.const ${panic.at}) (i32.const ${panic.length}))` : ""} unreachable`;
  const trapIn = (/** @type {string} */ name) => (shape.traps?.includes(name) ? trap : "");
  const requests = (/** @type {string} */ name, /** @type {string[]} */ texts = []) =>
    texts.map((json) => layout.text(json)).map(({ at, length }) => `(call $${name} (i32.const ${at}) (i32.const ${length}))`);
  const shows = (/** @type {number} */ node) => {
    const { at } = layout.bytes([...op.setText(node, "").slice(0, 5), ...new Array(1024).fill(0)]);
    return `(i32.store (i32.const ${at + 5}) (local.get $length)) (memory.copy (i32.const ${at + 9}) (local.get $at) (local.get $length))
      (call $dom (i32.const ${at}) (i32.add (i32.const 9) (local.get $length)))`;
  };
  const calls = [
    ...requests("resource", shape.resources),
    ...requests("port", shape.ports),
    ...(shape.logs ?? [])
      .map((text) => layout.text(text))
      .map(({ at, length }) => `(call $log (i32.const 1) (i32.const ${at}) (i32.const ${length}))`),
  ];
  const get = "(i32.load (i32.const 512))";
  const set = (/** @type {string} */ value) => `(i32.store (i32.const 512) ${value})`;
  const logged = (/** @type {string} */ text) => {
    const { at, length } = layout.text(text);
    return `(call $log (i32.const 1) (i32.const ${at}) (i32.const ${length}))`;
  };
  const invalidate = (/** @type {string} */ reason) => {
    const { at, length } = layout.text(`{"instance":1,"reason":${JSON.stringify(reason)}}`);
    return `(i32.store8 (i32.const ${at + 12}) (i32.add (global.get $instance) (i32.const 48))) (call $invalidate (i32.const ${at}) (i32.const ${length}))`;
  };
  const show = digitOps ? `(i32.store8 (i32.const ${digitAt}) (i32.add ${get} (i32.const 48))) ${dom(digitOps)}` : "";
  const odd = shape.invalidates ? `(if (i32.and ${get} (i32.const 1)) (then ${invalidate(shape.invalidates)}))` : "";
  const patches = roots.map((at) => `(i32.store8 (i32.const ${at}) (global.get $instance))`);
  const renders = `${patches.join(" ")} ${dom(ops)} ${show} ${calls.join(" ")} ${odd}`;
  const handlers = Object.entries(shape.handlers ?? {}).map(([handler, { ops: extra, flags, trap: dies, ...does }]) => {
    const emitted = [
      extra ? dom(layout.bytes(batch(extra))) : "",
      does.shows === undefined ? "" : shows(does.shows),
      ...requests("port", does.ports),
      ...requests("resource", does.resources),
      does.spin ? "(call $spin)" : "",
      does.invalidate ? invalidate(does.invalidate) : "",
    ];
    return `(if (i32.eq (local.get $handler) (i32.const ${handler})) (then ${emitted.join(" ")} ${dies ? trap : ""} (return (i32.const ${flags ?? 0}))))`;
  });
  const answer = (/** @type {string | undefined} */ text) => (text === undefined ? 0 : layout.answer(text));
  const defaultReport = `{"instances":[{"instance":1,"component":"${component}","keys":{"n":{"outcome":"kept"}}}]}`;
  const mountAnswer = answer(shape.mountAnswer);
  const report = shape.report === "none" ? 0 : answer(shape.report ?? defaultReport);
  const reportInstance =
    shape.report === undefined ? `(i32.store8 (i32.const ${report + 4 + 26}) (i32.add (global.get $instance) (i32.const 48)))` : "";
  const { hooks, ill } = shape;
  const hook = hooks
    ? `(func (export "hmr_before_update") (result i32)
        ${hooks.set === undefined ? "" : set(`(i32.const ${hooks.set})`)}
        ${requests("resource", hooks.requests).join(" ")} ${(hooks.logs ?? []).map(logged).join(" ")} ${hooks.trap ? trap : ""}
        (i32.store8 (i32.const ${stateDigit}) (i32.add ${get} (i32.const 48))) (i32.const ${state}))`
    : "";
  const migrate = shape.migrate
    ? `(func (export "hmr_migrate") (param $at i32) (param $length i32) (result i32)
        ${trapIn("hmr_migrate")}
        (call $log (i32.const 1) (local.get $at) (local.get $length))
        (i32.store (i32.const 131068) (local.get $length))
        (i32.const ${shape.migrate === "echo" ? 131068 : answer(shape.migrate)}))`
    : "";
  const health = ill
    ? `(func (export "hmr_health") (result i32) ${trapIn("hmr_health")} (select (i32.const ${answer(ill.report)}) (i32.const 0) (i32.ge_s ${get} (i32.const ${ill.from}))))`
    : "";
  const prune = shape.prunes ? `(func (export "hmr_prune") (param i32) ${logged("pruned")})` : "";
  const budget = shape.budget
    ? `(global $budget (export "hmr_budget") (mut i32) (i32.const 0))
       (func $spin (loop $again (global.set $budget (i32.sub (global.get $budget) (i32.const 1000000)))
         (if (i32.lt_s (global.get $budget) (i32.const 0)) (then unreachable)) (br $again)))`
    : "";
  const name = (/** @type {string} */ export_) => (shape.missing === export_ ? `other_${export_}` : export_);
  const result = (/** @type {string} */ export_, /** @type {string} */ type) => (shape.mistyped === export_ ? "i64" : type);
  const wat = `(module
    (import "hmr" "dom" (func $dom (param i32 i32)))
    (import "hmr" "log" (func $log (param i32 i32 i32)))
    (import "hmr" "panic" (func $panic (param i32 i32)))
    (import "hmr" "resource" (func $resource (param i32 i32)))
    (import "hmr" "port" (func $port (param i32 i32)))
    (import "hmr" "invalidate" (func $invalidate (param i32 i32)))
    ${shape.foreign ? `(import "env" "${shape.foreign}" (func))` : ""}
    (memory (export "${name("memory")}") 4)
    (data (i32.const 512) "\\${(shape.initial ?? 0).toString(16).padStart(2, "0")}")
    (global $instance (mut i32) (i32.const 1))
    (func (export "${name("hmr_alloc")}") (param i32) (result i32) (i32.const 131072))
    (func (export "${name("hmr_mount")}") (param $at i32) (param $length i32) (result i32)
      ${trapIn("hmr_mount")}
      (global.set $instance (i32.sub (i32.load8_u (i32.add (local.get $at) (i32.const 12))) (i32.const 48)))
      ${mountAnswer ? "" : renders} (i32.const ${mountAnswer}))
    (func (export "${name("hmr_unmount")}") (param i32) ${trapIn("hmr_unmount")} ${set(`(i32.const ${shape.initial ?? 0})`)})
    (func (export "${name("hmr_dispatch")}") (param $handler i32) (param $at i32) (param $length i32) (result i32)
      ${trapIn("hmr_dispatch")}
      (if (i32.eq (local.get $handler) (i32.const 1)) (then ${set(`(i32.add ${get} (i32.const 1))`)} ${show} (return (i32.const 0))))
      ${handlers.join("\n")}
      (i32.const 4))
    (func (export "${name("capture_state")}") (result ${result("capture_state", "i32")})
      ${trapIn("capture_state")}
      ${own ? `(i32.store8 (i32.const ${stateDigit}) (i32.add ${get} (i32.const 48))) (i32.store8 (i32.const ${stateInstance}) (i32.add (global.get $instance) (i32.const 48)))` : ""}
      (${result("capture_state", "i32")}.const ${state}))
    (func (export "${name("restore_state")}") (param $at i32) (param $length i32) (result i32)
      ${trapIn("restore_state")}
      ;; An instance without signals, whose number is the first: it begins anew.
      (if (i32.and (i32.gt_u (local.get $length) (i32.const 40))
          (i32.gt_u (i32.sub (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 6))) (i32.const 48)) (i32.const 9))) (then
        (global.set $instance (i32.sub (i32.load8_u (i32.add (local.get $at) (i32.const 34))) (i32.const 48)))
        ${set(`(i32.const ${shape.initial ?? 0})`)}
        ${renders} ${reportInstance} (return (i32.const ${report}))))
      (if (i32.gt_u (local.get $length) (i32.const 60)) (then
        (global.set $instance (i32.sub (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const ${fromEnd}))) (i32.const 48)))
        ${set("(i32.sub (i32.load8_u (i32.sub (i32.add (local.get $at) (local.get $length)) (i32.const 6))) (i32.const 48))")}
        ${renders} ${reportInstance} (return (i32.const ${report}))))
      (i32.const ${shape.report === undefined ? 0 : report}))
    (func (export "${name("hmr_dispose")}") ${trapIn("hmr_dispose")})
    ${[hook, migrate, health, prune, budget, ...(shape.functions ?? [])].join("\n")}
    (func (export "hmr_component:${component}") ${trapIn("hmr_component")})
    ${layout.data.join("\n    ")})`;
  const { buffer } = parseWat("guest.wat", wat).toBinary({ write_debug_names: true });
  return shape.lonely
    ? buffer
    : withManifest(
        buffer,
        `abi\t${shape.abi ?? "1"}\ncomponent\t${component}\tsrc/lib.rs\t1\n${(shape.manifest ?? []).map((line) => `${line}\n`).join("")}`,
      );
}

/**
 * @param {Uint8Array} wasm
 * @param {string} manifest
 */
function withManifest(wasm, manifest) {
  const [name, body] = [encoder.encode("hmr.manifest"), encoder.encode(manifest)];
  const content = [name.length, ...name, ...body];
  if (content.length > 16383) throw new Error("the manifest of a test is too long");
  return new Uint8Array([...wasm, 0, (content.length & 127) | 128, content.length >> 7, ...content]);
}

/**
 * A counter with a title: the state is the digit in its button.
 *
 * @param {string} title
 * @param {Partial<Shape>} [other]
 */
export function counter(title, other = {}) {
  return guest({
    views: [
      { tag: "h2", children: [title] },
      { tag: "button", listen: { click: 1 }, children: ["0"] },
    ],
    digit: 4,
    ...other,
  });
}

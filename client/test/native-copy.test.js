import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import wabt from "wabt";
import { NativeCopy } from "../bindgen/native-copy.js";
import { Ownership } from "../bindgen/ownership.js";
import { Guest } from "../guest/guest.js";
import { Stack } from "../guest/stack.js";

const { parseWat } = await wabt();

/** Counts its callbacks, and how often it was settled, in its memory. */
const MODULE = `(module
  (import "./glue.js" "call_back" (func $call_back))
  (import "hmr" "log" (func $log (param i32 i32 i32)))
  (memory (export "memory") 1)
  (table (export "__wbindgen_externrefs") 2 externref)
  (func $add (param i32) (i32.store (local.get 0) (i32.add (i32.load (local.get 0)) (i32.const 1))))
  (func (export "callback") (call $add (i32.const 0)))
  (func (export "trap") unreachable)
  (func (export "nested") (call $call_back))
  (func (export "hmr_settle") (call $add (i32.const 4))))`;

function page() {
  const { window } = new JSDOM("<!doctype html><body></body>", { url: "http://localhost/", pretendToBeVisual: true });
  return /** @type {Window & typeof globalThis} */ (/** @type {unknown} */ (window));
}

/** Code with glue that gives its callback to the browser. */
async function started() {
  const view = page();
  /** @type {Record<string, any>} */
  let exports = {};
  let callBack = () => exports.callback();
  /** @type {import("../bindgen/glue-loader.js").LoadedGlue} */
  const glue = {
    direct: new Set(),
    run: (/** @type {any} */ wasm, more = {}) => ({
      async init(module) {
        const imports = { "./glue.js": { call_back: () => callBack() }, hmr: more.hmr };
        exports = (await wasm.instantiate(module, imports)).instance.exports;
      },
      exports: {},
      release(replacement) {
        exports = replacement;
      },
    }),
  };
  const ownership = new Ownership(view);
  const pageValues = /** @type {import("../guest/read-request.js").PageValues} */ (/** @type {unknown} */ ({}));
  const stack = new Stack(null, pageValues, () => new NativeCopy(glue, ownership));
  const sink = { dom() {}, log() {}, resource() {}, port() {}, invalidate() {}, node: () => null };
  const hooks = /** @type {import("../guest/stack.js").CallHooks} */ ({
    resolve: (_name, original) => original,
    began() {},
    ended() {},
    left() {},
    returned() {},
  });
  /** @type {Guest} */
  const guest = new Guest(
    stack,
    sink,
    () => 0,
    hooks,
    (code) => guest.runCallback(code),
  );
  const bytes = parseWat("a.wat", MODULE, { reference_types: true }).toBinary({}).buffer;
  await guest.start(await WebAssembly.compile(/** @type {Uint8Array<ArrayBuffer>} */ (bytes)));
  const counts = () => [...new Uint32Array(/** @type {WebAssembly.Memory} */ (guest.memory).buffer, 0, 2)];
  const onCallBack = (/** @type {() => void} */ code) => {
    callBack = code;
  };
  return { view, guest, counts, exported: () => exports, onCallBack };
}

test("callbacks of the browser wait until the code may be called, and are settled", async () => {
  const { guest, counts, exported } = await started();
  exported().callback();
  assert.deepEqual(counts(), [0, 0]);
  guest.resume();
  assert.deepEqual(counts(), [1, 1]);
  guest.pause();
  exported().callback();
  guest.resume();
  assert.deepEqual(counts(), [2, 2]);
});

test("code that runs may be called by what it calls, also while callbacks wait", async () => {
  const { guest, counts } = await started();
  guest.invoke("nested", []);
  assert.deepEqual(counts(), [1, 0]);
});

test("what the code has started ends with it, and its callbacks do nothing", async () => {
  const { view, guest, exported, onCallBack } = await started();
  /** @type {string[]} */
  const pressed = [];
  view.addEventListener("keydown", () => pressed.push("page"));
  onCallBack(() => view.addEventListener("keydown", () => pressed.push("code")));
  guest.invoke("nested", []);
  view.dispatchEvent(new view.Event("keydown"));
  const { callback } = exported();
  guest.end();
  view.dispatchEvent(new view.Event("keydown"));
  assert.deepEqual(pressed, ["page", "code", "page"]);
  assert.deepEqual(callback(), [0, 0, 0, 0]);
});

test("after a trap, callbacks do nothing", async () => {
  const { guest, exported } = await started();
  guest.resume();
  assert.throws(() => exported().trap(), /unreachable/);
  assert.deepEqual(exported().callback(), [0, 0, 0, 0]);
});

test("values of the browser are put back with the memory", async () => {
  const { guest, exported, counts } = await started();
  guest.resume();
  const table = exported().__wbindgen_externrefs;
  table.set(0, "kept");
  const copy = guest.copyMemory();
  table.set(0, "changed");
  exported().callback();
  guest.putBack(copy);
  assert.deepEqual([table.get(0), counts()], ["kept", [0, 0]]);
});

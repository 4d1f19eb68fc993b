/** Parts of what runs applications: wrapped exports, the document outside of them, the place of a panic. Whole applications are tested in a browser, in `tests/`. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import wabt from "wabt";
import { BindgenCopy } from "../bindgen/bindgen-copy.js";
import { Ownership } from "../bindgen/ownership.js";
import { withInitializer } from "../application/initializer.js";
import { panicOf } from "../bindgen/panic.js";
import { ServedDocument } from "../application/served-document.js";
import { applicationTrap } from "../application/trap.js";

const { parseWat } = await wabt();

/** @param {string} text */
async function instance(text) {
  const module = await WebAssembly.compile(new Uint8Array(parseWat("test.wat", text, { multi_value: true }).toBinary({}).buffer));
  return (await WebAssembly.instantiate(module)).exports;
}

/** @param {string} [body] */
function page(body = '<p id="served">one</p><div id="app"></div>') {
  const { window } = new JSDOM(`<!doctype html><html><body>${body}</body></html>`, { url: "http://localhost/" });
  return /** @type {Window & typeof globalThis} */ (/** @type {unknown} */ (window));
}

const COUNTER = `(module (memory (export "memory") 1) (global $n (mut i32) (i32.const 0))
  (func (export "add") (param i32) (result i32) (global.set $n (i32.add (global.get $n) (local.get 0))) (global.get $n))
  (func (export "trap") unreachable)
  (func (export "__wbindgen_malloc") (result i32) (i32.const 64)))`;

/**
 * @param {Window & typeof globalThis} view
 * @param {string} [text]
 */
async function copyOf(view, text = COUNTER) {
  /** @type {unknown[]} */
  const failures = [];
  const served = new ServedDocument(view.document);
  const ownership = new Ownership(view);
  /** @type {BindgenCopy} */
  const copy = new BindgenCopy({
    direct: new Set(["__wbindgen_malloc"]),
    handlers: served.handlers,
    tracks: (target) => !(target instanceof view.Node) || served.isOutside(target),
    enter(code) {
      copy.allow(1000);
      try {
        return ownership.run(copy, code);
      } catch (error) {
        failures.push(error);
        throw error;
      }
    },
  });
  const exports = /** @type {Record<string, any>} */ (copy.wrapExports(await instance(text)));
  return { copy, exports, failures, served, ownership };
}

test("a paused copy gets its calls when it is resumed, and an ended one gets none", async () => {
  const { copy, exports } = await copyOf(page());
  assert.equal(exports.add(1), 1);
  copy.pause();
  assert.deepEqual(exports.add(10), [0, 0, 0, 0]);
  assert.equal(exports.__wbindgen_malloc(), 64, "memory is managed even while it is paused");
  copy.resume();
  assert.equal(exports.add(100), 111);
  /** @type {any} */
  let ended = null;
  copy.end((replacement) => {
    ended = replacement;
  });
  assert.deepEqual(exports.add(1), [0, 0, 0, 0]);
  assert.equal(ended.memory.buffer.byteLength, 0);
});

test("an error that an export throws is reported, and a stopped copy is not resumed", async () => {
  const { copy, exports, failures } = await copyOf(page());
  assert.throws(() => exports.trap(), WebAssembly.RuntimeError);
  assert.equal(failures.length, 1);
  copy.stop();
  copy.resume();
  assert.deepEqual(exports.add(1), [0, 0, 0, 0]);
});

/** Counts as the loop guard does. */
const GUARDED = `(module (global $budget (export "hmr_budget") (mut i32) (i32.const 0))
  (func (export "take") (param i32)
    (global.set $budget (i32.sub (global.get $budget) (local.get 0)))
    (if (i32.lt_s (global.get $budget) (i32.const 0)) (then unreachable))))`;

test("a call that runs for too long is ended, and each call has the whole budget", async () => {
  const { copy, exports, failures } = await copyOf(page(), GUARDED);
  exports.take(900);
  exports.take(900);
  assert.equal(copy.late, false);
  assert.throws(() => exports.take(1001), WebAssembly.RuntimeError);
  assert.equal(copy.late, true);
  assert.match(applicationTrap(failures[0], "", copy).message, /^ran for too long/);
});

test("what a copy has started ends with it, and what others have started does not", async () => {
  const view = page();
  const { copy, ownership } = await copyOf(view);
  /** @type {string[]} */
  const heard = [];
  view.document.addEventListener("ping", () => heard.push("page"));
  ownership.run(copy, () => {
    view.document.addEventListener("ping", () => heard.push("application"));
    view.setInterval(() => heard.push("tick"), 1);
  });
  assert.equal(copy.cleanupCount, 2);
  copy.end(null);
  view.document.dispatchEvent(new view.Event("ping"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(heard, ["page"]);
  assert.equal(copy.cleanupCount, 0);
});

test("a timer that has fired and a listener that was removed need no cleanup", async () => {
  const view = page();
  const { copy, ownership } = await copyOf(view);
  const listener = () => {};
  await new Promise((resolve) =>
    ownership.run(copy, () => {
      view.setTimeout(() => resolve(null), 1);
      view.addEventListener("ping", listener);
      view.removeEventListener("ping", listener);
    }),
  );
  assert.equal(copy.cleanupCount, 0);
});

test("the changes of an application are reverted and applied again, and those of others stay", () => {
  const view = page();
  const { document } = view;
  const served = new ServedDocument(document);
  const app = /** @type {Element} */ (document.querySelector("#app"));
  served.changedByOthers();
  app.append(document.createElement("main"));
  document.body.className = "dark";
  document.querySelector("#served")?.remove();
  served.changedByApplication();
  const widget = document.createElement("aside");
  document.body.append(widget);
  served.changedByOthers();

  const reverted = served.revert();
  assert.equal(document.body.innerHTML, '<p id="served">one</p><div id="app"></div><aside></aside>');
  assert.equal(document.body.hasAttribute("class"), false);
  served.reapply(reverted);
  assert.equal(document.body.innerHTML, '<div id="app"><main></main></div><aside></aside>');
  assert.equal(document.body.className, "dark");
  assert.equal(served.isOutside(widget), true);
  assert.equal(served.isOutside(/** @type {Node} */ (document.querySelector("main"))), false);
});

test("functions of the console that an application replaces are restored", () => {
  const view = page();
  const served = new ServedDocument(view.document);
  const { log, warn } = view.console;
  served.changedByOthers();
  const replacement = (/** @type {unknown[]} */ ...texts) => log(...texts);
  view.console.log = replacement;
  served.changedByApplication();
  const foreign = () => {};
  view.console.warn = foreign;
  const reverted = served.revert();
  assert.deepEqual([view.console.log, view.console.warn], [log, foreign]);
  served.reapply(reverted);
  assert.equal(view.console.log, replacement);
  view.console.warn = warn;
});

test("event handlers that an application sets as properties are restored, and those of others stay", async () => {
  const view = page();
  const { served, ownership, copy } = await copyOf(view);
  const { document } = view;
  const [first, second, foreign] = [() => {}, () => {}, () => {}];
  view.onresize = first;
  ownership.run(copy, () => {
    view.onresize = second;
    document.onkeydown = first;
    document.onkeydown = second;
    document.body.onclick = second;
    document.createElement("p").onclick = second;
  });
  document.body.onclick = foreign;
  const handlers = () => [view.onresize, document.onkeydown, document.body.onclick];
  const reverted = served.revert();
  assert.deepEqual(handlers(), [first, null, foreign]);
  assert.equal(reverted.handlers.length, 3);
  served.reapply(reverted);
  assert.deepEqual(handlers(), [second, second, foreign]);
});

test("a text that an application changes gets its old value back", () => {
  const { document } = page();
  const served = new ServedDocument(document);
  const text = /** @type {Text} */ (document.querySelector("#served")?.firstChild);
  text.data = "two";
  text.data = "three";
  served.changedByApplication();
  served.revert();
  assert.equal(document.querySelector("#served")?.textContent, "one");
});

test("a panic is read from the memory, and nothing else is taken for one", async () => {
  const strings = "src/lib.rsno such entry";
  // At 64 a location, at 96 methods of which the sixth is `get`, at 120 a payload, at 144 the methods of what \`get\` gives.
  const panicked = (/** @type {number} */ location, size = 8, parameters = "(param i32 i32)") => `(module (memory (export "memory") 1)
    (table (export "hmr_function_table") 2 funcref) (elem (i32.const 1) $get)
    (func $get ${parameters} (i32.store (i32.const 16) (i32.const 120)) (i32.store (i32.const 20) (i32.const 144)))
    (data (i32.const 64) "\\00\\01\\00\\00\\0a\\00\\00\\00\\07\\00\\00\\00\\05\\00\\00\\00") (data (i32.const 256) "${strings}")
    (data (i32.const 116) "\\01\\00\\00\\00")
    (data (i32.const 120) "${size === 8 ? "" : "\\20\\00\\00\\00"}\\0a\\01\\00\\00\\0d\\00\\00\\00")
    (data (i32.const 144) "\\00\\00\\00\\00\\${size.toString(16).padStart(2, "0")}\\00\\00\\00")
    (global (export "hmr_panic_location") (mut i32) (i32.const ${location}))
    (global (export "hmr_panic_payload") (mut i32) (i32.const 120)) (global (export "hmr_panic_methods") (mut i32) (i32.const 96)))`;
  const place = { file: "src/lib.rs", line: 7, column: 5 };
  assert.deepEqual(panicOf(await instance(panicked(64))), { ...place, message: "no such entry" });
  assert.deepEqual(panicOf(await instance(panicked(64, 12))), { ...place, message: "no such entry" });
  for (const other of [panicked(64, 16), panicked(64, 8, "(param i32)")]) {
    assert.deepEqual(panicOf(await instance(other)), { ...place, message: null });
  }
  for (const location of [0, 3, 128, 65_532, 1_000_000]) assert.equal(panicOf(await instance(panicked(location))), null);
  assert.equal(panicOf(await instance(COUNTER)), null);
});

test("a panic is described by its hook, or by what the memory has", () => {
  const hooked = applicationTrap(new Error("x"), "panicked at src/main.rs:4:9:\nno such entry\n\nStack:\n\nError", null);
  assert.deepEqual([hooked.message, hooked.file, hooked.line, hooked.column], ["no such entry", "src/main.rs", 4, 9]);
  const unreachable = new WebAssembly.RuntimeError("unreachable");
  const bare = applicationTrap(unreachable, "", {
    panic: { file: "src/lib.rs", line: 7, column: 5, message: "no such entry" },
    late: false,
  });
  assert.deepEqual([bare.message, bare.file, bare.line], ["no such entry", "src/lib.rs", 7]);
  assert.match(applicationTrap(unreachable, "", null).message, /panic hook/);
  assert.equal(applicationTrap(new Error("no element `app`"), "", null).message, "no element `app`");
});

test("an application starts whatever its initializer does", async () => {
  const modules = [
    "export default () => ({ onStart() { throw new Error('a hook') }, onSuccess() { throw new Error('another') } })",
    "export default () => undefined",
    "throw new Error('the module')",
  ];
  for (const text of modules) {
    const started = await withInitializer(
      `data:text/javascript,${encodeURIComponent(text)}`,
      async () => {},
      async () => "started",
      () => ({ exports: {} }),
    );
    assert.equal(started, "started", text);
  }
});

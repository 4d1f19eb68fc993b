import assert from "node:assert/strict";
import { test } from "node:test";

import { ComponentState } from "../application/component-state.js";

/** Exports as those of an application whose state can be read. */
function exportsOf() {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const encoder = new TextEncoder();
  /** @type {string[]} */
  const restored = [];
  const returned = (/** @type {string} */ text) => {
    const bytes = encoder.encode(text);
    new Uint8Array(memory.buffer, 1000, bytes.length).set(bytes);
    new Uint32Array(memory.buffer, 16, 2).set([1000, bytes.length]);
    return 16;
  };
  /** @type {string[]} */
  const ended = [];
  return {
    restored,
    ended,
    exports: {
      memory,
      hmr_state_alloc: () => 5000,
      hmr_state_restore: (/** @type {number} */ at, /** @type {number} */ length) => {
        restored.push(new TextDecoder().decode(new Uint8Array(memory.buffer, at, length)));
        return returned(restored.includes("wrong") ? "not JSON" : "");
      },
      hmr_state_capture: () => returned('{"values":["ü"]}'),
      hmr_state_report: () => returned('{"count":{"outcome":"kept"}}'),
      hmr_variable_1a_0: () => {
        ended.push("variable");
      },
      hmr_state_started: () => {
        ended.push("started");
      },
      hmr_state_settle: () => {
        ended.push("settled");
      },
    },
  };
}

test("the state of components is read, given and reported as text", () => {
  const { exports, restored, ended } = exportsOf();
  let begun = 0;
  const state = ComponentState.of(/** @type {any} */ (exports), () => begun++);
  assert.ok(state);
  const snapshot = state.capture();
  assert.equal(snapshot, '{"values":["ü"]}');
  state.restore(snapshot);
  assert.deepEqual(restored, [snapshot]);
  assert.deepEqual(state.report(), { count: { outcome: "kept" } });
  state.variables();
  state.started();
  state.settle();
  assert.deepEqual(ended, ["variable", "started", "settled"]);
  assert.equal(begun, 6);
  assert.throws(() => state.restore("wrong"), /cannot be restored: not JSON/);
});

test("an application that was not compiled for it has no state", () => {
  assert.equal(
    ComponentState.of({}, () => {}),
    null,
  );
});

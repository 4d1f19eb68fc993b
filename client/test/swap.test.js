import assert from "node:assert/strict";
import { test } from "node:test";
import { UpdateQueue, runSwap } from "../swap.js";

const VERSION = { module: "m", hash: "h", url: "/h.wasm", components: [] };
/** @typedef {import("../swap.js").Steps<string>} Steps */

/**
 * @param {string[]} done
 * @param {Partial<Steps>} [other]
 * @returns {Steps}
 */
function steps(done, other = {}) {
  return {
    prepare: async () => /** @type {WebAssembly.Module} */ (/** @type {unknown} */ (done.push("prepare"))),
    wanted: () => true,
    quiesce: () => void done.push("quiesce"),
    capture: () => void done.push("capture"),
    instantiate: async () => (done.push("instantiate"), "candidate"),
    restore: () => (done.push("restore"), { instances: [] }),
    render: () => (done.push("render"), { resources: [], connections: [] }),
    commit: () => void done.push("commit"),
    rollback: (step, error) => void done.push(`rollback of ${step}: ${error}`),
    ...other,
  };
}

test("the steps are entered in order, each with its duration", async () => {
  /** @type {string[]} */
  const done = [];
  let time = 0;
  const swap = await runSwap(VERSION, steps(done), () => time++);
  assert.deepEqual(done, ["prepare", "quiesce", "capture", "instantiate", "restore", "render", "commit"]);
  assert.deepEqual(swap?.events, done);
  assert.deepEqual(swap?.duration, Object.fromEntries(done.map((name) => [name, 1])));
  assert.deepEqual([swap?.outcome, swap?.step, swap?.error, swap?.report], ["committed", null, null, { instances: [] }]);
});

for (const [at, failing] of /** @type {const} */ (["prepare", "quiesce", "capture", "instantiate", "restore"]).entries()) {
  test(`a failure in ${failing} rolls back and goes no further`, async () => {
    /** @type {string[]} */
    const done = [];
    const fail = () => {
      throw new Error("no");
    };
    const swap = await runSwap(VERSION, steps(done, { [failing]: fail }), () => 0);
    const entered = ["prepare", "quiesce", "capture", "instantiate", "restore"].slice(0, at + 1);
    assert.deepEqual(swap?.events, [...entered, "rollback"]);
    assert.deepEqual(done, [...entered.slice(0, -1), `rollback of ${failing}: Error: no`]);
    assert.deepEqual([swap?.outcome, swap?.step, swap?.error], ["rolled-back", failing, "no"]);
  });
}

test("a version that was replaced while it was fetched touches nothing", async () => {
  /** @type {string[]} */
  const done = [];
  assert.equal(await runSwap(VERSION, steps(done, { wanted: () => false }), () => 0), null);
  assert.deepEqual(done, ["prepare"]);
});

test("a first load enters only the steps that it has", async () => {
  const swap = await runSwap(VERSION, steps([], { quiesce: null, capture: null, restore: null }), () => 0);
  assert.deepEqual(swap?.events, ["prepare", "instantiate", "render", "commit"]);
});

test("updates run one after another, and a failing one does not stop the queue", async () => {
  /** @type {string[]} */
  const done = [];
  const queue = new UpdateQueue((error) => void done.push(String(error)));
  /** @type {() => void} */
  let release = () => {};
  const gate = new Promise((resolve) => (release = () => resolve(undefined)));
  queue.add([], async () => {
    await gate;
    done.push("first");
    throw new Error("no");
  });
  const second = new Promise((resolve) =>
    queue.add([VERSION], async () => {
      done.push("second");
      resolve(undefined);
    }),
  );
  assert.deepEqual([queue.replaced("m"), queue.replaced("other")], [true, false]);
  release();
  await second;
  assert.deepEqual(done, ["first", "Error: no", "second"]);
  assert.equal(queue.replaced("m"), false);
});

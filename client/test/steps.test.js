import assert from "node:assert/strict";
import { test } from "node:test";
import { UpdateQueue } from "../swap/update-queue.js";
import { Declined, newSwap, runSwap } from "../swap/steps.js";

const VERSION = { module: "m", hash: "h", url: "/h.wasm", components: [] };
/** @typedef {import("../tool/protocol.js").Step} Step */

/** @type {Step[]} */
const ALL = ["prepare", "quiesce", "capture", "instantiate", "migrate", "restore", "render", "commit", "probation"];

/**
 * A plan whose steps do nothing but what a test asks for.
 *
 * @param {string[]} done
 * @param {Partial<Record<Step, () => void>>} [work]
 * @param {boolean} [wanted]
 * @returns {import("../swap/steps.js").Plan}
 */
function plan(done, work = {}, wanted = true) {
  return {
    steps: ALL.map((step) => [
      step,
      () => {
        done.push(step);
        return work[step]?.();
      },
    ]),
    wanted: () => wanted,
    rollback: (step, error) => void done.push(`rollback of ${step}: ${error}`),
  };
}

test("the steps are entered in order, each with its duration", async () => {
  /** @type {string[]} */
  const done = [];
  let time = 0;
  const swap = await runSwap(newSwap(VERSION, "committed"), plan(done), () => time++);
  assert.deepEqual(done, ALL);
  assert.deepEqual(swap?.events, ALL);
  assert.deepEqual(swap?.duration, Object.fromEntries(ALL.map((name) => [name, 1])));
  assert.deepEqual([swap?.outcome, swap?.step, swap?.error], ["committed", null, null]);
});

for (const [at, failing] of ALL.slice(0, 6).entries()) {
  test(`a failure in ${failing} rolls back and goes no further`, async () => {
    /** @type {string[]} */
    const done = [];
    const fail = () => {
      throw new Error("no");
    };
    const swap = await runSwap(newSwap(VERSION, "committed"), plan(done, { [failing]: fail }), () => 0);
    const entered = ALL.slice(0, at + 1);
    assert.deepEqual(swap?.events, [...entered, "rollback"]);
    assert.deepEqual(done, [...entered, `rollback of ${failing}: Error: no`]);
    assert.deepEqual([swap?.outcome, swap?.step, swap?.error], ["rolled-back", failing, "no"]);
  });
}

test("what is declined leaves no events", async () => {
  const decline = () => {
    throw new Declined("it draws");
  };
  const swap = await runSwap(newSwap(VERSION, "committed"), plan([], { prepare: decline }), () => 0);
  assert.deepEqual([swap?.outcome, swap?.events, swap?.error, swap?.step], ["declined", [], "it draws", null]);
});

test("a version that was replaced while it was fetched touches nothing", async () => {
  /** @type {string[]} */
  const done = [];
  assert.equal(await runSwap(newSwap(VERSION, "committed"), plan(done, {}, false), () => 0), null);
  assert.deepEqual(done, ["prepare"]);
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

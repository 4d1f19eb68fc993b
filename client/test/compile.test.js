import assert from "node:assert/strict";
import { test } from "node:test";
import { compiler } from "../guest/compile.js";
import { FetchError } from "../guest/compile.js";
import { newSwap, runSwap } from "../swap/steps.js";

const VERSION = { module: "m", hash: "h", url: "/m.wasm", components: [] };

/**
 * How a swap ends whose bytes come like this.
 * @param {() => Promise<Response>} fetch
 */
async function swapped(fetch) {
  const compile = compiler(/** @type {typeof globalThis.fetch} */ (fetch));
  /** @type {import("../swap/steps.js").Work[]} */
  const steps = [["prepare", async () => void (await compile(VERSION))]];
  return runSwap(newSwap(VERSION, "committed"), { steps, wanted: () => true, rollback: () => {} }, () => 0);
}

/** An answer whose connection breaks after the first bytes. */
function broken() {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array([0, 0x61, 0x73, 0x6d]));
      controller.error(new TypeError("gone"));
    },
  });
  return new Response(body, { headers: { "content-type": "application/octet-stream" } });
}

for (const [what, fetch] of /** @type {[string, () => Promise<Response>][]} */ ([
  ["a server out of reach", () => Promise.reject(new TypeError("any words"))],
  ["an answer that is none", async () => new Response("", { status: 404 })],
  ["a connection that breaks", async () => broken()],
])) {
  test(`of ${what} the version is not to blame`, async () => {
    const swap = await swapped(fetch);
    assert.deepEqual([swap?.outcome, swap?.step, swap?.cause], ["rolled-back", "prepare", "fetch"]);
  });
}

test("bytes that cannot be run are the version's own failure", async () => {
  const swap = await swapped(async () => new Response(new Uint8Array([1, 2, 3, 4])));
  assert.deepEqual([swap?.outcome, swap?.step, swap?.cause], ["rolled-back", "prepare", "version"]);
});

test("the words of an error decide nothing", async () => {
  for (const [error, cause] of /** @type {[Error, string][]} */ ([
    [new Error("`/m.wasm` cannot be fetched"), "version"],
    [new FetchError("no"), "fetch"],
  ])) {
    const swap = await swapped(() => Promise.reject(error));
    assert.equal(swap?.cause, "fetch", "the bytes did not come, whatever was answered");
    const fail = () => {
      throw error;
    };
    const plan = { steps: /** @type {import("../swap/steps.js").Work[]} */ ([["prepare", fail]]), wanted: () => true, rollback: () => {} };
    assert.equal((await runSwap(newSwap(VERSION, "committed"), plan, () => 0))?.cause, cause);
  }
});

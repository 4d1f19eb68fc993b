import assert from "node:assert/strict";
import { test } from "node:test";
import { counter } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** @param {Page} page @param {string} hash @param {Partial<import("../tool/protocol.js").Version>} [other] */
function rehearsed(page, hash, other = {}) {
  return { ...page.version(hash, counter(hash), other.module), rehearse: true, ...other };
}

async function started() {
  const page = new Page(PLACE);
  await page.start(page.version("a", counter("a")));
  page.get("button").click();
  return page;
}

/**
 * Begins an update, and waits until rehearsals were asked for.
 * @param {Page} page
 * @param {...import("../tool/protocol.js").Version} versions
 */
async function begun(page, ...versions) {
  const done = page.engine.update(2, versions);
  for (let turn = 0; turn < 50 && page.rehearsed.length < versions.length; turn++) await Promise.resolve();
  assert.equal(page.rehearsed.length, versions.length, "each version is rehearsed");
  return done.then(([swap]) => /** @type {import("../tool/protocol.js").Swap} */ (swap));
}

/** @param {number} id @param {Partial<import("../tool/protocol.js").Verdict>} [other] @returns {import("../tool/protocol.js").Verdict} */
function verdict(id, other = {}) {
  return { id, outcome: "passed", step: null, error: null, duration: { wait: 1, run: 20 }, ...other };
}

test("a swap waits for its rehearsal, with the page's own state and the update's transform", async () => {
  const page = await started();
  const transform = [{ op: "remove", key: "m" }];
  /** @type {() => void} */
  let release = () => {};
  page.slow.set("b", new Promise((resolve) => (release = () => resolve(undefined))));
  const done = begun(page, rehearsed(page, "b", { transform }));
  await page.settled();
  const [request] = page.rehearsed;
  assert.deepEqual([request?.module, request?.hash, request?.transform], ["counter", "b", transform]);
  assert.equal(JSON.parse(request?.snapshot ?? "").instances[0].signals.n.value, 1);
  page.timers.now += 30;
  release();
  // The old code is live while the verdict is waited for.
  await new Promise((resolve) => setImmediate(resolve));
  page.get("button").click();
  assert.equal(page.get("button").textContent, "2");
  page.timers.now += 12;
  page.engine.rehearsals.answered(verdict(request?.id ?? 0));
  const swap = await done;
  assert.deepEqual([swap.outcome, swap.rehearsal], ["committed", { wait: 1, run: 20, added: 12, skipped: null }]);
  assert.deepEqual([page.get("h2").textContent, page.get("button").textContent], ["b", "2"]);
});

test("a failed rehearsal rolls back in prepare, and the version is refused", async () => {
  const page = await started();
  const version = rehearsed(page, "b");
  const done = begun(page, version);
  await page.settled();
  page.engine.rehearsals.answered(verdict(page.rehearsed[0]?.id ?? 0, { outcome: "failed", step: "restore", error: "it traps" }));
  const swap = await done;
  assert.deepEqual([swap.outcome, swap.step, swap.error, swap.events], ["rolled-back", "prepare", "it traps", ["prepare", "rollback"]]);
  assert.equal(swap.rehearsal?.run, 20);
  assert.equal(page.get("h2").textContent, "a");
  assert.deepEqual(page.engine.learn([version]), []);
});

/** @type {[string, string, (page: Page) => void][]} */
const NONE = [
  [
    "that was skipped",
    "it is not built in",
    (page) => page.engine.rehearsals.answered(verdict(1, { outcome: "skipped", error: "it is not built in" })),
  ],
  ["that takes too long", "no verdict came in 2000 ms", (page) => page.timers.pass(2000)],
  ["of a tool that is gone", "the tool is gone", (page) => page.engine.rehearsals.disconnected()],
];
for (const [what, why, happens] of NONE) {
  test(`a rehearsal ${what} holds no swap up, and it is reported why`, async () => {
    const page = await started();
    const done = begun(page, rehearsed(page, "b"));
    await page.settled();
    happens(page);
    const swap = await done;
    assert.deepEqual([swap.outcome, swap.rehearsal?.skipped], ["committed", why]);
  });
}

test("without a connection none is waited for", async () => {
  const page = await started();
  page.connected = false;
  const swap = await begun(page, rehearsed(page, "b"));
  assert.equal(swap.outcome, "committed");
});

test("nothing is rehearsed where no code runs, or the version is there", async () => {
  const page = new Page(PLACE);
  await page.start(rehearsed(page, "a"));
  await page.update(2, rehearsed(page, "a"), rehearsed(page, "x", { module: "other" }));
  assert.deepEqual(page.rehearsed, []);
});

test("the modules of an update are fetched and rehearsed at once, and swapped one after another", async () => {
  const page = new Page(`${PLACE}<hmr-component module="other" component="Counter"></hmr-component>`);
  page.engine.learn([page.version("a", counter("a")), page.version("x", counter("x"), "other")]);
  page.document.body.innerHTML = page.body;
  await page.swapped();
  await page.swapped();
  const done = begun(page, rehearsed(page, "b"), rehearsed(page, "y", { module: "other" }));
  await page.settled();
  const [first, second] = page.rehearsed;
  page.engine.rehearsals.answered(verdict(second?.id ?? 0));
  await page.settled();
  const titles = () => [...page.document.querySelectorAll("h2")].map(({ textContent }) => textContent);
  assert.deepEqual(titles(), ["a", "x"]);
  page.engine.rehearsals.answered(verdict(first?.id ?? 0));
  await done;
  assert.deepEqual(titles(), ["b", "y"]);
});

test("a verdict that nobody waits for is nothing", async () => {
  const page = await started();
  page.engine.rehearsals.answered(verdict(77));
  assert.equal(page.get("h2").textContent, "a");
});

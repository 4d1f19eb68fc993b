import assert from "node:assert/strict";
import { test } from "node:test";
import { guest } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** @typedef {import("./support/guest.js").Shape} Shape */

/**
 * A component with a button that counts.
 * @param {string} title
 * @param {Partial<Shape>} [other]
 */
function counter(title, other = {}) {
  const listen = { click: 1, keydown: 5, keyup: 6 };
  return guest({
    views: [
      { tag: "h2", children: [title] },
      { tag: "button", listen, children: ["0"] },
    ],
    digit: 4,
    ...other,
  });
}

/** @param {Partial<Shape>} [other] */
async function started(other) {
  const page = new Page(PLACE);
  const { swaps } = await page.start(page.version("a", counter("A", other)));
  return { page, loaded: swaps[0] };
}

/** @param {Page} page */
function shown(page) {
  return [page.get("h2").textContent, page.get("button").textContent];
}

const SWAPPED = ["prepare", "quiesce", "capture", "instantiate", "migrate", "restore", "render", "commit", "probation"];
const UNDONE = ["undo", "instantiate", "restore", "render", "commit"];
const PANIC = { message: "boom", file: "src/lib.rs", line: 7, column: 1 };

test("a load enters only the steps that it has", async () => {
  const { page, loaded } = await started();
  assert.deepEqual(loaded?.events, ["prepare", "instantiate", "render", "commit", "probation"]);
  page.get("button").click();
  const stored = JSON.parse(JSON.stringify(page.engine.captureAll()));
  const second = new Page(PLACE);
  second.engine.restoreFrom(stored);
  const { swaps } = await second.start(second.version("a", counter("A")));
  assert.deepEqual(swaps[0]?.events, ["prepare", "instantiate", "migrate", "restore", "render", "commit", "probation"]);
  assert.deepEqual(shown(second), ["A", "1"]);
});

/** A page that restores the state `1` of an earlier one, and the version whose fetch does not end before `go` is called. */
async function restoring() {
  const { page } = await started();
  page.get("button").click();
  const stored = JSON.parse(JSON.stringify(page.engine.captureAll()));
  const second = new Page(PLACE);
  second.engine.restoreFrom(stored);
  const version = second.version("a", counter("A"));
  let go = () => {};
  second.slow.set("a", new Promise((done) => (go = () => done(undefined))));
  const loaded = second.start(version);
  await second.settled();
  return { page: second, stored, version, go, loaded };
}

test("a page that is loaded again while its code is fetched passes the state on", async () => {
  const { page, stored, go, loaded } = await restoring();
  assert.deepEqual(JSON.parse(JSON.stringify(page.engine.captureAll())), stored);
  go();
  await loaded;
  assert.deepEqual(shown(page), ["A", "1"]);
});

test("an update that overtakes the first load takes up the state in its place", async () => {
  const { page, go, loaded } = await restoring();
  page.engine.update(2, [page.version("b", counter("B"))]);
  go();
  assert.equal((await loaded).sequence, 2, "the load that was overtaken reports nothing");
  assert.deepEqual(shown(page), ["B", "1"]);
});

test("a first load that fails because nothing could be fetched leaves the state to the next one", async () => {
  const { page, go, loaded } = await restoring();
  page.files.a = "offline";
  go();
  const { swaps } = await loaded;
  assert.deepEqual([swaps[0]?.outcome, swaps[0]?.cause], ["rolled-back", "fetch"]);
  await page.update(2, page.version("b", counter("B")));
  assert.deepEqual(shown(page), ["B", "1"]);
});

for (const [what, bytes] of /** @type {[string, Uint8Array][]} */ ([
  ["has no manifest", counter("A", { lonely: true })],
  ["is not wasm", new TextEncoder().encode("<!doctype html>")],
  ["traps at its start", counter("A", { functions: ["(func $begin unreachable) (start $begin)"] })],
  ["traps on any state", counter("A", { traps: ["restore_state", "hmr_mount"] })],
])) {
  test(`the state of before a reload outlasts a version that ${what}`, async () => {
    const { page, version, go, loaded, stored } = await restoring();
    page.files[version.hash] = bytes;
    go();
    const { swaps } = await loaded;
    assert.equal(swaps[0]?.outcome, what === "traps on any state" ? "committed" : "rolled-back");
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.deepEqual(JSON.parse(JSON.stringify(page.engine.captureAll())), stored, "another reload passes it on");
    await page.engine.update(2, [page.version("b", counter("B"))]);
    await page.settled();
    assert.deepEqual(shown(page), ["B", "1"]);
    assert.deepEqual(
      page.problems.filter((text) => /could not be restored/.test(text)),
      [],
    );
  });
}

test("state that a version cannot take up is dropped once the version runs without it", async () => {
  const { page, version, go, loaded } = await restoring();
  page.files[version.hash] = counter("A", { traps: ["restore_state"] });
  go();
  const { swaps } = await loaded;
  assert.deepEqual([swaps[0]?.outcome, shown(page)], ["committed", ["A", "0"]]);
  assert.equal(page.problems.filter((text) => /could not be restored/.test(text)).length, 1);
  assert.equal(JSON.parse(page.engine.captureAll()[0]?.snapshot ?? "").instances[0].signals.n.value, 0);
});

for (const [name, other] of /** @type {[string, Partial<Shape>][]} */ ([
  ["hmr_health", { functions: ['(func (export "hmr_health") (param i32) (result i32) (i32.const 0))'] }],
  ["hmr_prune", { functions: ['(func (export "hmr_prune"))'] }],
  ["hmr_migrate", { functions: ['(func (export "hmr_migrate") (result i32) (i32.const 0))'] }],
  ["hmr_before_update", { functions: ['(global (export "hmr_before_update") i32 (i32.const 0))'] }],
])) {
  test(`an export \`${name}\` of another type is refused`, async () => {
    const { page } = await started();
    const swap = await page.update(2, page.version("b", counter("B", other)));
    assert.deepEqual([swap.outcome, swap.step], ["rolled-back", "prepare"]);
    assert.match(swap.error ?? "", new RegExp(`\`${name}\` has another type`));
  });
}

test("a budget must be a mutable global of the type i32", async () => {
  const { page } = await started();
  for (const [hash, global] of [
    ["b", "i32 (i32.const 1)"],
    ["c", "(mut i64) (i64.const 1)"],
    ["d", "(mut f64) (f64.const 1)"],
  ]) {
    const functions = ["(global f32 (f32.const 1))", `(global (export "hmr_budget") ${global})`];
    const swap = await page.update(2, page.version(hash ?? "", counter("B", { functions })));
    assert.match(swap.error ?? "", /`hmr_budget` is not a mutable global/);
  }
});

test("migrations get the snapshot with the update's transform, digit by digit, and answer what is restored", async () => {
  const { page } = await started({
    snapshot:
      '{"abi":1,"big":12345678901234567890,"instances":[{"instance":1,"component":"Counter","props":{},"signals":{"n":{"type":"u8","set":true,"value":4}}}]}',
  });
  page.logs.length = 0;
  const transform = [{ op: "rename", from: "m", to: "n" }];
  const swap = await page.update(2, { ...page.version("b", counter("B", { migrate: "echo" })), transform });
  assert.deepEqual([swap.outcome, swap.events], ["committed", SWAPPED]);
  assert.equal(shown(page)[1], "4");
  const given = page.logs.find((line) => line.includes("transform")) ?? "";
  assert.match(given, /\{"transform":\[\{"op":"rename","from":"m","to":"n"\}\],"abi":1,.*12345678901234567890/);
  // It was to be done once.
  page.logs.length = 0;
  await page.engine.update(null, [page.version("b", counter("B"))], { force: true });
  assert.doesNotMatch(page.logs.join("\n"), /transform/);
});

for (const [what, answer, error] of /** @type {const} */ ([
  ["an error", '{"error":"there is no way from 1.0.0"}', /there is no way from 1.0.0/],
  ["nonsense", '{"instances":3}', /`hmr_migrate` answered something that is not a snapshot/],
])) {
  test(`a migration that answers ${what} rolls back`, async () => {
    const { page } = await started();
    const swap = await page.update(2, page.version("b", counter("B", { migrate: answer })));
    assert.deepEqual([swap.outcome, swap.step, swap.events.at(-1)], ["rolled-back", "migrate", "rollback"]);
    assert.match(swap.error ?? "", error);
    assert.deepEqual(shown(page), ["A", "0"]);
  });
}

test("an instance that the restore report leaves out rolls back, and the report is reported", async () => {
  const { page } = await started();
  for (const [hash, report] of [
    ["b", "none"],
    ["c", '{"instances":[]}'],
  ]) {
    const swap = await page.update(2, page.version(hash ?? "", counter("B", { report })));
    assert.deepEqual([swap.outcome, swap.step, swap.report], ["rolled-back", "restore", { instances: [] }]);
    assert.match(swap.error ?? "", /does not tell of the instance 1/);
  }
  assert.deepEqual(shown(page), ["A", "0"]);
});

test("the hooks before an update run in the old code, and what they put aside is restored", async () => {
  const request = '{"op":"open","instance":1,"key":"bye","kind":"timeout","args":{"ms":50},"handler":1}';
  const { page } = await started({ hooks: { set: 7, requests: [request], logs: ["getting ready"] } });
  page.logs.length = 0;
  const swap = await page.update(2, page.version("b", counter("B")));
  assert.deepEqual([swap.events, shown(page)], [SWAPPED, ["B", "7"]]);
  assert.match(page.logs.join("\n"), /getting ready/);
  assert.deepEqual(
    swap.resources.map(({ key, outcome }) => [key, outcome]),
    [["bye", "closed"]],
  );
});

test("a rollback puts back what the hooks changed, and nothing of them takes effect", async () => {
  const request = '{"op":"open","instance":1,"key":"bye","kind":"timeout","args":{"ms":50},"handler":1}';
  const { page } = await started({ hooks: { set: 7, requests: [request], logs: ["getting ready"] } });
  page.get("button").click();
  page.logs.length = 0;
  const swap = await page.update(2, page.version("b", counter("B", { traps: ["restore_state"] })));
  assert.equal(swap.outcome, "rolled-back");
  page.get("button").click();
  assert.deepEqual(shown(page), ["A", "2"]);
  page.timers.pass(1000);
  assert.deepEqual(shown(page), ["A", "2"]);
  assert.doesNotMatch(page.logs.join("\n"), /getting ready/);
});

test("hooks that trap lose what they put aside, not the state", async () => {
  const { page } = await started({ hooks: { set: 7, trap: true } });
  page.get("button").click();
  const failed = await page.update(2, page.version("b", counter("B", { traps: ["restore_state"] })));
  assert.equal(failed.outcome, "rolled-back");
  // Their code cannot be trusted any more, and is restarted.
  await page.swapped();
  page.get("button").click();
  assert.deepEqual(shown(page), ["A", "2"]);
  const swap = await page.update(3, page.version("c", counter("C")));
  assert.deepEqual([swap.outcome, shown(page), page.traps.length], ["committed", ["C", "2"], 2]);
  assert.match(page.logs.join("\n"), /the hooks before the update failed/);
});

test("code that runs for too long is stopped and named", async () => {
  const { page } = await started({ budget: true, handlers: { 5: { spin: true } } });
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  assert.match(page.traps[0]?.message ?? "", /^ran for too long in `.*spin`$/);
});

test("a component that declines makes the page load again, in the old code or the new", async () => {
  const decline = { manifest: ["decline\tCounter\tit draws to a canvas"] };
  for (const [old, fresh] of /** @type {Partial<Shape>[][]} */ ([
    [decline, {}],
    [{}, decline],
  ])) {
    const { page } = await started(old);
    const swap = await page.update(2, page.version("b", counter("B", fresh)));
    assert.deepEqual([swap.outcome, swap.events, swap.step], ["declined", [], null]);
    assert.match(swap.error ?? "", /`Counter` accepts no hot update: it draws to a canvas/);
    assert.equal(page.reloads.length, 1);
    assert.equal(shown(page)[0], "A");
  }
});

test("a component that is not mounted declines nothing", async () => {
  const { page } = await started();
  const swap = await page.update(2, page.version("b", counter("B", { manifest: ["decline\tOther\tit draws"] })));
  assert.deepEqual([swap.outcome, page.reloads], ["committed", []]);
});

test("a trap on probation undoes the swap with the state from before", async () => {
  const { page } = await started();
  page.get("button").click();
  const bad = page.version("b", counter("B", { panic: PANIC, handlers: { 5: { trap: true } } }));
  const swap = await page.update(2, bad);
  assert.deepEqual([swap.outcome, swap.events], ["committed", SWAPPED]);
  page.get("button").click();
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  // What comes until it is undone goes to the version from before.
  page.get("button").click();
  const { sequence, swaps } = await page.swapped();
  assert.equal(sequence, 2);
  assert.deepEqual([swaps[0]?.outcome, swaps[0]?.hash, swaps[0]?.events, swaps[0]?.step], ["undone", "b", UNDONE, null]);
  assert.match(swaps[0]?.error ?? "", /boom \(src\/lib.rs:7\)/);
  assert.deepEqual(shown(page), ["A", "2"]);
  assert.deepEqual(page.engine.versions, [{ module: "counter", hash: "a" }]);
  assert.deepEqual(page.engine.learn([bad]), [], "the hash is refused");
  page.get("button").click();
  assert.deepEqual(shown(page), ["A", "3"]);
});

test("after eight calls a trap restarts the version that runs", async () => {
  const { page } = await started();
  await page.update(2, page.version("b", counter("B", { handlers: { 5: { trap: true } } })));
  for (let call = 0; call < 8; call++) page.get("button").click();
  page.timers.pass(1000);
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  const { sequence, swaps } = await page.swapped();
  assert.deepEqual([sequence, swaps[0]?.outcome, swaps[0]?.hash], [null, "committed", "b"]);
  assert.deepEqual(shown(page), ["B", "8"]);
});

const ILL = '{"instances":[{"instance":1,"component":"Counter","error":"the list is empty"}]}';

test("a failed health check right after commit undoes the swap", async () => {
  const { page } = await started();
  const swap = await page.update(2, page.version("b", counter("B", { ill: { from: 0, report: ILL } })));
  assert.equal(swap.outcome, "committed");
  const { swaps } = await page.swapped();
  assert.equal(swaps[0]?.outcome, "undone");
  assert.match(swaps[0]?.error ?? "", /the instance 1 of `Counter`: the list is empty/);
  assert.deepEqual(shown(page), ["A", "0"]);
});

test("health is asked once more after the eighth call", async () => {
  const { page } = await started();
  await page.update(2, page.version("b", counter("B", { ill: { from: 2, report: ILL } })));
  for (let call = 0; call < 7; call++) page.get("button").click();
  await page.settled();
  assert.deepEqual(shown(page), ["B", "7"]);
  page.get("button").click();
  const { swaps } = await page.swapped();
  assert.deepEqual([swaps[0]?.outcome, ...shown(page)], ["undone", "A", "0"]);
});

test("a failed health check of the first version is reported, as there is none from before", async () => {
  const { page } = await started({ ill: { from: 0, report: ILL } });
  assert.match(page.problems.join(), /the module `counter` is not well/);
  assert.deepEqual(shown(page), ["A", "0"]);
});

test("a step through history does not end the probation", async () => {
  const { page } = await started();
  page.timers.pass(1000);
  page.get("button").click();
  page.timers.pass(1000);
  await page.update(2, page.version("b", counter("B", { handlers: { 5: { trap: true } } })));
  await page.engine.control.goTo("counter", () => 0);
  await page.swapped();
  assert.deepEqual(shown(page), ["B", "0"]);
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  const { swaps } = await page.swapped();
  assert.deepEqual([swaps[0]?.outcome, ...shown(page)], ["undone", "A", "1"]);
});

test("code that is stopped and loaded again has nothing to be undone to", async () => {
  const { page } = await started();
  await page.update(2, page.version("b", counter("B", { handlers: { 5: { trap: true } } })));
  const place = page.get("hmr-component");
  place.remove();
  await page.settled();
  page.document.body.append(place);
  await page.swapped();
  page.timers.pass(1000);
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  const { swaps } = await page.swapped();
  assert.deepEqual([swaps[0]?.outcome, swaps[0]?.hash, shown(page)[0]], ["committed", "b", "B"]);
});

test("an update that comes while the one before fails on probation takes its place", async () => {
  const { page } = await started();
  await page.update(2, page.version("b", counter("B", { handlers: { 5: { trap: true } } })));
  /** @type {() => void} */
  let release = () => {};
  page.slow.set("c", new Promise((resolve) => (release = () => resolve(undefined))));
  page.engine.update(3, [page.version("c", counter("C"))]);
  await page.settled();
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  release();
  const { sequence, swaps } = await page.swapped();
  assert.deepEqual([sequence, swaps[0]?.outcome, page.get("h2").textContent], [3, "committed", "C"]);
  page.get("button").click();
  assert.equal(page.get("button").textContent, "1");
});

test("a version from before that cannot take its state up again starts without it", async () => {
  const page = new Page(PLACE);
  await page.start(page.version("a", counter("A", { traps: ["restore_state"] })));
  await page.update(2, page.version("b", counter("B", { handlers: { 5: { trap: true } } })));
  page.get("button").click();
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  const { swaps } = await page.swapped();
  assert.equal(swaps[0]?.outcome, "undone");
  assert.match(swaps[0]?.error ?? "", /starts without/);
  await page.swapped();
  assert.deepEqual(shown(page), ["A", "0"]);
});

test("the generation rises with each commit", async () => {
  const { page } = await started();
  await page.update(2, page.version("b", counter("B", { traps: ["restore_state"] })));
  assert.equal(page.engine.modules()[0]?.generation, 1);
  await page.update(3, page.version("c", counter("C")));
  const [facts] = page.engine.modules();
  assert.deepEqual([facts?.generation, facts?.hash, facts?.previousKeys], [2, "c", { 1: ["n"] }]);
});

test("an instance whose place an update takes away is pruned before it is unmounted, others are not", async () => {
  const inner = { module: "other", component: "Counter" };
  const page = new Page(PLACE);
  const outer = guest({ views: [{ tag: "hmr-component", attributes: inner }] });
  await page.start(page.version("a", outer), page.version("x", counter("X", { prunes: true }), "other"));
  await page.swapped();
  await page.update(2, page.version("b", guest({ views: ["empty"] })));
  assert.equal(page.logs.filter((line) => line.includes("pruned")).length, 1);
  await page.update(3, page.version("c", outer));
  await page.swapped();
  page.get("hmr-component").remove();
  await page.settled();
  assert.equal(page.logs.filter((line) => line.includes("pruned")).length, 1);
});

test("a state that makes no sense is a trap, and the place of such an instance is taken away and brought back all the same", async () => {
  const inner = { module: "other", component: "Counter" };
  const page = new Page(PLACE);
  const outer = guest({ views: [{ tag: "hmr-component", attributes: inner }] });
  await page.start(page.version("a", outer), page.version("x", counter("X", { prunes: true, snapshot: "{}" }), "other"));
  await page.swapped();
  await page.update(2, page.version("b", guest({ views: ["empty"] })));
  assert.ok(page.traps.length > 0);
  assert.match(page.traps[0]?.message ?? "", /`capture_state` answered something that is not a snapshot/);
  await page.update(3, page.version("c", outer));
  await page.swapped();
  assert.equal(page.logs.filter((line) => line.includes("is taken up")).length, 0);
  assert.equal(page.engine.modules().find(({ module }) => module === "other")?.instances.length, 1);
});

test("an invalidated instance is mounted again in its nodes, and at the page the reason is reported", async () => {
  const { page } = await started({ handlers: { 5: { invalidate: "the feed is of another format" } } });
  const button = page.get("button");
  button.click();
  button.dispatchEvent(new page.window.Event("keydown"));
  assert.deepEqual([...shown(page), page.get("button")], ["A", "0", button]);
  assert.match(page.problems.join(), /the invalidation of the instance 1 of `counter` went up to the page: the feed is of another format/);
});

test("an invalidation goes upwards, each instance at most once", async () => {
  const page = new Page(PLACE);
  const place = { tag: "hmr-component", attributes: { module: "other", component: "Counter" } };
  const views = [{ tag: "button", listen: { click: 1 }, children: ["0"] }, place];
  const other = guest({
    views: [{ tag: "b", listen: { keydown: 5 }, children: ["0"] }],
    digit: 2,
    handlers: { 5: { invalidate: "inner" } },
  });
  await page.start(page.version("a", guest({ views, digit: 2, invalidates: "outer" })), page.version("x", other, "other"));
  await page.swapped();
  page.get("button").click();
  assert.deepEqual(page.problems, []);
  // The inner one is mounted again; the outer one, rendered again with its odd state, invalidates in turn.
  page.get("b").dispatchEvent(new page.window.Event("keydown"));
  assert.equal(page.get("button").textContent, "0");
  assert.deepEqual(
    page.problems.map((text) => /to the page: (\w+)/.exec(text)?.[1]),
    ["outer"],
  );
});

test("code that always invalidates cannot stop the page", async () => {
  const { page } = await started({ initial: 1, invalidates: "never well" });
  assert.equal(page.logs.filter((text) => /was invalidated again and is left as it is: never well/.test(text)).length, 1);
  assert.deepEqual(shown(page), ["A", "1"]);
});

test("what was invalidated during a swap is reported with it, and handled after commit", async () => {
  const { page } = await started();
  page.get("button").click();
  const swap = await page.update(2, page.version("b", counter("B", { invalidates: "odd" })));
  assert.deepEqual([swap.outcome, swap.invalidated], ["committed", [{ instance: 1, reason: "odd" }]]);
  assert.deepEqual(shown(page), ["B", "0"]);
});

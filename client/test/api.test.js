import assert from "node:assert/strict";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import wabt from "wabt";
import { createApi } from "../api/create-api.js";
import { Tool } from "../tool/requests.js";
import { guest } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** @typedef {import("./support/guest.js").Shape} Shape */

const { parseWat } = await wabt();
const VALUE = '(func (export "value") (result i32) (i32.load (i32.const 512)))';
const ADD = '(func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))';
const BOOM = '(func (export "boom") unreachable)';

/**
 * @param {string} title
 * @param {Partial<Shape>} [other]
 */
function counter(title, other = {}) {
  return guest({
    views: [
      { tag: "h2", children: [title] },
      { tag: "button", listen: { click: 1 }, children: ["0"] },
    ],
    digit: 4,
    functions: [VALUE, ADD, BOOM],
    ...other,
  });
}

function spawn() {
  const thread = new Worker(new URL("./support/isolate.js", import.meta.url));
  /** @type {import("../extra/isolated-runs.js").WorkerLike} */
  const worker = {
    onmessage: null,
    onerror: null,
    postMessage: (/** @type {unknown} */ data) => thread.postMessage(data),
    terminate: () => void thread.terminate(),
  };
  thread.on("message", (data) => worker.onmessage?.(/** @type {MessageEvent} */ ({ data })));
  thread.on("error", (error) => worker.onerror?.(error));
  return worker;
}

/** @param {Partial<Shape>} [other] */
async function started(other) {
  const page = new Page(PLACE);
  /** @type {{ url: string, method: string, token: string | null, body: string }[]} */
  const asked = [];
  /** @type {Record<string, string>} */
  const answers = {};
  const fetch = async (/** @type {any} */ url, /** @type {RequestInit} */ options = {}) => {
    const body = String(options.body ?? "");
    asked.push({ url, method: options.method ?? "GET", token: new Headers(options.headers).get("x-hmr-token"), body });
    const answer = answers[url];
    return answer === undefined ? new Response("there is no snapshot `x`\nhint: look", { status: 404 }) : new Response(answer);
  };
  /** @type {unknown[]} */
  const failures = [];
  /** @type {[string, string][]} */
  const downloads = [];
  const { hmr, emit } = createApi({
    engine: page.engine,
    tool: new Tool(fetch, () => "secret"),
    spawn,
    fetch,
    timers: { setTimeout, clearTimeout },
    download: (name, text) => void downloads.push([name, text]),
    connected: () => true,
    failed: (error) => void failures.push(error),
  });
  page.onSwap = (detail) => emit("swap", detail);
  await page.start(page.version("a", counter("A", other)));
  return { page, hmr, emit, asked, answers, failures, downloads };
}

/** @param {Page} page */
const shown = (page) => [page.get("h2").textContent, page.get("button").textContent];

test("who asks for `ready` after it was emitted is called back, once", async () => {
  const { hmr, emit, failures } = await started();
  /** @type {unknown[]} */
  const received = [];
  hmr.on("ready", (detail) => void received.push(["early", detail]));
  emit("ready", { page: "p" });
  hmr.on("ready", (detail) => void received.push(["late", detail]));
  hmr.on("ready", () => {
    throw new Error("mistaken");
  });
  const end = hmr.on("ready", () => void received.push(["ended", null]));
  end();
  await Promise.resolve();
  assert.deepEqual(received, [
    ["early", { page: "p" }],
    ["late", { page: "p" }],
  ]);
  assert.equal(failures.length, 1);
});

test("modules and counts are reported", async () => {
  const { page, hmr } = await started();
  await page.update(2, page.version("b", counter("B")));
  await page.update(3, page.version("c", counter("C", { traps: ["restore_state"] })));
  const declared = ["component\tOther\tsrc/other.rs\t1", "version\tCounter\t1.1.0", "migration\tCounter\t1.0.0\t1.1.0", "later\tkind"];
  await page.update(4, page.version("d", counter("D", { manifest: declared })));
  assert.deepEqual(hmr.modules()[0]?.versions, { Counter: "1.1.0" });
  assert.equal(hmr.modules()[0]?.source, "src/lib.rs");
  assert.deepEqual(hmr.modules()[0]?.migrations, [{ component: "Counter", from: "1.0.0", to: "1.1.0" }]);
  await hmr.rollback("counter");
  const [facts] = hmr.modules();
  assert.deepEqual([facts?.module, facts?.hash, facts?.previous, facts?.running, facts?.generation], ["counter", "b", "d", true, 4]);
  page.timers.pass(1000);
  assert.deepEqual([hmr.modules()[0]?.keys, facts?.previousKeys], [{ 1: ["n"] }, { 1: ["n"] }]);
  assert.deepEqual(facts?.instances, [{ instance: 1, component: "Counter", status: "mounted" }]);
  const { swaps, committed, rolledBack, connected } = hmr.stats();
  assert.deepEqual([swaps, committed, rolledBack, connected], [5, 4, 1, true]);
});

test("callbacks receive events until they are taken away, and one that fails harms no other", async () => {
  const { page, hmr, failures } = await started();
  /** @type {unknown[]} */
  const received = [];
  hmr.on("swap", () => {
    throw new Error("mine");
  });
  const end = hmr.on("swap", ({ swaps }) => void received.push(swaps[0]?.hash));
  await page.update(2, page.version("b", counter("B")));
  end();
  await page.update(3, page.version("c", counter("C")));
  assert.deepEqual([received, failures.map(String)], [["b"], ["Error: mine", "Error: mine"]]);
});

test("an event or a callback that is none is refused", async () => {
  const { hmr } = await started();
  assert.throws(() => hmr.on(/** @type {any} */ ("swaps"), () => {}), /there is no event `swaps`; the events are `ready`, `swap`/);
  assert.throws(() => hmr.on("swap", /** @type {any} */ (null)), /must be a function/);
});

test("a module's update is reported with what ran before, an undoing too", async () => {
  const { page, hmr } = await started();
  /** @type {unknown[]} */
  const received = [];
  const end = hmr.onModuleUpdate("counter", (next, previous) => void received.push([previous.hash, next.hash, next.generation]));
  hmr.onModuleUpdate("other", () => void received.push("other"));
  await page.update(
    2,
    page.version("b", counter("B", { ill: { from: 0, report: '{"instances":[{"instance":1,"component":"Counter","error":"ill"}]}' } })),
  );
  await page.swapped();
  await page.update(3, page.version("c", counter("C", { traps: ["restore_state"] })));
  end();
  await page.update(4, page.version("d", counter("D")));
  assert.deepEqual(received, [
    ["a", "b", 2],
    ["b", "a", 3],
  ]);
});

test("a module's proxy reaches the newest code, and old references stay valid", async () => {
  const { page, hmr } = await started();
  const module = hmr.module("counter");
  const { value, add } = module;
  page.get("button").click();
  assert.deepEqual([value(), add(2, 3), hmr.module("counter") === module, module.value === value], [1, 5, true, true]);
  const before = module.memory;
  await page.update(
    2,
    page.version(
      "b",
      counter("B", { functions: [VALUE, '(func (export "add") (param i32 i32) (result i32) (i32.mul (local.get 0) (local.get 1)))'] }),
    ),
  );
  assert.deepEqual([value(), add(2, 3), module.memory === before], [1, 6, false]);
  assert.deepEqual(
    ["value" in module, "boom" in module, "hmr_dispose" in module, module.hmr_dispose, module.nothing],
    [true, false, false, undefined, undefined],
  );
});

test("a call that cannot be made says why", async () => {
  const { page, hmr } = await started();
  const { add, boom } = hmr.module("counter");
  assert.throws(() => hmr.module("nope").add(1), /there is no module `nope`; the modules are `counter`/);
  await page.update(2, page.version("b", counter("B", { functions: [BOOM] })));
  assert.throws(() => add(1, 2), /has no export `add`/);
  for (let call = 0; call < 8; call++) page.get("button").click();
  assert.throws(() => boom(), /unreachable/);
  assert.throws(() => boom(), /the module has trapped/);
  await page.swapped();
  page.get("hmr-component").remove();
  await page.settled();
  assert.throws(() => boom(), /no code of it runs/);
});

test("a trap in a proxy's call on probation undoes the swap", async () => {
  const { page, hmr } = await started();
  await page.update(2, page.version("b", counter("B")));
  assert.throws(() => hmr.module("counter").boom());
  assert.throws(() => hmr.module("counter").add(1, 2), /has trapped/);
  const { swaps } = await page.swapped();
  assert.deepEqual([swaps[0]?.outcome, shown(page)[0]], ["undone", "A"]);
});

test("a patched function stands in for an export over swaps, for scripts and for the engine", async () => {
  const { page, hmr } = await started();
  /** @type {unknown[]} */
  const seen = [];
  const patch = hmr.patchFunction("counter", "add", (original) => (a, b) => {
    seen.push([a, b]);
    return original(a, b) * 10;
  });
  const dispatches = hmr.patchFunction("counter", "hmr_dispatch", (original) => (...values) => {
    seen.push("event");
    return original(...values);
  });
  const { add } = hmr.module("counter");
  assert.equal(add(1, 2), 30);
  await page.update(2, page.version("b", counter("B")));
  page.get("button").click();
  assert.deepEqual([add(2, 2), seen, shown(page)], [40, [[1, 2], "event", [2, 2]], ["B", "1"]]);
  patch.rollback();
  dispatches.rollback();
  page.get("button").click();
  assert.deepEqual([add(2, 2), seen.length], [4, 3]);
  assert.throws(() => hmr.patchFunction("counter", "nope", (original) => original), /has no export `nope`/);
});

test("patches lie over one another, and each is taken away by itself", async () => {
  const { hmr } = await started();
  const first = hmr.patchFunction("counter", "add", (original) => (a, b) => original(a, b) + 1);
  hmr.patchFunction("counter", "add", (original) => (a, b) => original(a, b) * 2);
  const { add } = hmr.module("counter");
  assert.equal(add(1, 1), 6);
  first.rollback();
  assert.equal(add(1, 1), 4);
});

test("a wrapper that fails leaves the original's answer, and the module alive", async () => {
  const { page, hmr } = await started();
  hmr.patchFunction("counter", "hmr_dispatch", () => () => {
    throw new Error("mine");
  });
  page.get("button").click();
  assert.equal(shown(page)[1], "1");
  assert.match(page.logs.join("\n"), /the wrapper of `hmr_dispatch` failed, so the original answers: mine/);
  assert.deepEqual(page.traps, []);
});

test("a wrapper that catches a trap hides nothing", async () => {
  const { page, hmr } = await started({ traps: ["hmr_dispatch"] });
  hmr.patchFunction("counter", "hmr_dispatch", (original) => (...values) => {
    try {
      return original(...values);
    } catch {
      return 0;
    }
  });
  page.get("button").click();
  assert.deepEqual(
    page.traps.map(({ message }) => message),
    ["unreachable"],
  );
});

test("an argument of another type is the caller's mistake, and no trap", async () => {
  const { page, hmr } = await started({ functions: [ADD, '(func (export "seek") (param i64) (result i64) (local.get 0))'] });
  await page.update(
    2,
    page.version("b", counter("B", { functions: [ADD, '(func (export "seek") (param i64) (result i64) (local.get 0))'] })),
  );
  assert.throws(() => hmr.module("counter").seek(5), /`seek`: .*BigInt/);
  assert.equal(hmr.module("counter").seek(5n), 5n);
  assert.deepEqual([page.traps, hmr.module("counter").add(1, 2)], [[], 3]);
});

test("code that hands over without end is cut", async () => {
  const { page, hmr } = await started({
    functions: ['(func (export "flood") (loop $on (call $log (i32.const 1) (i32.const 0) (i32.const 0)) (br $on)))'],
  });
  assert.throws(() => hmr.module("counter").flood(), /one call handed over more than an engine takes/);
  assert.equal(page.traps.length, 1);
});

test("a profile counts calls, time and errors by export", async () => {
  const { page, hmr } = await started();
  hmr.patchFunction("counter", "add", (original) => (a, b) => {
    page.timers.now += 5;
    return original(a, b);
  });
  const profile = hmr.profile("counter");
  hmr.module("counter").add(1, 2);
  await page.update(2, page.version("b", counter("B", { functions: [ADD, BOOM] })));
  hmr.module("counter").add(1, 2);
  assert.throws(() => hmr.module("counter").boom());
  const { add, boom } = profile.metrics();
  assert.deepEqual([add, boom?.calls, boom?.errors], [{ calls: 2, total: 10, self: 10, errors: 0 }, 1, 1]);
  profile.stop();
  await page.swapped();
  hmr.module("counter").add(1, 2);
  assert.equal(profile.metrics().add?.calls, 2);
});

test("calls that take clearly longer than in the version before are reported, once", async () => {
  const { page, hmr } = await started();
  let ms = 2;
  hmr.patchFunction("counter", "add", (original) => (a, b) => {
    page.timers.now += ms;
    return original(a, b);
  });
  const { add } = hmr.module("counter");
  for (let call = 0; call < 20; call++) add(1, 2);
  await page.update(2, page.version("b", counter("B")));
  ms = 4;
  for (let call = 0; call < 19; call++) add(1, 2);
  assert.deepEqual(page.slowed, []);
  for (let call = 0; call < 30; call++) add(1, 2);
  assert.deepEqual(page.slowed, [{ module: "counter", hash: "b", before: "a", call: "add", calls: 20, beforeMs: 2, afterMs: 4 }]);
});

test("reload starts the code again, with its state or without", async () => {
  const { page, hmr } = await started();
  page.get("button").click();
  const swap = await hmr.reload("counter");
  assert.deepEqual([swap.outcome, swap.hash, ...shown(page)], ["committed", "a", "A", "1"]);
  const clean = await hmr.reload("counter", { state: false });
  assert.deepEqual(clean.events, ["prepare", "quiesce", "instantiate", "restore", "render", "commit", "probation"]);
  await page.settled();
  assert.deepEqual(shown(page), ["A", "0"]);
});

test("rollback goes back to the version before, without fetching it, and keeps the state", async () => {
  const { page, hmr } = await started();
  await assert.rejects(hmr.rollback("counter"), /there is no version of `counter` from before/);
  await page.update(2, page.version("b", counter("B")));
  page.get("button").click();
  page.files.a = "offline";
  const swap = await hmr.rollback("counter");
  assert.deepEqual([swap.outcome, ...shown(page)], ["committed", "A", "1"]);
});

test("use makes this page run a version", async () => {
  const { page, hmr } = await started();
  page.version("old", counter("OLD"));
  const swap = await hmr.use("counter", "old");
  assert.deepEqual([swap.outcome, shown(page)[0], hmr.modules()[0]?.components], ["committed", "OLD", ["Counter"]]);
  await assert.rejects(hmr.use("nope", "x"), /there is no module/);
});

test("what a script chose stays when the tool greets again, until it names another version", async () => {
  const { page, hmr } = await started();
  const [a, b] = [page.version("a", counter("A")), page.version("b", counter("B"))];
  page.version("old", counter("OLD"));
  await hmr.use("counter", "old");
  assert.deepEqual(page.engine.learn([a]), [], "the tool has named it before");
  assert.deepEqual(page.engine.learn([b]), [b]);
  await page.engine.update(2, [b]);
  await hmr.rollback("counter");
  assert.deepEqual([page.engine.learn([b]), shown(page)[0]], [[], "OLD"]);
  await page.engine.update(3, [b]);
  assert.equal(shown(page)[0], "B", "asked for by the tool");
});

test("a version that could not be chosen leaves the tool's in charge", async () => {
  const { page, hmr } = await started();
  const b = page.version("b", counter("B"));
  page.version("bad", counter("BAD", { traps: ["restore_state"] }));
  page.engine.learn([b]);
  assert.equal((await hmr.use("counter", "bad")).outcome, "rolled-back");
  assert.deepEqual(page.engine.learn([b]), [b]);
});

test("history is stepped through by scripts", async () => {
  const { page, hmr } = await started();
  page.timers.pass(1000);
  page.get("button").click();
  page.timers.pass(1000);
  assert.deepEqual([hmr.history("counter").at, hmr.history("counter").entries.length], [1, 2]);
  await hmr.step("counter", -1);
  assert.equal(shown(page)[1], "0");
  await hmr.goTo("counter", 1);
  assert.equal(shown(page)[1], "1");
});

test("snapshots go to the tool and come back, or are files", async () => {
  const { page, hmr, asked, answers, downloads } = await started();
  page.get("button").click();
  answers["/@hmr/snapshots/one%20click"] = "";
  const text = await hmr.saveSnapshot("one click");
  assert.deepEqual(asked, [{ url: "/@hmr/snapshots/one%20click", method: "POST", token: "secret", body: text }]);
  await hmr.saveSnapshot("mine", { to: "download" });
  assert.equal(downloads[0]?.[0], "mine.json");
  answers["/@hmr/snapshots/one%20click"] = text;
  for (const from of ["one click", text, new Blob([text]), JSON.parse(text)]) {
    page.get("button").click();
    const { swaps } = await hmr.loadSnapshot(from);
    assert.deepEqual([swaps[0]?.outcome, shown(page)[1]], ["committed", "1"]);
  }
  await assert.rejects(hmr.loadSnapshot("x"), /there is no snapshot `x`\nhint: look/);
});

test("versions are asked of the tool", async () => {
  const { hmr, asked, answers } = await started();
  answers["/@hmr/versions"] = '{"modules":[{"module":"counter","current":"a","pinned":null,"versions":[{"hash":"a"}]}]}';
  answers["/@hmr/versions/pin"] = "{}";
  answers["/@hmr/versions/compare?module=counter&from=a&to=b"] = '{"from":1}';
  assert.equal((await hmr.versions("counter")).versions[0].hash, "a");
  await assert.rejects(hmr.versions("nope"), /knows no module `nope`/);
  await hmr.pin("counter", "a");
  await hmr.pin("counter", null);
  assert.deepEqual(await hmr.compare("counter", "a", "b"), { from: 1 });
  const pins = asked.filter(({ method }) => method === "POST").map(({ body, token }) => [body, token]);
  assert.deepEqual(pins, [
    ['{"module":"counter","hash":"a"}', "secret"],
    ['{"module":"counter","hash":null}', "secret"],
  ]);
});

test("what all pages run, experiments and saved snapshots are asked of the tool", async () => {
  const { hmr, asked, answers } = await started();
  Object.assign(answers, { "/@hmr/versions/restore": "{}", "/@hmr/experiments": '{"experiments":[{"module":"counter"}]}' });
  Object.assign(answers, { "/@hmr/snapshots": '{"snapshots":[{"name":"x y"}]}', "/@hmr/snapshots/x%20y": "" });
  await hmr.restore("counter", "a");
  await hmr.startExperiment("counter", [{ hash: "newest" }, { hash: "a", weight: 3 }]);
  await hmr.endExperiment("counter");
  await hmr.deleteSnapshot("x y");
  const sent = asked.map(({ method, url, body }) => `${method} ${url} ${body}`);
  assert.deepEqual(sent, [
    'POST /@hmr/versions/restore {"module":"counter","hash":"a"}',
    'POST /@hmr/experiments {"module":"counter","variants":[{"hash":"newest"},{"hash":"a","weight":3}]}',
    'POST /@hmr/experiments {"module":"counter","variants":[]}',
    "DELETE /@hmr/snapshots/x%20y ",
  ]);
  assert.ok(asked.every(({ token }) => token === "secret"));
  assert.deepEqual([(await hmr.experiments())[0]?.module, (await hmr.snapshots())[0]?.name], ["counter", "x y"]);
  await assert.rejects(hmr.deleteSnapshot("x"), /there is no snapshot `x`/);
});

/** @param {string} wat */
const wasm = (wat) => new Uint8Array(parseWat("m.wat", wat, { bulk_memory: true }).toBinary({}).buffer);
const ECHO = wasm(`(module (memory (export "memory") 1) (func (export "hmr_alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "run") (param i32 i32) (result i32) (i32.store (i32.const 1020) (local.get 1)) (i32.const 1020)))`);

test("a module runs by itself with a context, or for a number", async () => {
  const { hmr } = await started();
  assert.deepEqual(await hmr.execute(ECHO, { a: [1, "ü"] }), { value: { a: [1, "ü"] }, logs: [] });
  assert.equal((await hmr.execute(wasm('(module (func (export "run") (result i32) (i32.const 42)))'))).value, 42);
});

test("a module that runs by itself cannot hold the page up, nor reach it", async () => {
  const { hmr } = await started();
  const endless = wasm('(module (func (export "run") (result i32) (loop (br 0)) (i32.const 0)))');
  await assert.rejects(hmr.execute(endless, null, { timeLimit: 200 }), /ran for more than 200 ms/);
  await assert.rejects(hmr.execute(wasm('(module (import "env" "fetch" (func)))')), /imports `env.fetch`/);
  await assert.rejects(hmr.execute(wasm("(module)")), /has no function `run`/);
  await assert.rejects(hmr.execute(wasm('(module (func (export "run") unreachable))')), /unreachable/);
  await assert.rejects(hmr.execute(new Uint8Array([1, 2, 3])), /expected/);
  await assert.rejects(hmr.execute("/nothing.wasm"), /the server answered 404/);
});

test("cleanup ends what was begun", async () => {
  const { page, hmr } = await started();
  let received = 0;
  hmr.on("swap", () => void received++);
  hmr.patchFunction("counter", "add", () => () => 0);
  hmr.profile("counter");
  const running = hmr.execute(wasm('(module (func (export "run") (loop (br 0))))'));
  hmr.cleanup();
  await assert.rejects(running, /the page ended it/);
  await page.update(2, page.version("b", counter("B")));
  assert.deepEqual([received, hmr.module("counter").add(1, 2)], [0, 3]);
});

test("host functions are registered by scripts", async () => {
  const { hmr } = await started();
  const end = hmr.host("greet", () => "hello");
  end();
  end();
  assert.equal(typeof hmr.host("greet", () => "again"), "function");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { guest } from "./support/guest.js";
import { op, root } from "./support/ops.js";
import { PLACE, Page } from "./support/page.js";

/** @typedef {import("./support/guest.js").Shape} Shape */

const PANIC = { message: "index out of bounds", file: "src/lib.rs", line: 42, column: 9 };

/**
 * A component with a button that counts.
 * @param {string} title
 * @param {Partial<Shape>} [other]
 */
function counter(title, other = {}) {
  return guest({
    views: [{ tag: "h2", children: [title] }, { tag: "button", listen: { click: 1 }, children: ["0"] }, { tag: "input" }],
    digit: 4,
    panic: PANIC,
    ...other,
  });
}

/** @param {Partial<Shape>} [other] */
async function started(other) {
  const page = new Page(PLACE);
  await page.start(page.version("a", counter("A", other)));
  return page;
}

test("a placed component is mounted in the place of what stood there", async () => {
  const page = await started();
  assert.equal(page.html, "<h2>A</h2><button>0</button><input>");
});

test("a first update of several modules is not a problem of those whose turn comes later", async () => {
  const page = new Page(`${PLACE}<hmr-component module="later" component="Counter"></hmr-component>`);
  // The page is open before anything is built.
  page.document.body.innerHTML = page.body;
  await new Promise((resolve) => setImmediate(resolve));
  /** @type {() => void} */
  let release = () => {};
  page.slow.set("b", new Promise((resolve) => (release = () => resolve(undefined))));
  const done = page.update(1, page.version("a", counter("A")), page.version("b", counter("B"), "later"));
  for (let turn = 0; turn < 200 && page.engine.modules()[0]?.running !== true; turn++)
    await new Promise((resolve) => setImmediate(resolve));
  release();
  await done;
  assert.deepEqual(
    page.engine.modules().map(({ hash }) => hash),
    ["a", "b"],
  );
  assert.deepEqual([page.problems, [...page.shown.values()]], [[], []]);
});

test("an event runs its handler", async () => {
  const page = await started();
  page.get("button").click();
  page.get("button").click();
  assert.equal(page.get("button").textContent, "2");
});

test("a swap keeps the state and the nodes, and acknowledges", async () => {
  const page = await started();
  page.get("button").click();
  const nodes = [page.get("button"), page.get("input")];
  page.get("input").value = "typed";
  page.get("input").focus();
  const report = { instances: [{ instance: 1, component: "Counter", keys: { n: { outcome: "kept" } } }] };
  const swap = await page.update(7, page.version("b", counter("B", { report: JSON.stringify(report) })));
  assert.equal(page.html, "<h2>B</h2><button>1</button><input>");
  assert.deepEqual([page.get("button"), page.get("input")], nodes);
  assert.equal(page.document.activeElement, page.get("input"));
  assert.equal(page.get("input").value, "typed");
  assert.deepEqual([swap.outcome, swap.hash, swap.report], ["committed", "b", report]);
  assert.deepEqual(swap.events, ["prepare", "quiesce", "capture", "instantiate", "migrate", "restore", "render", "commit", "probation"]);
  page.get("button").click();
  assert.equal(page.get("button").textContent, "2");
  assert.deepEqual(page.engine.versions, [{ module: "counter", hash: "b" }]);
});

test("the version that runs is unchanged", async () => {
  const page = await started();
  const swap = await page.update(2, page.version("a", counter("A")));
  assert.deepEqual([swap.outcome, swap.events], ["unchanged", []]);
});

/** @type {[string, import("../tool/protocol.js").Step, RegExp, Uint8Array | "offline"][]} */
const BROKEN = [
  ["a file that cannot be fetched", "prepare", /cannot be fetched/, "offline"],
  ["garbage", "prepare", /expected magic word/, new TextEncoder().encode("garbage!")],
  ["no manifest", "prepare", /has no section `hmr.manifest`/, counter("B", { lonely: true })],
  ["another ABI", "prepare", /speaks version 2 of the ABI/, counter("B", { abi: "2" })],
  ["a missing export", "prepare", /does not export `capture_state`/, counter("B", { missing: "capture_state" })],
  ["a missing memory", "prepare", /does not export its `memory`/, counter("B", { missing: "memory" })],
  ["a mistyped export", "prepare", /`capture_state` has another type/, counter("B", { mistyped: "capture_state" })],
  ["a foreign import", "prepare", /imports `env.fetch`/, counter("B", { foreign: "fetch" })],
  ["a trap while components register", "instantiate", /index out of bounds \(src\/lib.rs:42\)/, counter("B", { traps: ["hmr_component"] })],
  ["a trap in restore", "restore", /index out of bounds \(src\/lib.rs:42\)/, counter("B", { traps: ["restore_state"] })],
  ["a malformed report", "restore", /not a report/, counter("B", { report: "[" })],
  [
    "an instance with an error",
    "restore",
    /`Counter` cannot be restored: missing field `title`/,
    counter("B", { report: JSON.stringify({ instances: [{ instance: 1, component: "Counter", error: "missing field `title`" }] }) }),
  ],
  ["operations that make no sense", "restore", /the node 9, which does not exist/, counter("B", { ops: [op.remove(9)] })],
  ["operations that do not decode", "restore", /99 is not an opcode/, counter("B", { ops: [[99]] })],
];

for (const [what, step, error, bytes] of BROKEN) {
  test(`${what} rolls the swap back, and the old code goes on`, async () => {
    const page = await started();
    page.get("button").click();
    const [before, button] = [page.html, page.get("button")];
    const swap = await page.update(3, page.version("b", bytes));
    assert.deepEqual([swap.outcome, swap.step, swap.events.at(-1)], ["rolled-back", step, "rollback"]);
    assert.match(swap.error ?? "", error);
    assert.equal(page.html, before);
    button.click();
    assert.equal(button.textContent, "2");
    assert.deepEqual(page.traps, []);
    const good = await page.update(4, page.version("c", counter("C")));
    assert.equal(good.outcome, "committed");
    assert.equal(page.html, "<h2>C</h2><button>2</button><input>");
  });
}

test("one module's failure does not touch another's swap", async () => {
  const page = new Page(`${PLACE}<hmr-component module="other" component="Counter"></hmr-component>`);
  const versions = [page.version("a", counter("A")), page.version("x", counter("X"), "other")];
  page.engine.learn(versions);
  page.document.body.innerHTML = page.body;
  await page.swapped();
  await page.swapped();
  const broken = page.version("b", counter("B", { traps: ["restore_state"] }));
  page.engine.update(5, [broken, page.version("y", counter("Y"), "other")]);
  const { swaps } = await page.swapped();
  assert.deepEqual(
    swaps.map(({ module, outcome }) => [module, outcome]),
    [
      ["counter", "rolled-back"],
      ["other", "committed"],
    ],
  );
  assert.deepEqual(
    [...page.document.querySelectorAll("h2")].map(({ textContent }) => textContent),
    ["A", "Y"],
  );
});

test("a capture that traps falls back on the last good state", async () => {
  const page = await started({ handlers: { 5: { trap: true } } });
  page.get("button").click();
  page.timers.pass(1000);
  const swap = await page.update(2, page.version("b", counter("B", { traps: ["capture_state"] })));
  assert.equal(swap.outcome, "committed");
  const next = await page.update(3, page.version("c", counter("C")));
  assert.equal(next.outcome, "committed");
  assert.equal(page.get("button").textContent, "1");
});

test("code whose capture traps is started again if the swap is rolled back", async () => {
  const page = await started({ traps: ["capture_state"] });
  const swap = await page.update(2, page.version("b", counter("B", { traps: ["restore_state"] })));
  assert.equal(swap.outcome, "rolled-back");
  const { swaps } = await page.swapped();
  assert.deepEqual([swaps[0]?.outcome, swaps[0]?.hash], ["committed", "a"]);
  page.get("button").click();
  assert.equal(page.get("button").textContent, "1");
});

test("a trap while the old code is disposed of is only logged", async () => {
  const page = await started({ traps: ["hmr_dispose"] });
  const swap = await page.update(2, page.version("b", counter("B")));
  assert.equal(swap.outcome, "committed");
  assert.match(page.logs.join("\n"), /old code trapped while it was disposed of/);
});

test("an event during a swap reaches the code that wins", async (t) => {
  const view = (/** @type {string} */ says, /** @type {string[]} */ traps) =>
    guest({ views: [{ tag: "button", listen: { click: 3 }, children: ["0"] }], handlers: { 3: { ops: [op.setText(2, says)] } }, traps });
  for (const traps of [[], ["restore_state"]]) {
    const page = new Page(PLACE);
    await page.start(page.version("a", view("old", [])));
    const button = page.get("button");
    const { instantiate } = WebAssembly;
    /** @type {string[]} */
    const shown = [];
    const during = t.mock.method(WebAssembly, "instantiate", (/** @type {[any, any]} */ ...args) => {
      button.click();
      shown.push(button.textContent ?? "");
      return instantiate(...args);
    });
    const swap = await page.update(2, page.version("b", view("new", traps)));
    during.mock.restore();
    assert.deepEqual(shown, ["0"], "the event waits");
    assert.equal(button.textContent, traps.length > 0 ? "old" : "new");
    assert.equal(swap.outcome, traps.length > 0 ? "rolled-back" : "committed");
  }
});

test("only the newest of the updates that wait is swapped in", async () => {
  const page = await started();
  /** @type {() => void} */
  let release = () => {};
  page.slow.set("b", new Promise((resolve) => (release = () => resolve(undefined))));
  page.engine.update(2, [page.version("b", counter("B"))]);
  page.engine.update(3, [page.version("c", counter("C"))]);
  page.engine.update(4, [page.version("d", counter("D"))]);
  release();
  const outcomes = [await page.swapped(), await page.swapped(), await page.swapped()];
  assert.deepEqual(
    outcomes.map(({ sequence, swaps }) => [sequence, swaps.map(({ hash }) => hash)]),
    [
      [2, []],
      [3, []],
      [4, ["d"]],
    ],
  );
  assert.equal(page.get("h2").textContent, "D");
});

test("a module without a placed component only notes the version", async () => {
  const page = await started();
  const swap = await page.update(2, page.version("x", counter("X"), "other"));
  assert.equal(swap.outcome, "not-mounted");
  const late = page.document.createElement("hmr-component");
  late.setAttribute("module", "other");
  late.setAttribute("component", "Counter");
  page.document.body.append(late);
  await page.swapped();
  assert.equal(late.querySelector("h2")?.textContent, "X");
});

test("components wait for a first version", async () => {
  const page = new Page(PLACE);
  page.document.body.innerHTML = page.body;
  await page.settled();
  assert.deepEqual([page.html, page.engine.waiting, page.problems], ["Loading", true, []]);
  const swap = await page.update(1, page.version("a", counter("A")));
  assert.equal(swap.outcome, "committed");
  assert.equal(page.get("h2").textContent, "A");
});

test("a trap restarts the code with the last good state", async () => {
  const page = await started({
    views: [{ tag: "button", listen: { click: 1, keydown: 5 }, children: ["0"] }],
    digit: 2,
    handlers: { 5: { trap: true } },
  });
  page.get("button").click();
  page.timers.pass(1000);
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  assert.deepEqual(
    [page.traps.length, page.traps[0]?.message, page.traps[0]?.file, page.traps[0]?.line],
    [1, PANIC.message, "src/lib.rs", 42],
  );
  // What comes until it is restarted waits.
  page.get("button").click();
  const { sequence, swaps } = await page.swapped();
  assert.deepEqual([sequence, swaps[0]?.outcome], [null, "committed"]);
  assert.equal(page.get("button").textContent, "2");
  assert.equal(page.engine.modules()[0]?.generation, 1, "the same code goes on");
  page.get("button").click();
  assert.equal(page.get("button").textContent, "3");
  assert.doesNotMatch(page.logs.join("\n"), /was not handled/);
});

test("what waits for a restart is let go where that fails, or where an update comes first", async () => {
  const shape = {
    views: [{ tag: "button", listen: { click: 1, keydown: 5 }, children: ["0"] }],
    digit: 2,
    handlers: { 5: { trap: true } },
  };
  const page = await started({ ...shape, traps: ["restore_state"] });
  page.timers.pass(1000);
  page.get("button").dispatchEvent(new page.window.Event("keydown"));
  page.get("button").click();
  assert.equal((await page.swapped()).swaps[0]?.outcome, "rolled-back");
  assert.match(page.logs.join("\n"), /was not handled: the module has trapped/);

  for (const [bytes, shown] of /** @type {const} */ ([
    [guest(shape), "1"],
    [new Uint8Array(4), "1"],
  ])) {
    const other = await started(shape);
    other.timers.pass(1000);
    /** @type {() => void} */
    let fetched = () => {};
    other.slow.set("b", new Promise((done) => (fetched = () => done(undefined))));
    other.engine.update(2, [other.version("b", bytes)]);
    await other.settled();
    other.get("button").dispatchEvent(new other.window.Event("keydown"));
    other.get("button").click();
    fetched();
    await other.swapped();
    if (bytes.length === 4) await other.swapped();
    assert.equal(other.get("button").textContent, shown);
    assert.doesNotMatch(other.logs.join("\n"), /was not handled/);
  }
});

test("code that traps again and again stays dead until the next good build", async () => {
  const page = await started({
    views: [{ tag: "button", listen: { click: 1, keydown: 5 }, children: ["0"] }],
    digit: 2,
    handlers: { 5: { trap: true } },
  });
  page.get("button").click();
  page.timers.pass(1000);
  const boom = () => page.get("button").dispatchEvent(new page.window.Event("keydown"));
  for (let time = 0; time < 10; time++) {
    boom();
    await page.swapped();
  }
  boom();
  await page.settled();
  assert.deepEqual(page.problems, ["the module `counter` trapped and could not be started again: it traps again and again"]);
  page.get("button").click();
  assert.equal(page.get("button").textContent, "1");
  const swap = await page.update(9, page.version("b", counter("B")));
  assert.deepEqual([swap.outcome, page.get("button").textContent, page.get("h2").textContent], ["committed", "1", "B"]);
});

test("moving a component keeps its instance, removing it ends it", async () => {
  const page = await started();
  page.get("button").click();
  const place = page.get("hmr-component");
  const section = page.document.body.appendChild(page.document.createElement("section"));
  section.append(place);
  await page.settled();
  assert.equal(page.get("section button").textContent, "1");
  place.remove();
  await page.settled();
  assert.equal(place.innerHTML, "");
  section.append(place);
  await page.swapped();
  assert.equal(page.get("section button").textContent, "0");
});

test("props that do not parse are a problem of that component alone, and heal", async () => {
  const page = new Page(`${PLACE}<hmr-component id="bad" module="other" component="Counter" props="{"></hmr-component>`);
  await page.start(page.version("a", guest({ views: ["x"] })), page.version("o", guest({ views: ["x"] }), "other"));
  const bad = page.get("#bad");
  assert.match(page.shown.get(bad) ?? "", /`props` is not JSON/);
  assert.equal(page.problems.length, 1);
  assert.equal(page.html, "x");
  bad.setAttribute("props", "{}");
  await page.swapped();
  assert.deepEqual([bad.textContent, page.shown.size], ["x", 0]);
});

test("props that the component refuses are reported in its words", async () => {
  const page = await started({ mountAnswer: JSON.stringify({ error: "missing field `title`" }) });
  assert.match(page.shown.get(page.get("hmr-component")) ?? "", /cannot be mounted: missing field `title`/);
  await page.update(2, page.version("b", counter("B")));
  assert.deepEqual([page.get("h2").textContent, page.shown.size], ["B", 0]);
});

test("an unknown component and an unknown module heal with the version that brings them", async () => {
  const page = new Page(`${PLACE}<hmr-component id="m" module="nope" component="Counter"></hmr-component>`);
  page.engine.learn([page.version("a", counter("A", { component: "Other" }), "counter", ["Other"])]);
  page.document.body.innerHTML = page.body;
  await page.settled();
  assert.match(page.shown.get(page.get("hmr-component")) ?? "", /has no component `Counter`/);
  assert.match(page.shown.get(page.get("#m")) ?? "", /there is no module `nope`/);
  await page.update(2, page.version("b", counter("B")), page.version("n", counter("N"), "nope"));
  assert.equal(page.get("#m h2").textContent, "N");
  assert.equal(page.get("hmr-component h2").textContent, "B");
  assert.equal(page.shown.size, 0);
});

test("changed props render again in the same nodes", async () => {
  const page = await started();
  page.get("button").click();
  const button = page.get("button");
  page.get("hmr-component").setAttribute("props", '{"x":1}');
  await page.settled();
  assert.equal(page.get("button"), button);
  assert.equal(page.get("button").textContent, "1");
  button.click();
  assert.equal(button.textContent, "2");
});

test("a resource that the new code asks for goes on, another is closed, a changed one is replaced", async () => {
  const open = (/** @type {string} */ key, /** @type {number} */ ms, /** @type {number} */ handler) =>
    `{"op":"open","instance":1,"key":"${key}","kind":"interval","args":{"ms":${ms}},"handler":${handler}}`;
  const page = await started({ resources: [open("tick", 100, 1), open("gone", 100, 8), open("other", 100, 8)] });
  page.timers.pass(60);
  const swap = await page.update(
    2,
    page.version("b", counter("B", { resources: [open("tick", 100, 1), open("other", 50, 8), open("new", 10, 8)] })),
  );
  const outcomes = Object.fromEntries(swap.resources.map(({ key, outcome }) => [key, outcome]));
  assert.deepEqual(outcomes, { tick: "kept", gone: "closed", other: "replaced", new: "opened" });
  page.timers.pass(40);
  assert.equal(page.get("button").textContent, "1", "the interval kept its phase");
});

test("a timeout fires once", async () => {
  const page = await started({ resources: ['{"op":"open","instance":1,"key":"later","kind":"timeout","args":{"ms":30},"handler":1}'] });
  page.timers.pass(500);
  assert.equal(page.get("button").textContent, "1");
});

test("the resources of a removed instance are closed", async () => {
  const page = await started({ resources: ['{"op":"open","instance":1,"key":"tick","kind":"interval","args":{"ms":100},"handler":7}'] });
  page.get("hmr-component").remove();
  await page.settled();
  page.logs.length = 0;
  page.timers.pass(1000);
  assert.deepEqual(page.logs, []);
});

test("an event that code causes while it runs waits until it has returned", async () => {
  const page = await started({
    views: [{ tag: "button", listen: { click: 2, focus: 1 }, children: ["0"] }],
    digit: 2,
    handlers: { 2: { ops: [op.call(1, 0)] } },
  });
  page.get("button").click();
  assert.equal(page.get("button").textContent, "1");
});

test("a handler that is gone is inert, and named", async () => {
  const page = await started({ views: [{ tag: "button", listen: { click: 77 } }], digit: 0 });
  page.get("button").click();
  assert.match(page.logs.join("\n"), /`click` on `button` was not handled/);
});

test("a listener can prevent the default and stop the event, by its answer", async () => {
  const page = await started({ views: [{ tag: "a", listen: { click: 3 } }], digit: 0, handlers: { 3: { flags: 3 } } });
  let reached = false;
  page.document.body.addEventListener("click", () => (reached = true));
  const event = new page.window.MouseEvent("click", { bubbles: true, cancelable: true });
  page.get("a").dispatchEvent(event);
  assert.deepEqual([event.defaultPrevented, reached], [true, false]);
});

test("a component places another one, which goes when its place goes", async () => {
  const page = new Page(PLACE);
  const inner = { module: "other", component: "Counter" };
  page.files.x = counter("X");
  const versions = [
    page.version("a", guest({ views: [{ tag: "hmr-component", attributes: inner }] })),
    page.version("x", counter("X"), "other"),
  ];
  await page.start(...versions);
  await page.swapped();
  page.get("button").click();
  const place = page.get("hmr-component hmr-component");
  await page.update(2, page.version("b", guest({ views: [{ tag: "main", children: [{ tag: "hmr-component", attributes: inner }] }] })));
  assert.equal(page.get("main hmr-component"), place);
  assert.equal(page.get("main button").textContent, "1");
  await page.update(3, page.version("c", guest({ views: ["empty"] })));
  assert.equal(page.html, "empty");
  assert.equal(place.innerHTML, "");
});

test("state goes over a reload, by place, with nested components", async () => {
  const inner = { module: "other", component: "Counter" };
  const outer = guest({ views: [{ tag: "hmr-component", attributes: inner }] });
  const first = new Page(PLACE);
  await first.start(first.version("a", outer), first.version("x", counter("X"), "other"));
  await first.swapped();
  first.get("button").click();
  const stored = JSON.parse(JSON.stringify(first.engine.captureAll()));

  const second = new Page(`<p>another page around</p>${PLACE}`);
  second.engine.restoreFrom(stored);
  await second.start(second.version("a", outer), second.version("x", counter("X"), "other"));
  await second.swapped();
  assert.equal(second.get("hmr-component hmr-component button").textContent, "1");
  second.get("button").click();
  assert.equal(second.get("button").textContent, "2");
});

test("a module whose version is reported later is not a mistake, takes its state up once, and undergoes no transform", async () => {
  const first = new Page(PLACE);
  await first.start(first.version("a", counter("A")));
  first.get("button").click();
  const stored = JSON.parse(JSON.stringify(first.engine.captureAll()));

  const second = new Page(PLACE);
  second.engine.restoreFrom(stored);
  second.engine.learn([second.version("x", counter("X"), "other")]);
  second.engine.expect(["counter"]);
  second.document.body.innerHTML = second.body;
  await second.settled();
  assert.deepEqual([second.problems, [...second.shown], second.engine.waiting], [[], [], false]);
  const own = { ...second.version("b", counter("B")), transform: [{ op: "remove", key: "n" }] };
  assert.deepEqual(second.engine.learn([own]), []);
  const { swaps } = await second.swapped();
  assert.deepEqual([swaps[0]?.hash, second.get("h2").textContent, second.get("button").textContent], ["b", "B", "1"]);
  assert.equal(second.engine.modules().find(({ module }) => module === "counter")?.generation, 1);
});

test("state of before a reload that cannot be read gives way to a clean start", async () => {
  const page = new Page(PLACE);
  const place = { instance: 1, place: "counter.Counter#0", props: "{}" };
  page.engine.restoreFrom([{ module: "counter", snapshot: "nonsense", places: [place] }]);
  await page.start(page.version("a", counter("A")));
  assert.equal(page.html, "<h2>A</h2><button>0</button><input>");
  assert.match(page.problems.join(), /could not be restored after the reload/);
});

test("a version that was refused is not tried again when the tool greets", async () => {
  const page = await started();
  const bad = page.version("b", counter("B", { traps: ["restore_state"] }));
  await page.update(2, bad);
  assert.deepEqual(page.engine.learn([bad]), []);
  const offline = page.version("c", "offline");
  await page.update(3, offline);
  assert.deepEqual(page.engine.learn([offline]), [offline]);
});

test("a batch that names an unknown root ends the code like a trap", async () => {
  const page = await started({ ops: [op.marker(1), op.insert(root(5), 1)] });
  assert.match(page.traps[0]?.message ?? "", /the instance 5, which is not mounted/);
});

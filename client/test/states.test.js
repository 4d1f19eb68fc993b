import assert from "node:assert/strict";
import { test } from "node:test";
import { History } from "../module/history.js";
import { fields, items } from "../common/raw-json.js";
import { complete, fit, propsOf, readReport, withTransform } from "../guest/snapshot.js";
import { counter, guest } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** A page whose state went 0, 1, 2, 3. */
async function counted() {
  const page = new Page(PLACE);
  await page.start(page.version("a", counter("A")));
  page.timers.pass(1000);
  for (let click = 0; click < 3; click++) {
    page.get("button").click();
    page.timers.pass(1000);
  }
  return page;
}

/** @param {Page} page */
const state = (page) => page.get("button").textContent;
/** @param {Page} page */
const history = (page) => page.engine.control.history("counter");

test("a state that has settled is kept, once", async () => {
  const page = await counted();
  page.timers.pass(5000);
  assert.deepEqual(
    history(page).entries.map(({ snapshot }) => JSON.parse(snapshot).instances[0].signals.n.value),
    [0, 1, 2, 3],
  );
  assert.equal(history(page).at, 3);
});

test("states that follow one another quickly are one", async () => {
  const page = await counted();
  page.get("button").click();
  page.timers.pass(150);
  page.get("button").click();
  page.timers.pass(1000);
  assert.equal(history(page).entries.length, 5);
  assert.equal(state(page), "5");
});

test("stepping back and forward swaps to the same bytes with another state", async () => {
  const page = await counted();
  const button = page.get("button");
  const swap = await page.engine.control.goTo("counter", (at) => at - 2);
  assert.deepEqual(swap.events, ["quiesce", "capture", "instantiate", "restore", "render", "commit"]);
  assert.deepEqual([swap.outcome, state(page), page.get("button")], ["committed", "1", button]);
  await page.engine.control.goTo("counter", (at) => at + 1);
  assert.equal(state(page), "2");
  assert.deepEqual([history(page).at, history(page).entries.length], [2, 4]);
  await page.engine.control.goTo("counter", () => 0);
  assert.equal(state(page), "0");
});

test("a new state after a step back takes the place of those that came after it", async () => {
  const page = await counted();
  await page.engine.control.goTo("counter", () => 1);
  page.timers.pass(1000);
  page.get("button").click();
  page.get("button").click();
  page.timers.pass(1000);
  assert.equal(state(page), "3");
  assert.equal(history(page).entries.length, 3);
});

test("a state that is not there is refused, and nothing happens", async () => {
  const page = await counted();
  await assert.rejects(
    page.engine.control.goTo("counter", (at) => at + 1),
    /the history of `counter` has no state 4: it has 4/,
  );
  await assert.rejects(
    page.engine.control.goTo("nope", () => 0),
    /there is no module `nope`/,
  );
  assert.equal(state(page), "3");
});

test("the state of before a swap is kept with it", async () => {
  const page = await counted();
  page.get("button").click();
  await page.update(2, page.version("b", counter("B")));
  page.timers.pass(1000);
  assert.deepEqual(
    history(page).entries.map(({ hash }) => hash),
    ["a", "a", "a", "a", "a"],
  );
  await page.engine.control.goTo("counter", () => 0);
  assert.deepEqual([page.get("h2").textContent, state(page)], ["B", "0"]);
});

test("at most fifty states are kept", () => {
  const kept = new History();
  const snapshot = (/** @type {number} */ n) => `{"abi":1,"instances":[{"instance":${n}}]}`;
  for (let n = 0; n < 60; n++) kept.add(snapshot(n), "h", n);
  kept.add(`{"abi":1,"hooks":true,"instances":[{"instance":59}]}`, "h", 60);
  assert.deepEqual([kept.entries.length, kept.entries[0]?.snapshot, kept.at], [50, snapshot(10), 49]);
});

test("states are saved as a file, and taken up from it in another page", async () => {
  const page = await counted();
  const text = page.engine.states.save("three");
  const file = JSON.parse(text);
  assert.deepEqual([file.hmr, file.name, file.modules[0].module, file.modules[0].hash], [1, "three", "counter", "a"]);
  const other = new Page(`<hmr-component module="nope" component="X"></hmr-component>${PLACE}`);
  await other.start(other.version("b", counter("B")));
  const { swaps, skipped } = await other.engine.states.load(text);
  assert.deepEqual([swaps[0]?.outcome, skipped, state(other)], ["committed", [], "3"]);
});

test("a state of another version is migrated, and one that cannot be changes nothing", async () => {
  const page = await counted();
  const text = page.engine.states.save("three");
  await page.update(2, page.version("b", counter("B", { migrate: "echo" })));
  page.logs.length = 0;
  const travelled = ["quiesce", "capture", "instantiate", "migrate", "restore", "render", "commit"];
  const back = await page.engine.goTo("counter", () => 1);
  assert.deepEqual([back.events, state(page)], [travelled, "1"]);
  assert.match(page.logs.join("\n"), /"value":1/, "the migration was given the state");
  // By now the state is one of this version.
  const again = await page.engine.goTo("counter", () => 1);
  assert.deepEqual([again.outcome, again.events.includes("migrate")], ["committed", false]);
  const { swaps } = await page.engine.states.load(text);
  assert.deepEqual([swaps[0]?.events, state(page)], [travelled, "3"]);
  const other = new Page(PLACE);
  await other.start(other.version("c", counter("C", { migrate: '{"error":"there is no way"}' })));
  other.get("button").click();
  const failed = (await other.engine.states.load(text)).swaps[0];
  assert.deepEqual([failed?.outcome, failed?.step, failed?.error], ["rolled-back", "migrate", "there is no way"]);
  other.get("button").click();
  assert.equal(state(other), "2");
});

test("going to a state runs no hooks", async () => {
  const page = new Page(PLACE);
  await page.start(page.version("a", counter("A", { hooks: { set: 7, logs: ["getting ready"] } })));
  page.timers.pass(1000);
  page.get("button").click();
  page.timers.pass(1000);
  await page.engine.goTo("counter", (at) => at - 1);
  await page.engine.states.load(page.engine.states.save("now"));
  assert.equal(state(page), "0");
  assert.doesNotMatch(page.logs.join("\n"), /getting ready/);
});

test("a file that is none is refused", async () => {
  const page = await counted();
  for (const text of [
    "",
    "{}",
    '{"hmr":2,"modules":[]}',
    '{"hmr":1,"modules":[{}]}',
    '{"hmr":1,"modules":[{"module":"counter","snapshot":7}]}',
  ]) {
    await assert.rejects(page.engine.states.load(text), Error, text);
  }
  assert.deepEqual(
    (await page.engine.states.load('{"hmr":1,"modules":[{"module":"x","hash":"h","snapshot":{"abi":1,"instances":[]}}]}')).skipped,
    ["x"],
  );
});

test("JSON is taken apart without a look at its values", () => {
  const text = ' { "a\\"}" : 12345678901234567890 , "b":[1.0,{"c":"]},{"}],"":null } ';
  assert.deepEqual(
    [...fields(text)],
    [
      ['a"}', "12345678901234567890"],
      ["b", '[1.0,{"c":"]},{"}]'],
      ["", "null"],
    ],
  );
  assert.deepEqual(items('[ 1.50 , [2,3], "x,y" ]'), ["1.50", "[2,3]", '"x,y"']);
  assert.deepEqual([items("[]"), [...fields("{ }")]], [[], []]);
});

test("a snapshot is made to fit who is placed", () => {
  const part = (/** @type {number} */ id, /** @type {string} */ component, /** @type {string} */ value) =>
    `{"instance":${id},"component":"${component}","signals":{"n":{"value":${value}}}}`;
  const snapshot = `{"abi":1,"instances":[${part(1, "A", "1.0")},${part(2, "B", "2.0")},${part(9, "A", "9.0")}]}`;
  const current = `{"abi":1,"instances":[${part(1, "A", "0")},${part(4, "A", "0")},${part(5, "A", "0")}]}`;
  const placed = [
    { id: 4, component: "A" },
    { id: 1, component: "A" },
    { id: 5, component: "A" },
  ];
  assert.equal(
    fit(snapshot, placed, current),
    `{"abi":1,"instances":[${part(4, "A", "9.0")},${part(1, "A", "1.0")},${part(5, "A", "0")}]}`,
  );
});

test("a state from before describes the instances that are there now", () => {
  const snapshot =
    '{"abi":1,"instances":[{"instance":1,"component":"A","props":{"x":1.0},"signals":{}},{"instance":2,"component":"B","props":{}}]}';
  const placed = [
    { id: 3, component: "A", props: '{"new":true}' },
    { id: 1, component: "A", props: "{}" },
  ];
  const fitting = complete(snapshot, placed);
  assert.equal(
    fitting,
    '{"abi":1,"instances":[{"instance":3,"component":"A","props":{"new":true}},{"instance":1,"component":"A","props":{"x":1.0},"signals":{}}]}',
  );
  assert.deepEqual(
    [...propsOf(fitting)],
    [
      [3, '{"new":true}'],
      [1, '{"x":1.0}'],
    ],
  );
});

test("an instance whose place has other props than the state from before is rendered again with them", async () => {
  const page = new Page(PLACE);
  const view = { views: [{ tag: "button", listen: { click: 1 }, children: ["0"] }], digit: 2, logs: ["rendered"] };
  await page.start(page.version("a", guest(view)));
  page.timers.pass(1000);
  page.get("button").click();
  page.timers.pass(1000);
  page.get("hmr-component").setAttribute("props", '{"x":1}');
  await page.settled();
  page.logs.length = 0;
  await page.engine.goTo("counter", (at) => at - 1);
  await page.settled();
  // Once as it was, once more with the props of now.
  assert.equal(page.logs.filter((line) => line.includes("rendered")).length, 2);
  assert.equal(state(page), "0");
});

test("a transform is put in as text", () => {
  assert.equal(
    withTransform('{"abi":1,"x":1.0}', [{ op: "remove", key: "n" }]),
    '{"transform":[{"op":"remove","key":"n"}],"abi":1,"x":1.0}',
  );
  assert.equal(withTransform('{"abi":1}', []), '{"abi":1}');
});

test("a report whose entries or outcomes are not objects is not a report", () => {
  for (const entry of ["null", '{"keys":{"n":null}}', '{"tasks":{"t":1}}', '{"keys":null}'])
    assert.throws(() => readReport(`{"instances":[${entry}]}`), /something that is not a report/);
  assert.deepEqual(readReport('{"instances":[{"keys":{}}]}'), { instances: [{ keys: {} }] });
});

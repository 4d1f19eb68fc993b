import assert from "node:assert/strict";
import { test } from "node:test";
import { guest } from "./support/guest.js";
import { PLACE, Page } from "./support/page.js";

/** @typedef {import("./support/guest.js").Shape} Shape */

/** @param {string} kind @param {object} args @param {number} handler @param {object} [other] */
function open(kind, args, handler, other = {}) {
  return JSON.stringify({ op: "open", instance: 1, key: "k", kind, args, handler, ...other });
}

const TEXT = [{ tag: "p", children: ["-"] }];
/** The event that the handler 3 got last, shown in the node 2. */
const SHOWS = { 3: { shows: 2 } };

/** Clears the page's content. @param {Page} page */
function clear(page) {
  /** @type {Text} */ (page.get("p").firstChild).data = "-";
}

/** @param {string[]} resources @param {Partial<Shape>} [other] */
function showing(resources, other = {}) {
  return guest({ views: TEXT, resources, handlers: SHOWS, ...other });
}

/** @param {Uint8Array} code */
async function started(code) {
  const page = new Page(PLACE);
  await page.start(page.version("a", code));
  return page;
}

/** The `data` of the event that is shown. @param {Page} page */
function shown(page, selector = "p") {
  const { type, data } = JSON.parse(page.get(selector).textContent ?? "");
  return [type, data];
}

test("an observer gets the element that the same rendering makes, and goes on with the new code's", async () => {
  const page = await started(showing([open("resize-observer", { node: 1 }, 3)]));
  const [observer] = page.facilities.observers;
  assert.equal(observer?.node, page.get("p"));
  const views = [{ tag: "h1", children: ["T"] }, ...TEXT];
  const swap = await page.update(
    2,
    page.version("b", guest({ views, resources: [open("resize-observer", { node: 3 }, 3)], handlers: { 3: { shows: 4 } } })),
  );
  assert.deepEqual(swap.resources, [{ instance: 1, key: "k", outcome: "kept" }]);
  assert.deepEqual([page.facilities.observers.length, observer?.node], [1, page.get("p")]);
  observer?.notify([{ contentRect: { width: 1, height: 2 } }]);
  assert.deepEqual(shown(page), ["resize-observer", `{"width":1,"height":2}`]);
});

test("an observer goes on when its component is rendered again", async () => {
  const page = await started(showing([open("resize-observer", { node: 1 }, 3)]));
  page.get("hmr-component").setAttribute("props", '{"x":1}');
  await page.settled();
  assert.deepEqual([page.facilities.observers.length, page.facilities.observers[0]?.node], [1, page.get("p")]);
});

test("a component that is rendered again is not answered again, unless it asks for a replay", async () => {
  let calls = 0;
  for (const replay of [false, true]) {
    const page = new Page(PLACE);
    page.engine.host("count", () => ++calls);
    await page.start(page.version("a", showing([open("call", { function: "count", argument: null }, 3, { replay })])));
    const answer = `{"value":${calls}}`;
    assert.deepEqual(shown(page), ["call", answer]);
    page.get("hmr-component").setAttribute("props", '{"x":1}');
    await page.settled();
    if (replay) assert.deepEqual(shown(page), ["call", answer]);
    else assert.equal(page.get("p").textContent, "-");
  }
  assert.equal(calls, 2);
});

test("a component that is rendered again keeps its connections", async () => {
  const page = await connected(sender({ ports: [output("stream"), send("7")] }), receiver());
  page.get("#other").setAttribute("props", '{"x":1}');
  await page.settled();
  assert.equal(page.get("p").textContent, "-", "the latest value is not given again");
  page.get("button").click();
  assert.deepEqual(shown(page), ["port", "18446744073709551615"]);
});

test("what a socket says during a swap reaches whichever code wins, in order", async (t) => {
  for (const traps of [[], ["restore_state"]]) {
    const code = (/** @type {string} */ mark, /** @type {string[]} */ dies) =>
      guest({
        views: [
          { tag: "p", children: ["-"] },
          { tag: "b", children: [mark] },
        ],
        resources: [open("websocket", { url: "/f" }, 3)],
        handlers: SHOWS,
        traps: dies,
      });
    const page = await started(code("old", []));
    const [socket] = page.facilities.sockets;
    const { instantiate } = WebAssembly;
    const during = t.mock.method(WebAssembly, "instantiate", (/** @type {[any, any]} */ ...args) => {
      socket?.open();
      socket?.says("one");
      socket?.says("two");
      assert.equal(page.get("p").textContent, "-", "it waits");
      return instantiate(...args);
    });
    await page.update(2, page.version("b", code("new", traps)));
    during.mock.restore();
    assert.deepEqual(shown(page), ["websocket", `{"state":"message","data":"two"}`]);
    assert.equal(page.get("b").textContent, traps.length > 0 ? "old" : "new");
    assert.equal(page.facilities.sockets.length, 1);
  }
});

test("a firing whose handler is gone is dropped, and the log names component and key", async () => {
  const page = await started(guest({ views: TEXT, resources: [open("interval", { ms: 10 }, 77)] }));
  page.timers.pass(10);
  assert.match(
    page.logs.join("\n"),
    /warn counter: `interval` of `k` of `Counter` was not handled: its handler belongs to code that is gone/,
  );
});

test("a call is answered after the code that asked has returned, and a function of the page is found by its name", async () => {
  const page = new Page(PLACE);
  const remove = page.engine.host("double", (n) => n * 2);
  await page.start(page.version("a", showing([open("call", { function: "double", argument: 21 }, 3)])));
  assert.deepEqual(shown(page), ["call", `{"value":42}`]);
  remove();
  await page.update(2, page.version("b", showing([open("call", { function: "double", argument: 22 }, 3)])));
  assert.match(shown(page)[1], /there is no host function `double`; there are `clipboard.read`/);
});

test("an answer that comes while the code is dead waits for the code that takes its place", async () => {
  const views = [{ tag: "p", listen: { keydown: 5 }, children: ["-"] }];
  const page = await started(
    showing([open("request", { method: "GET", url: "/x" }, 3)], { views, handlers: { ...SHOWS, 5: { trap: true } } }),
  );
  page.timers.pass(1000);
  page.get("p").dispatchEvent(new page.window.Event("keydown"));
  assert.equal(page.traps.length, 1);
  page.facilities.requests[0]?.answer(new Response("late"));
  await page.swapped();
  await new Promise((done) => setImmediate(done));
  assert.match(shown(page)[1], /"body":"late"/);
});

const OTHER = `<hmr-component id="other" module="other" component="Counter" name="Log"></hmr-component>`;
const CONNECT = `<hmr-connect from="Counter.moved" to="Log.entry"></hmr-connect>`;
const output = (/** @type {string} */ kind, type = "u32") => JSON.stringify({ op: "output", instance: 1, port: "moved", kind, type });
const input = (type = "u32", handler = 3) => JSON.stringify({ op: "input", instance: 2, port: "entry", type, handler });
const send = (/** @type {string} */ value, instance = 1, port = "moved") => JSON.stringify({ op: "send", instance, port, value });

/** A component with a button that sends a value. @param {Partial<Shape>} [other] */
function sender(other = {}) {
  return guest({
    views: [{ tag: "button", listen: { click: 4 } }],
    ports: [output("port")],
    handlers: { 4: { ports: [send("18446744073709551615")] } },
    ...other,
  });
}

/** @param {Partial<Shape>} [other] */
function receiver(other = {}) {
  return guest({ views: TEXT, ports: [input()], handlers: SHOWS, ...other });
}

/** @param {Uint8Array} from @param {Uint8Array} to @param {string} [connect] */
async function connected(from, to, connect = CONNECT) {
  const page = new Page(`${PLACE}${OTHER}${connect}`);
  await page.start(page.version("a", from), page.version("x", to, "other"));
  await page.swapped();
  return page;
}

test("a value goes from one component to another, every digit of it", async () => {
  const page = await connected(sender(), receiver());
  page.get("button").click();
  assert.deepEqual(shown(page), ["port", "18446744073709551615"]);
});

test("a connection may come late, in a view, be changed, and go", async () => {
  const page = await connected(sender(), receiver(), "");
  page.get("button").click();
  assert.equal(page.get("p").textContent, "-");
  const place = page.document.createElement("section");
  place.innerHTML = CONNECT;
  page.document.body.append(place);
  await page.settled();
  page.get("button").click();
  assert.equal(shown(page)[0], "port");

  page.get("hmr-connect").setAttribute("to", "Nobody.entry");
  await page.settled();
  clear(page);
  page.get("button").click();
  assert.equal(page.get("p").textContent, "-");

  const views = [
    { tag: "button", listen: { click: 4 } },
    { tag: "hmr-connect", attributes: { from: "Counter.moved", to: "Log.entry" } },
  ];
  await page.update(2, page.version("b", sender({ views })));
  page.get("button").click();
  assert.equal(page.get("#other p").textContent?.includes("port"), true);
  assert.deepEqual(page.problems, []);
});

test("another name connects another", async () => {
  const page = await connected(sender(), receiver());
  page.get("#other").setAttribute("name", "Else");
  await page.settled();
  page.get("button").click();
  assert.equal(page.get("p").textContent, "-");
  page.get("#other").setAttribute("name", "Log");
  await page.settled();
  page.get("button").click();
  assert.equal(shown(page)[0], "port");
});

test("a swap keeps, drops and makes connections, and says so", async () => {
  const page = await connected(sender(), receiver());
  const of = { from: "Counter.moved", to: "Log.entry" };
  const swap = async (/** @type {string} */ hash, /** @type {Uint8Array} */ code, module = "counter") =>
    (await page.update(2, page.version(hash, code, module))).connections;
  assert.deepEqual(await swap("b", sender()), [{ ...of, outcome: "kept", reason: null }]);
  assert.deepEqual(await swap("y", receiver({ ports: [] }), "other"), [
    { ...of, outcome: "dropped", reason: "the input `Log.entry` is gone" },
  ]);
  assert.deepEqual(await swap("z", receiver(), "other"), [{ ...of, outcome: "made", reason: null }]);
  assert.deepEqual(await swap("c", sender({ ports: [output("port", "bool")] })), [
    {
      ...of,
      outcome: "dropped",
      reason: "`Counter.moved` gives `bool` and `Log.entry` takes `u32`\nhint: a `transform` can make the one from the other",
    },
  ]);
  assert.equal(page.problems.length, 1);
  const views = [
    { tag: "button", listen: { click: 4 } },
    { tag: "hmr-connect", attributes: { ...of, transform: "short" } },
  ];
  assert.deepEqual(await swap("d", sender({ views })), [{ ...of, outcome: "made", reason: null }], "the view's own connection counts");
  page.get("body > hmr-connect").remove();
  await page.settled();
  assert.deepEqual(await swap("e", sender()), [{ ...of, outcome: "dropped", reason: "no `hmr-connect` element declares it any more" }]);
  page.get("button").click();
  assert.equal(page.get("p").textContent, "-");
});

test("a swap that is rolled back leaves ports and connections as they were", async () => {
  const page = await connected(sender(), receiver());
  const swap = await page.update(2, page.version("y", receiver({ ports: [], traps: ["restore_state"] }), "other"));
  assert.deepEqual([swap.outcome, swap.connections], ["rolled-back", []]);
  page.get("button").click();
  assert.equal(shown(page)[0], "port");
});

test("an undone swap gives back the resources and connections of the code before", async () => {
  const tick = [open("interval", { ms: 100 }, 1)];
  const page = await connected(sender({ resources: tick }), receiver());
  await page.update(
    2,
    page.version("b", sender({ ports: [], resources: [open("interval", { ms: 50 }, 1)], handlers: { 4: { trap: true } } })),
  );
  page.get("button").click();
  const { swaps } = await page.swapped();
  const { outcome, resources, connections } = /** @type {import("../tool/protocol.js").Swap} */ (swaps[0]);
  assert.deepEqual([outcome, resources], ["undone", [{ instance: 1, key: "k", outcome: "replaced" }]]);
  assert.deepEqual(connections, [{ from: "Counter.moved", to: "Log.entry", outcome: "made", reason: null }]);
  page.get("button").click();
  assert.deepEqual(shown(page), ["port", "18446744073709551615"]);
});

test("values for a module that is being swapped wait, and are delivered once", async (t) => {
  const page = await connected(sender(), receiver(), CONNECT.replace(" to=", ' transform="seen" to='));
  let seen = 0;
  page.engine.host("seen", (value) => {
    seen++;
    return String(value);
  });
  const { instantiate } = WebAssembly;
  const during = t.mock.method(WebAssembly, "instantiate", (/** @type {[any, any]} */ ...args) => {
    page.get("button").click();
    assert.equal(page.get("p").textContent, "-", "it waits");
    return instantiate(...args);
  });
  await page.update(2, page.version("y", receiver({ ports: [input("u32", 4)], handlers: { 4: SHOWS[3] } }), "other"));
  during.mock.restore();
  assert.equal(shown(page)[0], "port");
  assert.equal(seen, 1);
});

test("a stream's latest value reaches a component that is mounted later, and is not repeated by a swap", async () => {
  const page = await connected(sender({ ports: [output("stream"), send("7")] }), receiver());
  assert.deepEqual(shown(page), ["port", "7"]);
  await page.update(2, page.version("y", receiver(), "other"));
  await page.update(3, page.version("z", receiver(), "other"));
  assert.equal(page.get("p").textContent, "-");
  const third = page.document.createElement("div");
  third.innerHTML = `<hmr-component module="third" component="Counter" name="Log"></hmr-component>`;
  page.engine.learn([page.version("t", receiver({ ports: [input().replace(`"instance":2`, `"instance":3`)] }), "third")]);
  page.document.body.append(third);
  await page.swapped();
  assert.match(third.textContent ?? "", /"data":"7"/);
});

test("values that two components send each other in a circle are cut, and the page lives on", async () => {
  const answers = { 3: { ports: [send("2", 2, "back")] } };
  const back = JSON.stringify({ op: "output", instance: 2, port: "back", kind: "port", type: "u32" });
  const again = JSON.stringify({ op: "input", instance: 1, port: "again", type: "u32", handler: 4 });
  const page = await connected(
    sender({ ports: [output("port"), again] }),
    receiver({ ports: [input(), back], handlers: answers }),
    `${CONNECT}<hmr-connect from="Log.back" to="Counter.again"></hmr-connect>`,
  );
  page.get("button").click();
  page.timers.pass(10);
  assert.match(page.logs.join("\n"), /are on a circle of connections: it was cut after 1000 values/);
  const { length } = page.logs;
  page.timers.pass(1000);
  assert.equal(page.logs.length, length, "nothing goes on");
});

test("a module may not ask for resources and ports of another one's instance", async () => {
  const theirs = JSON.stringify({ op: "open", instance: 1, key: "k", kind: "timeout", args: { ms: 70 }, handler: 9 });
  const port = JSON.stringify({ op: "input", instance: 1, port: "entry", type: "u32", handler: 9 });
  const page = new Page(`${PLACE}${OTHER}`);
  const views = [{ tag: "i", listen: { click: 5 }, children: ["-"] }];
  await page.start(
    page.version("a", showing([open("timeout", { ms: 50 }, 3)])),
    page.version("x", guest({ views, resources: [theirs], handlers: { 5: { resources: [theirs], ports: [port] } } }), "other"),
  );
  await page.swapped();
  page.get("i").click();
  page.timers.pass(100);
  assert.deepEqual(shown(page), ["timeout", undefined]);
  assert.equal(
    page.logs.filter((line) => line.includes("a request about the instance 1, which is not the module's, was left out")).length,
    3,
  );
});

test("many values in a row are not a circle", async () => {
  let seen = 0;
  const page = new Page(`${PLACE}${OTHER}${CONNECT.replace(" to=", ' transform="seen" to=')}`);
  page.engine.host("seen", () => void seen++);
  await page.start(
    page.version("a", sender({ handlers: { 4: { ports: new Array(1500).fill(send("1")) } } })),
    page.version("x", receiver(), "other"),
  );
  await page.swapped();
  page.get("button").click();
  page.timers.pass(10);
  assert.equal(seen, 1500);
  assert.doesNotMatch(page.logs.join("\n"), /circle/);
});

test("a port request that makes no sense ends the code like a trap", async () => {
  const page = await started(guest({ views: [], ports: ["{"] }));
  assert.match(page.traps[0]?.message ?? "", /a port request is not a JSON object/);
});

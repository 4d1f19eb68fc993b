import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { HostFunctions } from "../resources/host-functions.js";
import { Resources, readRequest } from "../resources/resources.js";
import { facilitiesOf } from "../resources/facilities.js";
import { FakeFacilities } from "./support/facilities.js";
import { Timers } from "./support/page.js";

/** Resources of the instance 1 of the module `m`, whose firings are delivered at once. */
class Bench {
  timers = new Timers();
  window = /** @type {Window & typeof globalThis} */ (
    /** @type {unknown} */ (new JSDOM("<p></p><q></q>", { url: "http://localhost/a/" }).window)
  );
  fakes = new FakeFacilities(this.timers, this.window);
  page = this.fakes.given;
  host = new HostFunctions(this.page);
  /** Whether firings wait. */
  held = false;
  /** @type {{ resource: import("../resources/resources.js").Resource, event: any }[]} */
  waiting = [];
  /** Handlers and the `data` that they got, read as JSON. @type {[number, any][]} */
  fired = [];
  /** Events, as handlers got them. @type {any[]} */
  events = [];
  answer = 0;
  /** @type {Map<number, Node | null>} */
  nodes = new Map();
  /** @type {string[]} */
  warnings = [];
  resources = new Resources({
    page: this.page,
    host: this.host,
    now: () => this.timers.now,
    fired: (resource, event) => {
      this.waiting.push({ resource, event: JSON.parse(event) });
      if (!this.held) this.deliver();
      return this.answer;
    },
    node: (_, node) => this.nodes.get(node),
    warn: (_, text) => void this.warnings.push(text),
  });

  deliver() {
    for (const { resource, event } of this.waiting.splice(0)) {
      if (!resource.open) continue;
      this.resources.delivered(resource);
      this.events.push(event);
      this.fired.push([resource.handler, event.data === undefined ? null : JSON.parse(event.data)]);
    }
  }

  /** The firings since the last call. */
  get news() {
    return this.fired.splice(0);
  }

  /** @param {string} kind @param {object} args @param {number} [handler] @param {object} [other] */
  request(kind, args, handler = 7, other = {}) {
    return readRequest(JSON.stringify({ op: "open", instance: 1, key: "k", kind, args, handler, ...other }));
  }

  /** Running code opens. @param {Parameters<Bench["request"]>} of */
  open(...of) {
    this.resources.apply("m", this.request(...of));
    this.resources.attach("m");
  }

  close() {
    this.resources.apply("m", { op: "close", instance: 1, key: "k" });
  }

  /** New code takes over. @param {...import("../resources/request.js").Request} requests */
  swap(...requests) {
    const outcomes = this.resources.settle("m", requests, new Set([1])).map(({ outcome }) => outcome);
    this.resources.attach("m");
    return outcomes;
  }

  get socket() {
    return /** @type {import("./support/facilities.js").FakeSocket} */ (this.fakes.sockets.at(-1));
  }

  get source() {
    return /** @type {import("./support/facilities.js").FakeSource} */ (this.fakes.sources.at(-1));
  }
}

/** Lets the callbacks of settled promises run. */
const settled = () => new Promise((done) => setImmediate(done));

test("a delay that is longer than a browser's timer can wait is waited for", () => {
  const bench = new Bench();
  const { setTimeout, setInterval } = bench.page.timers;
  const overflowing = (/** @type {number} */ ms) => (ms > 2 ** 31 - 1 ? 1 : ms);
  bench.page.timers.setTimeout = (code, ms) => setTimeout(code, overflowing(ms));
  bench.page.timers.setInterval = (code, ms) => setInterval(code, overflowing(ms));
  const open = (/** @type {string} */ kind, /** @type {number} */ handler) =>
    bench.resources.apply("m", readRequest(JSON.stringify({ op: "open", instance: 1, key: kind, kind, args: { ms: 5e9 }, handler })));
  open("timeout", 1);
  open("interval", 2);
  bench.timers.pass(5e9 - 1);
  assert.deepEqual(bench.fired, []);
  bench.timers.pass(1);
  assert.deepEqual(bench.fired, [
    [1, null],
    [2, null],
  ]);
  bench.timers.pass(5e9);
  assert.deepEqual(bench.fired.slice(2), [[2, null]]);
  bench.resources.closeInstance(1);
  bench.timers.pass(1e10);
  assert.equal(bench.fired.length, 3);
});

test("a listener fires with the event itself, at the window or the document, until it is closed", () => {
  const bench = new Bench();
  for (const target of ["window", "document"]) {
    bench.open("listener", { target, event: "keydown", flags: 1 });
    const at = target === "window" ? bench.window : bench.window.document;
    const event = new bench.window.KeyboardEvent("keydown", { key: "a", cancelable: true });
    at.dispatchEvent(event);
    assert.equal(event.defaultPrevented, true);
    const { type, key } = bench.events.pop();
    assert.deepEqual([type, key], ["keydown", "a"]);
    bench.close();
    at.dispatchEvent(new bench.window.KeyboardEvent("keydown", { key: "b" }));
    assert.deepEqual(bench.events, []);
  }
});

test("what a listener's handler answers has its effect on the event", () => {
  const bench = new Bench();
  bench.answer = 3;
  bench.open("listener", { target: "document", event: "x" });
  let reached = false;
  bench.window.addEventListener("x", () => (reached = true));
  const event = new bench.window.Event("x", { bubbles: true, cancelable: true });
  bench.window.document.dispatchEvent(event);
  assert.deepEqual([event.defaultPrevented, reached], [true, false]);
});

test("observers report what they see of the element that is named", () => {
  const bench = new Bench();
  const [p, q] = [bench.window.document.querySelector("p"), bench.window.document.querySelector("q")];
  bench.nodes.set(4, p).set(5, q);
  bench.open("resize-observer", { node: 4 });
  const [observer] = bench.fakes.observers;
  assert.equal(observer?.node, p);
  observer?.notify([{ contentRect: { width: 1, height: 2 } }, { contentRect: { width: 3, height: 4.5, x: 9 } }]);
  assert.deepEqual(bench.news, [[7, { width: 3, height: 4.5 }]]);
  assert.deepEqual(bench.swap(bench.request("resize-observer", { node: 5 }, 8)), ["kept"]);
  assert.deepEqual([bench.fakes.observers.length, observer?.node], [1, q], "the same observer goes on with another element");

  bench.open("intersection-observer", { node: 4, threshold: 0.5 });
  const other = bench.fakes.observers.at(-1);
  assert.deepEqual([observer?.node, other?.node, other?.options], [null, p, { threshold: 0.5 }]);
  other?.notify([{ isIntersecting: true, intersectionRatio: 0.75 }]);
  assert.deepEqual(bench.news, [[7, { intersecting: true, ratio: 0.75 }]]);
  assert.deepEqual(bench.swap(bench.request("intersection-observer", { node: 4, threshold: 0.6 })), ["replaced"]);
});

test("an observer waits until its element is in the page, and says if there is none", () => {
  const bench = new Bench();
  bench.nodes.set(4, null);
  bench.open("resize-observer", { node: 4 });
  assert.equal(bench.fakes.observers[0]?.node, null);
  const p = bench.window.document.querySelector("p");
  bench.nodes.set(4, p);
  bench.resources.attach("m");
  assert.equal(bench.fakes.observers[0]?.node, p);
  bench.open("intersection-observer", { node: 9 });
  assert.match(bench.warnings.join(), /`intersection-observer` of `k`: there is no node 9 to observe/);
});

test("a mutation observer sums up what happened below its node", async () => {
  const bench = new Bench();
  const p = /** @type {HTMLElement} */ (bench.window.document.querySelector("p"));
  bench.page.mutationObserver = facilitiesOf(bench.window).mutationObserver;
  bench.nodes.set(4, p);
  bench.open("mutation-observer", { node: 4 });
  p.setAttribute("class", "own");
  await settled();
  assert.deepEqual(bench.news, [], "its own attributes are not below it");
  p.innerHTML = "<b>x</b><i></i>";
  p.querySelector("i")?.setAttribute("title", "t");
  p.querySelector("i")?.setAttribute("class", "c");
  p.querySelector("i")?.setAttribute("class", "d");
  /** @type {Text} */ (p.querySelector("b")?.firstChild).data = "y";
  p.querySelector("b")?.remove();
  await settled();
  assert.deepEqual(bench.news, [[7, { added: 2, removed: 1, attributes: ["class", "title"], text: true }]]);
});

test("a media query fires at first and when it changes, and once for each code that asks", () => {
  const bench = new Bench();
  const args = { query: "(min-width: 40rem)" };
  bench.open("media-query", args);
  assert.deepEqual(bench.news, [[7, { matches: false }]]);
  assert.deepEqual(bench.swap(bench.request("media-query", args, 8)), ["kept"]);
  bench.fakes.queries.get(args.query)?.becomes(true);
  assert.deepEqual(bench.news, [[8, { matches: true }]]);
});

test("a web socket says what happens to it, and sends in order what was sent before it was open", () => {
  const bench = new Bench();
  const send = (/** @type {string} */ data, binary = false) =>
    bench.resources.apply("m", { op: "send", instance: 1, key: "k", data, binary });
  bench.open("websocket", { url: "/feed", protocols: ["chat"] });
  assert.deepEqual([bench.socket.url, bench.socket.protocols, bench.socket.binaryType], ["/feed", ["chat"], "arraybuffer"]);
  send("one");
  send("AP8=", true);
  assert.deepEqual(bench.socket.sent, []);
  bench.socket.open();
  send("three");
  assert.deepEqual(bench.socket.sent, ["one", new Uint8Array([0, 255]), "three"]);
  bench.socket.says("hi");
  bench.socket.says(new Uint8Array([1, 2, 254]).buffer);
  bench.socket.ends(1000, "bye");
  assert.deepEqual(bench.news, [
    [7, { state: "open" }],
    [7, { state: "message", data: "hi" }],
    [7, { state: "message", binary: "AQL+" }],
    [7, { state: "closed", code: 1000, reason: "bye", clean: true }],
  ]);
  send("late");
  assert.match(bench.warnings.join(), /`websocket` of `k`: nothing was sent: the connection has ended/);
});

test("a web socket that is kept stays open, one that is closed is silent, one that has ended is opened again", () => {
  const bench = new Bench();
  const args = { url: "/feed" };
  bench.open("websocket", args);
  bench.socket.open();
  bench.swap(bench.request("websocket", args, 8), { op: "send", instance: 1, key: "k", data: "from the new code", binary: false });
  bench.socket.says("x");
  assert.deepEqual(bench.news.at(-1), [8, { state: "message", data: "x" }]);
  assert.deepEqual([bench.fakes.sockets.length, bench.socket.sent, bench.socket.closed], [1, ["from the new code"], false]);
  bench.held = true;
  bench.socket.says("last words");
  bench.socket.ends(1001, "");
  assert.deepEqual(bench.swap(bench.request("websocket", args, 9)), ["replaced"]);
  bench.socket.open();
  bench.deliver();
  assert.deepEqual(
    bench.news.map(([handler, { state }]) => [handler, state]),
    [
      [9, "message"],
      [9, "closed"],
      [9, "open"],
    ],
    "nothing of what waited is lost",
  );
  const second = bench.socket;
  bench.close();
  second.says("y");
  bench.deliver();
  assert.deepEqual([second.closed, bench.news], [true, []]);
});

test("an address that makes no sense closes the connection at once", () => {
  const bench = new Bench();
  bench.open("websocket", { url: "" });
  assert.deepEqual(bench.news, [[7, { state: "closed", code: 1006, reason: "the address is empty", clean: false }]]);
  bench.open("event-source", { url: "" });
  assert.deepEqual(bench.news, [[7, { state: "error", closed: true }]]);
  assert.match(bench.warnings.join(), /the address is empty/);
});

test("an event source tells its events, and is opened again once it has ended", () => {
  const bench = new Bench();
  const args = { url: "/events", events: ["moved"] };
  bench.open("event-source", args);
  const { source } = bench;
  source.dispatchEvent(new Event("open"));
  source.says("message", "a", "1");
  source.says("moved", "b");
  source.says("other", "c");
  source.fails(0);
  assert.deepEqual(bench.swap(bench.request("event-source", args)), ["kept"]);
  source.fails(2);
  assert.deepEqual(bench.news, [
    [7, { state: "open" }],
    [7, { state: "message", event: "message", id: "1", data: "a" }],
    [7, { state: "message", event: "moved", id: "", data: "b" }],
    [7, { state: "error", closed: false }],
    [7, { state: "error", closed: true }],
  ]);
  assert.deepEqual(bench.swap(bench.request("event-source", args)), ["replaced"]);
  assert.deepEqual([source.closed, bench.source === source], [true, false]);
});

test("a request answers with status, headers and body, or with an error", async () => {
  const bench = new Bench();
  bench.open("request", { method: "POST", url: "/items", headers: { "X-A": "b" }, body: "{}" });
  const [sent] = bench.fakes.requests;
  const { signal, ...options } = sent?.options ?? {};
  assert.deepEqual([sent?.url, options], ["/items", { method: "POST", headers: { "X-A": "b" }, body: "{}" }]);
  sent?.answer(new Response("done", { status: 201, headers: { "x-c": "d", "content-type": "text/plain" } }));
  await settled();
  assert.deepEqual(bench.news, [[7, { status: 201, headers: { "content-type": "text/plain", "x-c": "d" }, body: "done" }]]);
  bench.open("request", { method: "GET", url: "/none" });
  bench.fakes.requests[1]?.fail(new TypeError("no network"));
  await settled();
  assert.deepEqual(bench.news, [[7, { error: "no network" }]]);
});

test("a request that is closed or replaced is aborted, one that is kept is not", async () => {
  const bench = new Bench();
  bench.open("request", { method: "GET", url: "/a" });
  bench.swap(bench.request("request", { method: "GET", url: "/a" }, 8));
  assert.equal(bench.fakes.requests[0]?.options.signal?.aborted, false);
  bench.swap(bench.request("request", { method: "GET", url: "/b" }, 9));
  assert.deepEqual([bench.fakes.requests.length, bench.fakes.requests[0]?.options.signal?.aborted], [2, true]);
  bench.close();
  bench.fakes.requests[1]?.answer(new Response("late"));
  await settled();
  assert.deepEqual([bench.fakes.requests[1]?.options.signal?.aborted, bench.news], [true, []]);
});

test("storage fires for its area and item when another page changes it", () => {
  const bench = new Bench();
  const { localStorage, sessionStorage, StorageEvent } = bench.window;
  const changed = (/** @type {Storage} */ storageArea, /** @type {string | null} */ key) =>
    bench.window.dispatchEvent(new StorageEvent("storage", { storageArea, key, oldValue: null, newValue: key === null ? null : "[]" }));
  bench.open("storage", { area: "local", item: "cart" });
  changed(localStorage, "cart");
  changed(localStorage, "other");
  changed(sessionStorage, "cart");
  changed(localStorage, null);
  assert.deepEqual(bench.news, [
    [7, { item: "cart", old: null, new: "[]" }],
    [7, { item: "cart", old: null, new: null }],
  ]);
  bench.open("storage", { area: "local" });
  changed(localStorage, "other");
  assert.deepEqual(bench.news, [[7, { item: "other", old: null, new: "[]" }]]);
});

test("a call gets what the page's function answers, at once or later", async () => {
  const bench = new Bench();
  bench.host.register("double", (n) => n * 2);
  bench.host.register("slow", async (n) => n + 1);
  bench.host.register("bad", async () => {
    throw new Error("not today");
  });
  bench.open("call", { function: "double", argument: 4 });
  bench.open("call", { function: "slow", argument: 4 });
  await settled();
  bench.open("call", { function: "bad", argument: null });
  await settled();
  assert.deepEqual(bench.news, [
    [7, { value: 8 }],
    [7, { value: 5 }],
    [7, { error: "not today" }],
  ]);
});

test("a one-shot that has fired is kept and silent, answers again for a replay, and starts again otherwise", async () => {
  const bench = new Bench();
  let calls = 0;
  bench.host.register("count", () => ++calls);
  const args = { function: "count", argument: {} };
  bench.open("call", args);
  assert.deepEqual(bench.swap(bench.request("call", args, 8)), ["kept"]);
  assert.deepEqual(bench.news, [[7, { value: 1 }]]);
  assert.deepEqual(bench.swap(bench.request("call", args, 9, { replay: true })), ["kept"]);
  assert.deepEqual([bench.news, calls], [[[9, { value: 1 }]], 1]);
  bench.open("call", args, 10);
  assert.deepEqual(bench.news, [[10, { value: 2 }]], "running code that asks again is answered anew");
  bench.open("timeout", { ms: 10 });
  bench.timers.pass(6);
  bench.open("timeout", { ms: 10 });
  bench.timers.pass(6);
  assert.deepEqual(bench.news, [], "even before it has fired");
  bench.open("call", args, 10);
  assert.deepEqual(bench.news, [[10, { value: 3 }]]);
  bench.close();
  assert.deepEqual(bench.swap(bench.request("call", args, 11)), ["opened"], "what was closed is forgotten");
  bench.open("timeout", { ms: 10 }, 12);
  bench.timers.pass(20);
  assert.deepEqual(bench.swap(bench.request("timeout", { ms: 10 }, 13)), ["kept"]);
  bench.timers.pass(100);
  assert.deepEqual(bench.news, [
    [11, { value: 4 }],
    [12, null],
  ]);
});

test("a one-shot whose firing waits is answered once, by the code that wins", () => {
  const bench = new Bench();
  bench.held = true;
  bench.open("timeout", { ms: 10 }, 7);
  bench.timers.pass(20);
  assert.deepEqual(bench.swap(bench.request("timeout", { ms: 10 }, 8, { replay: true })), ["kept"]);
  bench.deliver();
  assert.deepEqual(bench.news, [[8, null]]);
});

test("timer firings that wait count as one, others do not", () => {
  const bench = new Bench();
  bench.held = true;
  bench.open("interval", { ms: 10 });
  bench.timers.pass(100);
  bench.deliver();
  assert.equal(bench.news.length, 1);
  bench.open("listener", { target: "window", event: "x" });
  for (const _ of [1, 2, 3]) bench.window.dispatchEvent(new bench.window.Event("x"));
  bench.deliver();
  assert.equal(bench.news.length, 3);
});

test("arguments are compared by what they say, with every digit", () => {
  const bench = new Bench();
  bench.host.register("echo", (value) => value);
  const call = (/** @type {string} */ argument) =>
    readRequest(`{"op":"open","instance":1,"key":"k","kind":"call","args":{"argument":${argument},"function":"echo"},"handler":7}`);
  bench.swap(call(`{"id": 18446744073709551615, "name": "\\u0061"}`));
  assert.deepEqual(bench.swap(call(`{"name":"a","id":18446744073709551615}`)), ["kept"]);
  assert.deepEqual(bench.swap(call(`{"name":"a","id":18446744073709551614}`)), ["replaced"]);
  const listener = (/** @type {object} */ args) => bench.request("listener", { event: "x", target: "window", ...args });
  bench.swap(listener({}));
  assert.deepEqual(bench.swap(listener({ flags: 0 })), ["kept"], "what is left out is the default");
});

test("another module's code does not touch a resource of the same key, and a module that goes takes its own along", () => {
  const bench = new Bench();
  bench.open("interval", { ms: 10 });
  bench.resources.apply("other", { op: "close", instance: 1, key: "k" });
  bench.resources.keepOnly("other", new Set());
  bench.timers.pass(10);
  assert.equal(bench.news.length, 1);
  bench.resources.keepOnly("m", new Set([1]));
  bench.timers.pass(10);
  assert.equal(bench.news.length, 1);
  bench.resources.keepOnly("m", new Set());
  bench.timers.pass(10);
  assert.equal(bench.news.length, 0);
});

test("what the browser lacks is reported, and breaks nothing", () => {
  const bench = new Bench();
  bench.page.resizeObserver = () => {
    throw new TypeError("ResizeObserver is not a constructor");
  };
  assert.deepEqual(bench.swap(bench.request("resize-observer", { node: 1 })), ["opened"]);
  assert.match(bench.warnings.join(), /`resize-observer` of `k`: cannot be opened: ResizeObserver is not a constructor/);
});

/** @type {[string, RegExp][]} */
const MALFORMED = [
  ["[", /not a JSON object/],
  ["7", /not a JSON object/],
  [`{"op":"open","key":"k"}`, /names no instance or no key/],
  [`{"op":"shut","instance":1,"key":"k"}`, /neither opens, nor sends, nor closes/],
  [`{"op":"open","instance":1,"key":"k","kind":"interval","args":{"ms":1}}`, /names no handler/],
  [`{"op":"open","instance":1,"key":"k","kind":"radio","args":{},"handler":1}`, /no resource of the kind `radio`/],
  [
    `{"op":"open","instance":1,"key":"k","kind":"interval","args":{"ms":-1},"handler":1}`,
    /`interval` needs `ms`, a number of milliseconds/,
  ],
  [
    `{"op":"open","instance":1,"key":"k","kind":"listener","args":{"target":"moon","event":"x"},"handler":1}`,
    /needs `target`, `window` or `document`/,
  ],
  [`{"op":"open","instance":1,"key":"k","kind":"resize-observer","args":{},"handler":1}`, /needs `node`, the number of an element/],
  [
    `{"op":"open","instance":1,"key":"k","kind":"intersection-observer","args":{"node":1,"threshold":2},"handler":1}`,
    /needs `threshold`, a share/,
  ],
  [
    `{"op":"open","instance":1,"key":"k","kind":"websocket","args":{"url":"/","protocols":[1]},"handler":1}`,
    /needs `protocols`, a list of texts/,
  ],
  [`{"op":"open","instance":1,"key":"k","kind":"request","args":{"url":"/"},"handler":1}`, /needs `method`/],
  [
    `{"op":"open","instance":1,"key":"k","kind":"request","args":{"url":"/","method":"GET","headers":{"a":1}},"handler":1}`,
    /needs `headers`/,
  ],
  [`{"op":"open","instance":1,"key":"k","kind":"call","args":{"argument":1},"handler":1}`, /needs `function`/],
  [`{"op":"send","instance":1,"key":"k"}`, /sent through `k` is not a text/],
  [`{"op":"send","instance":1,"key":"k","data":"é","binary":true}`, /sent through `k` is not Base64/],
];

for (const [json, error] of MALFORMED) {
  test(`a request that makes no sense says why: ${json}`, () => {
    assert.throws(() => readRequest(json), error);
  });
}

test("the facilities of a window: sockets are addressed from the page", () => {
  const { window } = new JSDOM("", { url: "https://example.org/a/b" });
  /** @type {[string, unknown][]} */
  const opened = [];
  class Socket {
    /** @param {URL} url @param {string[]} protocols */
    constructor(url, protocols) {
      opened.push([String(url), protocols]);
    }
  }
  const page = facilitiesOf(/** @type {any} */ ({ document: window.document, URL: window.URL, WebSocket: Socket }));
  page.socket("feed?x=1", ["p"]);
  page.socket("http://other.org/", []);
  page.socket("ws://other.org/", []);
  assert.deepEqual(opened, [
    ["wss://example.org/a/feed?x=1", ["p"]],
    ["ws://other.org/", []],
    ["ws://other.org/", []],
  ]);
});

/**
 * Clicks on an element with these attributes, and returns whether the browser was kept from following it.
 *
 * @param {Bench} bench
 * @param {Record<string, string>} attributes
 * @param {MouseEventInit} [how]
 */
function clickLink(bench, attributes, how = {}) {
  const { document, MouseEvent } = bench.window;
  const link = document.createElement("a");
  for (const [name, value] of Object.entries(attributes)) link.setAttribute(name, value);
  const inner = link.appendChild(document.createElement("b"));
  document.body.append(link);
  // What is not followed would make jsdom complain that it cannot load a page.
  const event = new MouseEvent("click", { bubbles: true, cancelable: true, ...how });
  let prevented = false;
  const last = (/** @type {Event} */ native) => {
    prevented = native.defaultPrevented;
    native.preventDefault();
  };
  bench.window.addEventListener("click", last);
  inner.dispatchEvent(event);
  bench.window.removeEventListener("click", last);
  link.remove();
  return prevented;
}

test("a click on a link within the application changes the address, others are left to the browser", () => {
  const bench = new Bench();
  bench.open("location", { links: "/app" });
  assert.equal(clickLink(bench, { href: "/app/users/7?a=1" }), true);
  const location = { origin: "http://localhost", path: "/app/users/7", query: "a=1", hash: "" };
  assert.deepEqual(bench.news, [[7, location]]);
  for (const [attributes, how] of /** @type {[Record<string, string>, MouseEventInit?][]} */ ([
    [{ href: "/application" }],
    [{ href: "/" }],
    [{ href: "https://example.org/app/" }],
    [{ href: "http://[" }],
    [{ name: "no link" }],
    [{ href: "/app/x", target: "_blank" }],
    [{ href: "/app/x", download: "" }],
    [{ href: "/app/x", rel: "nofollow external" }],
    [{ href: "/app/users/7?a=1#part" }],
    [{ href: "/app/x" }, { ctrlKey: true }],
    [{ href: "/app/x" }, { metaKey: true }],
    [{ href: "/app/x" }, { shiftKey: true }],
    [{ href: "/app/x" }, { altKey: true }],
    [{ href: "/app/x" }, { button: 1 }],
  ])) {
    assert.equal(clickLink(bench, attributes, how), false, JSON.stringify([attributes, how]));
  }
  assert.deepEqual(bench.news, []);
  assert.equal(clickLink(bench, { href: "/app", target: "_self" }), true);
  assert.equal(clickLink(bench, { href: "/app" }), true);
  assert.equal(bench.fakes.history.entries.length, 3, "the same address again is not a further entry");
});

test("the address is followed until the resource is closed", () => {
  const bench = new Bench();
  bench.open("location", {});
  assert.equal(clickLink(bench, { href: "/app" }), false);
  bench.fakes.history.push(new URL("http://localhost/b#c"));
  assert.deepEqual(bench.news, [[7, { origin: "http://localhost", path: "/b", query: "", hash: "c" }]]);
  bench.resources.closeInstance(1);
  bench.fakes.history.go(-1);
  assert.deepEqual(bench.news, []);
  assert.throws(() => readRequest(`{"op":"open","instance":1,"key":"l","kind":"location","args":{"links":7},"handler":1}`), /`links`/);
});

test("the history of a window is used, and its changes are reported", async () => {
  const { window } = new JSDOM("", { url: "http://localhost/a" });
  const { history } = facilitiesOf(/** @type {any} */ (window));
  const seen = /** @type {string[]} */ ([]);
  const end = history.watch(() => void seen.push(history.url().pathname));
  history.push(history.resolve("b"));
  history.replace(history.resolve("/c"));
  const back = new Promise((done) => window.addEventListener("popstate", done, { once: true }));
  history.go(-1);
  await back;
  end();
  history.push(history.resolve("/d"));
  assert.deepEqual(seen, ["/b", "/c", "/a"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { guest } from "./support/guest.js";
import { PLACE } from "./support/page.js";

/** @param {string} title @param {Partial<import("./support/guest.js").Shape>} [other] */
function counter(title, other = {}) {
  return guest({
    views: [
      { tag: "h2", children: [title] },
      { tag: "button", listen: { click: 1, keydown: 5 }, children: ["0"] },
    ],
    digit: 4,
    ...other,
  });
}

/** @type {Record<string, Uint8Array>} */
const FILES = {
  "/a.wasm": counter("A", { budget: true, functions: ['(func (export "left") (result i32) (global.get $budget))'] }),
  "/b.wasm": counter("B", { handlers: { 5: { trap: true } } }),
};
for (const hash of ["old", "bad"])
  FILES[`/@hmr/module/counter/${hash}.wasm`] = counter(hash.toUpperCase(), { traps: hash === "bad" ? ["restore_state"] : [] });
const VERSION = { module: "counter", hash: "a", url: "/a.wasm", components: ["Counter"] };

/** A socket that the test plays the tool's end of. */
class Socket extends EventTarget {
  /** @type {Socket[]} */
  static all = [];
  readyState = 1;
  /** @type {any[]} */
  sent = [];
  /** @type {((message: any) => void)[]} */
  #waiting = [];

  constructor() {
    super();
    Socket.all.push(this);
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(JSON.parse(text));
    for (const look of this.#waiting.splice(0)) look(this);
  }

  close() {}

  /** @param {unknown} message */
  say(message) {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }

  /** The next message of a type. @param {string} type */
  async received(type) {
    const deadline = setTimeout(() => assert.fail(`no \`${type}\` came, but ${JSON.stringify(this.sent)}`), 5000);
    for (;;) {
      const at = this.sent.findIndex((message) => message.type === type);
      if (at >= 0) {
        clearTimeout(deadline);
        return this.sent.splice(at, 1)[0];
      }
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
  }
}

test("the entry mounts what is placed, asks for a rehearsal, swaps, undoes, and reports to the tool", async (test) => {
  test.mock.timers.enable({ apis: ["setInterval"] });
  const config = JSON.stringify({ token: "t", app: "mine", server: "s", sequence: 1, modules: [VERSION], failure: null, budget: 7 });
  const { window } = new JSDOM(
    `<!doctype html><html><head><script type="application/json" id="hmr-config">${config}</script><link rel="stylesheet" href="/a.css"></head><body>${PLACE}</body></html>`,
    {
      url: "http://localhost/",
      pretendToBeVisual: true,
    },
  );
  const { document } = window;
  const fetch = async (/** @type {string} */ url) => {
    const path = String(url).replace("http://localhost", "");
    if (path.startsWith("/@hmr/session?")) return Response.json({ token: "t", server: "s", nonce: new URL(url).searchParams.get("nonce") });
    return new Response(/** @type {BodyInit} */ (FILES[path]), { headers: { "content-type": "application/wasm" } });
  };
  for (const name of ["customElements", "HTMLElement", "CustomEvent", "sessionStorage", "localStorage", "location"]) {
    Object.defineProperty(globalThis, name, { value: /** @type {any} */ (window)[name], configurable: true });
  }
  Object.assign(globalThis, { window, document, WebSocket: Socket, fetch });
  Object.assign(window, { WebSocket: Socket, fetch });

  const { hmr } = await import("../main.js");
  assert.equal(/** @type {any} */ (window).__hmr, hmr);
  await new Promise((resolve) => document.addEventListener("hmr:swap", resolve, { once: true }));
  const shown = () => ["h2", "button"].map((selector) => document.querySelector(selector)?.textContent);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(shown(), ["A", "0"]);
  assert.equal(hmr.module("counter").left(), 7, "each call starts with the budget of the configuration");

  const socket = Socket.all[0] ?? assert.fail("no socket was opened");
  socket.say({ type: "hello", server: "s", sequence: 1, modules: [VERSION], failure: null });
  assert.deepEqual((await socket.received("ready")).modules, [{ module: "counter", hash: "a" }]);
  /** The reports of swaps without an update. */
  const loaded = async () => {
    const { sequence, swaps } = await socket.received("swap");
    return [sequence, ...swaps.map((/** @type {any} */ { hash, outcome }) => `${hash} ${outcome}`)];
  };
  assert.deepEqual(await loaded(), [null, "a committed"]);
  await hmr.reload("counter");
  await hmr.use("counter", "bad");
  assert.deepEqual(await loaded(), [null, "bad rolled-back"], "that the same code was started again is not reported");
  await hmr.use("counter", "old");
  assert.deepEqual(await loaded(), [null, "old committed"]);
  assert.equal(shown()[0], "OLD");
  socket.say({ type: "hello", server: "s", sequence: 1, modules: [VERSION], failure: null });
  assert.deepEqual((await socket.received("ready")).modules, [{ module: "counter", hash: "old" }], "the tool names what it named before");
  await hmr.rollback("counter");
  assert.deepEqual(await loaded(), [null, "a committed"]);
  document.querySelector("button")?.click();
  socket.say({ type: "rehearsals" });
  const state = await socket.received("state");
  assert.deepEqual([state.module, state.hash, JSON.parse(state.snapshot).instances[0].signals.n.value], ["counter", "a", 1]);

  document.querySelector("button")?.click();
  const changed = await socket.received("state");
  assert.equal(JSON.parse(changed.snapshot).instances[0].signals.n.value, 2, "a state that has changed is shown once it has settled");

  socket.say({
    type: "hot-update",
    sequence: 2,
    reason: "r",
    modules: [{ ...VERSION, hash: "b", url: "/b.wasm", rehearse: true, transform: [{ op: "remove", key: "m" }] }],
  });
  const asked = await socket.received("rehearse");
  assert.deepEqual(
    [asked.module, asked.hash, asked.transform, typeof asked.snapshot],
    ["counter", "b", [{ op: "remove", key: "m" }], "string"],
  );
  socket.say({ type: "verdict", id: asked.id, outcome: "passed", step: null, error: null, duration: { wait: 1, run: 2 } });
  const committed = await socket.received("swap");
  assert.deepEqual([committed.server, committed.sequence, committed.swaps[0].outcome, shown()], ["s", 2, "committed", ["B", "2"]]);

  // Another run of the tool counts from the beginning: a later report about an earlier update still belongs to that one.
  socket.say({ type: "hello", server: "s2", sequence: 2, modules: [], failure: null });
  await socket.received("ready");

  document.querySelector("button")?.dispatchEvent(new window.Event("keydown"));
  assert.equal((await socket.received("trap")).hash, "b");
  const undone = await socket.received("swap");
  assert.deepEqual(
    [undone.server, undone.sequence, undone.swaps[0].outcome, undone.swaps[0].hash, shown()],
    ["s", 2, "undone", "b", ["A", "2"]],
  );
  assert.equal(hmr.modules()[0]?.hash, "a");

  // What a page missed: once for style sheets and for a reload, and never twice.
  const hello = { type: "hello", server: "s2", modules: [], failure: null };
  const sheets = () => [...document.querySelectorAll("link")].map((link) => link.getAttribute("href"));
  socket.say({ ...hello, sequence: 2, files: 2, reloaded: 1 });
  assert.deepEqual(sheets(), ["/a.css", "/a.css?hmr=s2"], "fetched for the other run alone: it has seen these");
  socket.say({ ...hello, sequence: 4, files: 3, reloaded: 1 });
  assert.deepEqual(sheets(), ["/a.css", "/a.css?hmr=s2-4", "/a.css?hmr=s2"]);
  const stored = () => sessionStorage.getItem("hmr-reload") !== null;
  socket.sent.length = 0;
  socket.say({ ...hello, sequence: 7, files: 3, reloaded: 6 });
  assert.deepEqual([stored(), socket.sent], [true, []], "it is loaded again with its state");
  sessionStorage.removeItem("hmr-reload");
  socket.say({ type: "full-reload", sequence: 8, reason: "r", restore: false });
  socket.say({ ...hello, sequence: 8, files: 3, reloaded: 8 });
  assert.equal(stored(), false, "it was loaded again for this one");

  // The reader chooses to stay in the page.
  socket.say({ type: "full-reload", sequence: 9, reason: "r", restore: true });
  const detached = () => {
    window.dispatchEvent(new window.Event("pagehide"));
    return [stored(), sessionStorage.getItem("hmr-left") !== null];
  };
  test.mock.timers.tick(9000);
  assert.deepEqual(detached(), [true, false]);
  test.mock.timers.tick(1000);
  assert.deepEqual(detached(), [false, true], "the state is written down when the page is left later");
  window.close();
});

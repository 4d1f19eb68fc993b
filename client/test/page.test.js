import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { updateAssets } from "../page/assets.js";
import { readPage, store, take } from "../page/page-state.js";
import { Restoration } from "../page/restoration.js";
import { updateStyles } from "../page/styles.js";
import { Transport } from "../tool/transport.js";

/** @param {string} body */
function page(body) {
  return new JSDOM(`<!doctype html>${body}`, { url: "http://localhost/" }).window;
}

/** The messages about sheets. */
function recorder() {
  const [failed, absent] = [/** @type {string[]} */ ([]), /** @type {string[]} */ ([])];
  return {
    all: { failed, absent },
    fetch: () => Promise.reject(new Error("nothing is imported")),
    failed: (/** @type {string} */ text) => void failed.push(text),
    absent: (/** @type {string} */ text) => void absent.push(text),
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** @param {ParentNode} root */
const hrefs = (root) => [...root.querySelectorAll("link")].map((link) => link.getAttribute("href"));

test("a stylesheet is replaced in its own element, wherever it hangs, and only once it has loaded", async () => {
  const { document, Event } = page(`<link rel="stylesheet" href="/a.css?x=1" id="a"><link rel="stylesheet" href="/b.css"><p></p>`);
  const shadow = /** @type {Element} */ (document.querySelector("p")).attachShadow({ mode: "open" });
  shadow.innerHTML = `<link rel="STYLESHEET" href="/a%2ecss">`;
  const first = document.querySelector("#a");
  let listeners = 0;
  for (const [name, by] of /** @type {const} */ ([
    ["addEventListener", 1],
    ["removeEventListener", -1],
  ])) {
    const method = /** @type {any} */ (first)[name].bind(first);
    Object.assign(/** @type {object} */ (first), {
      [name]: (/** @type {unknown[]} */ ...given) => {
        listeners += by;
        method(...given);
      },
    });
  }
  const done = updateStyles(document, ["/a.css"], 4, recorder());
  assert.deepEqual(
    [hrefs(document), hrefs(shadow)],
    [
      ["/a.css?x=1", "/a.css?x=1&hmr=4", "/b.css"],
      ["/a%2ecss", "/a%2ecss?hmr=4"],
    ],
  );
  document.querySelectorAll("link")[1]?.dispatchEvent(new Event("load"));
  shadow.querySelectorAll("link")[1]?.dispatchEvent(new Event("error"));
  await turn();
  assert.deepEqual([hrefs(document), hrefs(shadow)], [["/a.css?x=1&hmr=4", "/a.css?x=1&hmr=4", "/b.css"], ["/a%2ecss"]]);
  first?.dispatchEvent(new Event("load"));
  assert.equal(await done, 1);
  assert.deepEqual(hrefs(document), ["/a.css?x=1&hmr=4", "/b.css"]);
  assert.equal(document.querySelector("#a"), first);
  assert.equal(listeners, 0, "none is left on it");
});

test("a sheet that does not load leaves the old one, and it is reported", async () => {
  const { document, Event } = page(`<link rel="stylesheet" href="/a.css"><link rel="stylesheet" href="http://other/a.css">`);
  const by = recorder();
  const done = updateStyles(document, ["/a.css", "/unknown.css"], 4, by);
  document.querySelectorAll("link")[1]?.dispatchEvent(new Event("error"));
  assert.equal(await done, 0);
  assert.deepEqual(hrefs(document), ["/a.css", "http://other/a.css"]);
  assert.match(by.all.failed.join(), /`\/a.css` cannot be loaded/);
  assert.match(by.all.absent.join(), /`\/unknown.css`/);
});

test("two saves before the first has loaded are one sheet, which counts for both", async () => {
  const { document, Event } = page(`<link rel="stylesheet" href="/a.css">`);
  const both = [updateStyles(document, ["/a.css"], 4, recorder()), updateStyles(document, ["/a.css"], 5, recorder())];
  const [link, newer, older] = document.querySelectorAll("link");
  assert.deepEqual(hrefs(document), ["/a.css", "/a.css?hmr=5", "/a.css?hmr=4"]);
  older?.dispatchEvent(new Event("load"));
  newer?.dispatchEvent(new Event("load"));
  await turn();
  assert.deepEqual(hrefs(document), ["/a.css?hmr=5", "/a.css?hmr=5"]);
  link?.dispatchEvent(new Event("load"));
  assert.deepEqual(await Promise.all(both), [1, 1]);
  assert.deepEqual(hrefs(document), ["/a.css?hmr=5"]);
});

test("assets are shown again wherever they stand", () => {
  const { document } = page(`<style>p { background: url("/x.svg") }</style><img src="/x.svg"><img src="/y.svg">
    <img srcset="/x.svg 1x, /y.svg 2x"><video poster="/x.svg"></video><div style="background-image: url('/x.svg')"></div>
    <svg><image href="/x.svg"/></svg><link rel="icon" href="/x.svg">`);
  assert.equal(updateAssets(document, ["/x.svg"], 5), 7);
  assert.equal(document.querySelector("img")?.getAttribute("src"), "/x.svg?hmr=5");
  assert.equal(document.querySelector("img[srcset]")?.getAttribute("srcset"), "/x.svg?hmr=5 1x, /y.svg 2x");
  assert.equal(document.querySelectorAll("img")[1]?.getAttribute("src"), "/y.svg");
  assert.match(document.querySelector("div")?.style.backgroundImage ?? "", /hmr=5/);
});

test("what is of the page's own server is shown again whatever the base of the page is", async () => {
  const { document, Event } = page(`<base href="https://other.example/x/"><link rel="stylesheet" href="http://localhost/a.css">
    <link rel="stylesheet" href="/a.css"><img src="http://localhost/x.svg"><img src="/x.svg">`);
  assert.equal(updateAssets(document, ["/x.svg"], 5), 1);
  assert.deepEqual(
    [...document.querySelectorAll("img")].map((image) => image.getAttribute("src")),
    ["http://localhost/x.svg?hmr=5", "/x.svg"],
  );
  const done = updateStyles(document, ["/a.css"], 4, recorder());
  const [link, next] = document.querySelectorAll("link");
  assert.equal(next?.getAttribute("href"), "http://localhost/a.css?hmr=4");
  next?.dispatchEvent(new Event("load"));
  await turn();
  link?.dispatchEvent(new Event("load"));
  assert.equal(await done, 1);
  assert.equal(document.querySelectorAll("link").length, 2);
});

test("what a reader did goes over a reload once", () => {
  const html = `<input name="a"><input type="checkbox" id="c"><textarea></textarea><input type="password"><input id="bound">
    <select><option>x</option><option>y</option></select><details><p>more</p></details>`;
  const before = page(html);
  const all = before.document.querySelectorAll("input");
  for (const input of all) input.value = "typed";
  Object.assign(/** @type {object} */ (before.document.querySelector("#c")), { checked: true });
  Object.assign(/** @type {object} */ (before.document.querySelector("select")), { selectedIndex: 1 });
  Object.assign(/** @type {object} */ (before.document.querySelector("details")), { open: true });
  all[0]?.focus();
  all[0]?.setSelectionRange(1, 2);
  const state = readPage(before.document, (node, name) => /** @type {Element} */ (node).id === "bound" && name === "value");

  const window = page(html);
  const { document, sessionStorage } = window;
  store(sessionStorage, { time: 1000, reason: "r", modules: [], page: state });
  const taken = take(sessionStorage, 2000);
  assert.ok(taken);
  assert.equal(take(sessionStorage, 2000), null);
  new Restoration(
    /** @type {any} */ (window),
    taken.page,
    () => true,
    () => true,
  ).attempt(true);
  const fields = [...document.querySelectorAll("input")];
  assert.deepEqual(
    fields.map(({ value }) => value),
    ["typed", "on", "", ""],
  );
  assert.equal(fields[1]?.checked, true);
  assert.equal(document.querySelector("select")?.selectedIndex, 1);
  assert.equal(document.querySelector("details")?.open, true);
  assert.equal(document.activeElement, fields[0]);
  assert.deepEqual([fields[0]?.selectionStart, fields[0]?.selectionEnd], [1, 2]);
  window.close();
});

test("state that is old or broken is thrown away", () => {
  const { sessionStorage } = page("");
  sessionStorage.setItem("hmr-reload", "{");
  assert.equal(take(sessionStorage, 0), null);
  sessionStorage.setItem("hmr-reload", JSON.stringify({ time: 0, modules: [], page: {} }));
  assert.equal(take(sessionStorage, 1_000_000), null);
});

/** A socket that a test plays the other end of. */
class FakeSocket extends EventTarget {
  readyState = 1;
  /** @type {string[]} */
  sent = [];
  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }
  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }
  close() {
    this.readyState = 3;
  }
}

test("a lost connection is made again, with the tool's new token and longer pauses", async () => {
  /** @type {FakeSocket[]} */
  const sockets = [];
  /** @type {number[]} */
  const pauses = [];
  /** @type {(() => void) | null} */
  let later = null;
  let up = true;
  let token = "first";
  let app = "mine";
  /** What a cache answers in place of the tool. @type {object | null} */
  let cached = null;
  /** @type {unknown[]} */
  const asked = [];
  let intercepted = 0;
  /** @type {boolean[]} */
  const changes = [];
  let refusal = "";
  /** @type {unknown[]} */
  const received = [];
  /** @type {string[]} */
  const logs = [];
  const transport = new Transport(
    {
      fetch: async (url) => {
        if (!up) throw new Error("down");
        const nonce = new URL(String(url)).searchParams.get("nonce");
        asked.push(nonce);
        if (refusal) return new Response(refusal, { status: 403 });
        return Response.json(cached ?? { token, app, nonce });
      },
      nonce: () => String(asked.length),
      open: (url) => /** @type {WebSocket} */ (/** @type {unknown} */ (sockets[sockets.push(new FakeSocket(url)) - 1])),
      setTimeout: (code, ms) => {
        pauses.push(ms);
        later = code;
      },
      clearTimeout: () => {},
      origin: "http://localhost:1",
    },
    { token: "served", app: "mine" },
    {
      received: (message) => void received.push(message),
      changed: (connected) => void changes.push(connected),
      intercepted: (text) => void (text === null ? intercepted++ : logs.push(text)),
      otherApp: (otherApp) => void logs.push(otherApp ? "strange" : "home"),
      log: (text) => void logs.push(text),
    },
  );
  transport.connect();
  await turn();
  assert.equal(sockets[0]?.url, "ws://localhost:1/@hmr/socket?token=first&app=mine");
  sockets[0]?.dispatchEvent(new Event("open"));
  sockets[0]?.dispatchEvent(new MessageEvent("message", { data: "junk" }));
  sockets[0]?.dispatchEvent(new MessageEvent("message", { data: '{"type":"build-succeeded","sequence":1}' }));
  assert.deepEqual([received.length, logs.length], [1, 1]);

  up = false;
  sockets[0]?.dispatchEvent(new Event("close"));
  transport.send({ type: "problem", message: "meanwhile" });
  for (let attempt = 0; attempt < 7; attempt++) {
    /** @type {any} */ (later)();
    await turn();
  }
  assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  [up, token] = [true, "second"];
  /** @type {any} */ (later)();
  await turn();
  assert.equal(sockets[1]?.url, "ws://localhost:1/@hmr/socket?token=second&app=mine");
  sockets[1]?.dispatchEvent(new Event("open"));
  assert.deepEqual(sockets[1]?.sent, ['{"type":"problem","message":"meanwhile"}']);

  // What the tool would hang up at is left out.
  const before = logs.length;
  assert.equal(transport.send({ type: "state", module: "m", hash: "h", snapshot: "ü".repeat(2 << 20) }), false);
  assert.equal(transport.send({ type: "state", module: "m", hash: "h", snapshot: "u".repeat(2 << 20) }), true);
  assert.deepEqual([sockets[1]?.sent.length, logs.length - before], [2, 1]);

  // A tool that serves another application: the page waits for its own.
  logs.length = 0;
  [app, token] = ["another", "third"];
  sockets[1]?.dispatchEvent(new Event("close"));
  for (let attempt = 0; attempt < 3; attempt++) {
    /** @type {any} */ (later)();
    await turn();
  }
  assert.deepEqual([sockets.length, logs, transport.token], [2, ["strange"], "second"]);
  [app, token] = ["mine", "fourth"];
  /** @type {any} */ (later)();
  await turn();
  assert.deepEqual([sockets[2]?.url, logs], ["ws://localhost:1/@hmr/socket?token=fourth&app=mine", ["strange", "home"]]);

  // What a cache has is not the tool's answer, and its token is not tried.
  assert.equal(new Set(asked).size, asked.length, "each question has an address of its own");
  for (const answer of [{ token: "second", nonce: asked.at(-1) }, { token: "second" }, {}]) {
    cached = answer;
    if (answer.nonce) sockets[2]?.dispatchEvent(new Event("close"));
    /** @type {any} */ (later)();
    await turn();
  }
  assert.deepEqual([intercepted, sockets.length], [3, 3]);
  cached = null;
  /** @type {any} */ (later)();
  await turn();
  assert.equal(sockets.length, 4);

  sockets[3]?.dispatchEvent(new Event("close"));
  for (const text of ["refused: no key\n", "<h1>Forbidden</h1>"]) {
    refusal = text;
    /** @type {any} */ (later)();
    await turn();
  }
  assert.deepEqual([logs.at(-1), intercepted, sockets.length], ["refused: no key", 4, 4], "the tool's own words, if it is the tool");

  // The report about the one that answered is corrected, once.
  changes.length = 0;
  [refusal, up] = ["", false];
  for (let attempt = 0; attempt < 2; attempt++) {
    /** @type {any} */ (later)();
    await turn();
  }
  assert.deepEqual(changes, [false], "it does not answer any more");
  [up, cached] = [true, {}];
  /** @type {any} */ (later)();
  await turn();
  [cached, app] = [null, "another"];
  /** @type {any} */ (later)();
  await turn();
  assert.deepEqual([changes, logs.at(-1)], [[false, false], "strange"], "another application is not what answered before");
});

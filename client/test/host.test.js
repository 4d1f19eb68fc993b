import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { draw, readDrawing } from "../dom/drawing.js";
import { readEvent } from "../dom/events.js";
import { answerAtOnce } from "../guest/read-request.js";
import { facilitiesOf } from "../resources/facilities.js";
import { HostFunctions } from "../resources/host-functions.js";
import { FakeFacilities } from "./support/facilities.js";

function functions() {
  const { window } = new JSDOM("", { url: "http://localhost/" });
  const page = new FakeFacilities(/** @type {any} */ ({}), /** @type {any} */ (window));
  const host = new HostFunctions(page.given);
  const call = async (/** @type {string} */ name, /** @type {unknown} */ argument) =>
    JSON.parse(await host.answer(name, JSON.stringify(argument)));
  return { host, call, window, page };
}

test("a registered function answers, at once or with a promise", async () => {
  const { host, call } = functions();
  host.register("add", ({ a, b }) => a + b);
  host.register("later", async (text) => `${text}!`);
  host.register("nothing", () => undefined);
  assert.equal(host.answer("add", `{"a":1,"b":2}`), `{"value":3}`);
  assert.deepEqual(await call("later", "x"), { value: "x!" });
  assert.deepEqual(await call("nothing", null), { value: null });
});

test("an error and a rejection are answers", async () => {
  const { host, call } = functions();
  host.register("throws", () => {
    throw new Error("no");
  });
  host.register("rejects", () => Promise.reject("never"));
  host.register("strange", () => () => {});
  host.register("circle", () => {
    const self = {};
    return Object.assign(self, { self });
  });
  assert.deepEqual(await call("throws", 1), { error: "no" });
  assert.deepEqual(await call("rejects", 1), { error: "never" });
  assert.match((await call("strange", 1)).error, /`strange` answered something that is not JSON/);
  assert.match((await call("circle", 1)).error, /circular/);
});

test("an unknown name is answered with those that are known", async () => {
  const { host, call } = functions();
  const unregister = host.register("add", () => 1);
  const { error } = await call("ad", 1);
  assert.match(error, /^there is no host function `ad`; there are `add`, .*`storage.get`, `storage.remove`, `storage.set`$/);
  unregister();
  assert.match((await call("add", 1)).error, /there is no host function `add`/);
});

test("a function that was registered again is not taken away by the first one's word", async () => {
  const { host, call } = functions();
  const first = host.register("f", () => 1);
  host.register("f", () => 2);
  first();
  assert.deepEqual(await call("f", null), { value: 2 });
});

test("what is not a function, or has no name, is refused", () => {
  const { host } = functions();
  assert.throws(() => host.register("", () => 1), /needs a name/);
  assert.throws(() => host.register("x", /** @type {any} */ (7)), /`x` is not a function/);
});

test("storage is there from the start", async () => {
  const { call, window } = functions();
  const of = (/** @type {string} */ area) => ({ area, item: "cart" });
  assert.deepEqual(await call("storage.get", of("local")), { value: null });
  assert.deepEqual(await call("storage.set", { ...of("local"), value: "[1]" }), { value: "[1]" });
  assert.deepEqual([window.localStorage.getItem("cart"), window.sessionStorage.getItem("cart")], ["[1]", null]);
  assert.deepEqual(await call("storage.get", of("local")), { value: "[1]" });
  assert.deepEqual(await call("storage.remove", of("local")), { value: null });
  assert.equal(window.localStorage.getItem("cart"), null);
  assert.match((await call("storage.get", of("moon"))).error, /`area` must be `local` or `session`/);
  assert.match((await call("storage.get", { area: "local" })).error, /`item` must be/);
  assert.match((await call("storage.set", of("local"))).error, /`value` must be a text/);
  assert.match((await call("storage.get", null)).error, /`area` must be/);
});

test("a function that is to answer at once may not promise", () => {
  const { host } = functions();
  host.register("double", (n) => n * 2);
  host.register("later", async () => 1);
  assert.equal(host.now("double", "21"), "42");
  assert.throws(() => host.now("later", "1"), /`later` answered with a promise, and is to answer at once/);
  assert.throws(() => host.now("none", "1"), /there is no host function `none`/);
});

test("the title and the address of the page are set", async () => {
  const { call, page } = functions();
  assert.deepEqual(await call("document.title", { title: "Notes" }), { value: null });
  assert.equal(page.title, "Notes");
  await call("location.push", { url: "/notes?tab=1#top" });
  await call("location.replace", { url: "?tab=2" });
  assert.deepEqual(page.history.entries.map(String), ["http://localhost/", "http://localhost/notes?tab=2"]);
  await call("location.go", { by: -1 });
  await call("location.go", { by: -1 });
  assert.equal(String(page.history.url()), "http://localhost/");
  assert.match((await call("location.push", { url: "https://example.org/" })).error, /is of another origin than the page/);
  assert.match((await call("location.push", { url: "http://[" })).error, /is not an address/);
  assert.match((await call("location.push", {})).error, /`url` must be a text/);
  assert.match((await call("location.go", { by: "x" })).error, /`by` must be an integer/);
  assert.match((await call("document.title", {})).error, /`title` must be a text/);
});

test("the clipboard is read and written, and a refusal is an error", async () => {
  const { call, page } = functions();
  assert.deepEqual(await call("clipboard.write", { text: "milk" }), { value: null });
  assert.deepEqual(await call("clipboard.read", {}), { value: "milk" });
  page.clipboardError = "the reader said no";
  assert.deepEqual(await call("clipboard.read", {}), { error: "the reader said no" });
  assert.match((await call("clipboard.write", {})).error, /`text` must be a text/);
});

test("a page that a browser gives no clipboard says so", async () => {
  const { window } = new JSDOM("");
  const { clipboard } = facilitiesOf(/** @type {any} */ (window));
  await assert.rejects(clipboard.read(), /the page has no clipboard/);
  await assert.rejects(clipboard.write("x"), /the page has no clipboard/);
});

test("files that were chosen or dropped are read by the ids that modules get", async () => {
  const { call } = functions();
  const file = new File(["milk & eggs"], "list.txt", { type: "text/plain", lastModified: 5 });
  const field = /** @type {any} */ ({ value: "", files: [file] });
  const chosen = JSON.parse(readEvent(/** @type {any} */ ({ type: "change" }), field, 0));
  const [{ id, ...data }] = chosen.files;
  assert.deepEqual(data, { name: "list.txt", type: "text/plain", size: 11, modified: 5 });
  const dropped = /** @type {any} */ ({ type: "drop", dataTransfer: { getData: () => "", files: [file] } });
  assert.equal(JSON.parse(readEvent(dropped, null, 0)).files[0].id, id, "the same file has one id");
  assert.deepEqual(await call("file.read", { file: id, as: "text" }), { value: "milk & eggs" });
  assert.deepEqual(await call("file.read", { file: id, as: "bytes", start: 0, end: 4 }), { value: "bWlsaw==" });
  assert.deepEqual(await call("file.read", { file: id, as: "bytes" }), { value: "bWlsayAmIGVnZ3M=" });
  assert.match((await call("file.read", { file: id })).error, /`as` must be/);
  assert.match((await call("file.read", { file: "none", as: "text" })).error, /has to be chosen again/);
});

test("a drawing uses the named methods and properties of the context, and no others", () => {
  const calls = /** @type {unknown[]} */ ([]);
  const warnings = /** @type {string[]} */ ([]);
  const context = {
    fillRect: (/** @type {number[]} */ ...at) => calls.push(at),
    arc: () => {
      throw new RangeError("a negative radius");
    },
    drawImage: () => calls.push("an image"),
    fillStyle: "",
  };
  const canvas = /** @type {any} */ ({ localName: "canvas", width: 5, getContext: () => context });
  const commands = readDrawing(`[["reset"],["fillStyle","red"],["fillRect",0,0,8,8],["arc",0,0,-1,0,1],["drawImage"],["toString"]]`);
  draw(canvas, commands ?? [], (text) => void warnings.push(text));
  assert.deepEqual([calls, context.fillStyle], [[[0, 0, 8, 8]], "red"]);
  assert.deepEqual(warnings, [
    "`arc` of a drawing failed: a negative radius",
    "`drawImage` is not a command of a drawing",
    "`toString` is not a command of a drawing",
  ]);
  draw(/** @type {any} */ ({ localName: "p" }), [], (text) => void warnings.push(text));
  assert.equal(warnings.at(-1), "nothing is drawn on `p`: it has no 2D context");
  for (const wrong of ["", "{}", "[1]", "[[]]", "[[1]]"]) assert.equal(readDrawing(wrong), null, wrong);
});

test("what a page knows is answered at once", () => {
  const { page } = functions();
  page.timeZone = -210;
  page.history.push(new URL("http://localhost/a?b#c"));
  const answer = (/** @type {string} */ json) => answerAtOnce(json, page.given);
  assert.equal(answer(`{"read":"time-zone","at":0}`), "-210");
  assert.equal(answer(`{"read":"location"}`), `{"origin":"http://localhost","path":"/a","query":"b","hash":"c"}`);
  for (const unknown of [`{"read":"weather"}`, `{"read":"time-zone"}`, "null"]) assert.equal(answer(unknown), null);
  assert.throws(() => answer("{"), /a read request is malformed/);
});

test("the facilities of a window: random bytes of any number, the time zone, the title", () => {
  const { window } = new JSDOM("", { url: "http://localhost/" });
  const asked = /** @type {number[]} */ ([]);
  Object.defineProperty(window, "crypto", { value: { getRandomValues: (/** @type {Uint8Array} */ bytes) => asked.push(bytes.length) } });
  const page = facilitiesOf(/** @type {any} */ (window));
  page.random(new Uint8Array(70_000));
  assert.deepEqual(asked, [65_536, 4464]);
  assert.equal(page.timeZone(0), -new Date(0).getTimezoneOffset());
  page.title("Notes");
  assert.equal(window.document.title, "Notes");
});

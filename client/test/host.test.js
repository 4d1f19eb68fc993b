import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { HostFunctions } from "../resources/host-functions.js";

function functions() {
  const { window } = new JSDOM("", { url: "http://localhost/" });
  const host = new HostFunctions((area) => (area === "local" ? window.localStorage : window.sessionStorage));
  const call = async (/** @type {string} */ name, /** @type {unknown} */ argument) =>
    JSON.parse(await host.answer(name, JSON.stringify(argument)));
  return { host, call, window };
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
  assert.deepEqual(await call("ad", 1), {
    error: "there is no host function `ad`; there are `add`, `storage.get`, `storage.remove`, `storage.set`",
  });
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

import assert from "node:assert/strict";
import { test } from "node:test";
import { compareMarkup, noteMarkup } from "../page/markup.js";
import { leave, returnTo, store, take } from "../page/page-state.js";

/** A tab's storage with so much room for all of its values, in characters. @param {number} [room] */
function storage(room = Infinity) {
  /** @type {Map<string, string>} */
  const items = new Map();
  return {
    getItem: (/** @type {string} */ name) => items.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => {
      const used = [...items].reduce((sum, [other, { length }]) => sum + (other === name ? 0 : length), 0);
      if (used + value.length > room) throw new Error("the storage is full");
      items.set(name, value);
    },
    removeItem: (/** @type {string} */ name) => void items.delete(name),
  };
}

/** What a page with a markup does once it has compared it. @param {string} html @param {string | null} newest null if the tool is down @param {ReturnType<typeof storage> | null} kept null without one */
async function load(html, newest, kept) {
  /** @type {string[]} */
  const done = [];
  const comparing = {
    html,
    fetch: async (/** @type {RequestInit} */ { method }) => {
      done.push(String(method));
      if (newest === null) throw new Error("down");
      return new Response(null, { headers: { "x-hmr-markup": newest } });
    },
    storage: () => {
      if (!kept) throw new Error("not allowed");
      return kept;
    },
    reload: () => void done.push("reload"),
    outdated: (/** @type {boolean} */ forgetful) => void done.push(forgetful ? "cannot remember" : "outdated"),
  };
  noteMarkup(comparing);
  await compareMarkup(comparing);
  return done.join(" ");
}

test("another markup means a reload, the same one nothing", async () => {
  assert.equal(await load("a", "a", storage()), "HEAD");
  assert.equal(await load("a", null, storage()), "HEAD");
  assert.equal(await load("a", "b", storage()), "HEAD reload");
});

test("a reload that brings the same old markup is not made again, and it is reported", async () => {
  const kept = storage();
  assert.deepEqual(
    [await load("a", "b", kept), await load("a", "b", kept), await load("a", "b", kept)],
    ["HEAD reload", "HEAD outdated", "HEAD outdated"],
  );
  assert.equal(await load("a", "b", null), "HEAD cannot remember");
  assert.equal(await load("a", "b", storage(0)), "HEAD cannot remember");
  assert.deepEqual([await load("b", "b", kept), await load("a", "b", kept)], ["HEAD", "HEAD reload"], "a reload that has worked is over");
});

/** The state of a page. @param {number} time @param {string} [reason] */
const state = (time, reason = "left") => ({
  time,
  reason,
  modules: [],
  page: { scroll: null, scrollers: [], fields: [], details: [], focus: null },
});

test("pages that were left make room for a reload, the oldest first, and leave the application most of the storage", () => {
  const kept = storage(3500);
  for (let entry = 0; entry < 3; entry++) leave(kept, `entry ${entry}`, state(entry, "x".repeat(1000)));
  store(kept, state(5, "x".repeat(900)));
  assert.equal(take(kept, 5)?.time, 5);
  assert.deepEqual([returnTo(kept, "entry 0"), returnTo(kept, "entry 2")?.time], [null, 2]);
  leave(kept, "entry 3", state(3));
  assert.throws(() => store(kept, state(6, "x".repeat(5000))), /full/);

  const large = storage();
  for (let entry = 0; entry < 8; entry++) leave(large, `entry ${entry}`, state(entry, "x".repeat(300_000)));
  assert.ok((large.getItem("hmr-left") ?? "").length <= 1 << 20);
  assert.throws(() => leave(large, "entry 7", state(7, "x".repeat(2_000_000))), /too large/);
  assert.deepEqual(
    [returnTo(large, "entry 7"), returnTo(large, "entry 6")?.time],
    [null, 6],
    "what it was like earlier is not kept either",
  );
});

test("a page that was left is found again by its entry of the history, once", () => {
  const kept = storage();
  for (let entry = 0; entry < 12; entry++) leave(kept, `entry ${entry}`, state(entry));
  leave(kept, "entry 7", state(70));
  assert.equal(returnTo(kept, "entry 3"), null, "the oldest have gone");
  assert.equal(returnTo(kept, "entry 7")?.time, 70);
  assert.equal(returnTo(kept, "entry 7"), null);
  assert.equal(returnTo(kept, "entry 11")?.time, 11);

  const small = storage(JSON.stringify([{ entry: "a", state: state(1) }]).length + 10);
  leave(small, "a", state(1));
  leave(small, "b", state(2));
  assert.deepEqual([returnTo(small, "a"), returnTo(small, "b")?.time], [null, 2]);
  small.setItem("hmr-left", "{");
  assert.equal(returnTo(small, "b"), null);
});

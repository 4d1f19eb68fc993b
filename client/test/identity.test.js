import assert from "node:assert/strict";
import { test } from "node:test";
import { pageId } from "../tool/page-id.js";

/** @param {Map<string, string>} items */
function storage(items) {
  return () => ({
    getItem: (/** @type {string} */ key) => items.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void items.set(key, value),
  });
}

test("a tab keeps its id, and no two tabs share one", () => {
  const tab = storage(new Map());
  const id = pageId(tab);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(pageId(tab), id);
  assert.notEqual(pageId(storage(new Map())), id);
});

test("an id that cannot be one is replaced", () => {
  const items = new Map([["hmr-page", "&token=x"]]);
  const id = pageId(storage(items));
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(items.get("hmr-page"), id);
});

test("a page without a storage has an id until it is loaded again", () => {
  const forbidden = () => {
    throw new DOMException("sandboxed", "SecurityError");
  };
  assert.equal(pageId(forbidden), pageId(forbidden));
});

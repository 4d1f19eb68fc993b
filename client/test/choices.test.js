import assert from "node:assert/strict";
import { test } from "node:test";
import { JSDOM } from "jsdom";
import { DomPainter } from "../dom/painter.js";
import { reconcile } from "../dom/reconcile.js";
import { Tree } from "../dom/tree.js";
import { batch, render, root } from "./support/ops.js";

/** @typedef {import("./support/ops.js").View} View */

const { document } = new JSDOM("<!doctype html><body></body>").window;
const painter = new DomPainter(document, () => {}, assert.fail);

/** @param {View[]} views @param {number} first @param {Element | null} main */
function rendered(views, first, main) {
  const tree = new Tree(painter, assert.fail);
  tree.addRoot(1, main);
  tree.apply(batch(render(views, root(1), first)));
  return /** @type {import("../dom/tree.js").GuestNode} */ (tree.roots.get(1));
}

/** What a reader does to a rendering, and the result in the next one. @param {View[]} before @param {View[]} after @param {(main: any) => void} use */
function swapped(before, after, use) {
  const main = document.createElement("main");
  document.body.replaceChildren(main);
  const old = rendered(before, 1, main);
  use(main);
  reconcile(old, rendered(after, 1000, null), painter);
  return [
    ...[...main.querySelectorAll("input")].filter(({ checked }) => checked).map(({ name, value }) => `${name} ${value}`),
    ...[...main.querySelectorAll("select")].map(({ name, selectedOptions }) => `${name} ${[...selectedOptions].map(({ value }) => value)}`),
    ...[...main.querySelectorAll("details")].filter(({ open }) => open).map((details) => details.querySelector("summary")?.textContent),
  ];
}

/** @param {string} type @param {string} name @param {string | null} value @returns {View} */
const field = (type, name, value) => ({
  tag: "label",
  children: [{ tag: "input", attributes: { type, name, ...(value === null ? {} : { value }) } }, `the ${value}`],
});
/** @param {string[]} values @returns {View[]} */
const options = (...values) => values.map((value) => ({ tag: "option", attributes: { value }, children: [value] }));
/** @param {string} name @param {View[]} children @param {Record<string, string>} [attributes] @returns {View} */
const select = (name, children, attributes = {}) => ({ tag: "select", attributes: { name, ...attributes }, children });

test("radio buttons and check boxes stay chosen by their values, and without one by their names", () => {
  const check = (/** @type {any} */ main) => {
    for (const input of main.querySelectorAll("[name=r][value=b], [name=t][value=b], [name=own]")) input.checked = true;
  };
  const before = [
    field("radio", "r", "a"),
    field("radio", "r", "b"),
    field("checkbox", "t", "a"),
    field("checkbox", "t", "b"),
    field("checkbox", "own", null),
  ];
  const more = [
    field("radio", "r", "z"),
    ...before.slice(0, 2),
    field("checkbox", "t", "z"),
    ...before.slice(2, 4),
    field("checkbox", "other", null),
    ...before.slice(4),
  ];
  assert.deepEqual(swapped(before, more, check), ["r b", "t b", "own on"]);
  const gone = [
    field("radio", "r", "a"),
    field("radio", "r", "c"),
    field("checkbox", "t", "a"),
    field("checkbox", "t", "c"),
    field("checkbox", "other", null),
  ];
  assert.deepEqual(swapped(before, gone, check), [], "a choice that is gone is nobody else's");
});

test("options stay chosen by their values, and where nothing is left the markup decides", () => {
  const choose = (/** @type {any} */ main) => {
    for (const option of main.querySelectorAll("[name=one] [value=b], [name=many] [value=a], [name=many] [value=c], [name=lost] [value=b]"))
      option.selected = true;
  };
  const before = [
    select("one", options("a", "b")),
    select("many", options("a", "b", "c"), { multiple: "" }),
    select("free", options("a", "b")),
    select("lost", options("a", "b")),
  ];
  const after = [
    select("one", options("z", "a", "b")),
    select("many", [{ tag: "optgroup", children: options("c", "z", "a") }], { multiple: "" }),
    select("free", options("z", "a")),
    select("lost", options("z", "a")),
  ];
  assert.deepEqual(swapped(before, after, choose), ["one b", "many c,a", "free z", "lost z"]);
});

test("details stay open by their summaries", () => {
  const details = (/** @type {string} */ name) =>
    /** @type {View} */ ({ tag: "details", children: [{ tag: "summary", children: [name] }, `about ${name}`] });
  const open = (/** @type {any} */ main) => (main.querySelectorAll("details")[1].open = true);
  const after = [details("c"), /** @type {View} */ ({ tag: "div", children: [details("b")] }), details("a")];
  assert.deepEqual(swapped([details("a"), details("b")], after, open), ["b"]);
});

test("a select in which nothing is chosen stays so, and one whose choice is gone does not", () => {
  const views = (/** @type {string[]} */ ...values) => [select("none", options(...values)), select("gone", options(...values))];
  const use = (/** @type {any} */ main) => {
    main.querySelector("[name=none]").selectedIndex = -1;
    main.querySelector("[name=gone]").selectedIndex = 1;
  };
  assert.deepEqual(swapped(views("a", "b"), views("a", "b"), use), ["none ", "gone b"]);
  assert.deepEqual(swapped(views("a", "b"), views("z", "a"), use), ["none ", "gone z"]);
});

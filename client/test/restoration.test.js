import assert from "node:assert/strict";
import { after, test } from "node:test";
import { JSDOM } from "jsdom";
import { merged, readPage } from "../page/page-state.js";
import { Restoration } from "../page/restoration.js";

/** @type {Window[]} */
const windows = [];
// Their timers would keep the process alive.
after(() => {
  for (const window of windows) window.close();
});

/** @param {string} body */
function page(body) {
  const window = /** @type {Window & typeof globalThis} */ (
    /** @type {unknown} */ (new JSDOM(`<!doctype html><body>${body}</body>`, { url: "http://localhost/" }).window)
  );
  windows.push(window);
  return window;
}

/** @param {string} module @param {string} inner */
const component = (module, inner) => `<hmr-component module="${module}" component="C">${inner}</hmr-component>`;

/** @param {Document} document @param {string} selector @returns {any} */
const at = (document, selector) => document.querySelector(selector);

const controls = () => false;

test("what stands in the page and in components that are there does not wait for those that are not", () => {
  const field = (/** @type {string} */ name) => `<input name="${name}"><details><summary>${name}</summary></details>`;
  const before = page(
    `<main>${field("own")}${component("here", field("a"))}${component("gone", field("b"))}${component("late", `<div>${field("c")}</div>`)}</main>`,
  );
  for (const input of before.document.querySelectorAll("input")) input.value = input.name.toUpperCase();
  for (const details of before.document.querySelectorAll("details")) details.open = true;
  const state = readPage(before.document, controls);

  // The new page has something new in front, and one component less.
  const window = page(
    `<header><input name="new"></header><main>${field("own")}${component("here", field("a"))}${component("late", "")}</main>`,
  );
  const restoration = new Restoration(
    window,
    state,
    () => false,
    () => true,
  );
  restoration.attempt(false);
  const values = () => [...window.document.querySelectorAll("input")].map(({ value }) => value);
  const open = () => [...window.document.querySelectorAll("details")].map((details) => details.open);
  assert.deepEqual(
    [values(), open()],
    [
      ["", "OWN", "A"],
      [true, true],
    ],
  );

  at(window.document, "[module=late]").innerHTML = `<div>${field("c")}</div>`;
  restoration.attempt(true);
  assert.deepEqual(
    [values(), open()],
    [
      ["", "OWN", "A", "C"],
      [true, true, true],
    ],
  );
  assert.deepEqual(
    restoration.rest.fields.map(({ at: { place } }) => place),
    ["gone.C#0"],
  );

  // What has not come by the next reload goes over that one, too, and comes when it comes.
  const again = merged(readPage(window.document, controls), restoration.rest);
  const last = page(`<main>${component("gone", field("b"))}</main>`);
  new Restoration(
    last,
    again,
    () => true,
    () => true,
  ).attempt(true);
  assert.equal(at(last.document, "[name=b]").value, "B");
});

test("what a reader has begun meanwhile stands", () => {
  const html = `<input name="a"><input name="b"><select name="s"><option>1</option><option>2</option></select><details id="d"><summary>s</summary></details><details id="e"></details>`;
  const before = page(html);
  for (const input of before.document.querySelectorAll("input")) input.value = "old";
  for (const details of before.document.querySelectorAll("details")) details.open = true;
  at(before.document, "select").selectedIndex = 1;
  at(before.document, "input").focus();
  const state = readPage(before.document, controls);

  const { document, Event } = page(html);
  const restoration = new Restoration(
    /** @type {any} */ (document.defaultView),
    state,
    () => false,
    () => true,
  );
  at(document, "[name=b]").focus();
  at(document, "[name=b]").value = "new";
  at(document, "[name=b]").dispatchEvent(new Event("input", { bubbles: true }));
  at(document, "summary").dispatchEvent(new Event("pointerdown", { bubbles: true, composed: true }));
  restoration.attempt(true);
  assert.deepEqual(
    [at(document, "[name=a]").value, at(document, "[name=b]").value, at(document, "select").selectedIndex],
    ["old", "new", 1],
  );
  assert.deepEqual([at(document, "#d").open, at(document, "#e").open], [false, true]);
  assert.equal(document.activeElement, at(document, "[name=b]"), "the focus is where the reader put it");
});

test("choices are found by what they say, not by their places", () => {
  const radio = (/** @type {string[]} */ values) => values.map((value) => `<input type="radio" name="r" value="${value}">`).join("");
  const select = (/** @type {string[]} */ values) => values.map((value) => `<option value="${value}">`).join("");
  const html = (/** @type {string[]} */ values) =>
    `${radio(values)}<select name="one">${select(values)}</select><select name="many" multiple>${select(values)}</select>`;
  const before = page(html(["a", "b", "c"]));
  at(before.document, "[value=b]").checked = true;
  at(before.document, "[name=one]").value = "b";
  for (const index of [0, 2]) at(before.document, "[name=many]").options[index].selected = true;

  const { document } = page(html(["z", "a", "c", "b"]));
  new Restoration(
    /** @type {any} */ (document.defaultView),
    readPage(before.document, controls),
    () => true,
    () => true,
  ).attempt(true);
  assert.equal(at(document, "input:checked").value, "b");
  assert.equal(at(document, "[name=one]").value, "b");
  assert.deepEqual(
    [...at(document, "[name=many]").selectedOptions].map(({ value }) => value),
    ["a", "c"],
  );
});

/** A page whose component `late` has a field that was typed into and `details` that were opened, for the page after it. */
function typed() {
  const inner = `<input name="n"><details><summary>s</summary></details>`;
  const { document } = page(component("late", inner));
  at(document, "input").value = "typed";
  at(document, "input").focus();
  at(document, "details").open = true;
  return { state: readPage(document, controls), inner };
}

/** @param {Document} document */
const put = (document) => [at(document, "input")?.value, at(document, "details")?.open, document.activeElement?.localName];

const turns = (ms = 100) => new Promise((resolve) => setTimeout(resolve, ms));

test("what belongs to a component that fails waits until it is mounted", () => {
  const { state, inner } = typed();
  const window = page(component("late", "<p>It failed</p>"));
  const { document } = window;
  let mounted = false;
  const restoration = new Restoration(
    window,
    state,
    () => true,
    () => mounted,
  );
  restoration.attempt(true);
  document.dispatchEvent(new window.Event("input"));
  assert.equal(restoration.rest.fields.length, 1, "another reload passes it on");
  mounted = true;
  at(document, "hmr-component").innerHTML = inner;
  restoration.attempt(true);
  assert.deepEqual(put(document), ["typed", true, "input"]);
});

test("what belongs to a component that renders its fields late is put back then, unless the reader has begun to use the page", async () => {
  for (const [event, seen] of /** @type {const} */ ([
    [null, ["typed", true, "input"]],
    ["pointerdown", ["", false, "body"]],
    ["input", ["", false, "body"]],
  ])) {
    const { state, inner } = typed();
    const window = page(component("late", "loading…"));
    const { document } = window;
    const restoration = new Restoration(
      window,
      state,
      () => true,
      () => true,
    );
    await turns();
    if (event) document.body.dispatchEvent(new window.Event(event, { bubbles: true }));
    await turns();
    at(document, "hmr-component").innerHTML = inner;
    await turns();
    assert.deepEqual(put(document), seen);
    assert.deepEqual(restoration.rest.fields, []);
  }
});

test("what does not come is looked for only for a while", () => {
  const { window, state, timers } = tall(500);
  const waits = /** @type {number[]} */ ([]);
  const { setTimeout } = window;
  window.setTimeout = /** @type {any} */ (
    (/** @type {() => void} */ code, /** @type {number} */ ms) => {
      waits.push(ms);
      return setTimeout(code, ms);
    }
  );
  window.document.body.innerHTML = component("late", "");
  const restoration = new Restoration(
    window,
    { ...state, ...typed().state },
    () => true,
    () => true,
  );
  restoration.attempt(true);
  assert.equal(restoration.rest.fields.length, 1);
  for (const [index, ms] of waits.entries()) if (ms > 1000) timers[index]?.();
  restoration.attempt(true);
  assert.deepEqual([restoration.rest.fields, restoration.rest.details, restoration.rest.focus], [[], [], null]);
});

test("a page that becomes as tall as it was after all components are there is scrolled then", () => {
  const { window, at, state, next } = tall(500);
  const restoration = new Restoration(
    window,
    state,
    () => true,
    () => true,
  );
  restoration.attempt(true);
  for (let round = 0; round < 40; round++) next();
  at.height = 2000;
  restoration.attempt(true);
  assert.equal(at.top, 900);
});

test("a part that cannot be put back does not keep the others from it", () => {
  const before = page(`<input name="n"><input name="m">`);
  const input = at(before.document, "input");
  input.value = "1";
  input.focus();
  input.setSelectionRange(0, 1);
  at(before.document, "[name=m]").value = "2";
  const state = { ...readPage(before.document, controls), scroll: /** @type {[number, number]} */ ([0, 900]) };
  // The edit that loads the page again changes the field's type.
  const window = page(`<input name="n" type="email"><input name="m">`);
  const scrolled = /** @type {any[]} */ ([]);
  window.scrollTo = /** @type {any} */ ((/** @type {{ top: number }} */ { top }) => scrolled.push(top));
  const restoration = new Restoration(
    window,
    state,
    () => true,
    () => true,
  );
  restoration.attempt(true);
  assert.deepEqual([at(window.document, "[name=m]").value, scrolled], ["2", [900]]);
  assert.equal(window.document.activeElement, at(window.document, "input"));
  assert.deepEqual([restoration.rest.focus, restoration.rest.fields], [null, []]);
});

test("two components whose fields have the same id get each its own text", () => {
  const html = component("m", `<input id="i"><p id="p.1"><textarea></textarea></p>`);
  const before = page(html + html);
  const fields = (/** @type {Document} */ document) =>
    /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("input, textarea")]);
  for (const [index, field] of fields(before.document).entries()) field.value = `${index}`;
  const window = page(html + html);
  new Restoration(
    window,
    readPage(before.document, controls),
    () => true,
    () => true,
  ).attempt(true);
  assert.deepEqual(
    fields(window.document).map(({ value }) => value),
    ["0", "1", "2", "3"],
  );
});

test("a page that is left before all is put back has its own mode of scrolling again", () => {
  const window = page("");
  const { history } = window;
  // jsdom has no such property.
  history.scrollRestoration = "auto";
  new Restoration(
    window,
    readPage(window.document, controls),
    () => false,
    () => true,
  );
  assert.equal(history.scrollRestoration, "manual");
  window.dispatchEvent(new window.Event("pagehide"));
  assert.equal(history.scrollRestoration, "auto");
});

/**
 * A page of a height, whose timers go by hand.
 * @param {number} height
 */
function tall(height) {
  const window = page("");
  /** @type {(() => void)[]} */
  const timers = [];
  const at = { height, top: 0 };
  window.setTimeout = /** @type {any} */ ((/** @type {() => void} */ code) => timers.push(code));
  Object.defineProperty(window, "scrollY", { get: () => at.top });
  window.scrollTo = /** @type {any} */ ((/** @type {{ top: number }} */ to) => (at.top = Math.min(to.top, at.height)));
  const state = { ...readPage(window.document, controls), scroll: /** @type {[number, number]} */ ([0, 900]) };
  const next = () => timers.shift()?.();
  return { window, at, state, next, timers };
}

test("a page that grows is scrolled until it is where it was, unless the reader begins to use it", () => {
  for (const used of [false, true]) {
    const { window, at, state } = tall(500);
    const restoration = new Restoration(
      window,
      state,
      () => false,
      () => true,
    );
    restoration.attempt(false);
    assert.equal(at.top, 500);
    if (used) window.document.dispatchEvent(new window.Event("wheel"));
    // The browser scrolls the window when content comes above it, and fires the same event as for the reader.
    at.top = 100;
    window.document.dispatchEvent(new window.Event("scroll"));
    at.height = 2000;
    restoration.attempt(false);
    assert.equal(at.top, used ? 100 : 900);
  }
});

test("the window is kept in its place until the layout rests", () => {
  for (const used of [false, true]) {
    const { window, at, state, next, timers } = tall(2000);
    new Restoration(
      window,
      state,
      () => true,
      () => true,
    ).attempt(true);
    timers.splice(0, timers.length - 1);
    for (let round = 0; round < 30; round++) {
      next();
      at.top = 300;
    }
    if (used) window.document.dispatchEvent(new window.Event("wheel"));
    for (let round = 0; round < 1000 && timers.length > 0; round++) next();
    assert.equal(at.top, used ? 300 : 900);
    assert.equal(timers.length, 0, "it comes to an end");
  }
});

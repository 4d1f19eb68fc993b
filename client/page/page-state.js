/**
 * Carries the state of a page over a reload, and over going to another page and back.
 *
 * In: before, the modules' snapshots and what the reader did to the page. Out: after it, the same. Between the two it
 * is in the session storage. What a state-restoring reload writes is taken by the next load; what a page writes when the
 * reader leaves it is taken when the reader comes back through the history. So a manual reload starts without state.
 * `client/page/restoration.js` restores it.
 */

import { chosen } from "../dom/select-choices.js";
import { Locators } from "./locators.js";
import { readOpened, readPlayed } from "./media.js";

/** @typedef {import("./locators.js").Locator} Locator */

/** @typedef {{ module: string, snapshot: string, places: { instance: number, place: string, props: string }[] }} StoredModule */

/** @typedef {{ at: Locator, top: number, left: number }} Scroller */

/**
 * @typedef {{ at: Locator, type: string, value: string | null, checked: boolean | null, selected: import("../dom/select-choices.js").Choice[] | null,
 *   text: string | null }} Field
 */

/**
 * @typedef {object} PageState
 * @property {[number, number] | null} scroll of the window; null if it may be anywhere
 * @property {Scroller[]} scrollers
 * @property {Field[]} fields
 * @property {{ at: Locator, open: boolean }[]} details
 * @property {import("./media.js").Opened[]} [opened]
 * @property {import("./media.js").Played[]} [played]
 * @property {{ at: Locator, start: number | null, end: number | null } | null} focus
 */

/**
 * What is stored of a page.
 * @typedef {{ app?: string, time: number, reason: string, modules: StoredModule[],
 *   applications?: { module: string, snapshot: string }[], page: PageState }} Stored */

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Store */

const KEY = "hmr-reload";

/** The saved states of pages that the reader left, the newest last. */
const LEFT = "hmr-left";

/** How many left pages are remembered, and how many characters of the storage they may use, which is mostly the application's. */
const [MOST_LEFT, LARGEST_LEFT] = [8, 1 << 20];

/** State that is older belongs to a reload that never happened, in milliseconds. */
const OLDEST = 60_000;

/** Fields whose values are not written down. */
const SECRET = new Set(["password", "file", "hidden"]);

/**
 * @param {Element} element
 * @param {Locator} at
 * @param {(node: Node, property: string) => boolean} controls
 * @returns {Field | null} null if it holds nothing of the reader's
 */
function readField(element, at, controls) {
  const none = { at, type: "", value: null, checked: null, selected: null, text: null };
  if (element.localName === "select") {
    const selected = controls(element, "value") ? null : chosen(/** @type {HTMLSelectElement} */ (element));
    return selected && { ...none, selected };
  }
  if (element.localName === "textarea" || element.localName === "input") {
    const field = /** @type {HTMLInputElement} */ (element);
    if (SECRET.has(field.type)) return null;
    const value = field.value !== field.defaultValue && !controls(element, "value") ? field.value : null;
    const checked = field.checked !== field.defaultChecked && !controls(element, "checked") ? field.checked : null;
    const checks = field.type === "checkbox" || field.type === "radio";
    if (checks ? checked === null : value === null) return null;
    return { ...none, type: field.type, value: checks ? null : value, checked: checks ? checked : null };
  }
  return { ...none, text: element.textContent };
}

/**
 * The reader's changes to a page that are not in a module's state.
 *
 * @param {Document} document
 * @param {(node: Node, property: string) => boolean} controls whether a module writes the property of a node
 * @returns {PageState}
 */
export function readPage(document, controls) {
  const locators = new Locators(document);
  const all = [...document.querySelectorAll("*")];
  const view = document.defaultView;
  const fields = document.querySelectorAll("input, textarea, select, [contenteditable]:not([contenteditable='false'])");
  const active = /** @type {HTMLInputElement | null} */ (document.activeElement);
  const focused = active && active !== document.body && active !== document.documentElement ? active : null;
  return {
    scroll: [view?.scrollX ?? 0, view?.scrollY ?? 0],
    scrollers: all
      .filter((element) => element !== document.scrollingElement && (element.scrollTop !== 0 || element.scrollLeft !== 0))
      .map((element) => ({ at: locators.locate(element), top: element.scrollTop, left: element.scrollLeft })),
    fields: [...fields].flatMap((element) => readField(element, locators.locate(element), controls) ?? []),
    details: [...document.querySelectorAll("details")].map((element) => ({ at: locators.locate(element), open: element.open })),
    opened: readOpened(document, locators),
    played: readPlayed(document, locators),
    focus: focused && { at: locators.locate(focused), start: focused.selectionStart ?? null, end: focused.selectionEnd ?? null },
  };
}

/**
 * Adds to the state of a page the parts of an earlier reload whose elements have not come yet.
 *
 * @param {PageState} state
 * @param {PageState | null} rest
 * @returns {PageState}
 */
export function merged(state, rest) {
  if (!rest) return state;
  return {
    scroll: rest.scroll ?? state.scroll,
    scrollers: [...state.scrollers, ...rest.scrollers],
    fields: [...state.fields, ...rest.fields],
    details: [...state.details, ...rest.details],
    opened: [...(state.opened ?? []), ...(rest.opened ?? [])],
    played: [...(state.played ?? []), ...(rest.played ?? [])],
    focus: state.focus ?? rest.focus,
  };
}

/**
 * Saves the state of a page before it is loaded again. Where there is no room, entries of pages that were left are removed, the
 * oldest first.
 *
 * @param {Store} storage
 * @param {Stored} state
 * @throws {Error} if there is not enough room even then
 */
export function store(storage, state) {
  const text = JSON.stringify(state);
  for (let left = readLeft(storage); ; left = left.slice(1)) {
    try {
      return storage.setItem(KEY, text);
    } catch (error) {
      if (left.length === 0) throw error;
      writeLeft(storage, left.slice(1));
    }
  }
}

/**
 * Takes what a reload left, once.
 *
 * @param {Store} storage
 * @param {number} now milliseconds since the Unix epoch
 * @returns {Stored | null}
 */
export function take(storage, now) {
  const text = storage.getItem(KEY);
  storage.removeItem(KEY);
  if (text === null) return null;
  try {
    const stored = JSON.parse(text);
    const fresh = typeof stored?.time === "number" && now - stored.time < OLDEST;
    return fresh && isStored(stored) ? stored : null;
  } catch {
    return null;
  }
}

/**
 * Discards what was saved for a reload that did not happen.
 * @param {Store} storage
 */
export function discard(storage) {
  storage.removeItem(KEY);
}

/**
 * Saves the state of a page that the reader leaves. Where there is no room for all, the oldest are removed.
 *
 * @param {Store} storage
 * @param {string} entry of the history
 * @param {Stored} state
 * @throws {Error} if there is not even room for this one
 */
export function leave(storage, entry, state) {
  const others = readLeft(storage).filter((left) => left.entry !== entry);
  for (let kept = [...others.slice(1 - MOST_LEFT), { entry, state }]; ; kept = kept.slice(1)) {
    try {
      return writeLeft(storage, kept);
    } catch (error) {
      if (kept.length > 1) continue;
      writeLeft(storage, others);
      throw error;
    }
  }
}

/**
 * Takes what a page wrote when it was left, once.
 *
 * @param {Store} storage
 * @param {string} entry of the history
 * @returns {Stored | null}
 */
export function returnTo(storage, entry) {
  const all = readLeft(storage);
  const left = all.find((one) => one.entry === entry);
  if (!left) return null;
  writeLeft(
    storage,
    all.filter((one) => one !== left),
  );
  return isStored(left.state) ? left.state : null;
}

/**
 * @param {Store} storage
 * @returns {{ entry: string, state: Stored }[]}
 */
function readLeft(storage) {
  try {
    const read = JSON.parse(storage.getItem(LEFT) ?? "[]");
    return Array.isArray(read) ? read.filter((left) => typeof left?.entry === "string") : [];
  } catch {
    return [];
  }
}

/**
 * @param {Store} storage
 * @param {{ entry: string, state: Stored }[]} left
 * @throws {Error} if it is too much
 */
function writeLeft(storage, left) {
  if (left.length === 0) return storage.removeItem(LEFT);
  const text = JSON.stringify(left);
  if (text.length > LARGEST_LEFT) throw new Error("it is too large");
  storage.setItem(LEFT, text);
}

/**
 * @param {any} stored
 * @returns {stored is Stored}
 */
function isStored(stored) {
  return Array.isArray(stored?.modules) && typeof stored.page === "object" && stored.page !== null;
}

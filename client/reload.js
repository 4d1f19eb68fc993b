/**
 * Carries the state of a page over a reload.
 *
 * In: before the reload, the modules' snapshots and what the reader did to the page. Out: after it, the same. Between the two it
 * lies in the session storage, under one key, which only a state-restoring reload writes and the next load takes
 * away: a reload by hand starts clean.
 */

/** @typedef {{ module: string, snapshot: string, places: { instance: number, place: string, props: string }[] }} StoredModule */

/** @typedef {{ at: Locator, top: number, left: number }} Scroller */

/**
 * @typedef {{ at: Locator, type: string, value: string | null, checked: boolean | null, selected: number[] | null,
 *   text: string | null }} Field
 */

/**
 * @typedef {object} PageState
 * @property {[number, number]} scroll of the window
 * @property {Scroller[]} scrollers
 * @property {Field[]} fields
 * @property {{ at: Locator, open: boolean }[]} details
 * @property {{ at: Locator, start: number | null, end: number | null } | null} focus
 */

/** @typedef {{ app?: string, time: number, reason: string, modules: StoredModule[], page: PageState }} Stored */

/**
 * Finds an element again: by its id, or by its way from there or from the document.
 * @typedef {{ id: string | null, path: number[], tag: string }} Locator
 */

const KEY = "hmr-reload";

/** Where a page keeps which missed reload it has caught up with. */
const MISSED = "hmr-missed-reload";

/** State that is older belongs to a reload that never happened, in milliseconds. */
const OLDEST = 60_000;

/** Fields whose values are not written down. */
const SECRET = new Set(["password", "file", "hidden"]);

/**
 * @param {Element} element
 * @returns {Locator}
 */
export function locate(element) {
  /** @type {number[]} */
  const path = [];
  let at = element;
  while (at.parentElement && !at.id) {
    path.unshift([...at.parentElement.children].indexOf(at));
    at = at.parentElement;
  }
  return { id: at.id || null, path, tag: element.localName };
}

/**
 * @param {Document} document
 * @param {Locator} locator
 * @returns {Element | null}
 */
export function find(document, { id, path, tag }) {
  /** @type {Element | null | undefined} */
  let at = id === null ? document.documentElement : document.getElementById(id);
  for (const index of path) at = at?.children[index];
  return at?.localName === tag ? at : null;
}

/**
 * @param {Element} element
 * @param {(node: Node, property: string) => boolean} controls
 * @returns {Field | null} null if it holds nothing of the reader's
 */
function readField(element, controls) {
  const at = locate(element);
  const none = { at, type: "", value: null, checked: null, selected: null, text: null };
  if (element.localName === "select") {
    const select = /** @type {HTMLSelectElement} */ (element);
    if (controls(element, "value")) return null;
    const selected = [...select.options].flatMap((option, index) => (option.selected ? [index] : []));
    return [...select.options].some((option) => option.selected !== option.defaultSelected) ? { ...none, selected } : null;
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
 * What the reader did to a page that no module's state holds.
 *
 * @param {Document} document
 * @param {(node: Node, property: string) => boolean} controls whether a module writes the property of a node
 * @returns {PageState}
 */
export function readPage(document, controls) {
  const all = [...document.querySelectorAll("*")];
  const view = document.defaultView;
  const fields = document.querySelectorAll("input, textarea, select, [contenteditable]:not([contenteditable='false'])");
  const active = /** @type {HTMLInputElement | null} */ (document.activeElement);
  const focused = active && active !== document.body && active !== document.documentElement ? active : null;
  return {
    scroll: [view?.scrollX ?? 0, view?.scrollY ?? 0],
    scrollers: all
      .filter((element) => element !== document.scrollingElement && (element.scrollTop !== 0 || element.scrollLeft !== 0))
      .map((element) => ({ at: locate(element), top: element.scrollTop, left: element.scrollLeft })),
    fields: [...fields].flatMap((element) => readField(element, controls) ?? []),
    details: [...document.querySelectorAll("details")].map((element) => ({ at: locate(element), open: element.open })),
    focus: focused && { at: locate(focused), start: focused.selectionStart ?? null, end: focused.selectionEnd ?? null },
  };
}

/**
 * @param {Document} document
 * @param {Field} field
 */
function writeField(document, { at, type, value, checked, selected, text }) {
  const element = find(document, at);
  if (!element) return;
  const field = /** @type {HTMLInputElement} */ (element);
  if (type !== "" && field.type !== type) return;
  if (value !== null) field.value = value;
  if (checked !== null) field.checked = checked;
  if (selected !== null) {
    const options = /** @type {HTMLSelectElement} */ (element).options;
    for (let index = 0; index < options.length; index++) {
      const option = options[index];
      if (option) option.selected = selected.includes(index);
    }
  }
  if (text !== null && element.childElementCount === 0 && element.textContent !== text) element.textContent = text;
}

/**
 * Puts back what `readPage` read.
 *
 * @param {Document} document
 * @param {PageState} state
 */
export function writePage(document, state) {
  for (const { at, open } of state.details) {
    const element = /** @type {HTMLDetailsElement | null} */ (find(document, at));
    if (element && element.open !== open) element.open = open;
  }
  for (const field of state.fields) writeField(document, field);
  for (const { at, top, left } of state.scrollers) {
    const element = find(document, at);
    if (element) [element.scrollTop, element.scrollLeft] = [top, left];
  }
  if (state.focus) {
    const { at, start, end } = state.focus;
    const element = /** @type {HTMLInputElement | null} */ (find(document, at));
    element?.focus?.({ preventScroll: true });
    if (element && start !== null && end !== null) element.setSelectionRange?.(start, end);
  }
  if (document.scrollingElement) {
    [document.scrollingElement.scrollLeft, document.scrollingElement.scrollTop] = state.scroll;
  }
}

/**
 * @param {Storage} storage
 * @param {Stored} state
 */
export function store(storage, state) {
  storage.setItem(KEY, JSON.stringify(state));
}

/**
 * Takes what a reload left, once.
 *
 * @param {Storage} storage
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
    return fresh && Array.isArray(stored.modules) && stored.page ? stored : null;
  } catch {
    return null;
  }
}

/**
 * Whether a page that missed a reload may catch up with it. It may once: a page that a cache serves is still old afterwards,
 * and would be loaded again without end.
 *
 * @param {() => Storage} storage may throw, where a page may not have one
 * @param {string} reload which
 */
export function mayCatchUp(storage, reload) {
  try {
    const kept = storage();
    if (kept.getItem(MISSED) === reload) return false;
    kept.setItem(MISSED, reload);
    return true;
  } catch {
    return false;
  }
}

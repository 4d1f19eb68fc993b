/**
 * Restores the state that a reader had given a page before a reload.
 *
 * In: the state from before, and calls whenever one of its elements may have been added. Out: each part of the state is restored
 * as soon as its element exists. A part of a component that appears late, or is filled late, is restored then. What the reader
 * does meanwhile is kept: text in a field, a scroll offset. As in browsers that restore a scroll offset themselves, only actions
 * of the reader end this, not scripts that scroll.
 */

import { choose } from "../dom/select-choices.js";
import { Locators } from "./locators.js";
import { open, play } from "./media.js";

/** @typedef {import("./locators.js").Locator} Locator */
/** @typedef {import("./page-state.js").PageState} PageState */
/** @typedef {import("./page-state.js").Field} Field */

/** What a reader begins to do something with. */
const GESTURES = ["wheel", "touchstart", "pointerdown", "keydown"];

/** The events that report a changed field. */
const EDITS = ["input", "change"];

/**
 * When all is there, the window is kept in its place until it has stayed there for so many rounds in a row, and for so many at most.
 */
const [REST_ROUNDS, MOST_ROUNDS] = [20, 200];

/** How long a round is, in milliseconds. */
const ROUND = 50;

/** How long elements are looked for in a mounted component, and in the page around them, in milliseconds. A gesture ends it earlier. */
const LATE = 10_000;

/** The state from before, as far as it is not restored yet. */
export class Restoration {
  #document;
  #state;
  /** Elements that the reader has changed or begun to use. @type {WeakSet<EventTarget>} */
  #edited = new WeakSet();
  /** @type {WeakSet<EventTarget>} */
  #used = new WeakSet();
  #waiting = false;
  /** Whether all components were there, or could not be. */
  #ended = false;
  /** Places whose elements are looked for, and whether that is over; null is the page itself. @type {Map<string | null, boolean>} */
  #over = new Map();
  /** Looks at what comes late. */
  #observer;
  /** Whether the reader has begun to use the page. */
  #gesture = false;
  /** Whether the window is kept in its place. */
  #holding = false;
  #view;
  #complete;
  #mounted;
  /** The timers of places that are looked for. @type {Set<number>} */
  #late = new Set();
  /** Ends its listeners. */
  #listening;
  #notifies;
  /** Whether this writes a field itself: the events are not the reader's. */
  #writing = false;
  #cancelled = false;
  /** The page's own scroll restoration mode. */
  #mode;

  /**
   * Begins at once, or when the document is parsed and its scripts have run.
   *
   * @param {Window} view
   * @param {PageState} state
   * @param {() => boolean} complete whether all components that are placed are there, or cannot be
   * @param {(component: Element) => boolean} mounted whether a component is there
   * @param {(element: Element) => boolean} [notifies] whether code that listens to a field learns its value from events
   */
  constructor(view, state, complete, mounted, notifies = () => false) {
    this.#view = view;
    this.#document = view.document;
    this.#state = structuredClone(state);
    this.#complete = complete;
    this.#mounted = mounted;
    this.#listening = new /** @type {Window & typeof globalThis} */ (view).AbortController();
    this.#notifies = notifies;
    this.#observer = new /** @type {Window & typeof globalThis} */ (view).MutationObserver(() => this.soon(ROUND));
    this.#mode = view.history.scrollRestoration;
    view.history.scrollRestoration = "manual";
    // The history entry stores the mode, and the next page would take it for the page's own mode.
    const { signal } = this.#listening;
    view.addEventListener("pagehide", () => this.#release(), { signal });
    for (const name of EDITS) this.#document.addEventListener(name, this.#edit, { capture: true, signal });
    for (const name of GESTURES) this.#document.addEventListener(name, this.#use, { capture: true, passive: true, signal });
    this.#document.addEventListener("DOMContentLoaded", () => this.soon(), { signal });
    view.addEventListener("load", () => this.soon(), { signal });
    if (this.#document.readyState === "complete") this.soon();
  }

  /**
   * Call this when an element was added: tries again, once those added with it are there, too.
   * @param {number} [wait] in milliseconds
   */
  soon(wait = 0) {
    if (this.#waiting) return;
    this.#waiting = true;
    this.#view.setTimeout(() => {
      this.#waiting = false;
      this.attempt(this.#document.readyState === "complete" && this.#complete());
    }, wait);
  }

  /** The part that is not restored yet. */
  get rest() {
    return this.#state;
  }

  /**
   * Puts back what can be.
   * @param {boolean} all whether everything the page places is there, or cannot be: parts not found soon after are dropped
   */
  attempt(all) {
    const locators = new Locators(this.#document);
    const state = this.#state;
    if (this.#cancelled) return;
    if (all) this.#look(locators);
    state.details = this.#each(state.details, all, locators, (element, { open }) => {
      const details = /** @type {HTMLDetailsElement} */ (element);
      if (!this.#used.has(details) && details.open !== open) details.open = open;
      return true;
    });
    state.fields = this.#each(state.fields, all, locators, (element, field) => {
      if (!this.#edited.has(element)) this.#write(element, field);
      return true;
    });
    state.opened = this.#each(state.opened ?? [], all, locators, (element, { how }) => {
      if (!this.#used.has(element)) open(element, how);
      return true;
    });
    state.played = this.#each(state.played ?? [], all, locators, (element, played) => {
      if (!this.#used.has(element)) play(element, played);
      return true;
    });
    state.scrollers = this.#each(state.scrollers, all, locators, (element, { top, left }) => {
      if (this.#used.has(element)) return true;
      [element.scrollTop, element.scrollLeft] = [top, left];
      // What makes it as tall as it was may be still to come.
      return Math.abs(element.scrollTop - top) < 1 && Math.abs(element.scrollLeft - left) < 1;
    });
    const [focus] = this.#each(state.focus ? [state.focus] : [], all, locators, (element, { start, end }) => {
      /** @type {HTMLElement} */ (element).focus?.({ preventScroll: true });
      if (start !== null && end !== null) /** @type {HTMLInputElement} */ (element).setSelectionRange?.(start, end);
      return true;
    });
    state.focus = focus ?? null;
    this.#scroll(all);
    if (all) this.#end();
    this.#watch();
  }

  /** Stops for good. What was not restored yet is left as it is. */
  cancel() {
    this.#cancelled = true;
    this.#state.scroll = null;
    this.#gesture = true;
    this.#observer.disconnect();
    for (const timer of this.#late) this.#view.clearTimeout(timer);
    this.#end();
    this.#forget();
  }

  /**
   * @param {Element} element
   * @param {Field} field
   */
  #write(element, field) {
    if (!writeField(element, field) || !this.#notifies(element)) return;
    this.#writing = true;
    try {
      for (const name of EDITS) element.dispatchEvent(new Event(name, { bubbles: true }));
    } finally {
      this.#writing = false;
    }
  }

  /**
   * @template {{ at: Locator }} Part
   * @param {Part[]} parts
   * @param {boolean} all
   * @param {Locators} locators
   * @param {(element: Element, part: Part) => boolean} put whether it is done with
   * @returns {Part[]} the remaining ones
   */
  #each(parts, all, locators, put) {
    return parts.filter((part) => {
      const element = locators.find(part.at);
      try {
        if (element && put(element, part)) return false;
      } catch {
        // An element that refuses a part, such as a field that has another type now, refuses it the next time too.
        return false;
      }
      return !all || !this.#isOver(part.at.place);
    });
  }

  /**
   * Whether nothing of a place is looked for any more.
   * @param {string | null} place
   */
  #isOver(place) {
    return this.#over.get(place) === true;
  }

  /** Where the elements are that are not restored yet. */
  #wanted() {
    const { details, fields, scrollers, opened = [], played = [], focus } = this.#state;
    return [...details, ...fields, ...scrollers, ...opened, ...played, ...(focus ? [focus] : [])].map(({ at }) => at);
  }

  /**
   * Begins to look in the places that have come. Elsewhere a component has failed, or has not come; its part waits for it.
   * @param {Locators} locators
   */
  #look(locators) {
    for (const at of this.#wanted()) this.#lookIn(at.place, locators);
    this.#lookIn(null, locators);
  }

  /**
   * @param {string | null} place
   * @param {Locators} locators
   */
  #lookIn(place, locators) {
    if (this.#over.has(place)) return;
    const component = place === null ? null : locators.component(place);
    if (place !== null && !(component && this.#mounted(component))) return;
    this.#over.set(place, false);
    this.#late.add(this.#view.setTimeout(() => this.#stop([place]), LATE));
  }

  /** @param {(string | null)[]} places whose elements are not looked for any more */
  #stop(places) {
    for (const place of places) this.#over.set(place, true);
    this.soon();
  }

  /** Looks at what comes, while something is looked for. */
  #watch() {
    const left = this.#wanted().map(({ place }) => place);
    if (this.#state.scroll) left.push(null);
    this.#observer.disconnect();
    if (left.some((place) => this.#over.get(place) === false)) this.#observer.observe(this.#document, { childList: true, subtree: true });
    if (this.#ended && left.length === 0 && !this.#holding) this.#forget();
  }

  /** @param {boolean} all */
  #scroll(all) {
    const { scroll } = this.#state;
    if (!scroll) return;
    const [left, top] = scroll;
    this.#view.scrollTo({ left, top, behavior: "instant" });
    if (!all) return;
    // What makes the page as tall as it was may be still to come.
    if (Math.abs(this.#view.scrollY - top) < 1 || this.#isOver(null)) this.#state.scroll = null;
    if (this.#holding) return;
    this.#holding = true;
    this.#hold(left, top, 0, MOST_ROUNDS);
  }

  /**
   * Keeps the window where it was for a moment longer: what components measure and late styles still change the layout when all is
   * there, and the browser moves the window with it.
   *
   * @param {number} left
   * @param {number} top
   * @param {number} rested for how many rounds it has stayed there
   * @param {number} rounds how many are left
   */
  #hold(left, top, rested, rounds) {
    this.#view.setTimeout(() => {
      if (this.#gesture || rested === REST_ROUNDS || rounds === 0) {
        this.#holding = false;
        return this.#watch();
      }
      const before = this.#view.scrollY;
      this.#view.scrollTo({ left, top, behavior: "instant" });
      const stayed = Math.abs(this.#view.scrollY - before) < 1;
      this.#hold(left, top, stayed ? rested + 1 : 0, rounds - 1);
    }, ROUND);
  }

  /** Ignores what the reader does from now on. */
  #forget() {
    // Without an explicit reason, the signal would keep the stack of its abort in memory.
    this.#listening.abort("over");
  }

  #edit = (/** @type {Event} */ event) => {
    if (this.#writing) return;
    for (const target of event.composedPath()) this.#edited.add(target);
    this.#begun();
  };

  #use = (/** @type {Event} */ event) => {
    for (const target of event.composedPath()) this.#used.add(target);
    this.#gesture = true;
    this.#state.scroll = null;
    this.#state.focus = null;
    this.#begun();
  };

  /** What comes after a gesture may have come because of it: only parts of components that are not there yet still wait. */
  #begun() {
    const looking = [...this.#over].flatMap(([place, over]) => (over ? [] : [place]));
    if (this.#ended && looking.length > 0) this.#stop(looking);
  }

  /** From now on the browser restores scroll offsets again. */
  #end() {
    if (this.#ended) return;
    this.#release();
    this.#ended = true;
  }

  #release() {
    if (!this.#ended) this.#view.history.scrollRestoration = this.#mode;
  }
}

/**
 * @param {Element} element
 * @param {Field} field
 * @returns {boolean} whether it was different
 */
function writeField(element, { type, value, checked, selected, text }) {
  const field = /** @type {HTMLInputElement} */ (element);
  if (type !== "" && field.type !== type) return false;
  const before = [field.value, field.checked, element.textContent];
  if (value !== null) field.value = value;
  if (checked !== null) field.checked = checked;
  if (selected !== null) choose(/** @type {HTMLSelectElement} */ (element), selected);
  if (text !== null && element.childElementCount === 0 && element.textContent !== text) element.textContent = text;
  const after = [field.value, field.checked, element.textContent];
  return before.some((part, at) => part !== after[at]);
}

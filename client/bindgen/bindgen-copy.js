/**
 * One running copy of code that is made with wasm-bindgen: its wasm instance, with its exports wrapped.
 *
 * In: the exports of a wasm instance. Out: an object with the same exports in wrappers, which the glue uses instead. All calls of the
 * browser into the code (of a listener, a timer, a promise) go through the wrappers. While the copy is paused they put calls into a
 * queue; once it has ended they do nothing.
 */

import { panicOf } from "./panic.js";

/** The answer of a call that does nothing. Glue reads numbers from it. */
const NOTHING = Object.freeze([0, 0, 0, 0]);

/** The replacement of a function of a copy that has ended. All share it: glue may keep its exports for as long as the page lives. */
const doNothing = () => NOTHING;

/** The replacement of a table or a global of a copy that has ended. */
const ENDED_TABLE = Object.freeze({ get: () => doNothing, set() {}, grow: () => 0, length: 0 });

/** How many calls wait while a copy is paused. Later ones are dropped. */
const MOST_WAITING = 10_000;

/**
 * Whose copy it is.
 *
 * @typedef {object} CopyDeps
 * @property {ReadonlySet<string>} direct exports that run even while it is paused: they only manage memory
 * @property {import("./event-handlers.js").EventHandlers} handlers the event handlers that it sets
 * @property {(target: EventTarget) => boolean} tracks whether a listener or an event handler at a target has to be removed when the copy ends
 * @property {<T>(code: () => T) => T} enter runs a call of the browser into the code
 * @property {(exports: WebAssembly.Exports) => void} [made] called with its exports before any of its code runs
 */

/** A running copy. */
export class BindgenCopy {
  /** @type {"running" | "paused" | "stopped" | "ended"} */
  #state = "running";
  /** @type {Record<string, unknown> | null} */
  #exports = null;
  /** @type {(() => unknown)[]} */
  #waiting = [];
  /** @type {Map<number, () => void>} */
  #cleanups = new Map();
  /** @type {WebAssembly.Exports | null} */
  #instance = null;
  /** How much further the code may run, where it counts. @type {WebAssembly.Global<"i32"> | null} */
  #budget = null;
  #lastKey = 0;
  /** Whether its code is running. */
  #inside = false;
  #aborter = new AbortController();
  #deps;

  /** @param {CopyDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /** Whether calls into it do nothing any more. */
  get ended() {
    return this.#state === "ended";
  }

  /** Whether its memory can be relied on: it has neither trapped nor ended. */
  get intact() {
    return this.#state === "running" || this.#state === "paused";
  }

  /** The event handlers that it has set. */
  get handlers() {
    return this.#deps.handlers;
  }

  /**
   * Whether a listener or an event handler at a target has to be removed when the copy ends.
   * @param {EventTarget} target
   */
  tracks(target) {
    return this.#deps.tracks(target);
  }

  /** Aborted when it ends. */
  get signal() {
    return this.#aborter.signal;
  }

  /** How many functions will be called when it ends. */
  get cleanupCount() {
    return this.#cleanups.size;
  }

  /**
   * Adds a function that is called when this copy ends.
   *
   * @param {() => void} cleanup
   * @returns {number} a key for `removeCleanup`
   */
  addCleanup(cleanup) {
    this.#cleanups.set(++this.#lastKey, cleanup);
    return this.#lastKey;
  }

  /** @param {number} key */
  removeCleanup(key) {
    this.#cleanups.delete(key);
  }

  /**
   * The exports of its instance, wrapped.
   * @param {WebAssembly.Exports} exports
   */
  wrapExports(exports) {
    this.#instance = exports;
    this.#budget = /** @type {WebAssembly.Global<"i32"> | undefined} */ (exports.hmr_budget) ?? null;
    /** @type {Record<string, unknown>} */
    const wrapped = {};
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function") wrapped[name] = this.#deps.direct.has(name) ? value : this.#wrapFunction(value);
      else if (value instanceof WebAssembly.Table && holdsFunctions(value)) wrapped[name] = this.#wrapTable(value);
      else wrapped[name] = value;
    }
    this.#exports = wrapped;
    this.#deps.made?.(exports);
    return wrapped;
  }

  /**
   * Sets how many loop heads and calls the code may pass from now on, where it counts them.
   * @param {number} budget
   */
  allow(budget) {
    if (this.#budget) this.#budget.value = budget;
  }

  /** Whether the code was ended because it ran for too long. Read it before the code runs again. */
  get late() {
    return this.#budget !== null && this.#budget.value < 0;
  }

  /** What the code panicked with, if it has and that is known. Read it before the code runs again. */
  get panic() {
    return this.#instance && panicOf(this.#instance);
  }

  /** Puts calls into a queue from now on. */
  pause() {
    if (this.#state === "running") this.#state = "paused";
  }

  /** Makes calls do nothing from now on, and changes nothing else: after a trap, the memory may be in any state. */
  stop() {
    this.#state = "stopped";
    this.#waiting = [];
  }

  /** Runs the calls that waited, and lets new ones through. A stopped copy stays stopped. */
  resume() {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const call of this.#waiting.splice(0)) {
      try {
        call();
      } catch {
        // The wrapper has reported it.
      }
    }
  }

  /**
   * Ends the copy and runs its cleanups. From now on calls into it do nothing, and the glue holds no reference to its memory.
   * @param {((replacement: object) => void) | null} release makes the glue use these exports instead and clear its caches
   */
  end(release) {
    this.#state = "ended";
    for (const cleanup of this.#cleanups.values()) {
      try {
        cleanup();
      } catch {
        // It had already ended.
      }
    }
    this.#cleanups.clear();
    this.#waiting = [];
    this.#aborter.abort();
    const exports = this.#exports ?? {};
    for (const name of Object.keys(exports)) exports[name] = disabled(exports[name]);
    release?.(exports);
    this.#exports = null;
    this.#instance = null;
    this.#budget = null;
  }

  /** @param {Function} code */
  #wrapFunction(code) {
    return (/** @type {unknown[]} */ ...values) => {
      const call = () => code(...values);
      // Code that runs may be called by what it calls.
      if (this.#inside || this.#state === "running") return this.#enter(call);
      if (this.#state === "paused" && this.#waiting.length < MOST_WAITING) this.#waiting.push(() => this.#enter(call));
      return NOTHING;
    };
  }

  /**
   * Runs code of the copy, which may call itself, also while it is paused.
   *
   * @template T
   * @param {() => T} code
   */
  within(code) {
    const before = this.#inside;
    this.#inside = true;
    try {
      return code();
    } finally {
      this.#inside = before;
    }
  }

  /**
   * @template T
   * @param {() => T} call
   */
  #enter(call) {
    return this.#deps.enter(call);
  }

  /**
   * Older glue calls closures through the function table.
   * @param {WebAssembly.Table} table
   */
  #wrapTable(table) {
    return {
      get: (/** @type {number} */ index) => {
        const code = table.get(index);
        return typeof code === "function" ? this.#wrapFunction(code) : code;
      },
      get length() {
        return table.length;
      },
    };
  }
}

/**
 * Whether a table holds functions. Its type cannot be read, but a table of functions refuses other values.
 * @param {WebAssembly.Table} table
 */
function holdsFunctions(table) {
  try {
    table.grow(0, {});
    return false;
  } catch {
    return true;
  }
}

/**
 * The replacement of an export whose copy has ended.
 * @param {unknown} value
 */
function disabled(value) {
  if (typeof value === "function") return doNothing;
  if (value instanceof WebAssembly.Memory) return endedMemory();
  return ENDED_TABLE;
}

/** @type {WebAssembly.Memory | null} */
let empty = null;

/** The replacement of the memory of a copy that has ended. All share it: a page can have only so many memories. */
function endedMemory() {
  empty ??= new WebAssembly.Memory({ initial: 0, maximum: 0 });
  return empty;
}

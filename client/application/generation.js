/**
 * One running copy of an application: its instance, behind a gate.
 *
 * In: the exports of a wasm instance. Out: an object with the same exports, which the glue uses instead. Whatever calls into the
 * application (a listener, a timer, a promise) comes through it. So a generation can be paused, when calls wait, and ended, when they
 * do nothing.
 */

import { panicPlace } from "./panic-place.js";

/** The answer of a call that does nothing. Glue reads numbers from it. */
const NOTHING = Object.freeze([0, 0, 0, 0]);

/** How many calls wait while a generation is paused. Later ones are dropped. */
const MOST_WAITING = 10_000;

/** A running copy of an application. */
export class Generation {
  /** @type {"running" | "paused" | "stopped" | "ended"} */
  #state = "running";
  /** @type {Record<string, unknown> | null} */
  #exports = null;
  /** @type {(() => unknown)[]} */
  #waiting = [];
  /** @type {Map<number, () => void>} */
  #owned = new Map();
  /** @type {WebAssembly.Exports | null} */
  #instance = null;
  #lastKey = 0;
  #aborter = new AbortController();
  #deps;

  /**
   * @param {object} deps
   * @param {import("./ownership.js").Ownership} deps.ownership
   * @param {ReadonlySet<string>} deps.direct exports that run even while it is paused: they only manage memory
   * @param {import("./served-document.js").ServedDocument} deps.served
   * @param {(error: unknown) => void} deps.failed called with each error that leaves an export
   */
  constructor(deps) {
    this.#deps = deps;
  }

  /** Whether its calls do nothing any more. */
  get ended() {
    return this.#state === "ended";
  }

  /** Aborted when it ends. */
  get signal() {
    return this.#aborter.signal;
  }

  /** How much it has begun in the page that has not ended. */
  get owns() {
    return this.#owned.size;
  }

  /**
   * Notes something to be ended with this generation.
   * @param {() => void} end
   */
  own(end) {
    this.#owned.set(++this.#lastKey, end);
    return this.#lastKey;
  }

  /** @param {number} key */
  disown(key) {
    this.#owned.delete(key);
  }

  /**
   * The exports of its instance, behind the gate.
   * @param {WebAssembly.Exports} exports
   */
  gate(exports) {
    this.#instance = exports;
    /** @type {Record<string, unknown>} */
    const gated = {};
    for (const [name, value] of Object.entries(exports)) {
      if (typeof value === "function") gated[name] = this.#deps.direct.has(name) ? value : this.#gated(value);
      else if (value instanceof WebAssembly.Table && holdsFunctions(value)) gated[name] = this.#gatedTable(value);
      else gated[name] = value;
    }
    this.#exports = gated;
    return gated;
  }

  /** Where the code has panicked last, if that is known. */
  get panicPlace() {
    return this.#instance && panicPlace(this.#instance);
  }

  /** Lets calls wait from now on. */
  pause() {
    if (this.#state === "running") this.#state = "paused";
  }

  /** Has calls do nothing from now on, and leaves everything else as it is: its memory may be in any state after a trap. */
  stop() {
    this.#state = "stopped";
    this.#waiting = [];
  }

  /** Goes on, first with the calls that waited. One that was stopped stays so. */
  resume() {
    if (this.#state !== "paused") return;
    this.#state = "running";
    for (const call of this.#waiting.splice(0)) {
      try {
        call();
      } catch {
        // The gate has reported it.
      }
    }
  }

  /**
   * Ends everything that it has begun. Its calls do nothing from now on, and nothing of its memory is reachable through the glue.
   * @param {((dead: object) => void) | null} release lets the glue drop what it holds
   */
  end(release) {
    this.#state = "ended";
    for (const end of this.#owned.values()) {
      try {
        end();
      } catch {
        // It has ended by itself.
      }
    }
    this.#owned.clear();
    this.#waiting = [];
    this.#aborter.abort();
    const exports = this.#exports ?? {};
    for (const name of Object.keys(exports)) exports[name] = dead(exports[name]);
    release?.(exports);
    this.#exports = null;
    this.#instance = null;
  }

  /** @param {Function} code */
  #gated(code) {
    return (/** @type {unknown[]} */ ...values) => {
      if (this.#state === "running") return this.#enter(() => code(...values));
      if (this.#state === "paused" && this.#waiting.length < MOST_WAITING) this.#waiting.push(() => this.#enter(() => code(...values)));
      return NOTHING;
    };
  }

  /**
   * @template T
   * @param {() => T} code
   */
  #enter(code) {
    const { ownership, served, failed } = this.#deps;
    const outermost = ownership.current === null;
    if (outermost) served.changedByOthers();
    try {
      return ownership.run(this, code);
    } catch (error) {
      failed(error);
      throw error;
    } finally {
      if (outermost) served.changedByApplication();
    }
  }

  /**
   * Older glue calls closures through the function table.
   * @param {WebAssembly.Table} table
   */
  #gatedTable(table) {
    return {
      get: (/** @type {number} */ index) => {
        const code = table.get(index);
        return typeof code === "function" ? this.#gated(code) : code;
      },
      get length() {
        return table.length;
      },
    };
  }
}

/**
 * Whether a table holds functions. There is no way to ask for its type: one that does takes nothing else.
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
 * What an export of an ended generation is replaced with.
 * @param {unknown} value
 */
function dead(value) {
  if (typeof value === "function") return () => NOTHING;
  if (value instanceof WebAssembly.Memory) return new WebAssembly.Memory({ initial: 0 });
  return { get: () => () => NOTHING, set() {}, grow: () => 0, length: 0 };
}

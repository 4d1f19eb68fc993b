/**
 * What happens in a page, for its scripts: callbacks by event, exchanged code, counts.
 */

/** @typedef {import("../api.js").End} End */
/** @typedef {import("../api.js").ModuleFacts} ModuleFacts */
/** @typedef {import("../api.js").Running} Running */

/** Callbacks by event. */
export class Events {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #callbacks = new Map();
  /** The detail of `ready`, which is emitted once. @type {unknown} */
  #ready = null;
  #failed;

  /** @param {(error: unknown) => void} failed */
  constructor(failed) {
    this.#failed = failed;
  }

  /**
   * @param {string} event
   * @param {(detail: any) => void} callback
   * @returns {End}
   */
  on(event, callback) {
    if (typeof callback !== "function") throw new TypeError(`the callback for \`${event}\` must be a function`);
    // One function may be given twice, and is called twice then.
    const own = (/** @type {any} */ detail) => callback(detail);
    const callbacks = this.#callbacks.get(event) ?? new Set();
    this.#callbacks.set(event, callbacks.add(own));
    const ready = event === "ready" ? this.#ready : null;
    if (ready !== null) {
      // A script gets this object only once the page is ready.
      queueMicrotask(() => {
        if (callbacks.has(own)) this.#call(own, ready);
      });
    }
    return () => void callbacks.delete(own);
  }

  /**
   * @param {string} event
   * @param {unknown} detail
   */
  emit(event, detail) {
    if (event === "ready") this.#ready = detail;
    for (const callback of [...(this.#callbacks.get(event) ?? [])]) this.#call(callback, detail);
  }

  /**
   * @param {(detail: any) => void} callback
   * @param {unknown} detail
   */
  #call(callback, detail) {
    try {
      callback(detail);
    } catch (error) {
      this.#failed(error);
    }
  }
}

/** Which code runs, and which ran when `changes` was called last. */
export class Exchanges {
  /** @type {Map<string, Running>} */
  #known = new Map();
  #modules;

  /** @param {() => ModuleFacts[]} modules */
  constructor(modules) {
    this.#modules = modules;
  }

  /** The modules whose code was exchanged since the last look. */
  changes() {
    return this.#modules().flatMap(({ module, hash, generation }) => {
      const next = { module, hash, generation };
      const previous = this.#known.get(module) ?? { module, hash: null, generation: 0 };
      this.#known.set(module, next);
      return generation === previous.generation ? [] : [{ next, previous }];
    });
  }
}

/** Counts what happens. */
export class Counts {
  stats = {
    swaps: 0,
    committed: 0,
    rolledBack: 0,
    undone: 0,
    declined: 0,
    traps: 0,
    problems: 0,
    lastSwapMs: /** @type {number | null} */ (null),
  };

  /**
   * @param {string} event
   * @param {any} detail
   */
  count(event, detail) {
    if (event === "trap") this.stats.traps++;
    if (event === "problem") this.stats.problems++;
    if (event !== "swap") return;
    for (const { outcome, duration } of detail.swaps) {
      this.stats.swaps++;
      if (outcome === "committed") this.stats.committed++;
      if (outcome === "rolled-back") this.stats.rolledBack++;
      if (outcome === "undone") this.stats.undone++;
      if (outcome === "declined") this.stats.declined++;
      if (outcome !== "committed") continue;
      this.stats.lastSwapMs = /** @type {number[]} */ (Object.values(duration ?? {})).reduce((sum, ms) => sum + ms, 0);
    }
  }
}

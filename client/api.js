/**
 * What scripts of a page can do with the modules in it: `import { hmr } from "/@hmr/client/main.js"`, or `window.__hmr`.
 *
 * In: calls of the page's scripts. Out: answers, promises and subscriptions. `docs/client-api.md` shows each in use. The
 * types here stand alone, so that `api.d.ts` serves any editor.
 */

import { Executions } from "./execute.js";

/** Ends what it was given for. @typedef {() => void} End */

/**
 * A module in this page. `previousKeys` are the keys of the state that the version before had, by instance.
 *
 * @typedef {object} ModuleFacts
 * @property {string} module
 * @property {string | null} hash of the version
 * @property {string[]} components
 * @property {Record<string, string>} versions by component, the version that it declares
 * @property {{ component: string, from: string, to: string }[]} migrations that its components declare
 * @property {boolean} running whether its code runs
 * @property {number} generation how often its code was exchanged
 * @property {{ instance: number, component: string, status: "waiting" | "mounted" | "failed" }[]} instances
 * @property {string | null} previous the hash of the version before
 * @property {Record<number, string[]>} previousKeys
 */

/**
 * What became of one module in an update; `docs/protocol.md` tells the other fields.
 *
 * @typedef {object} SwapResult
 * @property {string} module
 * @property {string} hash
 * @property {"committed" | "rolled-back" | "undone" | "unchanged" | "not-mounted" | "declined"} outcome
 * @property {string | null} step that failed
 * @property {string | null} error
 * @property {string[]} events
 */

/** @typedef {{ ready: object, swap: { sequence: number | null, swaps: SwapResult[] }, failure: object, trap: object, problem: { message: string }, slower: object }} HmrEvents */

/** @typedef {{ module: string, hash: string | null, generation: number }} Running */

/** @typedef {{ calls: number, total: number, self: number, errors: number }} CallMetrics milliseconds; `self` without the engine's work */

/** @typedef {{ at: number, entries: { hash: string, time: number, snapshot: string }[] }} StateHistory `at` is where the module is */

/**
 * Counts since the page was loaded.
 *
 * @typedef {{ swaps: number, committed: number, rolledBack: number, undone: number, declined: number, traps: number, problems: number,
 *   lastSwapMs: number | null, connected: boolean }} Stats
 */

/** @typedef {{ value: unknown, logs: [string, string][] }} Executed */

/**
 * The page's API.
 *
 * @typedef {object} Hmr
 * @property {() => ModuleFacts[]} modules what is known of each module
 * @property {() => Stats} stats
 * @property {<K extends keyof HmrEvents>(event: K, callback: (detail: HmrEvents[K]) => void) => End} on calls back at each event
 * @property {(id: string, callback: (next: Running, previous: Running) => void) => End} onModuleUpdate calls back whenever a
 *   module's code was exchanged
 * @property {(id: string) => Record<string, any>} module the exports of a module, those of its newest code at each call, and `memory`
 * @property {(id: string, options?: { state?: boolean }) => Promise<SwapResult>} reload starts a module's code again; without its
 *   state if `state` is false
 * @property {(id: string) => Promise<SwapResult>} rollback goes back to the version before, with the state kept
 * @property {(id: string, name: string, wrap: (original: (...values: any[]) => any) => (...values: any[]) => any) => { rollback: End }}
 *   patchFunction puts a function in the place of an export, over swaps
 * @property {(id: string) => { stop: End, metrics: () => Record<string, CallMetrics> }} profile measures the calls of a module's exports
 * @property {(source: ArrayBuffer | Uint8Array | string | URL, context?: unknown, options?: { timeLimit?: number }) => Promise<Executed>}
 *   execute runs a module by itself in a worker; the limit is in milliseconds
 * @property {(id: string) => StateHistory} history
 * @property {(id: string, count: number) => Promise<SwapResult>} step goes so many states forward in a module's history, or back
 * @property {(id: string, index: number) => Promise<SwapResult>} goTo goes to a state of a module's history
 * @property {(name: string, options?: { to?: "tool" | "download" | "text" }) => Promise<string>} saveSnapshot saves the state of all
 *   modules; the answer is the file's text
 * @property {(from: string | Blob | object) => Promise<{ swaps: SwapResult[], skipped: string[] }>} loadSnapshot takes up a saved state:
 *   its name, or the content of a file
 * @property {(id: string) => Promise<any>} versions those that the tool keeps of a module
 * @property {(id: string, hash: string) => Promise<SwapResult>} use makes this page run a version
 * @property {(id: string, hash: string | null) => Promise<void>} pin makes all pages run a version; null takes the pin out
 * @property {(id: string, from: string, to: string) => Promise<any>} compare how two versions differ
 * @property {(name: string, f: (argument: any) => unknown) => End} host registers a function that modules call by its name
 * @property {End} cleanup ends everything that was begun through this object
 */

/**
 * What the API is made of.
 *
 * @typedef {object} Parts
 * @property {import("./engine.js").Engine} engine
 * @property {import("./tool.js").Tool} tool
 * @property {() => import("./execute.js").WorkerLike} spawn
 * @property {(url: string) => Promise<Response>} fetch
 * @property {{ setTimeout: (code: () => void, ms: number) => unknown, clearTimeout: (id: any) => void }} timers
 * @property {(name: string, text: string) => void} download gives the reader a file
 * @property {() => boolean} connected
 * @property {(error: unknown) => void} failed told of what a callback throws
 */

/**
 * @param {Parts} parts
 * @returns {{ hmr: Hmr, emit: <K extends keyof HmrEvents>(event: K, detail: HmrEvents[K]) => void }} `emit` is for the entry, which
 *   tells what happens
 */
export function createApi(parts) {
  const { engine, tool, timers } = parts;
  const events = new Events(parts.failed);
  const executions = new Executions(parts.spawn, timers);
  const counted = new Counts();
  /** What `cleanup` ends. @type {Set<End>} */
  const open = new Set();
  /** @param {End} end */
  const begun = (end) => {
    const once = () => {
      if (open.delete(once)) end();
    };
    open.add(once);
    return once;
  };
  const running = new Looked(() => engine.modules());

  /** @type {Hmr} */
  const hmr = {
    modules: () => engine.modules(),
    stats: () => ({ ...counted.stats, connected: parts.connected() }),
    on: (event, callback) => begun(events.on(event, callback)),
    onModuleUpdate: (id, callback) => begun(events.on(`update ${id}`, ({ next, previous }) => callback(next, previous))),
    module: (id) => engine.control.proxy(id),
    reload: (id, { state = true } = {}) => attempt(() => engine.control.restart(id, !state)),
    rollback: (id) => attempt(() => engine.control.rollback(id)),
    patchFunction: (id, name, wrap) => ({ rollback: begun(engine.control.patch(id, name, wrap).rollback) }),
    profile(id) {
      const profile = engine.control.profile(id);
      return { stop: begun(profile.stop), metrics: profile.metrics };
    },
    async execute(source, context, { timeLimit } = {}) {
      const bytes = typeof source === "string" || source instanceof URL ? await download(parts.fetch, String(source)) : source;
      return executions.run(/** @type {ArrayBuffer} */ (bytes), context, timeLimit);
    },
    history: (id) => engine.control.history(id),
    step: (id, count) => engine.control.goTo(id, (at) => at + count),
    goTo: (id, index) => engine.control.goTo(id, () => index),
    async saveSnapshot(name, { to = "tool" } = {}) {
      const text = engine.states.save(name);
      if (to === "tool") await tool.saveSnapshot(name, text);
      else if (to === "download") parts.download(`${name}.json`, text);
      return text;
    },
    loadSnapshot: async (from) => engine.states.load(await fileOf(from, (name) => tool.loadSnapshot(name))),
    versions: (id) => tool.versions(id),
    use: (id, hash) => attempt(() => engine.control.use(id, hash)),
    pin: (id, hash) => tool.pin(id, hash),
    compare: (id, from, to) => tool.compare(id, from, to),
    host: (name, f) => begun(engine.host(name, f)),
    cleanup() {
      for (const end of [...open]) end();
      executions.endAll();
    },
  };
  return {
    hmr: Object.freeze(hmr),
    emit(event, detail) {
      counted.count(event, detail);
      events.emit(event, detail);
      if (event !== "swap") return;
      for (const { next, previous } of running.changes()) events.emit(`update ${next.module}`, { next, previous });
    },
  };
}

/**
 * Makes what is thrown at once a promise that fails, so that callers have one way to hear of it.
 *
 * @template T
 * @param {() => Promise<T>} code
 */
async function attempt(code) {
  return code();
}

/**
 * @param {(url: string) => Promise<Response>} fetch
 * @param {string} url
 */
async function download(fetch, url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`\`${url}\` cannot be fetched: the server answered ${response.status}`);
  return response.arrayBuffer();
}

/**
 * The text of a file of snapshots.
 *
 * @param {unknown} from its name, its text, a file, or the object that it holds
 * @param {(name: string) => Promise<string>} load
 */
async function fileOf(from, load) {
  if (typeof from === "string") return from.trimStart().startsWith("{") ? from : load(from);
  if (from instanceof Object && "text" in from && typeof from.text === "function") return String(await from.text());
  return JSON.stringify(from) ?? "";
}

/** Callbacks by event. */
class Events {
  /** @type {Map<string, Set<(detail: any) => void>>} */
  #callbacks = new Map();
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
    return () => void callbacks.delete(own);
  }

  /**
   * @param {string} event
   * @param {unknown} detail
   */
  emit(event, detail) {
    for (const callback of [...(this.#callbacks.get(event) ?? [])]) {
      try {
        callback(detail);
      } catch (error) {
        this.#failed(error);
      }
    }
  }
}

/** What runs, and what ran when it was last looked. */
class Looked {
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
class Counts {
  stats = { swaps: 0, committed: 0, rolledBack: 0, undone: 0, declined: 0, traps: 0, problems: 0, lastSwapMs: /** @type {number | null} */ (null) };

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

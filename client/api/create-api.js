/**
 * The object through which scripts of a page reach the modules in it.
 *
 * In: the engine and what else it takes, and what happens in the page. Out: the object that `api.js` describes, and subscriptions
 * of which each can be ended, alone or all together.
 */

import { EVENTS } from "../api.js";
import { IsolatedRuns } from "../extra/isolated-runs.js";
import { Counts, Events, Exchanges } from "./events.js";

/** @typedef {import("../api.js").End} End */
/** @typedef {import("../api.js").HmrEvents} HmrEvents */
/** @typedef {import("../api.js").Hmr} Hmr */

/**
 * What the API is made of.
 *
 * @typedef {object} Parts
 * @property {import("../engine/engine.js").Engine} engine
 * @property {import("../tool/requests.js").Tool} tool
 * @property {() => import("../extra/isolated-runs.js").WorkerLike} spawn
 * @property {(url: string) => Promise<Response>} fetch
 * @property {{ setTimeout: (code: () => void, ms: number) => unknown, clearTimeout: (id: any) => void }} timers
 * @property {(name: string, text: string) => void} download gives the reader a file
 * @property {() => boolean} connected
 * @property {(error: unknown) => void} failed called with errors that a callback throws
 */

/**
 * @param {Parts} parts
 * @returns {{ hmr: Hmr, emit: <K extends keyof HmrEvents>(event: K, detail: HmrEvents[K]) => void }} `emit` is for the entry, which
 *   emits the events
 */
export function createApi(parts) {
  const { engine, tool, timers } = parts;
  const events = new Events(parts.failed);
  const isolatedRuns = new IsolatedRuns(parts.spawn, timers);
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
  const running = new Exchanges(() => engine.modules());

  /** @type {Hmr} */
  const hmr = {
    modules: () => engine.modules(),
    stats: () => ({ ...counted.stats, connected: parts.connected() }),
    on(event, callback) {
      if (!EVENTS.includes(event))
        throw new TypeError(`there is no event \`${event}\`; the events are ${EVENTS.map((name) => `\`${name}\``).join(", ")}`);
      return begun(events.on(event, callback));
    },
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
      const bytes = typeof source === "string" || source instanceof URL ? await fetched(parts.fetch, String(source)) : source;
      return isolatedRuns.run(/** @type {ArrayBuffer} */ (bytes), context, timeLimit);
    },
    ...stateFunctions(parts),
    ...toolFunctions(tool),
    use: (id, hash) => attempt(() => engine.control.use(id, hash)),
    host: (name, f) => begun(engine.host(name, f)),
    cleanup() {
      for (const end of [...open]) end();
      isolatedRuns.endAll();
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
 * The functions that go back to earlier states.
 * @param {Parts} parts
 */
function stateFunctions({ engine, tool, download }) {
  /** @type {Pick<Hmr, "history" | "step" | "goTo" | "saveSnapshot" | "loadSnapshot">} */
  const functions = {
    history: (id) => engine.control.history(id),
    step: (id, count) => engine.control.goTo(id, (at) => at + count),
    goTo: (id, index) => engine.control.goTo(id, () => index),
    async saveSnapshot(name, { to = "tool" } = {}) {
      const text = engine.states.save(name);
      if (to === "tool") await tool.saveSnapshot(name, text);
      else if (to === "download") download(`${name}.json`, text);
      return text;
    },
    loadSnapshot: async (from) => engine.states.load(await fileOf(from, (name) => tool.loadSnapshot(name))),
  };
  return functions;
}

/**
 * The functions that only ask the tool.
 * @param {import("../tool/requests.js").Tool} tool
 */
function toolFunctions(tool) {
  /** @type {Pick<Hmr, "snapshots" | "deleteSnapshot" | "versions" | "pin" | "restore" | "compare" | "experiments" | "startExperiment" | "endExperiment">} */
  const functions = {
    snapshots: () => tool.snapshots(),
    deleteSnapshot: (name) => tool.deleteSnapshot(name),
    versions: (id) => tool.versions(id),
    pin: (id, hash) => tool.pin(id, hash),
    restore: (id, hash) => tool.restore(id, hash),
    compare: (id, from, to) => tool.compare(id, from, to),
    experiments: () => tool.experiments(),
    startExperiment: (id, variants) => tool.experiment(id, variants),
    endExperiment: (id) => tool.experiment(id, []),
  };
  return functions;
}

/**
 * Makes what is thrown at once a promise that fails, so that callers handle errors in one way.
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
async function fetched(fetch, url) {
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
  if (typeof from === "string") return /^\s*\{.*"hmr"/s.test(from) ? from : load(from);
  if (from instanceof Object && "text" in from && typeof from.text === "function") return String(await from.text());
  return JSON.stringify(from) ?? "";
}

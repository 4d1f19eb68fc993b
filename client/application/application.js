/**
 * One application in the page: which version runs, and how a new version replaces it without a reload.
 *
 * In: versions. Out: each is started as a new copy of the application while the old copy is paused. If the start succeeds, the old copy
 * ends. If it fails, the old copy is resumed. A start succeeds if the application's code throws no error until the second frame.
 */

import { WantedVersion } from "../module/wanted-version.js";
import { newSwap, runSwap } from "../swap/steps.js";
import { ServedDocument } from "./served-document.js";
import { applicationTrap } from "./trap.js";
import { ApplicationStart } from "./application-start.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../bindgen/glue-loader.js").Glue} Glue */

/** @typedef {import("./application-start.js").ApplicationDeps} ApplicationDeps */
/** @typedef {import("./application-start.js").Running} Running */
/** @typedef {import("./application-start.js").StartCall} StartCall */
/** @typedef {import("./application-start.js").Loaded} Loaded */

/** Code that traps this soon after a restart is not restarted again, in milliseconds. */
const RESTART_PAUSE = 2000;

/** One application of a page. */
export class Application {
  /** @type {Running | null} */
  #running = null;
  /** @type {ServedDocument | null} */
  #served = null;
  /** The newest known version, whether it runs or not. @type {Version | null} */
  version = null;
  /** Whether the page has started it, or will. */
  wanted = false;
  /** Whether a script of the page chose another version than the tool's. */
  wantedVersion = new WantedVersion();
  /** Versions that failed here. @type {Set<string>} */
  refused = new Set();
  /** The calls that a script of the page makes right after the start. @type {StartCall[]} */
  startCalls = [];
  /** How often its code was exchanged. */
  generation = 0;
  /** The version before the one that runs. @type {Version | null} */
  previous = null;
  /** Whether it trapped and was not restarted. */
  stopped = false;
  /** What its components begin with at the next start, if that is not what they have then. @type {string | null} */
  saved = null;
  #restartedAt = Number.NEGATIVE_INFINITY;
  #deps;

  /**
   * @param {string} name
   * @param {ApplicationDeps} deps
   */
  constructor(name, deps) {
    this.name = name;
    this.#deps = deps;
  }

  /** The version whose code runs. */
  get runs() {
    return this.#running?.version ?? null;
  }

  /** What the running code exports to scripts of the page. */
  get exports() {
    return this.#running?.glue.exports ?? null;
  }

  /** What its components have, for the page after a reload; null if it cannot be read. */
  get state() {
    const { components = null, copy } = this.#running ?? {};
    if (!components || !copy?.intact) return this.saved;
    try {
      return components.capture();
    } catch {
      return null;
    }
  }

  /**
   * Whether a node is outside of the application: neither made by it nor inside of such a node.
   * @param {Node} node
   */
  isOutside(node) {
    return this.#served?.isOutside(node) ?? true;
  }

  /**
   * Loads and compiles a version. This may be called while earlier updates run.
   *
   * @param {Version} version
   * @returns {Promise<Loaded>}
   */
  async load(version) {
    const { compile, bindgen } = this.#deps;
    if (!version.glue) throw new Error(`\`${version.module}\` is not an application`);
    const [module, loaded] = await Promise.all([compile(version), bindgen.loader.load(version.glue)]);
    return { module, glue: loaded };
  }

  /**
   * Starts a version, which replaces the one that runs.
   *
   * @param {Version} version
   * @param {Promise<Loaded>} loading
   * @returns {Promise<Swap | null>} null if a later update has replaced it
   */
  async start(version, loading) {
    const first = this.#newStart(version, this.saved);
    const ended = await runSwap(newSwap(version, "committed"), this.#plan(first, loading), this.#deps.clock);
    if (!ended || ended.outcome === "committed" || !first.hasRestored || first.needsReload) return this.#ended(version, first, ended);
    // The state may be what the new code cannot start with.
    const second = this.#newStart(version, null);
    second.withoutState = `the new code did not start with the old state: ${ended.error}`;
    const again = await runSwap(newSwap(version, "committed"), this.#plan(second, loading), this.#deps.clock);
    return this.#ended(version, second, again);
  }

  /**
   * @param {Version} version
   * @param {string | null} snapshot what its components begin with, if that is not what they have
   */
  #newStart(version, snapshot) {
    this.#served ??= new ServedDocument(this.#deps.view.document);
    const start = new ApplicationStart(this.#deps, version, this.#running, this.#served, this.startCalls, snapshot);
    start.failedLater = (error) => this.#trapped(start, error);
    return start;
  }

  /**
   * @param {Version} version
   * @param {ApplicationStart} start
   * @param {Swap | null} ended
   */
  #ended(version, start, ended) {
    if (!ended) return null;
    if (ended.outcome === "committed") {
      this.#commit(version, start);
      return ended;
    }
    ended.running = this.#running !== null;
    if (start.needsReload) return { ...newSwap(version, "declined"), error: ended.error };
    if (ended.cause !== "fetch" && this.runs?.hash !== version.hash) this.refused.add(version.hash);
    return ended;
  }

  /**
   * @param {ApplicationStart} start
   * @param {Promise<Loaded>} loading
   * @returns {import("../swap/steps.js").Plan}
   */
  #plan(start, loading) {
    const swaps = this.#running !== null;
    /** @type {import("../swap/steps.js").Work[]} */
    const replace = [
      ["quiesce", () => start.quiesce()],
      ["capture", () => start.capture()],
    ];
    return {
      steps: [
        ["prepare", () => start.prepare(loading)],
        ...(swaps ? replace : []),
        ["instantiate", () => start.instantiate()],
        ["render", () => start.render()],
        ["commit", () => start.commit()],
        [
          "probation",
          async (swap) => {
            // The reader may have seen the new code: after a rollback from here on, the swap is reported as `undone`.
            swap.outcome = "undone";
            await start.probation();
            swap.report = start.report();
            swap.outcome = "committed";
          },
        ],
      ],
      wanted: () => !this.#deps.replaced(this.name),
      rollback: () => start.rollback(),
    };
  }

  /**
   * @param {Version} version
   * @param {ApplicationStart} start
   */
  #commit(version, start) {
    if (this.#running && this.#running.version.hash !== version.hash) this.previous = this.#running.version;
    this.#running = start.running;
    this.version = version;
    this.refused.delete(version.hash);
    this.stopped = false;
    this.saved = null;
    this.generation++;
  }

  /**
   * The code of a copy threw an error after its start had succeeded.
   *
   * @param {ApplicationStart} start
   * @param {unknown} error
   */
  #trapped(start, error) {
    const { copy } = start.running;
    if (copy.ended || this.stopped || this.#running?.copy !== copy) return;
    copy.stop();
    const now = this.#deps.clock();
    const restarts = now - this.#restartedAt > RESTART_PAUSE;
    this.stopped = !restarts;
    this.#restartedAt = now;
    const trap = applicationTrap(error, start.logged, copy);
    // Later, because what is shown in the page now would count as a change by the application, and go with it.
    queueMicrotask(() => {
      this.#deps.trapped(this, trap);
      if (restarts) this.#deps.restart(this);
    });
  }
}

/**
 * Which version each module runs.
 *
 * In: versions, with an update or without. Out: they are swapped in, loaded for the components that are placed, or only noted
 * if no component is placed; each update is reported with the outcome of each module.
 */

import { startClean } from "./retire.js";
import { EMPTY } from "../guest/snapshot.js";
import { newSwap } from "./steps.js";
import { compiledOf, swapIn } from "./swap-transaction.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../page/page-state.js").StoredModule} StoredModule */

/**
 * What swaps the applications of a page.
 *
 * @typedef {object} ApplicationVersions
 * @property {(versions: Version[]) => Version[]} learn as in `VersionManager`
 * @property {(version: Version, announced: boolean) => void} expect notes that a version is about to be swapped in
 * @property {(version: Version, force: boolean) => () => Promise<Swap | null>} prepare loads a version while earlier updates run;
 *   the returned function makes the page run it. With `force`, a version that runs already is restarted
 */

/**
 * The parts of the engine that this needs.
 *
 * @typedef {object} VersionManagerDeps
 * @property {import("./update-queue.js").UpdateQueue} queue
 * @property {ApplicationVersions} applications
 * @property {import("../instances/mounting.js").Mounting} mounting
 * @property {import("../tool/rehearsals.js").Rehearsals} rehearsals
 * @property {import("./swap-transaction.js").SwapDeps} swapDeps
 * @property {(name: string) => ModuleRecord} record
 * @property {(record: ModuleRecord) => void} capture captures a module's state, if its code can be called
 * @property {() => void} drain delivers what waits
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile
 * @property {(message: string) => void} problem
 * @property {(reason: string) => void} reload
 * @property {(sequence: number | null, swaps: Swap[], restarted: boolean) => void} swapped
 */

/** The updates of one page. */
export class VersionManager {
  /** By module, the state from before a reload. @type {Map<string, StoredModule>} */
  #stored = new Map();
  /** By module that was started without its state from before a reload, why. @type {Map<string, string>} */
  #startedWithout = new Map();
  #deps;

  /** @param {VersionManagerDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Hands in the state of a module from before a reload.
   * @param {StoredModule} module
   */
  restoreFrom(module) {
    this.#stored.set(module.module, module);
  }

  /** The states from before a reload that no module has restored yet. */
  get unrestored() {
    return [...this.#stored.values()];
  }

  /** Call this when components may have been mounted: drops state that its module could not restore. */
  mounted() {
    for (const [name, error] of this.#startedWithout) {
      const record = this.#deps.record(name);
      if (!record.alive || record.tree.roots.size === 0) continue;
      this.#startedWithout.delete(name);
      this.#stored.delete(name);
      this.#deps.problem(`the state of \`${name}\` could not be restored after the reload: ${error}`);
    }
  }

  /**
   * Notes versions that came with the page or from the tool, without an update.
   * @param {Version[]} versions
   * @returns {Version[]} those that differ from what runs, were not refused before, and are not what the tool had named already when
   *   a script of the page chose another version
   */
  learn(versions) {
    const native = versions.filter(({ application }) => !application);
    const applications = versions.filter(({ application }) => application);
    return [...this.#learnNative(native), ...this.#deps.applications.learn(applications)];
  }

  /** @param {Version[]} versions */
  #learnNative(versions) {
    const news = versions.filter(({ module, hash }) => {
      const record = this.#deps.record(module);
      record.wanted.named(hash);
      return record.version?.hash !== hash && !record.isRefused(hash) && !record.wanted.isOverridden;
    });
    for (const version of news) {
      const record = this.#deps.record(version.module);
      if (!record.guest && !record.busy) record.note(version);
    }
    this.#deps.mounting.touchAll();
    return news.filter((version) => this.#deps.record(version.module).version?.hash !== version.hash);
  }

  /**
   * Swaps the modules of an update, one after another.
   *
   * @param {number | null} sequence for the acknowledgement
   * @param {Version[]} versions
   * @param {{ force?: boolean, clean?: boolean }} [options] whether a version that runs already is restarted, and without its state
   * @returns {Promise<Swap[]>} without those that a later update replaced
   */
  update(sequence, versions, options = {}) {
    for (const version of versions) this.#expect(version, sequence !== null);
    return new Promise((resolve) => {
      this.#deps.queue.add(versions, async () => {
        const prepared = versions.map((version) => this.#work(version, sequence, options));
        /** @type {Swap[]} */
        const swaps = [];
        try {
          for (const work of prepared) {
            const swap = await work();
            if (swap) swaps.push(swap);
          }
          this.#deps.mounting.touchAll();
          this.#deps.swapped(sequence, swaps, false);
        } finally {
          resolve(swaps);
        }
        const declined = swaps.find(({ outcome }) => outcome === "declined");
        if (declined) this.#deps.reload(declined.error ?? "a component accepts no hot update");
      });
    });
  }

  /**
   * Restarts the running version of an application, before all work that waits.
   * @param {Version} version
   */
  restart(version) {
    this.#deps.queue.addFirst(async () => {
      const swap = await this.#deps.applications.prepare(version, true)();
      if (swap) this.#deps.swapped(null, [swap], true);
    });
  }

  /**
   * @param {Version} version
   * @param {boolean} announced whether the tool names it
   */
  #expect(version, announced) {
    if (version.application) return this.#deps.applications.expect(version, announced);
    const record = this.#deps.record(version.module);
    // Until then it may have no version, which is not an error of the page.
    record.expect();
    if (announced) record.wanted.announced(version.hash);
  }

  /**
   * Starts to prepare a version while earlier updates run.
   *
   * @param {Version} version
   * @param {number | null} sequence
   * @param {{ force?: boolean, clean?: boolean }} options
   * @returns {() => Promise<Swap | null>} makes the page run it
   */
  #work(version, sequence, options) {
    if (version.application) return this.#deps.applications.prepare(version, options.force === true);
    const prepared = this.#prepare(version);
    return () => this.#swapIn(this.#deps.record(version.module), version, { ...options, sequence, prepared });
  }

  /**
   * Makes a module without running code run its version, asynchronously.
   * @param {ModuleRecord} record
   */
  load(record) {
    if (record.busy || !record.version) return;
    const version = record.version;
    record.workBegan();
    this.#deps.queue.add([], async () => {
      record.workEnded();
      // An update that came first may have loaded it.
      if (record.guest || this.#deps.mounting.of(record).length === 0) return;
      const swap = await this.#swapIn(record, record.version ?? version, {});
      this.#deps.mounting.touchAll();
      if (swap) this.#deps.swapped(null, [swap], false);
    });
  }

  /**
   * Fetches, compiles and rehearses a version while earlier updates run.
   * @param {Version} version
   * @returns {import("./swap-transaction.js").Prepared | null} null if it will not be swapped in
   */
  #prepare(version) {
    const record = this.#deps.record(version.module);
    if (this.#deps.queue.replaced(record.name) || (record.alive && record.version?.hash === version.hash)) return null;
    if (!record.guest && this.#deps.mounting.of(record).length === 0) return null;
    const known = compiledOf(record, version.hash);
    const compiled = known ? Promise.resolve(known) : this.#deps.compile(version);
    // The step that waits for it reports a failure.
    compiled.catch(() => {});
    if (!version.rehearse || !record.alive) return { compiled, verdict: null };
    this.#deps.capture(record);
    return { compiled, verdict: this.#deps.rehearsals.ask(version, record.lastGood ?? EMPTY) };
  }

  /**
   * Makes a module run a version, or notes it if its components are not placed.
   *
   * @param {ModuleRecord} record
   * @param {Version} version
   * @param {import("./swap-transaction.js").Options} options
   * @returns {Promise<Swap | null>}
   */
  async #swapIn(record, version, options) {
    if (this.#deps.queue.replaced(record.name)) return null;
    if (record.alive && record.version?.hash === version.hash && !options.force) return newSwap(version, "unchanged");
    if (!record.guest && this.#deps.mounting.of(record).length === 0) {
      record.note(version);
      return newSwap(version, "not-mounted");
    }
    // Code without a mounted component has only state that the state from before a reload has too.
    if (this.#startedWithout.delete(record.name) && record.guest && record.tree.roots.size === 0) startClean(record);
    const first = record.guest === null;
    const stored = first ? this.#stored.get(record.name) : undefined;
    record.workBegan();
    try {
      // State from before a reload was migrated already.
      const wanted = first ? { ...version, transform: [] } : version;
      const load = (/** @type {string | null} */ state) => swapIn(record, wanted, { ...options, state }, this.#deps.swapDeps);
      let swap = await load(stored?.snapshot ?? null);
      if (stored && swap?.outcome === "committed") this.#stored.delete(record.name);
      // Code that has not seen the state did not fail because of it.
      if (stored && swap?.outcome === "rolled-back" && swap.events.includes("migrate")) {
        const { error } = swap;
        swap = await load(null);
        // Until a component is mounted without it, the state waits for the next version.
        if (swap?.outcome === "committed") this.#startedWithout.set(record.name, error ?? "");
      }
      if (swap?.outcome !== "rolled-back" || !first) return swap;
      record.failToLoad(version, swap.error);
      return swap;
    } finally {
      record.workEnded();
      this.#deps.drain();
    }
  }
}

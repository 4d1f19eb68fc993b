/**
 * The engine of a deployed page: it runs modules, and nothing replaces their code.
 *
 * In: elements that come, change and go; events. Out: mounted components; traps and problems are reported. It is made of the same parts as
 * `engine/engine.js`, without those that swaps, histories and the tool need.
 */

import { errorMessage } from "../common/error-message.js";
import { liveSink } from "../engine/live-sink.js";
import { Stack } from "../guest/stack.js";
import { GuestTrap } from "../guest/trap.js";
import { Delivery } from "../instances/delivery.js";
import { Invalidations } from "../instances/invalidations.js";
import { Mounting } from "../instances/mounting.js";
import { Candidate } from "../module/candidate.js";
import { ModuleRecord } from "../module/record.js";
import { InstanceResources } from "../resources/instance-resources.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../guest/guest.js").Guest} Guest */
/** @typedef {import("../guest/guest.js").Level} Level */

/**
 * What the engine is given.
 *
 * @typedef {object} ProductionDeps
 * @property {Document} document
 * @property {import("../resources/facilities.js").Facilities} page
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile fetches and compiles a module, and loads its glue
 * @property {(compiled: WebAssembly.Module) => import("../guest/stack.js").BrowserCode | null} browserCode for code that calls functions of
 *   the browser itself
 * @property {{ isThere: () => boolean, load: () => Promise<void> }} rendering what renders instances again: whether it is there, and loads it
 * @property {(level: Level, module: string | null, text: string) => void} log
 * @property {(module: string, trap: GuestTrap) => void} trapped
 * @property {(message: string) => void} problem
 */

/** Calls are neither measured nor replaced. */
const CALLS = /** @type {import("../extra/module-calls.js").ModuleCalls} */ (
  /** @type {unknown} */ ({
    /** @type {import("../guest/stack.js").CallHooks["resolve"]} */
    resolve: (_name, original) => original,
    began() {},
    ended() {},
    left() {},
    returned() {},
  })
);

/** The engine of one page. */
export class ProductionEngine {
  /** @type {Map<string, ModuleRecord>} */
  #records = new Map();
  #stack;
  #deps;
  /** @type {Delivery} */
  #delivery;
  /** @type {InstanceResources} */
  #instanceResources;
  /** @type {Mounting} */
  #mounting;
  #invalidations;
  /** @type {Promise<void> | null} */
  #loadingRendering = null;

  /** @param {ProductionDeps} deps */
  constructor(deps) {
    this.#deps = deps;
    this.#stack = new Stack(null, deps.page, deps.browserCode);
    this.#delivery = this.#newDelivery();
    this.#instanceResources = this.#newInstanceResources();
    this.#mounting = this.#newMounting();
    this.#invalidations = new Invalidations({
      instance: (id) => this.#mounting.get(id),
      placer: (instance) => this.#mounting.placer(instance),
      remount: (instance) => this.#mounting.remount(instance),
      rerender: (instance) => this.#mounting.rerender(instance),
      ready: ({ record, status }) => status === "mounted" && record.alive && this.#stack.depth === 0,
      problem: deps.problem,
    });
  }

  #newDelivery() {
    const { page, now } = this.#deps;
    return new Delivery({
      stack: this.#stack,
      instanceResources: () => this.#instanceResources,
      now,
      componentOf: (instance) => this.#mounting.get(instance)?.component ?? null,
      later: (code) => void page.timers.setTimeout(code, 0),
      record: (name) => this.#record(name),
      ask: (record, code) => this.#ask(record, code),
      returned: (record) => this.#returned(record),
    });
  }

  #newInstanceResources() {
    const { page, now, log, problem } = this.#deps;
    return new InstanceResources({
      page,
      now,
      fired: (resource, event) => this.#delivery.fired(resource, event),
      node: (module, node) => this.#record(module).nodeOf(node),
      nameOf: (instance) => this.#mounting.get(instance)?.name ?? null,
      isMounted: (name) => this.#mounting.isMounted(name),
      moduleOf: (instance) => this.#mounting.get(instance)?.record.name ?? null,
      sent: (value) => this.#delivery.sent(value),
      problem,
      warn: (module, text) => log("warn", module, text),
    });
  }

  #newMounting() {
    const { document, page, problem } = this.#deps;
    return new Mounting({
      document,
      timers: page.timers,
      resources: this.#instanceResources,
      show() {},
      problem,
      record: (name) => this.#record(name),
      records: () => [...this.#records.values()],
      load: (record) => void this.#load(record),
      settled: () => {
        this.#instanceResources.ports.renamed();
        this.#connectSoon();
      },
      ask: (record, code) => this.#ask(record, code),
      returned: (record) => this.#returned(record),
      quietly: (change) => this.#delivery.quietly(change),
      rendersAgain: () => this.#rendersAgain(),
    });
  }

  /** Whether instances can be rendered again. If not, what they need for it is loaded, and they are looked at again. */
  #rendersAgain() {
    const { rendering, problem } = this.#deps;
    if (rendering.isThere()) return true;
    this.#loadingRendering ??= rendering
      .load()
      .then(() => this.#mounting.touchAll())
      .catch((error) => {
        // The next change tries it again.
        this.#loadingRendering = null;
        problem(`components keep the props that they have: ${errorMessage(error)}`);
      });
    return false;
  }

  /**
   * Notes the modules that the page may place.
   * @param {Version[]} versions
   */
  learn(versions) {
    for (const version of versions) this.#record(version.module).note(version);
    this.#mounting.touchAll();
  }

  /**
   * Call this whenever an `hmr-component` was added, removed or changed.
   * @param {Element} element
   */
  changed(element) {
    this.#mounting.changed(element);
  }

  /**
   * Call this whenever an `hmr-connect` was added, removed or changed.
   * @param {Element} element
   */
  connectionChanged(element) {
    this.#instanceResources.ports.changed(element);
    this.#connectSoon();
  }

  /**
   * Registers a function that modules call by its name.
   *
   * @param {string} name
   * @param {import("../resources/host-functions.js").HostFunction} f
   * @returns {() => void} takes it away
   */
  host(name, f) {
    return this.#instanceResources.host.register(name, f);
  }

  /** @param {string} name */
  #record(name) {
    const known = this.#records.get(name);
    if (known) return known;
    const { document, log } = this.#deps;
    const record = new ModuleRecord(
      name,
      document,
      {
        happened: (of, event, node, key) => this.#delivery.happened(of, event, node, key),
        called: (of, code) => this.#delivery.called(of, code),
      },
      (level, text) => log(level, name, text),
      CALLS,
    );
    this.#records.set(name, record);
    return record;
  }

  /**
   * Makes a module run, asynchronously.
   * @param {ModuleRecord} record
   */
  async #load(record) {
    if (record.busy || !record.version) return;
    const { version } = record;
    record.workBegan();
    const candidate = new Candidate(record, this.#stack, this.#deps.now);
    try {
      const compiled = await this.#deps.compile(version);
      await candidate.guest.start(compiled);
      record.install({ guest: candidate.guest, tree: candidate.tree, version, compiled }, { probation: "ended" });
      candidate.guest.sink = liveSink(record, this.#instanceResources, this.#invalidations);
      for (const [level, text] of candidate.logs) record.log(level, text);
    } catch (error) {
      candidate.guest.end();
      record.failToLoad(version, errorMessage(error));
    } finally {
      record.workEnded();
      this.#mounting.touchAll();
    }
  }

  /**
   * Calls into a module's code.
   *
   * @template T
   * @param {ModuleRecord} record
   * @param {(guest: Guest) => T} code
   * @returns {T | undefined} undefined if it trapped. What it has rendered stays, and nothing calls it any more
   */
  #ask(record, code) {
    const guest = /** @type {Guest} */ (record.guest);
    try {
      return code(guest);
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error;
      guest.trap = error;
      record.log("error", `trapped: ${error.described}`);
      this.#deps.trapped(record.name, error);
      return undefined;
    }
  }

  /** Makes the connections those that are declared. By the microtask, an element that was only moved is back. */
  #connectSoon() {
    queueMicrotask(() => {
      this.#instanceResources.ports.refresh();
      this.#instanceResources.ports.reportAbsent();
      this.#delivery.drain();
    });
  }

  /**
   * Does what had to wait until a module's code returned.
   * @param {ModuleRecord} record
   */
  #returned(record) {
    if (this.#stack.depth > 0) return;
    record.tree.flushCalls();
    this.#instanceResources.returned(record.name);
    this.#delivery.drain();
    this.#invalidations.drain();
    this.#instanceResources.ports.reportAbsent();
  }
}

/**
 * The engine: modules, instances, and what moves between them and the page.
 *
 * In: elements that come, change and go; versions; events. Out: mounted components, and reports of swaps, traps and
 * problems. The document, the clock, the timers and the network come in from outside; no global is touched.
 *
 * Invariants: no code of a module is called while a wasm frame is on the stack, nor while its module is held;
 * what comes meanwhile waits in `instances/delivery.js` (events, firings) or `instances/mounting.js` (placed elements). Updates run one after another.
 */

import { Delivery } from "../instances/delivery.js";
import { Calls } from "../extra/calls.js";
import { Control } from "./module-control.js";
import { moduleInfoOf } from "./module-info.js";
import { InstanceResources, readPort } from "../resources/instance-resources.js";
import { Invalidations } from "../instances/invalidations.js";
import { readInvalidation } from "../module/invalidation.js";
import { Stack } from "../guest/guest.js";
import { Mounting } from "../instances/mounting.js";
import { Watch } from "../swap/probation.js";
import { UpdateQueue } from "../swap/update-queue.js";
import { Rehearsals } from "../tool/rehearsals.js";
import { readRequest } from "../resources/resources.js";
import { ModuleRecord } from "../module/record.js";
import { States } from "../swap/captured-states.js";
import { errorMessage } from "../common/error-message.js";
import { VersionManager } from "../swap/version-manager.js";

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../guest/guest.js").Level} Level */
/** @typedef {import("../instances/problems.js").Problem} Problem */
/** @typedef {import("../page/page-state.js").StoredModule} StoredModule */

/**
 * What the engine is given.
 *
 * @typedef {object} EngineDeps
 * @property {Document} document
 * @property {import("../resources/facilities.js").Facilities} page
 * @property {number | null} [budget] how many loop heads and calls one call into a module may pass, where it counts them
 * @property {() => number} now milliseconds since the Unix epoch; never goes back
 * @property {() => number} clock milliseconds, for durations
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile fetches, compiles and checks
 * @property {(level: Level, module: string | null, text: string) => void} log
 * @property {(element: Element, problem: Problem | null) => void} show shows a problem in an element's place, or takes it away
 * @property {(sequence: number | null, swaps: Swap[], restarted: boolean) => void} swapped the sequence is null where
 *   no update asked for it: code that was loaded for a component, or restarted after a trap
 * @property {(module: string, hash: string, trap: import("../tool/protocol.js").Trap) => void} trapped
 * @property {(message: string) => void} problem
 * @property {(request: import("../tool/protocol.js").Rehearse) => boolean} rehearse asks the tool; false if it cannot be asked
 * @property {(module: string) => void} [captured] called when a module's state was captured after calls of its code
 * @property {() => void} [settled] called when components may have been mounted
 * @property {(reason: string) => void} reload loads the page again, with its state
 * @property {(module: string, hash: string, slower: import("../extra/calls.js").Slower) => void} slower
 */

/** The engine of one page. */
export class Engine {
  /** @type {Map<string, ModuleRecord>} */
  #records = new Map();
  #stack;
  /** @type {Delivery} */
  #delivery;
  #deps;
  /** @type {InstanceResources} */
  #instanceResources;
  /** @type {Mounting} */
  #mounting;
  #queue;
  #versionManager;
  #watch;
  #invalidations;

  /** @param {EngineDeps} deps */
  constructor(deps) {
    this.#deps = deps;
    this.#stack = new Stack(deps.budget);
    this.#delivery = new Delivery({
      stack: this.#stack,
      instanceResources: () => this.#instanceResources,
      now: deps.now,
      componentOf: (instance) => this.#mounting.get(instance)?.component ?? null,
      later: (code) => void deps.page.timers.setTimeout(code, 0),
      record: (name) => this.#record(name),
      ask: (record, code) => this.#watch.ask(record, code),
      returned: (record) => this.#returned(record),
    });
    this.#instanceResources = new InstanceResources({
      page: deps.page,
      now: deps.now,
      fired: (resource, event) => this.#delivery.fired(resource, event),
      node: (module, node) => this.#record(module).nodeOf(node),
      nameOf: (instance) => this.#mounting.get(instance)?.name ?? null,
      isMounted: (name) => this.#mounting.isMounted(name),
      moduleOf: (instance) => this.#mounting.get(instance)?.record.name ?? null,
      sent: (value) => this.#delivery.sent(value),
      problem: deps.problem,
      warn: (module, text) => deps.log("warn", module, text),
    });
    const queue = new UpdateQueue((error) => deps.log("error", null, errorMessage(error)));
    this.#queue = queue;
    this.#mounting = this.#newMounting();
    this.#invalidations = new Invalidations({
      instance: (id) => this.#mounting.get(id),
      placer: (instance) => this.#mounting.placer(instance),
      remount: (instance) => this.#mounting.remount(instance),
      rerender: (instance) => this.#mounting.rerender(instance),
      ready: ({ record, status }) => record.alive && !record.held && status === "mounted" && this.#stack.depth === 0,
      problem: deps.problem,
    });
    const { clock, trapped, problem, swapped, now, rehearse } = deps;
    const { timers } = deps.page;
    const swapDeps = this.#swapDeps(queue);
    const released = () => {
      this.#drain();
      this.#mounting.touchAll();
    };
    this.#watch = new Watch({ clock, trapped, problem, swapped, updates: queue, swapDeps, released });
    /** The rehearsals that the page waits for. */
    this.rehearsals = new Rehearsals(rehearse, timers);
    /** The states that modules were in. */
    this.states = new States({
      timers,
      now,
      updates: queue,
      swapDeps,
      records: () => [...this.#records.values()],
      ready: (record) => record.alive && !record.held && this.#stack.depth === 0,
      ask: (record, code) => this.#watch.ask(record, code, false),
      released,
      swapped,
      captured: (record) => deps.captured?.(record.name),
    });
    /** The modules, for the page's scripts. */
    this.control = new Control({
      known: (name) => this.#known(name),
      ask: (record, code) => this.#watch.ask(record, code),
      returned: (record) => this.#returned(record),
      idle: () => this.#stack.depth === 0,
      states: this.states,
      update: (version, options) => this.update(null, [version], options),
    });
    const { compile, reload } = deps;
    this.#versionManager = new VersionManager({
      queue,
      mounting: this.#mounting,
      rehearsals: this.rehearsals,
      swapDeps,
      record: (name) => this.#record(name),
      capture: (record) => this.states.capture(record),
      drain: () => this.#drain(),
      compile,
      problem,
      reload,
      swapped,
    });
  }

  #newMounting() {
    const { document, page, show, problem } = this.#deps;
    return new Mounting({
      document,
      timers: page.timers,
      resources: this.#instanceResources,
      show,
      problem,
      record: (name) => this.#record(name),
      records: () => [...this.#records.values()],
      load: (record) => this.#versionManager.load(record),
      settled: () => {
        this.#instanceResources.ports.renamed();
        this.#connectSoon();
        this.#versionManager.mounted();
        this.#deps.settled?.();
      },
      ask: (record, code, counts) => this.#watch.ask(record, code, counts),
      returned: (record) => this.#returned(record),
      quietly: (change) => this.#delivery.quietly(change),
    });
  }

  /**
   * @param {UpdateQueue} queue
   * @returns {import("../swap/swap-transaction.js").SwapDeps}
   */
  #swapDeps(queue) {
    const { document, now, clock, compile } = this.#deps;
    return {
      document,
      now,
      clock,
      compile,
      stack: this.#stack,
      resources: this.#instanceResources,
      replaced: (record) => queue.replaced(record.name),
      sink: (record) => this.#sink(record),
      elementOf: (instance) => this.#mounting.get(instance)?.element ?? null,
      quietly: (change) => this.#delivery.quietly(change),
      placed: (record) => this.#mounting.of(record).filter(({ status }) => status === "mounted"),
      followProps: (record, props) => this.#mounting.followProps(record, props),
      rendering: (elements) => this.#mounting.detached.rendering(elements),
      taken: (record, restored) => {
        this.#mounting.taken(record, restored);
        this.#instanceResources.returned(record.name);
        this.states.captureSoon(record);
      },
      invalidated: (record, invalidations) => {
        for (const invalidation of invalidations) this.#invalidations.add(record.name, invalidation);
        return this.#invalidations.drain();
      },
      releasing: () => this.#invalidations.begin(),
      drain: () => this.#delivery.drain(),
      reportTrap: (record, trap) => this.#watch.reportTrap(record, trap),
      end: (record, trap) => this.#watch.end(record, trap),
      checkHealth: (record) => this.#watch.checkHealth(record),
    };
  }

  /** The versions that run, or would if their components were placed. */
  get versions() {
    const known = [...this.#records.values()].flatMap(({ version }) => (version ? [version] : []));
    return known.map(({ module, hash }) => ({ module, hash }));
  }

  /** The known facts about each module. */
  modules() {
    return [...this.#records.values()].map((record) => moduleInfoOf(record, this.#mounting.of(record)));
  }

  /**
   * @param {string} name
   * @returns {ModuleRecord}
   * @throws {Error} if the module does not exist
   */
  #known(name) {
    const record = this.#records.get(name);
    if (record?.version) return record;
    const names = [...this.#records.values()].filter(({ version }) => version !== null).map((other) => `\`${other.name}\``);
    throw new Error(
      `there is no module \`${name}\`; ${names.length > 0 ? `the modules are ${names.join(", ")}` : "none has been built yet"}`,
    );
  }

  /** Whether an update, a load or a mounting is under way or waits. */
  get busy() {
    return this.#queue.busy || this.#mounting.busy;
  }

  /**
   * Makes a module go on from a state of its history.
   *
   * @param {string} name
   * @param {(at: number) => number} to the index, given the index now
   * @returns {Promise<Swap>}
   */
  goTo(name, to) {
    return this.control.goTo(name, to);
  }

  /** Whether components are placed that wait for a first version. */
  get waiting() {
    return [...this.#records.values()].every(({ version, expected }) => version === null && !expected) && this.#mounting.count > 0;
  }

  /**
   * Notes versions that came with the page or from the tool, without an update.
   * @param {Version[]} versions
   * @returns {Version[]} those that are to be swapped in
   */
  learn(versions) {
    return this.#versionManager.learn(versions);
  }

  /**
   * Notes modules whose versions come later: it is not an error of the page that they have none yet.
   * @param {string[]} modules
   */
  expect(modules) {
    for (const name of modules) this.#record(name).expect();
  }

  /**
   * Swaps the modules of an update, one after another.
   *
   * @param {number | null} sequence for the acknowledgement
   * @param {Version[]} versions
   * @param {{ again?: boolean, clean?: boolean }} [options] whether a version that runs is started again, and without its state
   * @returns {Promise<Swap[]>} without those that a later update replaced
   */
  update(sequence, versions, options) {
    return this.#versionManager.update(sequence, versions, options);
  }

  /**
   * Hands in the state saved before a reload, before any component is placed.
   * @param {StoredModule[]} modules
   */
  restoreFrom(modules) {
    for (const module of modules) {
      this.#versionManager.restoreFrom(module);
      this.#mounting.reserve(module.places);
    }
  }

  /**
   * Captures the state of all modules, for a reload. A module that has not come since the last one keeps what it had then.
   * @returns {StoredModule[]}
   */
  captureAll() {
    const captured = [...this.#records.values()].flatMap((record) => {
      if (record.guest) this.states.capture(record, true);
      if (record.lastGood === null) return [];
      return [{ module: record.name, snapshot: record.lastGood, places: this.#mounting.placesOf(record) }];
    });
    const { unrestored } = this.#versionManager;
    return [...captured.filter(({ module }) => unrestored.every((other) => other.module !== module)), ...unrestored];
  }

  /** Whether all placed components are mounted, or cannot be. */
  get complete() {
    return this.#mounting.complete;
  }

  /**
   * Whether the component at an `hmr-component` is mounted.
   * @param {Element} element
   */
  isMounted(element) {
    return this.#mounting.at(element)?.status === "mounted";
  }

  /**
   * The state that a module is in, if its code runs.
   * @param {string} name
   * @param {boolean} [captured] whether the one that was captured last will do
   */
  stateOf(name, captured = false) {
    const record = this.#records.get(name);
    if (!record?.alive || !record.version) return null;
    if (!captured) this.states.capture(record);
    return record.lastGood === null ? null : { module: name, hash: record.version.hash, snapshot: record.lastGood };
  }

  /**
   * Whether a module writes a property of a node itself, so that what a reader put there is the module's state.
   * @param {Node} node
   * @param {string} name
   */
  controls(node, name) {
    return [...this.#records.values()].some(({ listeners }) => listeners.guestNodeOf(node)?.properties.has(name));
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

  /** Makes the connections those that are declared. By the microtask, an element that was only moved is back. */
  #connectSoon() {
    queueMicrotask(() => {
      this.#instanceResources.ports.refresh();
      this.#instanceResources.ports.reportAbsent();
      this.#delivery.drain();
    });
  }

  #drain() {
    this.#delivery.drain();
    this.#invalidations.drain();
  }

  /**
   * @param {string} name
   * @returns {ModuleRecord}
   */
  #record(name) {
    let record = this.#records.get(name);
    if (!record) {
      record = new ModuleRecord(
        name,
        this.#deps.document,
        (of, event, node, key) => this.#delivery.happened(of, event, node, key),
        (level, text) => this.#deps.log(level, name, text),
        this.#calls(name),
      );
      this.#records.set(name, record);
    }
    return record;
  }

  /** @param {string} name */
  #calls(name) {
    return new Calls(
      this.#deps.clock,
      (export_, error) =>
        this.#deps.log("error", name, `the wrapper of \`${export_}\` failed, so the original answers: ${errorMessage(error)}`),
      (slower) => this.#deps.slower(name, this.#record(name).version?.hash ?? "", slower),
    );
  }

  /**
   * @param {ModuleRecord} record
   * @returns {import("../guest/guest.js").Sink}
   */
  #sink(record) {
    const { tree } = record;
    return {
      dom: (batch) => tree.apply(batch),
      log: record.log,
      resource: (json) => {
        const request = readRequest(json);
        if (!record.heldRequests.hold(request)) this.#instanceResources.apply(record.name, request);
      },
      port: (json) => {
        const request = readPort(json);
        if (!record.heldRequests.hold(request)) this.#instanceResources.apply(record.name, request);
      },
      invalidate: (json) => this.#invalidations.add(record.name, readInvalidation(json)),
    };
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
    this.states.captureSoon(record);
  }
}

/**
 * The engine: modules, instances, and what moves between them and the page.
 *
 * In: elements that come, change and go; versions; events. Out: mounted components, and reports of swaps, traps and
 * problems. The document, the clock, the timers and the network come in from outside; no global is touched.
 *
 * Invariants: no code of a module is called while a wasm frame is on the stack, nor while its module is held;
 * what comes meanwhile waits in `instances/delivery.js` (events, firings) or `instances/mounting.js` (placed elements). Updates run one after another.
 */

import { Applications } from "../application/applications.js";
import { PageKeeper } from "../application/page-keeper.js";
import { Bindgen } from "../bindgen/bindgen.js";
import { Delivery } from "../instances/delivery.js";
import { ModuleControl } from "./module-control.js";
import { liveSink } from "./live-sink.js";
import { applicationInfoOf, moduleInfoOf } from "./module-info.js";
import { InstanceResources } from "../resources/instance-resources.js";
import { Invalidations } from "../instances/invalidations.js";
import { Stack } from "../guest/stack.js";
import { Mounting } from "../instances/mounting.js";
import { ProbationWatch } from "../swap/probation.js";
import { UpdateQueue } from "../swap/update-queue.js";
import { Rehearsals } from "../tool/rehearsals.js";
import { ModuleRecords } from "./module-records.js";
import { CapturedStates } from "../swap/captured-states.js";
import { CALL_BUDGET } from "../common/constants.js";
import { errorMessage } from "../common/error-message.js";
import { VersionManager } from "../swap/version-manager.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("../page/page-state.js").StoredModule} StoredModule */

/** The engine of one page. */
export class Engine {
  #records;
  #bindgen;
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

  /** @param {import("./engine-deps.js").EngineDeps} deps */
  constructor(deps) {
    this.#deps = deps;
    this.#bindgen = new Bindgen(/** @type {Window & typeof globalThis} */ (deps.document.defaultView));
    this.#stack = new Stack(deps.budget ?? null, deps.page, (compiled) => this.#bindgen.newCopy(compiled));
    this.#records = new ModuleRecords({
      ...deps,
      incoming: {
        happened: (record, event, node, key) => this.#delivery.happened(record, event, node, key),
        called: (record, code) => this.#delivery.called(record, code),
      },
    });
    this.#queue = new UpdateQueue((error) => deps.log("error", null, errorMessage(error)));
    this.#delivery = this.#newDelivery();
    this.#instanceResources = this.#newInstanceResources();
    this.#mounting = this.#newMounting();
    this.#invalidations = this.#newInvalidations();
    const { clock, trapped, problem, swapped, rehearse } = deps;
    const swapDeps = this.#newSwapDeps();
    const released = () => this.#released();
    this.#watch = new ProbationWatch({ clock, trapped, problem, swapped, updates: this.#queue, swapDeps, released });
    /** The rehearsals that the page waits for. */
    this.rehearsals = new Rehearsals(rehearse, deps.page.timers);
    /** The states that modules were in. */
    this.states = this.#newStates(swapDeps);
    /** The modules, for the page's scripts. */
    this.control = this.#newControl();
    /** The applications of the page. @type {Applications} */
    this.applications = this.#newApplications();
    this.#versionManager = this.#newVersionManager(swapDeps);
  }

  /** @returns {Applications} */
  #newApplications() {
    const { document, clock, budget, compileApplication, trapped, started } = this.#deps;
    const view = /** @type {Window & typeof globalThis} */ (document.defaultView);
    const keeper = new PageKeeper(
      view,
      (node, property) => this.controls(node, property),
      (element) => this.notifies(element),
    );
    return new Applications({
      view,
      clock,
      bindgen: this.#bindgen,
      budget: budget ?? CALL_BUDGET,
      compile: compileApplication,
      keepPage: () => keeper.keep(),
      composed: () => keeper.composed(),
      replaced: (module) => this.#queue.replaced(module),
      trapped,
      restart: (version) => this.#versionManager.restart(version),
      started: (application) => started?.(application),
    });
  }

  #newDelivery() {
    return new Delivery({
      stack: this.#stack,
      instanceResources: () => this.#instanceResources,
      now: this.#deps.now,
      componentOf: (instance) => this.#mounting.get(instance)?.component ?? null,
      later: (code) => void this.#deps.page.timers.setTimeout(code, 0),
      record: (name) => this.#records.of(name),
      ask: (record, code) => this.#watch.ask(record, code),
      returned: (record) => this.#returned(record),
    });
  }

  #newInstanceResources() {
    const { page, now, problem, log } = this.#deps;
    return new InstanceResources({
      page,
      now,
      fired: (resource, event) => this.#delivery.fired(resource, event),
      node: (module, node) => this.#records.of(module).nodeOf(node),
      nameOf: (instance) => this.#mounting.get(instance)?.name ?? null,
      isMounted: (name) => this.#mounting.isMounted(name),
      moduleOf: (instance) => this.#mounting.get(instance)?.record.name ?? null,
      sent: (value) => this.#delivery.sent(value),
      problem,
      warn: (module, text) => log("warn", module, text),
    });
  }

  #newInvalidations() {
    return new Invalidations({
      instance: (id) => this.#mounting.get(id),
      placer: (instance) => this.#mounting.placer(instance),
      remount: (instance) => this.#mounting.remount(instance),
      rerender: (instance) => this.#mounting.rerender(instance),
      ready: ({ record, status }) => status === "mounted" && this.#isReady(record),
      problem: this.#deps.problem,
    });
  }

  /** @param {import("../swap/swap-transaction.js").SwapDeps} swapDeps */
  #newStates(swapDeps) {
    const { now, page, swapped, captured } = this.#deps;
    return new CapturedStates({
      timers: page.timers,
      now,
      updates: this.#queue,
      swapDeps,
      records: () => this.#records.all(),
      ready: (record) => this.#isReady(record),
      ask: (record, code) => this.#watch.ask(record, code, false),
      released: () => this.#released(),
      swapped,
      captured: (record) => captured?.(record.name),
      applications: {
        captureAll: () => this.applications.captureAll(),
        startWith: (name, snapshot) => this.#startWith(name, snapshot),
      },
    });
  }

  /**
   * @param {string} name of an application
   * @param {string} snapshot
   */
  async #startWith(name, snapshot) {
    const application = this.applications.find(name);
    if (!application?.runs) return null;
    application.saved = snapshot;
    const [swap] = await this.update(null, [application.runs], { force: true });
    application.saved = null;
    return swap ?? null;
  }

  #newControl() {
    return new ModuleControl({
      application: (name) => this.applications.find(name),
      known: (name) => this.#records.known(name),
      ask: (record, code) => this.#watch.ask(record, code),
      returned: (record) => this.#returned(record),
      idle: () => this.#stack.depth === 0,
      states: this.states,
      update: (version, options) => this.update(null, [version], options),
    });
  }

  /** @param {import("../swap/swap-transaction.js").SwapDeps} swapDeps */
  #newVersionManager(swapDeps) {
    const { problem, reload, swapped } = this.#deps;
    return new VersionManager({
      queue: this.#queue,
      applications: this.applications,
      mounting: this.#mounting,
      rehearsals: this.rehearsals,
      swapDeps,
      record: (name) => this.#records.of(name),
      capture: (record) => this.states.capture(record),
      drain: () => this.#drain(),
      compile: (version) => this.#compile(version),
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
      record: (name) => this.#records.of(name),
      records: () => this.#records.all(),
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

  /** @returns {import("../swap/swap-transaction.js").SwapDeps} */
  #newSwapDeps() {
    const { document, now, clock } = this.#deps;
    return {
      document,
      now,
      clock,
      compile: (version) => this.#compile(version),
      stack: this.#stack,
      resources: this.#instanceResources,
      replaced: (record) => this.#queue.replaced(record.name),
      sink: (record) => liveSink(record, this.#instanceResources, this.#invalidations),
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
    const known = this.#records.all().flatMap(({ version }) => (version ? [version] : []));
    return [...known.map(({ module, hash }) => ({ module, hash })), ...this.applications.versions];
  }

  /** The known facts about each module. */
  modules() {
    const native = this.#records.all().map((record) => moduleInfoOf(record, this.#mounting.of(record)));
    return [...native, ...this.applications.all().map(applicationInfoOf)];
  }

  /** Whether an update, a load or a mounting is under way or waits. */
  get busy() {
    return this.#queue.busy || this.#mounting.busy;
  }

  /**
   * Makes a module continue from a state of its history.
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
    if (this.applications.waiting) return true;
    return this.#records.all().every(({ version, expected }) => version === null && !expected) && this.#mounting.count > 0;
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
    for (const name of modules) this.#records.of(name).expect();
  }

  /**
   * Swaps the modules of an update, one after another.
   *
   * @param {number | null} sequence for the acknowledgement
   * @param {Version[]} versions
   * @param {{ force?: boolean, clean?: boolean }} [options] whether a version that runs already is restarted, and without its state
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
    const captured = this.#records.all().flatMap((record) => {
      if (record.guest) this.states.capture(record, true);
      if (record.lastGood === null) return [];
      return [{ module: record.name, snapshot: record.lastGood, places: this.#mounting.placesOf(record) }];
    });
    const { unrestored } = this.#versionManager;
    return [...captured.filter(({ module }) => unrestored.every((other) => other.module !== module)), ...unrestored];
  }

  /** Whether all placed components are mounted, or cannot be. */
  get complete() {
    return this.#mounting.complete && this.applications.complete;
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
    const record = this.#records.find(name);
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
    return this.#records.all().some(({ listeners }) => listeners.guestNodeOf(node)?.properties.has(name));
  }

  /**
   * Whether the value of a field reaches the code that listens to it by events: a native module reads it from its nodes.
   * @param {Element} element
   */
  notifies(element) {
    return this.applications.all().length > 0 && !element.closest("hmr-component");
  }

  /** Call this when the document has been parsed: starts the applications that the page places. */
  parsed() {
    const versions = this.applications.parsed();
    if (versions.length > 0) void this.update(null, versions);
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

  /** @param {Version} version of a native module */
  #compile(version) {
    return this.#bindgen.compileNative(version, this.#deps.compile);
  }

  /**
   * Whether a module's code can be called.
   * @param {ModuleRecord} record
   */
  #isReady(record) {
    return record.alive && !record.held && this.#stack.depth === 0;
  }

  /** Does what waited while a module was held. */
  #released() {
    this.#drain();
    this.#mounting.touchAll();
  }

  #drain() {
    this.#delivery.drain();
    this.#invalidations.drain();
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

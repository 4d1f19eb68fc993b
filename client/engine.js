/**
 * The engine: modules, instances, and what moves between them and the page.
 *
 * In: elements that come, change and go; versions; events. Out: mounted components, and reports of swaps, traps and
 * problems. The document, the clock, the timers and the network come in from outside; no global is touched.
 *
 * Invariants: no code of a module is called while a wasm frame is on the stack, nor while its slot is held;
 * what comes meanwhile waits in `delivery.js` (events, firings) or `mounting.js` (placed elements). Updates run one after another.
 */

import { Delivery } from "./delivery.js";
import { Holdings, readPort } from "./holdings.js";
import { GuestTrap, Stack } from "./module.js";
import { Mounting } from "./mounting.js";
import { readRequest } from "./resources.js";
import { Slot } from "./slot.js";
import { UpdateQueue, describe } from "./swap.js";
import { bring } from "./update.js";

/** @typedef {import("./protocol.js").Version} Version */
/** @typedef {import("./protocol.js").Swap} Swap */
/** @typedef {import("./module.js").Level} Level */
/** @typedef {import("./problems.js").Problem} Problem */
/** @typedef {import("./reload.js").StoredModule} StoredModule */

/**
 * What the engine is given.
 *
 * @typedef {object} Collaborators
 * @property {Document} document
 * @property {import("./resources/facilities.js").Facilities} page
 * @property {() => number} now milliseconds since the Unix epoch; never goes back
 * @property {() => number} clock milliseconds, for durations
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile fetches, compiles and checks
 * @property {(level: Level, module: string | null, text: string) => void} log
 * @property {(element: Element, problem: Problem | null) => void} show shows a problem in an element's place, or takes it away
 * @property {(sequence: number | null, swaps: Swap[], revived: boolean) => void} swapped the sequence is null where
 *   no update asked for it: code that was loaded for a component, or revived after a trap
 * @property {(module: string, hash: string, trap: import("./protocol.js").Trap) => void} trapped
 * @property {(message: string) => void} problem
 */

/** How long after an event the state is captured, with all that came meanwhile, in milliseconds. */
const CAPTURE_DELAY = 200;
/** How often code is revived within `REVIVAL_PERIOD` milliseconds, before it stays dead. */
const MOST_REVIVALS = 3;
const REVIVAL_PERIOD = 10_000;

/** The engine of one page. */
export class Engine {
  /** @type {Map<string, Slot>} */
  #slots = new Map();
  /** By module, the state of before a reload. @type {Map<string, StoredModule>} */
  #stored = new Map();
  /** Whose state is about to be captured. @type {Set<Slot>} */
  #captures = new Set();
  #stack = new Stack();
  /** @type {Delivery} */
  #delivery;
  #with;
  /** @type {Holdings} */
  #holdings;
  /** @type {Mounting} */
  #mounting;
  #updates;
  #around;

  /** @param {Collaborators} collaborators */
  constructor(collaborators) {
    this.#with = collaborators;
    this.#delivery = new Delivery({
      stack: this.#stack,
      holdings: () => this.#holdings,
      now: collaborators.now,
      componentOf: (instance) => this.#mounting.get(instance)?.component ?? null,
      later: (code) => void collaborators.page.timers.setTimeout(code, 0),
      slot: (name) => this.#slot(name),
      ask: (slot, code) => this.#ask(slot, code),
      returned: (slot) => this.#returned(slot),
    });
    this.#holdings = new Holdings({
      page: collaborators.page,
      now: collaborators.now,
      fired: (resource, event) => this.#delivery.fired(resource, event),
      node: (module, node) => this.#slot(module).nodeOf(node),
      nameOf: (instance) => this.#mounting.get(instance)?.name ?? null,
      sent: (value) => this.#delivery.sent(value),
      problem: collaborators.problem,
      warn: (module, text) => collaborators.log("warn", module, text),
    });
    this.#updates = new UpdateQueue((error) => collaborators.log("error", null, describe(error)));
    const { document, page, now, clock, compile, show, problem } = collaborators;
    this.#mounting = new Mounting({
      document,
      timers: page.timers,
      resources: this.#holdings,
      show,
      problem,
      slot: (name) => this.#slot(name),
      slots: () => [...this.#slots.values()],
      load: (slot) => this.#load(slot),
      settled: () => {
        this.#holdings.ports.renamed();
        this.#connectSoon();
      },
      ask: (slot, code) => this.#ask(slot, code),
      returned: (slot) => this.#returned(slot),
      quietly: (change) => this.#delivery.quietly(change),
    });
    this.#around = /** @type {import("./update.js").Surroundings} */ ({
      document,
      now,
      clock,
      compile,
      stack: this.#stack,
      resources: this.#holdings,
      replaced: (slot) => this.#updates.replaced(slot.name),
      sink: (slot) => this.#sink(slot),
      elementOf: (instance) => this.#mounting.get(instance)?.element ?? null,
      quietly: (change) => this.#delivery.quietly(change),
      taken: (slot, restored) => {
        this.#mounting.taken(slot, restored);
        this.#holdings.returned(slot.name);
        this.#captureSoon(slot);
      },
    });
  }

  /** The versions that run, or would if their components were placed. */
  get versions() {
    const known = [...this.#slots.values()].flatMap(({ version }) => (version ? [version] : []));
    return known.map(({ module, hash }) => ({ module, hash }));
  }

  /** Whether components are placed that wait for a first version. */
  get waiting() {
    return [...this.#slots.values()].every(({ version }) => version === null) && this.#mounting.count > 0;
  }

  /**
   * Notes versions that the page was served with, or was told of, without an update.
   * @param {Version[]} versions
   * @returns {Version[]} those that differ from what runs, and were not refused before
   */
  learn(versions) {
    const news = versions.filter(({ module, hash }) => {
      const slot = this.#slot(module);
      return slot.version?.hash !== hash && slot.refused !== hash;
    });
    for (const version of news) {
      const slot = this.#slot(version.module);
      if (!slot.guest && !slot.busy) this.#note(slot, version);
    }
    this.#mounting.touchAll();
    return news.filter((version) => this.#slot(version.module).version?.hash !== version.hash);
  }

  /**
   * Swaps the modules of an update, one after another.
   *
   * @param {number | null} sequence for the acknowledgement
   * @param {Version[]} versions
   */
  update(sequence, versions) {
    this.#updates.add(versions, async () => {
      /** @type {Swap[]} */
      const swaps = [];
      for (const version of versions) {
        const swap = await this.#bring(this.#slot(version.module), version);
        if (swap) swaps.push(swap);
      }
      this.#mounting.touchAll();
      this.#with.swapped(sequence, swaps, false);
    });
  }

  /**
   * Hands in the state of before a reload, before any component is placed.
   * @param {StoredModule[]} modules
   */
  restoreFrom(modules) {
    for (const module of modules) {
      this.#stored.set(module.module, module);
      this.#mounting.reserve(module.places);
    }
  }

  /**
   * Captures the state of all modules, for a reload.
   * @returns {StoredModule[]}
   */
  captureAll() {
    return [...this.#slots.values()].flatMap((slot) => {
      if (slot.guest) this.#capture(slot);
      if (slot.lastGood === null) return [];
      return [{ module: slot.name, snapshot: slot.lastGood, places: this.#mounting.placesOf(slot) }];
    });
  }

  /**
   * Whether a module writes a property of a node itself, so that what a reader put there is the module's state.
   * @param {Node} node
   * @param {string} name
   */
  controls(node, name) {
    return [...this.#slots.values()].some(({ listeners }) => listeners.recordOf(node)?.properties.has(name));
  }

  /**
   * To be called whenever an `hmr-component` has come, gone, or changed.
   * @param {Element} element
   */
  changed(element) {
    this.#mounting.changed(element);
  }

  /**
   * To be called whenever an `hmr-connect` has come, gone, or changed.
   * @param {Element} element
   */
  connectionChanged(element) {
    this.#holdings.ports.changed(element);
    this.#connectSoon();
  }

  /**
   * Registers a function that modules call by its name.
   *
   * @param {string} name
   * @param {import("./host.js").HostFunction} f
   * @returns {() => void} takes it away
   */
  host(name, f) {
    return this.#holdings.host.register(name, f);
  }

  /** Makes the connections those that are declared. By the microtask, an element that was only moved is back. */
  #connectSoon() {
    queueMicrotask(() => {
      this.#holdings.ports.refresh();
      this.#delivery.drain();
    });
  }

  /** @param {Slot} slot */
  #load(slot) {
    if (slot.busy || !slot.version) return;
    const version = slot.version;
    slot.busy = true;
    this.#updates.add([], async () => {
      slot.busy = false;
      // An update that came first may have loaded it.
      if (slot.guest || this.#mounting.of(slot).length === 0) return;
      const swap = await this.#bring(slot, slot.version ?? version);
      this.#mounting.touchAll();
      if (swap) this.#with.swapped(null, [swap], false);
    });
  }

  /**
   * @param {Slot} slot
   * @param {Version} version
   */
  #note(slot, version) {
    slot.version = version;
    slot.compiled = null;
    slot.failure = null;
  }

  /**
   * Makes a slot run a version, or notes it if none of its components is placed.
   * @param {Slot} slot
   * @param {Version} version
   * @returns {Promise<Swap | null>}
   */
  async #bring(slot, version) {
    if (this.#updates.replaced(slot.name)) return null;
    if (slot.alive && slot.version?.hash === version.hash) return outcome(version, "unchanged");
    if (!slot.guest && this.#mounting.of(slot).length === 0) {
      this.#note(slot, version);
      return outcome(version, "not-mounted");
    }
    const first = slot.guest === null;
    const stored = first ? this.#stored.get(slot.name) : undefined;
    this.#stored.delete(slot.name);
    slot.busy = true;
    try {
      const swap = await bring(slot, version, stored?.snapshot ?? null, this.#around);
      if (swap?.outcome !== "rolled-back" || !first) return swap;
      if (stored) {
        this.#with.problem(`the state of \`${slot.name}\` could not be restored after the reload: ${swap.error}`);
        return await this.#bring(slot, version);
      }
      slot.version ??= version;
      slot.failure = swap.error;
      return swap;
    } finally {
      slot.busy = false;
      this.#delivery.drain();
    }
  }

  /**
   * @param {string} name
   * @returns {Slot}
   */
  #slot(name) {
    let slot = this.#slots.get(name);
    if (!slot) {
      slot = new Slot(
        name,
        this.#with.document,
        (of, event, node, key) => this.#delivery.happened(of, event, node, key),
        (level, text) => this.#with.log(level, name, text),
      );
      this.#slots.set(name, slot);
    }
    return slot;
  }

  /**
   * @param {Slot} slot
   * @returns {import("./module.js").Sink}
   */
  #sink(slot) {
    const { tree } = slot;
    return {
      dom: (batch) => tree.apply(batch),
      log: slot.log,
      resource: (json) => {
        const request = readRequest(json);
        if (slot.rerendering) slot.rerendering.push(request);
        else this.#holdings.apply(slot.name, request);
      },
      port: (json) => {
        const request = readPort(json);
        if (slot.rerendering) slot.rerendering.push(request);
        else this.#holdings.apply(slot.name, request);
      },
    };
  }

  /**
   * Calls into a slot's code.
   *
   * @template T
   * @param {Slot} slot
   * @param {(guest: import("./module.js").Guest) => T} code
   * @returns {T | undefined} undefined if it trapped, which has been dealt with
   */
  #ask(slot, code) {
    const guest = /** @type {import("./module.js").Guest} */ (slot.guest);
    try {
      return code(guest);
    } catch (error) {
      if (!(error instanceof GuestTrap)) throw error;
      guest.trap = error;
      this.#trapped(slot, error);
      return undefined;
    }
  }

  /**
   * @param {Slot} slot
   * @param {GuestTrap} trap
   */
  #trapped(slot, trap) {
    const version = /** @type {Version} */ (slot.version);
    slot.log("error", `trapped: ${trap.described}`);
    this.#with.trapped(slot.name, version.hash, trap.facts);
    const now = this.#with.clock();
    slot.revivals = slot.revivals.filter((at) => now - at < REVIVAL_PERIOD);
    if (slot.lastGood === null || slot.revivals.length >= MOST_REVIVALS) return;
    slot.revivals.push(now);
    this.#updates.add([], async () => {
      if (slot.guest?.trap !== trap || slot.version !== version) return;
      slot.busy = true;
      const swap = await bring(slot, version, null, this.#around);
      slot.busy = false;
      this.#delivery.drain();
      if (swap) this.#with.swapped(null, [swap], true);
    });
  }

  /**
   * Does what had to wait until a module's code returned.
   * @param {Slot} slot
   */
  #returned(slot) {
    if (this.#stack.depth > 0) return;
    slot.tree.flushCalls();
    this.#holdings.returned(slot.name);
    this.#delivery.drain();
    this.#captureSoon(slot);
  }

  /** @param {Slot} slot */
  #captureSoon(slot) {
    if (this.#captures.has(slot)) return;
    this.#captures.add(slot);
    this.#with.page.timers.setTimeout(() => {
      this.#captures.delete(slot);
      this.#capture(slot);
    }, CAPTURE_DELAY);
  }

  /** @param {Slot} slot */
  #capture(slot) {
    if (!slot.alive || slot.held || this.#stack.depth > 0) return;
    slot.lastGood = this.#ask(slot, (guest) => guest.capture()) ?? slot.lastGood;
  }
}

/**
 * @param {Version} version
 * @param {"unchanged" | "not-mounted"} what
 * @returns {Swap}
 */
function outcome({ module, hash }, what) {
  return { module, hash, outcome: what, step: null, error: null, report: null, resources: [], connections: [], events: [], duration: {} };
}

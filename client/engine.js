/**
 * The engine: modules, instances, and what moves between them and the page.
 *
 * In: elements that come, change and go; versions; events. Out: mounted components, and reports of swaps, traps and
 * problems. The document, the clock, the timers and the network come in from outside; no global is touched.
 *
 * Invariants: no code of a module is called while a wasm frame is on the stack, nor while its slot is held;
 * what comes meanwhile waits in `#delivery` (events, firings) or `#dirty` (placed elements). Updates run one after another.
 */

import { Delivery } from "./delivery.js";
import { GuestTrap, Stack } from "./module.js";
import { place } from "./place.js";
import { preserve } from "./preserve.js";
import { mountProblem, problemOf } from "./problems.js";
import { Resources, readRequest } from "./resources.js";
import { Instance, Slot } from "./slot.js";
import { UpdateQueue, describe } from "./swap.js";
import { attach, bring, takeOver } from "./update.js";

/** @typedef {import("./protocol.js").Version} Version */
/** @typedef {import("./protocol.js").Swap} Swap */
/** @typedef {import("./module.js").Level} Level */
/** @typedef {import("./resources.js").Resource} Resource */
/** @typedef {import("./problems.js").Problem} Problem */
/** @typedef {import("./reload.js").StoredModule} StoredModule */

/**
 * What the engine is given.
 *
 * @typedef {object} Collaborators
 * @property {Document} document
 * @property {import("./resources.js").Timers} timers
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
/** How long state of before a reload waits for its place, in milliseconds. */
const UNPLACED_PERIOD = 10_000;

/** The engine of one page. */
export class Engine {
  /** @type {Map<string, Slot>} */
  #slots = new Map();
  /** @type {Map<number, Instance>} */
  #instances = new Map();
  /** @type {Map<Element, Instance>} */
  #byElement = new Map();
  /** @type {Set<Element>} */
  #dirty = new Set();
  /** By module, the state of before a reload. @type {Map<string, StoredModule>} */
  #stored = new Map();
  /** By place, who was there before a reload. @type {Map<string, { instance: number, props: string }>} */
  #reserved = new Map();
  /** Whose state is about to be captured. @type {Set<Slot>} */
  #captures = new Set();
  #stack = new Stack();
  #nextInstance = 1;
  #settling = false;
  /** @type {Delivery} */
  #delivery;
  #with;
  #resources;
  #updates;
  #around;

  /** @param {Collaborators} collaborators */
  constructor(collaborators) {
    this.#with = collaborators;
    this.#delivery = new Delivery({
      stack: this.#stack,
      resources: () => this.#resources,
      now: collaborators.now,
      later: (code) => void collaborators.timers.setTimeout(code, 0),
      slot: (name) => this.#slot(name),
      ask: (slot, code) => this.#ask(slot, code),
      returned: (slot) => this.#returned(slot),
    });
    this.#resources = new Resources(collaborators.timers, (resource) => this.#delivery.fired(resource));
    this.#updates = new UpdateQueue((error) => collaborators.log("error", null, describe(error)));
    const { document, now, clock, compile } = collaborators;
    this.#around = /** @type {import("./update.js").Surroundings} */ ({
      document,
      now,
      clock,
      compile,
      stack: this.#stack,
      resources: this.#resources,
      replaced: (slot) => this.#updates.replaced(slot.name),
      sink: (slot) => this.#sink(slot),
      elementOf: (instance) => this.#instances.get(instance)?.element ?? null,
      quietly: (change) => this.#delivery.quietly(change),
      taken: (slot, restored) => this.#taken(slot, restored),
    });
  }

  /** The versions that run, or would if their components were placed. */
  get versions() {
    const known = [...this.#slots.values()].flatMap(({ version }) => (version ? [version] : []));
    return known.map(({ module, hash }) => ({ module, hash }));
  }

  /** Whether anything is under way that has not been told of yet. */
  get busy() {
    return this.#settling || this.#updates.running;
  }

  /** Whether components are placed that wait for a first version. */
  get waiting() {
    return [...this.#slots.values()].every(({ version }) => version === null) && this.#byElement.size > 0;
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
    this.#touchAll();
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
      this.#touchAll();
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
      for (const { instance, place, props } of module.places) {
        this.#reserved.set(place, { instance, props });
        this.#nextInstance = Math.max(this.#nextInstance, instance + 1);
      }
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
      const places = [...this.#instances.values()]
        .filter((instance) => instance.slot === slot)
        .map(({ id, element, props }) => ({ instance: id, place: place(element), props }));
      return [{ module: slot.name, snapshot: slot.lastGood, places }];
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
   * To be called whenever an `hmr-component` has come, gone, or changed. What is to be done about it is done in a
   * microtask: by then an element that was only moved is back.
   * @param {Element} element
   */
  changed(element) {
    this.#dirty.add(element);
    this.#settleSoon();
  }

  #touchAll() {
    for (const element of this.#byElement.keys()) this.#dirty.add(element);
    this.#settleSoon();
  }

  #settleSoon() {
    if (this.#settling) return;
    this.#settling = true;
    queueMicrotask(() => {
      this.#settling = false;
      this.#settle();
    });
  }

  /** Makes the instances those that the elements in the document ask for. */
  #settle() {
    for (const element of [...this.#dirty]) {
      const instance = this.#byElement.get(element);
      const wanted = element.isConnected ? this.#slot(element.getAttribute("module") ?? "") : null;
      if (instance?.slot.held || wanted?.held) continue;
      this.#dirty.delete(element);
      this.#settleElement(element, instance, wanted);
    }
    for (const slot of this.#slots.values()) this.#stopUnused(slot);
  }

  /**
   * @param {Element} element
   * @param {Instance | undefined} instance
   * @param {Slot | null} slot the module that it asks for; null if it has left the document
   */
  #settleElement(element, instance, slot) {
    const component = element.getAttribute("component") ?? "";
    if (instance && (instance.slot !== slot || instance.component !== component)) {
      this.#unmount(instance);
      instance = undefined;
    }
    if (!slot) return;
    if (!instance) {
      instance = this.#add(element, slot, component);
    }
    const problem = problemOf(instance, this.#slots.values());
    if (problem) {
      this.#fail(instance, problem);
      return;
    }
    if (!slot.version) return;
    if (!slot.guest) this.#load(slot);
    else if (slot.alive) this.#bringUp(instance);
  }

  /**
   * @param {Element} element
   * @param {Slot} slot
   * @param {string} component
   */
  #add(element, slot, component) {
    const reserved = this.#reserved.size > 0 ? this.#reserved.get(place(element)) : undefined;
    const known = reserved && !this.#instances.has(reserved.instance) ? reserved : null;
    const id = known ? known.instance : this.#nextInstance++;
    const instance = new Instance(id, element, slot, component);
    if (known) instance.props = known.props;
    this.#instances.set(id, instance);
    this.#byElement.set(element, instance);
    return instance;
  }

  /**
   * @param {Instance} instance
   * @param {Problem} problem
   */
  #fail(instance, problem) {
    if (instance.status !== "mounted") instance.status = "failed";
    this.#with.show(instance.element, problem);
    if (instance.problem === problem.message) return;
    instance.problem = problem.message;
    this.#with.problem(`${problem.message}\nhint: ${problem.hint}`);
  }

  /**
   * Takes away what was said of an instance.
   * @param {Instance} instance
   */
  #clear(instance) {
    instance.problem = null;
    this.#with.show(instance.element, null);
  }

  /**
   * Mounts an instance, or renders it afresh if its props have changed.
   * @param {Instance} instance
   */
  #bringUp(instance) {
    const props = instance.element.getAttribute("props") ?? "{}";
    const root = instance.slot.tree.roots.get(instance.id);
    if (instance.status !== "mounted" && root) {
      // It was restored before its place was there.
      if (!root.dom) attach(root, instance.element, instance.slot);
      instance.status = "mounted";
    }
    if (instance.status !== "mounted") this.#mount(instance, props);
    else if (instance.props !== props) this.#rerender(instance, props);
    else this.#clear(instance);
  }

  /**
   * @param {Instance} instance
   * @param {string} props
   */
  #mount(instance, props) {
    const { slot, element, id, component } = instance;
    element.replaceChildren();
    slot.tree.addRoot(id, element);
    instance.props = props;
    const answer = this.#ask(slot, (guest) => guest.mount(id, component, props));
    if (answer === undefined) {
      instance.status = "failed";
    } else if (answer === null) {
      instance.status = "mounted";
      this.#clear(instance);
    } else {
      slot.tree.dropRoot(id);
      element.replaceChildren();
      this.#fail(instance, mountProblem(instance, answer));
    }
    this.#returned(slot);
  }

  /**
   * @param {Instance} instance
   * @param {string} props
   */
  #rerender(instance, props) {
    const { slot, id, component, element } = instance;
    const old = slot.tree.setAside(id);
    slot.rerendering = [];
    instance.props = props;
    const answer = this.#ask(slot, (guest) => guest.mount(id, component, props));
    const requests = slot.rerendering;
    slot.rerendering = null;
    if (answer === null) {
      const fresh = slot.tree.roots.get(id);
      slot.tree.shadow.clear();
      this.#clear(instance);
      if (fresh) {
        this.#delivery.quietly(() => {
          const putBack = preserve(this.#with.document, [element]);
          takeOver(old, fresh, slot);
          putBack();
        });
      }
      this.#resources.settle(slot.name, requests.filter((request) => request.instance === id), new Set([id]));
      for (const request of requests) if (request.instance !== id) this.#resources.apply(slot.name, request);
    } else {
      slot.tree.putBack(id, old);
      if (answer !== undefined) this.#fail(instance, mountProblem(instance, answer));
    }
    this.#returned(slot);
  }

  /** @param {Instance} instance */
  #unmount(instance) {
    const { slot, id, element } = instance;
    this.#instances.delete(id);
    this.#byElement.delete(element);
    this.#unmountId(slot, id);
    this.#clear(instance);
    element.replaceChildren();
  }

  /**
   * @param {Slot} slot
   * @param {number} id
   */
  #unmountId(slot, id) {
    const mounted = slot.tree.roots.has(id);
    if (mounted && slot.alive) this.#ask(slot, (guest) => guest.unmount(id));
    slot.tree.dropRoot(id);
    this.#resources.closeInstance(id);
    this.#returned(slot);
  }

  /**
   * A module none of whose components is placed has no running code.
   * @param {Slot} slot
   */
  #stopUnused(slot) {
    if (!slot.guest || slot.busy || slot.held || slot.tree.roots.size > 0 || this.#places(slot)) return;
    const guest = slot.guest;
    slot.guest = null;
    slot.lastGood = null;
    if (guest.trap) return;
    try {
      guest.dispose();
    } catch (error) {
      slot.log("warn", `the code trapped while it was disposed of: ${describe(error)}`);
    }
  }

  /** @param {Slot} slot */
  #places(slot) {
    return [...this.#instances.values()].some((instance) => instance.slot === slot);
  }

  /** @param {Slot} slot */
  #load(slot) {
    if (slot.busy || !slot.version) return;
    const version = slot.version;
    slot.busy = true;
    this.#updates.add([], async () => {
      slot.busy = false;
      // An update that came first may have loaded it.
      if (slot.guest || !this.#places(slot)) return;
      const swap = await this.#bring(slot, slot.version ?? version);
      this.#touchAll();
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
    if (!slot.guest && !this.#places(slot)) {
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
   * @param {Slot} slot
   * @param {Set<number>} restored
   */
  #taken(slot, restored) {
    for (const instance of this.#instances.values()) {
      if (instance.slot !== slot) continue;
      if (restored.has(instance.id) && instance.status !== "waiting") instance.status = "mounted";
      else if (!restored.has(instance.id)) instance.status = "waiting";
    }
    this.#resources.keepOnly(slot.name, restored);
    const unplaced = () => [...restored].filter((id) => slot.tree.roots.has(id) && !this.#instances.has(id));
    if (unplaced().length > 0) {
      const dropped = slot.guest;
      this.#with.timers.setTimeout(() => {
        if (slot.guest === dropped && !slot.held) for (const id of unplaced()) this.#unmountId(slot, id);
      }, UNPLACED_PERIOD);
    }
    this.#touchAll();
    this.#captureSoon(slot);
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
        else this.#resources.apply(slot.name, request);
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
    this.#delivery.drain();
    this.#captureSoon(slot);
  }

  /** @param {Slot} slot */
  #captureSoon(slot) {
    if (this.#captures.has(slot)) return;
    this.#captures.add(slot);
    this.#with.timers.setTimeout(() => {
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
  return { module, hash, outcome: what, step: null, error: null, report: null, resources: [], events: [], duration: {} };
}

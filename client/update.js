/**
 * Brings versions into slots: the steps of a swap, done to a page.
 *
 * In: a slot and a version. Out: the slot runs the version, or runs what it ran before, untouched. The same
 * steps serve a first load (no code to take over from), a revival after a trap (the same version again) and a
 * load that takes up the state of before a reload.
 */

import { reconcile } from "./patch.js";
import { preserve } from "./preserve.js";
import { Candidate, instancesOf, readReport } from "./slot.js";
import { describe, runSwap } from "./swap.js";

/** @typedef {import("./slot.js").Slot} Slot */
/** @typedef {import("./tree.js").GuestNode} GuestNode */
/** @typedef {import("./protocol.js").Version} Version */
/** @typedef {import("./protocol.js").Swap} Swap */

/**
 * What an updater needs of the engine around it.
 *
 * @typedef {object} Surroundings
 * @property {Document} document
 * @property {import("./module.js").Stack} stack
 * @property {import("./holdings.js").Holdings} resources
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {() => number} clock milliseconds, for durations
 * @property {(version: Version) => Promise<WebAssembly.Module>} compile
 * @property {(slot: Slot) => boolean} replaced whether a later update brings the slot's module too
 * @property {(slot: Slot) => import("./module.js").Sink} sink what the slot's running code acts on
 * @property {(instance: number) => Element | null} elementOf where an instance is placed
 * @property {<T>(change: () => T) => T} quietly makes a change of which no focus event reaches a module
 * @property {(slot: Slot, restored: Set<number>) => void} taken the slot runs new code, with these instances
 */

/** A version could not be fetched; a later attempt may do better. */
export class FetchError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "FetchError";
  }
}

/**
 * Makes a slot run a version.
 *
 * @param {Slot} slot
 * @param {Version} version
 * @param {string | null} state a snapshot to start from, if no code runs that has one
 * @param {Surroundings} around
 * @returns {Promise<Swap | null>} null if a later update made it pointless
 */
export function bring(slot, version, state, around) {
  return new Bringing(slot, version, state, around).run();
}

class Bringing {
  #slot;
  #version;
  #snapshot;
  #around;
  /** @type {Set<number>} */
  #restored = new Set();

  /**
   * @param {Slot} slot
   * @param {Version} version
   * @param {string | null} state
   * @param {Surroundings} around
   */
  constructor(slot, version, state, around) {
    this.#slot = slot;
    this.#version = version;
    this.#snapshot = state;
    this.#around = around;
  }

  run() {
    const runs = this.#slot.guest !== null;
    return runSwap(
      this.#version,
      {
        prepare: () => this.#prepare(),
        wanted: () => !this.#around.replaced(this.#slot),
        quiesce: runs ? () => this.#quiesce() : null,
        capture: runs ? () => this.#capture() : null,
        instantiate: (compiled) => this.#instantiate(compiled),
        restore: runs || this.#snapshot !== null ? (candidate) => this.#restore(candidate) : null,
        render: (candidate) => this.#render(candidate),
        commit: (candidate, compiled) => this.#commit(candidate, compiled),
        rollback: (step, error) => this.#rollback(step, error),
      },
      this.#around.clock,
    );
  }

  async #prepare() {
    const { compiled, version } = this.#slot;
    if (compiled && version?.hash === this.#version.hash) return compiled;
    return this.#around.compile(this.#version);
  }

  /** From here on nothing reaches the code. This runs as a task of its own, so no wasm frame is on the stack. */
  #quiesce() {
    this.#slot.held = true;
  }

  #capture() {
    const slot = this.#slot;
    this.#snapshot = slot.lastGood;
    if (!slot.guest || slot.guest.trap) return;
    try {
      const snapshot = slot.guest.capture();
      instancesOf(snapshot);
      slot.lastGood = snapshot;
      this.#snapshot = snapshot;
    } catch (error) {
      slot.log("warn", `the state could not be captured, so the last good one is taken: ${describe(error)}`);
    }
  }

  /** @param {WebAssembly.Module} compiled */
  async #instantiate(compiled) {
    const candidate = new Candidate(this.#slot, this.#around.stack, this.#around.now);
    await candidate.guest.start(compiled);
    return candidate;
  }

  /** @param {Candidate} candidate */
  #restore(candidate) {
    const snapshot = this.#snapshot ?? `{"abi":1,"instances":[]}`;
    for (const instance of instancesOf(snapshot)) {
      candidate.tree.addRoot(instance, null);
      this.#restored.add(instance);
    }
    return readReport(candidate.guest.restore(snapshot));
  }

  /** @param {Candidate} candidate */
  #render(candidate) {
    const slot = this.#slot;
    const { document, resources, quietly, elementOf } = this.#around;
    const instances = new Set([...this.#restored, ...slot.tree.roots.keys()]);
    const connections = resources.check(slot.name, candidate.requests, instances);
    const oldRoots = [...slot.tree.roots];
    const elements = [...slot.tree.roots.values()].flatMap((root) => (root.dom ? [/** @type {Element} */ (/** @type {unknown} */ (root.dom))] : []));
    /** @type {Set<GuestNode>} */
    const kept = new Set();
    quietly(() => {
      const putBack = preserve(document, elements);
      for (const [instance, fresh] of candidate.tree.roots) {
        const old = slot.tree.roots.get(instance);
        if (old?.dom) for (const node of takeOver(old, fresh, slot)) kept.add(node);
        else attach(fresh, elementOf(instance), slot);
      }
      for (const [instance, old] of oldRoots) {
        if (!candidate.tree.roots.has(instance)) for (const child of old.children) child.dom?.remove();
      }
      putBack();
    });
    candidate.tree.calls = candidate.tree.calls.filter(({ node }) => !kept.has(node));
    return { resources: resources.settle(slot.name, candidate.requests, instances), connections };
  }

  /**
   * @param {Candidate} candidate
   * @param {WebAssembly.Module} compiled
   */
  #commit(candidate, compiled) {
    const slot = this.#slot;
    const old = slot.guest;
    slot.guest = candidate.guest;
    slot.tree = candidate.tree;
    slot.version = this.#version;
    slot.compiled = compiled;
    slot.failure = null;
    slot.refused = null;
    candidate.guest.sink = this.#around.sink(slot);
    if (old && !old.trap) retire(old, slot);
    for (const [level, text] of candidate.logs) slot.log(level, text);
    slot.tree.flushCalls();
    slot.held = false;
    this.#around.taken(slot, this.#restored);
  }

  /**
   * @param {import("./protocol.js").Step} step
   * @param {unknown} error
   */
  #rollback(step, error) {
    const slot = this.#slot;
    slot.held = false;
    if (!(error instanceof FetchError)) slot.refused = this.#version.hash;
    slot.log("warn", `the update was rolled back in the step \`${step}\`: ${describe(error)}`);
  }
}

/**
 * Ends code that was replaced. Nothing that it does any more has an effect.
 * @param {import("./module.js").Guest} guest
 * @param {Slot} slot
 */
function retire(guest, slot) {
  guest.sink = { dom: () => {}, log: slot.log, resource: () => {}, port: () => {} };
  try {
    guest.dispose();
  } catch (error) {
    slot.log("warn", `the old code trapped while it was disposed of: ${describe(error)}`);
  }
}

/**
 * @param {GuestNode} old
 * @param {GuestNode} fresh
 * @param {Slot} slot
 * @returns {Iterable<GuestNode>} the fresh nodes that kept a node of the document
 */
export function takeOver(old, fresh, slot) {
  try {
    return reconcile(old, fresh, slot.painter);
  } catch (error) {
    // Nothing is known to fail here; should something, the reader gets the new view at the price of its nodes.
    slot.log("error", `the view could not be reconciled and was made anew: ${describe(error)}`);
    const element = /** @type {Element} */ (/** @type {unknown} */ (old.dom));
    detachAll(fresh);
    attach(fresh, element, slot);
    return [];
  }
}

/** @param {GuestNode} node */
function detachAll(node) {
  node.dom = null;
  for (const child of node.children) detachAll(child);
}

/**
 * Shows a rendering that no document has shown yet.
 *
 * @param {GuestNode} root
 * @param {Element | null} element where, or null if its place is not there yet
 * @param {Slot} slot
 */
export function attach(root, element, slot) {
  if (!element) return;
  element.replaceChildren();
  root.dom = /** @type {ChildNode} */ (/** @type {unknown} */ (element));
  for (const child of root.children) slot.painter.place(root, child, null);
}

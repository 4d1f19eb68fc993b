/**
 * Events and firings on their way to modules.
 *
 * In: what happened to nodes and resources. Out: calls of handlers, at once or when they can be made.
 *
 * Invariant: nothing is delivered while a wasm frame is on the stack, nor to a slot that is held; it waits in
 * order. Who handles it is looked up at its delivery.
 */

import { ANSWER_INERT, readEvent } from "./events.js";

/** @typedef {import("./slot.js").Slot} Slot */
/** @typedef {import("./resources.js").Resource} Resource */
/** @typedef {{ slot: Slot, node: Node, key: string, type: string, data: string } | { slot: Slot, resource: Resource }} Waiting */

/** Events that moving focus about causes, which are no doing of the reader. */
const FOCUS_EVENTS = new Set(["focus", "blur", "focusin", "focusout"]);

/** How many events are delivered in one go, so that code which answers events with events cannot stop the page. */
const MOST_AT_ONCE = 1000;

/**
 * What a delivery needs of the engine.
 *
 * @typedef {object} Delivering
 * @property {import("./module.js").Stack} stack
 * @property {() => import("./resources.js").Resources} resources
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {(code: () => void) => void} later
 * @property {(name: string) => Slot} slot
 * @property {<T>(slot: Slot, code: (guest: import("./module.js").Guest) => T) => T | undefined} ask
 * @property {(slot: Slot) => void} returned does what had to wait until the module's code returned
 */

/** The deliveries of one engine. */
export class Delivery {
  /** @type {Waiting[]} */
  #queue = [];
  #draining = false;
  #quiet = false;
  #with;

  /** @param {Delivering} collaborators */
  constructor(collaborators) {
    this.#with = collaborators;
  }

  /**
   * Delivers an event of a module's node, now or when it can be.
   *
   * @param {Slot} slot
   * @param {Event} event
   * @param {Node} node
   * @param {string} key
   * @returns {number} the bits of `hmr_dispatch`; 0 if it waits
   */
  happened(slot, event, node, key) {
    const { type } = event;
    if (this.#quiet && FOCUS_EVENTS.has(type)) return 0;
    const data = readEvent(event, node, this.#with.now());
    if (slot.held || this.#with.stack.depth > 0) {
      this.#queue.push({ slot, node, key, type, data });
      return 0;
    }
    return this.#deliver({ slot, node, key, type, data });
  }

  /**
   * Delivers a firing of a resource, now or when it can be.
   * @param {Resource} resource
   */
  fired(resource) {
    const waiting = { slot: this.#with.slot(resource.module), resource };
    if (waiting.slot.held || this.#with.stack.depth > 0) this.#queue.push(waiting);
    else this.#deliver(waiting);
  }

  /**
   * @param {Waiting} waiting
   * @returns {number} the bits of `hmr_dispatch`
   */
  #deliver(waiting) {
    const { slot } = waiting;
    let handler, data, what;
    if ("resource" in waiting) {
      const { resource } = waiting;
      if (!resource.open) return 0;
      this.#with.resources().delivered(resource);
      // A dead module's timers go on, for the code that takes its place.
      if (!slot.alive) return 0;
      handler = resource.handler;
      what = `\`${resource.kind}\` of \`${resource.key}\``;
      data = JSON.stringify({ type: resource.kind, time: this.#with.now() });
    } else {
      // Its element has left the page meanwhile, and its listeners with it: nothing was lost.
      if (!waiting.node.isConnected) return 0;
      handler = slot.listeners.handlerOf(waiting.node, waiting.key);
      what = `\`${waiting.type}\` on \`${waiting.node.nodeName.toLowerCase()}\``;
      data = waiting.data;
    }
    if (handler === undefined || !slot.alive) {
      slot.log("warn", `${what} was not handled: ${slot.alive ? "its handler is gone" : "the module has trapped"}`);
      return ANSWER_INERT;
    }
    const listener = handler;
    const answer = this.#with.ask(slot, (guest) => guest.dispatch(listener, data)) ?? 0;
    if (answer & ANSWER_INERT) slot.log("warn", `${what} was not handled: its handler belongs to code that is gone`);
    this.#with.returned(slot);
    return answer;
  }

  /** Delivers what waits for modules that can be called now. */
  drain() {
    if (this.#draining || this.#with.stack.depth > 0) return;
    this.#draining = true;
    try {
      for (let count = 0; count < MOST_AT_ONCE; count++) {
        const at = this.#queue.findIndex(({ slot }) => !slot.held);
        const [next] = at < 0 ? [] : this.#queue.splice(at, 1);
        if (!next) return;
        this.#deliver(next);
      }
      this.#with.later(() => this.drain());
    } finally {
      this.#draining = false;
    }
  }

  /**
   * Makes a change of which no focus event reaches a module.
   *
   * @template T
   * @param {() => T} change
   */
  quietly(change) {
    const before = this.#quiet;
    this.#quiet = true;
    try {
      return change();
    } finally {
      this.#quiet = before;
    }
  }
}

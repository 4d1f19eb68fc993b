/**
 * Events, firings and values of ports on their way to modules.
 *
 * In: what happened to nodes and resources, what modules sent. Out: calls of handlers, at once or when they can be made.
 *
 * Invariant: nothing is delivered while a wasm frame is on the stack, nor to a module that is held; it waits in
 * order. Who handles it is looked up at its delivery.
 */

import { CIRCLE_LIMIT } from "../common/constants.js";
import { ANSWER_INERT, readEvent } from "../dom/events.js";

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */
/** @typedef {import("../resources/resources.js").Resource} Resource */
/** @typedef {import("../resources/ports.js").Value} Value */

/**
 * @typedef {{ record: ModuleRecord, node: Node, key: string, type: string, data: string }
 *   | { record: ModuleRecord, resource: Resource, data: string, during: boolean }
 *   | { record: ModuleRecord, value: Value, hops: number }} Waiting
 */

/** Events that are caused by moving focus in the page, not by the reader. */
const FOCUS_EVENTS = new Set(["focus", "blur", "focusin", "focusout"]);

/** How many events are delivered in one go, so that code which answers events with events cannot stop the page. */
const MOST_AT_ONCE = 1000;

/**
 * What a delivery needs of the engine.
 *
 * @typedef {object} DeliveryDeps
 * @property {import("../guest/stack.js").Stack} stack
 * @property {() => import("../resources/instance-resources.js").InstanceResources} instanceResources
 * @property {() => number} now milliseconds since the Unix epoch
 * @property {(code: () => void) => void} later
 * @property {(name: string) => ModuleRecord} record
 * @property {(instance: number) => string | null} componentOf
 * @property {<T>(record: ModuleRecord, code: (guest: import("../guest/guest.js").Guest) => T) => T | undefined} ask
 * @property {(record: ModuleRecord) => void} returned does what had to wait until the module's code returned
 */

/** @param {Waiting} waiting */
function ready(waiting) {
  // What fires once would be lost on code that has trapped. It waits for the code that replaces it.
  return !waiting.record.held && (waiting.record.alive || !("resource" in waiting && waiting.resource.oneShot && waiting.resource.open));
}

/** The deliveries of one engine. */
export class Delivery {
  /** @type {Waiting[]} */
  #queue = [];
  #draining = false;
  #quiet = false;
  /** How many values, each sent because of the previous one, led to the current delivery. */
  #hops = 0;
  #answers = 0;
  #deps;

  /** @param {DeliveryDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Delivers an event of a module's node, now or when it can be.
   *
   * @param {ModuleRecord} record
   * @param {Event} event
   * @param {Node} node
   * @param {string} key
   * @returns {number} the bits of `hmr_dispatch`; 0 if it waits
   */
  happened(record, event, node, key) {
    const { type } = event;
    if (this.#quiet && FOCUS_EVENTS.has(type)) return 0;
    const data = readEvent(event, node, this.#deps.now());
    if (record.held || this.#deps.stack.depth > 0) {
      this.#queue.push({ record, node, key, type, data });
      return 0;
    }
    return this.#deliver({ record, node, key, type, data });
  }

  /**
   * Delivers a firing of a resource, now or when it can be.
   *
   * @param {Resource} resource
   * @param {string} data the event
   * @returns {number} the bits of `hmr_dispatch`; 0 if it waits
   */
  fired(resource, data) {
    const record = this.#deps.record(resource.module);
    const { resources } = this.#deps.instanceResources();
    if (this.#quiet && resource.what.kind === "listener" && FOCUS_EVENTS.has(resource.what.event)) {
      resources.delivered(resource);
      return 0;
    }
    // Whether it waits for a swap, after which the code may not have the resource any more.
    const during = record.held && record.remedy.undo === null && record.remedy.restart === null;
    const waiting = { record, resource, data, during };
    // One that came before may still be in the queue, for lack of time.
    const behind = this.#queue.some((other) => other.record === record);
    if (!behind && ready(waiting) && this.#deps.stack.depth === 0) return this.#deliver(waiting);
    this.#queue.push(waiting);
    return 0;
  }

  /**
   * Runs a callback that a module's code has given to the browser itself.
   *
   * @template T
   * @param {ModuleRecord} record
   * @param {() => T} code
   */
  called(record, code) {
    const answer = this.#deps.ask(record, (guest) => guest.runCallback(code));
    this.#deps.returned(record);
    return answer;
  }

  /**
   * Delivers a value that a module sent, once no module's code runs. The caller then calls `drain`.
   * @param {Value} value
   */
  sent(value) {
    this.#queue.push({ record: this.#deps.record(value.module), value, hops: this.#hops });
  }

  /**
   * @param {Waiting} waiting
   * @returns {number} the bits of `hmr_dispatch`
   */
  #deliver(waiting) {
    if ("resource" in waiting) return this.#deliverFiring(waiting);
    if ("value" in waiting) return this.#deliverValue(waiting.record, waiting.value, waiting.hops);
    const { record, node, key, type, data } = waiting;
    // Its element has left the page meanwhile, and its listeners with it: nothing was lost.
    if (!node.isConnected) return 0;
    return this.#dispatch(record, `\`${type}\` on \`${node.nodeName.toLowerCase()}\``, record.listeners.handlerOf(node, key), data);
  }

  /** @param {Extract<Waiting, { resource: Resource }>} waiting */
  #deliverFiring({ record, resource, data, during }) {
    const { kind, key, instance } = resource;
    if (!resource.open) {
      const component = this.#deps.componentOf(instance);
      const who = component === null ? `the instance ${instance}` : `\`${component}\` (instance ${instance})`;
      if (during) record.log("debug", `a firing of the ${kind} \`${key}\` of ${who} was dropped: the code that runs now does not have it`);
      return 0;
    }
    this.#deps.instanceResources().resources.delivered(resource);
    const what = `\`${kind}\` of \`${key}\` of ${this.#described(instance)}`;
    // A trapped module's timers continue, for the code that replaces it.
    if (!record.alive && resource.timer) return 0;
    return this.#dispatch(record, what, resource.handler, data);
  }

  /**
   * @param {ModuleRecord} record
   * @param {Value} value
   * @param {number} hops
   */
  #deliverValue(record, value, hops) {
    const { ports } = this.#deps.instanceResources();
    const what = `the value of \`${value.from}\` for \`${value.input}\` of ${this.#described(value.instance)}`;
    if (!record.alive) ports.missed(value);
    const handler = ports.handlerOf(value);
    const text = handler === undefined || !record.alive ? null : ports.transformed(value);
    if (handler !== undefined && record.alive && text === null) return 0;
    const before = this.#hops;
    this.#hops = hops + 1;
    try {
      return this.#dispatch(record, what, handler, JSON.stringify({ type: "port", data: text, time: this.#deps.now() }));
    } finally {
      this.#hops = before;
    }
  }

  /** @param {number} instance */
  #described(instance) {
    const component = this.#deps.componentOf(instance);
    return component === null ? `the instance ${instance}` : `\`${component}\``;
  }

  /**
   * @param {ModuleRecord} record
   * @param {string} what
   * @param {number | undefined} handler
   * @param {string} data
   * @returns {number} the bits of `hmr_dispatch`
   */
  #dispatch(record, what, handler, data) {
    if (handler === undefined || !record.alive) {
      record.log("warn", `${what} was not handled: ${record.alive ? "its handler is gone" : "the module has trapped"}`);
      return ANSWER_INERT;
    }
    const answer = this.#deps.ask(record, (guest) => guest.dispatch(handler, data)) ?? 0;
    if (answer & ANSWER_INERT) record.log("warn", `${what} was not handled: its handler belongs to code that is gone`);
    this.#deps.returned(record);
    return answer;
  }

  /** Delivers what waits for modules that can be called now. */
  drain() {
    if (this.#draining || this.#deps.stack.depth > 0) return;
    this.#draining = true;
    try {
      for (let count = 0; count < MOST_AT_ONCE; count++) {
        const at = this.#queue.findIndex(ready);
        const [next] = at < 0 ? [] : this.#queue.splice(at, 1);
        if (!next) {
          this.#answers = 0;
          return;
        }
        if ("value" in next && next.hops > 0 && ++this.#answers > CIRCLE_LIMIT) this.#cut(next.value);
        else this.#deliver(next);
      }
      this.#deps.later(() => this.drain());
    } finally {
      this.#draining = false;
    }
  }

  /**
   * Drops the values that were sent in answer to values.
   * @param {Value} value one of them
   */
  #cut(value) {
    const rest = this.#queue.filter((waiting) => !("value" in waiting) || waiting.hops === 0);
    const dropped = this.#queue.length - rest.length + 1;
    this.#queue = rest;
    this.#answers = 0;
    const circle = `\`${value.from}\` and \`${value.to}\` are on a circle of connections`;
    this.#deps.record(value.module).log("error", `${circle}: it was cut after ${CIRCLE_LIMIT} values, and ${dropped} dropped`);
  }

  /**
   * Makes a change without letting its focus events reach a module.
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

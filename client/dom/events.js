/**
 * Native events of the nodes that modules made.
 *
 * In: events of the document. Out: `EventData` texts, passed to the code that delivers them, with the node that
 * they happened on. The handler is looked up when an event is delivered, not when it happened, so that an
 * event which waited for a swap reaches the code that is live then.
 *
 * Invariant: one native listener for each node, event and phase, however often the guest nodes change.
 */

import { filesOf } from "./files.js";
import { LISTEN_PASSIVE, LISTEN_PREVENT, LISTEN_STOP, LISTEN_CAPTURE } from "./operations.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */

/** Bits of what a delivery answers: those of `hmr_dispatch`. */
export const ANSWER_PREVENT = 1;
export const ANSWER_STOP = 2;
export const ANSWER_INERT = 4;

/** Fields that are copied from the event, if they have the type. */
const TEXTS = ["key", "code"];
const FLAGS = ["repeat", "isComposing", "altKey", "ctrlKey", "metaKey", "shiftKey"];
const NUMBERS = ["button", "buttons", "clientX", "clientY", "offsetX", "offsetY", "deltaX", "deltaY"];

/**
 * Reads an event into the JSON that modules get.
 *
 * @param {Event} event
 * @param {EventTarget | null} current the node that listens
 * @param {number} time milliseconds since the Unix epoch
 * @returns {string}
 */
export function readEvent(event, current, time) {
  const from = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (event));
  /** @type {Record<string, unknown>} */
  const data = { type: event.type };
  const target = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (current ?? {}));
  if (typeof target.value === "string") data.value = target.value;
  if (typeof target.checked === "boolean") data.checked = target.checked;
  for (const name of TEXTS) if (typeof from[name] === "string") data[name] = from[name];
  for (const name of FLAGS) if (from[name] === true) data[name] = true;
  for (const name of NUMBERS) if (typeof from[name] === "number") data[name] = from[name];
  const text = event.type === "drop" ? /** @type {DragEvent} */ (event).dataTransfer?.getData("text/plain") : from.data;
  if (typeof text === "string") data.data = text;
  const files = filesOf(event, current);
  if (files.length > 0) data.files = files;
  for (const name of ["scrollTop", "scrollLeft"]) if (typeof target[name] === "number" && target[name] !== 0) data[name] = target[name];
  data.time = time;
  return JSON.stringify(data);
}

/**
 * Puts `data-drag` of a dragged element into the drag, for the drop to read.
 * @param {DragEvent} event
 */
export function labelDrag(event) {
  const source = event.target instanceof Object && "closest" in event.target ? /** @type {Element} */ (event.target) : null;
  const dragged = source?.closest("hmr-component [draggable='true']");
  if (dragged && event.dataTransfer) event.dataTransfer.setData("text/plain", dragged.getAttribute("data-drag") ?? "");
}

/** The native listeners of one module's nodes. */
export class Listeners {
  /** @type {WeakMap<Node, GuestNode>} */
  #guestNodes = new WeakMap();
  /** @type {WeakMap<Node, Map<string, { handle: (event: Event) => void, passive: boolean }>>} */
  #natives = new WeakMap();
  #receive;

  /**
   * @param {(event: Event, node: Node, key: string) => number} receive what happens with an event; the
   *   answer is the bits of `hmr_dispatch`, or 0 if it is delivered later
   */
  constructor(receive) {
    this.#receive = receive;
  }

  /**
   * Makes the native listeners of a node those of its guest node.
   * @param {GuestNode} guestNode
   */
  sync(guestNode) {
    const node = /** @type {Node} */ (guestNode.dom);
    this.#guestNodes.set(node, guestNode);
    const natives = this.#natives.get(node) ?? new Map();
    if (guestNode.listeners.size > 0) this.#natives.set(node, natives);
    for (const [key, { handle }] of natives) {
      if (guestNode.listeners.has(key)) continue;
      node.removeEventListener(eventOf(key), handle, key.endsWith("!"));
      natives.delete(key);
    }
    for (const [key, { event, flags }] of guestNode.listeners) {
      const passive = (flags & LISTEN_PASSIVE) !== 0;
      const capture = (flags & LISTEN_CAPTURE) !== 0;
      const there = natives.get(key);
      if (there?.passive === passive) continue;
      if (there) node.removeEventListener(event, there.handle, capture);
      const handle = (/** @type {Event} */ native) => this.#handle(native, node, key);
      natives.set(key, { handle, passive });
      node.addEventListener(event, handle, { capture, passive });
    }
  }

  /**
   * The guest node that a DOM node belongs to now, if it takes events.
   * @param {Node} node
   */
  guestNodeOf(node) {
    return this.#guestNodes.get(node);
  }

  /**
   * The handler that listens on a node now.
   * @param {Node} node
   * @param {string} key
   */
  handlerOf(node, key) {
    return this.#guestNodes.get(node)?.listeners.get(key)?.handler;
  }

  /**
   * @param {Event} event
   * @param {Node} node
   * @param {string} key
   */
  #handle(event, node, key) {
    const flags = this.#guestNodes.get(node)?.listeners.get(key)?.flags ?? 0;
    if (flags & LISTEN_PREVENT) event.preventDefault();
    if (flags & LISTEN_STOP) event.stopPropagation();
    const answer = this.#receive(event, node, key);
    if (answer & ANSWER_PREVENT) event.preventDefault();
    if (answer & ANSWER_STOP) event.stopPropagation();
  }
}

/** @param {string} key */
function eventOf(key) {
  return key.endsWith("!") ? key.slice(0, -1) : key;
}

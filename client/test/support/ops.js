/** Encodes DOM operations, for guests made in tests. */

export const ROOT = -1;

const encoder = new TextEncoder();

/** @param {number} value */
function int(value) {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255];
}

/** @param {string} value */
function text(value) {
  const bytes = encoder.encode(value);
  return [...int(bytes.length), ...bytes];
}

export const op = {
  /** @param {number} id @param {string} tag @param {number} [namespace] */
  element: (id, tag, namespace = 0) => [1, ...int(id), namespace, ...text(tag)],
  /** @param {number} id @param {string} data */
  text: (id, data) => [2, ...int(id), ...text(data)],
  /** @param {number} id */
  marker: (id) => [3, ...int(id)],
  /** @param {number} parent @param {number} child @param {number} [before] */
  insert: (parent, child, before = 0) => [4, ...int(parent), ...int(child), ...int(before)],
  /** @param {number} id */
  remove: (id) => [5, ...int(id)],
  /** @param {number} id @param {string} name @param {string} value */
  attribute: (id, name, value) => [6, ...int(id), ...text(name), ...text(value)],
  /** @param {number} id @param {string} name */
  removeAttribute: (id, name) => [7, ...int(id), ...text(name)],
  /** @param {number} id @param {string} name @param {unknown} value */
  property: (id, name, value) => [8, ...int(id), ...text(name), ...text(JSON.stringify(value))],
  /** @param {number} id @param {string} data */
  setText: (id, data) => [9, ...int(id), ...text(data)],
  /** @param {number} id @param {string} name @param {number} on */
  class: (id, name, on) => [10, ...int(id), ...text(name), on],
  /** @param {number} id @param {string} name @param {string} value */
  style: (id, name, value) => [11, ...int(id), ...text(name), ...text(value)],
  /** @param {number} id @param {string} event @param {number} handler @param {number} [flags] */
  listen: (id, event, handler, flags = 0) => [12, ...int(id), ...text(event), ...int(handler), flags],
  /** @param {number} id @param {string} event @param {number} [flags] */
  unlisten: (id, event, flags = 0) => [13, ...int(id), ...text(event), flags],
  /** @param {number} id @param {string} key */
  key: (id, key) => [14, ...int(id), ...text(key)],
  /** @param {number} id @param {number} method */
  call: (id, method) => [15, ...int(id), method],
};

/** The root of an instance. @param {number} instance */
export const root = (instance) => (0x8000_0000 | instance) >>> 0;

/**
 * @param {number[][]} ops
 * @returns {Uint8Array}
 */
export function batch(ops) {
  return new Uint8Array(ops.flat());
}

/** A tree as text, made into operations: `{ tag, id?, key?, attributes?, properties?, listen?, children? }` or a string. */
/**
 * @typedef {string | null | { tag: string, namespace?: number, key?: string, attributes?: Record<string, string>, properties?: Record<string, unknown>,
 *   classes?: Record<string, number>, styles?: Record<string, string>, listen?: Record<string, number>, children?: View[] }} View
 */

/**
 * Operations that render views under a parent; null is a marker. Nodes are numbered from `first`, depth first.
 *
 * @param {View[]} views
 * @param {number} parent
 * @param {number} [first]
 */
export function render(views, parent, first = 1) {
  let next = first;
  /** @type {number[][]} */
  const ops = [];
  /** @param {View} view @param {number} into */
  const visit = (view, into) => {
    const id = next++;
    if (view === null) ops.push(op.marker(id));
    else if (typeof view === "string") ops.push(op.text(id, view));
    else {
      ops.push(op.element(id, view.tag, view.namespace));
      if (view.key !== undefined) ops.push(op.key(id, view.key));
      for (const [name, value] of Object.entries(view.attributes ?? {})) ops.push(op.attribute(id, name, value));
      for (const [name, on] of Object.entries(view.classes ?? {})) ops.push(op.class(id, name, on));
      for (const [name, value] of Object.entries(view.styles ?? {})) ops.push(op.style(id, name, value));
      for (const [event, handler] of Object.entries(view.listen ?? {})) ops.push(op.listen(id, event, handler));
      for (const child of view.children ?? []) visit(child, id);
      for (const [name, value] of Object.entries(view.properties ?? {})) ops.push(op.property(id, name, value));
    }
    ops.push(op.insert(into, id));
  };
  for (const view of views) visit(view, parent);
  return ops;
}

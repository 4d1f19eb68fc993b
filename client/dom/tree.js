/**
 * The nodes that one running module has made: its guest nodes.
 *
 * In: batches of DOM operations. Out: guest nodes, and, for those that are in a document, calls of a painter
 * that does the same to the DOM. A guest node has a DOM node only once it hangs below a root that has one, so
 * that code which is being restored can render without a document seeing it.
 *
 * Invariants: a batch that passes here cannot fail in the painter, because everything that a document would
 * refuse (names, cycles, unknown nodes) is refused here with a `TreeError`. A guest node's parent lists it
 * among its children exactly once.
 */

import { readDrawing } from "./drawing.js";
import { GuestNode } from "./guest-node.js";
import { LISTEN_CAPTURE, ROOT_BIT, decodeOps } from "./operations.js";

export { GuestNode } from "./guest-node.js";

/** @typedef {import("./operations.js").Op} Op */
/** @typedef {import("./operations.js").Method} Method */

/**
 * Applies to the DOM what was done to a guest node. Each guest node that it is given has a DOM node, `place`'s
 * child excepted.
 *
 * @typedef {object} Painter
 * @property {(namespace: number, tag: string) => boolean} acceptsTag whether an element can have this name
 * @property {(name: string) => boolean} acceptsAttribute whether an attribute can have this name
 * @property {(parent: GuestNode, child: GuestNode, before: GuestNode | null) => void} place
 * @property {(node: GuestNode) => void} settle puts a node back that others have taken out of its place
 * @property {(node: GuestNode) => void} remove
 * @property {(node: GuestNode, name: string) => void} attribute
 * @property {(node: GuestNode, before: Set<string>) => void} classes
 * @property {(node: GuestNode, name: string) => void} style
 * @property {(node: GuestNode, name: string) => void} property
 * @property {(node: GuestNode) => void} text
 * @property {(node: GuestNode) => void} listeners
 * @property {(node: GuestNode, method: Method) => void} call
 * @property {(node: GuestNode, commands: import("./drawing.js").Command[]) => void} draw
 */

/** An operation that makes no sense for the tree. */
export class TreeError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "TreeError";
  }
}

/**
 * The key that distinguishes the listeners of one element.
 * @param {string} event
 * @param {number} flags
 */
export function listenerKey(event, flags) {
  return flags & LISTEN_CAPTURE ? `${event}!` : event;
}

/**
 * The classes that a guest node asks for.
 * @param {GuestNode} node
 */
export function classTokens(node) {
  const tokens = new Set((node.attributes.get("class") ?? "").split(/[\t\n\f\r ]+/).filter(Boolean));
  for (const [name, on] of node.classes) {
    if (on) tokens.add(name);
    else tokens.delete(name);
  }
  return tokens;
}

/**
 * Whether a guest node is the place of another module's component.
 * @param {GuestNode} node
 */
export function isPlaced(node) {
  return node.kind === "element" && node.namespace === 0 && node.tag.toLowerCase() === "hmr-component";
}

/** The guest nodes of one running module. */
export class Tree {
  /**
   * @param {Painter} painter
   * @param {(message: string) => void} warn
   */
  constructor(painter, warn) {
    this.painter = painter;
    this.warn = warn;
    /** @type {Map<number, GuestNode>} */
    this.nodes = new Map();
    /** By instance. @type {Map<number, GuestNode>} */
    this.roots = new Map();
    /** Nodes of a rendering that is being replaced; their ids may be taken by new ones. @type {Map<number, GuestNode>} */
    this.shadow = new Map();
    /**
     * Places of components that were put below a node without a DOM node. They stay where they are in the document until that
     * one is put there, so that they can be moved in place. @type {Set<GuestNode>}
     */
    this.moving = new Set();
    /** Calls to make once the batch's code has returned. @type {{ node: GuestNode, method: Method }[]} */
    this.calls = [];
    /** Drawings to make then. @type {{ node: GuestNode, commands: import("./drawing.js").Command[] }[]} */
    this.drawings = [];
  }

  /**
   * Makes the root of an instance. An older root of the same instance is forgotten, not touched.
   * @param {number} instance
   * @param {Element | null} dom the element that the instance is mounted in, once it has one
   */
  addRoot(instance, dom) {
    const root = new GuestNode((ROOT_BIT | instance) >>> 0, "root");
    root.dom = dom;
    this.roots.set(instance, root);
    return root;
  }

  /**
   * Forgets an instance's nodes. The document keeps its content.
   * @param {number} instance
   */
  dropRoot(instance) {
    const root = this.roots.get(instance);
    if (!root) return;
    this.roots.delete(instance);
    for (const child of root.children) this.#forget(child, null);
  }

  /**
   * Puts an instance's rendering aside, so that a fresh one can be made under a new root.
   * @param {number} instance
   * @returns {GuestNode} the old root
   */
  setAside(instance) {
    const old = this.roots.get(instance);
    if (!old) throw new TreeError(`the instance ${instance} has no root`);
    this.shadow.clear();
    for (const child of old.children) this.#forget(child, this.shadow);
    this.addRoot(instance, null);
    return old;
  }

  /**
   * Undoes `setAside`: the fresh rendering is forgotten.
   * @param {number} instance
   * @param {GuestNode} old what `setAside` returned
   */
  putBack(instance, old) {
    this.dropRoot(instance);
    for (const [id, node] of this.shadow) this.nodes.set(id, node);
    this.shadow.clear();
    this.roots.set(instance, old);
  }

  /**
   * Applies a batch.
   * @param {Uint8Array} batch
   * @throws {import("./operations.js").DecodeError | TreeError}
   */
  apply(batch) {
    try {
      for (const op of decodeOps(batch)) this.#applyOp(op);
    } finally {
      this.#settleMoving();
    }
  }

  /** Removes nodes that ended up below a node that the document does not show. */
  #settleMoving() {
    for (const node of this.moving) {
      if (node.dom && !node.parent?.dom) this.painter.remove(node);
    }
    this.moving.clear();
  }

  /** Makes the calls that were asked for, now that no code of the module runs. */
  flushCalls() {
    const calls = this.calls;
    this.calls = [];
    for (const { node, method } of calls) if (node.dom) this.painter.call(node, method);
    for (const { node, commands } of this.drawings.splice(0)) if (node.dom) this.painter.draw(node, commands);
  }

  /** @param {Op} op */
  #applyOp(op) {
    switch (op.op) {
      case "create-element":
        return this.#createElement(op);
      case "create-text":
        this.#create(op.id, "text").text = op.text;
        return;
      case "create-marker":
        this.#create(op.id, "marker");
        return;
      case "insert":
        return this.#insert(op.parent, op.child, op.before);
      case "remove":
        return this.#remove(this.#get(op.id));
      case "set-attribute":
        return this.#setAttribute(this.#element(op.id), op.name, op.value);
      case "remove-attribute":
        return this.#removeAttribute(this.#element(op.id), op.name);
      case "set-property":
        return this.#setProperty(this.#element(op.id), op.name, op.json);
      case "set-text":
        return this.#setText(this.#get(op.id), op.text);
      case "set-class":
        return this.#setClass(this.#element(op.id), op.name, op.on);
      case "set-style":
        return this.#setStyle(this.#element(op.id), op.name, op.value);
      case "listen": {
        const node = this.#element(op.id);
        const { event, handler, flags } = op;
        node.listeners.set(listenerKey(event, flags), { event, handler, flags });
        if (node.dom) this.painter.listeners(node);
        return;
      }
      case "unlisten": {
        const node = this.#element(op.id);
        node.listeners.delete(listenerKey(op.event, op.flags));
        if (node.dom) this.painter.listeners(node);
        return;
      }
      case "set-key":
        this.#get(op.id).key = op.key;
        return;
      case "call":
        // The element may have left in the same batch: then there is nothing to call.
        if (this.nodes.has(op.id)) this.calls.push({ node: this.#element(op.id), method: op.method });
        return;
      case "draw":
        if (this.nodes.has(op.id)) this.drawings.push({ node: this.#element(op.id), commands: this.#commands(op.commands) });
        return;
      default:
        op;
    }
  }

  /** @param {string} json */
  #commands(json) {
    const commands = readDrawing(json);
    if (!commands) throw new TreeError("a drawing is not a list of commands");
    return commands;
  }

  /** @param {number} id */
  #get(id) {
    const node = this.nodes.get(id) ?? this.shadow.get(id);
    if (!node) throw new TreeError(`an operation names the node ${id}, which does not exist`);
    return node;
  }

  /** @param {number} id */
  #element(id) {
    const node = this.#get(id);
    if (node.kind !== "element") throw new TreeError(`the node ${id} is a ${node.kind}, not an element`);
    return node;
  }

  /** @param {number} id */
  #parent(id) {
    if (id < ROOT_BIT) return this.#element(id);
    const root = this.roots.get(id - ROOT_BIT);
    if (!root) throw new TreeError(`an operation names the root of the instance ${id - ROOT_BIT}, which is not mounted`);
    return root;
  }

  /**
   * @param {number} id
   * @param {"element" | "text" | "marker"} kind
   */
  #create(id, kind) {
    if (id === 0 || id >= ROOT_BIT) throw new TreeError(`${id} cannot be the number of a node`);
    if (this.nodes.has(id)) throw new TreeError(`the node ${id} exists already`);
    const node = new GuestNode(id, kind);
    this.nodes.set(id, node);
    return node;
  }

  /** @param {Extract<Op, { op: "create-element" }>} op */
  #createElement({ id, namespace, tag }) {
    if (!this.painter.acceptsTag(namespace, tag)) throw new TreeError(`no element can be called \`${tag}\``);
    const node = this.#create(id, "element");
    node.namespace = namespace;
    node.tag = tag;
    if (/^(.*:)?script$/i.test(tag)) {
      node.refused = true;
      this.warn("a view may not hold a `script` element; it was left out");
    }
  }

  /**
   * @param {number} parentId
   * @param {number} childId
   * @param {number} beforeId
   */
  #insert(parentId, childId, beforeId) {
    const parent = this.#parent(parentId);
    const child = this.#get(childId);
    const before = beforeId === 0 ? null : this.#get(beforeId);
    if (isPlaced(parent)) {
      throw new TreeError("the children of `hmr-component` belong to the instance that is mounted in it");
    }
    for (let up = /** @type {GuestNode | null} */ (parent); up; up = up.parent) {
      if (up === child) throw new TreeError(`the node ${childId} cannot be inserted below itself`);
    }
    if (before === child) return;
    if (before && before.parent !== parent) {
      throw new TreeError(`the node ${beforeId} is no child of ${parentId}, so nothing can be inserted before it`);
    }
    if (child.dom) this.painter.settle(child);
    if (before?.dom) this.painter.settle(before);
    detach(child);
    if (before) parent.children.splice(parent.children.indexOf(before), 0, child);
    else parent.children.push(child);
    child.parent = parent;
    if (parent.dom) this.painter.place(parent, child, before);
    else if (child.dom && isPlaced(child)) this.moving.add(child);
    else if (child.dom) this.painter.remove(child);
  }

  /** @param {GuestNode} node */
  #remove(node) {
    if (node.dom) this.painter.settle(node);
    detach(node);
    if (node.dom) this.painter.remove(node);
    this.#forget(node, null);
  }

  /**
   * @param {GuestNode} top
   * @param {Map<number, GuestNode> | null} into where the forgotten nodes go
   */
  #forget(top, into) {
    const open = [top];
    for (let node = open.pop(); node; node = open.pop()) {
      if (this.nodes.get(node.id) === node) this.nodes.delete(node.id);
      if (this.shadow.get(node.id) === node) this.shadow.delete(node.id);
      into?.set(node.id, node);
      open.push(...node.children);
    }
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   * @param {string} value
   */
  #setAttribute(node, name, value) {
    if (!this.painter.acceptsAttribute(name)) throw new TreeError(`no attribute can be called \`${name}\``);
    if (/^on/i.test(name)) {
      this.warn(`the attribute \`${name}\` was left out: a view listens with \`on:\``);
      return;
    }
    const before = classTokens(node);
    node.attributes.set(name, value);
    if (!node.dom) return;
    if (name === "class") this.painter.classes(node, before);
    else this.painter.attribute(node, name);
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   */
  #removeAttribute(node, name) {
    const before = classTokens(node);
    if (!node.attributes.delete(name) || !node.dom) return;
    if (name === "class") this.painter.classes(node, before);
    else this.painter.attribute(node, name);
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   * @param {string} json
   */
  #setProperty(node, name, json) {
    try {
      JSON.parse(json);
    } catch {
      throw new TreeError(`the value of the property \`${name}\` is not JSON`);
    }
    node.properties.set(name, json);
    if (node.dom) this.painter.property(node, name);
  }

  /**
   * @param {GuestNode} node
   * @param {string} text
   */
  #setText(node, text) {
    if (node.kind !== "text") throw new TreeError(`the node ${node.id} is a ${node.kind}, not a text`);
    if (node.dom) this.painter.settle(node);
    node.text = text;
    if (node.dom) this.painter.text(node);
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   * @param {boolean} on
   */
  #setClass(node, name, on) {
    if (name === "" || /[\t\n\f\r ]/.test(name)) throw new TreeError(`\`${name}\` is not one class`);
    const before = classTokens(node);
    node.classes.set(name, on);
    if (node.dom) this.painter.classes(node, before);
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   * @param {string} value
   */
  #setStyle(node, name, value) {
    if (value === "") node.styles.delete(name);
    else node.styles.set(name, value);
    if (node.dom) this.painter.style(node, name);
  }
}

/** @param {GuestNode} node */
function detach(node) {
  const parent = node.parent;
  if (!parent) return;
  parent.children.splice(parent.children.indexOf(node), 1);
  node.parent = null;
}

/**
 * The document outside of an application: the page as it was served, with the changes of its other scripts, and without the
 * application's changes.
 *
 * In: changes of nodes outside of the application, made by the application or by other scripts. Out: the application's changes are
 * reverted, so that each copy of it starts with the same document as the first one. They are applied again if the new copy fails. Changes
 * of other scripts are kept. Nodes inside of the application's nodes are ignored.
 */

import { EventHandlers } from "../bindgen/event-handlers.js";
import { ReplacedFunctions } from "./replaced-functions.js";

/**
 * What an application has changed at one node.
 * @typedef {{ children: Node[] | null, attributes: Map<string, string | null>, text: string | null }} Original
 */

/** @typedef {{ node: Node, children: Node[] | null, attributes: Map<string, string | null>, text: string | null }} Change */

/**
 * @typedef {object} Reverted
 * @property {Change[]} changes
 * @property {CSSStyleSheet[]} sheets
 * @property {import("./replaced-functions.js").Replaced} functions
 * @property {import("../bindgen/event-handlers.js").Handler[]} handlers
 */

/** The document outside of one application. */
export class ServedDocument {
  #document;
  #observer;
  /** The nodes outside of the application. @type {WeakSet<Node>} */
  #outside = new WeakSet();
  /** The nodes that the application has changed, with their original content. @type {Map<Node, Original>} */
  #originals = new Map();
  /** @type {CSSStyleSheet[]} */
  #sheets;
  #functions;
  /** The event handlers that the application has set. */
  handlers = new EventHandlers();

  /** @param {Document} document */
  constructor(document) {
    const view = /** @type {Window & typeof globalThis} */ (document.defaultView);
    this.#document = document;
    this.#sheets = [...(document.adoptedStyleSheets ?? [])];
    this.#functions = new ReplacedFunctions(view.console);
    this.#observer = new view.MutationObserver((records) => this.#note(records, false));
    this.#addOutside(document.documentElement);
  }

  /**
   * Whether a node is outside of the application.
   * @param {Node} node
   */
  isOutside(node) {
    return node === this.#document || this.#outside.has(node);
  }

  /** Call this before the application's code runs: other scripts made the changes up to now. */
  changedByOthers() {
    this.#note(this.#observer.takeRecords(), false);
    this.#functions.begin();
  }

  /** Call this when the application's code has returned: it made the changes since then. */
  changedByApplication() {
    this.#note(this.#observer.takeRecords(), true);
    this.#functions.end();
  }

  /**
   * Reverts the application's changes.
   * @returns {Reverted} the changes, for `reapply`
   */
  revert() {
    this.changedByOthers();
    /** @type {Change[]} */
    const changes = [];
    for (const [node, original] of this.#originals) {
      changes.push({
        node,
        children: original.children && [...node.childNodes],
        attributes: new Map([...original.attributes.keys()].map((name) => [name, attributeOf(node, name)])),
        text: original.text === null ? null : node.nodeValue,
      });
      put(node, original);
    }
    this.#originals.clear();
    const sheets = [...(this.#document.adoptedStyleSheets ?? [])];
    if (sheets.length !== this.#sheets.length) this.#document.adoptedStyleSheets = this.#sheets;
    this.#observer.takeRecords();
    return { changes, sheets, functions: this.#functions.revert(), handlers: this.handlers.revert() };
  }

  /**
   * Makes reverted changes again.
   * @param {Reverted} reverted
   */
  reapply({ changes, sheets, functions, handlers }) {
    this.revert();
    this.#functions.reapply(functions);
    this.handlers.reapply(handlers);
    for (const { node, children, attributes, text } of changes) {
      this.#originals.set(node, {
        children: children && [...node.childNodes],
        attributes: new Map([...attributes.keys()].map((name) => [name, attributeOf(node, name)])),
        text: text === null ? null : node.nodeValue,
      });
      put(node, { children, attributes, text });
    }
    if (sheets.length !== this.#sheets.length) this.#document.adoptedStyleSheets = sheets;
    this.#observer.takeRecords();
  }

  /**
   * Notes that a node and all nodes in it are outside of the application, and observes them.
   * @param {Node} node
   */
  #addOutside(node) {
    this.#outside.add(node);
    const isText = node.nodeType === this.#document.TEXT_NODE;
    if (isText) this.#observer.observe(node, { characterData: true, characterDataOldValue: true });
    else if (node.nodeType === this.#document.ELEMENT_NODE) {
      this.#observer.observe(node, { childList: true, attributes: true, attributeOldValue: true });
    }
    for (const child of node.childNodes) this.#addOutside(child);
  }

  /**
   * @param {MutationRecord[]} records
   * @param {boolean} byApplication whether the application made the changes
   */
  #note(records, byApplication) {
    // From the last to the first, so that each list of children can be computed from the one after it.
    /** @type {Map<Node, Node[]>} */
    const before = new Map();
    for (const record of records.toReversed()) {
      const { target } = record;
      if (record.type === "childList") {
        const after = before.get(target) ?? [...target.childNodes];
        before.set(target, childrenBefore(after, record));
      }
      if (!byApplication) for (const node of record.addedNodes) if (!this.#outside.has(node)) this.#addOutside(node);
    }
    if (byApplication) this.#keepOriginals(records, before);
    else this.#followOthers(records);
  }

  /**
   * Notes the original content of nodes that the application has changed.
   *
   * @param {MutationRecord[]} records of the application
   * @param {Map<Node, Node[]>} before the children of each node before these changes
   */
  #keepOriginals(records, before) {
    for (const { type, target, attributeName, oldValue } of records) {
      const original = this.#originals.get(target) ?? { children: null, attributes: new Map(), text: null };
      this.#originals.set(target, original);
      if (type === "childList") original.children ??= before.get(target) ?? null;
      if (type === "characterData") original.text ??= oldValue;
      if (type === "attributes" && attributeName !== null && !original.attributes.has(attributeName)) {
        original.attributes.set(attributeName, oldValue);
      }
    }
  }

  /**
   * Keeps changes of other scripts when the application's changes are reverted.
   * @param {MutationRecord[]} records
   */
  #followOthers(records) {
    for (const { type, target, attributeName, addedNodes, removedNodes, previousSibling } of records) {
      const original = this.#originals.get(target);
      if (!original) continue;
      if (type === "characterData") original.text = null;
      if (type === "attributes" && attributeName !== null) original.attributes.delete(attributeName);
      if (type !== "childList" || !original.children) continue;
      const gone = new Set(removedNodes);
      original.children = original.children.filter((child) => !gone.has(child));
      const at = previousSibling ? original.children.indexOf(previousSibling) + 1 : 0;
      // A node next to one of the application's nodes is put at the end.
      original.children.splice(at === 0 && previousSibling ? original.children.length : at, 0, ...addedNodes);
    }
  }
}

/**
 * The children of a node before a change.
 *
 * @param {Node[]} after
 * @param {MutationRecord} record
 */
function childrenBefore(after, { addedNodes, removedNodes, previousSibling, nextSibling }) {
  const added = new Set(addedNodes);
  const left = after.filter((node) => !added.has(node));
  let at = previousSibling ? left.indexOf(previousSibling) + 1 : 0;
  if (previousSibling && at === 0) at = nextSibling ? Math.max(left.indexOf(nextSibling), 0) : left.length;
  left.splice(at, 0, ...removedNodes);
  return left;
}

/**
 * @param {Node} node
 * @param {string} name
 */
function attributeOf(node, name) {
  return /** @type {Element} */ (node).getAttribute(name);
}

/**
 * @param {Node} node
 * @param {Original} original
 */
function put(node, { children, attributes, text }) {
  if (children) putChildren(node, children);
  if (text !== null && node.nodeValue !== text) node.nodeValue = text;
  const element = /** @type {Element} */ (node);
  for (const [name, value] of attributes) {
    if (value === null) element.removeAttribute(name);
    else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

/**
 * Makes these nodes the children of a node. Nodes that are in their place already are not moved.
 *
 * @param {Node} parent
 * @param {Node[]} children
 */
function putChildren(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  let at = parent.firstChild;
  for (const child of children) {
    if (child === at) at = at.nextSibling;
    else parent.insertBefore(child, at);
  }
}

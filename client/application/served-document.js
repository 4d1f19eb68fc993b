/**
 * The document around an application: what the page was served with and what its own scripts have made of it, without what the
 * application has changed.
 *
 * In: changes of the document's nodes that were there before the application, each by the application or by somebody else. Out: the
 * application's changes are undone, so that its next generation starts with the document that the first one started with, and are
 * done again if that generation fails. What others change, and nodes that are in the application's own, are left alone.
 */

import { ReplacedFunctions } from "./replaced-functions.js";

/**
 * What an application has changed at one node.
 * @typedef {{ children: Node[] | null, attributes: Map<string, string | null>, text: string | null }} Original
 */

/** @typedef {{ node: Node, children: Node[] | null, attributes: Map<string, string | null>, text: string | null }} Change */

/** @typedef {{ changes: Change[], sheets: CSSStyleSheet[], functions: import("./replaced-functions.js").Replaced }} Changes */

/** The document around one application. */
export class ServedDocument {
  #document;
  #observer;
  /** The nodes that do not belong to the application. @type {WeakSet<Node>} */
  #served = new WeakSet();
  /** What the application has changed, with what was there before. @type {Map<Node, Original>} */
  #originals = new Map();
  /** @type {CSSStyleSheet[]} */
  #sheets;
  #functions;

  /** @param {Document} document */
  constructor(document) {
    const view = /** @type {Window & typeof globalThis} */ (document.defaultView);
    this.#document = document;
    this.#sheets = [...(document.adoptedStyleSheets ?? [])];
    this.#functions = new ReplacedFunctions(view.console);
    this.#observer = new view.MutationObserver((records) => this.#note(records, false));
    this.#serve(document.documentElement);
  }

  /**
   * Whether a node is part of the document around the application.
   * @param {Node} node
   */
  has(node) {
    return node === this.#document || this.#served.has(node);
  }

  /** Call this before the application's code runs: what has changed up to now was somebody else. */
  changedByOthers() {
    this.#note(this.#observer.takeRecords(), false);
    this.#functions.begin();
  }

  /** Call this when the application's code has returned. */
  changedByApplication() {
    this.#note(this.#observer.takeRecords(), true);
    this.#functions.end();
  }

  /**
   * Undoes what the application has changed.
   * @returns {Changes} with which it can be done again
   */
  undo() {
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
    return { changes, sheets, functions: this.#functions.undo() };
  }

  /**
   * Does again what was undone.
   * @param {Changes} undone
   */
  redo({ changes, sheets, functions }) {
    this.undo();
    this.#functions.redo(functions);
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
   * Makes a node and all in it part of the document around the application.
   * @param {Node} node
   */
  #serve(node) {
    this.#served.add(node);
    const isText = node.nodeType === this.#document.TEXT_NODE;
    if (isText) this.#observer.observe(node, { characterData: true, characterDataOldValue: true });
    else if (node.nodeType === this.#document.ELEMENT_NODE) {
      this.#observer.observe(node, { childList: true, attributes: true, attributeOldValue: true });
    }
    for (const child of node.childNodes) this.#serve(child);
  }

  /**
   * @param {MutationRecord[]} records
   * @param {boolean} own whether the application made the changes
   */
  #note(records, own) {
    // From the last to the first, so that each list of children can be computed from the one after it.
    /** @type {Map<Node, Node[]>} */
    const before = new Map();
    for (const record of records.toReversed()) {
      const { target } = record;
      if (record.type === "childList") {
        const after = before.get(target) ?? [...target.childNodes];
        before.set(target, undone(after, record));
      }
      if (!own) for (const node of record.addedNodes) if (!this.#served.has(node)) this.#serve(node);
    }
    if (own) this.#keepOriginals(records, before);
    else this.#followOthers(records);
  }

  /**
   * @param {MutationRecord[]} records of the application
   * @param {Map<Node, Node[]>} before the children of each node before them
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
   * Has what others change stay when the application's changes are undone.
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
      // Next to a node of the application, it goes to the end.
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
function undone(after, { addedNodes, removedNodes, previousSibling, nextSibling }) {
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
 * Makes these nodes the children of a node, without touching those that are in their place already.
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

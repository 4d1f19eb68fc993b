/**
 * Makes the DOM nodes of guest nodes and keeps them as the guest nodes are.
 *
 * In: guest nodes of `tree.js`, which has checked that everything can be done. Out: a changed document. The
 * document comes in from outside; no global is touched.
 *
 * A class, a style or an attribute that a guest node does not ask for is left alone: it belongs to other code.
 */

import { putBack } from "./displaced-nodes.js";
import { draw } from "./drawing.js";
import { move } from "./move-node.js";
import { classTokens } from "./tree.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */
/** @typedef {import("./operations.js").Method} Method */

const NAMESPACES = /** @type {const} */ ([
  "http://www.w3.org/1999/xhtml",
  "http://www.w3.org/2000/svg",
  "http://www.w3.org/1998/Math/MathML",
]);

/** Prefixes whose attributes only work in their own namespace. @type {Record<string, string>} */
const ATTRIBUTE_NAMESPACES = {
  xlink: "http://www.w3.org/1999/xlink",
  xml: "http://www.w3.org/XML/1998/namespace",
};

/**
 * Whether a value written to a property would change it.
 * @param {unknown} current
 * @param {unknown} wanted
 */
function differs(current, wanted) {
  if (typeof wanted === "object" && wanted !== null) return JSON.stringify(current) !== JSON.stringify(wanted);
  return current !== wanted;
}

/**
 * A `Painter` for a document.
 */
export class DomPainter {
  /** @type {Map<string, boolean>} */
  #names = new Map();
  #document;
  #listeners;
  #warn;

  /**
   * @param {Document} document
   * @param {(node: GuestNode) => void} listeners makes the native listeners of a node those of its guest node
   * @param {(message: string) => void} warn
   */
  constructor(document, listeners, warn) {
    this.#document = document;
    this.#listeners = listeners;
    this.#warn = warn;
  }

  /**
   * @param {number} namespace
   * @param {string} tag
   */
  acceptsTag(namespace, tag) {
    return this.#accepts(`<${namespace} ${tag}`, () => this.#document.createElementNS(NAMESPACES[namespace] ?? null, tag));
  }

  /** @param {string} name */
  acceptsAttribute(name) {
    return this.#accepts(name, () => setAttribute(this.#document.createElement("i"), name, ""));
  }

  /**
   * @param {string} name
   * @param {() => unknown} attempt
   */
  #accepts(name, attempt) {
    let known = this.#names.get(name);
    if (known === undefined) {
      try {
        attempt();
        known = true;
      } catch {
        known = false;
      }
      this.#names.set(name, known);
    }
    return known;
  }

  /**
   * @param {GuestNode} parent
   * @param {GuestNode} child
   * @param {GuestNode | null} before
   */
  place(parent, child, before) {
    if (!parent.dom || parent.refused) return;
    /** @type {GuestNode[]} */
    const shown = [];
    if (!child.dom) this.build(child, shown);
    move(parent.dom, /** @type {Node} */ (child.dom), before?.dom ?? null);
    for (const node of shown) this.#moveInto(node);
    this.#settleSelect(parent);
  }

  /**
   * Moves a node that the document shows elsewhere to where its guest node is.
   * @param {GuestNode} node
   */
  #moveInto(node) {
    const parent = /** @type {Node | null | undefined} */ (node.parent?.dom);
    if (!parent || node.parent?.refused) return this.remove(node);
    const after = node.parent?.children.slice(node.parent.children.indexOf(node) + 1) ?? [];
    const before = after.find(({ dom }) => dom?.parentNode === parent)?.dom ?? null;
    move(parent, /** @type {Node} */ (node.dom), before);
  }

  /** @param {GuestNode} node */
  settle(node) {
    putBack(node);
  }

  /** @param {GuestNode} node */
  remove(node) {
    node.dom?.remove();
  }

  /**
   * Makes the DOM of a guest node and of everything below it.
   * @param {GuestNode} node
   * @param {GuestNode[]} shown gets the descendants that have a DOM node already, which is not put there
   */
  build(node, shown = []) {
    this.buildAlone(node);
    if (node.refused) return;
    for (const child of node.children) {
      if (child.dom) {
        shown.push(child);
        continue;
      }
      this.build(child, shown);
      // The check above makes the compiler infer that it is null.
      node.dom?.appendChild(/** @type {Node} */ (/** @type {unknown} */ (child.dom)));
    }
    this.buildProperties(node);
  }

  /**
   * Makes the DOM of a guest node, without its children and without properties, some of which only take effect when
   * the children are there.
   * @param {GuestNode} node
   */
  buildAlone(node) {
    if (node.kind === "text") node.dom = this.#document.createTextNode(node.text);
    else if (node.kind === "marker" || node.refused) node.dom = this.#document.createComment("");
    else {
      node.dom = this.#document.createElementNS(NAMESPACES[node.namespace] ?? null, node.tag);
      for (const name of node.attributes.keys()) if (name !== "class") this.attribute(node, name);
      this.classes(node, new Set());
      for (const name of node.styles.keys()) this.style(node, name);
      this.#listeners(node);
    }
  }

  /** @param {GuestNode} node */
  buildProperties(node) {
    for (const name of node.properties.keys()) this.property(node, name);
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   */
  attribute(node, name) {
    const dom = element(node);
    if (!dom) return;
    const value = node.attributes.get(name);
    if (value === undefined) removeAttribute(dom, name);
    else setAttribute(dom, name, value);
    if (name === "style") for (const property of node.styles.keys()) this.style(node, property);
  }

  /**
   * @param {GuestNode} node
   * @param {Set<string>} before the classes that the guest node asked for until now
   */
  classes(node, before) {
    const dom = element(node);
    if (!dom) return;
    const after = classTokens(node);
    for (const name of before) if (!after.has(name)) dom.classList.remove(name);
    for (const name of after) if (!dom.classList.contains(name)) dom.classList.add(name);
    if (dom.classList.length > 0) return;
    if (node.attributes.has("class")) dom.setAttribute("class", "");
    else dom.removeAttribute("class");
  }

  /**
   * @param {GuestNode} node
   * @param {string} name
   */
  style(node, name) {
    const style = inlineStyle(node);
    if (!style) return;
    const value = node.styles.get(name) ?? this.declarations(node.attributes.get("style")).get(name);
    if (value === undefined) style.removeProperty(name);
    else style.setProperty(name, value);
  }

  /**
   * Makes the inline style what the guest node asks for, given what it asked for before.
   * @param {GuestNode} node
   * @param {string | undefined} before the `style` attribute that was asked for until now
   */
  restyle(node, before) {
    const style = inlineStyle(node);
    if (!style) return;
    const wanted = this.declarations(node.attributes.get("style"));
    for (const name of this.declarations(before).keys()) if (!wanted.has(name)) style.removeProperty(name);
    for (const [name, value] of wanted) style.setProperty(name, value);
    for (const name of node.styles.keys()) this.style(node, name);
  }

  /**
   * The declarations of a `style` attribute.
   * @param {string | undefined} text
   */
  declarations(text) {
    /** @type {Map<string, string>} */
    const found = new Map();
    if (!text) return found;
    const { style } = this.#document.createElement("i");
    style.cssText = text;
    for (const name of Array.from(style)) found.set(name, style.getPropertyValue(name));
    return found;
  }

  /**
   * Writes a property, unless the node has that value. One that the guest node does not ask for any more goes back to
   * what a fresh element has.
   * @param {GuestNode} node
   * @param {string} name
   */
  property(node, name) {
    const dom = /** @type {Record<string, unknown> | null} */ (/** @type {unknown} */ (element(node)));
    if (!dom) return;
    const json = node.properties.get(name);
    const fresh = json === undefined ? this.#document.createElementNS(NAMESPACES[node.namespace] ?? null, node.tag) : null;
    const wanted = json === undefined ? /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (fresh))[name] : JSON.parse(json);
    try {
      if (differs(dom[name], wanted)) dom[name] = wanted;
    } catch (error) {
      this.#warn(`the property \`${name}\` of \`${node.tag}\` cannot be set: ${error}`);
    }
  }

  /** @param {GuestNode} node */
  text(node) {
    const dom = /** @type {Text} */ (node.dom);
    if (dom.data !== node.text) dom.data = node.text;
  }

  /** @param {GuestNode} node */
  listeners(node) {
    if (element(node)) this.#listeners(node);
  }

  /**
   * @param {GuestNode} node
   * @param {Method} method
   */
  call(node, method) {
    const dom = /** @type {HTMLElement & { select?: () => void } | null} */ (element(node));
    if (!dom) return;
    if (method === "scroll-into-view") dom.scrollIntoView?.({ block: "nearest" });
    else dom[method]?.();
  }

  /**
   * @param {GuestNode} node
   * @param {import("./drawing.js").Command[]} commands
   */
  draw(node, commands) {
    const canvas = /** @type {HTMLCanvasElement | null} */ (element(node));
    if (canvas) draw(canvas, commands, this.#warn);
  }

  /**
   * A `select` takes its value only while it has the option: it is written again when options come.
   * @param {GuestNode} parent
   */
  #settleSelect(parent) {
    const select = parent.tag === "optgroup" ? parent.parent : parent;
    if (select?.tag === "select" && select.properties.has("value")) this.property(select, "value");
  }
}

/**
 * @param {GuestNode} node
 * @returns {Element | null} null for an element that is not let into the page
 */
function element(node) {
  return node.kind === "element" && !node.refused ? /** @type {Element | null} */ (node.dom) : null;
}

/**
 * @param {GuestNode} node
 * @returns {CSSStyleDeclaration | null}
 */
function inlineStyle(node) {
  const dom = /** @type {(Element & { style?: CSSStyleDeclaration }) | null} */ (element(node));
  return dom?.style ?? null;
}

/**
 * @param {Element} dom
 * @param {string} name
 * @param {string} value
 */
function setAttribute(dom, name, value) {
  const namespace = ATTRIBUTE_NAMESPACES[name.split(":", 1)[0] ?? ""];
  if (namespace && name.includes(":")) dom.setAttributeNS(namespace, name, value);
  else if (dom.getAttribute(name) !== value) dom.setAttribute(name, value);
}

/**
 * @param {Element} dom
 * @param {string} name
 */
function removeAttribute(dom, name) {
  const [prefix = "", local] = name.split(":", 2);
  const namespace = ATTRIBUTE_NAMESPACES[prefix];
  if (namespace && local) dom.removeAttributeNS(namespace, local);
  else dom.removeAttribute(name);
}

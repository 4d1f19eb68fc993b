/**
 * Makes the document show a fresh rendering, with the DOM nodes of the old one wherever the two have a pair.
 *
 * In: two roots and the pairs between them. Out: the new guest nodes own the DOM nodes, the document shows what
 * they describe, and the old guest nodes own no nodes any more. What neither rendering asked for is left as it is.
 *
 * A parent is put into the document before children that it takes over from elsewhere, so that these can be
 * moved without a moment outside the document.
 */

import { choose, chosen } from "./select-choices.js";
import { findPairs, longestRise } from "./pairs.js";
import { putAllBack } from "./displaced-nodes.js";
import { move } from "./move-node.js";
import { classTokens, isPlaced } from "./tree.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */
/** @typedef {import("./pairs.js").Pairs} Pairs */

/**
 * Reconciles a fresh rendering with the one in the document.
 *
 * @param {GuestNode} old its root has the element that the instance is mounted in
 * @param {GuestNode} fresh its nodes do not have DOM nodes yet
 * @param {import("./painter.js").DomPainter} painter
 * @returns {Iterable<GuestNode>} the fresh nodes that kept a node of the document
 */
export function reconcile(old, fresh, painter) {
  const pairs = findPairs(old, fresh);
  new Patch(pairs, painter).run(old, fresh);
  return pairs.oldOf.keys();
}

class Patch {
  #pairs;
  #painter;
  /** Fresh nodes that have a kept one somewhere below. @type {Set<GuestNode>} */
  #holders = new Set();
  /** The choices that modules leave to the reader. @type {Map<HTMLSelectElement, import("./select-choices.js").Choice[] | null>} */
  #choices = new Map();
  /** What others have replaced and this swap does not change. @type {import("./displaced-nodes.js").LeftAlone} */
  #left = new Map();

  /**
   * @param {Pairs} pairs
   * @param {import("./painter.js").DomPainter} painter
   */
  constructor(pairs, painter) {
    this.#pairs = pairs;
    this.#painter = painter;
  }

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  run(old, fresh) {
    fresh.dom = old.dom;
    putAllBack(old, fresh, this.#pairs, this.#left);
    for (const [newNode, oldNode] of this.#pairs.oldOf) {
      newNode.dom = oldNode.dom;
      for (let up = newNode.parent; up && !this.#pairs.oldOf.has(up); up = up.parent) this.#holders.add(up);
    }
    this.#children(old, fresh);
    this.#clear(old);
    // Only now the options are those of the new rendering alone.
    for (const [select, choice] of this.#choices) choose(select, choice);
  }

  /**
   * @param {GuestNode | null} old
   * @param {GuestNode} fresh
   */
  #children(old, fresh) {
    this.#arrange(old, fresh);
    for (const child of fresh.children) {
      const counterpart = this.#pairs.oldOf.get(child);
      if (counterpart) {
        const select = ofReader(child);
        if (select) this.#choices.set(select, chosen(select));
        this.#attributes(counterpart, child);
        if (!isPlaced(child) && !child.refused) this.#children(counterpart, child);
        this.#properties(counterpart, child);
      } else if (this.#holders.has(child)) {
        this.#children(null, child);
        this.#painter.buildProperties(child);
      }
    }
  }

  /**
   * Rule 6: puts the children in order with as few moves as can be.
   * @param {GuestNode | null} old
   * @param {GuestNode} fresh
   */
  #arrange(old, fresh) {
    const parent = /** @type {ParentNode & Node} */ (/** @type {unknown} */ (fresh.dom));
    /** @type {Map<GuestNode, number>} */
    const positions = new Map((old?.children ?? []).map((node, index) => [node, index]));
    const places = fresh.children.map((child) => {
      const counterpart = this.#pairs.oldOf.get(child);
      const here = counterpart?.dom?.parentNode === parent;
      return counterpart && here ? (positions.get(counterpart) ?? -1) : -1;
    });
    const stay = longestRise(places);
    const last = old?.children.findLast((node) => node.dom?.parentNode === parent);
    const end = old?.children.at(-1);
    // Nodes that were left alone at the end run to the end of the parent.
    const open = end && this.#left.get(end);
    /** @type {Node | null} */
    let before = open ? null : (last?.dom?.nextSibling ?? null);
    for (let at = fresh.children.length - 1; at >= 0; at--) {
      const child = /** @type {GuestNode} */ (fresh.children[at]);
      const counterpart = this.#pairs.oldOf.get(child);
      if (counterpart && this.#left.has(counterpart) && counterpart.parent === old) {
        before = this.#left.get(counterpart) ?? before;
        continue;
      }
      if (!child.dom) {
        if (this.#holders.has(child)) this.#painter.buildAlone(child);
        else this.#painter.build(child);
      }
      const dom = /** @type {ChildNode} */ (child.dom);
      if (!stay.has(at)) move(parent, dom, before);
      before = dom;
    }
  }

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #attributes(old, fresh) {
    if (fresh.refused) return;
    if (fresh.kind === "text" && old.text !== fresh.text) this.#painter.text(fresh);
    if (fresh.kind !== "element") return;
    for (const name of new Set([...old.attributes.keys(), ...fresh.attributes.keys()])) {
      if (name === "class" || name === "style") continue;
      if (old.attributes.get(name) !== fresh.attributes.get(name)) this.#painter.attribute(fresh, name);
    }
    const [before, after] = [classTokens(old), classTokens(fresh)];
    if (before.size !== after.size || [...before].some((name) => !after.has(name))) this.#painter.classes(fresh, before);
    this.#styles(old, fresh);
    this.#painter.listeners(fresh);
  }

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #styles(old, fresh) {
    const [before, after] = [old.attributes.get("style"), fresh.attributes.get("style")];
    for (const name of old.styles.keys()) if (!fresh.styles.has(name)) this.#painter.style(fresh, name);
    if (before !== after) this.#painter.restyle(fresh, before);
    for (const [name, value] of fresh.styles) if (old.styles.get(name) !== value) this.#painter.style(fresh, name);
  }

  /**
   * @param {GuestNode} old
   * @param {GuestNode} fresh
   */
  #properties(old, fresh) {
    for (const name of new Set([...old.properties.keys(), ...fresh.properties.keys()])) {
      if (old.properties.get(name) !== fresh.properties.get(name)) this.#painter.property(fresh, name);
    }
  }

  /**
   * Removes nodes without a pair from the document, and the DOM from all old guest nodes.
   * @param {GuestNode} old
   */
  #clear(old) {
    for (const child of old.children) {
      this.#clear(child);
      if (!this.#pairs.newOf.has(child)) child.dom?.remove();
      child.dom = null;
    }
  }
}

/**
 * The `select` of a guest node, if the selection is the reader's choice and not the module's.
 * @param {GuestNode} node
 */
function ofReader(node) {
  if (node.kind !== "element" || node.tag !== "select" || node.refused) return null;
  if (node.properties.has("value") || node.properties.has("selectedIndex") || setsOption(node)) return null;
  return /** @type {HTMLSelectElement} */ (/** @type {unknown} */ (node.dom));
}

/**
 * @param {GuestNode} node
 * @returns {boolean} whether the module itself selects an option in it
 */
function setsOption(node) {
  return node.children.some((child) => child.properties.has("selected") || setsOption(child));
}

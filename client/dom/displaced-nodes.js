/**
 * Puts nodes back that others have taken out of their places.
 *
 * In: guest nodes whose DOM nodes may be elsewhere, or out of the document, because a translator, an extension or a script replaced them
 * with nodes of its own. Out: the DOM nodes are where their guest nodes have them, without the replacements. What others put between
 * stays, and a swap leaves alone what a reader has edited, and replaced texts that it does not change.
 */

import { move } from "./move-node.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */
/** @typedef {import("./pairs.js").Pairs} Pairs */

/**
 * Whether a guest node's DOM node is not where it belongs, or was emptied in favour of a node next to it.
 * @param {GuestNode} node
 */
function isDisplaced(node) {
  if (!node.dom || !node.parent?.dom || node.parent.refused) return false;
  if (node.dom.parentNode !== /** @type {Node} */ (node.parent.dom)) return true;
  return node.kind === "text" && node.text !== "" && /** @type {Text} */ (node.dom).data === "";
}

/**
 * Puts a guest node's DOM node back if it was displaced, with displaced ones next to it.
 * @param {GuestNode} node
 */
export function putBack(node) {
  if (!node.parent || !isDisplaced(node)) return;
  for (const gap of gapsOf(node.parent)) if (gap.missing.includes(node)) close(node.parent, gap);
}

/**
 * Displaced nodes that a swap leaves where they are, each with the node in its place, if there is one.
 * @typedef {Map<GuestNode, ChildNode | null>} LeftAlone
 */

/**
 * Puts back the displaced nodes below a guest node, for a swap.
 *
 * @param {GuestNode} old
 * @param {GuestNode | undefined} fresh its pair in the fresh rendering
 * @param {Pairs} pairs
 * @param {LeftAlone} left gets those that are not put back
 */
export function putAllBack(old, fresh, pairs, left) {
  if (old.children.some(isDisplaced)) {
    const edited = isEditable(old.dom);
    for (const gap of gapsOf(old)) {
      const foreignNodes = foreignNodesIn(old, gap);
      if (edited) {
        for (const node of gap.missing) if (node.dom?.parentNode !== /** @type {Node | null} */ (old.dom)) left.set(node, null);
      } else if (foreignNodes.length > 0 && isUnchanged(gap, old, fresh, pairs)) {
        const place = firstOf(gap, foreignNodes, old);
        for (const node of gap.missing) left.set(node, place);
      } else close(old, gap);
    }
  }
  for (const child of old.children) putAllBack(child, pairs.newOf.get(child), pairs, left);
}

/**
 * Whether a reader can edit the content of an element.
 * @param {Node | null} holder
 */
function isEditable(holder) {
  for (let at = /** @type {Element | null} */ (holder); at; at = at.parentElement) {
    const value = at.getAttribute("contenteditable")?.toLowerCase();
    if (value === "false") return false;
    if (value === "" || value === "true" || value === "plaintext-only") return true;
  }
  return false;
}

/**
 * Whether a swap changes none of the texts that are missing in a gap, moves nothing, and puts nothing between them.
 *
 * @param {Gap} gap
 * @param {GuestNode} parent
 * @param {GuestNode | undefined} fresh
 * @param {Pairs} pairs
 */
function isUnchanged({ missing }, parent, fresh, { oldOf, newOf }) {
  if (!fresh) return false;
  const counterparts = missing.map((node) => newOf.get(node));
  const first = counterparts[0] ? fresh.children.indexOf(counterparts[0]) : -1;
  if (first < 0) return false;
  if (
    !missing.every(
      ({ kind, text }, at) => kind !== "element" && counterparts[at]?.text === text && fresh.children[first + at] === counterparts[at],
    )
  )
    return false;
  const places = fresh.children
    .map((child) => parent.children.indexOf(/** @type {GuestNode} */ (oldOf.get(child))))
    .filter((place) => place >= 0);
  return places.every((place, at) => at === 0 || place > /** @type {number} */ (places[at - 1]));
}

/**
 * Displaced children that follow each other, and the nodes that they belong between.
 * @typedef {{ missing: GuestNode[], after: Node | null, before: Node | null }} Gap
 */

/**
 * @param {GuestNode} parent
 * @returns {Gap[]}
 */
function gapsOf(parent) {
  /** @type {Gap[]} */
  const gaps = [];
  /** @type {Gap | null} */
  let open = null;
  /** @type {Node | null} */
  let after = null;
  for (const child of parent.children) {
    if (isDisplaced(child)) {
      if (!open) {
        open = { missing: [], after, before: null };
        gaps.push(open);
      }
      open.missing.push(child);
    } else if (child.dom) {
      if (open) open.before = child.dom;
      [open, after] = [null, child.dom];
    }
  }
  return gaps;
}

/**
 * What others have put into a gap.
 *
 * @param {GuestNode} parent
 * @param {Gap} gap
 */
function foreignNodesIn(parent, { after, before }) {
  const ours = new Set(parent.children.map(({ dom }) => dom));
  /** @type {ChildNode[]} */
  const foreignNodes = [];
  const first = after ? after.nextSibling : /** @type {Node} */ (parent.dom).firstChild;
  for (let at = first; at && at !== before; at = at.nextSibling) {
    // The error box that this engine shows for a failed component is not a foreign node either.
    if (!ours.has(/** @type {ChildNode} */ (at)) && !/^hmr-/i.test(at.nodeName)) foreignNodes.push(/** @type {ChildNode} */ (at));
  }
  return foreignNodes;
}

/**
 * The first node in a gap with foreign nodes: one of them, or an emptied text.
 *
 * @param {Gap} gap
 * @param {ChildNode[]} foreignNodes
 * @param {GuestNode} parent
 */
function firstOf({ missing, after }, foreignNodes, parent) {
  let at = after ? after.nextSibling : /** @type {Node} */ (parent.dom).firstChild;
  while (at && at !== foreignNodes[0] && !missing.some(({ dom }) => dom === at)) at = at.nextSibling;
  return /** @type {ChildNode | null} */ (at);
}

/**
 * @param {GuestNode} parent
 * @param {Gap} gap
 */
function close(parent, gap) {
  const { missing, after, before } = gap;
  const holder = /** @type {Node} */ (parent.dom);
  const replacements = replacementsFor(missing, foreignNodesIn(parent, gap));
  let place = replacements[0] ?? (after ? after.nextSibling : before);
  while (place && missing.some(({ dom }) => dom === place)) place = place.nextSibling;
  for (const child of missing) {
    const dom = /** @type {ChildNode} */ (child.dom);
    if (child.kind === "text") /** @type {Text} */ (dom).data = child.text;
    move(holder, dom, place);
  }
  for (const replacement of replacements) replacement.remove();
}

/**
 * Which of the nodes between two of ours replace those that are missing there.
 *
 * @param {GuestNode[]} missing
 * @param {ChildNode[]} foreignNodes
 */
function replacementsFor(missing, foreignNodes) {
  // If there are at most as many of them as are missing, each replaces one.
  if (foreignNodes.length <= missing.length) return foreignNodes;
  const wraps = foreignNodes.filter((foreignNode) => missing.some(({ dom }) => dom && foreignNode.contains(dom)));
  if (wraps.length > 0) return wraps;
  const fonts = foreignNodes.filter(({ nodeName }) => nodeName.toLowerCase() === "font");
  if (fonts.length > 0) return fonts;
  // A script that has marked up a text has put any number of nodes in its place.
  return missing.some(({ kind }) => kind === "text") ? foreignNodes : [];
}

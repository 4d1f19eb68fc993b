/**
 * Puts nodes back that others have taken out of their places.
 *
 * In: records whose nodes may stand elsewhere, or nowhere, because a translator or an extension has put something of its own in
 * their place. Out: they stand where their records say, and what stood for them is gone. What others have put between
 * stays.
 */

import { move } from "./move.js";

/** @typedef {import("./tree.js").GuestNode} GuestNode */

/**
 * Whether a record's node is not where it belongs, or was emptied in favour of something beside it.
 * @param {GuestNode} node
 */
function isDisplaced(node) {
  if (!node.dom || !node.parent?.dom || node.parent.refused) return false;
  if (node.dom.parentNode !== /** @type {Node} */ (node.parent.dom)) return true;
  return node.kind === "text" && node.text !== "" && /** @type {Text} */ (node.dom).data === "";
}

/**
 * Puts a record's node back if it was displaced, with those that were displaced beside it.
 * @param {GuestNode} node
 */
export function putBack(node) {
  if (!node.parent || !isDisplaced(node)) return;
  for (const gap of gapsOf(node.parent)) if (gap.missing.includes(node)) close(node.parent, gap);
}

/**
 * Puts back all displaced nodes below a record.
 * @param {GuestNode} parent
 */
export function putAllBack(parent) {
  if (parent.children.some(isDisplaced)) for (const gap of gapsOf(parent)) close(parent, gap);
  for (const child of parent.children) putAllBack(child);
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
 * @param {GuestNode} parent
 * @param {Gap} gap
 */
function close(parent, { missing, after, before }) {
  const holder = /** @type {Node} */ (parent.dom);
  const ours = new Set(parent.children.map(({ dom }) => dom));
  /** @type {ChildNode[]} */
  const strangers = [];
  const first = after ? after.nextSibling : holder.firstChild;
  for (let at = first; at && at !== before; at = at.nextSibling) {
    // What this engine shows in the place of a component that fails is nobody's either.
    if (!ours.has(/** @type {ChildNode} */ (at)) && !/^hmr-/i.test(at.nodeName)) strangers.push(/** @type {ChildNode} */ (at));
  }
  const standIns = standInsFor(missing, strangers);
  let place = standIns[0] ?? (after ? after.nextSibling : before);
  while (place && missing.some(({ dom }) => dom === place)) place = place.nextSibling;
  for (const child of missing) {
    const dom = /** @type {ChildNode} */ (child.dom);
    if (child.kind === "text") /** @type {Text} */ (dom).data = child.text;
    move(holder, dom, place);
  }
  for (const standIn of standIns) standIn.remove();
}

/**
 * Which of the nodes between two of ours stand for those that are missing there.
 *
 * @param {GuestNode[]} missing
 * @param {ChildNode[]} strangers
 */
function standInsFor(missing, strangers) {
  // Where there are no more of them than are missing, they have come for these.
  if (strangers.length <= missing.length) return strangers;
  const wraps = strangers.filter((stranger) => missing.some(({ dom }) => dom && stranger.contains(dom)));
  if (wraps.length > 0) return wraps;
  const fonts = strangers.filter(({ nodeName }) => nodeName.toLowerCase() === "font");
  return fonts.length > 0 ? fonts : strangers.filter(({ nodeType }) => nodeType === 3);
}

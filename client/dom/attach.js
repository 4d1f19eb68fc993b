/**
 * Shows renderings in the document.
 *
 * In: guest nodes that a module made. Out: the document shows them, with the nodes of the rendering before wherever the two have
 * a pair.
 */

import { reconcile } from "./reconcile.js";
import { errorMessage } from "../common/error-message.js";

/**
 * What shows the guest nodes of a module, and takes problems.
 * @typedef {{ painter: import("./painter.js").DomPainter, log: (level: "error", text: string) => void }} View
 */
/** @typedef {import("./tree.js").GuestNode} GuestNode */

/**
 * @param {GuestNode} old
 * @param {GuestNode} fresh
 * @param {View} view
 * @returns {Iterable<GuestNode>} the fresh nodes that kept a node of the document
 */
export function takeOver(old, fresh, view) {
  try {
    return reconcile(old, fresh, view.painter);
  } catch (error) {
    // Nothing is known to fail here; should something, the reader gets the new view at the price of its nodes.
    view.log("error", `the view could not be reconciled and was made again: ${errorMessage(error)}`);
    const element = /** @type {Element} */ (/** @type {unknown} */ (old.dom));
    detachAll(fresh);
    attach(fresh, element, view);
    return [];
  }
}

/** @param {GuestNode} node */
function detachAll(node) {
  node.dom = null;
  for (const child of node.children) detachAll(child);
}

/**
 * Shows a rendering that no document has shown yet.
 *
 * @param {GuestNode} root
 * @param {Element | null} element where, or null if its place is not there yet
 * @param {View} view
 */
export function attach(root, element, view) {
  if (!element) return;
  element.replaceChildren();
  root.dom = /** @type {ChildNode} */ (/** @type {unknown} */ (element));
  for (const child of root.children) view.painter.place(root, child, null);
}

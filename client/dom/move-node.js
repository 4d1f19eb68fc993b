/**
 * Moves nodes in a document.
 */

/**
 * Moves a node, keeping what a browser would reset (focus, playback, an iframe's page) where it can.
 *
 * @param {Node} parent
 * @param {Node} child
 * @param {Node | null} before
 */
export function move(parent, child, before) {
  if (child.parentNode === parent && child.nextSibling === before) return;
  const to = /** @type {Node & { moveBefore?: (child: Node, before: Node | null) => void }} */ (parent);
  if (to.moveBefore && parent.isConnected && child.isConnected && parent.ownerDocument === child.ownerDocument) {
    try {
      to.moveBefore(child, before);
      return;
    } catch {
      // Some nodes cannot be moved in place; they are inserted, which always works.
    }
  }
  parent.insertBefore(child, before);
}

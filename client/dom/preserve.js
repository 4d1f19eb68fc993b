/**
 * Saves the state of a reader's current actions (focus, selection, scroll offsets, playback) and restores
 * what a change of the document has lost.
 *
 * In: a document before a change. Out: a function that is called after it. Where the nodes stayed and the
 * browser kept everything, nothing is done.
 */

/**
 * A place in text, as a count of characters from the start of an element.
 * @typedef {{ node: Node, offset: number, characters: number }} Point
 */

/**
 * @param {Element} host
 * @param {Node} node
 * @param {number} offset
 * @returns {Point}
 */
function point(host, node, offset) {
  const range = /** @type {Document} */ (host.ownerDocument).createRange();
  range.setStart(host, 0);
  range.setEnd(node, offset);
  return { node, offset, characters: range.toString().length };
}

/**
 * The place that is as many characters into an element.
 * @param {Element} host
 * @param {number} characters
 * @returns {[Node, number]}
 */
function seek(host, characters) {
  const walker = /** @type {Document} */ (host.ownerDocument).createTreeWalker(host, 4);
  let left = characters;
  /** @type {Text | null} */
  let last = null;
  for (let text = /** @type {Text | null} */ (walker.nextNode()); text; text = /** @type {Text | null} */ (walker.nextNode())) {
    if (left <= text.data.length) return [text, left];
    left -= text.data.length;
    last = text;
  }
  return last ? [last, last.data.length] : [host, 0];
}

/**
 * @param {Element} active
 * @returns {() => void}
 */
function fieldSelection(active) {
  const field = /** @type {HTMLInputElement} */ (active);
  /** @type {{ start: number | null, end: number | null, direction: "forward" | "backward" | "none" | null, value: string }} */
  let was;
  try {
    was = { start: field.selectionStart, end: field.selectionEnd, direction: field.selectionDirection, value: field.value };
  } catch {
    return () => {};
  }
  const { start, end, direction } = was;
  if (typeof start !== "number" || typeof end !== "number") return () => {};
  return () => {
    if (field.selectionStart === start && field.selectionEnd === end) return;
    const most = field.value.length;
    field.setSelectionRange(Math.min(start, most), Math.min(end, most), direction ?? "none");
  };
}

/**
 * @param {Document} document
 * @param {Element[]} roots
 * @returns {() => void}
 */
function textSelection(document, roots) {
  const selection = document.getSelection();
  if (!selection?.anchorNode || !selection.focusNode) return () => {};
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  const active = document.activeElement;
  const host = isEditable(active) ? active : roots.find((root) => root.contains(anchorNode) && root.contains(focusNode));
  if (!host?.contains(anchorNode) || !host.contains(focusNode)) return () => {};
  const text = host.textContent;
  const [anchor, focus] = [point(host, anchorNode, anchorOffset), point(host, focusNode, focusOffset)];
  return () => {
    const there = selection.anchorNode === anchorNode && selection.anchorOffset === anchorOffset;
    if (there && selection.focusNode === focusNode && selection.focusOffset === focusOffset) return;
    // A selection of text that has changed is meaningless, a caret in a field is not.
    if (!host.isConnected || (host !== active && host.textContent !== text)) return;
    selection.setBaseAndExtent(...resolve(host, anchor), ...resolve(host, focus));
  };
}

/**
 * @param {Element} host
 * @param {Point} at
 * @returns {[Node, number]}
 */
function resolve(host, { node, offset, characters }) {
  const length = node.nodeType === 3 ? /** @type {Text} */ (node).data.length : node.childNodes.length;
  return host.contains(node) && offset <= length ? [node, offset] : seek(host, characters);
}

/**
 * @param {Element | null} element
 * @returns {element is HTMLElement}
 */
function isEditable(element) {
  return element !== null && /** @type {HTMLElement} */ (element).isContentEditable === true;
}

/**
 * @param {Document} document
 * @param {Element[]} roots
 */
function scrollers(document, roots) {
  const found = new Set(roots.flatMap((root) => [...root.querySelectorAll("*")]));
  for (const root of roots) for (let up = root.parentElement; up; up = up.parentElement) found.add(up);
  if (document.scrollingElement) found.add(document.scrollingElement);
  return [...found].filter((element) => element.scrollTop !== 0 || element.scrollLeft !== 0);
}

/**
 * Saves what can be lost while the content of `roots` changes.
 *
 * @param {Document} document
 * @param {Element[]} roots
 * @returns {() => void} restores it
 */
export function preserve(document, roots) {
  const active = document.activeElement;
  const inside = active !== null && roots.some((root) => root.contains(active));
  const field = inside ? fieldSelection(active) : () => {};
  const text = textSelection(document, roots);
  const scrolled = scrollers(document, roots).map((element) => ({
    element,
    top: element.scrollTop,
    left: element.scrollLeft,
  }));
  const playing = roots
    .flatMap((root) => [.../** @type {NodeListOf<HTMLMediaElement>} */ (root.querySelectorAll("video, audio"))])
    .filter((media) => !media.paused);

  return () => {
    if (inside && active.isConnected && document.activeElement !== active) {
      /** @type {HTMLElement} */ (active).focus({ preventScroll: true });
    }
    if (inside && document.activeElement === active) field();
    text();
    for (const { element, top, left } of scrolled) {
      if (!element.isConnected) continue;
      if (element.scrollTop !== top) element.scrollTop = top;
      if (element.scrollLeft !== left) element.scrollLeft = left;
    }
    for (const media of playing) {
      // Playing again can be refused, after which the reader presses the button.
      if (media.isConnected && media.paused && !media.ended) Promise.resolve(media.play()).catch(() => {});
    }
  };
}

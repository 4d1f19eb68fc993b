/**
 * Elements that have left the document, and then the others from its beginning to its end, in any order of input.
 * @param {Iterable<Element>} elements
 */
export function inOrder(elements) {
  const [gone, there] = [/** @type {Element[]} */ ([]), /** @type {Element[]} */ ([])];
  for (const element of elements) (element.isConnected ? there : gone).push(element);
  const follows = 4; // Node.DOCUMENT_POSITION_FOLLOWING
  there.sort((one, other) => (one.compareDocumentPosition(other) & follows ? -1 : 1));
  return [...gone, ...there];
}

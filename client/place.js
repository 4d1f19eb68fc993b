/**
 * Names the places of components in a page, so that the same place is found again after a reload, or when an edit is undone.
 *
 * In: `hmr-component` elements. Out: text such as `board.Board#0 > card.Card left#2`: module, component, its name if it has one, and the order
 * among equals inside the component that the place is in. Markup around does not count, because a reload often follows
 * a change of it.
 */

/**
 * @param {Element} element
 * @returns {Element | null} the component that it is placed in
 */
function outer(element) {
  return element.parentElement?.closest("hmr-component") ?? null;
}

/**
 * @param {Element} element an `hmr-component` in a document
 * @returns {string}
 */
export function place(element) {
  const around = outer(element);
  const scope = around ?? element.ownerDocument.documentElement;
  const name = (/** @type {Element} */ of) => {
    const given = of.getAttribute("name");
    return `${of.getAttribute("module")}.${of.getAttribute("component")}${given === null ? "" : ` ${given}`}`;
  };
  const equals = [...scope.querySelectorAll("hmr-component")].filter((other) => name(other) === name(element) && outer(other) === around);
  const here = `${name(element)}#${equals.indexOf(element)}`;
  return around ? `${place(around)} > ${here}` : here;
}

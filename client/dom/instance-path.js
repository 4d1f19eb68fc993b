/**
 * Names the places of components in a page, so that the same place is found again after a reload, or when an edit is reverted.
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

/** @param {Element} element */
function nameOf(element) {
  const given = element.getAttribute("name");
  return `${element.getAttribute("module")}.${element.getAttribute("component")}${given === null ? "" : ` ${given}`}`;
}

/**
 * @param {Element} element an `hmr-component` in a document
 * @returns {string}
 */
export function instancePath(element) {
  const around = outer(element);
  const scope = around ?? element.ownerDocument.documentElement;
  const name = nameOf(element);
  const equals = [...scope.querySelectorAll("hmr-component")].filter((other) => nameOf(other) === name && outer(other) === around);
  const here = `${name}#${equals.indexOf(element)}`;
  return around ? `${instancePath(around)} > ${here}` : here;
}

/**
 * The places of all elements in some components.
 *
 * @param {Element[]} elements `hmr-component`s in a document
 * @returns {Map<Element, string>}
 */
export function instancePathsIn(elements) {
  /** @type {Map<Element, string>} */
  const paths = new Map(elements.map((element) => [element, instancePath(element)]));
  /** How many of a name there were in a component. @type {Map<Element, Map<string, number>>} */
  const counts = new Map();
  const inner = new Set(elements.flatMap((element) => [...element.querySelectorAll("hmr-component")]));
  for (const element of inner) {
    const around = /** @type {Element} */ (outer(element));
    const known = counts.get(around) ?? new Map();
    counts.set(around, known);
    const name = nameOf(element);
    const count = known.get(name) ?? 0;
    known.set(name, count + 1);
    if (!paths.has(element)) paths.set(element, `${paths.get(around)} > ${name}#${count}`);
  }
  for (const element of elements) if (!inner.has(element)) paths.delete(element);
  return paths;
}

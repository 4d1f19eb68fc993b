/**
 * Finds the same elements in a page after a reload.
 *
 * In: an element. Out: its position: in which component it is, and its id, its name or its path from there. Markup of the page around a
 * component does not count, because a reload often follows a change of it.
 */

import { instancePath } from "../dom/instance-path.js";

/**
 * @typedef {object} Locator
 * @property {string | null} place the component that it is in; null if it is in none
 * @property {string | null} id its own, or that of the element which the path begins at
 * @property {string | null} name what distinguishes it from similar elements, if anything does
 * @property {number} nth which of those with the same name in the component
 * @property {number[]} path
 * @property {string} tag
 */

/** Fields that are distinguished by their names. */
const NAMED = new Set(["input", "textarea", "select"]);

/**
 * The component that an element is in.
 * @param {Element} element
 */
function around(element) {
  return element.parentElement?.closest("hmr-component") ?? null;
}

/**
 * What distinguishes an element: a field's name, with the value of a check box or a radio button, or the summary of `details`.
 * @param {Element} element
 * @returns {string | null} null without a name
 */
function nameOf(element) {
  if (element.localName === "details") return element.querySelector(":scope > summary")?.textContent?.trim() || null;
  const name = NAMED.has(element.localName) ? element.getAttribute("name") : null;
  if (!name) return null;
  const { type } = /** @type {HTMLInputElement} */ (element);
  return type === "checkbox" || type === "radio" ? JSON.stringify([name, type, element.getAttribute("value")]) : name;
}

/**
 * The elements in a component, or in none, that go by a name.
 * @param {Element} scope
 * @param {Element | null} component
 * @param {string} tag
 * @param {string} name
 */
function namesakes(scope, component, tag, name) {
  return [...scope.querySelectorAll(tag)].filter((other) => nameOf(other) === name && around(other) === component);
}

/**
 * The element in a component, or in none, that has an id. Other components may have the same id in them.
 * @param {Element} scope
 * @param {Element | null} component
 * @param {string} id
 */
function withId(scope, component, id) {
  return [...scope.querySelectorAll("[id]")].find((element) => element.id === id && around(element) === component);
}

/** The places of the components in a document, each looked up once. */
export class Locators {
  /** @type {Map<Element, string>} */
  #places = new Map();
  #document;

  /** @param {Document} document */
  constructor(document) {
    this.#document = document;
  }

  /** @param {Element} component */
  #placeOf(component) {
    const known = this.#places.get(component) ?? instancePath(component);
    this.#places.set(component, known);
    return known;
  }

  /**
   * @param {Element} element
   * @returns {Locator}
   */
  locate(element) {
    const component = around(element);
    const scope = component ?? this.#document.documentElement;
    /** @type {number[]} */
    const path = [];
    let at = element;
    for (let up = at.parentElement; up && at !== scope && !at.id; at = up, up = at.parentElement) {
      path.unshift([...up.children].indexOf(at));
    }
    const name = nameOf(element);
    const nth = name === null ? 0 : namesakes(scope, component, element.localName, name).indexOf(element);
    return { place: component && this.#placeOf(component), id: at.id || null, name, nth, path, tag: element.localName };
  }

  /**
   * The component at a place; null while there is none.
   * @param {string} wanted
   */
  component(wanted) {
    return [...this.#document.querySelectorAll("hmr-component")].find((element) => this.#placeOf(element) === wanted) ?? null;
  }

  /**
   * @param {Locator} locator
   * @returns {Element | null} null while it is not there
   */
  find({ place: where, id, name, nth, path, tag }) {
    const component = where === null ? null : this.component(where);
    if (where !== null && !component) return null;
    const scope = component ?? this.#document.documentElement;
    if (name !== null && (id === null || path.length > 0)) {
      const named = namesakes(scope, component, tag, name)[nth];
      // Another field in its place has another name; a summary may have been reworded.
      if (named || tag !== "details") return named ?? null;
    }
    /** @type {Element | null | undefined} */
    let at = id === null ? scope : withId(scope, component, id);
    for (const index of path) at = at?.children[index];
    return at?.localName === tag ? at : null;
  }
}

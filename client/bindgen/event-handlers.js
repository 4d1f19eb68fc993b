/**
 * Event handlers that code made with wasm-bindgen sets as properties of objects that outlive it: `document.onkeydown`, `window.onresize`.
 *
 * In: each property that the code sets, with its value before. Out: the values before are restored, and the code's set again if the next
 * copy fails. Properties that other scripts have set since then are not changed.
 */

/** The classes of objects that a page has for its whole life, and that have such properties. */
const CLASSES = /** @type {const} */ ([
  "Document",
  "HTMLElement",
  "HTMLBodyElement",
  "SVGElement",
  "MathMLElement",
  "FontFaceSet",
  "Navigation",
  "ScreenOrientation",
  "ServiceWorkerContainer",
  "VisualViewport",
]);

/** @typedef {{ target: EventTarget, property: Property, original: unknown, set: unknown }} Handler */

/** @typedef {{ name: string, read: (target: EventTarget) => unknown, write: (target: EventTarget, value: unknown) => void }} Property */

/** The handlers that one application, or one copy of a native module, has set. */
export class EventHandlers {
  /** @type {Handler[]} */
  #handlers = [];

  /**
   * Call this when the code has set a property.
   *
   * @param {EventTarget} target
   * @param {Property} property
   * @param {unknown} original the value before
   */
  note(target, property, original) {
    const set = property.read(target);
    const known = this.#handlers.find((handler) => handler.target === target && handler.property === property);
    if (known && known.set === original) known.set = set;
    else this.#handlers.push({ target, property, original, set });
  }

  /**
   * Restores the original handlers.
   * @returns {Handler[]} the code's, for `reapply`
   */
  revert() {
    const reverted = this.#handlers;
    this.#handlers = [];
    for (const { target, property, original, set } of reverted.toReversed()) {
      if (property.read(target) === set) property.write(target, original);
    }
    return reverted;
  }

  /** @param {Handler[]} reverted */
  reapply(reverted) {
    this.revert();
    this.#handlers = reverted;
    for (const { target, property, original, set } of reverted) {
      if (property.read(target) === original) property.write(target, set);
    }
  }
}

/**
 * Watches all such properties of a window, from now on.
 *
 * @param {Window & typeof globalThis} view
 * @param {(target: EventTarget) => EventHandlers | null} handlersFor takes what the running code sets at a target; null to ignore it
 */
export function watchHandlers(view, handlersFor) {
  const classes = /** @type {Record<string, any>} */ (/** @type {unknown} */ (view));
  const holders = CLASSES.map((name) => classes[name]?.prototype).filter((prototype) => prototype);
  for (const holder of [view, ...holders]) {
    for (const [name, { get, set, configurable, enumerable }] of Object.entries(Object.getOwnPropertyDescriptors(holder))) {
      if (!name.startsWith("on") || !get || !set || !configurable) continue;
      /** @type {Property} */
      const property = { name, read: (target) => get.call(target), write: (target, value) => set.call(target, value) };
      Object.defineProperty(holder, name, {
        get,
        /** @this {EventTarget | undefined} */
        set(value) {
          const target = this ?? view;
          const handlers = handlersFor(target);
          const original = handlers && property.read(target);
          property.write(target, value);
          handlers?.note(target, property, original);
        },
        configurable,
        enumerable,
      });
    }
  }
}

/**
 * Keeps the state that a reader has given the page while an application is swapped: scroll offsets, focus, selection, fields, open
 * elements and media.
 */

import { merged, readPage } from "../page/page-state.js";
import { Restoration } from "../page/restoration.js";

/** Keeps the state of one page. */
export class PageKeeper {
  /** What the last swap has not restored yet. @type {Restoration | null} */
  #restoration = null;
  #view;
  #controls;
  #notifies;
  #composing = false;
  /** Called when composing has ended. @type {(() => void)[]} */
  #waiting = [];

  /**
   * @param {Window & typeof globalThis} view
   * @param {(node: Node, property: string) => boolean} controls whether a native module writes the property of a node
   * @param {(element: Element) => boolean} notifies whether a field's value reaches the code by events
   */
  constructor(view, controls, notifies) {
    this.#view = view;
    this.#controls = controls;
    this.#notifies = notifies;
    view.addEventListener("compositionstart", () => (this.#composing = true), true);
    view.addEventListener("compositionend", () => this.#composed(), true);
  }

  /**
   * Reads the state of the page.
   * @returns {() => void} restores it where the elements exist; elements that are added later are restored then
   */
  keep() {
    const state = merged(readPage(this.#view.document, this.#controls), this.#restoration?.rest ?? null);
    this.#restoration?.cancel();
    this.#restoration = null;
    return () => {
      this.#restoration?.cancel();
      const always = () => true;
      this.#restoration = new Restoration(this.#view, state, always, always, this.#notifies);
      this.#restoration.attempt(true);
    };
  }

  /** Waits until no text is being composed with an input method: removing the field would end the composition. */
  composed() {
    if (!this.#composing) return Promise.resolve();
    return /** @type {Promise<void>} */ (new Promise((resolve) => this.#waiting.push(resolve)));
  }

  #composed() {
    this.#composing = false;
    // The field gets its text after this event.
    this.#view.setTimeout(() => {
      for (const resolve of this.#waiting.splice(0)) resolve();
    }, 0);
  }
}

/** The visible elements of the engine in a page: the panel of errors, the status, and problems in the places of components. */

import { HmrOverlay, HmrProblem, HmrStatus } from "./overlay.js";

/** The screen of one page. */
export class Screen {
  /** Where a problem is shown, by the element that has it. @type {WeakMap<Element, HmrProblem>} */
  #problems = new WeakMap();

  constructor() {
    customElements.define("hmr-overlay", HmrOverlay);
    customElements.define("hmr-status", HmrStatus);
    customElements.define("hmr-problem", HmrProblem);
    this.overlay = new HmrOverlay();
    this.status = new HmrStatus();
  }

  /** Puts the visible elements where scripts that rewrite the body do not reach them. */
  attach() {
    document.documentElement.append(this.overlay, this.status);
  }

  /**
   * Shows a problem in an element, or takes it away.
   *
   * @param {Element} element
   * @param {import("../instances/problems.js").Problem | null} problem
   */
  showProblem(element, problem) {
    const there = this.#problems.get(element);
    if (!problem) {
      there?.remove();
      this.#problems.delete(element);
      return;
    }
    const shown = there ?? new HmrProblem();
    shown.problem = problem;
    this.#problems.set(element, shown);
    element.prepend(shown);
  }
}

/** A placed component: where it is, and what is known of it. */

/** @typedef {import("../module/record.js").Slot} Slot */

/** A placed component. */
export class Instance {
  /**
   * @param {number} id unique in the page, and kept across swaps
   * @param {Element} element the `hmr-component`
   * @param {Slot} slot
   * @param {string} component
   */
  constructor(id, element, slot, component) {
    this.id = id;
    this.element = element;
    this.slot = slot;
    this.component = component;
    /** The props that it was last mounted with, as written in the attribute. */
    this.props = "{}";
    /** @type {"waiting" | "mounted" | "failed"} */
    this.status = "waiting";
    /** The last report about it, so that it is reported once. @type {string | null} */
    this.problem = null;
    /** The version and the props with which its mounting trapped, and is not tried again. @type {{ hash: string, props: string } | null} */
    this.trapped = null;
  }

  /** What connections call it. */
  get name() {
    return this.element.getAttribute("name") || this.component;
  }
}

/** A placed component: its position and its state. */

/** @typedef {import("../module/record.js").ModuleRecord} ModuleRecord */

/** A placed component. */
export class Instance {
  /**
   * @param {number} id unique in the page, and kept across swaps
   * @param {Element} element the `hmr-component`
   * @param {ModuleRecord} record
   * @param {string} component
   */
  constructor(id, element, record, component) {
    this.id = id;
    this.element = element;
    this.record = record;
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

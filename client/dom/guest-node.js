/** A guest node: what the client knows of one node that a module made. */

/** @typedef {{ event: string, handler: number, flags: number }} Listener */

/** One node that a module made, or the root of an instance. */
export class GuestNode {
  /**
   * @param {number} id
   * @param {"element" | "text" | "marker" | "root"} kind
   */
  constructor(id, kind) {
    this.id = id;
    this.kind = kind;
    /** 0 HTML, 1 SVG, 2 MathML. */
    this.namespace = 0;
    this.tag = "";
    this.text = "";
    /** @type {string | null} */
    this.key = null;
    /** Markup that is not let into the page: it keeps its place, as a comment. */
    this.refused = false;
    /** @type {Map<string, string>} */
    this.attributes = new Map();
    /** Single classes that were switched, on or off. @type {Map<string, boolean>} */
    this.classes = new Map();
    /** @type {Map<string, string>} */
    this.styles = new Map();
    /** JSON texts by name. @type {Map<string, string>} */
    this.properties = new Map();
    /** By `listenerKey`. @type {Map<string, Listener>} */
    this.listeners = new Map();
    /** @type {GuestNode[]} */
    this.children = [];
    /** @type {GuestNode | null} */
    this.parent = null;
    /** @type {ChildNode | null} */
    this.dom = null;
  }
}

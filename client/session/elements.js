/** The elements that place components in a page, and connect them. */

/** What follows the elements. @typedef {Pick<import("../engine/engine.js").Engine, "changed" | "connectionChanged">} Engine */

/**
 * Defines `hmr-connect` and `hmr-component`: those in the page are placed from here on.
 * @param {Engine} engine
 */
export function defineElements(engine) {
  customElements.define("hmr-connect", connectElement(engine));
  customElements.define("hmr-component", componentElement(engine));
}

/**
 * A component's place in the page.
 * @param {Engine} engine
 */
function componentElement(engine) {
  return class HmrComponent extends HTMLElement {
    static observedAttributes = ["module", "component", "props", "name"];

    connectedCallback() {
      engine.changed(this);
    }

    disconnectedCallback() {
      engine.changed(this);
    }

    /** A move within the document changes nothing. */
    connectedMoveCallback() {}

    attributeChangedCallback() {
      if (this.isConnected) engine.changed(this);
    }
  };
}

/**
 * A connection between components of the page.
 * @param {Engine} engine
 */
function connectElement(engine) {
  return class HmrConnect extends HTMLElement {
    static observedAttributes = ["from", "to", "transform", "kind"];

    connectedCallback() {
      engine.connectionChanged(this);
    }

    disconnectedCallback() {
      engine.connectionChanged(this);
    }

    /** A move within the document changes nothing. */
    connectedMoveCallback() {}

    attributeChangedCallback() {
      if (this.isConnected) engine.connectionChanged(this);
    }
  };
}

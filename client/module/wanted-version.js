/** Which version of a module the tool wants a page to run, and whether a script of the page chose another one. */

/** The wanted version of one module. */
export class WantedVersion {
  /** @type {string | null} */
  #hash = null;
  /** What the tool wanted when a script of the page chose another version. @type {string | null} */
  #chosenOver = null;

  /** The hash that the tool named last. */
  get hash() {
    return this.#hash;
  }

  /** Whether a script of the page chose another version, and the tool has named no new one since. */
  get isOverridden() {
    return this.#chosenOver !== null;
  }

  /**
   * The tool names the version that it has.
   * @param {string} hash
   */
  named(hash) {
    this.#hash = hash;
    if (this.#chosenOver !== hash) this.#chosenOver = null;
  }

  /**
   * The tool announces an update, which replaces what a script of the page chose.
   * @param {string} hash
   */
  announced(hash) {
    this.#hash = hash;
    this.#chosenOver = null;
  }

  /**
   * A script of the page has chosen another version.
   * @param {string | null} hash what the tool wanted then
   */
  override(hash) {
    this.#chosenOver = hash;
  }
}

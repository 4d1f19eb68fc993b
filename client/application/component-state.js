/**
 * The state of an application's components, where the tool has compiled the application so that it can be kept.
 *
 * In: the exports of a wasm instance. Out: the state as a text, which the next copy of the application gets before it starts, and a
 * report about each value. The exports are those of the crate `hmr-state`. An application without them has no state that can be read.
 */

/**
 * @typedef {object} StateExports
 * @property {WebAssembly.Memory} memory
 * @property {(length: number) => number} hmr_state_alloc
 * @property {(text: number, length: number) => number} hmr_state_restore
 * @property {() => number} hmr_state_capture
 * @property {() => number} hmr_state_report
 * @property {() => void} hmr_state_started
 * @property {() => void} hmr_state_settle
 *
 * Each `static` variable whose content is kept has an export too, whose name begins with `hmr_variable_`: it gives the variable its old content.
 */

/** The outcome of each value, by its key. @typedef {NonNullable<import("../tool/report-entries.js").RestoreReport["instances"][0]["keys"]>} Outcomes */

/** The state of one running copy. */
export class ComponentState {
  #exports;
  #begin;

  /**
   * @param {StateExports} exports
   * @param {() => void} begin called before code runs
   */
  constructor(exports, begin) {
    this.#exports = exports;
    this.#begin = begin;
  }

  /**
   * @param {WebAssembly.Exports} exports
   * @param {() => void} begin called before code runs
   * @returns {ComponentState | null} null if the application was not compiled for this
   */
  static of(exports, begin) {
    if (typeof exports.hmr_state_capture !== "function") return null;
    return new ComponentState(/** @type {StateExports & WebAssembly.Exports} */ (/** @type {unknown} */ (exports)), begin);
  }

  /** All values, as a text for `restore`. */
  capture() {
    this.#begin();
    return this.#text(this.#exports.hmr_state_capture());
  }

  /**
   * Gives values to an application that has not started.
   *
   * @param {string} snapshot
   * @throws {Error} if it cannot be read
   */
  restore(snapshot) {
    const bytes = new TextEncoder().encode(snapshot);
    this.#begin();
    const at = this.#exports.hmr_state_alloc(bytes.length);
    new Uint8Array(this.#exports.memory.buffer, at, bytes.length).set(bytes);
    const error = this.#text(this.#exports.hmr_state_restore(at, bytes.length));
    if (error !== "") throw new Error(`the state of the components cannot be restored: ${error}`);
  }

  /**
   * What became of each value so far.
   * @returns {Outcomes}
   */
  report() {
    this.#begin();
    return JSON.parse(this.#text(this.#exports.hmr_state_report()));
  }

  /** Gives variables their old contents. Call it after `restore`, if there is something to restore. */
  variables() {
    for (const [name, declare] of Object.entries(this.#exports)) {
      if (!name.startsWith("hmr_variable_")) continue;
      this.#begin();
      /** @type {() => void} */ (declare)();
    }
  }

  /** `main` has returned: what is made from now on belongs to a component, or is not kept. */
  started() {
    this.#begin();
    this.#exports.hmr_state_started();
  }

  /** Ends the time in which new components get values that have not been taken. */
  settle() {
    this.#begin();
    this.#exports.hmr_state_settle();
  }

  /** @param {number} at where the address and the length of a text are */
  #text(at) {
    const { buffer } = this.#exports.memory;
    const [address = 0, length = 0] = new Uint32Array(buffer, at, 2);
    return new TextDecoder().decode(new Uint8Array(buffer, address, length));
  }
}

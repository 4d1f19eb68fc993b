/**
 * Sends the states of modules to the tool, if it rehearses swaps. It prepares rehearsals for them.
 *
 * In: modules whose state may have changed. Out: messages to the tool, less and less often while a state keeps changing.
 */

/** A state of more characters is not shown. */
const LARGEST_SHOWN = 1 << 20;

/**
 * The minimum time between two reports of a module's state to the tool, in milliseconds: at first, and at most. It doubles
 * while the state keeps changing, as a clock's does.
 */
const [FIRST_REST, LONGEST_REST] = [1000, 60_000];

/**
 * @typedef {object} ShownStatesDeps
 * @property {() => boolean} connected
 * @property {() => string[]} modules those that have a version
 * @property {(module: string, captured: boolean) => { module: string, hash: string, snapshot: string } | null} stateOf
 * @property {(message: import("../tool/protocol.js").ClientMessage) => unknown} send
 */

/** The states of one page's modules that the tool has. */
export class ShownStates {
  /** Whether the tool rehearses swaps. */
  #rehearsing = false;
  /** What was shown last for each module. @type {Map<string, string>} */
  #snapshots = new Map();
  /** The modules whose state was shown a moment ago, and whether it may have changed since. @type {Map<string, boolean>} */
  #resting = new Map();
  #deps;

  /** @param {ShownStatesDeps} deps */
  constructor(deps) {
    this.#deps = deps;
  }

  /**
   * Call this when the tool reports whether it rehearses swaps: it has no state of this page then.
   * @param {boolean} rehearsing
   */
  begin(rehearsing) {
    this.#rehearsing = rehearsing;
    this.#snapshots.clear();
    if (rehearsing) for (const module of this.#deps.modules()) this.show(module);
  }

  /**
   * @param {string} module
   * @param {boolean} [captured] whether the state that was captured last will do
   */
  show(module, captured = false) {
    const state = this.#rehearsing && this.#deps.connected() ? this.#deps.stateOf(module, captured) : null;
    if (!state || state.snapshot.length > LARGEST_SHOWN || state.snapshot === this.#snapshots.get(module)) return;
    this.#snapshots.set(module, state.snapshot);
    this.#deps.send({ type: "state", ...state });
  }

  /**
   * Call this when a module's state may have changed.
   *
   * @param {string} module
   * @param {number} [rest]
   */
  changed(module, rest = FIRST_REST) {
    if (this.#resting.has(module)) return void this.#resting.set(module, true);
    this.show(module, true);
    this.#resting.set(module, false);
    setTimeout(() => {
      const changed = this.#resting.get(module) === true;
      this.#resting.delete(module);
      if (changed) this.changed(module, Math.min(rest * 2, LONGEST_REST));
    }, rest);
  }
}

/**
 * The states that a module was in, to step back and forward through.
 *
 * In: snapshots, as they come. Out: the one a given number of steps away. Equal ones that follow one another count once; a new
 * state after a step back replaces those that came after it.
 */

import { HISTORY_LENGTH } from "../common/constants.js";
import { fields } from "../common/raw-json.js";

/** @typedef {{ snapshot: string, hash: string, time: number }} Entry */

/**
 * The instances of a snapshot, without whether they have hooks.
 * @param {string} snapshot
 */
function stateIn(snapshot) {
  return fields(snapshot).get("instances");
}

/** The states of one module. */
export class History {
  /** @type {Entry[]} */
  #entries = [];
  #at = -1;

  /** Where the module is, as an index of `entries`; -1 if nothing is known. */
  get at() {
    return this.#at;
  }

  /** The states, oldest first. */
  get entries() {
    return this.#entries.map((entry) => ({ ...entry }));
  }

  /**
   * @param {string} snapshot
   * @param {string} hash of the version whose state it is
   * @param {number} time milliseconds since the Unix epoch
   */
  add(snapshot, hash, time) {
    const current = this.#entries[this.#at];
    if (current && stateIn(current.snapshot) === stateIn(snapshot)) return;
    this.#entries.splice(this.#at + 1, Infinity, { snapshot, hash, time });
    if (this.#entries.length > HISTORY_LENGTH) this.#entries.shift();
    this.#at = this.#entries.length - 1;
  }

  /**
   * Notes that the module went to a state.
   * @param {number} index
   * @param {string} snapshot the state as the code returns it now, which may have keys that it did not have then
   * @param {string} hash of that code
   */
  went(index, snapshot, hash) {
    const entry = this.#entries[index];
    if (!entry) return;
    Object.assign(entry, { snapshot, hash });
    this.#at = index;
  }
}

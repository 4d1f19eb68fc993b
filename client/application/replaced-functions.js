/**
 * Functions of the console that an application replaces, as Dioxus does in development. Otherwise each copy of the application would
 * wrap the functions of the previous copy, and so keep that copy in memory.
 *
 * In: the console before and after the application's code has run. Out: the original functions are restored, and replaced again if the
 * next copy fails. Functions that other scripts have replaced since then are not changed.
 */

/** @typedef {"debug" | "error" | "info" | "log" | "warn"} Name */
/** @typedef {Map<Name, { original: Function, replaced: Function }>} Replaced */

/** @type {readonly Name[]} */
const NAMES = ["debug", "error", "info", "log", "warn"];

/** What one application has replaced. */
export class ReplacedFunctions {
  /** @type {Replaced} */
  #replaced = new Map();
  /** The functions before the application's code ran. @type {Function[]} */
  #before = [];
  #console;

  /** @param {Console} console */
  constructor(console) {
    this.#console = console;
  }

  /** Call this before the application's code runs. */
  begin() {
    this.#before = NAMES.map((name) => this.#console[name]);
  }

  /** Call this when the application's code has returned. */
  end() {
    for (const [at, name] of NAMES.entries()) {
      const [before, now] = [this.#before[at], this.#console[name]];
      if (!before || before === now) continue;
      this.#replaced.set(name, { original: this.#replaced.get(name)?.original ?? before, replaced: now });
    }
  }

  /**
   * Restores the original functions.
   * @returns {Replaced} the replacements, for `reapply`
   */
  revert() {
    const reverted = this.#replaced;
    this.#replaced = new Map();
    for (const [name, { original, replaced }] of reverted) this.#put(name, replaced, original);
    return reverted;
  }

  /** @param {Replaced} reverted */
  reapply(reverted) {
    this.revert();
    this.#replaced = reverted;
    for (const [name, { original, replaced }] of reverted) this.#put(name, original, replaced);
  }

  /**
   * @param {Name} name
   * @param {Function} from
   * @param {Function} to
   */
  #put(name, from, to) {
    if (this.#console[name] === from) Object.assign(this.#console, { [name]: to });
  }
}

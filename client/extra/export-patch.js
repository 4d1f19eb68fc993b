/** A wrapper that replaces an export. */

/** @typedef {(...values: any[]) => any} Exported */

/** A function that replaces an export. */
export class ExportPatch {
  /** The original that the wrapper replaces, while it runs. @type {Exported | null} */
  #original = null;
  #replacement;
  #name;
  #failed;

  /**
   * @param {string} name
   * @param {(original: Exported) => Exported} wrap
   * @param {(name: string, error: unknown) => void} failed
   */
  constructor(name, wrap, failed) {
    this.#name = name;
    this.#failed = failed;
    this.#replacement = wrap((...values) => {
      if (!this.#original) throw new Error(`the original of \`${name}\` can only be called while its wrapper runs`);
      return this.#original(...values);
    });
    if (typeof this.#replacement !== "function") throw new TypeError(`the wrapper of \`${name}\` must return a function`);
  }

  /**
   * Calls the wrapper. If the wrapper itself throws, the original is called, so that a mistake in a wrapper does not end the module.
   * A trap of the original is one, whether or not the wrapper catches it.
   *
   * @param {Exported} original
   * @param {any[]} values
   */
  call(original, values) {
    const before = this.#original;
    let answered = false;
    /** @type {unknown} */
    let answer;
    /** @type {unknown[]} */
    const traps = [];
    this.#original = (...given) => {
      try {
        answer = original(...given);
      } catch (error) {
        traps.push(error);
        throw error;
      }
      answered = true;
      return answer;
    };
    try {
      const replaced = this.#replacement(...values);
      if (traps.length === 0) return replaced;
    } catch (error) {
      if (traps.length === 0) {
        this.#failed(this.#name, error);
        return answered ? answer : original(...values);
      }
    } finally {
      this.#original = before;
    }
    throw traps[0];
  }
}

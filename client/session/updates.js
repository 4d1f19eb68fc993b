/**
 * Maps the engine's numbers to updates: each run of the tool counts from the beginning, and the page may get another one before an
 * update is over.
 */

/** How many updates are remembered, for reports that come later. */
const MOST_UPDATES = 1000;

/** The updates of one page. */
export class Updates {
  /** @type {Map<number, { server: string, sequence: number }>} */
  #updates = new Map();
  #last = 0;

  /**
   * A number for an update.
   *
   * @param {string} server the run of the tool that it comes from
   * @param {number} sequence
   */
  add(server, sequence) {
    this.#updates.set(++this.#last, { server, sequence });
    this.#updates.delete(this.#last - MOST_UPDATES);
    return this.#last;
  }

  /** @param {number} number */
  get(number) {
    return this.#updates.get(number);
  }
}

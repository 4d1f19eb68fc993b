/**
 * Rehearsals of swaps by the tool.
 *
 * In: a version and the state that it is to restore. Out: the tool's verdict, or why there is none: the tool
 * is not connected, or it takes too long. A page never waits for one that cannot come.
 */

import { REHEARSAL_WAIT_MS } from "../common/constants.js";

/** @typedef {import("./protocol.js").Verdict} Verdict */
/** @typedef {import("./protocol.js").Version} Version */

/** The rehearsals that a page waits for. */
export class Rehearsals {
  /** @type {Map<number, (verdict: Verdict) => void>} */
  #open = new Map();
  #nextId = 1;
  #send;
  #timers;

  /**
   * @param {(request: import("./protocol.js").Rehearse) => boolean} send false if the tool cannot be asked
   * @param {{ setTimeout: (code: () => void, ms: number) => unknown, clearTimeout: (id: any) => void }} timers
   */
  constructor(send, timers) {
    this.#send = send;
    this.#timers = timers;
  }

  /**
   * @param {Version} version
   * @param {string} snapshot
   * @returns {Promise<Verdict>} `skipped` if there is none
   */
  ask({ module, hash, transform }, snapshot) {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = this.#timers.setTimeout(() => this.#skip(id, `no verdict came in ${REHEARSAL_WAIT_MS} ms`), REHEARSAL_WAIT_MS);
      this.#open.set(id, (verdict) => {
        this.#timers.clearTimeout(timer);
        resolve(verdict);
      });
      if (!this.#send({ id, module, hash, snapshot, transform: transform ?? [] })) this.#skip(id, "the tool could not be asked");
    });
  }

  /** @param {Verdict} verdict */
  answered(verdict) {
    this.#end(verdict);
  }

  /** Call this when the tool is disconnected: it answers nothing any more. */
  disconnected() {
    for (const id of [...this.#open.keys()]) this.#skip(id, "the tool is gone");
  }

  /**
   * @param {number} id
   * @param {string} error why the verdict is missing
   */
  #skip(id, error) {
    this.#end({ id, outcome: "skipped", step: null, error, duration: { wait: 0, run: 0 } });
  }

  /** @param {Verdict} verdict */
  #end(verdict) {
    const resolve = this.#open.get(verdict.id);
    this.#open.delete(verdict.id);
    resolve?.(verdict);
  }
}

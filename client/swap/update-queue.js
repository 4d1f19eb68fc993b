/**
 * The queue that updates wait in.
 *
 * In: pieces of work, each with the versions that it brings. Out: they run one after another. It knows which of their versions
 * a later one has replaced.
 */

/** @typedef {import("../tool/protocol.js").Version} Version */
/** @typedef {{ versions: Version[], work: () => Promise<void> }} Waiting */

/** Runs updates one after another. */
export class UpdateQueue {
  /** @type {Waiting[]} */
  #waiting = [];
  #running = false;
  #failed;

  /** @param {(error: unknown) => void} failed called with errors that an update's work did not catch */
  constructor(failed) {
    this.#failed = failed;
  }

  /**
   * @param {Version[]} versions what the update brings; empty for work that brings none
   * @param {() => Promise<void>} work
   */
  add(versions, work) {
    this.#waiting.push({ versions, work });
    if (!this.#running) void this.#run();
  }

  /**
   * Adds work that goes before all that waits.
   * @param {() => Promise<void>} work
   */
  addFirst(work) {
    this.#waiting.unshift({ versions: [], work });
    if (!this.#running) void this.#run();
  }

  /**
   * Whether an update that still waits brings the module too.
   * @param {string} module
   */
  replaced(module) {
    return this.#waiting.some(({ versions }) => versions.some((version) => version.module === module));
  }

  /** Whether work is under way or waits. */
  get busy() {
    return this.#running;
  }

  /** The work begins in a microtask, so that no wasm frame of the caller's is on the stack. */
  async #run() {
    this.#running = true;
    await null;
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await next.work();
      } catch (error) {
        this.#failed(error);
      }
    }
    this.#running = false;
  }
}

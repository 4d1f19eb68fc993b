/**
 * Runs modules in workers that end with them.
 *
 * In: bytes and a context. Out: what the module answered, or why it did not. A module that runs for too long is ended with
 * its worker: the page is never blocked.
 */

/** The default time limit of a module, in milliseconds. */
const TIME_LIMIT = 5000;

/**
 * @typedef {Pick<Worker, "postMessage" | "terminate"> & { onmessage: ((event: MessageEvent) => void) | null,
 *   onerror: ((event: any) => void) | null }} WorkerLike
 */

/** Runs modules in workers. */
export class IsolatedRuns {
  /** @type {Set<(error: Error) => void>} */
  #running = new Set();
  #spawn;
  #timers;

  /**
   * @param {() => WorkerLike} spawn starts a worker with `isolated-worker.js`
   * @param {{ setTimeout: (code: () => void, ms: number) => unknown, clearTimeout: (id: any) => void }} timers
   */
  constructor(spawn, timers) {
    this.#spawn = spawn;
    this.#timers = timers;
  }

  /**
   * @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes
   * @param {unknown} context what JSON can hold
   * @param {number} [limit] milliseconds
   * @returns {Promise<import("./run-isolated.js").Ran>}
   */
  run(bytes, context, limit = TIME_LIMIT) {
    return new Promise((resolve, reject) => {
      const worker = this.#spawn();
      const end = () => {
        this.#timers.clearTimeout(timer);
        this.#running.delete(fail);
        worker.terminate();
      };
      const fail = (/** @type {Error} */ error) => {
        end();
        reject(error);
      };
      const timer = this.#timers.setTimeout(() => fail(new Error(`the module ran for more than ${limit} ms and was ended`)), limit);
      this.#running.add(fail);
      worker.onmessage = ({ data }) => {
        if (typeof data?.error === "string") return fail(new Error(data.error));
        end();
        resolve(data.ran);
      };
      worker.onerror = (event) => fail(new Error(`the worker failed: ${event?.message ?? "it could not be started"}`));
      try {
        worker.postMessage({ bytes, context });
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends all that runs. */
  endAll() {
    for (const fail of [...this.#running]) fail(new Error("the page ended it"));
  }
}

/**
 * An application that a script of the page starts, by importing the glue: `import init, { greet } from "./pkg/name.js"`.
 *
 * In: calls of the script. Out: they reach the running copy. What the script calls right after the start belongs to the start, and is
 * called again in each new copy.
 */

/** @typedef {import("../tool/protocol.js").Swap} Swap */
/** @typedef {import("./application.js").Application} Application */

/** An application as a script of the page sees it. */
export class ImportedApplication {
  /** @type {Promise<unknown> | null} */
  #started = null;
  /** @type {((error: Error | null) => void) | null} */
  #settle = null;
  /** Whether calls belong to the start, so that they are noted. */
  #notesCalls = false;
  #application;
  #start;

  /**
   * @param {Application} application
   * @param {() => void} start
   */
  constructor(application, start) {
    this.#application = application;
    this.#start = start;
  }

  /**
   * Starts the application, once. Resolves with its exports when it has started.
   * @returns {Promise<unknown>}
   */
  start = () => {
    if (!this.#started && this.#application.runs) this.#started = Promise.resolve(this.#application.exports);
    if (!this.#started) {
      this.#started = new Promise((resolve, reject) => {
        this.#settle = (error) => (error ? reject(error) : resolve(this.#application.exports));
      });
      this.#start();
    }
    return this.#started;
  };

  /** Refuses the synchronous start of the glue, which would block the page. */
  startNow = () => {
    throw new Error("`initSync` is not supported while the application is developed with cargo-hmr: call the default export");
  };

  /**
   * Call this when a version has been started, or could not be.
   * @param {Swap | null} swap
   */
  swapEnded(swap) {
    if (swap?.outcome !== "committed" || !this.#settle) return;
    this.#notesCalls = true;
    this.#settle(null);
    this.#settle = null;
    // The message arrives after all microtasks. By then the script has made all calls for which it waits for nothing else.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      this.#notesCalls = false;
      port1.close();
    };
    port2.postMessage(null);
  }

  /**
   * A value that the application exports and that is neither a function nor a class.
   * @param {string} name
   */
  constant(name) {
    return this.#application.exports?.[name];
  }

  /**
   * A function or class that the application exports, always of the running copy.
   * @param {string} name
   */
  exported(name) {
    const target = () => {
      const value = this.#application.exports?.[name];
      if (value === undefined)
        throw new Error(`\`${name}\` cannot be used: the application \`${this.#application.name}\` has not been started`);
      return /** @type {any} */ (value);
    };
    return new Proxy(class {}, {
      apply: (_, self, values) => {
        if (this.#notesCalls) this.#application.startCalls.push({ name, values });
        return Reflect.apply(target(), self, values);
      },
      construct: (_, values) => Reflect.construct(target(), values),
      get: (_, key) => Reflect.get(target(), key),
    });
  }
}

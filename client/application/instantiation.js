/**
 * Makes the wasm instance of a generation for its glue.
 *
 * In: what glue calls, `WebAssembly.instantiate`. Out: the instance's exports behind the generation's gate. The instance is made while
 * the old generation still runs. The glue gets it when the old one has been paused; then the application's code runs without a break in
 * which the page could be painted.
 */

/** @typedef {import("./generation.js").Generation} Generation */

/**
 * @typedef {object} Instantiation
 * @property {object} wasm what the glue gets in the place of `WebAssembly`
 * @property {(init: Promise<unknown>) => void} begin takes the promise of the glue's start
 * @property {Promise<void>} ready resolves when the instance is made
 * @property {() => Promise<unknown>} finish lets the glue have it; resolves when the application's `main` has returned
 */

/** Where console messages of panics begin. */
const PANIC = /^panicked at /;

/**
 * @param {Generation} generation
 * @param {(text: string) => void} panicked called with messages of panics that the application writes to the console
 * @returns {Instantiation}
 */
export function instantiation(generation, panicked) {
  /** @type {() => void} */
  let made = () => {};
  /** @type {(error: unknown) => void} */
  let failed = () => {};
  /** @type {Promise<void>} */
  const ready = new Promise((resolve, reject) => {
    [made, failed] = [resolve, reject];
  });
  /** @type {() => void} */
  let release = () => {};
  /** @type {Promise<void>} */
  const released = new Promise((resolve) => {
    release = resolve;
  });
  /** @type {Promise<unknown>} */
  let running = Promise.resolve();
  const wasm = Object.assign(Object.create(WebAssembly), {
    async instantiate(/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) {
      const instance = await WebAssembly.instantiate(module, watched(imports, panicked));
      made();
      await released;
      return { instance: { exports: generation.gate(instance.exports) }, module };
    },
  });
  return {
    wasm,
    ready,
    begin(init) {
      running = init;
      init.catch(failed);
    },
    async finish() {
      release();
      return running;
    },
  };
}

/**
 * Imports of which those that write to the console as an error are watched: panic hooks use them.
 *
 * @param {WebAssembly.Imports} imports
 * @param {(text: string) => void} panicked
 * @returns {WebAssembly.Imports}
 */
function watched(imports, panicked) {
  return Object.fromEntries(
    Object.entries(imports).map(([from, functions]) => [
      from,
      Object.fromEntries(
        Object.entries(functions).map(([name, code]) => [name, /^__wbg_error_/.test(name) ? listening(code, panicked) : code]),
      ),
    ]),
  );
}

/**
 * @param {any} code
 * @param {(text: string) => void} panicked
 */
function listening(code, panicked) {
  return (/** @type {unknown[]} */ ...values) => {
    const { error } = console;
    console.error = (/** @type {unknown[]} */ ...texts) => {
      const text = texts.find((one) => typeof one === "string" && PANIC.test(one));
      if (typeof text === "string") panicked(text);
      error.apply(console, texts);
    };
    try {
      return code(...values);
    } finally {
      console.error = error;
    }
  };
}

/**
 * Makes the wasm instance of an application's copy for its glue.
 *
 * In: the glue's call of `WebAssembly.instantiate`. Out: the instance's exports, wrapped by the copy. The instance is made while the old
 * copy still runs. The glue gets it when the old copy is paused. From then on the application's code runs without a pause in which the
 * browser could paint the page.
 */

/** @typedef {import("../bindgen/bindgen-copy.js").BindgenCopy} BindgenCopy */

/**
 * @typedef {object} Instantiation
 * @property {object} wasm what the glue gets instead of `WebAssembly`
 * @property {(init: Promise<unknown>) => void} begin takes the promise that the glue's start returns
 * @property {Promise<void>} ready resolves when the instance is made
 * @property {() => Promise<unknown>} finish gives it to the glue; resolves when the application's `main` has returned
 */

/** The beginning of a panic's message on the console. */
const PANIC = /^panicked at /;

/**
 * @param {BindgenCopy} copy
 * @param {(text: string) => void} panicked called with each panic message that the application writes to the console
 * @returns {Instantiation}
 */
export function instantiation(copy, panicked) {
  /** @type {() => void} */
  let made = () => {};
  /** @type {(error: unknown) => void} */
  let failed = () => {};
  /** @type {Promise<void>} */
  const ready = new Promise((resolve, reject) => {
    [made, failed] = [resolve, reject];
  });
  /** @type {() => void} */
  let start = () => {};
  /** @type {Promise<void>} */
  const started = new Promise((resolve) => {
    start = resolve;
  });
  /** @type {Promise<unknown>} */
  let running = Promise.resolve();
  const wasm = Object.assign(Object.create(WebAssembly), {
    async instantiate(/** @type {WebAssembly.Module} */ module, /** @type {WebAssembly.Imports} */ imports) {
      const instance = await WebAssembly.instantiate(module, watched(imports, panicked));
      made();
      await started;
      return { instance: { exports: copy.wrapExports(instance.exports) }, module };
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
      start();
      return running;
    },
  };
}

/**
 * The imports, with those wrapped that write errors to the console: panic hooks use them.
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
